"""The catalogue: what is installed is whole, and what is not is said."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from engine.base.errors import MienError
from engine.catalogue import weights
from engine.doctor import examine


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
        assert manifest.name == manifest.folder.name
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


def change(manifest: weights.Manifest, **values: object) -> Path:
    """The model's folder, its manifest changed."""
    path = manifest.folder / weights.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return manifest.folder


@pytest.mark.parametrize(
    "values",
    [
        {"name": "../../x"},
        {"name": "/tmp/x"},
        {"name": ".."},
        {"name": ""},
        {"name": "default"},
        {"name": 7},
        {"file": "../generator.safetensors"},
        {"file": "/etc/hostname"},
        {"modules": {"file": "../../x", "sha256": ""}},
        {"modules": {}, "native_crop": "256"},
        {"modules": []},
    ],
)
def test_a_manifest_whose_names_lead_elsewhere_is_refused(
    own_models: Path, tmp_path_factory, values: dict
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    source = change(write(elsewhere, "gift"), **values)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(MienError, match=r"not a model's manifest"):
        weights.import_model(source)
    assert not list(own_models.iterdir())
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize("name", ["../x", "a/b", "", "default", ".hidden", "dot."])
def test_no_model_is_written_under_a_name_that_is_none(own_models: Path, name: str) -> None:
    with pytest.raises(MienError, match="no name for a model"):
        weights.write_model(
            own_models / "x", {"w": torch.ones(1)}, "", name=name, title="", kind="generator"
        )
    assert not list(own_models.iterdir())


def test_importing_takes_the_model_and_nothing_else(own_models: Path, tmp_path_factory) -> None:
    source = write(tmp_path_factory.mktemp("elsewhere"), "gift").folder
    (source / "autorun.exe").write_bytes(b"x")
    manifest = weights.import_model(source)
    names = {path.name for path in manifest.folder.iterdir()}
    assert names == {"manifest.json", "generator.safetensors", "CARD.md"}
    assert [path.name for path in own_models.iterdir()] == ["gift"]


@pytest.mark.parametrize("fails", ["folder", "disk"])
def test_a_model_stays_until_the_new_one_is_in_its_place(
    own_models: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    old = write(own_models)
    real = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        # Whatever is being put in its place cannot be: the model itself may still move.
        if Path(target).name == "mine" and self.name.endswith(".new"):
            raise OSError("refused")
        return real(self, target)

    if fails == "folder":
        monkeypatch.setattr(Path, "replace", refuse)
    else:
        monkeypatch.setattr("safetensors.torch.save_file", _full)
    with pytest.raises(OSError, match="refused"):
        write(own_models)
    assert weights.find("mine") == old
    weights.verify(weights.find("mine"))


def _full(*_: object) -> None:
    raise OSError("refused")


def test_a_model_survives_a_crash_between_two_renames(own_models: Path) -> None:
    manifest = write(own_models)
    manifest.folder.rename(own_models / ".mine.old")
    shutil.copytree(own_models / ".mine.old", own_models / ".mine.new")
    found = weights.find("mine")
    weights.verify(found)
    assert sum(m.name == "mine" for m in weights.installed()) == 1
    write(own_models)
    assert weights.find("mine").folder == own_models / "mine"
    assert [path.name for path in own_models.iterdir()] == ["mine"]


def test_doctor_tells_what_a_question_needs() -> None:
    findings = json.loads(json.dumps(examine()))
    assert findings["generator"]["parameters"] == 9_037_443
    assert "cpu" in findings["devices"]
    assert all(row["state"] == "ok" and len(row["sha256"]) == 64 for row in findings["models"])
    assert findings["packages"]["torch"].startswith("2.")
    assert findings["models_folder"] == os.environ["MIEN_MODELS"]


def test_a_model_of_a_format_that_nothing_runs_is_refused_in_a_sentence(tmp_path, monkeypatch):
    from engine.catalogue.weights import find_filler, load_tensors, write_model

    monkeypatch.setenv("MIEN_MODELS", str(tmp_path))
    tensors = {"weight": torch.zeros(1)}
    facts = {"name": "far", "title": "Far", "kind": "generator", "format": "onnx"}
    manifest = write_model(tmp_path / "far", tensors, "card", **facts)
    assert json.loads((tmp_path / "far" / "manifest.json").read_text())["format"] == "onnx"
    for refuse in (lambda: find_filler("far"), lambda: load_tensors(manifest)):
        with pytest.raises(MienError, match=r"in the format onnx.*safetensors"):
            refuse()
