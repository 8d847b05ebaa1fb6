"""How a file's text is encoded: delimited text and the tables of shapefiles, neither of which reliably says."""

import codecs
import contextlib
import re
from pathlib import Path

from planner.errors import InputError
from planner.findings import InputReport

_SAMPLE = 1_000_000  # letters looked at to tell Chinese from noise
_NEVER_WRITTEN = re.compile(
    "[\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff\x80-\x9f]"
)  # private use, lost letters, controls
_OTHER_SCRIPTS = re.compile("[\uff61-\uff9f\u2500-\u257f]|[\u0370-\u03ff]{2}|[\u0400-\u04ff]{2}|[\u3040-\u30ff]{2}")
# half-width kana, boxes, Greek, Cyrillic, kana: what Shift-JIS, cp1251 and others become when they are read as GB18030
_RUN = re.compile(r"[^\x00-\x7f\W]{3,}")  # in Western Europe, letters with accents stand alone or in twos
_MOST_RARE = 0.3  # of the letters of a Chinese text that GB2312 does not have
_WORD = re.compile(r"[^\s,;\"|]{1,24}")


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


def doubt_encoding(text: str, encoding: str, *, report: InputReport) -> None:
    """Report a text that hardly was written in the encoding that was guessed for it, with a word of it as an example."""
    if text.isascii():
        return
    at = _noise(text[:_SAMPLE], encoding)
    if at is not None:
        start = max(text.rfind(mark, 0, at) for mark in "\n\r,;\t ") + 1
        word = _WORD.match(text, start)
        example = "".join(letter if letter.isprintable() else "\ufffd" for letter in word[0]) if word else ""
        report.add("tables.encoding_doubtful", "doubtful", encoding=encoding.upper(), example=example)


def _noise(text: str, encoding: str) -> int | None:
    """Return where the first letter stands that speaks against an encoding; None where nothing does."""
    if found := _NEVER_WRITTEN.search(text):
        return found.start()
    if encoding in ("cp1252", "iso-8859-1") and (found := _RUN.search(text)):
        return found.start()
    if encoding != "gb18030":
        return None
    foreign = [letter for letter in text if letter > "\x7f"]
    rare = [letter for letter in foreign if not _is_common_chinese(letter)]
    if found := _OTHER_SCRIPTS.search(text):
        return found.start()
    return text.index(rare[0]) if len(rare) > _MOST_RARE * len(foreign) else None


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
