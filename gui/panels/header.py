"""The strip on top: which photo, and the things done most."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from gui.actions import Actions, button_for
from gui.document import Document
from gui.editor import Editor
from gui.panels.widgets import Elided
from gui.translation import tr


class Header(QWidget):
    """`held` tells whether the button that shows the photo as opened is pressed."""

    held = Signal(bool)

    def __init__(
        self,
        actions: Actions,
        document: Document,
        editor: Editor,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._editor = document, editor
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        brand = QLabel("Mien")
        brand.setObjectName("brand")
        self._file = Elided()
        self._file.setObjectName("quiet")
        self.compare = QPushButton(tr("Hold to compare"))
        self.compare.setToolTip(tr("Shows the photo as it was opened while pressed  (C)"))
        self.compare.pressed.connect(lambda: self.held.emit(True))
        self.compare.released.connect(lambda: self.held.emit(False))
        self.split = button_for(actions, "split", tr("Before / after"))
        self.save = button_for(actions, "save_as", tr("Save as…"))
        self.export = button_for(actions, "export", tr("Export") + "…")
        self.fill = button_for(actions, "fill", tr("Fill") + "  ↵")
        self.fill.setObjectName("primary")
        self._widest = 0  # of what the button says; it keeps the room, so that nothing moves
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 14, 8)
        row.setSpacing(9)
        row.addWidget(brand)
        row.addSpacing(8)
        row.addWidget(self._file, 1)
        for button in (self.compare, self.split, self.save, self.export, self.fill):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        for signal in (document.opened, document.history.changed, document.renamed):
            signal.connect(self._show_file)
        for signal in (document.opened, document.mask_changed, document.nodes_changed):
            signal.connect(self._show_refill)
        for signal in (editor.results.changed, editor.options_changed):
            signal.connect(self._show_refill)
        self._show_file()
        self._show_refill()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        for text in (tr("Fill again"), tr("Fill")):
            self.fill.setText(text + "  ↵")
            self.fill.ensurePolished()
            self._widest = max(self._widest, self.fill.sizeHint().width())
        self.fill.setMinimumWidth(self._widest)
        self._show_refill()

    def _show_refill(self, *_: object) -> None:
        """Whether the settings are others than those the shown hole was filled with; the button
        stands out where it has something to do."""
        again = self._document.is_open and self._editor.refill() is not None
        idle = not (again or self._document.has_mask)
        if idle != self.fill.property("idle"):
            self.fill.setProperty("idle", idle)
            self.fill.style().unpolish(self.fill)
            self.fill.style().polish(self.fill)
        self.fill.setText((tr("Fill again") if again else tr("Fill")) + "  ↵")

    def _show_file(self) -> None:
        """The photo's name and size, with a dot while it has unsaved fills."""
        document = self._document
        dot, (width, height) = "● " if document.is_changed else "", document.size
        name = "" if document.tab is None else document.tab.name
        self._file.show_text(f"{dot}{name}  —  {width} × {height}" if name else "")
        self.compare.setEnabled(document.is_open)
