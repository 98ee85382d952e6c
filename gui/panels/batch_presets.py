"""Presets of a batch's options: those that are always there, and the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QPushButton, QWidget

from engine.batch.job import DOUBT_FLAG, KEEP_FORMAT, RESUME
from engine.modules.registry import MODULES, wishes
from gui.panels.fields import Choice
from gui.settings import Settings
from gui.translation import tr

NAMED, ONE, PART, SCRATCHES, TRANSPARENT, MARKER = (
    *("named", "one", "part", "scratches", "transparent", "marker"),
)


def batch_wishes() -> dict[str, dict[str, Any]]:
    """What a batch asks of the modules, by name: what is chosen, or is on or off."""
    told = wishes().items()
    return {n: f for n, f in told if f["choices"] or isinstance(f["default"], bool)}


PLACES = ("masks", "mask")  # of this batch alone: no part of a preset
DEFAULTS: dict[str, Any] = {
    "rule": NAMED,
    "masks": "",
    "pattern": "",
    "mask": "",
    "part": "glasses",
    "marker": "#ff0000",
    "invert": False,
    "sure": False,
    "grow": "",
    **{name: facts["default"] for name, facts in batch_wishes().items()},
    "model": "default",
    "format": KEEP_FORMAT,
    "name": "{stem}",
    "conflict": RESUME,
    "doubtful": DOUBT_FLAG,
    "sidecars": False,
}


def built_in() -> dict[str, dict[str, Any]]:
    """The presets that are always there."""
    return {
        tr("Masks by name"): {"rule": NAMED},
        tr("Take glasses off"): {"rule": PART, "part": "glasses"},
        **{
            tr(name): {"rule": PART, "part": part, **wished}
            for module in MODULES
            for name, (part, wished) in module.presets.items()
        },
        tr("Old prints"): {"rule": SCRATCHES, "format": ".png"},
        tr("Marked in red"): {"rule": MARKER, "marker": "#ff0000"},
    }


class Presets(QWidget):
    """A chooser of presets with the buttons that keep and forget one. Signal `chosen` with the
    values of a preset; `values` tells those that are shown, to keep them."""

    chosen = Signal(dict)

    def __init__(self, settings: Settings, values: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._settings, self._values = settings, values
        self.choice = Choice(tr("Preset"), {})
        self.keep = QPushButton(tr("Keep…"))
        self.forget = QPushButton(tr("Forget"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.choice, 1)
        for button in (self.keep, self.forget):
            button.setObjectName("small")
            button.setAutoDefault(False)
            row.addWidget(button)
        self._list()
        self.choice.activated.connect(lambda _index: self._use())
        self.keep.clicked.connect(self._keep)
        self.forget.clicked.connect(self._forget)

    def _own(self) -> dict[str, dict[str, Any]]:
        own = values_of(self._settings.text("batch_presets"))
        return {name: values for name, values in own.items() if isinstance(values, dict)}

    def _list(self, chosen: str = "") -> None:
        self.choice.clear()
        self.choice.addItem(tr("Choose…"), "")
        for name in (*built_in(), *self._own()):
            self.choice.addItem(name, name)
        self.choice.choose(chosen)
        self.forget.setEnabled(chosen in self._own())

    def _use(self) -> None:
        name = self.choice.value
        self.forget.setEnabled(name in self._own())
        values = {**built_in(), **self._own()}.get(name)
        if values is not None:
            self.chosen.emit(values)

    def _keep(self) -> None:
        name, sure = QInputDialog.getText(self, tr("Keep as a preset"), tr("Name"))
        name = name.strip()
        if sure and name and name not in built_in():
            values = {k: v for k, v in self._values().items() if k not in PLACES}
            self._settings.keep("batch_presets", json.dumps(self._own() | {name: values}))
            self._list(name)

    def _forget(self) -> None:
        own = self._own()
        own.pop(self.choice.value, None)
        self._settings.keep("batch_presets", json.dumps(own))
        self._list()


def values_of(text: str) -> dict[str, Any]:
    """The values a setting holds; of a broken one, none."""
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
