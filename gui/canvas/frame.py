"""The tool that says where a face is, and draws, moves, sizes and turns its frame."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.face.finder import FaceFrame
from engine.face.frames import held_in, meets
from gui import theme
from gui.canvas.tools import Point, Tool
from gui.canvas.viewport import Viewport
from gui.translation import mark, tr

SMALLEST = 16  # photo pixels a side
REACH = 12.0  # widget pixels a press may be off a handle
KNOB = 26.0  # widget pixels from the frame's upper side to the knob that turns it
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


class FrameTool(Tool):
    """Drag a box from brow to chin. A frame is moved by its inside, sized by its corners, turned
    by its knob; Delete takes the chosen one away."""

    name = "frame"
    text = mark("Face frame")
    tip = mark("Drag a box from brow to chin where a face is; Delete removes it")
    icon = "account-box-outline"
    shortcut = "F"

    def __init__(self, document) -> None:
        super().__init__(document)
        self._view = Viewport()
        self._start: Point | None = None
        self._end: Point | None = None
        self._held: tuple[int, FaceFrame, str, tuple[int, int]] | None = None
        self._moved: FaceFrame | None = None

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        self._start = self._end = point
        self._held = self._find(point)
        self._moved = None
        if self._held is not None:
            self.document.select(self._held[0])

    def drag(self, point: Point, pressure: float) -> None:
        self._end = point
        if self._held is not None and self._start is not None:
            moved = _moved(self._held[1], *self._held[2:], self._start, point)
            self._moved = held_in(moved, self.document.size)

    def release(self, point: Point) -> None:
        start, held, moved = self._start, self._held, self._moved
        self.cancel()
        if start is None:
            return
        frames = self.document.frames
        if held is not None:
            if moved is not None and moved != held[1] and held[1] in frames:
                self.document.set_frames(
                    tuple(moved if frame == held[1] else frame for frame in frames)
                )
                self.document.select(held[0])
            return
        width, height = abs(point[0] - start[0]), abs(point[1] - start[1])
        if min(width, height) < SMALLEST:
            return
        x, y = min(start[0], point[0]), min(start[1], point[1])
        frame = FaceFrame(x, y, width, height)
        if not meets(frame, self.document.size):
            self.tell(tr("A face lies in the photo: draw its frame there."))
            return
        self.document.set_frames((*frames, frame))
        self.document.select(len(frames))

    def key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        frames, chosen = self.document.frames, self.document.selected
        if key not in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) or chosen >= len(frames):
            return False
        self.document.set_frames((*frames[:chosen], *frames[chosen + 1 :]))
        return True

    def cancel(self) -> None:
        self._start = self._held = self._moved = None

    def _find(self, point: Point) -> tuple[int, FaceFrame, str, tuple[int, int]] | None:
        """What of which frame is under a photo point; the chosen frame's handles go first."""
        frames = list(enumerate(self.document.frames))
        frames.sort(key=lambda pair: pair[0] != self.document.selected)
        scale = max(self._view.scale, 1e-6)
        for number, frame in frames:
            u, v = _inside(frame, point)
            if math.hypot(u, v + frame.height / 2 + KNOB / scale) * scale <= REACH:
                return number, frame, "turn", (0, 0)
            for sx, sy in CORNERS:
                away = math.hypot(u - sx * frame.width / 2, v - sy * frame.height / 2)
                if away * scale <= REACH:
                    return number, frame, "size", (sx, sy)
        for number, frame in frames:
            u, v = _inside(frame, point)
            if abs(u) <= frame.width / 2 and abs(v) <= frame.height / 2:
                return number, frame, "move", (0, 0)
        return None

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        self._view = view
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, frame in enumerate(self.document.frames):
            shown = frame
            if self._held is not None and self._held[0] == number and self._moved is not None:
                shown = self._moved
                _outline(painter, shown, view)
            _handles(painter, shown, view, lit=number == self.document.selected)
        if self._start is None or self._end is None or self._held is not None:
            return
        rect = QRectF(view.to_widget(*self._start), view.to_widget(*self._end)).normalized()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor("#ffffff"), 1.4, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(rect, 8, 8)


def _centre(frame: FaceFrame) -> Point:
    return frame.x + frame.width / 2, frame.y + frame.height / 2


def _turned(x: float, y: float, degrees: float) -> Point:
    """Clockwise, as the photo's y points down."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return x * cos - y * sin, x * sin + y * cos


def _inside(frame: FaceFrame, point: Point) -> Point:
    """A photo point as seen from the frame's centre along its own axes."""
    x, y = _centre(frame)
    return _turned(point[0] - x, point[1] - y, -frame.angle)


def _moved(
    frame: FaceFrame, how: str, corner: tuple[int, int], start: Point, end: Point
) -> FaceFrame:
    """The frame after a drag from start to end, photo points."""
    if how == "move":
        return replace(frame, x=frame.x + end[0] - start[0], y=frame.y + end[1] - start[1])
    x, y = _centre(frame)
    if how == "turn":
        angle = math.degrees(math.atan2(end[0] - x, y - end[1]))
        return replace(frame, angle=0.0 if abs(angle) < 3 else round(angle, 1))
    # Sized by a corner: the opposite one stays.
    u, v = _inside(frame, end)
    width = max(SMALLEST, frame.width / 2 + corner[0] * u)
    height = max(SMALLEST, frame.height / 2 + corner[1] * v)
    du, dv = corner[0] * (width - frame.width) / 2, corner[1] * (height - frame.height) / 2
    dx, dy = _turned(du, dv, frame.angle)
    return FaceFrame(x + dx - width / 2, y + dy - height / 2, width, height, frame.angle)


def _outline(painter: QPainter, frame: FaceFrame, view: Viewport) -> None:
    painter.save()
    painter.translate(view.to_widget(*_centre(frame)))
    painter.rotate(frame.angle)
    width, height = frame.width * view.scale, frame.height * view.scale
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor("#ffffff"), 1.4, Qt.PenStyle.DashLine))
    painter.drawRoundedRect(QRectF(-width / 2, -height / 2, width, height), 8, 8)
    painter.restore()


def _handles(painter: QPainter, frame: FaceFrame, view: Viewport, *, lit: bool) -> None:
    painter.save()
    painter.translate(view.to_widget(*_centre(frame)))
    painter.rotate(frame.angle)
    width, height = frame.width * view.scale, frame.height * view.scale
    painter.setPen(QPen(QColor("#15161a"), 1.6))
    painter.setBrush(QColor(theme.DARK.warning if lit else "#ffffff"))
    radius = 5.5 if lit else 4.0
    for sx, sy in CORNERS:
        painter.drawEllipse(QPointF(sx * width / 2, sy * height / 2), radius, radius)
    if lit:
        painter.drawLine(QPointF(0, -height / 2), QPointF(0, -height / 2 - KNOB))
        painter.drawEllipse(QPointF(0, -height / 2 - KNOB), radius, radius)
    painter.restore()
