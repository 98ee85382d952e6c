"""Where the photo stands in the widget: one scale and one shift, and what zooming does to them."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF

SMALLEST, LARGEST = 0.01, 32.0
FIT_MARGIN = 24  # pixels around a photo shown whole


@dataclass(frozen=True)
class Viewport:
    """sheet = photo * scale + (x, y), in logical pixels; unturned the sheet is the widget."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def to_photo(self, point: QPointF) -> tuple[float, float]:
        return (point.x() - self.x) / self.scale, (point.y() - self.y) / self.scale

    def to_widget(self, x: float, y: float) -> QPointF:
        return QPointF(x * self.scale + self.x, y * self.scale + self.y)

    def rect_to_widget(self, box: tuple[float, float, float, float]) -> QRectF:
        top_left = self.to_widget(box[0], box[1])
        return QRectF(top_left, QSizeF(box[2] * self.scale, box[3] * self.scale))

    def dirty(self, box: tuple[float, float, float, float]) -> QRect:
        """The widget pixels that a box of the photo can have changed."""
        return self.rect_to_widget(box).toAlignedRect().adjusted(-2, -2, 2, 2)

    def zoomed(self, factor: float, at: QPointF) -> Viewport:
        """Zoomed so that the photo's point under `at` stays there."""
        scale = min(LARGEST, max(SMALLEST, self.scale * factor))
        photo_x, photo_y = self.to_photo(at)
        return Viewport(scale, at.x() - photo_x * scale, at.y() - photo_y * scale)

    def moved(self, dx: float, dy: float) -> Viewport:
        return Viewport(self.scale, self.x + dx, self.y + dy)

    def held(self, photo: tuple[int, int], widget: QSizeF) -> Viewport:
        """The same, but the photo cannot leave the widget: centred where it is smaller."""

        def hold(shift: float, length: float, room: float) -> float:
            if length <= room:
                return (room - length) / 2
            slack = room / 2  # an edge may come as far as the middle, to paint at ease
            return min(slack, max(room - length - slack, shift))

        return Viewport(
            self.scale,
            hold(self.x, photo[0] * self.scale, widget.width()),
            hold(self.y, photo[1] * self.scale, widget.height()),
        )


def room_of(widget: QSizeF, turn: float) -> QSizeF:
    """The sheet, turned by degrees, of which a widget shows a part: what is seen lies in it."""
    across, along = abs(cos(radians(turn))), abs(sin(radians(turn)))
    width, height = widget.width(), widget.height()
    return QSizeF(width * across + height * along, width * along + height * across)


def fitted(photo: tuple[int, int], widget: QSizeF, turn: float = 0.0) -> Viewport:
    """The whole photo, in the middle; a small one is enlarged twice at most."""
    if not photo[0] or not photo[1]:
        return Viewport()
    space = QSizeF(widget.width() - 2 * FIT_MARGIN, widget.height() - 2 * FIT_MARGIN)
    needed = room_of(QSizeF(*photo), turn)
    scale = min(space.width() / needed.width(), space.height() / needed.height())
    scale = min(max(scale, SMALLEST), 2.0)
    return Viewport(scale).held(photo, room_of(widget, turn))
