"""Which modules have a say in a fill, and what they are told: one state behind check boxes,
choosers, menu and settings."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from engine.inpaint import FillOptions
from engine.readings import KEEP, OFF
from gui.actions import Actions
from gui.editor import Editor
from gui.panels.modules import MOST, ModulesSection
from gui.settings import Settings

STEP = 0.1  # of the strength, by key


class Modules(QObject):
    """Binds actions and section to the editor's options. Which modules are on and the strength are
    remembered; an expression is asked for one photo, and the next one keeps its own."""

    def __init__(self, actions: Actions, editor: Editor, settings: Settings) -> None:
        super().__init__(editor)
        self._actions, self._editor, self._settings = actions, editor, settings
        self._panel: ModulesSection | None = None
        self.wanted = KEEP
        strength = min(max(settings.number("strength", 1.0), 0.0), MOST / 100)
        editor.options = replace(editor.options, strength=strength)
        actions[f"ask_{KEEP}"].setChecked(True)
        editor.document.opened.connect(self._on_opened)

    def show_in(self, panel: ModulesSection) -> None:
        """The section that shows the choices, and makes them."""
        self._panel = panel
        panel.emotion_chosen.connect(lambda name: self._actions[f"ask_{name}"].setChecked(True))
        panel.strength_changed.connect(self.set_strength)
        self._set()

    @property
    def strength(self) -> float:
        return self._editor.options.strength

    @property
    def asks(self) -> bool:
        """Whether an expression is asked for, which has a strength."""
        return self._editor.options.emotion not in (OFF, KEEP)

    def ask(self, wanted: str) -> None:
        """The expression the hidden part is given; asking for one switches the module on."""
        self.wanted = wanted
        self._actions["emotion"].setChecked(True)
        self._set()

    def set_strength(self, strength: float) -> None:
        """0 .. 1.5, 1 being the average face of the expression."""
        strength = round(min(max(strength, 0.0), MOST / 100), 2)
        self._settings.keep("strength", strength)
        self._set(strength=strength)

    def step_strength(self, up: bool) -> None:
        self.set_strength(self.strength + (STEP if up else -STEP))

    def set_landmarks(self, on: bool) -> None:
        self._set(landmarks=on)

    def set_emotion(self, on: bool) -> None:
        self._set()

    def _on_opened(self) -> None:
        self.wanted = KEEP
        self._actions[f"ask_{KEEP}"].setChecked(True)
        self._set()

    def _set(self, **changes) -> None:
        emotion = self.wanted if self._actions["emotion"].isChecked() else OFF
        options: FillOptions = replace(self._editor.options, emotion=emotion, **changes)
        self._editor.options = options
        if self._panel is not None:
            self._panel.show_choice(emotion, self.wanted, options.strength)
