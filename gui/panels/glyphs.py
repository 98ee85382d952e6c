"""Small drawn faces, one for each expression: what they say is said by brows, eyes and mouth."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen


@dataclass(frozen=True)
class Look:
    """Half a face's width is 1; right and down are positive.

    brow, inner: how high the outer and the inner end of a brow lie. eye: radius. mouth: half its
    width; corners: how far they lie below its middle; gape: how far it is open.
    """

    brow: float = -0.42
    inner: float = -0.44
    eye: float = 0.09
    mouth: float = 0.4
    corners: float = 0.0
    gape: float = 0.0


LOOKS = {
    "happiness": Look(brow=-0.42, inner=-0.47, eye=0.08, mouth=0.46, corners=-0.26, gape=0.3),
    "neutral": Look(),
    "surprise": Look(brow=-0.6, inner=-0.64, eye=0.13, mouth=0.17, gape=0.46),
    "sadness": Look(brow=-0.36, inner=-0.55, eye=0.08, mouth=0.34, corners=0.2),
    "anger": Look(brow=-0.54, inner=-0.3, eye=0.09, mouth=0.34, corners=0.1),
    "fear": Look(brow=-0.52, inner=-0.66, eye=0.13, mouth=0.36, corners=0.08, gape=0.2),
    "disgust": Look(brow=-0.4, inner=-0.28, eye=0.06, mouth=0.36, corners=0.22, gape=0.1),
}


def draw_look(painter: QPainter, area: QRectF, look: Look, ink: QColor) -> None:
    """The face of a look as lines, as large as fits the area."""
    half = min(area.width(), area.height()) / 2 - 1
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(area.center())
    painter.scale(half, half)
    painter.setPen(QPen(ink, 1.3 / half, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(-0.94, -0.94, 1.88, 1.88))
    for side in (-1, 1):
        painter.drawLine(QPointF(0.56 * side, look.brow), QPointF(0.2 * side, look.inner))
    painter.drawPath(_mouth(look))
    painter.setBrush(ink)
    painter.setPen(Qt.PenStyle.NoPen)
    for side in (-1, 1):
        painter.drawEllipse(QPointF(0.36 * side, -0.14), look.eye, look.eye)
    painter.restore()


def _mouth(look: Look) -> QPainterPath:
    """Upper lip from corner to corner, and the lower one back where it is open."""
    middle = 0.42 - look.corners / 2 - look.gape / 4
    left, right = (QPointF(side * look.mouth, middle + look.corners) for side in (-1, 1))
    path = QPainterPath(left)
    path.quadTo(QPointF(0, middle - look.corners - look.gape / 2), right)
    if look.gape:
        path.quadTo(QPointF(0, middle - look.corners + 1.5 * look.gape), left)
    return path
