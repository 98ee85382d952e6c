"""Which file may import which: no circles, imports inside functions included."""

from __future__ import annotations

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


def test_a_circle_is_seen() -> None:
    graph = grimp.ImportGraph()
    for name in ("a", "b", "c"):
        graph.add_module(name)
    graph.add_import(importer="a", imported="b")
    graph.add_import(importer="b", imported="c")
    assert not circular(graph)
    graph.add_import(importer="c", imported="a")
    assert circular(graph) == {("a", "b"), ("b", "c"), ("c", "a")}
