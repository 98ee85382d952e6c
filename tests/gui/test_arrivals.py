"""What comes to the editor: dropped files by their content, half a file, kept work, a second
start."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QLockFile, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

import gui.dialogs.messages as messages
from engine.base import libraries
from engine.edit.edit import new_edit
from engine.edit.session import reference_of, write_session
from engine.photo import open_photo, photo_from_array, save_photo
from gui.app import bring_forward
from gui.dialogs.recovery import RecoveryDialog
from gui.instance import Instance
from gui.keeper import Orphan
from gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, LEFT, none))


def test_what_cannot_be_opened_is_said(qtbot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(b"x")
    drop(window, tmp_path / "letter.docx")
    told = "letter.docx is no photo Mien opens"
    qtbot.waitUntil(lambda: window.status._message.text().startswith(told))


def test_a_folder_opens_a_batch(qtbot, window: MainWindow, photo_path: Path) -> None:
    drop(window, photo_path.parent)
    qtbot.waitUntil(lambda: window.batches.dialog is not None)
    assert window.batches.dialog.inputs == (photo_path.parent,)
    assert window.batches.dialog.isVisible()


@pytest.mark.parametrize("name", ["photo", "photo.download", "photo.txt"])
def test_a_photo_is_one_whatever_it_is_called(
    qtbot, window: MainWindow, photo_path: Path, name: str
) -> None:
    path = photo_path.rename(photo_path.with_name(name))
    drop(window, path)
    qtbot.waitUntil(lambda: window.document.path == path)


@pytest.mark.parametrize("answer", [messages.MASK, messages.PHOTO, ""])
def test_a_dropped_mask_of_the_photos_size_is_offered_as_that(
    qtbot, opened: MainWindow, tmp_path: Path, monkeypatch, answer: str
) -> None:
    asked = []
    monkeypatch.setattr(messages, "ask_what_it_is", lambda _w, name: asked.append(name) or answer)
    hole = np.zeros((300, 400), np.uint8)
    hole[50:120, 60:200] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    drop(opened, tmp_path / "mask.png")
    if answer == messages.MASK:
        qtbot.waitUntil(lambda: opened.document.has_mask)
        assert opened.document.mask[80, 100] == 255
    elif answer == messages.PHOTO:
        qtbot.waitUntil(lambda: len(opened.editor.tabs) == 2)
    else:
        qtbot.waitUntil(lambda: bool(asked))
        assert len(opened.editor.tabs) == 1
    assert asked == ["mask.png"]


def test_a_photo_of_the_same_size_is_simply_opened(
    qtbot, opened: MainWindow, photo_path: Path
) -> None:
    again = save_photo(open_photo(photo_path), photo_path.with_name("again.png"))
    drop(opened, again)
    qtbot.waitUntil(lambda: opened.document.path == again)


@pytest.mark.parametrize("answer", ["open", "leave"])
def test_of_a_file_that_ends_early_the_part_that_is_there_can_be_opened(
    qtbot, window: MainWindow, tmp_path: Path, monkeypatch, answer: str
) -> None:
    rng = np.random.default_rng(0)
    photo = photo_from_array(rng.integers(0, 255, (400, 300, 3)).astype(np.uint8))
    half = save_photo(photo, tmp_path / "half.jpg")
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    seen = []

    def answered(question: messages.Question) -> int:
        assert question.buttons["open"].text() == "Open the part that is there"
        question.buttons[answer].click()
        seen.append(answer)
        return 0

    monkeypatch.setattr(messages.Question, "exec", answered)
    window.open(half)
    qtbot.waitUntil(lambda: bool(seen))
    if answer == "open":
        qtbot.waitUntil(lambda: window.document.is_open)
        assert window.document.size == (300, 400)
    else:
        assert not window.document.is_open


@pytest.fixture
def orphans(tmp_path: Path, photo_path: Path) -> list[Orphan]:
    photo = open_photo(photo_path)
    left = []
    for name in "ab":
        path = write_session(new_edit(photo), tmp_path / f"{name}.mien", reference_of(photo))
        left.append(Orphan(path, photo_path.name, QLockFile(str(tmp_path / f"{name}.lock"))))
    return left


def test_kept_work_is_one_list(qtbot, window: MainWindow, orphans: list[Orphan]) -> None:
    dialog = RecoveryDialog(orphans, window)
    qtbot.addWidget(dialog)
    assert dialog.list.count() == 2
    assert dialog.list.item(0).text().startswith("사진.png\n")
    size = dialog.list.item(0).icon().availableSizes()[0]
    assert size.width() / size.height() == pytest.approx(400 / 300, abs=0.05)
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    qtbot.mouseClick(dialog.go_on, LEFT)
    assert (dialog.taken, dialog.given_up) == ([orphans[1]], [])


def test_nothing_ticked_nothing_done(qtbot, window: MainWindow, orphans: list[Orphan]) -> None:
    dialog = RecoveryDialog(orphans, window)
    qtbot.addWidget(dialog)
    for row in range(2):
        dialog.list.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.go_on.isEnabled()
    assert not dialog.delete.isEnabled()
    qtbot.mouseClick(dialog.later, LEFT)
    assert (dialog.taken, dialog.given_up) == ([], [])


def test_a_second_start_hands_its_photos_over(
    qtbot, window: MainWindow, photo_path: Path, tmp_path: Path
) -> None:
    first, second = Instance(tmp_path), Instance(tmp_path)
    assert first.begin()
    assert not second.begin()
    window.raise_ = lambda: None  # type: ignore[method-assign]  # no window system here has it
    first.asked.connect(lambda paths: bring_forward(window, paths))
    taken: list[bool] = []
    asking = threading.Thread(target=lambda: taken.append(second.hand_over([photo_path])))
    asking.start()
    qtbot.waitUntil(lambda: window.document.path == photo_path)
    asking.join()
    assert taken == [True]
    first.end()
    assert second.begin()
    second.end()


def test_an_editor_that_hangs_keeps_nobody_from_working(tmp_path: Path, photo_path: Path) -> None:
    first, second = Instance(tmp_path), Instance(tmp_path)
    assert first.begin()  # its events are not looked at
    assert not second.hand_over([photo_path], patience=0.1)
    assert not list((tmp_path / "asked").glob("*.asked"))
    first.end()


def test_what_is_asked_is_plain_text(tmp_path: Path, monkeypatch) -> None:
    """Names of any alphabet, made whole: a start in another folder names the same file."""
    monkeypatch.chdir(tmp_path)
    told = []
    monkeypatch.setattr("gui.instance.write_atomically", lambda path, write: write(_Into(told)))
    assert Instance(tmp_path).hand_over([Path("사진.png")])
    assert json.loads(told[0]) == [str(tmp_path / "사진.png")]


class _Into:
    def __init__(self, told: list) -> None:
        self.write = told.append


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DISPLAY": ":0"}, "libmien-none.so.0"),
        ({"QT_QPA_PLATFORM": "xcb"}, "libmien-none.so.0"),
        ({"QT_QPA_PLATFORM": "offscreen"}, None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, None),
    ],
)
def test_a_library_that_a_window_needs_is_named_before_qt_gives_up(
    monkeypatch, environment: dict, named: str | None
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(libraries, "X11_LIBRARIES", ("libmien-none.so.0",))
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    assert libraries.missing_for_window() == named
