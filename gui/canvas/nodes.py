"""The tool that drags hidden nodes: a mouth corner up, an eyelid down, and fill again."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.face.mesh import inter_ocular
from engine.readings import DraggedNode
from gui import theme
from gui.canvas import painting
from gui.canvas.mesh import MeshLayer
from gui.canvas.tools import Point, Tool
from gui.canvas.viewport import Viewport
from gui.document import Document
from gui.translation import mark, tr

# Nodes that mean something to a person, by their names; the others can be dragged, too.
HANDLES = {
    61: mark("Mouth corner"),
    291: mark("Mouth corner"),
    0: mark("Upper lip"),
    17: mark("Lower lip"),
    13: mark("Inner upper lip"),
    14: mark("Inner lower lip"),
    159: mark("Upper eyelid"),
    386: mark("Upper eyelid"),
    145: mark("Lower eyelid"),
    374: mark("Lower eyelid"),
    33: mark("Eye corner"),
    133: mark("Eye corner"),
    362: mark("Eye corner"),
    263: mark("Eye corner"),
    70: mark("Brow"),
    105: mark("Brow"),
    107: mark("Brow"),
    300: mark("Brow"),
    334: mark("Brow"),
    336: mark("Brow"),
    4: mark("Nose tip"),
    152: mark("Chin"),
}
HANDLE_REACH, NODE_REACH = 15.0, 7.0  # widget pixels a press may be off
NUDGE, FAR_NUDGE = 0.01, 0.05  # of the eye distance, by an arrow key
BEHIND = 4.0  # widget pixels that a handle stays behind the pointer before it is shown
HELD_BACK = "#ff6b63"  # on skin, on dark and beside the handles' own colour
Which = tuple[int, int]  # face, node


class NodeTool(Tool):
    """Drags hidden nodes of any face. Alt-click, or Delete, gives one back to the prediction.

    A handle goes as far as faces do; pulled further it stays behind, tied to the pointer.
    """

    name = "node"
    text = mark("Landmarks")
    tip = mark("Drag hidden landmarks: a mouth corner, an eyelid")
    icon = "vector-triangle"
    shortcut = "N"
    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, document: Document, layer: MeshLayer) -> None:
        super().__init__(document)
        self.may_drag = True  # without the landmark module dragging would have no effect
        self.chosen: Which | None = None
        self._layer = layer
        self._view = Viewport()
        self._held: tuple[float, float] | None = None
        self._pulled: Point | None = None  # where the chosen node is pulled to, beyond any face
        self._nudged = False

    @classmethod
    def on(cls, document: Document, mesh: MeshLayer) -> NodeTool:
        return cls(document, mesh)

    # The mouse.

    def press(self, point: Point, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        found = self.find(point)
        self.chosen = found
        if found is None or not self.may_drag:
            return
        self.document.select(found[0])
        if modifiers & Qt.KeyboardModifier.AltModifier:
            self._free(found)
            return
        x, y = self._place(found)
        self._held = x - point[0], y - point[1]

    def drag(self, point: Point, pressure: float) -> None:
        if self._held is not None and self.chosen is not None:
            self._move(self.chosen, point[0] + self._held[0], point[1] + self._held[1])

    def release(self, point: Point) -> None:
        self._held = self._pulled = None
        self.document.end_drag(tr("Drag a landmark"))

    def cancel(self) -> None:
        self._held, self._pulled, self._nudged = None, None, False
        self.document.abandon_drag()

    def find(self, point: Point) -> Which | None:
        """The hidden node nearest to a photo point within reach; handles go first."""
        best: tuple[float, Which] | None = None
        for shape in self._layer.shapes:
            hidden = np.flatnonzero(shape.hidden)
            if not len(hidden):
                continue
            away = np.linalg.norm(shape.points[hidden] - point, axis=1) * self._view.scale
            for node, distance in zip(hidden.tolist(), away.tolist(), strict=True):
                reach = HANDLE_REACH if node in HANDLES else NODE_REACH
                rank = distance - (HANDLE_REACH if node in HANDLES else 0)
                if distance <= reach and (best is None or rank < best[0]):
                    best = rank, (shape.face, node)
        return best[1] if best else None

    # The keyboard.

    def key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._cycle(1 if key == Qt.Key.Key_PageDown else -1)
            return True
        if self.chosen is None or not self.may_drag:
            return False
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._free(self.chosen)
            return True
        shape = self._layer.shape(self.chosen[0])
        if key not in steps or modifiers & Qt.KeyboardModifier.AltModifier or shape is None:
            return False
        if not shape.hidden[self.chosen[1]]:
            return False
        share = FAR_NUDGE if modifiers & Qt.KeyboardModifier.ShiftModifier else NUDGE
        unit = share * inter_ocular(shape.points)
        x, y = self._place(self.chosen)
        self._nudged = True
        self._move(self.chosen, x + steps[Qt.Key(key)][0] * unit, y + steps[Qt.Key(key)][1] * unit)
        return True

    def wants(self, key: int) -> bool:
        """Arrow keys go from photo to photo only while no node is chosen."""
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
        return self.chosen is not None and key in arrows

    def key_up(self, key: int) -> None:
        """One press of an arrow key, however long, is one step of the history."""
        if self._nudged:
            self._nudged, self._pulled = False, None
            self.document.end_drag(tr("Drag a landmark"))

    def _cycle(self, step: int) -> None:
        shape = self._layer.shape(self.document.selected)
        nodes = [n for n in HANDLES if shape is not None and shape.hidden[n]]
        if shape is None or not nodes:
            return
        current = self.chosen[1] if self.chosen and self.chosen[0] == shape.face else None
        at = nodes.index(current) + step if current in nodes else min(step, 0)
        self.chosen = shape.face, nodes[at % len(nodes)]

    # Both.

    def _place(self, which: Which) -> Point:
        shape = self._layer.shape(which[0])
        assert shape is not None
        return tuple(shape.points[which[1]].tolist())

    def _move(self, which: Which, x: float, y: float) -> None:
        width, height = self.document.size
        x, y = min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))
        at = self._reached(which, x, y)
        self._pulled = (x, y) if at != (x, y) else None
        self.document.move_node(DraggedNode(*which, *at))

    def _reached(self, which: Which, x: float, y: float) -> Point:
        """Where a node stops on its way to a place: there, or where faces end."""
        face, node = which
        shape, space = self._layer.shape(face), self._layer.space
        if shape is None or space is None:
            return x, y
        placed = [
            (n.node, n.x, n.y) for n in self.document.nodes if n.face == face and n.node != node
        ]
        placed.append((node, x, y))
        return space.reached(shape.undragged, shape.hidden, placed, self._place(which))

    def _free(self, which: Which) -> None:
        kept = [n for n in self.document.nodes if (n.face, n.node) != which]
        self.document.set_nodes(kept, tr("Release a landmark"))

    # What is seen.

    def draw(self, painter: QPainter, view: Viewport, pointer: QPointF | None) -> None:
        self._view = view
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hint = self._hint()
        if hint:
            painting.draw_tag(painter, hint, QPointF(14, 14), right=False)
        if not self.may_drag:
            return
        over = self.find(view.to_photo(pointer)) if pointer is not None else None
        dragged = {(n.face, n.node) for n in self.document.nodes}
        handles: list[tuple[QPointF, Which]] = []
        for shape in self._layer.shapes:
            for node in np.flatnonzero(shape.hidden).tolist():
                which = (shape.face, node)
                at = view.to_widget(*shape.points[node].tolist())
                if node in HANDLES or which in dragged:
                    handles.append((at, which))
                else:
                    _draw_dot(painter, at, lit=which in (over, self.chosen))
        behind = self._behind(view)
        for at, which in handles:
            lit = which in (over, self.chosen)
            if behind is not None and which == self.chosen:
                _draw_tie(painter, at, behind)
            _draw_handle(painter, at, lit=lit, dragged=which in dragged)
        if behind is not None:
            painting.draw_tag(
                painter, tr("No face goes further"), behind + QPointF(13, -32), right=False
            )
        else:
            self._draw_name(painter, view, over or self.chosen)

    def _behind(self, view: Viewport) -> QPointF | None:
        """Where the chosen node is pulled to, in the widget, while it stays visibly behind."""
        if self._pulled is None or self.chosen is None:
            return None
        if self._layer.shape(self.chosen[0]) is None:
            return None
        at, to = view.to_widget(*self._place(self.chosen)), view.to_widget(*self._pulled)
        away = to - at
        return to if np.hypot(away.x(), away.y()) > BEHIND else None

    def _draw_name(self, painter: QPainter, view: Viewport, which: Which | None) -> None:
        shape = self._layer.shape(which[0]) if which else None
        if which is None or shape is None or not shape.hidden[which[1]]:
            return
        text = tr(HANDLES[which[1]]) if which[1] in HANDLES else f"{which[1]}"
        at = view.to_widget(*self._place(which)) + QPointF(13, -32)
        painting.draw_tag(painter, text, at, right=False)

    def _hint(self) -> str:
        if not self.may_drag:
            return tr("Switch the landmarks module on to drag landmarks")
        if self._layer.is_blind:
            return tr("Landmarks cannot be predicted: no landmark network is installed")
        if not self._layer.has_hidden:
            return tr("Paint over part of a face; its landmarks can then be dragged")
        return ""


def _draw_tie(painter: QPainter, at: QPointF, to: QPointF) -> None:
    """What holds a handle back: a dashed line to where it is pulled, and a ring there."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in (("#15161a", 4.0), (HELD_BACK, 2.0)):
        painter.setPen(QPen(QColor(colour), width, Qt.PenStyle.DashLine))
        painter.drawLine(at, to)
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(to, 6.0, 6.0)


def _draw_handle(painter: QPainter, at: QPointF, *, lit: bool, dragged: bool) -> None:
    painter.setPen(QPen(QColor("#15161a"), 2))
    painter.setBrush(QColor("#ffffff" if dragged else theme.DARK.predicted))
    radius = 7.5 if lit else 6.0
    painter.drawEllipse(at, radius, radius)
    if dragged:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.DARK.predicted))
        painter.drawEllipse(at, radius - 3, radius - 3)


def _draw_dot(painter: QPainter, at: QPointF, *, lit: bool) -> None:
    painter.setPen(QPen(QColor(0, 0, 0, 150), 1))
    painter.setBrush(QColor("#ffffff" if lit else theme.DARK.predicted))
    radius = 4.0 if lit else 2.0
    painter.drawEllipse(at, radius, radius)
