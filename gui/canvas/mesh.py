"""The mesh over the photo: nodes that are seen in one colour, predicted ones in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from engine.face.shape import ShapeModel, load_shapes
from gui import theme
from gui.canvas import painting
from gui.canvas.viewport import Viewport
from gui.document import Document
from gui.readout import Readings
from gui.translation import tr

SEEN_OPACITY, PREDICTED_OPACITY = 0.5, 0.85
UNSELECTED = 0.45  # of the opacity, for faces that are not read


@dataclass(frozen=True, eq=False)
class Shape:
    """One face's mesh as it is drawn. points: 478 x 2 photo pixels, dragged nodes where they were
    dragged to and the others following; undragged: without. hidden: 478 bool."""

    face: int
    points: np.ndarray
    undragged: np.ndarray
    hidden: np.ndarray
    seen_lines: list[QLineF]
    hidden_lines: list[QLineF]


class MeshLayer:
    """Keeps the lines between repaints: a stroke repaints often, readings change seldom."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._readings = Readings()
        self._shapes: tuple[Shape, ...] | None = None
        self._space: ShapeModel | None = None

    @property
    def space(self) -> ShapeModel | None:
        """The shapes that faces have, loaded when something is first dragged."""
        if self._space is None:
            self._space = load_shapes()
        return self._space

    def show(self, readings: Readings) -> None:
        self._readings = readings
        self._shapes = None

    def touch(self) -> None:
        """Faces or nodes changed."""
        self._shapes = None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The meshes of all faces that have one."""
        if self._shapes is None:
            numbers = {r.face for r in self._readings.faces}
            numbers |= set(range(len(self._document.subjects)))
            made = (self._shape(number) for number in sorted(numbers))
            self._shapes = tuple(shape for shape in made if shape is not None)
        return self._shapes

    @property
    def is_blind(self) -> bool:
        """Whether faces were read, and no network was there to predict hidden nodes."""
        faces = self._readings.faces
        return bool(faces) and all(reading.mesh is None for reading in faces)

    @property
    def has_hidden(self) -> bool:
        return any(shape.hidden.any() for shape in self.shapes)

    def shape(self, face: int) -> Shape | None:
        """The mesh of a face by its number."""
        return next((shape for shape in self.shapes if shape.face == face), None)

    def _shape(self, number: int) -> Shape | None:
        document, reading = self._document, self._readings.of(number)
        subjects = document.subjects
        points = reading.mesh if reading is not None else None
        hidden = reading.hidden if reading is not None and points is not None else None
        if points is None and number < len(subjects):
            points = subjects[number].mesh
        if points is None:
            return None
        if hidden is None:
            hidden = np.zeros(len(points), bool)
        # The drags of a fill that is shown are done: what is dragged now goes on from there.
        if reading is not None and reading.undragged is not None and not self._readings.filled:
            points = reading.undragged
        placed = [
            (node.node, node.x, node.y)
            for node in document.nodes
            if node.face == number and node.node < len(points)
        ]
        undragged, points = points, points.copy()
        if placed and self.space is not None:
            points = self.space.drag(undragged, hidden, placed).nodes
        if document.edges is None:
            return Shape(number, points, undragged, hidden, [], [])
        edges = document.edges
        predicted = hidden[edges].any(1)
        lines = [QLineF(*ends) for ends in points[edges].reshape(-1, 4).tolist()]
        parts = ([], [])
        for line, which in zip(lines, predicted.tolist(), strict=True):
            parts[which].append(line)
        return Shape(number, points, undragged, hidden, *parts)

    def draw(self, painter: QPainter, view: Viewport, strength: float = 1.0) -> None:
        """All meshes, and boxes of the faces without one, in widget coordinates; `strength` of
        their usual opacity."""
        document = self._document
        meshed = {shape.face for shape in self.shapes}
        colours = theme.DARK  # over a photo the theme does not matter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(view.x, view.y)
        painter.scale(view.scale, view.scale)
        for shape in self.shapes:
            share = 1.0 if len(meshed) == 1 or shape.face == document.selected else UNSELECTED
            share *= strength
            for lines, colour, width, opacity in (
                (shape.seen_lines, colours.seen, 0.8, SEEN_OPACITY),
                (shape.hidden_lines, colours.predicted, 1.0, PREDICTED_OPACITY),
            ):
                pen = QPen(QColor(colour), width)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.setOpacity(opacity * share)
                painter.drawLines(lines)
        painter.restore()
        frames = len(document.frames)
        for number, face in enumerate(document.subjects):
            if number >= frames and number not in meshed:
                painting.draw_face_box(painter, face, view, colours.seen)

    def draw_legend(self, painter: QPainter, bottom: float, *, can_drag: bool) -> None:
        """What the two colours mean, at the lower left."""
        words = [(theme.DARK.seen, tr("seen"))]
        predicted = tr("predicted, drag to reshape") if can_drag else tr("predicted")
        words.append((theme.DARK.predicted, predicted))
        font = QFont(painter.font())
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        widths = [metrics.horizontalAdvance(text) + 16 for _, text in words]
        rect = QRectF(14, bottom - 40, sum(widths) + 14 * len(words) + 10, 26)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(16, 17, 20, 215))
        painter.drawRoundedRect(rect, 8, 8)
        x = rect.left() + 12
        for (colour, text), width in zip(words, widths, strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawEllipse(QPointF(x + 4, rect.center().y()), 4, 4)
            painter.setPen(QColor("#f0f1f4"))
            area = QRectF(x + 14, rect.top(), width, rect.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
            x += width + 14
