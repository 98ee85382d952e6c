"""Which modules have a say in a fill, and what they are told: one state behind check boxes,
choosers, menu and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.modules.registry import MODULES, wishes
from gui import asked
from gui.actions import Actions
from gui.editor import Editor
from gui.panels.modules import ModulesSection
from gui.settings import Settings

STEP = 0.1  # of a strength, by key


class Modules(QObject):
    """Binds actions and section to the editor's options; signal `asked_for` with what a person asks
    for by a command or a small face. Which modules are on, and wishes that say
    so, are remembered; anything else is wished for one photo, and the next one keeps its own."""

    asked_for = Signal(str)

    def __init__(self, actions: Actions, editor: Editor, settings: Settings) -> None:
        super().__init__(editor)
        self._actions, self._editor, self._settings = actions, editor, settings
        self._panel: ModulesSection | None = None
        self._by_person = True  # rather than by another photo that is shown
        self._wanted = {name: facts["default"] for name, facts in wishes().items()}
        for name, facts in wishes().items():
            if facts["remembered"]:
                self._wanted[name] = _within(settings.number(name, facts["default"]), facts)
        editor.options = replace(editor.options, **self._wanted)
        self._tick()
        editor.document.leaving.connect(self._on_leaving)
        editor.document.opened.connect(self._on_opened)

    def show_in(self, panel: ModulesSection) -> None:
        """The section that shows the choices, and makes them."""
        self._panel = panel
        panel.wished.connect(self._on_wished)
        self.switch()

    @property
    def asks(self) -> bool:
        """Whether something is asked for by a command, which has a strength."""
        name = asked.menu_wish()
        return bool(name) and asked.asks(name, getattr(self._editor.options, name))

    def want(self, name: str, value: Any) -> None:
        """Wish for something of a module, see engine.modules; numbers are kept within bounds."""
        facts = wishes()[name]
        self._wanted[name] = _within(value, facts)
        if facts["remembered"]:
            self._settings.keep(name, self._wanted[name])
        self.switch()

    def take(self, wanted: dict[str, Any]) -> None:
        """Wish for the same as in another photo."""
        self._wanted |= wanted
        self._tick()
        self.switch()

    def ask(self, wanted: str) -> None:
        """Ask for one of the choices that are commands; that switches the module on."""
        if self._by_person:
            name = asked.menu_wish()
            self._actions[asked.module_of(name).name].setChecked(True)
            self.want(name, wanted)
            self.asked_for.emit(wanted)

    def step_strength(self, up: bool) -> None:
        """More or less of what is asked for, by a notch."""
        name = asked.scale_of(asked.menu_wish())
        self.want(name, getattr(self._editor.options, name) + (STEP if up else -STEP))

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
        if name == asked.menu_wish() and value in wishes()[name]["menu"]:
            self._actions[f"ask_{value}"].setChecked(True)
        else:
            self.want(name, value)

    def _on_leaving(self) -> None:
        tab = self._editor.document.tab
        if tab is not None:
            told = wishes().items()
            tab.wishes = {name: self._wanted[name] for name, f in told if not f["remembered"]}

    def _on_opened(self) -> None:
        """What was asked for in this photo; which modules are on stays as it was."""
        tab = self._editor.document.tab
        told = wishes().items()
        self._wanted |= {name: f["default"] for name, f in told if not f["remembered"]}
        self._wanted |= {} if tab is None else tab.wishes
        self._tick()
        self.switch()

    def _tick(self) -> None:
        """The command of what is wanted is the one that is ticked."""
        name = asked.menu_wish()
        if name:
            self._by_person = False
            self._actions[f"ask_{self._wanted[name]}"].setChecked(True)
            self._by_person = True


def _within(value: Any, facts: dict[str, Any]) -> Any:
    if not facts["bounds"]:
        return value
    least, most = facts["bounds"]
    return round(min(max(value, least), most), 2)
