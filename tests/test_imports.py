"""Which file may import which: no circles, imports inside functions included."""

from __future__ import annotations

import tomllib
from pathlib import Path

import grimp


def circular(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Every import (importer, imported) from which a chain of imports leads back."""
    return {
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if graph.chain_exists(importer=imported, imported=importer)
    }


def test_no_file_of_engine_or_training_imports_in_a_circle() -> None:
    found = circular(grimp.build_graph("engine", "training"))
    assert sorted(found) == []


def test_no_file_of_the_editor_imports_in_a_circle() -> None:
    assert sorted(circular(grimp.build_graph("gui"))) == []


def test_no_file_imports_the_package_that_it_lies_in() -> None:
    """A package's `__init__` is its door for others; what lies behind it must not need it."""
    graph = grimp.build_graph("engine", "gui", "training", cache_dir=None)
    inside = {
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if importer.startswith(f"{imported}.")
    }
    assert inside == set()


def test_every_room_of_the_engine_has_its_place_in_the_contract() -> None:
    """A package that the contract of rooms does not name would be held by none."""
    root = Path(__file__).parents[1]
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    (rooms,) = [
        contract["layers"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if "rooms" in contract["name"]
    ]
    named = {room.strip() for layer in rooms for room in layer.split("|")}
    engine = root / "engine"
    there = {path.parent.name for path in engine.glob("*/__init__.py")}
    there |= {path.stem for path in engine.glob("*.py") if path.stem != "__init__"}
    assert named == {f"engine.{name}" for name in there}


def test_a_circle_is_seen() -> None:
    graph = grimp.ImportGraph()
    for name in ("a", "b", "c"):
        graph.add_module(name)
    graph.add_import(importer="a", imported="b")
    graph.add_import(importer="b", imported="c")
    assert not circular(graph)
    graph.add_import(importer="c", imported="a")
    assert circular(graph) == {("a", "b"), ("b", "c"), ("c", "a")}
