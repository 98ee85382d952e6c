"""The faces of the photo: which is chosen, its removal, and the parts one click masks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import parts
from gui.actions import Actions, button_for, check_for
from gui.document import Document
from gui.editor import faces_line
from gui.panels.widgets import Chooser, shrinkable
from gui.translation import tr


class FacesSection(QWidget):
    """Signal `face_chosen` with a face's number; everything else is an action."""

    face_chosen = Signal(int)

    def __init__(self, actions: Actions, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.line = QLabel()
        self.line.setWordWrap(True)
        self.chooser = Chooser(tr("Chosen face"))
        self.chooser.setToolTip(
            tr("The face that is read and masked; its number on the photo chooses it")
        )
        self.chooser.chosen.connect(self.face_chosen.emit)
        shrinkable(self.chooser)
        self.remove = button_for(actions, "face_remove", tr("Remove"))
        self.remove.setObjectName("small")
        # Stands beside the section's title, wherever that is.
        self.everyone = check_for(actions, "parts_all", tr("All faces"))
        self.everyone.setParent(self)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(self.line, 1)
        first.addWidget(self.chooser, 1)
        first.addWidget(self.remove)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.parts = {}
        for number, (name, text) in enumerate(parts.NAMES.items()):
            button = button_for(actions, f"part_{name}", tr(text))
            button.setObjectName("small")
            shrinkable(button)
            grid.addWidget(button, number // 3, number % 3)
            self.parts[name] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        column.addLayout(first)
        column.addLayout(grid)
        for signal in (document.faces_changed, document.selected_changed):
            signal.connect(self._show)
        self._show()

    def _show(self, *_: object) -> None:
        """How many there are, in words, and which of them is chosen."""
        document = self._document
        count, selected = len(document.subjects), document.selected
        line = tr("No photo yet")
        if document.is_open:
            known = document.faces is not None
            line = faces_line(count) if known else tr("Looking for faces…")
        self.line.setText(line)
        if self.chooser.count() != count:
            self.chooser.clear()
            for number in range(count):
                text = tr("Face {number} of {count}").format(number=number + 1, count=count)
                self.chooser.addItem(text, number)
        self.chooser.setCurrentIndex(min(selected, count - 1))
        self.chooser.setVisible(count > 1)
        self.line.setVisible(count <= 1)
        self.remove.setVisible(count > 0)
        self.everyone.setVisible(count > 1)
