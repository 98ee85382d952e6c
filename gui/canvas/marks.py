"""The faces as objects on the canvas: a numbered mark each, to choose and to remove it by."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from gui import theme
from gui.canvas.viewport import Viewport
from gui.document import Document
from gui.translation import tr

SIDE = 24.0  # widget pixels
GAP = 5.0  # between the mark and its face


@dataclass(frozen=True)
class Mark:
    """A face's number at its upper left corner, and beside it the cross that removes it."""

    face: int
    number: QRectF
    cross: QRectF


class FaceMarks:
    """Signals nothing and keeps nothing: the document knows the faces and which is chosen."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def laid(self, view: Viewport, room: QSizeF) -> list[Mark]:
        """The marks of the faces in view, kept inside the widget, none over another."""
        laid: list[Mark] = []
        whole = QRectF(QPointF(0, 0), room)
        for face, subject in enumerate(self._document.subjects):
            box = view.rect_to_widget(subject.box)
            if not box.intersects(whole):
                continue
            corner = box.topLeft() - QPointF(0, SIDE + GAP)
            x = min(max(corner.x(), 6.0), room.width() - 2 * SIDE - 6)
            y = min(max(corner.y(), 6.0), room.height() - SIDE - 6)
            number = QRectF(x, y, SIDE, SIDE)
            while any(number.intersects(_whole(other)) for other in laid):
                number.moveTop(number.top() + SIDE + 2)
            laid.append(Mark(face, number, number.translated(SIDE, 0)))
        return laid

    def at(self, point: QPointF, view: Viewport, room: QSizeF) -> tuple[int, bool] | None:
        """(face, whether its cross) under a widget point; only the chosen face has a cross."""
        for mark in self.laid(view, room):
            if mark.number.contains(point):
                return mark.face, False
            if mark.face == self._document.selected and mark.cross.contains(point):
                return mark.face, True
        return None

    def draw(
        self, painter: QPainter, view: Viewport, room: QSizeF, pointer: QPointF | None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPixelSize(12)
        font.setBold(True)
        painter.setFont(font)
        for mark in self.laid(view, room):
            chosen = mark.face == self._document.selected
            area = mark.number.united(mark.cross) if chosen else mark.number
            under = pointer is not None and area.contains(pointer)
            painter.setPen(QPen(QColor("#ffffff" if under else "#f0f1f4"), 1.2))
            painter.setBrush(QColor(theme.DARK.accent) if chosen else QColor(16, 17, 20, 215))
            painter.drawRoundedRect(area, 7, 7)
            painter.drawText(mark.number, Qt.AlignmentFlag.AlignCenter, f"{mark.face + 1}")
            if chosen:
                painter.setPen(QPen(QColor("#ffffff"), 1.8))
                middle = mark.cross.center() - QPointF(2, 0)
                for turn in (-1, 1):
                    reach = QPointF(4, 4 * turn)
                    painter.drawLine(middle - reach, middle + reach)

    def tip(self, found: tuple[int, bool]) -> str:
        """What a press on a mark does."""
        face, cross = found
        if cross:
            return tr("Remove face {number}").format(number=face + 1)
        return tr("Choose face {number}").format(number=face + 1)


def _whole(mark: Mark) -> QRectF:
    return mark.number.united(mark.cross)
