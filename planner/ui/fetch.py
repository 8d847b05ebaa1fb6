"""Fetch the map's plugins that only npm has: by name, at a pinned version, and only if every bit of them is as expected.

``python -m planner.ui.fetch``; ``make setup`` calls it. A package is fetched with ``npm pack``, which takes it from the registry
that the computer is set up with and installs nothing. The few files that the map needs go into ``planner/ui/fetched``, which
git ignores and the wheel takes along. Without npm or without a network the page works, less those plugins.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from planner.texts import computer_language, say

FETCHED = Path(__file__).with_name("fetched")
PATIENCE_S = 120
_MARK = "integrity"


@dataclass(frozen=True)
class Package:
    """An npm package: its `integrity` is the one of ``npm view NAME@VERSION dist.integrity``; `files` are what is kept of it."""

    name: str
    version: str
    integrity: str
    files: tuple[str, ...]


PACKAGES = (
    Package(
        "leaflet-draw",
        "1.0.4",
        "sha512-rsQ6saQO5ST5Aj6XRFylr5zvarWgzWnrg46zQ1MEOEIHsppdC/8hnN8qMoFvACsPvTioAuysya/TVtog15tyAQ==",
        ("dist/leaflet.draw.js", "dist/leaflet.draw.css", "package.json"),
    ),
    Package(
        "pmtiles",
        "4.5.0",
        "sha512-CBeD4SoUluFziGdy/8k7FOjQxQy486n+929W/tWophauvMICpkZ26vGBWhDt/6b1FZQWNaf4jFdT/5+q0Wii5w==",
        ("dist/pmtiles.js", "package.json"),
    ),
    Package(
        "protomaps-leaflet",
        "5.1.0",
        "sha512-N0YY1Gbw5nZ9n8VUOvwHKm/w3zhTTuaZEeMZl8doHemeM4ujGPp2otI6t4Sgqrz8iM4svx2rpG1Q17rHkOWSaA==",
        ("dist/protomaps-leaflet.js", "LICENSE", "package.json"),
    ),
)


VERSIONS = {package.name: package.version for package in PACKAGES}


class WrongContentError(Exception):
    """What came is not what was pinned."""


def fetch_all(
    folder: Path = FETCHED, packages: tuple[Package, ...] = PACKAGES, tell: Callable[[str], None] = print
) -> bool:
    """Fetch what `folder` does not hold yet, and `tell` what came of it; return whether nothing wrong came.

    A package that cannot be had is done without; one whose content is not the pinned one is refused, and nothing of it kept.
    """
    language = computer_language()
    missing = [package for package in packages if not _is_here(package, folder)]
    npm = shutil.which("npm")
    if missing and npm is None:
        tell(say("fetch.no_npm", language, names=", ".join(package.name for package in missing)))
        return True
    is_right = True
    for package in missing:
        try:
            _fetch(str(npm), package, folder)
        except WrongContentError:
            tell(say("fetch.wrong_content", language, name=package.name, version=package.version))
            is_right = False
        except (OSError, subprocess.SubprocessError):
            tell(say("fetch.not_to_be_had", language, name=package.name, version=package.version))
        else:
            tell(say("fetch.fetched", language, name=package.name, version=package.version))
    return is_right


def _is_here(package: Package, folder: Path) -> bool:
    mark = folder / package.name / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == package.integrity


def _fetch(npm: str, package: Package, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as there:
        command = [
            npm,
            "pack",
            f"{package.name}@{package.version}",
            "--silent",
            "--ignore-scripts",
            "--fetch-retries=1",
        ]
        command.append(f"--pack-destination={there}")
        subprocess.run(command, cwd=there, check=True, capture_output=True, timeout=PATIENCE_S)
        archive = next(Path(there).glob("*.tgz"), None)
        if archive is None:
            raise FileNotFoundError(package.name)
        content = _checked_files(archive, package)
    place = folder / package.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name, data in content.items():
        (place / name).write_bytes(data)
    (place / _MARK).write_text(package.integrity, encoding="utf-8")


def _checked_files(archive: Path, package: Package) -> dict[str, bytes]:
    """Return the package's `files` by their last names, read one by one: no path inside the archive is ever followed."""
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha512").digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != package.integrity:
        raise WrongContentError
    found = {}
    with tarfile.open(archive) as packed:
        for file in package.files:
            content = packed.extractfile(f"package/{file}")
            if content is None:
                raise WrongContentError
            found[PurePosixPath(file).name] = content.read()
    return found


if __name__ == "__main__":
    sys.exit(0 if fetch_all() else 1)
