"""What a command is done to: the parts of the window that commands reach, and no more of it."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QWidget

from gui.canvas.canvas import Canvas
from gui.canvas.navigator import Navigator
from gui.document import Document
from gui.editor import Editor
from gui.faces import Faces
from gui.files import Files
from gui.masks import Masks


class Modules(Protocol):
    """Which modules have a say, and what they are asked for (see `gui.modules`)."""

    def ask(self, wanted: str) -> None:
        """Ask for one of the choices of the wish that commands ask for."""
        ...

    def step_strength(self, up: bool) -> None:
        """More or less of what is asked for."""
        ...

    def switch(self) -> None:
        """Take over which modules are on."""
        ...


class ReferenceChoices(Protocol):
    """Photos for the shelf of references (see `gui.reference_choices`)."""

    def ask_add(self) -> None:
        """Ask for photos to put on it."""
        ...

    def ask_tab(self) -> None:
        """Put an open photo on it."""
        ...

    def ask_forget(self) -> None:
        """Delete what is kept of faces in folders."""
        ...


class Eyes(Protocol):
    """Closed eyes (see `gui.open_eyes`)."""

    def begin(self) -> None:
        """Open those of the chosen face."""
        ...


class SideBySide(Protocol):
    """What stands beside the photo (see `gui.side_by_side`)."""

    def turn(self, mode: str, on: bool) -> None:
        """Show one of its two pictures, by its command's name, or none."""
        ...


class Film(Protocol):
    """The photos of a folder (see `gui.film`)."""

    def step(self, forwards: bool) -> None:
        """Show the next or the former one."""
        ...

    def carry(self, *, settings: bool) -> None:
        """Show the next one, and mask there what is masked here."""
        ...


class KeptMasks(Protocol):
    """Masks under names (see `gui.kept_masks`)."""

    def ask_keep(self) -> None:
        """Keep what is masked."""
        ...

    def show(self) -> None:
        """List them, to put one on the photo."""
        ...


class Place(Protocol):
    """A window of its own: the batch's, the training's."""

    def show(self) -> None:
        """In front."""
        ...


class Target(Protocol):
    """The window, as commands see it."""

    @property
    def document(self) -> Document: ...

    @property
    def editor(self) -> Editor: ...

    @property
    def canvas(self) -> Canvas: ...

    @property
    def files(self) -> Files: ...

    @property
    def masks(self) -> Masks: ...

    @property
    def faces(self) -> Faces: ...

    @property
    def modules(self) -> Modules: ...

    @property
    def reference_choices(self) -> ReferenceChoices: ...

    @property
    def open_eyes(self) -> Eyes: ...

    @property
    def film(self) -> Film: ...

    @property
    def film_strip(self) -> QWidget: ...

    @property
    def side_by_side(self) -> SideBySide: ...

    @property
    def navigator(self) -> Navigator: ...

    @property
    def kept_masks(self) -> KeptMasks: ...

    @property
    def school(self) -> Place: ...

    @property
    def batches(self) -> Place: ...

    @property
    def layers(self) -> QWidget: ...

    def open_sample(self) -> None: ...

    def show_panels(self, on: bool) -> None: ...

    def show_full_screen(self, on: bool) -> None: ...

    def find_command(self) -> None: ...

    def show_shortcuts(self) -> None: ...

    def show_about(self) -> None: ...

    def show_models(self) -> None: ...

    def close(self) -> bool: ...
