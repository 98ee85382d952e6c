"""What the editor asks before something is lost: files that others changed, masks that look wrong,
masks that hug what they hide."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from engine.photo import open_photo
from gui.dialogs import messages
from gui.main_window import MainWindow
from tests.gui.gestures import idle


def paint_over(path: Path, colour: str) -> None:
    Image.new("RGB", (400, 300), colour).save(path)


@pytest.fixture
def asked(monkeypatch) -> list:
    """What `ask_to_replace` was asked; the answers are taken from `asked.answers`."""

    class Asked(list):
        answers: list[str] = []  # noqa: RUF012 - set by each test

    heard = Asked()

    def ask(_window, name: str) -> str:
        heard.append(name)
        return heard.answers.pop(0)

    monkeypatch.setattr(messages, "ask_to_replace", ask)
    return heard


# Files that another program changed.


def test_the_original_that_another_program_changed_is_not_replaced_unasked(
    qtbot, opened: MainWindow, hand, photo_path: Path, monkeypatch, asked
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    paint_over(photo_path, "red")
    names = [str(photo_path)]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (names[0], "PNG (*.png)"))
    asked.answers = ["", messages.REPLACE]
    opened.actions_["save_as"].trigger()
    qtbot.waitUntil(lambda: len(asked) == 1)
    idle(qtbot, opened)
    assert (open_photo(photo_path).pixels == (255, 0, 0)).all()
    assert opened.document.is_changed
    opened.actions_["save_as"].trigger()
    qtbot.waitUntil(lambda: not opened.document.is_changed)
    assert asked == [photo_path.name] * 2
    assert np.array_equal(open_photo(photo_path).pixels, opened.document.pixels)


def test_a_saved_file_that_another_program_changed_is_asked_about_once(
    qtbot, opened: MainWindow, hand, monkeypatch, asked, tmp_path: Path
) -> None:
    target, elsewhere = tmp_path / "a.png", tmp_path / "b.png"
    names = iter([target, elsewhere])
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(next(names)), "PNG (*.png)")
    )
    hand.stroke((100, 100))
    hand.fill()
    opened.actions_["save"].trigger()
    qtbot.waitUntil(lambda: opened.document.path == target)
    hand.stroke((200, 200))
    hand.fill()
    opened.actions_["save"].trigger()  # what we wrote ourselves is no change
    qtbot.waitUntil(lambda: not opened.document.is_changed)
    assert asked == []
    hand.stroke((300, 100))
    hand.fill()
    paint_over(target, "blue")
    asked.answers = [messages.ELSEWHERE]
    opened.actions_["save"].trigger()
    qtbot.waitUntil(lambda: opened.document.path == elsewhere)
    assert (open_photo(target).pixels == (0, 0, 255)).all()
    assert np.array_equal(open_photo(elsewhere).pixels, opened.document.pixels)


def test_what_follows_a_save_follows_a_replacing_one_alone(
    qtbot, opened: MainWindow, hand, monkeypatch, asked, photo_path: Path
) -> None:
    hand.stroke((100, 100))
    hand.fill()
    paint_over(photo_path, "red")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(photo_path), "PNG (*.png)"))
    followed = []
    asked.answers = ["", messages.REPLACE]
    opened.files.save_as(lambda: followed.append("saved"))
    qtbot.waitUntil(lambda: len(asked) == 1)
    idle(qtbot, opened)
    assert followed == []
    opened.files.save_as(lambda: followed.append("saved"))
    qtbot.waitUntil(lambda: followed == ["saved"])


def test_a_session_that_another_program_changed_is_asked_about(
    qtbot, opened: MainWindow, hand, monkeypatch, asked, tmp_path: Path
) -> None:
    path = tmp_path / "a.mien"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    hand.stroke((100, 100))
    opened.actions_["save_session"].trigger()
    qtbot.waitUntil(lambda: opened.document.session == path)
    idle(qtbot, opened)
    path.write_bytes(b"another's")
    asked.answers = [""]
    opened.actions_["save_session"].trigger()
    qtbot.waitUntil(lambda: bool(asked))
    idle(qtbot, opened)
    assert path.read_bytes() == b"another's"


# Masks out of files.


def mask_file(folder: Path, values: np.ndarray) -> Path:
    path = folder / "m.png"
    Image.fromarray(values).save(path)
    return path


def inverted_mask() -> np.ndarray:
    values = np.full((300, 400), 255, np.uint8)
    values[100:150, 120:200] = 0
    return values


@pytest.mark.parametrize("answer", ["", messages.INVERTED, messages.AS_IT_IS])
def test_a_mask_that_looks_inverted_is_asked_about(
    qtbot, opened: MainWindow, monkeypatch, tmp_path: Path, answer: str
) -> None:
    values, heard = inverted_mask(), []

    def ask(_window, name: str, share: float) -> str:
        heard.append((name, share))
        return answer

    monkeypatch.setattr(messages, "ask_about_mask", ask)
    opened.editor.mask_work.open(mask_file(tmp_path, values))
    qtbot.waitUntil(lambda: bool(heard))
    idle(qtbot, opened)
    assert heard == [("m.png", pytest.approx(1 - 50 * 80 / 120_000, abs=0.01))]
    if answer == messages.INVERTED:
        assert opened.document.mask[120, 150] == 255
        assert opened.document.mask[10, 10] == 0
    elif answer == messages.AS_IT_IS:
        assert np.array_equal(opened.document.mask, values)
    else:
        assert not opened.document.has_mask


def test_the_question_offers_no_inversion_of_a_mask_that_is_all_white(window, monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(messages.Question, "exec", lambda self: shown.append(set(self.buttons)))
    assert messages.ask_about_mask(window, "m.png", 1.0) == ""
    assert messages.ask_about_mask(window, "m.png", 0.9) == ""
    assert shown == [{"", messages.AS_IT_IS}, {"", messages.AS_IT_IS, messages.INVERTED}]


def hugged(tmp_path: Path) -> tuple[Path, Path]:
    """A photo with a dark disc that has a soft rim, and a mask of its body alone."""
    disc = np.zeros((300, 400), np.uint8)
    cv2.circle(disc, (200, 150), 40, 255, -1)
    dark = cv2.GaussianBlur(disc, (0, 0), 1.5)[..., None] / 255
    pixels = 215 * (1 - dark) + 15 * dark
    Image.fromarray(np.repeat(pixels, 3, 2).astype(np.uint8)).save(tmp_path / "disc.png")
    return tmp_path / "disc.png", mask_file(tmp_path, disc)


def test_a_mask_that_hugs_is_grown_and_one_press_takes_that_back(
    qtbot, window: MainWindow, tmp_path: Path
) -> None:
    photo, mask = hugged(tmp_path)
    window.open(photo)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.editor.mask_work.open(mask)
    qtbot.waitUntil(lambda: window.document.has_mask)
    idle(qtbot, window)
    assert window.document.history.titles == ["Open a mask", "Grow to fit"]
    assert window.document.mask[150, 242] == 255
    assert "grown by" in window.status._message.text()
    assert window.status.undo.isVisible()
    qtbot.mouseClick(window.status.undo, Qt.MouseButton.LeftButton)
    assert np.array_equal(window.document.mask, np.array(Image.open(mask)))
    assert not window.status.undo.isVisible()


def test_taking_a_growth_back_later_takes_nothing_else_back(
    qtbot, window: MainWindow, tmp_path: Path, hand
) -> None:
    photo, mask = hugged(tmp_path)
    window.open(photo)
    qtbot.waitUntil(lambda: window.document.faces is not None)
    window.editor.mask_work.open(mask)
    qtbot.waitUntil(lambda: window.status.undo.isVisible())
    hand.stroke((50, 50))
    steps = window.document.history.titles
    qtbot.mouseClick(window.status.undo, Qt.MouseButton.LeftButton)
    assert window.document.history.titles == steps
    assert window.document.mask[50, 50] == 255


def test_a_mask_is_left_alone_in_an_even_photo(qtbot, opened: MainWindow, tmp_path: Path) -> None:
    values = np.zeros((300, 400), np.uint8)
    values[100:150, 120:200] = 255
    opened.editor.mask_work.open(mask_file(tmp_path, values))
    qtbot.waitUntil(lambda: opened.document.has_mask)
    idle(qtbot, opened)
    assert opened.document.history.titles == ["Open a mask"]
    assert np.array_equal(opened.document.mask, values)
    assert not opened.status.undo.isVisible()
