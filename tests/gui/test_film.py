"""A folder as a sitting: the arrow keys go through it, each photo says what became of it, and mask
or settings go along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication

from engine.mask import Mask
from engine.mask.move import moved
from engine.photo import photo_from_array, save_photo
from gui.film import CHANGED, DONE, OPEN, natural
from gui.main_window import MainWindow
from gui.panels.film import PLACE, STATE
from gui.thumbnails import Wanted
from tests.gui.conftest import face_at
from tests.gui.gestures import fill, idle, stroke, tabs

RIGHT, LEFT = Qt.Key.Key_Right, Qt.Key.Key_Left
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def folder(tmp_path: Path, fake) -> Path:
    """Twelve photos; the face of the second lies elsewhere and is half as large."""
    folder = tmp_path / "sitting"
    folder.mkdir()
    for number in range(1, 13):
        size = 300 + number, 260
        pixels = np.full((size[1], size[0], 3), 15 * number, np.uint8)
        save_photo(photo_from_array(pixels), folder / f"IMG_{number}.png")
        fake.shown[size] = (face_at(40, 40, 200),)
    fake.shown[(302, 260)] = (face_at(150, 100, 100),)
    return folder


@pytest.fixture
def sitting(qtbot, window: MainWindow, folder: Path) -> MainWindow:
    window.open(folder / "IMG_1.png")
    qtbot.waitUntil(lambda: window.film.place == 0 and bool(window.document.faces))
    return window


def gone_to(qtbot, window: MainWindow, name: str) -> None:
    qtbot.waitUntil(lambda: window.document.path is not None and window.document.path.name == name)
    qtbot.waitUntil(lambda: window.document.faces is not None)


def test_names_stand_in_the_order_of_people() -> None:
    names = ["IMG_10.jpg", "img_9.jpg", "IMG_1.jpg", "A.jpg", "사진 2.jpg", "사진 11.jpg"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural)]
    assert ordered == ["A.jpg", "IMG_1.jpg", "img_9.jpg", "IMG_10.jpg", "사진 2.jpg", "사진 11.jpg"]


def test_the_arrow_keys_go_through_the_folder_and_leave_no_row_of_tabs(
    qtbot, sitting: MainWindow
) -> None:
    for number in (2, 3, 4):
        qtbot.keyClick(sitting.canvas, RIGHT)
        gone_to(qtbot, sitting, f"IMG_{number}.png")
    # What was opened by hand stays; what was only passed through does not.
    assert [tab.name for tab in tabs(sitting)] == ["IMG_1.png", "IMG_4.png"]
    stroke(qtbot, sitting, (100, 100), (140, 100))
    qtbot.keyClick(sitting.canvas, RIGHT)
    gone_to(qtbot, sitting, "IMG_5.png")
    assert [tab.name for tab in tabs(sitting)] == ["IMG_1.png", "IMG_4.png", "IMG_5.png"]
    qtbot.keyClick(sitting.canvas, LEFT)
    gone_to(qtbot, sitting, "IMG_4.png")
    assert sitting.document.has_mask
    for _ in range(3):
        qtbot.keyClick(sitting.canvas, LEFT)
        qtbot.waitUntil(lambda: not sitting.film._opening)
    gone_to(qtbot, sitting, "IMG_1.png")
    qtbot.keyClick(sitting.canvas, LEFT)
    assert "no further photo" in sitting.status._message.text()


def test_a_chosen_landmark_takes_the_arrow_keys_first(qtbot, sitting: MainWindow) -> None:
    sitting.actions_["tool_node"].trigger()
    sitting.canvas.nodes.chosen = (0, 61)
    qtbot.keyClick(sitting.canvas, RIGHT)
    qtbot.wait(50)
    assert sitting.film.place == 0
    sitting.canvas.nodes.chosen = None
    qtbot.keyClick(sitting.canvas, RIGHT)
    gone_to(qtbot, sitting, "IMG_2.png")


def test_the_strip_shows_the_folder_and_what_became_of_each(
    qtbot, sitting: MainWindow, folder: Path
) -> None:
    strip = sitting.film_strip
    assert strip.isHidden()
    qtbot.keyClick(sitting.canvas, Qt.Key.Key_T)
    assert strip.isVisible()
    model = strip.list.model()

    def state(row: int) -> str:
        return model.index(row, 0).data(STATE)

    assert [model.index(row, 0).data(PLACE).name for row in (0, 9)] == ["IMG_1.png", "IMG_10.png"]
    assert strip.list.currentIndex().row() == 0
    assert (state(0), state(1)) == (OPEN, "")
    stroke(qtbot, sitting, (100, 100), (140, 100))
    fill(qtbot, sitting)
    assert state(0) == CHANGED
    sitting.editor.saving.save(folder / "IMG_1-mien.png", overwrite=False)
    idle(qtbot, sitting)
    qtbot.waitUntil(lambda: model.rowCount() == 13)
    assert state(0) == DONE
    place = strip.list.visualRect(model.index(4, 0)).center()
    qtbot.mouseClick(strip.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    name = model.index(4, 0).data(PLACE).name
    gone_to(qtbot, sitting, name)
    assert strip.list.currentIndex().row() == 4
    # A picture is drawn of what is in view.
    qtbot.waitUntil(lambda: len(sitting.thumbnails._made) >= 5)
    # And what was saved beside a photo is known at the next start, too.
    assert sitting.film.state(folder / "IMG_1.png") == DONE


def test_the_strip_of_another_language_hears_of_pictures_alone(
    qtbot, sitting: MainWindow, folder: Path
) -> None:
    try:
        sitting.speak("ko")
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        with qtbot.captureExceptions() as raised:
            sitting.thumbnails.made.emit(Wanted(folder / "IMG_1.png", 40))
    finally:
        sitting.speak("en")
    assert not raised


def test_nothing_is_carried_while_another_photo_is_being_opened(
    sitting: MainWindow, folder: Path
) -> None:
    sitting.film.go(folder / "IMG_5.png")
    sitting.film.carry(settings=False)
    assert sitting.film._carried is None


def test_a_mask_goes_along_to_where_the_face_lies(qtbot, sitting: MainWindow) -> None:
    sitting.canvas.set_brush(20, 1.0)
    stroke(qtbot, sitting, (140, 140), (141, 140))  # at the middle of the face
    qtbot.keyClick(sitting.canvas, RIGHT, CONTROL)
    gone_to(qtbot, sitting, "IMG_2.png")
    qtbot.waitUntil(lambda: sitting.document.has_mask)
    y, x = np.nonzero(sitting.document.mask > 127)
    assert (x.mean(), y.mean()) == pytest.approx((200, 150), abs=1)
    assert np.ptp(x) == pytest.approx(10, abs=2)  # half as large, as the face is
    assert sitting.document.history.titles == ["Mask of IMG_1.png"]


def test_the_mask_of_a_fill_goes_along_and_settings_with_it(qtbot, sitting: MainWindow) -> None:
    sitting.modules.ask("happiness")
    sitting.masks.clear()
    stroke(qtbot, sitting, (100, 100), (140, 100))
    fill(qtbot, sitting)
    qtbot.keyClick(sitting.canvas, RIGHT, CONTROL | SHIFT)
    gone_to(qtbot, sitting, "IMG_2.png")
    qtbot.waitUntil(lambda: sitting.document.has_mask)
    assert sitting.editor.options.emotion == "happiness"
    qtbot.keyClick(sitting.canvas, RIGHT)
    gone_to(qtbot, sitting, "IMG_3.png")
    assert sitting.editor.options.emotion == "keep"


def test_a_photo_that_cannot_be_opened_stops_nobody(
    qtbot, sitting: MainWindow, folder: Path, monkeypatch
) -> None:
    monkeypatch.setattr("gui.main_window.FailureDialog.exec", lambda _self: None)
    (folder / "IMG_2.png").write_bytes(b"no photo")
    with qtbot.waitSignal(sitting.editor.failed):
        qtbot.keyClick(sitting.canvas, RIGHT)
    sitting.film.go(folder / "IMG_3.png")
    gone_to(qtbot, sitting, "IMG_3.png")


def test_a_mask_is_moved_by_whole_pixels_and_turned() -> None:
    pixels = np.zeros((20, 30), np.uint8)
    pixels[4:8, 5:9] = 255
    right = moved(Mask(pixels), np.array([[1, 0, 3], [0, 1, 2]]), (40, 25))
    assert right.pixels.shape == (25, 40)
    assert np.array_equal(right.pixels[6:10, 8:12], np.full((4, 4), 255))
    assert right.pixels.sum() == pixels.sum()
    larger = moved(Mask(pixels), np.array([[2, 0, 0], [0, 2, 0]]), (60, 40))
    assert (larger.pixels > 127).sum() == pytest.approx(64, abs=4)
