"""The QActions of a window, made from the commands, and the menus and buttons made from them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QCheckBox, QMenu, QMenuBar, QPushButton, QWidget

from gui import theme
from gui.commands.catalogue import COMMANDS
from gui.commands.command import WITHIN, Now
from gui.commands.target import Target
from gui.settings import Settings
from gui.translation import tr


class Actions(QObject):
    """The QActions of a window, by name, each bound to what its row says."""

    def __init__(self, window: QWidget, settings: Settings) -> None:
        super().__init__(window)
        self._settings = settings
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        self._commands = COMMANDS  # of this window: what is added later is in the next one
        for command in self._commands:
            action = QAction(window)
            action.setObjectName(command.name)
            action.setCheckable(command.stays)
            action.setShortcuts(self._keys_of(command.name, command.shortcut))
            if command.on_canvas:
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            if command.group:
                if command.group not in self._groups:
                    self._groups[command.group] = QActionGroup(window)
                self._groups[command.group].addAction(action)
            if command.kept is not None:
                action.setChecked(settings.flag(command.name, command.kept))
            self._actions[command.name] = action
        self.translate()
        self.tint()
        theme.themes().rethemed.connect(self.tint)

    def _keys_of(self, name: str, given: str) -> list[QKeySequence]:
        """The keys of a command: those the person gave it, else its own."""
        chosen = self._settings.text(f"shortcut_{name}", given)
        keys = [QKeySequence(chosen)] if chosen else []
        if name == "fill" and chosen == given:
            keys.append(QKeySequence(Qt.Key.Key_Enter))
        return keys

    def set_shortcut(self, name: str, keys: str) -> None:
        """Other keys for a command, remembered; "" for none. Another command that has them loses
        them."""
        given = {command.name: command.shortcut for command in self._commands}
        other = self.with_shortcut(keys) if keys else None
        if other is not None and other != name:
            self.set_shortcut(other, "")
        self._settings.keep(f"shortcut_{name}", keys)
        self._actions[name].setShortcuts(self._keys_of(name, given[name]))
        self.translate()

    def reset_shortcuts(self) -> None:
        """Every command has its own keys again."""
        for command in self._commands:
            self._settings.keep(f"shortcut_{command.name}", command.shortcut)
            keys = self._keys_of(command.name, command.shortcut)
            self._actions[command.name].setShortcuts(keys)
        self.translate()

    def with_shortcut(self, keys: str) -> str | None:
        """The name of the command that has keys."""
        wanted = QKeySequence(keys)
        found = (name for name, one in self._actions.items() if wanted in one.shortcuts())
        return next(found, None)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def bind(self, target: Target) -> None:
        """Connect every action with what it does; what is remembered takes effect."""
        keep = self._settings.keep
        for command in self._commands:
            action = self._actions[command.name]
            if command.on_canvas:
                target.canvas.addAction(action)
            if command.does is not None:
                action.triggered.connect(lambda _=False, does=command.does: does(target))
            if command.turns is not None:
                action.toggled.connect(lambda on, turns=command.turns: turns(target, on))
                if command.kept is not None:
                    action.toggled.connect(lambda on, name=command.name: keep(name, on))
                    command.turns(target, action.isChecked())

    def translate(self) -> None:
        """The words in the interface's language."""
        native = QKeySequence.SequenceFormat.NativeText
        for command in self._commands:
            action = self._actions[command.name]
            action.setText(tr(command.text))
            key = action.shortcut().toString(native)
            head = plain(tr(command.text)) + (f"  ({key})" if key else "")
            action.setToolTip(f"{head}\n{tr(command.tip)}" if command.tip else head)

    def tint(self) -> None:
        """Icons in the theme's colours."""
        for command in self._commands:
            if command.icon:
                self._actions[command.name].setIcon(theme.icon(command.icon))

    def enable(self, now: Now) -> None:
        """Switch on what is possible now."""
        for command in self._commands:
            self._actions[command.name].setEnabled(command.when(now))

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """The menu bar, emptied before; the menus by their English names."""
        bar.clear()
        menus: dict[str, QMenu] = {}
        for command in self._commands:
            if command.menu not in menus:
                within: Any = menus[WITHIN[command.menu]] if command.menu in WITHIN else bar
                menus[command.menu] = within.addMenu(tr(command.menu))
            if command.gap:
                menus[command.menu].addSeparator()
            menus[command.menu].addAction(self._actions[command.name])
        return menus


def button_for(actions: Actions, name: str, text: str) -> QPushButton:
    """A push button that is one with an action: enabled, checked and triggered together."""
    action = actions[name]
    button = QPushButton(text)
    button.setToolTip(action.toolTip())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setCheckable(action.isCheckable())
    button.setEnabled(action.isEnabled())
    if action.isCheckable():
        button.setChecked(action.isChecked())
        button.toggled.connect(action.setChecked)
        action.toggled.connect(button.setChecked)
    else:
        button.clicked.connect(action.trigger)
    action.enabledChanged.connect(button.setEnabled)
    return button


def check_for(actions: Actions, name: str, text: str) -> QCheckBox:
    """A check box that is one with a checkable action."""
    action = actions[name]
    box = QCheckBox(text)
    box.setToolTip(action.toolTip())
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.setChecked(action.isChecked())
    box.toggled.connect(action.setChecked)
    action.toggled.connect(box.setChecked)
    return box


def plain(text: str) -> str:
    """A menu text without its mnemonic; Korean ones carry it in brackets at the end."""
    text = text.split("(&")[0] if "(&" in text else text
    return text.replace("&", "").rstrip("…").strip()
