"""What is done with the faces of a photo as objects: chosen, removed, brought back."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from gui.document import Document
from gui.translation import tr


class Faces(QObject):
    """Signal `told`, one line for the status."""

    told = Signal(str)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document

    @property
    def has_removed(self) -> bool:
        """Whether there are faces to bring back."""
        return bool(self._document.removed)

    def next(self) -> None:
        count = len(self._document.subjects)
        if count:
            self._document.select((self._document.selected + 1) % count)

    def remove(self, number: int | None = None) -> None:
        """A face, the chosen one by default: nothing is filled as a face there any more."""
        document = self._document
        number = document.selected if number is None else number
        subjects = document.subjects
        if not 0 <= number < len(subjects):
            return
        kept = tuple(
            replace(node, face=node.face - (node.face > number))
            for node in document.nodes
            if node.face != number
        )
        chosen = min(document.selected, len(subjects) - 2)
        if number < len(document.frames):
            frames = document.frames
            document.set_frames((*frames[:number], *frames[number + 1 :]))
        else:
            document.removed += (subjects[number],)
            faces = tuple(face for face in document.faces or () if face is not subjects[number])
            document.nodes = kept
            document.set_faces(faces, document.edges)
        document.select(max(0, chosen))
        self.told.emit(tr("Face {number} is no face any more.").format(number=number + 1))

    def bring_back(self) -> None:
        """All that were removed."""
        document, removed = self._document, self._document.removed
        if removed and document.faces is not None:
            document.removed = ()
            faces = sorted((*document.faces, *removed), key=lambda f: -f.box[2] * f.box[3])
            document.nodes = ()
            document.set_faces(tuple(faces), document.edges)
