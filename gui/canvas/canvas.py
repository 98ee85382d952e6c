"""The canvas: shows the document, and turns mouse, pen, wheel and keys into tool calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from engine.face.finder import FaceFrame
from gui import theme
from gui.canvas import painting
from gui.canvas.levels import Levels
from gui.canvas.marks import FaceMarks
from gui.canvas.mesh import MeshLayer
from gui.canvas.nodes import NodeTool
from gui.canvas.pyramid import Pyramid
from gui.canvas.shelf import Shelf
from gui.canvas.toolbox import TOOLS
from gui.canvas.tools import BrushTool, EraserTool, PanTool, Tool
from gui.canvas.zoomable import WHEEL_STEP, Zoomable
from gui.document import Document
from gui.readout import Readings
from gui.translation import tr

MASK_OPACITY = 0.5
SLICE = 0.006  # seconds of work on large changes between two events
OVER_PREVIEW = 0.32  # of the mask's opacity, so that the preview under it is seen
FADED = 0.35  # of the mesh's opacity, over a fill that is to be judged


Kind = TypeVar("Kind", bound=Tool)


class Canvas(Zoomable):
    """The photo with its overlays.

    Signals: `pointer_moved` with photo coordinates or None; `brush_resized` when a key or wheel
    changed the brush; `face_removed` with the number of a face whose cross was pressed;
    `levels_wanted` with a tab that is shown coarsely until its levels are made again.
    """

    pointer_moved = Signal(object)
    brush_resized = Signal()
    face_removed = Signal(int)
    levels_wanted = Signal(object)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.mesh = MeshLayer(document)
        self.marks = FaceMarks(document)
        self.tools: dict[str, Tool] = {tool.name: tool.on(document, self.mesh) for tool in TOOLS}
        self.brush, self.eraser = self._made(BrushTool), self._made(EraserTool)
        self.nodes = self._made(NodeTool)
        self.tool: Tool = self.brush
        self.mesh_shown = True
        self.mask_shown = True
        self.mask_opacity = MASK_OPACITY
        self._filled = False
        self._guess: FaceFrame | None = None
        self._split: float | None = None
        self._before_held = False
        self._preview: list[tuple[tuple[int, int, int, int], QImage]] = []
        self.shelf = Shelf()
        self._going_on = QTimer(self)
        self._going_on.setInterval(0)
        self._going_on.timeout.connect(self._go_on)
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
        document.leaving.connect(self._on_leaving)
        document.opened.connect(self._on_opened)
        document.pixels_changed.connect(self._on_pixels_changed)
        document.mask_changed.connect(self._on_mask_changed)
        for signal in (document.faces_changed, document.nodes_changed, document.selected_changed):
            signal.connect(self._on_faces_changed)
        self.set_tool("brush")

    def _made(self, kind: type[Kind]) -> Kind:
        """The canvas's own tool of a class."""
        made = self.tools[kind.name]
        assert isinstance(made, kind)
        return made

    # What the window asks for.

    def take_levels(self, levels: Levels) -> None:
        """A photo's levels, computed off the GUI thread: for when it is shown, or now."""
        if self.shelf.take(levels, self.document.tab):
            self._going_on.start()
            self.update()

    def set_tool(self, name: str) -> None:
        self.tool.cancel()
        self._lent = None
        self.tool = self.tools[name]
        self._show_cursor()
        self.update()

    def set_brush(self, size: float | None = None, hardness: float | None = None) -> None:
        """Brush and eraser are one in size and hardness."""
        for tool in (self.brush, self.eraser):
            if size is not None:
                tool.size = min(max(size, 1.0), 4000.0)
            if hardness is not None:
                tool.hardness = min(max(hardness, 0.0), 1.0)
        self.update()

    def step_brush(self, larger: bool) -> None:
        """A notch larger or smaller, by a fifth and at least a pixel."""
        size = self.brush.size
        self.set_brush(max(size * 1.2, size + 1) if larger else min(size / 1.2, size - 1))
        self.brush_resized.emit()

    def set_preview(self, images: Sequence[tuple[tuple[int, int, int, int], QImage]]) -> None:
        """What the fill will roughly be, shown under the mask; empty shows the mask alone."""
        if images or self._preview:
            self._preview = list(images)
            self.update()

    def show_guess(self, guess: FaceFrame | None) -> None:
        """Where a face may be that no finder saw."""
        self._guess = guess
        self.update()

    def show_readings(self, readings: Readings) -> None:
        """The meshes as they are read now; they step back once there is a fill to look at."""
        self.mesh.show(readings)
        self._filled = readings.filled
        if self.mesh_shown or self.tool is self.nodes:
            self.update()

    def set_dragging(self, on: bool) -> None:
        """Whether dragged nodes have a say: with the landmark module."""
        self.nodes.may_drag = on
        self.update()

    def set_split(self, on: bool) -> None:
        """Show before on the left and after on the right of a divider that can be dragged."""
        self._split = (0.5 if self._split is None else self._split) if on else None
        self.update()

    def hold_before(self, held: bool) -> None:
        """Show the photo as it was opened while held."""
        if held != self._before_held:
            self._before_held = held
            self.update()

    def set_mesh_shown(self, shown: bool) -> None:
        self.mesh_shown = shown
        self.update()

    def set_mask_shown(self, shown: bool) -> None:
        self.mask_shown = shown
        self.update()

    def set_mask_opacity(self, opacity: float) -> None:
        """How much of the photo the mask hides, 0 .. 1."""
        self.mask_opacity = min(max(opacity, 0.0), 1.0)
        self.update()

    # The document's changes.

    def _on_leaving(self) -> None:
        """Another photo will be shown: what is half done is taken back, what is seen is kept."""
        self.tool.cancel()
        self.shelf.put_back(self.document.tab, self.view, is_fitted=self._is_fitted)

    def _on_opened(self) -> None:
        tab = self.document.tab
        self._preview = []
        self._split = None if self._split is None else 0.5
        if tab is None:
            self.update()
            return
        levels = self.shelf.show(tab)
        if levels.view is None or levels.is_fitted:
            self.fit()
        else:
            self._is_fitted = False
            self.set_view(levels.view)
        self._going_on.start()
        if not levels.is_whole:
            self.levels_wanted.emit(tab)

    def _on_pixels_changed(self, box: tuple[int, int, int, int]) -> None:
        if self.shelf.shown is not None:
            self.shelf.shown.current.rebase(self.document.shown)
            self._bring_up_to_date(self.shelf.shown.current, box)

    def _on_mask_changed(self, box: tuple[int, int, int, int]) -> None:
        if self.shelf.shown is not None:
            self.shelf.shown.mask.rebase(self.document.painted)
            self._bring_up_to_date(self.shelf.shown.mask, box)

    def _bring_up_to_date(self, pyramid: Pyramid, box: tuple[int, int, int, int]) -> None:
        assert self.shelf.shown is not None
        if self.shelf.shown.update(pyramid, box):
            self.update(self.view.dirty(box))
        else:
            self._going_on.start()

    def _go_on(self) -> None:
        """A large change is shown piece by piece, between the events."""
        levels = self.shelf.shown
        if levels is None or not levels.waiting:
            self._going_on.stop()
            return
        for box in levels.go_on(SLICE):
            self.update(self.view.dirty(box))

    def _on_faces_changed(self) -> None:
        self.mesh.touch()
        self.update()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.colours().canvas))
        if not self.document.is_open or self.shelf.shown is None:
            return
        width, height = self.document.size
        shown = self.view.rect_to_widget((0, 0, width, height))
        area = event.rect().intersected(shown.toAlignedRect())
        if area.isEmpty():
            return
        painter.save()
        painter.setClipRect(shown)
        if self._before_held:
            painting.draw_photo(painter, self.shelf.shown.original, self.view, area)
            painter.restore()
            painting.draw_tag(painter, tr("Before"), QPointF(14, 14), right=False)
            return
        after = QRect(area)
        if self._split is not None:
            x = round(self._split * self.width())
            before = area.intersected(QRect(0, 0, x, self.height()))
            after = area.intersected(QRect(x, 0, self.width() - x, self.height()))
            if not before.isEmpty():
                painting.draw_photo(painter, self.shelf.shown.original, self.view, before)
            painter.setClipRect(shown.intersected(QRectF(x, 0, self.width() - x, self.height())))
        if not after.isEmpty():
            self._draw_after(painter, after)
        painter.restore()
        if self._split is not None:
            x = self._split * self.width()
            top = max(0.0, shown.top()) + 12
            painting.draw_divider(painter, x, top, self.height(), tr("Before"), tr("After"))
            return
        dragging = self.tool is self.nodes
        if self.shows_marks:
            self.marks.draw(painter, self.view, QSizeF(self.size()), self.pointer)
        if (self.mesh_shown or dragging) and self.mesh.has_hidden and not self._filled:
            can_drag = dragging and self.nodes.may_drag
            self.mesh.draw_legend(painter, self.height(), can_drag=can_drag)
        if not self._panning and self._mark_at(self.pointer) is None:
            self.tool.draw(painter, self.view, self.pointer)

    @property
    def shows_marks(self) -> bool:
        """Whether the faces' numbers can be seen, and pressed."""
        return self.mesh_shown and self._split is None and not self._before_held

    def _mark_at(self, at: QPointF | None) -> tuple[int, bool] | None:
        if at is None or not self.shows_marks or self._space:
            return None
        return self.marks.at(at, self.view, QSizeF(self.size()))

    def _draw_after(self, painter: QPainter, area: QRect) -> None:
        assert self.shelf.shown is not None
        document, colours = self.document, theme.colours()
        painting.draw_photo(painter, self.shelf.shown.current, self.view, area)
        if self._split is not None:
            return
        if self._preview:
            painting.draw_preview(painter, self._preview, self.view)
        if self.mask_shown:
            opacity = self.mask_opacity * (OVER_PREVIEW if self._preview else 1.0)
            tint = theme.mask_colour()
            painting.draw_mask(painter, self.shelf.shown.mask, self.view, area, tint, opacity)
        if self.mesh_shown or self.tool is self.nodes:
            fades = self._filled and self.tool is not self.nodes
            self.mesh.draw(painter, self.view, FADED if fades else 1.0)
        guessed = () if self._guess is None else (self._guess,)
        for frame in (*document.frames, *guessed):
            painting.draw_frame(painter, frame, self.view, colours.warning)

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._by_pen or not self.document.is_open:
            return
        self._press(event.position(), event.button(), event.modifiers(), 1.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self._by_pen:
            self._move(event.position(), event.buttons(), 1.0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._by_pen:
            self._release(event.position(), event.button())

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen paints with its pressure; accepted, or Qt would send mouse events as well."""
        event.accept()
        kind, pressure = event.type(), max(0.1, event.pressure())
        if kind == QEvent.Type.TabletPress:
            self._by_pen = True
            if event.pointerType() == QPointingDevice.PointerType.Eraser:
                self._lend(self.eraser)
            self._press(event.position(), event.button(), event.modifiers(), pressure)
        elif kind == QEvent.Type.TabletMove:
            self._move(event.position(), event.buttons(), pressure)
        elif kind == QEvent.Type.TabletRelease:
            self._release(event.position(), event.button())
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
        elif self._split is not None and left and abs(at.x() - self._split * self.width()) < 16:
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
            self._split = min(0.98, max(0.02, at.x() / self.width()))
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
        if over or not isinstance(self.tool, BrushTool):
            self.update()
            return
        reach = max(2.0, self.tool.size / 2 * self.view.scale) + 4
        for point in (previous, self.pointer):
            if point is not None:
                area = QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach)
                self.update(area.toAlignedRect())

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if not notches:
            return
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.step_brush(notches > 0)
        else:
            self.zoom_by(WHEEL_STEP**notches, event.position())

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
