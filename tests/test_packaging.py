"""What is imported is declared, where it is needed: a package that only others bring may go."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"engine", "gui", "training", "main", "resources", "docs", "tests"}


def _declared(*extras: str) -> set[str]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {_plain(re.split(r"[\s<>=!~;\[]", line)[0]) for line in lines}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(path: Path) -> dict[str, int]:
    """Outside packages that a file imports, wherever in it, and in which line."""
    names: dict[str, int] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found = [node.module]
        for name in found:
            top = name.partition(".")[0]
            if top not in OURS and top not in sys.stdlib_module_names:
                names[top] = node.lineno
    return names


@pytest.mark.parametrize(
    ("part", "extras"),
    [
        # The extras' absence is said where they are asked for.
        ("engine", ("raw", "cluster", "mediapipe")),
        ("gui", ()),
        ("main.py", ()),
        ("training", ("training", "convert")),
    ],
)
def test_every_import_is_of_a_declared_package(part: str, extras: tuple[str, ...]) -> None:
    known = packages_distributions()
    declared = _declared(*extras)
    place = ROOT / part
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    undeclared = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files
        for name, line in _imported(path).items()
        if not {_plain(d) for d in known.get(name, [name])} & declared
    ]
    assert not undeclared


def test_a_package_that_is_not_declared_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f():\n    from somebody.elses import minimize\n")
    assert _imported(path) == {"somebody": 2}
    assert "somebody" not in _declared("training", "dev")
