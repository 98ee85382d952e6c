"""Small pictures of the person in the photo with each expression that can be asked for.

Made one after the other in the background once somebody looks at their strip, by an inpainter of
their own: neither a stroke nor a fill waits for them, and while a fill runs they wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from engine.edit.compositor import Composite
from engine.edit.edit import Edit, request_of
from engine.edit.tiles import TiledMask
from engine.inpaint import FillOptions, Inpainter, Preview
from engine.modules.registry import wishes
from engine.photo.compositing import lay
from gui import asked
from gui.editor import Editor
from gui.part_masks import with_part
from gui.qimage import image_from_rgb, resize
from gui.worker import Worker

# What of the mesh's box is shown: the brows to the chin, where expressions are.
SEEN = ((0.04, 0.2), (0.96, 1.02))
HIGH = 96  # pixels of a picture


class Looks(QObject):
    """Signals: `made` with a choice and its picture; `cleared` once the pictures are of another
    face, or of one that looks otherwise by now."""

    made = Signal(str, QImage)
    cleared = Signal()

    def __init__(
        self, editor: Editor, create: Callable[[], Inpainter], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._editor, self._create = editor, create
        self._inpainter: Inpainter | None = None
        self._worker = Worker("looks", self)
        self._of: tuple[str, int] | None = None  # the face, and the picture's revision
        self._left: list[str] = []
        document = editor.document
        for signal in (document.opened, document.selected_changed, document.pixels_changed):
            signal.connect(self._look)
        document.faces_changed.connect(self._look)
        editor.busy_changed.connect(lambda busy: None if busy else self._next())

    def want(self) -> None:
        """Somebody looks at the strip: make the pictures of the chosen face, unless they are."""
        name, of = asked.menu_wish(), self._now
        if of is not None and of != self._of and name:
            self._of = of
            self._left = list(wishes()[name]["parts"])
            self._next()

    def close(self) -> None:
        self._left = []
        self._worker.close()

    @property
    def _now(self) -> tuple[str, int] | None:
        """The chosen face and its picture, None where there is no face to change."""
        document = self._editor.document
        subjects = document.edit.subjects if document.is_open else ()
        if document.selected >= len(subjects) or subjects[document.selected].face.mesh is None:
            return None
        return subjects[document.selected].id, document.revision

    def _look(self, *_: object) -> None:
        if self._of is not None and self._of != self._now:
            self._of, self._left = None, []
            self.cleared.emit()

    def _next(self) -> None:
        document = self._editor.document
        if not self._left or self._worker.is_busy or self._editor.is_busy:
            return
        value, of = self._left.pop(0), self._of
        picture, edit, face = document.picture, document.edit, document.selected
        assert picture is not None

        def job(progress: object, cancel: threading.Event) -> QImage | None:
            if self._inpainter is None:
                self._inpainter = self._create()
            return _look_of(self._inpainter, picture, edit, face, value)

        def done(image: QImage | None) -> None:
            if image is not None and of is not None and of == self._of:
                self.made.emit(value, image)
            self._next()

        # One that cannot be made stays drawn: what was asked for tells why when it is filled.
        self._worker.submit(job, done, lambda _failure: self._next())


def _look_of(
    inpainter: Inpainter, picture: Composite, edit: Edit, number: int, value: str
) -> QImage | None:
    """A face of the picture with an expression, None where nothing of it can be made."""
    name, mesh = asked.menu_wish(), edit.subjects[number].face.mesh
    assert mesh is not None
    mask = TiledMask(edit.photo.size)
    for part in wishes()[name]["parts"][value]:
        mask = with_part(mask, part, [mesh])
    options = replace(FillOptions(model="prior", frames=edit.options(FillOptions()).frames))
    options = replace(options, **{name: value})
    faces = edit.known_faces() or ()
    preview = inpainter.preview(request_of(edit, options, picture.photo(), mask, faces))
    return picture_of(preview, picture, mesh) if preview.patches else None


def picture_of(preview: Preview, picture: Composite, mesh: np.ndarray) -> QImage:
    """The face of a mesh (478 x 2 photo pixels) as a preview has it, HIGH pixels high."""
    photo = picture.opened
    low, extent = mesh.min(0), np.ptp(mesh, axis=0)
    limit = np.array(photo.size)
    x0, y0 = np.clip(np.floor(low + extent * SEEN[0]), 0, limit - 1).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(low + extent * SEEN[1]), (x0 + 1, y0 + 1), limit).astype(int).tolist()
    pixels = picture.read((x0, y0, x1 - x0, y1 - y0)).copy()
    for patch in preview.patches:
        lay(pixels, (x0, y0), patch)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    shown = np.ascontiguousarray(photo.to_srgb(np.ascontiguousarray(pixels))[..., :3])
    share = HIGH / shown.shape[0]
    return image_from_rgb(resize(shown, (max(1, round(shown.shape[1] * share)), HIGH))).copy()
