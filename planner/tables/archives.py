"""Zip archives, which xlsx and ods workbooks are too: refused before they unpack to more than they may.

`members` looks at what an archive declares, `content` unpacks one member and holds it to its word: a reader that trusts the
declared size and one that does not would otherwise see two different files.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from planner.errors import InputError

MOST_BYTES = 512 * 1024 * 1024  # unpacked; a sheet of 300 rows takes a few hundred kilobytes
_MOST_MEMBERS = 20_000
_SHAPEFILE_PARTS = frozenset({".shp", ".shx", ".dbf", ".prj", ".cpg"})
_LAYERS = frozenset({".shp", ".gpkg", ".geojson", ".json", ".kml", ".fgb", ".parquet"})
_TABLES = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt"})


def members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the files in an archive by name.

    Raises
    ------
    InputError
        The archive is damaged, under a password, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as fault:
        raise InputError("tables.unreadable", file=path.name, fault=str(fault)) from fault
    size = sum(member.file_size for member in found)
    if size > MOST_BYTES:
        raise InputError("tables.too_large", file=path.name, size_mb=size >> 20, limit_mb=MOST_BYTES >> 20)
    if any(member.flag_bits & 1 for member in found):
        raise InputError("tables.password", file=path.name)
    by_name = {member.filename: member for member in found}
    if len(by_name) < len(found) or len(found) > _MOST_MEMBERS:
        raise _damaged(path, "repeated or too many members")
    return by_name


def content(path: Path, member: zipfile.ZipInfo) -> bytes:
    """Return what a member unpacks to, which must be as long as the archive declares.

    Raises
    ------
    InputError
        It is not, or is packed in a way that office programs do not use.
    """
    with path.open("rb") as file:
        file.seek(member.header_offset)
        head = file.read(30)
        file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
        packed = file.read(member.compress_size)
    if member.compress_type == zipfile.ZIP_STORED:
        data = packed
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.file_size + 1)
        except zlib.error as fault:
            raise _damaged(path, str(fault)) from fault
    else:
        raise _damaged(path, f"compression {member.compress_type}")
    if len(data) != member.file_size:
        raise _damaged(path, f"{member.filename}: {member.file_size} bytes declared")
    return data


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield the one table or layer in a zip archive, unpacked into a folder that is gone afterwards.

    Names in the archive choose nothing but the suffix: no member can land anywhere else.

    Raises
    ------
    InputError
        There is none, or more than one.
    """
    found = members(path)
    names = {name: PurePosixPath(name.replace("\\", "/")) for name in found if "__MACOSX" not in name}
    databases = {parent for name in names.values() for parent in name.parents if parent.suffix.lower() == ".gdb"}
    layers = [name for name, inside in names.items() if inside.suffix.lower() in _LAYERS | _TABLES]
    if len(databases) + len(layers) != 1:
        listed = ", ".join([*map(str, sorted(databases)), *layers][:10])
        raise InputError("tables.archive", file=path.name, count=len(databases) + len(layers), listed=listed)
    with tempfile.TemporaryDirectory() as folder:
        if databases:
            (database,) = databases
            target = Path(folder) / f"{path.stem}.gdb"
            target.mkdir()
            wanted = {name: target / inside.name for name, inside in names.items() if inside.parent == database}
        else:
            layer = names[layers[0]]
            target = Path(folder) / f"{path.stem}{layer.suffix.lower()}"
            parts = _SHAPEFILE_PARTS if target.suffix == ".shp" else {target.suffix}
            wanted = {
                name: target.with_suffix(inside.suffix.lower())
                for name, inside in names.items()
                if inside.parent == layer.parent and inside.stem == layer.stem and inside.suffix.lower() in parts
            }
        for name, place in wanted.items():
            place.write_bytes(content(path, found[name]))
        yield target


def _damaged(path: Path, fault: str) -> InputError:
    return InputError("tables.unreadable", file=path.name, fault=fault)
