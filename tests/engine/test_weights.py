"""The catalogue: what is installed is whole, and what is not is said."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from engine.doctor import examine
from engine.errors import MienError
from engine.generator import weights


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path))
    return tmp_path


def write(folder: Path, name: str = "mine") -> weights.Manifest:
    tensors = {"w": torch.linspace(-1, 1, 9).view(3, 3)}
    return weights.write_model(
        folder / name, tensors, "card", name=name, title="Mine", kind="generator"
    )


def test_the_bundled_models_are_whole_and_small() -> None:
    bundled = [m for m in weights.installed() if m.folder.parent == weights.bundled_folder()]
    assert {"prior", "generator"} <= {m.kind for m in bundled}
    assert sum(m.default for m in bundled) == 1
    for manifest in bundled:
        weights.verify(manifest)
        assert manifest.bytes < 20 * 2**20
        assert (manifest.folder / "CARD.md").stat().st_size > 500
        assert manifest.licence
        assert manifest.figures


def test_halves_are_widened_on_loading(own_models: Path) -> None:
    manifest = write(own_models)
    tensors = weights.load_tensors(weights.find("mine"))
    assert tensors["w"].dtype == torch.float32
    assert manifest.bytes == manifest.path.stat().st_size


def test_a_changed_file_is_refused(own_models: Path) -> None:
    manifest = write(own_models)
    data = bytearray(manifest.path.read_bytes())
    data[-1] ^= 1
    manifest.path.write_bytes(data)
    with pytest.raises(MienError, match="damaged"):
        weights.load_tensors(manifest)
    manifest.path.unlink()
    with pytest.raises(MienError, match="missing"):
        weights.verify(manifest)


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(MienError, match="prior"):
        weights.find("nonsense")


def test_a_broken_manifest_hides_nothing_else(own_models: Path) -> None:
    write(own_models)
    (own_models / "bad").mkdir()
    (own_models / "bad" / "manifest.json").write_text("{")
    assert "mine" in {m.name for m in weights.installed()}


def test_importing_copies_and_checks(own_models: Path, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    source = write(elsewhere, "gift").folder
    weights.import_model(source)
    shutil.rmtree(elsewhere)
    assert weights.find("gift").folder == own_models / "gift"
    with pytest.raises(MienError, match="installed already"):
        weights.import_model(own_models / "gift")


def test_doctor_tells_what_a_question_needs() -> None:
    findings = json.loads(json.dumps(examine()))
    assert findings["generator"]["parameters"] == 9_037_443
    assert "cpu" in findings["devices"]
    assert all(row["state"] == "ok" and len(row["sha256"]) == 64 for row in findings["models"])
    assert findings["packages"]["torch"].startswith("2.")
    assert findings["models_folder"] == os.environ["MIEN_MODELS"]
