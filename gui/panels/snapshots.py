"""Named states of the shown photo, to go back to whatever was done since."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.dialogs.questions import may_delete
from gui.document import Document
from gui.panels.lists import KEY, TITLE, NamedList
from gui.panels.widgets import give_focus_back, section
from gui.translation import tr

MOST_SHOWN = 4  # rows


class Snapshots(QWidget):
    """Everything it shows is read off the edit; a button takes a snapshot, a click goes to one."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.take, self.list = QToolButton(), NamedList(tr("Snapshots"))
        theme.Sign(self.take, "camera-plus-outline")
        text = tr("Keep the photo as it is now under a name")
        self.take.setToolTip(text)
        self.take.setAccessibleName(text)
        self.take.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.take.clicked.connect(self._take)
        # A click goes to one, so a double click cannot rename it, too.
        self.list.setEditTriggers(NamedList.EditTrigger.EditKeyPressed)
        self.list.itemClicked.connect(self._go)
        self.list.named.connect(self._name)
        self.list.deleted.connect(self._delete)
        head = QHBoxLayout()
        head.addWidget(section(tr("Snapshots")), 1)
        head.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.list)

    def refresh(self) -> None:
        """Show the photo's own."""
        document = self._document
        self.take.setEnabled(document.is_open)
        named = document.edit.snapshots if document.is_open else ()
        shown = [self.list.item(row).data(TITLE) for row in range(self.list.count())]
        if shown != [one.name for one in named]:
            self.list.clear()
            for number, one in enumerate(named):
                item = QListWidgetItem(one.name)
                item.setData(KEY, number)
                item.setData(TITLE, one.name)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                item.setToolTip(tr("Click to go back to it; F2 renames it, Del deletes it"))
                self.list.addItem(item)
        self.list.setVisible(bool(named))
        row = max(self.list.sizeHintForRow(0), 26)
        self.list.setFixedHeight(min(len(named), MOST_SHOWN) * row + 4)

    def _take(self) -> None:
        taken = {one.name for one in self._document.edit.snapshots}
        number = len(taken) + 1
        while (name := tr("Snapshot {number}").format(number=number)) in taken:
            number += 1
        self._document.take_snapshot(name)
        item = self.list.item(self.list.count() - 1)
        self.list.setCurrentItem(item)
        self.list.editItem(item)  # another name can be typed at once

    def _go(self, item: QListWidgetItem) -> None:
        self._document.go_to_snapshot(item.data(KEY))
        give_focus_back(self)

    def _name(self, number: int, name: str) -> None:
        if name:
            self._document.name_snapshot(number, name)
        give_focus_back(self)

    def _delete(self, number: int) -> None:
        name = self._document.edit.snapshots[number].name
        title = tr("Delete the snapshot '{name}'?").format(name=name)
        if may_delete(self, title, tr("It is gone for good; the photo stays as it looks now.")):
            self._document.delete_snapshot(number)
        give_focus_back(self)
