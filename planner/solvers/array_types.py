"""Names of types that the modules of the solvers share."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Int32s: TypeAlias = NDArray[np.int32]
Int8s: TypeAlias = NDArray[np.int8]
AnyInts: TypeAlias = NDArray[np.integer]

Matrix: TypeAlias = sparse.sparray | sparse.spmatrix
Progress: TypeAlias = Callable[[float, float], None]
"""Told the value found and the bound on it."""
