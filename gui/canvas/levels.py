"""The pyramids that one open photo is shown from, and where it was looked at."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from engine.edit.compositor import Composite, Shown, damage
from engine.edit.edit import Edit, new_edit
from engine.photo import Photo
from gui.canvas.pyramid import Pyramid
from gui.canvas.viewport import Viewport
from gui.tab import Tab

COARSE = 2**20  # pixels of a level that stays in any case
AT_ONCE = 2**22  # pixels of a change that is brought up to date at once
PIECE = 1024  # side of the pieces that a larger change is brought up to date in
Box = tuple[int, int, int, int]


@dataclass(eq=False)
class Levels:
    """original: the photo as it was opened. current: with the layers of `edit`. mask: its mask.
    view: where it was looked at, None before that. is_fitted: whether it was shown whole.
    waiting: what of which pyramid is still to be brought up to date."""

    photo: Photo
    edit: Edit
    original: Pyramid
    current: Pyramid
    mask: Pyramid
    view: Viewport | None = None
    is_fitted: bool = True
    waiting: deque[tuple[Pyramid, Box]] = field(default_factory=deque)

    @property
    def bytes(self) -> int:
        return self.original.bytes + self.current.bytes + self.mask.bytes

    @property
    def is_whole(self) -> bool:
        """Whether no level was let go."""
        return all(one.is_whole for one in (self.original, self.current, self.mask))

    def thin(self) -> None:
        """Let the large levels go: what stays shows the photo until they are made again."""
        for pyramid in (self.original, self.current, self.mask):
            pyramid.thin(COARSE)

    def catch_up(self, tab: Tab) -> None:
        """Show the tab as it is by now."""
        before, self.edit = self.edit, tab.now
        self.current.rebase(Shown(tab.picture))
        for box in damage(before, self.edit):
            self.update(self.current, box)
        self.mask.rebase(self.edit.mask if tab.stroke is None else tab.stroke)
        painted = before.mask.damage(self.edit.mask)
        if painted is not None:
            self.update(self.mask, painted)

    def update(self, pyramid: Pyramid, box: Box) -> bool:
        """Bring a pyramid up to date in a box; whether that is done. A large one is put off, to be
        done piece by piece by `go_on`: until then the levels show what was there before."""
        if box[2] * box[3] <= AT_ONCE:
            pyramid.update(box)
            return True
        x, y, width, height = box
        for top in range(y, y + height, PIECE):
            for left in range(x, x + width, PIECE):
                size = min(PIECE, x + width - left), min(PIECE, y + height - top)
                self.waiting.append((pyramid, (left, top, *size)))
        return False

    def go_on(self, seconds: float) -> list[Box]:
        """Work on what was put off for about that long, one piece at least; the boxes that are up
        to date now."""
        done, end = [], time.perf_counter() + seconds
        while self.waiting:
            pyramid, box = self.waiting.popleft()
            pyramid.update(box)
            done.append(box)
            if time.perf_counter() >= end:
                break
        return done


def levels_of(photo: Photo, edit: Edit | None = None) -> Levels:
    """All levels, computed: reads the whole photo, so not in the GUI thread."""
    edit = new_edit(photo) if edit is None else edit
    original = Pyramid(Shown(Composite(photo)))
    current = original.copy_onto(Shown(Composite(photo, edit.layers)))
    for layer in edit.shown:
        for patch in layer.patches:
            current.update(patch.box)
    mask = Pyramid.blank(edit.mask)
    if edit.mask.painted is not None:
        mask.update(edit.mask.painted)
    return Levels(photo, edit, original, current, mask)
