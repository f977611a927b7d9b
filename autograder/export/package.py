"""This toolkit as a wheel, and the versions of everything it runs with here: what another machine needs to be alike."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from autograder import __version__
from autograder.records import AutograderError

DISTRIBUTION = "dl-autograder"
_DATE = (1980, 1, 1, 0, 0, 0)


def write_wheel(folder: Path) -> Path:
    """Write the toolkit that is running, as a wheel, to `folder`; its path.

    The files are those that were imported: of an installation or of a checkout alike, without a build.
    """
    package = Path(__file__).resolve().parents[1]
    info = f"dl_autograder-{__version__}.dist-info"
    files = {
        f"autograder/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    needs = "".join(f"Requires-Dist: {need}\n" for need in _distribution(DISTRIBUTION).requires or ())
    name = f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {__version__}\n"
    files[f"{info}/METADATA"] = f"{name}{needs}".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: autograder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = _entry_points().encode()
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = folder / f"dl_autograder-{__version__}-py3-none-any.whl"
    write_zip(wheel, files)
    return wheel


def write_zip(path: Path | BinaryIO, files: dict[str, bytes], executable: Iterable[str] = ()) -> None:
    """Write a zip that is the same for the same `files`, whenever it is written."""
    programs = set(executable)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def pins(modules: Iterable[str] = (), distributions: Iterable[str] = ()) -> list[str]:
    """`name==version` of all that is installed here of what the toolkit needs, and its needs, sorted; torch first.

    `modules` are others that a notebook imports, `distributions` others to be installed. Raises AutograderError for a
    distribution that is not installed; a module that no distribution brings is Python's own or the course's.
    """
    owners = importlib.metadata.packages_distributions()
    wanted = [DISTRIBUTION, *distributions]
    wanted += [owner for module in modules for owner in owners.get(module.partition(".")[0], ())]
    found: dict[str, str] = {}
    todo = [Requirement(name) for name in dict.fromkeys(wanted)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement = todo.pop()
        key = _normal(requirement.name)
        extras = frozenset(requirement.extras)
        if (key, extras) in seen:
            continue
        seen.add((key, extras))
        distribution = _distribution(requirement.name)
        # What comes after a plus names a build (CPU, CUDA), of which an index has only some.
        found[key] = f"{distribution.metadata['Name']}=={distribution.version.partition('+')[0]}"
        for line in distribution.requires or ():
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                todo.append(need)
    found.pop(_normal(DISTRIBUTION), None)
    return sorted(found.values(), key=lambda pin: (not pin.startswith("torch=="), pin.lower()))


def python_version(pinned: Iterable[str]) -> tuple[int, int, int]:
    """The first version of this Python that all the `pinned` distributions accept: (3, 11, 5), say."""
    accepted = [SpecifierSet(_distribution(pin.partition("==")[0]).metadata["Requires-Python"] or "") for pin in pinned]
    major, minor, micro = sys.version_info[:3]
    for patch in range(micro):
        if all(f"{major}.{minor}.{patch}" in each for each in accepted):
            return major, minor, patch
    return major, minor, micro


def _distribution(name: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise AutograderError(f"{name} is not installed here; `pip install {name}` does that") from None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _entry_points() -> str:
    groups: dict[str, list[str]] = {}
    for entry in _distribution(DISTRIBUTION).entry_points:
        groups.setdefault(entry.group, []).append(f"{entry.name} = {entry.value}")
    return "\n".join(f"[{group}]\n" + "\n".join(entries) + "\n" for group, entries in groups.items())


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
