"""What a file is, by its first bytes and not by its name; and how its text is encoded.

The lowest part of `planner.tables`: it opens files and refuses those that are not what their names say.
"""

import codecs
import contextlib
import zipfile
from pathlib import Path

from planner.errors import InputError

TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm"})
VECTOR_SUFFIXES = frozenset({".geojson", ".json", ".gpkg", ".shp", ".fgb", ".kml", ".gdb"})

_WORKBOOK_BYTES = 512 * 1024 * 1024  # unpacked; a sheet of 300 rows takes a few hundred kilobytes

_SIGNATURES = (  # what stands at the start of files that turn up under a wrong name
    (b"PK\x03\x04", ".xlsx"),
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
            return suffix
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
        if found == ".xlsx":
            _check_workbook(path)
        return
    if expected == ".xlsx" and found == ".xls" and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise InputError("tables.password", file=path.name)
    if expected == ".csv" and found in (".geojson", ".xml", ".kml") and _has_header_line(path):
        return  # a table whose first cell happens to begin with a bracket
    if found:
        raise InputError("tables.not_what_it_says", file=path.name, expected=expected, found=found)
    raise InputError("tables.unknown_content", file=path.name, expected=expected)


def decode(path: Path, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and the encoding it was read in.

    A byte order mark decides; else UTF-8 where every byte fits; else GB18030 where what is not ASCII is mostly common Chinese;
    else Windows-1252, in which Western European tables come.

    Raises
    ------
    InputError
        The encoding asked for does not fit, or is unknown.
    """
    data = path.read_bytes()
    if encoding is None:
        encoding = _guess_encoding(data)
    try:
        return data.decode(encoding), encoding
    except LookupError as fault:
        raise InputError("tables.unknown_encoding", file=path.name, encoding=encoding) from fault
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise InputError("tables.bad_encoding", file=path.name, encoding=encoding, line=line) from fault


def dbf_encoding(path: Path) -> str:
    """Return the encoding of a shapefile's table: that of its ``.cpg`` where the bytes agree, else UTF-8, else GB18030.

    Chinese offices write GBK tables with no ``.cpg`` or with one that is wrong; readers that trust it fill names with noise.
    """
    table = _sibling(path, ".dbf")
    sample = _dbf_texts(table) if table else []
    declared = _sibling(path, ".cpg")
    candidates = ["utf-8", "gb18030"]
    if declared:
        name = declared.read_text(encoding="ascii", errors="replace").strip()
        name = f"cp{name}" if name.isdigit() else name
        with contextlib.suppress(LookupError):
            candidates.insert(0, codecs.lookup(name).name)
    for encoding in candidates:
        if all(_decodes(text, encoding) for text in sample):
            return encoding
    return "iso-8859-1"


def _sibling(path: Path, suffix: str) -> Path | None:
    for name in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if name.is_file():
            return name
    return None


def check_shapefile(path: Path) -> None:
    """Refuse a ``.shp`` whose index was not copied with it."""
    if _sibling(path, ".shx") is None:
        raise InputError("tables.no_index", file=path.name, needed=path.with_suffix(".shx").name)


def _check_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as fault:
        raise InputError("tables.unreadable", file=path.name, fault=str(fault)) from fault
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise InputError("tables.not_what_it_says", file=path.name, expected=path.suffix.lower(), found=".zip")
    size = sum(member.file_size for member in members)
    if size > _WORKBOOK_BYTES:
        raise InputError("tables.too_large", file=path.name, size_mb=size // 2**20, limit_mb=_WORKBOOK_BYTES // 2**20)


def _has_header_line(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(4096)
    return not first.lstrip().startswith(b"{") and (b"," in first or b"\t" in first or b";" in first)


def _guess_encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        data.decode("utf-8")
        return "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return "cp1252" if _decodes(data, "cp1252") else "gb18030"
    foreign = [letter for letter in text[:1_000_000] if letter > "\x7f"]
    common = sum(1 for letter in foreign if _is_common_chinese(letter))
    return "gb18030" if 2 * common >= len(foreign) else "cp1252"


def _is_common_chinese(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _decodes(data: bytes, encoding: str) -> bool:
    """Return whether `data` is text in `encoding`; a last letter cut short by the field's width is forgiven."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _dbf_texts(path: Path, rows: int = 2000) -> list[bytes]:
    """Return the field names and the character fields of the first rows of a dBase table, as bytes."""
    with path.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            return []
        count, start, width = (
            int.from_bytes(head[4:8], "little"),
            int.from_bytes(head[8:10], "little"),
            int.from_bytes(head[10:12], "little"),
        )
        descriptors = file.read(max(0, start - 32))
        body = file.read(min(count, rows) * width)
    texts, spans, offset = [], [], 1
    for at in range(0, len(descriptors) - 31, 32):
        field = descriptors[at : at + 32]
        if field[0] == 0x0D:
            break
        texts.append(field[:11].split(b"\x00")[0])
        if field[11:12] == b"C":
            spans.append((offset, offset + field[16]))
        offset += field[16]
    for row in range(0, len(body) - width + 1, max(1, width)):
        texts += [body[row + first : row + last].rstrip() for first, last in spans]
    return texts
