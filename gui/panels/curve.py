"""A loss curve that grows while training runs."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.panels.widgets import tabular
from gui.translation import tr

MOST_POINTS = 2000  # beyond, every second one is dropped
SMOOTHING = 0.9  # share of the former value in the smoothed line
LEFT, BOTTOM, PAD = 60, 26, 12


class Curve(QWidget):
    """Loss over samples: every step faint, their running mean strong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: list[tuple[float, float]] = []
        self.setMinimumSize(220, 130)
        self.clear()

    def clear(self) -> None:
        self.points = []
        self.setAccessibleName(tr("Loss curve, empty"))
        self.update()

    def add(self, samples: float, loss: float) -> None:
        """One step; a run that goes on from an earlier checkpoint draws over what came after."""
        if loss != loss or abs(loss) == float("inf"):
            return
        while self.points and self.points[-1][0] >= samples:
            self.points.pop()
        self.points.append((samples, loss))
        if len(self.points) > MOST_POINTS:
            self.points = self.points[::2]
        text = tr("Loss curve: {loss:.4f} after {samples:.0f} samples")
        self.setAccessibleName(text.format(loss=loss, samples=samples))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 210)

    def smoothed(self) -> list[tuple[float, float]]:
        """The running mean, begun at the first steps' own mean."""
        if not self.points:
            return []
        first = self.points[:10]
        mean = sum(loss for _, loss in first) / len(first)
        line = []
        for samples, loss in self.points:
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            line.append((samples, mean))
        return line

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(tabular(self.font()))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.field))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(QColor(colours.quiet))
        if len(self.points) < 2:
            text = tr("The loss is drawn here while training runs.")
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(16, 8, -16, -8), flags, text)
            return
        area = QRectF(self.rect()).adjusted(LEFT, PAD, -PAD, -BOTTOM)
        smooth = self.smoothed()
        low = min(
            min(v for _, v in smooth), min(v for _, v in self.points[len(self.points) // 8 :])
        )
        high = max(v for _, v in smooth[len(smooth) // 50 :])
        room = max(high - low, 1e-6) * 0.15
        low, high = low - room, high + room
        start, end = self.points[0][0], self.points[-1][0]

        def place(samples: float, loss: float) -> QPointF:
            share = (min(max(loss, low), high) - low) / (high - low)
            across = (samples - start) / max(end - start, 1e-9)
            return QPointF(
                area.left() + across * area.width(), area.bottom() - share * area.height()
            )

        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours.quiet))
            value = low + share * (high - low)
            painter.drawText(QRectF(0, y - 9, LEFT - 8, 18), right, f"{value:.3g}")
        bottom = QRectF(area.left(), area.bottom() + 4, area.width(), 18)
        painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft, tr("loss"))
        count = tr("{count:,.0f} samples").format(count=end)
        painter.drawText(bottom, Qt.AlignmentFlag.AlignRight, count)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        faint = QColor(colours.accent)
        faint.setAlphaF(0.35)
        painter.setPen(QPen(faint, 1))
        for one, other in pairwise(self.points):
            painter.drawLine(place(*one), place(*other))
        painter.setPen(QPen(QColor(colours.accent).lighter(120), 2))
        painter.drawPolyline(QPolygonF([place(*point) for point in smooth]))
