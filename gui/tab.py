"""A tab: one open photo with everything that was made of it. Plain state; who looks at it asks the
document, which is the tab that is shown."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.edit import edit as edits
from engine.edit import history
from engine.edit.compositor import Composite
from engine.edit.edit import Edit, PlacedNode, Snapshot
from engine.edit.session import PhotoReference
from engine.edit.stroke import StrokeInProgress
from engine.edit.tiles import TiledMask
from engine.face.finder import Face
from engine.inpaint import FillResult
from engine.photo import Photo, Stamp
from gui.translation import tr

numbers = itertools.count(1)  # revisions and versions: none is ever given twice


@dataclass(eq=False)
class Tab:
    """One open photo.

    path: where it lies, or was saved last. reference: what a session says of it. session: the file
    that was saved or opened as one. stamps: of every file that was read or written, as it was
    then. edges: how the nodes of a mesh are linked. stroke, dragged: staged on top of the edit.
    selected: the id of the face that is read off. wishes: what is asked of the modules in it.
    sought: what the search for faces answered, for a fill queued behind it. last: the last fill.
    is_news: it landed while another tab was shown. revision is another number whenever the picture
    is another, version whenever the list of steps or the place in it is.
    """

    photo: Photo
    steps: history.History
    picture: Composite
    path: Path | None = None
    reference: PhotoReference | None = None
    session: Path | None = None
    stamps: dict[Path, Stamp] = field(default_factory=dict)
    edges: np.ndarray | None = None
    stroke: StrokeInProgress | None = None
    dragged: tuple[PlacedNode, ...] | None = None
    selected: str | None = None
    wishes: dict[str, Any] = field(default_factory=dict)
    sought: tuple[Face, ...] | None = None
    last: FillResult | None = None
    is_news: bool = False
    saved_look: tuple = ()
    saved_mask: TiledMask | None = None
    saved_snapshots: tuple[Snapshot, ...] = ()
    revision: int = field(default_factory=lambda: next(numbers))
    version: int = field(default_factory=lambda: next(numbers))

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.name if self.path else tr("Pasted")

    @property
    def edit(self) -> Edit:
        """What was made of the photo, without a stroke or a drag under way."""
        return self.steps.edit

    @property
    def now(self) -> Edit:
        """What is shown: the edit with the stroke or the drag under way."""
        edit = self.edit
        if self.stroke is not None:
            edit = replace(edit, mask=self.stroke.snapshot())
        if self.dragged is not None:
            edit = replace(edit, nodes=self.dragged)
        return edit

    @property
    def is_saved(self) -> bool:
        """Whether what is seen of the fills is on disk, and what only a snapshot holds."""
        return self.is_look_saved and self.are_snapshots_saved

    @property
    def is_look_saved(self) -> bool:
        """Whether what is seen of the fills is on disk."""
        return self.edit.look == self.saved_look

    @property
    def are_snapshots_saved(self) -> bool:
        """Whether a session holds every snapshot in which there is work."""
        worked = (one for one in self.edit.snapshots if one.edit.has_work)
        return all(one in self.saved_snapshots for one in worked)

    @property
    def is_mask_saved(self) -> bool:
        """Whether nothing is painted that was neither filled nor kept."""
        if self.edit.mask.is_blank:
            return True
        return self.saved_mask is not None and self.saved_mask.same(self.edit.mask)


def new_tab(
    photo: Photo,
    edit: Edit | None = None,
    *,
    reference: PhotoReference | None = None,
    session: Path | None = None,
) -> Tab:
    """A photo as it was opened, or where an edit of it left off.

    session: the file in which the edit lies as it is; without one its fills are not saved.
    """
    edit = edit or edits.new_edit(photo)
    made = Tab(photo, history.History(edit), Composite(photo, edit.layers), photo.path)
    made.reference, made.session = reference, session
    if photo.path is not None and photo.stamp is not None:
        made.stamps[photo.path] = photo.stamp
    if session is not None or not edit.layers:
        made.saved_look = edit.look
    if session is not None:
        made.saved_mask, made.saved_snapshots = edit.mask, edit.snapshots
    return made
