"""Lists of the panel of layers: plain, and with entries that can be renamed and deleted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QStyledItemDelegate, QWidget

from gui.translation import tr

KEY = Qt.ItemDataRole.UserRole  # what an entry is known by
TITLE = KEY + 1  # its name, of what it says
LONGEST = 60  # characters of a name


class PlainList(QListWidget):
    """Entries one below the other, as wide as the panel."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setUniformItemSizes(True)


class NamedList(PlainList):
    """Entries that a double click or F2 renames, and Delete deletes. Signals: `named` with what an
    entry is known by (KEY) and the name typed, "" for the one it has by itself; `deleted` with what
    the entry is known by. picture: pixels of the width of pictures left of the names."""

    named = Signal(object, str)
    deleted = Signal(object)

    def __init__(self, name: str, picture: int = 0) -> None:
        super().__init__(name)
        delegate = _Names(self, picture)
        delegate.named.connect(self.named)
        self.setItemDelegate(delegate)
        triggers = QListWidget.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            event.accept()  # the list's, not a face's
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and item is not None:
            self.deleted.emit(item.data(KEY))
        else:
            super().keyPressEvent(event)


class _Names(QStyledItemDelegate):
    """Edits an entry's name alone, whatever else it says."""

    named = Signal(object, str)

    def __init__(self, parent: QWidget, picture: int) -> None:
        super().__init__(parent)
        self._left = picture + 26 if picture else 2

    def createEditor(self, parent: QWidget, option, index) -> QWidget:
        return _Editor(parent)

    def setEditorData(self, editor: QWidget, index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(index.data(TITLE))
            editor.setMaxLength(LONGEST)
            editor.setAccessibleName(tr("Name"))

    def setModelData(self, editor: QWidget, model, index) -> None:
        if isinstance(editor, QLineEdit) and editor.isModified():
            key, name = index.data(KEY), editor.text().strip()
            # The list is made anew by it, and the editor is still open.
            QTimer.singleShot(0, lambda: self.named.emit(key, name))

    def updateEditorGeometry(self, editor: QWidget, option, index) -> None:
        rect = QRect(option.rect)
        rect.setLeft(rect.left() + self._left)
        rect.setHeight(min(rect.height(), 30))
        editor.setGeometry(rect)


class _Editor(QLineEdit):
    """Every key is its own while a name is typed: Enter ends it, and fills nothing."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)
