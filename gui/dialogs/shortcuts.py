"""Every shortcut in one view, where each can be changed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.actions import Actions, plain
from gui.base.screen import open_at, room_on
from gui.commands.catalogue import COMMANDS
from gui.dialogs.palette import place_of
from gui.panels.widgets import quiet
from gui.translation import tr

NATIVE, PORTABLE = QKeySequence.SequenceFormat.NativeText, QKeySequence.SequenceFormat.PortableText
MOST_COLUMNS = 3
BESIDE, HIGHEST = 60, 760  # pixels of margins and the scroll bar; of the dialog's height
ALONE = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class ShortcutsDialog(QDialog):
    """Every shortcut, by menu; a press on one takes the next keys for it."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self._actions = actions
        self.keys: dict[str, KeyButton] = {}
        groups: dict[str, list[tuple[str, QWidget]]] = {}
        for command in COMMANDS:
            if command.shortcut or self._own(command.name):
                button = self.keys[command.name] = KeyButton(plain(tr(command.text)))
                button.show_keys(actions[command.name].shortcut().toString(NATIVE))
                button.taken.connect(lambda keys, name=command.name: self.take(name, keys))
                row = plain(tr(command.text)), button
                groups.setdefault(place_of(command), []).append(row)
        fixed = [
            (tr("Move the view"), tr("Space + drag, middle button")),
            (tr("Zoom at the pointer"), tr("Wheel")),
            (tr("Brush size"), tr("Alt + wheel")),
            (tr("Straight stroke"), tr("Shift + click")),
            (tr("Take away (lasso, rectangle)"), tr("Alt + drag")),
            (tr("Erase with a pen"), tr("Its other end")),
            (tr("See the photo as opened"), "C"),
            (tr("Choose a face"), tr("Click its number")),
            (tr("Next landmark (landmark tool)"), "PgDn"),
            (tr("Move a landmark"), tr("Arrow keys")),
            (tr("Release a landmark"), tr("Alt + click, Delete")),
        ]
        groups[tr("On the photo")] = [(text, quiet(keys)) for text, keys in fixed]
        room = room_on(self.screen().availableSize()).width() - BESIDE
        body = _sheet(groups, MOST_COLUMNS)
        for count in range(MOST_COLUMNS - 1, 0, -1):
            if body.sizeHint().width() > room:
                body = _sheet(groups, count)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setStyleSheet(
            f"QScrollArea {{ background: {theme.colours().window}; border: none; }}"
        )
        body.setStyleSheet(f"#inspectorBody {{ background: {theme.colours().window}; }}")
        scroll.setWidget(body)
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        self.told = quiet(
            tr("Press a shortcut, then the keys it is to have; Backspace takes it away.")
        )
        self.told.setWordWrap(True)
        self.reset = QPushButton(tr("As they were"))
        self.reset.setAutoDefault(False)
        self.reset.clicked.connect(self._reset)
        below = QHBoxLayout()
        below.setSpacing(9)
        below.addWidget(self.told, 1)
        below.addWidget(self.reset)
        below.addWidget(close)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 16)
        outer.addWidget(scroll, 1)
        outer.addLayout(below)
        wanted = body.sizeHint()
        open_at(self, wanted.width() + BESIDE, min(wanted.height() + 90, HIGHEST))

    def _own(self, name: str) -> str:
        """The keys that a command has now, as they are written down."""
        return self._actions[name].shortcut().toString(PORTABLE)

    def take(self, name: str, keys: str) -> None:
        """Other keys for a command; "" takes them away."""
        other = self._actions.with_shortcut(keys) if keys else None
        self._actions.set_shortcut(name, keys)
        lost = other if other != name else None
        text = tr("{keys} was {other}'s, which has none now.") if lost else ""
        if lost:
            shown = QKeySequence(keys).toString(NATIVE)
            text = text.format(keys=shown, other=plain(self._actions[lost].text()))
        self.told.setText(text)
        self._show()

    def _reset(self) -> None:
        self._actions.reset_shortcuts()
        self.told.setText(tr("All shortcuts are as they came."))
        self._show()

    def _show(self) -> None:
        for name, button in self.keys.items():
            button.show_keys(self._actions[name].shortcut().toString(NATIVE))


class KeyButton(QPushButton):
    """The keys of a command. Signal `taken` with those pressed while it waits, "" for none."""

    taken = Signal(str)

    def __init__(self, command: str) -> None:
        super().__init__()
        self.setObjectName("keys")
        self.setCheckable(True)
        self.setAutoDefault(False)
        self._command, self._keys = command, ""
        self.toggled.connect(lambda _on: self._say())

    def show_keys(self, keys: str) -> None:
        self._keys = keys
        self.setChecked(False)
        self._say()

    def _say(self) -> None:
        self.setText(tr("Press keys…") if self.isChecked() else self._keys or "—")
        self.setAccessibleName(f"{self._command}: {self.text()}")

    def event(self, event: QEvent) -> bool:
        """While it waits every key is its own, Tab and Escape too."""
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if self.isChecked() and event.type() in kinds and isinstance(event, QKeyEvent):
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self._take(event)
            return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setChecked(False)

    def _take(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in ALONE:
            return  # what is held first
        if key == Qt.Key.Key_Escape:
            self.setChecked(False)
        elif key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and not event.modifiers():
            self.taken.emit("")
        else:
            self.taken.emit(QKeySequence(event.keyCombination()).toString(PORTABLE))


def _sheet(groups: dict[str, list[tuple[str, QWidget]]], count: int) -> QWidget:
    """All groups in so many columns at most. What stands in them may be in a sheet already: it goes
    over into this one."""
    body, columns = QWidget(), QHBoxLayout()
    body.setObjectName("inspectorBody")
    columns.setSpacing(34)
    rows = sum(len(group) + 2 for group in groups.values())
    grid, filled = _column(columns), 0
    for title, group in groups.items():
        if filled and filled + len(group) / 2 > rows / count and columns.count() < count:
            grid.setRowStretch(grid.rowCount(), 1)
            grid, filled = _column(columns), 0
        _list(grid, title, group)
        filled += len(group) + 2
    grid.setRowStretch(grid.rowCount(), 1)
    body.setLayout(columns)
    return body


def _column(columns: QHBoxLayout) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(22)
    grid.setVerticalSpacing(5)
    columns.addLayout(grid)
    return grid


def _list(grid: QGridLayout, title: str, rows: list[tuple[str, QWidget]]) -> None:
    head = QLabel(title.upper())
    head.setObjectName("section")
    at = grid.rowCount()
    if at > 1:
        grid.setRowMinimumHeight(at, 12)
        at += 1
    grid.addWidget(head, at, 0, 1, 2)
    for number, (text, keys) in enumerate(rows, at + 1):
        grid.addWidget(QLabel(text), number, 0)
        grid.addWidget(keys, number, 1, Qt.AlignmentFlag.AlignRight)
