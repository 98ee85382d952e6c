"""The panel of layers and steps, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QMessageBox

import gui.dialogs.messages
import gui.panels.snapshots
from engine.edit.compositor import Composite
from engine.edit.session import read_session, write_session
from engine.face.finder import FaceFrame
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def two(qtbot, opened: MainWindow, hand, fake) -> MainWindow:
    """Two holes filled, the panel shown; the upper fill lies partly on the lower."""
    opened.actions_["layers"].setChecked(True)
    opened.canvas.set_brush(60, 1.0)
    hand.stroke((100, 100))
    hand.fill()
    hand.stroke((120, 100))
    hand.fill()
    return opened


def texts(window: MainWindow) -> list[str]:
    steps = window.layers.steps
    return [steps.item(row).text() for row in range(steps.count())]


def test_every_step_is_named_and_can_be_gone_to(two: MainWindow) -> None:
    document, steps = two.document, two.layers.steps
    assert texts(two) == ["As opened", "Brush", "Fill", "Brush", "Fill"]
    assert steps.currentRow() == 4
    shown = document.pixels
    steps.itemClicked.emit(steps.item(2))
    assert document.history.position == 2
    assert len(document.edit.layers) == 1
    assert two.layers.layers.count() == 1
    steps.itemClicked.emit(steps.item(0))
    assert np.array_equal(document.pixels, document.photo.pixels)
    steps.itemClicked.emit(steps.item(4))
    assert np.array_equal(document.pixels, shown)


def test_a_layer_is_hidden_and_shown(two: MainWindow) -> None:
    document, layers = two.document, two.layers.layers
    layers.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert document.pixels[100, 140].tolist() != [0, 255, 0]
    assert document.pixels[100, 80].tolist() == [0, 255, 0]
    assert document.is_changed
    layers.item(0).setCheckState(Qt.CheckState.Checked)
    assert document.pixels[100, 140].tolist() == [0, 255, 0]
    assert document.history.titles[-2:] == ["Hide a layer", "Show a layer"]
    two.actions_["undo"].trigger()
    assert layers.item(0).checkState() == Qt.CheckState.Unchecked


def test_a_layer_is_made_fainter_in_one_step(two: MainWindow) -> None:
    document, panel = two.document, two.layers
    steps = document.history.position
    before = document.photo.pixels[100, 140].astype(int)
    panel.opacity.setSliderDown(True)
    for percent in (90, 70, 50):
        panel.opacity.setValue(percent)
    panel.opacity.setSliderDown(False)
    assert document.pixels[100, 140] == pytest.approx((before + np.array([0, 255, 0])) / 2, abs=2)
    assert document.history.position == steps + 1
    panel.opacity.setValue(20)
    assert document.history.position == steps + 2
    two.actions_["undo"].trigger()
    assert panel.opacity.value() == 50
    two.actions_["undo"].trigger()
    assert panel.opacity.value() == 100
    assert document.pixels[100, 140].tolist() == [0, 255, 0]


def test_layers_change_places(qtbot, two: MainWindow, fake, hand) -> None:
    two.actions_["more"].trigger()
    qtbot.waitUntil(lambda: two.document.pixels[100, 140].tolist() == [1, 255, 0])
    assert two.document.pixels[100, 110].tolist() == [1, 255, 0]
    panel = two.layers
    assert not panel.up.isEnabled()
    panel.down.click()
    assert two.document.pixels[100, 110].tolist() == [0, 255, 0]
    assert two.document.pixels[100, 140].tolist() == [1, 255, 0]
    assert two.document.history.titles[-1] == "Layer down"
    assert panel.layers.currentRow() == 1
    panel.up.click()
    assert two.document.pixels[100, 110].tolist() == [1, 255, 0]


def test_a_hidden_panel_lists_nothing(opened: MainWindow, hand) -> None:
    assert not opened.layers.isVisible()
    hand.stroke((100, 100))
    assert opened.layers.steps.count() == 0
    opened.actions_["layers"].setChecked(True)
    assert texts(opened) == ["As opened", "Brush"]


def test_a_layer_is_deleted_and_comes_back(qtbot, two: MainWindow) -> None:
    document, layers = two.document, two.layers.layers
    filled = document.pixels.copy()
    layers.setCurrentRow(0)
    qtbot.mouseClick(two.layers.delete, LEFT)
    assert layers.count() == 1
    assert document.pixels[100, 140].tolist() != [0, 255, 0]
    assert document.pixels[100, 80].tolist() == [0, 255, 0]
    layers.setFocus()
    qtbot.keyClick(layers, Qt.Key.Key_Delete)
    assert np.array_equal(document.pixels, document.photo.pixels)
    assert document.history.titles[-2:] == ["Delete the layer"] * 2
    document.history.undo()
    document.history.undo()
    assert np.array_equal(document.pixels, filled)


def type_name(qtbot, view, name: str) -> None:
    """Into the editor that is open over an entry."""
    (editor,) = view.findChildren(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, name)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not view.findChildren(QLineEdit))


def test_a_layer_is_renamed_and_its_other_fills_with_it(
    qtbot, two: MainWindow, hand, tmp_path
) -> None:
    document, layers = two.document, two.layers.layers
    place = layers.visualItemRect(layers.item(0)).center()
    qtbot.mouseClick(layers.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(layers.viewport(), LEFT, pos=place)
    type_name(qtbot, layers, "left cheek")
    qtbot.waitUntil(lambda: layers.item(0).text().split("\n")[0] == "left cheek")
    assert document.history.titles[-1] == "Rename the layer"
    two.editor.more()
    qtbot.waitUntil(lambda: not two.editor.is_busy)
    assert layers.item(0).text().startswith("left cheek\n")
    saved = write_session(document.edit, tmp_path / "a.mien")
    assert read_session(saved).layers[-1].name == "left cheek"
    document.history.go(0)
    document.history.go(4)
    assert not layers.item(0).text().startswith("left cheek")


def test_snapshots_outlive_undo_and_sessions(qtbot, two: MainWindow, tmp_path, monkeypatch) -> None:
    document, panel = two.document, two.layers.snapshots
    filled = document.pixels.copy()
    qtbot.mouseClick(panel.take, LEFT)
    assert panel.list.item(0).text() == "Snapshot 1"
    type_name(qtbot, panel.list, "both cheeks")
    document.history.go(0)
    assert panel.list.count() == 1
    document.set_mask(document.edit.mask.inverted(), "Invert")
    qtbot.waitUntil(lambda: panel.list.item(0).text() == "both cheeks")
    place = panel.list.visualItemRect(panel.list.item(0)).center()
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=place)
    assert np.array_equal(document.pixels, filled)
    assert not document.has_mask
    document.history.undo()
    assert document.has_mask
    saved = write_session(document.edit, tmp_path / "a.mien")
    (kept,) = read_session(saved).snapshots
    assert kept.name == "both cheeks"
    assert len(kept.edit.layers) == 2
    assert np.array_equal(Composite(kept.edit.photo, kept.edit.layers).photo().pixels, filled)
    panel.list.setCurrentRow(0)
    answers = [False, True]
    monkeypatch.setattr(gui.panels.snapshots, "may_delete", lambda *_: answers.pop(0))
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert len(document.edit.snapshots) == 1
    panel.list.setCurrentRow(0)
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert not document.edit.snapshots
    assert panel.list.isHidden()


def test_a_snapshot_brings_back_all_that_was_made(faced: MainWindow) -> None:
    document = faced.document
    document.take_snapshot("before")
    document.set_frames([FaceFrame(200, 100, 60, 60)])
    framed = document.edit.frames
    document.take_snapshot("framed")
    document.go_to_snapshot(0)  # same layers, same mask
    assert not document.edit.frames
    document.go_to_snapshot(1)
    assert document.edit.frames == framed
    titles = document.history.titles
    document.go_to_snapshot(1)  # it is there: no step
    assert document.history.titles == titles


def test_work_that_only_a_snapshot_holds_is_asked_about(
    qtbot, two: MainWindow, tmp_path, monkeypatch
) -> None:
    document, tab = two.document, two.document.tab
    assert tab is not None
    document.history.mark_saved()
    two.editor.saving.save_session(tmp_path / "a.mien")
    qtbot.waitUntil(lambda: not two.editor.is_busy)
    assert tab.is_saved
    document.take_snapshot("both cheeks")
    assert not tab.is_saved  # taken since
    asked: list[str] = []
    cancel = QMessageBox.StandardButton.Cancel
    monkeypatch.setattr(
        gui.dialogs.messages,
        "ask_to_save_snapshots",
        lambda _w, name: asked.append(name) or cancel,
    )
    two.files.close()
    assert asked == [tab.name]
    two.editor.saving.save_session(tmp_path / "a.mien")
    qtbot.waitUntil(lambda: not two.editor.is_busy)
    assert tab.is_saved


def test_a_snapshot_of_nothing_is_no_work(opened: MainWindow) -> None:
    document = opened.document
    document.take_snapshot("as it was opened")
    assert not document.edit.has_work
    assert not document.is_changed
    document.set_mask(document.edit.mask.inverted(), "Invert")
    document.take_snapshot("all")
    document.history.go(0)
    assert document.edit.has_work  # so the file for a crash is written
    assert document.is_changed
    document.history.mark_saved()
