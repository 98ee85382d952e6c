"""What the canvas shows: the photo and all that lies over it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from engine.edit.compositor import Shown, damage
from engine.edit.edit import Edit
from engine.face.finder import FaceFrame
from gui import theme
from gui.canvas import painting
from gui.canvas.levels import Levels
from gui.canvas.marks import FaceMarks
from gui.canvas.mesh import MeshLayer
from gui.canvas.pyramid import Pyramid
from gui.canvas.shelf import Shelf
from gui.canvas.zoomable import Zoomable
from gui.document import Document
from gui.readout import Readings
from gui.translation import tr

MASK_OPACITY = 0.5
SLICE = 0.006  # seconds of work on large changes between two events
FADED = 0.35  # of the mesh's opacity, over a fill that is to be judged


class Surface(Zoomable):
    """Draws the shown photo; what is done on it is the canvas's.

    Signals: `levels_wanted` with a tab that is shown coarsely until its levels are made again;
    `before_shown`: whether the photo is shown as it was opened.
    """

    levels_wanted = Signal(object)
    before_shown = Signal(bool)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.mesh = MeshLayer(document)
        self.marks = FaceMarks(document)
        self.shelf = Shelf()
        self.mesh_shown = False
        self.mask_shown = True
        self.mask_opacity = MASK_OPACITY
        self._filled = False
        self._guess: FaceFrame | None = None
        self._split: float | None = None
        self._before_held = False
        self._glanced: tuple[Edit, str] | None = None
        self._preview: list[tuple[tuple[int, int, int, int], QImage]] = []
        self._going_on = QTimer(self)
        self._going_on.setInterval(0)
        self._going_on.timeout.connect(self._go_on)
        document.leaving.connect(self._on_leaving)
        document.opened.connect(self._on_opened)
        document.pixels_changed.connect(self._on_pixels_changed)
        document.mask_changed.connect(self._on_mask_changed)
        for signal in (document.faces_changed, document.nodes_changed, document.selected_changed):
            signal.connect(self._on_faces_changed)

    # What the tool in hand says of what is drawn.

    @property
    def is_dragging(self) -> bool:
        """Whether the tool in hand is the mesh's: the mesh is drawn in full."""
        return False

    @property
    def can_drag(self) -> bool:
        """Whether that tool can move anything."""
        return False

    @property
    def needs_numbers(self) -> bool:
        """Whether the tool in hand is for faces: even a single one has its number."""
        return False

    @property
    def needs_mesh(self) -> bool:
        """Whether the mesh is drawn: with its tool, or where it was asked for."""
        return self.mesh_shown or self.is_dragging

    def draw_tool(self, painter: QPainter) -> None:
        """What is seen of the tool in hand, above everything."""

    # What the window asks for.

    def take_levels(self, levels: Levels) -> None:
        """A photo's levels, computed off the GUI thread: for when it is shown, or now."""
        if self.shelf.take(levels, self.document.tab):
            self._going_on.start()
            self.update()

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
        if self.needs_mesh:
            self.update()

    def set_split(self, on: bool) -> None:
        """Show before on the left and after on the right of a divider that can be dragged."""
        self._split = (0.5 if self._split is None else self._split) if on else None
        self.update()

    def hold_before(self, held: bool) -> None:
        """Show the photo as it was opened while held."""
        if held != self._before_held:
            self._before_held = held
            self.before_shown.emit(held)
            self.update()

    def glance(self, edit: Edit | None, words: str = "") -> None:
        """Show the photo as another edit of it would have it, with `words` for what that is and
        nothing over it; None shows it as it is again."""
        levels, picture = self.shelf.shown, self.document.picture
        if levels is None or picture is None or (edit is None and self._glanced is None):
            return
        before = self.document.now if self._glanced is None else self._glanced[0]
        after = self.document.now if edit is None else edit
        self._glanced = None if edit is None else (edit, words)
        levels.current.rebase(Shown(picture.of(after)))
        for box in damage(before, after):
            self._bring_up_to_date(levels.current, box)
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
        """Another photo will be shown: what is seen is kept."""
        self.glance(None)
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
        self.glance(None)
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
            self.update_sheet(self.view.dirty(box))
        else:
            self._going_on.start()

    def _go_on(self) -> None:
        """A large change is shown piece by piece, between the events."""
        levels = self.shelf.shown
        if levels is None or not levels.waiting:
            self._going_on.stop()
            return
        for box in levels.go_on(SLICE):
            self.update_sheet(self.view.dirty(box))

    def _on_faces_changed(self) -> None:
        self.mesh.touch()
        self.update()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.colours().canvas))
        if not self.document.is_open or self.shelf.shown is None:
            return
        area, room = event.rect(), self.room
        if self.turn:
            area = self.laid.inverted()[0].mapRect(area).adjusted(-1, -1, 1, 1)
            painter.setTransform(self.laid)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        width, height = self.document.size
        shown = self.view.rect_to_widget((0, 0, width, height))
        area = area.intersected(shown.toAlignedRect())
        if area.isEmpty():
            return
        painter.save()
        painter.setClipRect(shown)
        if self._before_held:
            painting.draw_photo(painter, self.shelf.shown.original, self.view, area)
            painter.restore()
            self._draw_words(painter, tr("Before"))
            return
        after = QRect(area)
        if self._split is not None:
            x, rest = round(self._split * room.width()), round(room.width()) + 1
            before = area.intersected(QRect(0, 0, x, round(room.height()) + 1))
            after = area.intersected(QRect(x, 0, rest, round(room.height()) + 1))
            if not before.isEmpty():
                painting.draw_photo(painter, self.shelf.shown.original, self.view, before)
            painter.setClipRect(shown.intersected(QRectF(x, 0, rest, room.height())))
        if not after.isEmpty():
            self._draw_after(painter, after)
        painter.restore()
        if self._split is not None:
            x, words = self._split * room.width(), (tr("Before"), tr("After"))
            top = max(0.0, shown.top()) + 12
            painting.draw_divider(painter, x, top, round(room.height()), *words)
            return
        if self._glanced is not None:
            self._draw_words(painter, self._glanced[1])
            return
        if self.shows_marks:
            self.marks.draw(painter, self.view, room, self.pointer)
        if self.needs_mesh and self.mesh.has_hidden and not self._filled:
            painter.save()
            painter.resetTransform()
            self.mesh.draw_legend(painter, self.height(), can_drag=self.can_drag)
            painter.restore()
        self.draw_tool(painter)

    def _draw_words(self, painter: QPainter, words: str) -> None:
        """What is shown, upright in the widget's corner."""
        painter.resetTransform()
        painting.draw_tag(painter, words, QPointF(14, 14), right=False)

    @property
    def shows_marks(self) -> bool:
        """Whether the faces' numbers can be seen, and pressed."""
        plain = self._split is None and self._glanced is None and not self._before_held
        return plain and (self.mesh_shown or self.needs_numbers or len(self.document.subjects) > 1)

    def _draw_after(self, painter: QPainter, area: QRect) -> None:
        assert self.shelf.shown is not None
        document, colours = self.document, theme.colours()
        painting.draw_photo(painter, self.shelf.shown.current, self.view, area)
        if self._split is not None or self._glanced is not None:
            return
        if self._preview:
            painting.draw_preview(painter, self._preview, self.view)
        if self.mask_shown:
            mask, tint = self.shelf.shown.mask, theme.mask_colour()
            # What a preview shows is to be judged: the lines alone say where it is.
            clear = [self.view.rect_to_widget(box) for box, _ in self._preview]
            painting.draw_mask(painter, mask, self.view, area, tint, self.mask_opacity, clear)
        if self.needs_mesh:
            fades = self._filled and not self.is_dragging
            self.mesh.draw(painter, self.view, FADED if fades else 1.0)
        guessed = () if self._guess is None else (self._guess,)
        for frame in (*document.frames, *guessed):
            painting.draw_frame(painter, frame, self.view, colours.warning)
