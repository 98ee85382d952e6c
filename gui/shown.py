"""What there is of the shown photo, to be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from engine.edit.compositor import Composite, Shown
from engine.edit.edit import Edit, PlacedNode
from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask
from engine.face.finder import Face, FaceFrame
from engine.mask import Mask
from engine.photo import Photo
from engine.readings import DraggedNode
from gui.history import History
from gui.tab import Tab


class ShownPhoto(QObject):
    """The photo that is shown, of all that are open.

    `tab` is where everything about it lies, None while none is shown; `history` tells of its edits.
    `edit` is what was made of the photo so far. A stroke or a drag under way is staged on top of it
    (`now`). `picture` shows the pixels, `painted` the mask, by box.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = History(self)
        self._whole_mask: tuple[TiledMask, np.ndarray] | None = None

    @property
    def tab(self) -> Tab | None:
        return self.history.tab

    @property
    def photo(self) -> Photo | None:
        return None if self.tab is None else self.tab.photo

    @property
    def path(self) -> Path | None:
        """Where the photo lies, or was saved last."""
        return None if self.tab is None else self.tab.path

    @property
    def session(self) -> Path | None:
        """The file that was saved or opened as a session."""
        return None if self.tab is None else self.tab.session

    @property
    def edges(self) -> np.ndarray | None:
        """How the nodes of a mesh are linked, N x 2."""
        return None if self.tab is None else self.tab.edges

    @property
    def picture(self) -> Composite | None:
        return None if self.tab is None else self.tab.picture

    @property
    def revision(self) -> int:
        """Another number whenever the picture is another; no two photos share one."""
        return 0 if self.tab is None else self.tab.revision

    @property
    def is_open(self) -> bool:
        return self.tab is not None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), (0, 0) without a photo."""
        return (0, 0) if self.photo is None else self.photo.size

    @property
    def edit(self) -> Edit:
        """What was made of the photo, without a stroke or a drag under way."""
        return self.history.edit

    @property
    def now(self) -> Edit:
        """What is shown: the edit with the stroke or the drag under way."""
        assert self.tab is not None, "no photo is open"
        return self.tab.now

    @property
    def shown(self) -> Shown:
        """The picture in the screen's colours, to be read by box."""
        assert self.picture is not None
        return Shown(self.picture)

    @property
    def painted(self) -> TiledMask | StrokeInProgress:
        """The mask as it is shown, to be read by box."""
        return self.edit.mask if self._stroke is None else self._stroke

    @property
    def pixels(self) -> np.ndarray:
        """The whole picture, H x W x 3|4, read-only: costs a copy of the photo."""
        if self.picture is None:
            return np.zeros((0, 0, 3), np.uint8)
        return self.picture.photo().pixels

    @property
    def mask(self) -> np.ndarray:
        """The whole mask, H x W uint8, read-only: put together from its tiles."""
        if self.photo is None:
            return np.zeros((0, 0), np.uint8)
        shown = self.now.mask
        if self._whole_mask is None or self._whole_mask[0] is not shown:
            self._whole_mask = (shown, shown.to_mask().pixels)
        return self._whole_mask[1]

    @property
    def has_mask(self) -> bool:
        return self.is_open and (self._stroke is not None or not self.edit.mask.is_blank)

    @property
    def is_changed(self) -> bool:
        """Whether closing now would lose a fill, or work in a snapshot."""
        return self.is_open and not self.history.is_saved

    @property
    def faces(self) -> tuple[Face, ...] | None:
        """The faces that were found, None before they were looked for."""
        return self.edit.known_faces() if self.is_open else None

    @property
    def frames(self) -> tuple[FaceFrame, ...]:
        """The face frames the user drew."""
        framed = self.edit.frames if self.is_open else ()
        return tuple(one.frame for one in framed if one.frame is not None)

    @property
    def nodes(self) -> tuple[DraggedNode, ...]:
        """The dragged nodes that are not filled yet, numbered as `subjects` are."""
        if not self.is_open:
            return ()
        return self.edit.numbered(self.edit.nodes if self._dragged is None else self._dragged)

    @property
    def subjects(self) -> tuple[Face, ...]:
        """The faces in the order a fill numbers them: drawn frames, then found ones."""
        return tuple(one.face for one in self.edit.subjects) if self.is_open else ()

    @property
    def selected(self) -> int:
        """The number of the face that is read off."""
        chosen = None if self.tab is None else self.tab.selected
        return (self.edit.number_of(chosen) or 0) if chosen else 0

    @property
    def _stroke(self) -> StrokeInProgress | None:
        return None if self.tab is None else self.tab.stroke

    @_stroke.setter
    def _stroke(self, stroke: StrokeInProgress | None) -> None:
        assert self.tab is not None, "no photo is open"
        self.tab.stroke = stroke

    @property
    def _dragged(self) -> tuple[PlacedNode, ...] | None:
        return None if self.tab is None else self.tab.dragged

    @_dragged.setter
    def _dragged(self, nodes: tuple[PlacedNode, ...] | None) -> None:
        assert self.tab is not None, "no photo is open"
        self.tab.dragged = nodes

    def current_photo(self) -> Photo:
        """The photo as it looks now, metadata and all."""
        assert self.picture is not None
        return self.picture.photo()

    def current_mask(self) -> Mask:
        """The mask as it is shown, in one array."""
        return Mask(self.mask)
