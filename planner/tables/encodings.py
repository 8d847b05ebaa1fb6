"""How a file's text is encoded: delimited text and the tables of shapefiles, neither of which reliably says."""

import codecs
import contextlib
from pathlib import Path

from planner.errors import InputError

_SAMPLE = 1_000_000  # letters looked at to tell Chinese from noise


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
        return _decode_unknown(data, path)
    try:
        return data.decode(encoding), encoding
    except LookupError as fault:
        raise InputError("tables.unknown_encoding", file=path.name, encoding=encoding) from fault
    except UnicodeDecodeError as fault:
        raise _does_not_fit(path, data, fault.start, encoding) from fault


def dbf_encoding(path: Path) -> str:
    """Return the encoding of a shapefile's table: that of its ``.cpg`` where the bytes agree, else UTF-8, else GB18030.

    Chinese offices write GBK tables with no ``.cpg`` or with one that is wrong; readers that trust it fill names with noise.
    """
    table = sibling(path, ".dbf")
    sample = _dbf_texts(table) if table else []
    declared = sibling(path, ".cpg")
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


def sibling(path: Path, suffix: str) -> Path | None:
    """Return the file of the same name with another suffix, in small or capital letters; None where there is none."""
    for name in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if name.is_file():
            return name
    return None


def _decode_unknown(data: bytes, path: Path) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError as fault:
            raise _does_not_fit(path, data, fault.start, "utf-16") from fault
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as fault:
        if _decodes(data, "cp1252"):
            return data.decode("cp1252"), "cp1252"
        raise _does_not_fit(path, data, fault.start, "gb18030") from fault
    foreign = [letter for letter in text[:_SAMPLE] if letter > "\x7f"]
    common = sum(map(_is_common_chinese, foreign))
    if 2 * common < len(foreign) and _decodes(data, "cp1252"):
        return data.decode("cp1252"), "cp1252"
    return text, "gb18030"


def _does_not_fit(path: Path, data: bytes, at: int, encoding: str) -> InputError:
    line = data.count(b"\n", 0, at) + 1
    return InputError("tables.bad_encoding", file=path.name, encoding=encoding, line=line)


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
