"""What is offered beside a hole that no face was found for, or one that may lie wrong: its frame,
or what was filled."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.face.doubt import Doubt
from engine.face.finder import FaceFrame
from engine.inpaint import FillResult
from gui.actions import Actions
from gui.canvas.canvas import Canvas
from gui.document import Document
from gui.translation import say, tr

GAP = 14  # widget pixels between the hole and the offer


class Panel(QFrame):
    """One sentence and two buttons, over the canvas: to take what is offered, and to leave it."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.setObjectName("offer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.sentence = QLabel()
        self.take, self.leave = QPushButton(), QPushButton()
        self.take.setObjectName("primary")
        for button in (self.take, self.leave):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.take)
        row.addWidget(self.leave)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.sentence)
        column.addLayout(row)
        self.hide()

    def say(self, sentence: str, take: str, leave: str) -> None:
        """What it offers, translated."""
        self.sentence.setText(sentence)
        self.take.setText(take)
        self.leave.setText(leave)


class FramePanel(Panel):
    """A frame is offered: of a face that may lie wrong, or where none was found."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._doubt: Doubt | None = None
        self.translate()

    def show_doubt(self, doubt: Doubt | None) -> None:
        """What it is about: a face that may lie wrong, or where none was found."""
        self._doubt = doubt
        self.translate()

    def translate(self) -> None:
        if self._doubt is None:
            sentence = tr("No face found here: draw its frame, or fill with texture")
            self.say(sentence, tr("Draw its frame"), tr("Keep the texture"))
        else:
            self.say(say(self._doubt.sentence), tr("Draw its frame"), tr("Keep it"))


class Offers(QObject):
    """Follows the fills: one offer after the other, until each is taken or declined. Signal
    `told`, one line for the status."""

    told = Signal(str)

    def __init__(self, canvas: Canvas, document: Document, actions: Actions) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._actions = canvas, document, actions
        self.panel = FramePanel(canvas)
        self.open: tuple[FaceFrame, ...] = ()
        self._declined: list[FaceFrame] = []
        self._doubts: dict[FaceFrame, Doubt] = {}
        self.panel.take.clicked.connect(self._take)
        self.panel.leave.clicked.connect(self._decline)
        canvas.view_changed.connect(lambda _zoom: self._place())
        document.opened.connect(self._forget)
        document.history.changed.connect(self._withdraw)

    def take(self, result: FillResult) -> None:
        """A fill is shown: where it guessed at a face it did not lay, that is offered, and so is
        the frame of one that may lie wrong."""
        self._doubts = {doubt.frame: doubt for doubt in result.doubts}
        guesses = (*self._doubts, *result.suggestions)
        self._show(tuple(guess for guess in guesses if guess not in self._declined))

    def translate(self) -> None:
        self.panel.translate()
        self._place()

    def _take(self) -> None:
        """The guess becomes a frame to be moved, sized and turned; Enter fills again."""
        guess, *rest = self.open
        document = self._document
        document.set_frames((*document.frames, guess))
        document.select(len(document.frames) - 1)
        self._show(tuple(rest))
        self._actions["tool_frame"].setChecked(True)
        self._canvas.setFocus()
        self.told.emit(tr("Move, size and turn the frame to fit the face, then press Enter."))

    def _decline(self) -> None:
        guess, *rest = self.open
        self._declined.append(guess)
        self._show(tuple(rest))
        self._canvas.setFocus()

    def _withdraw(self) -> None:
        """The fill that the offer was about is undone, or something else was painted."""
        self._show(())

    def _forget(self) -> None:
        self._declined.clear()
        self._show(())

    def _show(self, guesses: tuple[FaceFrame, ...]) -> None:
        self.open = guesses
        self.panel.show_doubt(self._doubts.get(guesses[0]) if guesses else None)
        self._canvas.show_guess(guesses[0] if guesses else None)
        self.panel.setVisible(bool(guesses))
        self._place()

    def _place(self) -> None:
        if self.open:
            guess = self.open[0]
            box = (guess.x, guess.y, guess.width, guess.height)
            place_beside(self.panel, self._canvas, box)


def place_beside(panel: QWidget, canvas: Canvas, place: tuple[float, float, float, float]) -> None:
    """Beside a place in the photo (x, y, width, height), inside the canvas: at its right, else its
    left, else below."""
    room = canvas.size()
    panel.adjustSize()
    size = panel.size()
    box = canvas.seen(place)
    x, y = box.right() + GAP, box.top()
    if x + size.width() > room.width():
        x = box.left() - GAP - size.width()
    if x < 0:
        x, y = box.left(), box.bottom() + GAP
    x = min(max(x, 10.0), max(10.0, room.width() - size.width() - 10.0))
    y = min(max(y, 10.0), max(10.0, room.height() - size.height() - 10.0))
    panel.move(QPointF(x, y).toPoint())
    panel.raise_()
