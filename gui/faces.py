"""What is done with the faces of a photo as objects: chosen and removed."""

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

    def next(self) -> None:
        count = len(self._document.subjects)
        if count:
            self._document.select((self._document.selected + 1) % count)

    def remove(self, number: int | None = None) -> None:
        """A face, the chosen one by default: nothing is filled as a face there any more. One step
        of the history; undone, the face is there again."""
        document = self._document
        number = document.selected if number is None else number
        subjects = document.edit.subjects if document.is_open else ()
        if not 0 <= number < len(subjects):
            return
        edit, gone = document.edit, subjects[number].id
        chosen = document.selected - (document.selected > number)
        document.history.push(
            tr("Remove face"),
            replace(
                edit,
                frames=tuple(one for one in edit.frames if one.id != gone),
                faces=None if edit.faces is None else tuple(f for f in edit.faces if f.id != gone),
                nodes=tuple(node for node in edit.nodes if node.subject != gone),
            ),
        )
        document.select(max(0, min(chosen, len(subjects) - 2)))
        self.told.emit(tr("Face {number} is no face any more.").format(number=number + 1))
