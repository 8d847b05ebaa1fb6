"""Spreadsheets and vector files as they come, read into checked tables, every row accounted for.

`read_table` reads a file as it is, under its own headers. `read_facilities` understands a table of centres or candidate
sites: which column is what (`headers`), what the cells say (`values`, `angles`, `amounts`), where the rows lie (`positions`).
Nothing is dropped or changed in silence: what happens to a row stands in the `InputReport` with its sheet, row number, reason
and remedy.
"""

from planner.tables.facilities import STATUSES, Facilities, Role, read_facilities
from planner.tables.files import VECTOR_SUFFIXES, check_file, looks_like
from planner.tables.headers import Synonyms, find_columns, nearest_header
from planner.tables.positions import positions
from planner.tables.readers import read_table, read_vector
from planner.tables.values import as_numbers, as_texts

__all__ = [
    "STATUSES",
    "VECTOR_SUFFIXES",
    "Facilities",
    "Role",
    "Synonyms",
    "as_numbers",
    "as_texts",
    "check_file",
    "find_columns",
    "looks_like",
    "nearest_header",
    "positions",
    "read_facilities",
    "read_table",
    "read_vector",
]
