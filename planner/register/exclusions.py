"""The ledger of exclusions: which facilities are in no choice or in no count, why, and who said so.

`exclude` alone writes it; whoever excludes a facility calls it. The first reason stays, but for two: that a building is in the
register twice is said of one without a place too, and one that is too far away is that whatever else its row says.
"""

from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PLACELESS = ("no_position", "vague_position")
"""Why a facility is in no count: it has no place, or one that only says its township."""

REASON, BY = "excluded_reason", "excluded_by"

Table = TypeVar("Table", bound=pd.DataFrame)


def nothing_excluded(facilities: Table) -> Table:
    """Return facilities with an empty ledger."""
    return facilities.assign(
        **{name: pd.Series([None] * len(facilities), facilities.index, object) for name in (REASON, BY)}
    )


def exclude(
    facilities: Table, rows: NDArray[np.bool_] | NDArray[np.int64] | list[int], reason: str, *, by: str
) -> Table:
    """Return facilities with `rows` (a mask, or positions) excluded for a reason, where they are not for one that stays.

    `by` is what excludes them: a stage of the reading ("placing", "duplicates", "eligibility", "area", "streets"), or the key of
    the project file that asks for it.
    """
    wanted = np.zeros(len(facilities), bool)
    wanted[rows] = True
    reasons, authors = (facilities[name].to_numpy(object).copy() for name in (REASON, BY))
    taken = [at for at in np.flatnonzero(wanted) if _gives_way(reasons[at], reason)]
    reasons[taken], authors[taken] = reason, by
    columns = {REASON: reasons, BY: authors}
    return facilities.assign(**{name: pd.Series(values, facilities.index, object) for name, values in columns.items()})


def _gives_way(known: str | None, reason: str) -> bool:
    """Return whether a reason that is known already gives way to another."""
    if known is None or pd.isna(known):
        return True
    return (reason == "duplicate" and known in PLACELESS) or (reason == "too_far" and known not in PLACELESS)
