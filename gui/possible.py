"""What is possible now: the facts that commands ask for, each looked at when it may be another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from PySide6.QtCore import QObject

from gui.actions import Actions
from gui.commands.command import Now
from gui.document import Document
from gui.editor import Editor
from gui.film import Film
from gui.masks import Masks
from gui.modules import Modules
from gui.open_eyes import OpenEyes


class Possible(QObject):
    """Switches the actions on and off. Most signals change no fact: then no action is touched."""

    def __init__(
        self,
        actions: Actions,
        document: Document,
        editor: Editor,
        masks: Masks,
        modules: Modules,
        open_eyes: OpenEyes,
        film: Film,
    ) -> None:
        super().__init__(editor)
        history, results = document.history, editor.results
        self._actions, self._now = actions, Now()
        self._facts: dict[str, Callable[[], Any]] = {
            "open": lambda: document.is_open,
            "busy": lambda: editor.is_busy,
            "painted": lambda: document.has_mask,
            "filled": lambda: results.current is not None,
            "round": lambda: results.round is not None,
            "nodes": lambda: bool(document.nodes),
            "faces": lambda: len(document.subjects),
            "tabs": lambda: len(editor.tabs),
            "meshed": lambda: bool(masks.meshes()),
            "asked": lambda: modules.asks,
            "closed": lambda: bool(open_eyes.closed),
            "film": lambda: film.place is not None and len(film.photos) > 1,
            "undo": lambda: history.can_undo,
            "redo": lambda: history.can_redo,
        }
        everything = tuple(entry.name for entry in fields(Now))
        for signal, facts in (
            (document.opened, everything),
            (history.changed, ("painted", "nodes", "faces", "meshed", "undo", "redo")),
            (results.changed, ("filled", "round")),
            (document.mask_changed, ("painted",)),
            (document.nodes_changed, ("nodes",)),
            (document.faces_changed, ("faces", "meshed")),
            (document.selected_changed, ("meshed",)),
            (editor.readout.read, ("meshed",)),
            (masks.scope_changed, ("meshed",)),
            (editor.tabs.changed, ("tabs",)),
            (editor.busy_changed, ("busy",)),
            (editor.options_changed, ("asked",)),
            (open_eyes.changed, ("closed",)),
            (film.changed, ("film",)),
        ):
            signal.connect(lambda *_, facts=facts: self._look(facts))
        actions.enable(self._now)
        self._look(everything)

    def _look(self, facts: tuple[str, ...]) -> None:
        now = replace(self._now, **{name: self._facts[name]() for name in facts})
        if now != self._now:
            self._now = now
            self._actions.enable(now)
