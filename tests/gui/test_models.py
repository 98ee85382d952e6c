"""The models' window: looked through, imported by file, removed, filled with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from safetensors.torch import load_file, save_file

import gui.dialogs.models
from engine.base.errors import MienError
from engine.catalogue.imported import import_file, remove_model
from engine.catalogue.weights import checksum, find, user_folder, write_model
from gui.dialogs.models import ModelsDialog
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def own(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("MIEN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The weights of the shipped generator, changed, as a file with a name alone."""
    tensors = load_file(str(find("mien-2").path))
    tensors = {name: torch.zeros_like(one) for name, one in tensors.items()}
    save_file(tensors, str(tmp_path / "studio.safetensors"))
    return tmp_path / "studio.safetensors"


@pytest.fixture
def dialog(qtbot, window: MainWindow, own: Path) -> Iterator[ModelsDialog]:
    shown = ModelsDialog(window.choices.model, window)
    shown.chosen.connect(window.choices.use_model)
    shown.listed.connect(window.choices.list_models)
    yield shown
    shown.accept()


def rows(dialog: ModelsDialog) -> dict[str, list[str]]:
    items = [dialog.list.topLevelItem(n) for n in range(dialog.list.topLevelItemCount())]
    return {item.text(0): [item.text(n) for n in range(1, 5)] for item in items}


def test_what_is_installed_is_listed_and_checked(qtbot, dialog: ModelsDialog) -> None:
    listed = rows(dialog)
    assert listed["Mien 2"][0] == "fills: sharpens"
    assert listed["Mien 2"][3] == "fills with it"
    assert dialog.model is not None
    assert dialog.model.name == "mien-2"
    assert not dialog.use.isEnabled()
    assert not dialog.remove.isEnabled()
    qtbot.mouseClick(dialog.check, LEFT)
    good = "All files are what their checksums say."
    qtbot.waitUntil(lambda: dialog.told.text() == good, timeout=20_000)
    assert {cells[3] for cells in rows(dialog).values()} == {"whole"}


def test_a_file_is_imported_used_and_removed(
    qtbot, dialog: ModelsDialog, window: MainWindow, weights: Path, own: Path, monkeypatch
) -> None:
    dialog.take(weights)
    qtbot.waitUntil(lambda: "studio" in rows(dialog), timeout=20_000)
    assert checksum(weights) in dialog.told.text()
    assert window.inspector.model.findData("studio") >= 0
    assert dialog.model is not None
    assert dialog.model.name == "studio"
    qtbot.mouseClick(dialog.use, LEFT)
    assert window.editor.options.model == "studio"
    assert rows(dialog)["studio"][3] == "fills with it"
    monkeypatch.setattr(gui.dialogs.models, "may_delete", lambda *_: True)
    qtbot.mouseClick(dialog.remove, LEFT)
    assert "studio" not in rows(dialog)
    assert not (own / "studio").exists()
    assert window.choices.model == "mien-2"
    assert window.inspector.model.currentData() == "mien-2"


def test_what_is_no_model_is_told_in_a_sentence(
    qtbot, dialog: ModelsDialog, tmp_path: Path, own: Path
) -> None:
    for name, data, told in (
        ("a.pt", b"pickle", "no .safetensors file"),
        ("b.safetensors", b"nonsense", "damaged or no .safetensors file"),
        ("c.safetensors", None, "no network that Mien fills with"),
    ):
        path = tmp_path / name
        if data is None:
            save_file({"w": torch.zeros(3)}, str(path))
        else:
            path.write_bytes(data)
        dialog.take(path)
        qtbot.waitUntil(lambda told=told: told in dialog.told.text())
    assert not own.exists() or not list(own.iterdir())


def test_a_file_beside_its_manifest_keeps_its_name_and_facts(own: Path, weights: Path) -> None:
    made = import_file(weights, "one")
    elsewhere = own.parent / "elsewhere"
    (own / "one").rename(elsewhere)
    again = import_file(elsewhere / made.file, "another name")
    assert (again.name, again.sha256) == ("one", made.sha256)
    with pytest.raises(MienError, match="installed already"):
        import_file(weights, "one")
    with pytest.raises(MienError, match="came with Mien"):
        remove_model(find("prior"))
    assert user_folder() == own


def test_a_library_of_faces_is_chosen_for_its_detail(
    qtbot, dialog: ModelsDialog, window: MainWindow, own: Path, monkeypatch
) -> None:
    assert window.inspector.exemplars.isHidden()
    tensors = {"shape": torch.zeros(2)}
    write_model(own / "studio", tensors, "", name="studio", title="Studio", kind="exemplars")
    dialog.refresh("studio")
    assert rows(dialog)["Studio"][0] == "faces of your own, for detail"
    qtbot.mouseClick(dialog.use, LEFT)
    assert window.editor.options.exemplars == "studio"
    assert window.editor.options.model == "default"
    chooser = window.inspector.exemplars
    assert not chooser.isHidden()
    assert chooser.currentText() == "Studio"
    assert rows(dialog)["Mien 2"][3] == "fills with it"
    qtbot.keyClick(chooser, Qt.Key.Key_Up)
    assert window.editor.options.exemplars == ""
    window.choices.use_model("studio")
    monkeypatch.setattr(gui.dialogs.models, "may_delete", lambda *_: True)
    dialog.refresh("studio")
    qtbot.mouseClick(dialog.remove, LEFT)
    assert window.editor.options.exemplars == ""
    assert chooser.isHidden()
