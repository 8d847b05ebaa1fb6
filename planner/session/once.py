"""Answers that many sessions ask for: each is found once, and whoever waits for one holds up nobody who asks for another."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Any


class Once:
    """Values by key, of which the `most` asked for last are kept. What makes a value may ask for others, not for its own."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()  # held while looking up, never while a value is made

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value of a key; the first who asks makes it, others wait for it. A fault is everybody's, and not kept."""
        return self.get_all([key], lambda _: [make()])[0]

    def get_all(self, keys: Sequence[Hashable], make: Callable[[list[Any]], Sequence[Any]]) -> list[Any]:
        """Return the values of keys; those that nobody has asked for yet are made together by `make`, which is given them."""
        with self._lock:
            new = [key for key in dict.fromkeys(keys) if key not in self._kept]
            self._kept.update((key, Future()) for key in new)
            futures = {key: self._kept[key] for key in keys}
            for key in futures:
                self._kept.move_to_end(key)
            while len(self._kept) > max(self._most, len(futures)):
                self._kept.popitem(last=False)
        if new:
            self._fill({key: futures[key] for key in new}, make)
        return [futures[key].result() for key in keys]

    def forget(self, key: Hashable) -> None:
        """Forget a value, so that it is made anew."""
        with self._lock:
            self._kept.pop(key, None)

    def _fill(self, new: dict[Any, Future[Any]], make: Callable[[list[Any]], Sequence[Any]]) -> None:
        try:
            for future, value in zip(new.values(), make(list(new)), strict=True):
                future.set_result(value)
        except BaseException as fault:
            with self._lock:
                for key, future in new.items():
                    if self._kept.get(key) is future:
                        del self._kept[key]
            for future in new.values():
                if not future.done():
                    future.set_exception(fault)
            raise
