"""The small button beside the brush's size: what it is measured in."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from gui import theme
from gui.brush_size import FACE, PHOTO, SCREEN
from gui.panels.widgets import give_focus_back
from gui.translation import tr

ICONS = {PHOTO: "image-outline", SCREEN: "monitor", FACE: "face-man-outline"}


class UnitButton(QToolButton):
    """Signal `chosen` with a unit of `gui.brush_size`."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("unit")
        self.unit = PHOTO
        self.setIconSize(QSize(16, 16))
        self.setFixedSize(26, 24)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu, group = QMenu(self), QActionGroup(self)
        self._actions = {}
        for unit, text in words().items():
            action = self._actions[unit] = menu.addAction(text)
            action.setCheckable(True)
            group.addAction(action)
            action.triggered.connect(lambda _=False, u=unit: self.chosen.emit(u))
        menu.aboutToHide.connect(lambda: give_focus_back(self))
        self.setMenu(menu)
        theme.themes().rethemed.connect(self._tint)
        self.show_unit(PHOTO)

    @property
    def words(self) -> str:
        """What the number means."""
        return words()[self.unit]

    def show_unit(self, unit: str) -> None:
        """What is in use."""
        self.unit = unit
        self._actions[unit].setChecked(True)
        self.setToolTip(self.words)
        self.setAccessibleName(tr("Measured in") + ": " + self.words)
        self._tint()

    def _tint(self) -> None:
        self.setIcon(theme.icon(ICONS[self.unit]))


def words() -> dict[str, str]:
    """What the units are called."""
    return {
        PHOTO: tr("The brush's width in pixels of the photo"),
        SCREEN: tr("In pixels of the screen, whatever the zoom"),
        FACE: tr("In per cent of the distance between the eyes of the chosen face"),
    }
