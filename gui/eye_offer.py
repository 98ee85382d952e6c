"""What is offered beside a face whose eyes are closed."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.canvas.canvas import Canvas
from gui.document import Document
from gui.offers import Offers, Panel, place_beside
from gui.open_eyes import OpenEyes
from gui.translation import tr


class EyePanel(Panel):
    """Another photo's eyes are offered."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.translate()

    def translate(self) -> None:
        self.say(tr("The eyes are closed here"), tr("Open eyes from…"), tr("Leave them"))


class EyeOffer(QObject):
    """Follows the photo: one face after the other, until its eyes are opened or left. Silent while
    something is painted, filled or offered."""

    def __init__(
        self, canvas: Canvas, document: Document, open_eyes: OpenEyes, offers: Offers
    ) -> None:
        super().__init__(canvas)
        self._canvas, self._document = canvas, document
        self._open_eyes, self._offers = open_eyes, offers
        self._left: set[str] = set()  # ids of faces whose eyes stay closed
        self.face: int | None = None  # that it is about
        self.panel = EyePanel(canvas)
        self.panel.take.clicked.connect(self._take)
        self.panel.leave.clicked.connect(self._leave)
        canvas.view_changed.connect(lambda _zoom: self._place())
        document.leaving.connect(self._withdraw)
        for signal in (open_eyes.changed, document.mask_changed):
            signal.connect(self.refresh)

    def translate(self) -> None:
        self.panel.translate()
        self._place()

    def refresh(self, *_: object) -> None:
        """Show the first face that it is offered for."""
        document = self._document
        self.face = None
        if document.is_open and not document.has_mask and not self._offers.open:
            subjects = document.edit.subjects
            wanted = (n for n in self._open_eyes.closed if subjects[n].id not in self._left)
            self.face = next(wanted, None)
        self.panel.setVisible(self.face is not None)
        self._place()

    def _withdraw(self) -> None:
        """Another photo is shown in a moment; its view may be there before its faces are."""
        self.face = None
        self.panel.hide()

    def _take(self) -> None:
        """It is not offered again: whoever takes it back has decided."""
        face = self.face
        self._leave()
        if face is not None:
            self._open_eyes.begin(face)

    def _leave(self) -> None:
        if self.face is not None:
            self._left.add(self._document.edit.subjects[self.face].id)
        self.refresh()
        self._canvas.setFocus()

    def _place(self) -> None:
        if self.face is not None:
            place_beside(self.panel, self._canvas, self._document.subjects[self.face].box)
