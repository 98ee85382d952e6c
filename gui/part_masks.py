"""Parts of faces in a mask: added, there already, and what came into the mask with each."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QObject

from engine.base.hidden import PAINTED
from engine.edit.tiles import TiledMask
from engine.face.parts import area_of, part_area, part_mask
from gui import parts
from gui.document import Document
from gui.tab import Tab
from gui.translation import tr

LOOKED_AT = 256  # pixels of the longer side of a face in which its part is looked for in a mask
MOST = 0.97  # of a part that is masked: all of it
STILL = 0.9  # of what came with a part that is still there: it was not painted over or erased


def with_part(mask: TiledMask, part: str, meshes: list[np.ndarray]) -> TiledMask:
    """The mask with a part of the faces of these meshes added; costs what the faces' boxes do."""
    for mesh in meshes:
        found = part_area(mesh, part, mask.size)
        if found is not None:
            box, pixels = found
            mask = mask.with_part(box[:2], np.maximum(mask.read(box), pixels))
    return mask


def covers(mask: TiledMask, part: str, mesh: np.ndarray) -> bool:
    """Whether a part of a face is masked; looked at coarsely, so that it is quick."""
    box = area_of(mesh, mask.size)
    if box is None:
        return False
    step = max(1, max(box[2:]) // LOOKED_AT)
    seen = mask.read(box)[step // 2 :: step, step // 2 :: step]
    small = (np.asarray(mesh, np.float64) - box[:2]) / step
    wanted = part_mask(small, part, (seen.shape[1], seen.shape[0])) >= PAINTED
    return bool(wanted.any()) and float((seen[wanted] >= PAINTED).mean()) >= MOST


# A part, and the ids of the faces it was asked for of.
Whose = tuple[str, frozenset[str]]


@dataclass
class Came:
    """What came into a mask with a part. before: the mask, until it came."""

    before: TiledMask
    area: TiledMask | None = None

    def is_in(self, mask: TiledMask) -> bool:
        """Whether it is there, and nobody changed much of it."""
        box = None if self.area is None else self.area.painted
        if self.area is None or box is None or mask.size != self.area.size:
            return False
        there = self.area.read(box) >= PAINTED
        return bool(there.any()) and float((mask.read(box)[there] >= PAINTED).mean()) >= STILL


class Added(QObject):
    """Follows the masks of open photos: what each part brought, the growing to its rim too, so
    that a second click can take all of it away."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._came: WeakKeyDictionary[Tab, dict[Whose, Came]] = WeakKeyDictionary()
        self._last: WeakKeyDictionary[Tab, Whose] = WeakKeyDictionary()
        document.mask_changed.connect(self._on_changed)
        document.stroked.connect(lambda tab, _before: self._last.pop(tab, None))

    def expect(self, tab: Tab | None, whose: Whose) -> None:
        """What comes into the mask from now on comes with a part of some faces, until something
        else does."""
        if tab is not None:
            self._came.setdefault(tab, {})[whose] = Came(tab.edit.mask)
            self._last[tab] = whose

    def of(self, tab: Tab | None, whose: Whose) -> Came | None:
        """What came with a part of these very faces."""
        return None if tab is None else self._came.get(tab, {}).get(whose)

    def _on_changed(self, _box: object) -> None:
        tab = self._document.tab
        whose = None if tab is None else self._last.get(tab)
        if tab is None or whose is None or tab.stroke is not None:
            return
        titles, at = self._document.history.titles, self._document.history.position
        if at and titles[at - 1] not in (tr(parts.NAMES[whose[0]]), tr("Grow to fit")):
            del self._last[tab]  # the mask is changed by something else
            return
        came = self._came[tab][whose]
        added = tab.edit.mask.without(came.before)
        if added.is_blank:
            del self._last[tab]  # it was undone
        else:
            came.area = added
