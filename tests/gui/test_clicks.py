"""The jobs of most sittings, by the pointer alone and by what is seen: none takes more than four
clicks (docs/editor.md has them in a table)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QListView,
    QMenu,
    QTreeView,
    QWidget,
)

from engine.photo import open_photo, photo_from_array
from gui.dialogs.export import ExportDialog
from gui.main_window import MainWindow
from tests.gui.gestures import at, idle

# Menus and dialogs grab the keyboard, which a platform without a display cannot give them.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

LEFT = Qt.MouseButton.LeftButton
SPOT = 120, 90


class Pointer:
    """A pointer that counts its clicks; what cannot be seen cannot be clicked."""

    def __init__(self, qtbot, window: MainWindow) -> None:
        self._bot, self.window, self.clicks = qtbot, window, 0

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        def there() -> QPoint:
            return widget.rect().center() if place is None else place

        # Laid out, not scrolled away, and nothing lies over it.
        self._bot.waitUntil(
            lambda: widget.isEnabled() and widget.visibleRegion().contains(there()), timeout=30_000
        )
        self.clicks += 1
        self._bot.mouseClick(widget, LEFT, pos=there())

    def command(self, menu: str, name: str) -> None:
        """A command of the menu bar: a click on the menu, a click on the command."""
        bar = self.window.menuBar()
        title = next(a for a in bar.actions() if a.text().replace("&", "") == menu)
        self.click(bar, bar.actionGeometry(title).center())
        shown = title.menu()
        assert isinstance(shown, QMenu)
        self._bot.waitUntil(shown.isVisible)
        self.click(shown, shown.actionGeometry(self.window.actions_[name]).center())

    def when_asked(self, *does: tuple[type[QDialog], Callable[[QDialog], None]]) -> list[type]:
        """Answer dialogs as they come: those of a kind by what is given for it. Returns what was
        answered, which fills as they are."""
        left, answered = list(does), []

        def look() -> None:
            dialog = QApplication.activeModalWidget()
            if left and isinstance(dialog, left[0][0]) and dialog.isVisible():
                kind, do = left.pop(0)
                answered.append(kind)
                try:
                    do(dialog)
                except BaseException:
                    dialog.reject()  # else the test would wait for ever
                    raise
            if left:
                QTimer.singleShot(30, look)

        look()
        return answered


@pytest.fixture
def pointer(qtbot, window: MainWindow, monkeypatch) -> Pointer:
    """Panels are closed and of the size that a small laptop leaves them."""
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    window.resize(1280, 760)
    return Pointer(qtbot, window)


@pytest.fixture
def filled(qtbot, window: MainWindow) -> Callable[[], None]:
    def wait() -> None:
        qtbot.waitUntil(lambda: bool(window.document.edit.layers))
        idle(qtbot, window)

    return wait


@pytest.mark.parametrize("thing", ["glasses", "face_mask"])
def test_what_is_worn_goes(faced, pointer, wears, qtbot, filled, thing: str) -> None:
    wears[thing] = 1
    pointer.click(faced.inspector.faces.parts[thing])
    idle(qtbot, faced)
    pointer.click(faced.header.fill)
    filled()
    assert pointer.clicks == 2
    assert (faced.document.pixels[..., 1] == 255).sum() >= 40 * 20


def test_a_blemish_goes(qtbot, window: MainWindow, pointer, filled) -> None:
    pixels = np.full((300, 400, 3), (214, 170, 146), np.uint8)
    cv2.circle(pixels, SPOT, 3, (140, 60, 60), cv2.FILLED)
    window.editor.opening.open_pasted(photo_from_array(pixels))
    qtbot.waitUntil(lambda: window.document.faces is not None)
    spot = window.actions_["tool_spot"]
    pointer.click(next(b for b in window.rail.findChildren(QWidget) if spot in b.actions()))
    pointer.click(window.canvas, at(window, *SPOT))
    filled()
    assert pointer.clicks == 2
    assert window.document.pixels[SPOT[1], SPOT[0]].tolist() == [0, 255, 0]
    assert window.document.pixels[SPOT[1], SPOT[0] + 60].tolist() == [214, 170, 146]


def test_scratches_go(qtbot, window: MainWindow, pointer, filled, tmp_path: Path) -> None:
    y, x = np.mgrid[:300, :400]
    plain = 120 + 30 * np.sin(x / 60) + 20 * np.cos(y / 50)
    print_ = np.repeat(plain[..., None], 3, 2).astype(np.uint8)
    cv2.line(print_, (60, 20), (90, 280), (250, 250, 250), 1, cv2.LINE_AA)
    Image.fromarray(print_).save(tmp_path / "print.png")
    window.open(tmp_path / "print.png")
    qtbot.waitUntil(lambda: window.document.faces is not None)
    pointer.command("Mask", "find_scratches")
    qtbot.waitUntil(lambda: window.document.has_mask, timeout=20_000)
    pointer.click(window.header.fill)
    filled()
    assert pointer.clicks == 3
    assert window.document.pixels[150, 75].tolist() == [0, 255, 0]


def test_a_variant_is_picked(qtbot, opened: MainWindow, pointer, hand, filled) -> None:
    hand.stroke((100, 100))
    qtbot.mouseClick(opened.header.fill, LEFT)
    filled()
    pointer.click(opened.strip.more)
    qtbot.waitUntil(lambda: len(opened.strip.buttons) == 2)
    idle(qtbot, opened)
    assert opened.document.pixels[100, 100].tolist() == [1, 255, 0]
    pointer.click(opened.strip.buttons[0])
    assert pointer.clicks == 2
    assert opened.document.pixels[100, 100].tolist() == [0, 255, 0]


def test_closed_eyes_open_from_another_photo(
    qtbot, blinking: MainWindow, pointer, awake: Path, fake, filled
) -> None:
    def choose(dialog: QDialog) -> None:
        views = dialog.findChild(QListView, "listView"), dialog.findChild(QTreeView, "treeView")
        names = next(view for view in views if view.isVisible())
        files, folder = names.model(), names.rootIndex()

        def listed() -> list[QModelIndex]:
            rows = [files.index(row, 0, folder) for row in range(files.rowCount(folder))]
            return [index for index in rows if index.data() == awake.name]

        qtbot.waitUntil(lambda: bool(listed()))
        (index,) = listed()
        pointer.click(names.viewport(), names.visualRect(index).center())
        pointer.click(dialog.findChild(QDialogButtonBox).buttons()[0])

    answered = pointer.when_asked((QFileDialog, choose))
    pointer.click(blinking.eye_offer.panel.take)
    filled()
    assert answered == [QFileDialog]
    assert pointer.clicks == 3
    assert fake.requests[-1].references[0].name == awake.name


def test_a_jpeg_of_a_chosen_size_is_saved(
    qtbot, window: MainWindow, pointer, tmp_path: Path
) -> None:
    Image.fromarray(np.full((900, 1200, 3), 90, np.uint8)).save(tmp_path / "large.png")
    window.open(tmp_path / "large.png")
    qtbot.waitUntil(lambda: window.document.faces is not None)

    def smaller(dialog: QDialog) -> None:
        assert isinstance(dialog, ExportDialog)
        pointer.click(dialog.longest.button("1080"))
        pointer.click(dialog.save)

    def save(dialog: QDialog) -> None:
        pointer.click(dialog.findChild(QDialogButtonBox).buttons()[0])

    answered = pointer.when_asked((ExportDialog, smaller), (QFileDialog, save))
    pointer.click(window.header.export)
    written = tmp_path / "large-export.jpg"
    qtbot.waitUntil(lambda: written.exists() and not window.editor.is_busy, timeout=20_000)
    assert answered == [ExportDialog, QFileDialog]
    assert pointer.clicks == 4
    assert open_photo(written).size == (1080, 810)
