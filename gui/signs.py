"""Material Design's signs as icons, out of the font that comes with qtawesome.

qtawesome itself is not asked: it reads and checks twelve fonts before it draws the first sign, and
imports all of Qt through a layer of its own, which together were a third of the program's start.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

FONT = "materialdesignicons6-webfont"
SHARE = 0.875  # of an icon's height that its letter is high: the font's lines are whole pixels then


@lru_cache(maxsize=1)
def _font() -> tuple[str, dict[str, str]]:
    """(the font's family, the code of each sign's letter in hexadecimal digits)."""
    found = find_spec("qtawesome")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("The package qtawesome is missing; install Mien again.")
    folder = Path(found.submodule_search_locations[0]) / "fonts"
    letters = json.loads(next(folder.glob(f"{FONT}-charmap-*.json")).read_text("utf-8"))
    (file,) = folder.glob(f"{FONT}-*.ttf")
    number = QFontDatabase.addApplicationFont(str(file))
    return QFontDatabase.applicationFontFamilies(number)[0], letters


class _Letter(QIconEngine):
    """A letter, drawn as large as it is asked for."""

    def __init__(self, letter: str, family: str, usual: str, disabled: str, on: str) -> None:
        super().__init__()
        self._letter, self._family = letter, family
        self._usual, self._disabled, self._on = usual, disabled, on

    def clone(self) -> QIconEngine:
        """The same for another icon."""
        return _Letter(self._letter, self._family, self._usual, self._disabled, self._on)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """In the colour of the state."""
        colour = self._on if state == QIcon.State.On else self._usual
        if mode == QIcon.Mode.Disabled:
            colour = self._disabled
        font = QFont(self._family)
        font.setPixelSize(max(1, round(SHARE * rect.height())))
        font.setHintingPreference(QFont.HintingPreference.PreferFullHinting)
        painter.save()
        painter.setPen(QColor(colour))
        painter.setFont(font)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), self._letter)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """The same on nothing."""
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return picture


@lru_cache(maxsize=256)
def sign(name: str, usual: str, disabled: str, on: str) -> QIcon:
    """The sign of a name in these colours. Raises KeyError for a name the font does not know."""
    family, letters = _font()
    return QIcon(_Letter(chr(int(letters[name], 16)), family, usual, disabled, on))
