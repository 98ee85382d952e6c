"""A training becomes a model in one way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from engine.base.errors import MienError
from engine.catalogue.weights import load_tensors, read_manifest, verify
from training.export import export_model, read_notes, told

CARD = "# Mine\n\n{parameters} parameters.{data}\n"


def test_a_network_becomes_a_model_with_its_card_filled_in(tmp_path: Path) -> None:
    network = nn.Linear(99, 20)
    facts = {"title": "Mine", "kind": "locator", "figures": {"off": 0.1}}
    terms = tmp_path / "terms.txt"
    terms.write_text("Photos under {their} terms.\n", encoding="utf-8")
    folder = tmp_path / "mine"
    manifest = export_model(folder, network, CARD, data=read_notes(terms), **facts)
    text = (folder / "CARD.md").read_text(encoding="utf-8")
    assert text == "# Mine\n\n2,000 parameters.\n- Data: Photos under {their} terms.\n"
    assert manifest == read_manifest(folder / "manifest.json")
    assert manifest.name == "mine"
    verify(manifest)
    assert torch.equal(load_tensors(manifest)["weight"], network.weight.half().float())
    assert told(manifest).endswith(f" MiB, {manifest.sha256[:12]}.")
    export_model(folder, network.state_dict(), "plain", **facts)  # takes the place of the first
    assert (folder / "CARD.md").read_text(encoding="utf-8") == "plain"
    assert read_notes(None) == ""


def test_a_name_that_is_none_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(MienError, match="no name for a model"):
        export_model(tmp_path / "default", nn.Linear(1, 1), CARD, title="", kind="locator")
    assert not list(tmp_path.iterdir())
