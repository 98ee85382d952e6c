"""A job of one click: closed eyes are opened from another photo of the same person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.edit.shelved import ShelvedPhoto, shelved_photo
from engine.edit.tiles import TiledMask
from engine.face.lids import LIDS, eyes_closed
from engine.photo import OPEN_SUFFIXES, open_photo
from gui.document import Document
from gui.editor import Editor
from gui.part_masks import with_part
from gui.references import References
from gui.sought import Sought
from gui.tab import Tab
from gui.translation import say, tr


class OpenEyes(QObject):
    """Signals: `told`, one line for the status; `changed` when eyes are closed that were not, or
    the other way round."""

    told = Signal(str)
    changed = Signal()

    def __init__(
        self, window: QWidget, document: Document, editor: Editor, references: References
    ) -> None:
        super().__init__(window)
        self._window, self._document = window, document
        self._editor, self._references = editor, references
        for signal in (document.faces_changed, document.history.changed, document.opened):
            signal.connect(self.changed)

    @property
    def closed(self) -> tuple[int, ...]:
        """The numbers of faces whose eyes are closed, and neither filled nor painted over."""
        document = self._document
        return tuple(
            number
            for number, face in enumerate(document.subjects)
            if face.mesh is not None and eyes_closed(face.mesh) and not self._is_over(face.mesh)
        )

    def begin(self, number: int | None = None) -> None:
        """Open the eyes of a face, of the chosen one or else the first whose are closed: from an
        open photo of the same person, else from one that is asked for."""
        document, closed = self._document, self.closed
        if number is None and closed:
            number = document.selected if document.selected in closed else closed[0]
        tab = document.tab
        if number is None or tab is None or number >= len(document.subjects):
            return
        document.select(number)
        subject = document.edit.subjects[number].id
        others = [other for other in self._editor.tabs if other is not tab]
        if not others:
            self._ask(subject)
            return
        self.told.emit(tr("Looking for this person in the open photos…"))

        def done(found: list[Sought]) -> None:
            self.told.emit("")
            best = max(
                (one for one in found if _fits(one, subject)),
                key=lambda one: one.best(subject).alike[subject].likeness,  # type: ignore[union-attr]
                default=None,
            )
            if best is not None:
                self._open_from(best, subject)
            elif document.tab is tab:
                self._ask(subject)

        self._references.look([(other.name, _shelved(other)) for other in others], done)

    def _ask(self, subject: str) -> None:
        """No open photo does: one is chosen."""
        photo = self._document.path
        patterns = " ".join(f"*{suffix}" for suffix in OPEN_SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            tr("A photo in which this person's eyes are open"),
            "" if photo is None else str(photo.parent),
            tr("Photos ({patterns})").format(patterns=patterns),
        )
        if not name:
            return
        path = Path(name)

        def done(found: list[Sought]) -> None:
            for sought in found:
                self._take(sought, subject)

        self._references.look(
            [(path.name, lambda: shelved_photo(open_photo(path), path.name))],
            done,
            lambda failure: self._references.complain(say(failure.sentence)),
        )

    def _take(self, sought: Sought, subject: str) -> None:
        """A photo that the person chose: used if it will do, else told why not."""
        name = sought.source.name
        best = sought.best(subject) or sought.candidates[0]
        taken = best.alike.get(subject)
        if best.face.mesh is not None and eyes_closed(best.face.mesh):
            sentence = tr("In {name} the eyes are closed, too; choose another photo.")
            self._references.complain(sentence.format(name=name))
        elif taken is not None and not taken.same:
            self._references.put(sought, [(subject, best.face)])
            sentence = tr(
                "{name} may show someone else. If it does not, press Use anyway, paint over the "
                "eyes and fill."
            )
            self._references.complain(sentence.format(name=name))
        else:
            self._open_from(sought, subject)

    def _open_from(self, sought: Sought, subject: str) -> None:
        document, references = self._document, self._references
        number = document.edit.number_of(subject)
        face = document.subjects[number] if number is not None else None
        if face is None or face.mesh is None:
            return  # the face was removed meanwhile
        best = sought.best(subject) or sought.candidates[0]
        references.complain("")
        references.put(sought, [(subject, best.face)])
        eyes = with_part(TiledMask(document.size), "eyes", [face.mesh])
        self._editor.fill_mask(eyes)

    def _is_over(self, mesh: np.ndarray) -> bool:
        """Whether both eyes are filled or painted over already."""
        edit = self._document.edit
        masks = [edit.mask, *(layer.mask for layer in edit.shown)]
        return all(any(_covers(mask, mesh[list(eye)]) for mask in masks) for eye in LIDS)


def _covers(mask: TiledMask, nodes: np.ndarray) -> bool:
    x, y = np.clip(nodes.mean(0)[:2].astype(int), 0, np.array(mask.size) - 1).tolist()
    return bool(mask.read((x, y, 1, 1))[0, 0] >= mask.least)


def _fits(sought: Sought, subject: str) -> bool:
    """Whether a photo shows the same person with open eyes."""
    best = sought.best(subject)
    return (
        best is not None
        and best.alike[subject].same
        and best.face.mesh is not None
        and not eyes_closed(best.face.mesh)
    )


def _shelved(tab: Tab) -> Callable[[], ShelvedPhoto]:
    return lambda: shelved_photo(tab.photo, tab.name)
