"""What a project's files held when they were read: name, size and SHA-256 of each, sidecars and parts included."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.errors import InputError
from planner.project.file import Project
from planner.tables.parts import parts_of

Digest = dict[str, Any]


def input_digests(project: Project) -> dict[str, Digest]:
    """Return name, size and SHA-256 of every input that a project names, and of its file as that was when it was read.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    try:
        inputs = {key: file_digest(path, parts_of(path)) for key, path in project.sources.items()}
        return {"project": project.read_as or file_digest(project.path, [project.path]), **inputs}
    except OSError as fault:
        raise InputError("project.unreadable_input", file=fault.filename or project.path, fault=fault) from fault


def refuse_changed(before: dict[str, Digest], after: dict[str, Digest]) -> None:
    """Refuse inputs that were not the same after they were read as before: nobody knows what was read of them.

    Raises
    ------
    InputError
        A file was changed, added or taken away meanwhile.
    """
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if changed:
        listed = "; ".join(f"{key} = {(after.get(key) or before[key])['file']}" for key in changed)
        raise InputError("project.inputs_changed", listed=listed)


def file_digest(path: Path, parts: Sequence[Path]) -> Digest:
    """Return name, size and SHA-256 of a file, or of one with all that belongs to it.

    Raises
    ------
    OSError
        A part cannot be read.
    """
    sizes, digests = [], []
    for part in parts:
        with part.open("rb") as stream:  # the size is that of the bytes that were hashed
            digests.append(hashlib.file_digest(stream, "sha256").digest())
            sizes.append(stream.tell())
    if len(parts) == 1:
        return {"file": path.name, "bytes": sizes[0], "sha256": digests[0].hex()}
    names = [part.relative_to(path.parent).as_posix().encode() + b"\n" for part in parts]
    whole = b"".join(name + digest for name, digest in zip(names, digests, strict=True))
    return {"file": path.name, "bytes": sum(sizes), "sha256": hashlib.sha256(whole).hexdigest()}
