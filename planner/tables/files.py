"""What a file is, by its first bytes and not by its name; files that are not what their names say are refused here."""

import codecs
from pathlib import Path

from planner.errors import InputError

TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
VECTOR_SUFFIXES = frozenset({".geojson", ".json", ".gpkg", ".shp", ".fgb", ".kml", ".gdb", ".parquet", ".zip"})

_SIGNATURES = (  # what stands at the start of files that turn up under a wrong name
    (b"PK\x03\x04", ".zip"),
    (b"\xd0\xcf\x11\xe0", ".xls"),
    (b"SQLite format 3\x00", ".gpkg"),
    (b"\x00\x00\x27\x0a", ".shp"),
    (b"fgb\x03", ".fgb"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
    (b"II+\x00", ".tif"),
    (b"PAR1", ".parquet"),
    (b"%PDF", ".pdf"),
    (b"\x1f\x8b", ".gz"),
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
)
_ALIKE = {".xlsm": ".xlsx", ".tsv": ".csv", ".txt": ".csv", ".json": ".geojson", ".tiff": ".tif"}
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def check_file(path: Path) -> None:
    """Refuse a file that is missing, a folder (but for ``.gdb``) or empty.

    Raises
    ------
    InputError
        With the file as the project names it.
    """
    if path.is_dir():
        if path.suffix.lower() != ".gdb":
            raise InputError("tables.folder", file=path.as_posix())
        return
    if not path.is_file():
        raise InputError("tables.missing", file=path.as_posix())
    if path.stat().st_size == 0:
        raise InputError("tables.empty_file", file=path.name)


def looks_like(path: Path) -> str:
    """Return the suffix that the file's content asks for, such as ``.xlsx`` or ``.csv``; "" where it cannot be told."""
    with path.open("rb") as file:
        head = file.read(4096)
    for signature, suffix in _SIGNATURES:
        if head.startswith(signature):
            return _kind_of_zip(path, head) if suffix == ".zip" else suffix
    if head[4:15].find(b"OSMHeader") >= 0:
        return ".osm.pbf"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ".csv"
    if b"\x00" in head:
        return ""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:200].lower()
    if start.startswith((b"{", b"[")):
        return ".geojson"
    if start.startswith(b"<"):
        if b"<html" in start or b"<!doctype html" in start or b"<table" in start:
            return ".html"
        return ".kml" if b"kml" in head.lower() else ".xml"
    return ".csv"


def check_content(path: Path) -> None:
    """Refuse a file whose content is of another kind than its name says, and a workbook under a password.

    Raises
    ------
    InputError
        Naming what the file looks like.
    """
    if path.is_dir():
        return
    suffix = path.suffix.lower()
    expected, found = _ALIKE.get(suffix, suffix), looks_like(path)
    if found == expected or (expected == ".kml" and found == ".xml"):
        if found != ".xls" or _ENCRYPTED not in path.read_bytes():
            return
        raise InputError("tables.password", file=path.name)
    if expected == ".xlsx" and found == ".xls" and _ENCRYPTED in path.read_bytes():
        raise InputError("tables.password", file=path.name)
    if expected == ".csv" and found in (".geojson", ".xml", ".kml") and _has_header_line(path):
        return  # a table whose first cell happens to begin with a bracket
    if found:
        raise InputError("tables.not_what_it_says", file=path.name, expected=expected, found=found)
    raise InputError("tables.unknown_content", file=path.name, expected=expected)


def _kind_of_zip(path: Path, head: bytes) -> str:
    """Return what a zip archive is, by its name where that is possible: workbooks are archives with known parts."""
    if _ODS in head[:200]:
        return ".ods"
    return ".zip" if path.suffix.lower() == ".zip" else ".ods" if path.suffix.lower() == ".ods" else ".xlsx"


def _has_header_line(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(4096)
    return not first.lstrip().startswith(b"{") and (b"," in first or b"\t" in first or b";" in first)
