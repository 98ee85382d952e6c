"""What the programs and libraries of a folder need from the system; asks `readelf` (binutils)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Needs:
    """libraries: names (sonames) that no file of the folder has, with one file that asks for each.
    glibc: the newest symbol version asked for, as (2, 28)."""

    libraries: dict[str, str]
    glibc: tuple[int, ...]


def examine(folder: Path) -> Needs:
    """What a folder of programs and libraries cannot bring itself."""
    files = list(_elf_files(folder))
    asked: dict[str, str] = {}
    own = {path.name for path in folder.rglob("*.so*")}
    glibc: tuple[int, ...] = (2, 0)
    for start in range(0, len(files), 50):
        text = _readelf("-d -V", files[start : start + 50])
        name = str(files[start])
        for line in text.splitlines():
            if line.startswith("File: "):
                name = line[6:]
            elif "(NEEDED)" in line:
                asked.setdefault(line.split("[")[1].split("]")[0], name)
            elif "(SONAME)" in line:
                own.add(line.split("[")[1].split("]")[0])
        versions = re.findall(r"GLIBC_(\d+(?:\.\d+)+)", text)
        glibc = max([glibc, *(tuple(map(int, found.split("."))) for found in versions)])
    return Needs({name: by for name, by in asked.items() if name not in own}, glibc)


def prune(folder: Path) -> list[str]:
    """Delete the system's libraries that lie in `folder` itself and that nothing in or below it
    asks for any more (what asked was left out); their names. Python's own stays."""
    removed = []
    while True:
        asked = {name for names in _needed(folder).values() for name in names}
        idle = [
            path
            for path in folder.glob("lib*.so*")
            if path.name not in asked and not path.name.startswith("libpython")
        ]
        if not idle:
            return sorted(removed)
        for path in idle:
            path.unlink()
            removed.append(path.name)


def _needed(folder: Path) -> dict[Path, list[str]]:
    """The names each file asks for."""
    found: dict[Path, list[str]] = {}
    files = list(_elf_files(folder))
    for start in range(0, len(files), 50):
        path = files[start]
        for line in _readelf("-d", files[start : start + 50]).splitlines():
            if line.startswith("File: "):
                path = Path(line[6:])
            elif "(NEEDED)" in line:
                found.setdefault(path, []).append(line.split("[")[1].split("]")[0])
    return found


def _readelf(what: str, files: list[Path]) -> str:
    """What readelf says; several files are told apart by lines 'File: ...'."""
    command = ["readelf", "-W", *what.split(), *map(str, files)]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, errors="replace"
    ).stdout


def _elf_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path
