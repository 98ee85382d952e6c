"""Settings under a name: a chooser of presets, those that are always there and the person's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QLineEdit, QPushButton, QWidget

from gui.panels.fields import Choice
from gui.panels.lists import LONGEST
from gui.settings import Settings
from gui.translation import tr

Values = dict[str, Any]


class Presets(QWidget):
    """The chooser, with the buttons that keep and forget one. Signal `chosen` with the values of a
    preset, whole.

    key: of the setting that holds the person's own. built_in: those that are always there, by their
    names. defaults: what a preset has where it says nothing. values: tells what is chosen now, of
    the same names as the defaults; None while that can be no preset."""

    chosen = Signal(dict)

    def __init__(
        self,
        settings: Settings,
        key: str,
        built_in: Mapping[str, Values],
        defaults: Values,
        values: Callable[[], Values | None],
    ) -> None:
        super().__init__()
        self._settings, self._key = settings, key
        self._built_in, self._defaults, self._values = built_in, defaults, values
        self.choice = Choice(tr("Preset"), {})
        self.keep = QPushButton(tr("Keep…"))
        self.keep.setToolTip(tr("Keeps these settings under a name"))
        self.forget = QPushButton(tr("Forget"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.choice, 1)
        for button in (self.keep, self.forget):
            button.setObjectName("small")
            button.setAutoDefault(False)
            row.addWidget(button)
        self.setFocusProxy(self.choice)
        self._list()
        self.choice.activated.connect(lambda _index: self._use())
        self.keep.clicked.connect(self._keep)
        self.forget.clicked.connect(self._forget)

    def follow(self) -> None:
        """Show which preset the settings are now, or none."""
        values, name = self._values(), self.choice.value
        presets = self._presets()
        if values is None or presets.get(name) != values:
            name = next((one for one, preset in presets.items() if preset == values), "")
        self.choice.choose(name)
        self.keep.setEnabled(values is not None)
        self.forget.setEnabled(name in self._own())

    def _presets(self) -> dict[str, Values]:
        """Every preset by its name, whole: of a damaged one what is sound."""
        every = {**self._own(), **self._built_in}
        return {name: fitting(values, self._defaults) for name, values in every.items()}

    def _own(self) -> dict[str, Values]:
        own = values_of(self._settings.text(self._key))
        return {
            name: values
            for name, values in own.items()
            if isinstance(values, dict) and name not in self._built_in
        }

    def _list(self, chosen: str = "") -> None:
        self.choice.clear()
        self.choice.addItem(tr("Choose…"), "")
        for name in (*self._built_in, *self._own()):
            self.choice.addItem(name, name)
        self.choice.choose(chosen)
        self.forget.setEnabled(chosen in self._own())

    def _use(self) -> None:
        name = self.choice.value
        self.forget.setEnabled(name in self._own())
        values = self._presets().get(name)
        if values is not None:
            self.chosen.emit(values)

    def _keep(self) -> None:
        """Under the name that is typed; one of one's own that has it is replaced."""
        title, label = tr("Keep as a preset"), tr("Name")
        normal, name = QLineEdit.EchoMode.Normal, self.choice.value
        while True:
            name = "" if name in self._built_in else name
            name, sure = QInputDialog.getText(self, title, label, normal, name)
            name = name.strip()[:LONGEST]
            if not sure or not name:
                return
            if name not in self._built_in:
                break
            label = tr("'{name}' is always there. Another name").format(name=name)
        self._settings.keep(self._key, json.dumps(self._own() | {name: self._values()}))
        self._list(name)

    def _forget(self) -> None:
        own = self._own()
        own.pop(self.choice.value, None)
        self._settings.keep(self._key, json.dumps(own))
        self._list()


def values_of(text: str) -> Values:
    """The values a setting holds; of a broken one, none."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def fitting(values: Values, defaults: Values) -> Values:
    """Values of the names and kinds that the defaults have, and the defaults where there are
    none."""
    sound = {name: values.get(name, default) for name, default in defaults.items()}
    return {
        name: value if type(value) is type(defaults[name]) else defaults[name]
        for name, value in sound.items()
    }
