"""Keep a built network beside the project: one .npz file, keyed by everything that went into it. No pickles."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

FORMAT = 3
"""Moves whenever the arrays of a network change their meaning."""


def cached_arrays(
    folder: Path, sources: Sequence[Path], key: bytes, build: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return the arrays that `build` makes of files, from `folder` where they are kept already.

    `key` holds whatever else decides the result. A kept file that cannot be read is built and written anew; a folder that
    cannot be written to is done without.
    """
    digest = hashlib.sha256(f"format {FORMAT}\n".encode() + key + b"".join(map(_file_digest, sources))).hexdigest()
    kept = folder / f"streets-{digest[:24]}.npz"
    if kept.is_file():
        try:
            return _load(kept)
        except Exception:  # whatever is wrong with a kept file, it is not the user's: the network is built anew
            kept.unlink(missing_ok=True)
    arrays = build()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _save(kept, arrays)
    except OSError:
        pass
    return arrays


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _save(path: Path, arrays: dict[str, Any]) -> None:
    plain: dict[str, Any] = {key: value for key, value in arrays.items() if isinstance(value, np.ndarray)}
    rest = {key: value for key, value in arrays.items() if key not in plain}
    rest |= {"crs": rest["crs"].to_wkt(), "extent": shapely.to_wkt(rest["extent"], rounding_precision=-1)}
    notes = np.frombuffer(json.dumps(rest).encode("utf-8"), np.uint8)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as stream:
            np.savez(stream, notes=notes, **plain)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _load(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        arrays: dict[str, Any] = {key: stored[key] for key in stored.files if key != "notes"}
        rest = json.loads(stored["notes"].tobytes().decode("utf-8"))
    rest["crs"] = CRS.from_wkt(rest["crs"])
    rest["classes"] = tuple(rest["classes"])
    rest["extent"] = shapely.from_wkt(rest["extent"])
    return {**arrays, **rest}
