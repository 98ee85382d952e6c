"""The canvas: shows the document, and turns mouse, pen, wheel and keys into tool calls."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from engine.edit.tiles import TiledMask
from gui.canvas.frame import FrameTool
from gui.canvas.lasso import LassoTool
from gui.canvas.nodes import NodeTool
from gui.canvas.spot import SpotTool
from gui.canvas.surface import Surface
from gui.canvas.toolbox import TOOLS
from gui.canvas.tools import BrushTool, EraserTool, PanTool, Tool
from gui.canvas.zoomable import WHEEL_STEP
from gui.document import Document
from gui.translation import tr

Kind = TypeVar("Kind", bound=Tool)


class Canvas(Surface):
    """The photo with its overlays, and the tools in a hand.

    Signals: `pointer_moved` with photo coordinates or None; `brush_resized` when a key or wheel
    changed the brush; `face_removed` with the number of a face whose cross was pressed; `told`, one
    line for the status.
    """

    pointer_moved = Signal(object)
    brush_resized = Signal()
    face_removed = Signal(int)
    told = Signal(str)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.tools: dict[str, Tool] = {tool.name: tool.on(document, self.mesh) for tool in TOOLS}
        for tool in self.tools.values():
            tool.tell = self.told.emit
        self.brush, self.eraser = self._made(BrushTool), self._made(EraserTool)
        self.nodes, self.spot = self._made(NodeTool), self._made(SpotTool)
        self.lasso = self._made(LassoTool)
        self.tool: Tool = self.brush
        self._panning: QPoint | None = None
        self._clicked: QPointF | None = None
        self._space = False
        self._dragging_split = False
        self._by_pen = False
        self._lent: Tool | None = None  # the tool that a pen's eraser end stands in for
        self.setObjectName("canvas")
        self.setAccessibleName(tr("Photo"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(240, 180)
        self.set_tool("brush")

    def _made(self, kind: type[Kind]) -> Kind:
        """The canvas's own tool of a class."""
        made = self.tools[kind.name]
        assert isinstance(made, kind)
        return made

    # Tools.

    @property
    def is_dragging(self) -> bool:
        return self.tool is self.nodes

    @property
    def can_drag(self) -> bool:
        return self.is_dragging and self.nodes.may_drag

    @property
    def needs_numbers(self) -> bool:
        return isinstance(self.tool, PanTool | FrameTool | NodeTool)

    def draw_tool(self, painter: QPainter) -> None:
        if not self._panning and self._mark_at(self.pointer) is None:
            self.tool.draw(painter, self.view, self.pointer)

    def set_tool(self, name: str) -> None:
        self.tool.cancel()
        self._lent = None
        self.tool = self.tools[name]
        self._show_cursor()
        self.update()

    def set_brush(self, size: float | None = None, hardness: float | None = None) -> None:
        """Brush, eraser and spot are one in size and hardness."""
        for tool in (self.brush, self.eraser, self.spot):
            if size is not None:
                tool.size = min(max(size, 1.0), 4000.0)
            if hardness is not None:
                tool.hardness = min(max(hardness, 0.0), 1.0)
        self.update()

    def show_waiting(self, mask: TiledMask | None) -> None:
        """Spots that were clicked and are still to be filled."""
        self.spot.show_waiting(mask)
        self.update()

    def step_brush(self, larger: bool) -> None:
        """A notch larger or smaller, by a fifth and at least a pixel."""
        size = self.brush.size
        self.set_brush(max(size * 1.2, size + 1) if larger else min(size / 1.2, size - 1))
        self.brush_resized.emit()

    def set_snapping(self, on: bool) -> None:
        """Whether the lasso follows edges from corner to corner."""
        self.lasso.snaps = on
        self.update()

    def set_dragging(self, on: bool) -> None:
        """Whether dragged nodes have a say: with the landmark module."""
        self.nodes.may_drag = on
        self.update()

    def _on_leaving(self) -> None:
        """Another photo will be shown: what is half done is taken back first."""
        self.tool.cancel()
        super()._on_leaving()

    def _mark_at(self, at: QPointF | None) -> tuple[int, bool] | None:
        if at is None or not self.shows_marks or self._space:
            return None
        return self.marks.at(at, self.view, self.room)

    # Events.

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self.tool.wants(event.key()):
            event.accept()  # no command takes it
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._by_pen or not self.document.is_open:
            return
        self._press(self.sheet(event.position()), event.button(), event.modifiers(), 1.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._by_pen:
            self._move(self.sheet(event.position()), event.buttons(), 1.0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._by_pen:
            self._release(self.sheet(event.position()), event.button())

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen paints with its pressure; accepted, or Qt would send mouse events as well."""
        event.accept()
        kind, pressure = event.type(), max(0.1, event.pressure())
        if kind == QEvent.Type.TabletPress:
            self._by_pen = True
            if event.pointerType() == QPointingDevice.PointerType.Eraser:
                self._lend(self.eraser)
            self._press(self.sheet(event.position()), event.button(), event.modifiers(), pressure)
        elif kind == QEvent.Type.TabletMove:
            self._move(self.sheet(event.position()), event.buttons(), pressure)
        elif kind == QEvent.Type.TabletRelease:
            self._release(self.sheet(event.position()), event.button())
            self._by_pen = False
            self._lend(None)

    def _lend(self, tool: Tool | None) -> None:
        """Use another tool until the pen is lifted."""
        if tool is not None and self._lent is None:
            self.tool.cancel()
            self._lent, self.tool = self.tool, tool
        elif tool is None and self._lent is not None:
            self.tool, self._lent = self._lent, None
            self.update()

    def _press(
        self,
        at: QPointF,
        button: Qt.MouseButton,
        modifiers: Qt.KeyboardModifier,
        pressure: float,
    ) -> None:
        left = button == Qt.MouseButton.LeftButton
        mark = self._mark_at(at) if left else None
        if mark is not None:
            self.face_removed.emit(mark[0]) if mark[1] else self.document.select(mark[0])
        elif (
            self._split is not None and left and abs(at.x() - self._split * self.room.width()) < 16
        ):
            self._dragging_split = True
        elif button == Qt.MouseButton.MiddleButton or (
            left and (self._space or isinstance(self.tool, PanTool) or self._split is not None)
        ):
            self._panning = at.toPoint()
            self._clicked = at if left and isinstance(self.tool, PanTool) else None
            self._show_cursor()
        elif left and not self._before_held:
            self.tool.press(self.view.to_photo(at), modifiers, pressure)
            self.update()

    def _move(self, at: QPointF, buttons: Qt.MouseButton, pressure: float) -> None:
        previous, self.pointer = self.pointer, at
        self.pointer_moved.emit(self.view.to_photo(at) if self.document.is_open else None)
        if self._dragging_split:
            self._split = min(0.98, max(0.02, at.x() / self.room.width()))
            self.update()
        elif self._panning is not None:
            delta = at.toPoint() - self._panning
            self._panning = at.toPoint()
            self.move_view(delta.x(), delta.y())
        elif self.document.is_open:
            if buttons & Qt.MouseButton.LeftButton:
                self.tool.drag(self.view.to_photo(at), pressure)
            self._show_cursor()
            self._update_cursor(previous)

    def _release(self, at: QPointF, button: Qt.MouseButton) -> None:
        if self._dragging_split or self._panning is not None:
            self._dragging_split, self._panning = False, None
            if self._clicked is not None and (at - self._clicked).manhattanLength() < 5:
                self._select_at(self.view.to_photo(at))
            self._clicked = None
            self._show_cursor()
        elif button == Qt.MouseButton.LeftButton and self.document.is_open:
            self.tool.release(self.view.to_photo(at))
            self.update()

    def _select_at(self, point: tuple[float, float]) -> None:
        """A click of the hand tool on a face: that face is read."""
        held = [
            (face.box[2] * face.box[3], number)
            for number, face in enumerate(self.document.subjects)
            if QRectF(*face.box).contains(QPointF(*point))
        ]
        if held:  # the smallest of those that lie there
            self.document.select(min(held)[1])

    def _update_cursor(self, previous: QPointF | None) -> None:
        """Repaint where the brush's circle was and is, no more; other tools draw anywhere."""
        over = any(self._mark_at(point) is not None for point in (previous, self.pointer))
        if over or not isinstance(self.tool, BrushTool) or self.tool is self.spot:
            self.update()
            return
        reach = max(2.0, self.tool.size / 2 * self.view.scale) + 4
        for point in (previous, self.pointer):
            if point is not None:
                area = QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach)
                self.update_sheet(area.toAlignedRect())

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if not notches:
            return
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.step_brush(notches > 0)
        else:
            self.zoom_by(WHEEL_STEP**notches, self.sheet(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        previous, self.pointer = self.pointer, None
        self._update_cursor(previous)
        self.pointer_moved.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self._show_cursor()
        elif event.key() == Qt.Key.Key_Escape:
            self.tool.cancel()
            self.update()
            event.ignore()  # the window cancels a running fill by it
        elif self.tool.key(event.key(), event.modifiers()):
            self.update()
        elif event.key() == Qt.Key.Key_Delete and isinstance(self.tool, PanTool):
            self.face_removed.emit(self.document.selected)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_cursor()
        elif not event.isAutoRepeat():
            self.tool.key_up(event.key())
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QEvent) -> None:
        self._space = False
        self.hold_before(False)
        self._show_cursor()

    def _show_cursor(self) -> None:
        mark = self._mark_at(self.pointer)
        self.setToolTip("" if mark is None else self.marks.tip(mark))
        if self._panning is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space:
            shape = Qt.CursorShape.OpenHandCursor
        elif mark is not None:
            shape = Qt.CursorShape.PointingHandCursor
        elif not self.document.is_open:
            shape = Qt.CursorShape.ArrowCursor
        else:
            shape = self.tool.cursor
        self.setCursor(QCursor(shape))
