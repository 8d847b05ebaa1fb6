"""Spreadsheets and vector files as they come, read into checked tables, every row accounted for.

`read_table` reads a file as it is, under its own headers. `read_facilities` understands a table of centres or candidate
sites: which column is what (`headers`), what the cells say (`values`, `angles`, `amounts`), where the rows lie (`positions`).
Nothing is dropped or changed in silence: what happens to a row stands in the `InputReport` with its sheet, row number, reason
and remedy.
"""

from planner.tables.facilities import (
    AMOUNT_COLUMNS,
    PLACE_COLUMNS,
    REGISTER_COLUMNS,
    STATUSES,
    Facilities,
    Role,
    read_facilities,
    status_of,
)
from planner.tables.files import VECTOR_SUFFIXES, check_file, looks_like
from planner.tables.headers import Synonyms, find_columns, nearest_header
from planner.tables.positions import positions
from planner.tables.readers import read_table, read_vector
from planner.tables.synonyms import SYNONYMS
from planner.tables.values import as_numbers, as_texts, half_width

CANONICAL = tuple(SYNONYMS)
"""The columns that synonyms of headers lead to, and that a project may extend."""

__all__ = [
    "AMOUNT_COLUMNS",
    "CANONICAL",
    "PLACE_COLUMNS",
    "REGISTER_COLUMNS",
    "STATUSES",
    "VECTOR_SUFFIXES",
    "Facilities",
    "Role",
    "Synonyms",
    "as_numbers",
    "as_texts",
    "check_file",
    "find_columns",
    "half_width",
    "looks_like",
    "nearest_header",
    "positions",
    "read_facilities",
    "read_table",
    "read_vector",
    "status_of",
]
