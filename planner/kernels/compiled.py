"""`compiled`: numba's `njit`, its machine code kept in files that any number of processes may write and read at once.

Numba keeps an index beside its files and numbers them; processes that compile at the same time write the index over one another,
and what one of them reads may be the code of other types or of yesterday's source (numba #4807). Here a file's name says what
was compiled: from which sources, by which numba, for which types and machine. Whoever writes it writes the same.
"""

import hashlib
import os
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import FunctionCache, IndexDataCacheFile

# Numba takes settings from the current folder, among them where compiled code is read from: a folder that somebody sent is data.
config._config_fname = os.devnull
config.reload_config()


def compiled(function: Callable[..., Any]) -> Any:
    """Compile `function` when it is first called with some types, without the interpreter's lock, and keep the code."""
    dispatcher: Any = numba.njit(nogil=True)(function)
    dispatcher._cache = _Cache(function)
    return dispatcher


class _Cache(FunctionCache):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = Files(self.cache_path, self._impl.filename_base, _sources())


class Files(IndexDataCacheFile):
    """The compiled code of one function, a file for each of its types and machines; those of other sources go."""

    def save(self, key: Any, data: Any) -> None:
        """Keep `data`, which was compiled for `key`."""
        self._save_data(self._file_of(key), (key, data))
        for old in Path(self._cache_path).glob(f"{self._function}.*.nbc"):
            if not old.name.startswith(f"{self._function}.{self._source_stamp}-"):
                old.unlink(missing_ok=True)

    def load(self, key: Any) -> Any:
        """Return what was compiled for `key`; None where nothing was."""
        try:
            kept, data = self._load_data(self._file_of(key))
        except (OSError, EOFError, pickle.UnpicklingError):  # not there, or cut off
            return None
        return data if kept == key else None

    def flush(self) -> None:
        """Forget nothing: what is kept is never out of date."""

    @property
    def _function(self) -> str:
        return self._index_name.removesuffix(".nbi")

    def _file_of(self, key: Any) -> str:
        mark = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return f"{self._function}.{self._source_stamp}-{mark}.nbc"


@cache
def _sources() -> str:
    """Return a digest of all kernels and of numba's version: a kernel is compiled anew when any that it may call has changed."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
