"""Names of types that the public functions share."""

from collections.abc import Callable
from typing import TypeAlias

from scipy import sparse

Matrix: TypeAlias = sparse.sparray | sparse.spmatrix
Progress: TypeAlias = Callable[[float, float], None]
