"""Which modules have a say in a fill, and what they are told: one state behind check boxes,
choosers, menu and settings."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup

from engine.inpaint import FillOptions
from engine.readings import EMOTIONS, KEEP, OFF
from gui.actions import Actions
from gui.editor import Editor
from gui.panels.modules import MOST, ModulesSection
from gui.settings import Settings

STEP = 0.1  # of the strength, by key


class Modules(QObject):
    """Binds actions and section to the editor's options, and remembers them."""

    def __init__(
        self, actions: Actions, panel: ModulesSection, editor: Editor, settings: Settings
    ) -> None:
        super().__init__(editor)
        self._actions, self._panel, self._editor, self._settings = actions, panel, editor, settings
        wanted = settings.text("wanted", KEEP)
        self.wanted = wanted if wanted in (KEEP, *EMOTIONS) else KEEP
        self._group = QActionGroup(self)
        self._asks = {name: actions[f"ask_{name}"] for name in (KEEP, *EMOTIONS)}
        for action in self._asks.values():
            self._group.addAction(action)
        actions["landmarks"].setChecked(settings.flag("landmarks", True))
        actions["emotion"].setChecked(settings.flag("emotion", True))
        self._asks[self.wanted].setChecked(True)
        strength = min(max(settings.number("strength", 1.0), 0.0), MOST / 100)
        self._set(strength=strength, landmarks=actions["landmarks"].isChecked())
        actions.connect("landmarks", self._on_landmarks)
        actions.connect("emotion", lambda on: self._keep("emotion", on))
        for name in self._asks:
            actions.connect(f"ask_{name}", lambda on, n=name: on and self.ask(n))
        actions.connect("stronger", lambda: self.set_strength(self.strength + STEP))
        actions.connect("weaker", lambda: self.set_strength(self.strength - STEP))
        panel.emotion_chosen.connect(lambda name: self._asks[name].setChecked(True))
        panel.strength_changed.connect(self.set_strength)

    @property
    def strength(self) -> float:
        return self._editor.options.strength

    def ask(self, wanted: str) -> None:
        """The expression the hidden part is given; asking for one switches the module on."""
        self.wanted = wanted
        self._actions["emotion"].setChecked(True)
        self._keep("wanted", wanted)

    def set_strength(self, strength: float) -> None:
        """0 .. 1.5, 1 being the average face of the expression."""
        strength = round(min(max(strength, 0.0), MOST / 100), 2)
        self._settings.keep("strength", strength)
        self._set(strength=strength)

    def _on_landmarks(self, on: bool) -> None:
        self._settings.keep("landmarks", on)
        self._set(landmarks=on)

    def _keep(self, key: str, value: object) -> None:
        self._settings.keep(key, value)
        self._set()

    def _set(self, **changes) -> None:
        on = self._actions["emotion"].isChecked()
        emotion = self.wanted if on else OFF
        options: FillOptions = replace(self._editor.options, emotion=emotion, **changes)
        self._editor.options = options
        self._panel.show_choice(emotion, self.wanted, options.strength)
        named = emotion not in (OFF, KEEP)
        for name in ("stronger", "weaker"):
            self._actions[name].setEnabled(named)
