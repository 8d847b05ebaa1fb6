"""People divided among places so that not a hair of a person is lost: the parts add up to the whole in exact arithmetic.

Parts are whole multiples of a 2**-44th of the whole's magnitude, all but the largest, which takes what is left. Sums of such
numbers are exact in float64, so `math.fsum` of all parts equals `math.fsum` of all wholes to the last bit.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BITS = 44  # of a part: the rest of float64's 53 is room to add them up


def share_out(people: Floats, owner: NDArray[np.int64], weight: Floats) -> Floats:
    """Return the part of each piece: the people of its owner in proportion to its weight, shape of `owner`.

    `people` has one entry an owner; every owner with people has pieces, with weights above 0.
    """
    total = np.bincount(owner, weight, minlength=len(people))
    quantum = _quantum(people)[owner]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.floor(people[owner] * (weight / total[owner]) / quantum) * quantum
    parts[~(quantum > 0)] = 0.0
    order = np.lexsort((-weight, owner))
    largest = order[np.flatnonzero(np.diff(owner[order], prepend=-1))]
    parts[largest] = 0.0
    parts[largest] = (people - np.bincount(owner, parts, minlength=len(people)))[owner[largest]]
    return parts


def cut_off(people: Floats, share: Floats) -> Floats:
    """Return that share (0 to 1) of each number of people, so that what remains of it is exact too."""
    quantum = _quantum(people)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(quantum > 0, np.floor(people * share / quantum) * quantum, 0.0)
    return np.where(share >= 1, people, part)


def _quantum(people: Floats) -> Floats:
    return np.where(people > 0, np.ldexp(1.0, np.frexp(people)[1] - _BITS), 0.0)
