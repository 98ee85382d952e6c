"""What the brush's size is measured in: pixels of the photo, of the screen, or the face."""

from __future__ import annotations

from PySide6.QtCore import QObject

from engine.face.mesh import inter_ocular
from gui.canvas.canvas import Canvas
from gui.document import Document
from gui.settings import Settings

PHOTO, SCREEN, FACE = "photo", "screen", "face"
UNITS = (PHOTO, SCREEN, FACE)


class BrushSize(QObject):
    """Follows zoom and faces: a brush of 40 pixels of the screen stays as large as it is seen, one
    of 20 % of the eyes' distance grows with the face. Where no face is known it is measured in the
    photo."""

    def __init__(self, canvas: Canvas, document: Document, settings: Settings) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._settings = canvas, document, settings
        unit = settings.text("brush_unit", PHOTO)
        self.unit = unit if unit in UNITS else PHOTO
        self._value: float | None = None  # in the unit; None until it was asked for
        canvas.view_changed.connect(self._follow)
        for signal in (document.faces_changed, document.selected_changed, document.opened):
            signal.connect(self._follow)

    @property
    def value(self) -> float:
        """The size in the unit: pixels, or per cent of the distance between the eyes."""
        if self._value is None:
            self._value = self._canvas.brush.size / self._one
        return self._value

    def measure_in(self, unit: str) -> None:
        """Another unit; the brush stays as large as it is."""
        self.unit, self._value = unit, None
        self._settings.keep("brush_unit", unit)

    def set_value(self, value: float, hardness: float | None = None) -> None:
        """Another size, in the unit."""
        self._value = value
        self._canvas.set_brush(value * self._one, hardness)

    def take(self) -> None:
        """The canvas gave the brush another size."""
        self._value = None

    @property
    def _one(self) -> float:
        """Pixels of the photo in one of the unit."""
        if self.unit == SCREEN:
            return 1 / max(self._canvas.view.scale, 1e-6)
        if self.unit == FACE:
            subjects = self._document.subjects
            face = subjects[self._document.selected] if subjects else None
            if face is not None:
                eyes = face.box[2] / 2 if face.mesh is None else inter_ocular(face.mesh)
                return eyes / 100
        return 1.0

    def _follow(self, *_: object) -> None:
        if self.unit != PHOTO and self._value is not None:
            self._canvas.set_brush(self._value * self._one)
