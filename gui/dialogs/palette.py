"""Every command by its name: the palette that finds and runs one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.actions import Actions, plain
from gui.commands.catalogue import COMMANDS
from gui.commands.command import WITHIN, Command
from gui.translation import tr

WIDTH, ROW, SHOWN = 560, 34, 11
NAME = Qt.ItemDataRole.UserRole
PLACE, KEYS = NAME + 1, NAME + 2


class Palette(QDialog):
    """Type a part of a command's name, in the interface's language or in English; Enter runs it."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setWindowTitle(tr("Find a command"))
        self.setFixedWidth(WIDTH)
        self._actions = actions
        self.field, self.list = QLineEdit(), QListWidget()
        self.field.setPlaceholderText(tr("Find a command"))
        self.field.setAccessibleName(tr("Find a command"))
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._filter)
        self.list.setAccessibleName(tr("Commands"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFixedHeight(SHOWN * ROW + 4)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._run)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self._filter("")
        place = parent.mapToGlobal(parent.rect().center())
        self.move(place.x() - WIDTH // 2, parent.mapToGlobal(parent.rect().topLeft()).y() + 90)

    def _filter(self, typed: str) -> None:
        ranked = sorted(
            (rank, n) for n, command in enumerate(COMMANDS) if (rank := _rank(command, typed))
        )
        # What cannot be done now is listed last, and cannot be run.
        ranked.sort(key=lambda pair: not self._actions[COMMANDS[pair[1]].name].isEnabled())
        self.list.clear()
        for _, number in ranked:
            command = COMMANDS[number]
            action = self._actions[command.name]
            item = QListWidgetItem(action.icon(), plain(tr(command.text)))
            item.setData(NAME, command.name)
            item.setData(PLACE, place_of(command))
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item.setData(KEYS, keys)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, {place_of(command)}, {keys}"
            )
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        self.accept()  # first: a command may open a dialog of its own
        self._actions[item.data(NAME)].trigger()


class _Row(QStyledItemDelegate):
    """The name at the left; its menu and its shortcut, quiet, at the right."""

    def sizeHint(self, option, index) -> QSize:
        return QSize(WIDTH - 40, ROW)

    def paint(self, painter: QPainter, option, index) -> None:
        colours = theme.colours()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        able = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        if chosen and able:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 6, 6)
        text = colours.on_accent if chosen and able else colours.text if able else colours.quiet
        quiet = colours.on_accent if chosen and able else colours.quiet
        icon = index.data(Qt.ItemDataRole.DecorationRole)
        if icon is not None and not icon.isNull():
            place = QRectF(rect.left() + 12, rect.center().y() - 9, 18, 18).toRect()
            icon.paint(painter, place)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(text))
        painter.drawText(rect.adjusted(40, 0, 0, 0), middle, index.data())
        painter.setPen(QColor(quiet))
        keys = QRectF(rect.right() - 126, rect.top(), 116, rect.height())
        place = QRectF(rect.right() - 290, rect.top(), 150, rect.height())
        painter.drawText(keys, middle | Qt.AlignmentFlag.AlignRight, index.data(KEYS))
        painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, index.data(PLACE))
        painter.restore()


def place_of(command: Command) -> str:
    return plain(tr(command.menu))


def _rank(command: Command, typed: str) -> int:
    """0 where nothing of the name is typed, else smaller the better it fits."""
    words = typed.lower().split()
    names = [plain(tr(command.text)).lower(), plain(command.text).lower()]
    within = plain(tr(WITHIN.get(command.menu, "")))
    where = f"{place_of(command)} {plain(command.menu)} {within}".lower()
    best = 0
    for name in names:
        if all(word in name or word in where for word in words):
            inside = all(word in name for word in words)
            rank = 1 if name.startswith(typed.lower()) else 2 if inside else 3
            best = min(best or rank, rank)
    return best
