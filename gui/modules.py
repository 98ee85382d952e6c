"""Which modules have a say in a fill, and what they are told: one state behind check boxes,
choosers, menu and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject

from engine.modules.registry import MODULES, wishes
from engine.readings import KEEP, OFF
from gui.actions import Actions
from gui.editor import Editor
from gui.panels.modules import ModulesSection
from gui.settings import Settings

STEP = 0.1  # of the strength, by key


class Modules(QObject):
    """Binds actions and section to the editor's options. Which modules are on, and wishes that say
    so, are remembered; anything else is wished for one photo, and the next one keeps its own."""

    def __init__(self, actions: Actions, editor: Editor, settings: Settings) -> None:
        super().__init__(editor)
        self._actions, self._editor, self._settings = actions, editor, settings
        self._panel: ModulesSection | None = None
        self._wanted = {name: facts["default"] for name, facts in wishes().items()}
        for name, facts in wishes().items():
            if facts["remembered"]:
                self._wanted[name] = _within(settings.number(name, facts["default"]), facts)
        editor.options = replace(editor.options, **self._wanted)
        actions[f"ask_{KEEP}"].setChecked(True)
        editor.document.opened.connect(self._on_opened)

    def show_in(self, panel: ModulesSection) -> None:
        """The section that shows the choices, and makes them."""
        self._panel = panel
        panel.wished.connect(self._on_wished)
        self.switch()

    @property
    def wanted(self) -> str:
        """The expression the hidden part is given with the emotion module on."""
        return self._wanted["emotion"]

    @property
    def strength(self) -> float:
        return self._editor.options.strength

    @property
    def asks(self) -> bool:
        """Whether an expression is asked for, which has a strength."""
        return self._editor.options.emotion not in (KEEP, OFF)

    def want(self, name: str, value: Any) -> None:
        """Wish for something of a module, see engine.modules; numbers are kept within bounds."""
        facts = wishes()[name]
        self._wanted[name] = _within(value, facts)
        if facts["remembered"]:
            self._settings.keep(name, self._wanted[name])
        self.switch()

    def ask(self, wanted: str) -> None:
        """The expression the hidden part is given; asking for one switches the module on."""
        self._actions["emotion"].setChecked(True)
        self.want("emotion", wanted)

    def set_strength(self, strength: float) -> None:
        """0 .. 1.5, 1 being the average face of the expression."""
        self.want("strength", strength)

    def step_strength(self, up: bool) -> None:
        self.set_strength(self.strength + (STEP if up else -STEP))

    def switch(self) -> None:
        """Take over which modules are on."""
        values, on = dict(self._wanted), set()
        for module in MODULES:
            if self._actions[module.name].isChecked():
                on.add(module.name)
            else:
                values |= module.off
        self._editor.options = replace(self._editor.options, **values)
        if self._panel is not None:
            self._panel.show_wishes(self._wanted, on)

    def _on_wished(self, name: str, value: object) -> None:
        if name == "emotion":
            self._actions[f"ask_{value}"].setChecked(True)
        else:
            self.want(name, value)

    def _on_opened(self) -> None:
        told = wishes().items()
        self._wanted |= {name: f["default"] for name, f in told if not f["remembered"]}
        self._actions[f"ask_{KEEP}"].setChecked(True)
        self.switch()


def _within(value: Any, facts: dict[str, Any]) -> Any:
    if not facts["bounds"]:
        return value
    least, most = facts["bounds"]
    return round(min(max(value, least), most), 2)
