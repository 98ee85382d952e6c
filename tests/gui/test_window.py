"""The editor as a person uses it: clicks, keys, drags, and what comes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

import gui.dialogs.messages
import gui.main_window
from engine.photo import open_photo
from gui.main_window import MainWindow
from tests.gui.gestures import at, fill, stroke


def test_without_a_photo_only_opening_is_possible(window: MainWindow) -> None:
    assert window.stage.currentWidget() is window.welcome
    act = window.actions_
    assert act["open"].isEnabled()
    assert not any(act[n].isEnabled() for n in ("save_as", "fill", "undo", "split", "mask_invert"))


def test_opening_shows_the_photo_whole(opened: MainWindow, photo_path: Path) -> None:
    assert opened.stage.currentWidget() is opened.canvas
    assert photo_path.name in opened.windowTitle()
    assert opened.settings.recent() == [photo_path]
    corners = [opened.canvas.view.to_widget(*p) for p in ((0, 0), (400, 300))]
    assert opened.canvas.rect().contains(corners[0].toPoint())
    assert opened.canvas.rect().contains(corners[1].toPoint())


def test_a_stroke_paints_where_the_mouse_goes(qtbot, opened: MainWindow) -> None:
    stroke(qtbot, opened, (100, 100), (200, 150))
    mask = opened.document.mask
    assert mask[100, 100] == mask[150, 200] == mask[125, 150] == 255
    assert mask[250, 350] == 0
    assert opened.actions_["fill"].isEnabled()


def test_enter_fills_and_undo_takes_back_step_by_step(qtbot, opened: MainWindow, fake) -> None:
    document = opened.document
    before = document.pixels.copy()
    stroke(qtbot, opened, (100, 100), (120, 100))
    painted = document.mask.copy()
    fill(qtbot, opened)
    assert document.pixels[100, 110].tolist() == [0, 255, 0]
    assert np.array_equal(document.pixels[painted == 0], before[painted == 0])
    assert document.is_changed
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(document.pixels, before)
    assert np.array_equal(document.mask, painted)
    assert not document.is_changed
    opened.actions_["undo"].trigger()
    assert not document.has_mask
    opened.actions_["redo"].trigger()
    opened.actions_["redo"].trigger()
    assert document.pixels[100, 110].tolist() == [0, 255, 0]
    assert not opened.actions_["redo"].isEnabled()


def test_escape_cancels_a_running_fill(qtbot, opened: MainWindow, fake) -> None:
    stroke(qtbot, opened, (100, 100))
    before = opened.document.pixels.copy()
    fake.gate.clear()
    opened.actions_["fill"].trigger()
    qtbot.waitUntil(fake.started.is_set)
    qtbot.waitUntil(lambda: opened.status.stage.text() == "Sharpening")
    assert opened.status.bar.isVisible()
    assert not opened.actions_["fill"].isEnabled()
    qtbot.keyClick(opened.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not opened.editor.is_busy)
    assert np.array_equal(opened.document.pixels, before)
    assert opened.document.has_mask
    assert not opened.status.bar.isVisible()


def test_a_failed_fill_opens_a_dialog_and_loses_nothing(
    qtbot, opened: MainWindow, fake, monkeypatch
) -> None:
    shown = []
    monkeypatch.setattr(gui.main_window.FailureDialog, "exec", lambda self: shown.append(self))
    stroke(qtbot, opened, (100, 100))
    fake.error = "The weights are damaged; reinstall Mien."
    opened.actions_["fill"].trigger()
    qtbot.waitUntil(lambda: bool(shown))
    assert isinstance(shown[0], QDialog)
    assert "MienError" in shown[0].detail.toPlainText()
    assert opened.document.has_mask
    assert not opened.editor.is_busy


@pytest.mark.parametrize("leaves", [False, True])
def test_closing_while_a_fill_runs_asks_and_is_safe(
    qtbot, opened: MainWindow, fake, monkeypatch, leaves
) -> None:
    stroke(qtbot, opened, (100, 100))
    fake.gate.clear()
    opened.actions_["fill"].trigger()
    qtbot.waitUntil(fake.started.is_set)
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_stop_fill", lambda *_: leaves)
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_drop_mask", lambda *_: leaves)
    assert opened.close() == leaves
    assert leaves or opened.editor.is_filling


def test_a_mask_that_was_not_filled_is_asked_about(
    qtbot, opened: MainWindow, monkeypatch, tmp_path: Path
) -> None:
    asked = []
    monkeypatch.setattr(
        gui.dialogs.messages, "ask_to_drop_mask", lambda _window, name: asked.append(name) or False
    )
    assert opened.files.may_leave()
    stroke(qtbot, opened, (100, 100))
    painted = opened.document.mask.copy()
    assert not opened.close()
    opened.actions_["close"].trigger()
    assert len(asked) == 2
    assert np.array_equal(opened.document.mask, painted)


def test_closing_a_photo_while_a_fill_runs_drops_the_fill(
    qtbot, opened: MainWindow, fake, monkeypatch, tmp_path: Path
) -> None:
    stroke(qtbot, opened, (100, 100))
    fake.gate.clear()
    opened.actions_["fill"].trigger()
    qtbot.waitUntil(fake.started.is_set)
    Image.new("RGB", (90, 70), "red").save(tmp_path / "red.png")
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_stop_fill", lambda *_: True)
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_drop_mask", lambda *_: True)
    opened.actions_["close"].trigger()
    assert not opened.document.is_open
    assert opened.stage.currentWidget() is opened.welcome
    opened.open(tmp_path / "red.png")
    qtbot.waitUntil(lambda: opened.document.size == (90, 70))
    fake.gate.set()
    qtbot.waitUntil(lambda: not opened.editor.desk.is_busy)
    assert (opened.document.pixels == (255, 0, 0)).all()


def test_saving_writes_the_fill_and_spares_the_original(
    qtbot, opened: MainWindow, photo_path: Path, monkeypatch
) -> None:
    original = photo_path.read_bytes()
    target = photo_path.with_name("결과.png")
    stroke(qtbot, opened, (100, 100))
    fill(qtbot, opened)
    suggested = []

    def choose(parent, title, start, *rest):
        suggested.append(start)
        return str(target), "PNG (*.png)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    opened.actions_["save"].trigger()  # the first save of an opened photo asks for a name
    qtbot.waitUntil(target.exists)
    qtbot.waitUntil(lambda: not opened.editor.is_busy)
    assert suggested[0].endswith("-mien.png")
    assert photo_path.read_bytes() == original
    assert np.array_equal(open_photo(target).pixels, opened.document.pixels)
    assert not opened.document.is_changed
    stroke(qtbot, opened, (200, 200))
    fill(qtbot, opened)
    assert opened.document.is_changed
    opened.actions_["save"].trigger()  # the second goes to the same file without asking
    qtbot.waitUntil(lambda: not opened.document.is_changed)
    assert len(suggested) == 1


@pytest.mark.parametrize(
    ("answer", "closes"),
    [(QMessageBox.StandardButton.Cancel, False), (QMessageBox.StandardButton.Discard, True)],
)
def test_unsaved_fills_are_asked_about(
    qtbot, opened: MainWindow, monkeypatch, answer, closes
) -> None:
    stroke(qtbot, opened, (100, 100))
    fill(qtbot, opened)
    monkeypatch.setattr(gui.dialogs.messages, "ask_to_save", lambda *_: answer)
    assert opened.close() == closes


def test_a_file_that_is_no_photo_leaves_the_old_one(
    qtbot, opened: MainWindow, tmp_path: Path, monkeypatch
) -> None:
    shown = []
    monkeypatch.setattr(gui.main_window.FailureDialog, "exec", lambda self: shown.append(self))
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    opened.open(tmp_path / "bad.jpg")
    qtbot.waitUntil(lambda: bool(shown))
    assert opened.document.size == (400, 300)


def test_dropping_a_photo_opens_it(qtbot, window: MainWindow, photo_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(photo_path))])
    drop = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    qtbot.waitUntil(lambda: window.document.is_open)


def test_a_copied_picture_can_be_pasted(qtbot, window: MainWindow) -> None:
    image = QImage(33, 21, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.blue)
    QGuiApplication.clipboard().setImage(image)
    window.actions_["paste"].trigger()
    qtbot.waitUntil(lambda: window.document.is_open)
    assert window.document.size == (33, 21)
    assert window.document.pixels[5, 5].tolist() == [0, 0, 255]


def test_settings_are_kept(qtbot, pick, opened: MainWindow, settings, fake) -> None:
    opened.canvas.set_brush(77, 0.3)
    pick(opened.inspector.model, "prior")
    opened.actions_["mesh"].setChecked(False)
    opened.close()
    again = MainWindow(settings, lambda: fake)
    assert again.canvas.brush.size == 77
    assert again.editor.options.model == "prior"
    assert not again.canvas.mesh_shown
    again.close()


def test_a_photo_of_other_colours_is_shown_in_the_screens(
    qtbot, window: MainWindow, tmp_path: Path, hand
) -> None:
    import imagecodecs

    profile = bytes(imagecodecs.cms_profile("adobergb"))
    Image.new("RGB", (90, 70), (120, 200, 40)).save(tmp_path / "wide.png", icc_profile=profile)
    window.open(tmp_path / "wide.png")
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.canvas.leaveEvent(None)
    document, spot = window.document, at(window, 45, 35)
    wanted = document.photo.rgb8[35, 45].tolist()
    assert wanted != [120, 200, 40]
    shown = window.canvas.grab().toImage().pixelColor(spot)
    assert [shown.red(), shown.green(), shown.blue()] == pytest.approx(wanted, abs=2)
    window.canvas.set_brush(20, 1.0)
    hand.stroke((45, 35))
    hand.fill()
    window.canvas.leaveEvent(None)
    # The file keeps its own colours, the screen shows them as they are meant.
    assert document.pixels[35, 45].tolist() == [0, 255, 0]
    wanted = document.photo.to_srgb(document.pixels)[35, 45].tolist()
    shown = window.canvas.grab().toImage().pixelColor(at(window, 45, 35))
    assert [shown.red(), shown.green(), shown.blue()] == pytest.approx(wanted, abs=2)
