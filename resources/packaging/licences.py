"""The licences of everything a bundle carries, found from PyInstaller's own list of its files.

Each collected file belongs to an installed Python distribution, or to a package of the system
(asked of dpkg), or to Python itself; each owner's licence texts are copied, and a table lists them.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

TABLE = "THIRD-PARTY.txt"
TEXTS = re.compile(r"(licen[cs]es?|copying|notice|copyright|authors)([-_.].*)?$", re.IGNORECASE)
DOCS = Path("/usr/share/doc")

HEAD = """\
Mien carries the work of others. Each has its licence in a folder beside this file.

Qt and Qt for Python are used under the GNU Lesser General Public License, version 3. Their
libraries lie as separate files in PySide6/ and shiboken6/ and may be exchanged for others of the
same interface; their source is that of the PySide6 release named below.

The weights of Mien's own models have terms of their own: resources/models/*/CARD.md.

"""


def write(target: Path, analysis: Path, *folders: Path) -> list[tuple[str, str, str]]:
    """Write the texts and TABLE into `target`; the rows (name, version, licence).

    analysis: PyInstaller's work folder of the build. folders: where packages lie that were put
    before the installed ones.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    sources = set(_sources(analysis, target.parent))
    rows = []
    left = set(sources)
    for distribution in _owners(sources, folders, left):
        name = distribution.metadata["Name"]
        copied = _copy(target / name, _texts(distribution))
        rows.append((name, distribution.version, _licence(distribution)))
        if not copied:
            text = f"{name} {distribution.version}: {_licence(distribution)}\n"
            (target / name).mkdir()
            (target / name / "LICENSE").write_text(text, encoding="utf-8")
    for package, licence in _of_system(left):
        _copy(target / package, [licence])
        rows.append((package, "of the system", "see its file"))
    _copy(target / "Python", _pythons())
    rows.append(("Python", sys.version.split()[0], "PSF-2.0"))
    rows.sort(key=lambda row: row[0].lower())
    lines = (f"{name:<32} {number:<18} {licence}" for name, number, licence in rows)
    (target / TABLE).write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return rows


def _sources(analysis: Path, inside: Path) -> Iterator[Path]:
    """The files PyInstaller took, by the lists it leaves in its work folder; of those that were
    copied one by one, what is still there."""
    for name in ("COLLECT-00.toc", "PYZ-00.toc"):
        entries = ast.literal_eval((analysis / name).read_text(encoding="utf-8"))
        for target, source in _copies(entries):
            if name.startswith("PYZ") or (inside / target).exists():
                yield Path(source)


def _copies(entry: object) -> Iterator[tuple[str, str]]:
    """(target, source) of every (target, source, kind) in a list of any depth."""
    if isinstance(entry, tuple) and len(entry) == 3 and all(isinstance(e, str) for e in entry):
        if Path(entry[1]).is_absolute():
            yield entry[0], entry[1]
    elif isinstance(entry, list | tuple):
        for each in entry:
            yield from _copies(each)


def _owners(sources: set[Path], folders: Iterable[Path], left: set[Path]) -> Iterator[Distribution]:
    """The distributions that own any of the files; their files are taken out of `left`."""
    places = [*map(str, folders), *sys.path]
    seen = set()
    for distribution in distributions(path=places):
        name = distribution.metadata["Name"]
        if name in seen or name == "mien":
            continue
        files = {Path(str(distribution.locate_file(file))) for file in distribution.files or ()}
        files |= {file.resolve() for file in files & sources}
        if files & sources or name == "pyinstaller":  # its starter is in the program
            seen.add(name)
            left -= files
            yield distribution


def _texts(distribution: Distribution) -> list[Path]:
    return [
        Path(str(distribution.locate_file(file)))
        for file in distribution.files or ()
        if TEXTS.match(file.name) and not file.name.endswith((".py", ".pyc"))
    ]


def _licence(distribution: Distribution) -> str:
    """Its licence in a few words, as its metadata have it."""
    metadata = distribution.metadata
    stated = metadata.get("License-Expression") or metadata.get("License") or ""
    if not stated or "\n" in stated or len(stated) > 60:
        kinds = (
            c.split(" :: ")[-1] for c in metadata.get_all("Classifier") or () if "License" in c
        )
        stated = ", ".join(kinds) or "see its file"
    return stated


def _of_system(files: set[Path]) -> list[tuple[str, Path]]:
    """(package, copyright file) of the system's packages that own any of the files."""
    if not shutil.which("dpkg-query"):
        return []
    found = {}
    for path in sorted(files):
        if path.suffix == ".py" or ".so" not in path.name:
            continue
        owner = _owner(path)
        if owner and (text := DOCS / owner / "copyright").exists():
            found[owner] = text
    return sorted(found.items())


def _owner(path: Path) -> str | None:
    """The package of a file. A system with merged /usr knows some files by their old place."""
    names = [str(path), str(path.resolve())]
    names += [name.removeprefix("/usr") for name in names]
    names += [f"/usr{name}" for name in names if not name.startswith("/usr")]
    for name in dict.fromkeys(names):
        told = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
        if told.returncode == 0:
            return told.stdout.split(":")[0]
    return None


def _pythons() -> list[Path]:
    """The licence of the interpreter itself, wherever this system keeps it."""
    base, short = Path(sys.base_prefix), f"python{sys.version_info[0]}.{sys.version_info[1]}"
    places = (
        *(base / "lib" / short / "LICENSE.txt", base / "LICENSE.txt", base / "LICENSE"),
        DOCS / short / "copyright",
    )
    return [path for path in places if path.exists()][:1]


def _copy(folder: Path, files: Iterable[Path]) -> int:
    """Copy texts into a folder, the ones of equal names numbered; how many."""
    count = 0
    for path in files:
        if not path.is_file():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / path.name
        if target.exists():
            target = folder / f"{path.stem}-{count}{path.suffix}"
        shutil.copyfile(path, target)
        count += 1
    return count
