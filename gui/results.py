"""The fills of one hole, to choose from: the first, its variants, those of other settings.

All of them are layers of the edits in the history; nothing is kept beside it. What is chosen of a
hole takes the place of what was shown of it, it never lies on another fill of the same hole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from engine.edit.compositor import Composite
from engine.edit.edit import Edit, Layer, new_id
from engine.edit.tiles import Box, TiledMask
from engine.inpaint import FillOptions, FillResult
from engine.photo.compositing import lay
from engine.reference import REGIONS
from gui import asked, parts
from gui.document import Document
from gui.qimage import cv2, image_from_rgb, resize
from gui.tab import Tab
from gui.translation import tr

LARGEST_COUNT = 24  # fills of one hole to choose from
TOLD = 0.1  # of a region: less of it that was taken from a reference is not told
THUMBNAIL = (232, 144)  # pixels; shown at half of that on common screens
AROUND = 1.25  # of the hole's own extent: what a thumbnail shows
LOOKED_AT = 512  # pixels of the longer side that the parts of a hole are told apart in


@dataclass(frozen=True, eq=False)
class Result:
    """One fill that can be chosen."""

    layer: Layer
    thumbnail: QImage

    @property
    def options(self) -> FillOptions:
        return self.layer.options

    @property
    def fill(self) -> FillResult:
        return self.layer.fill

    @property
    def label(self) -> tuple[str, str]:
        """What was filled and with which settings, in two short lines."""
        if self.fill.patches and not any(patch.kind == "face" for patch in self.fill.patches):
            return tr("Background"), self.line
        return asked.title(self.options), self.line

    @property
    def line(self) -> str:
        """What else was set, or that nothing was."""
        said = []
        if self.options.variant:
            said.append(tr("Variant {number}").format(number=self.options.variant))
        said += asked.rest(self.options)
        if asked.drags(self.options) and self.options.nodes:
            said.append(tr("dragged"))
        said += parts_taken(self.fill)
        return " · ".join(said) or tr("best guess")


@dataclass(frozen=True, eq=False)
class Round:
    """A hole, the mask it was painted with, and its fills in the order they were made."""

    hole: str
    mask: TiledMask
    results: list[Result]


class Results(QObject):
    """Signal `changed` when the round to choose from, or what of it is shown, is another one."""

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._known: tuple[int, Round | None] | None = None
        # The results made so far, by their layers, of every tab that is open: thumbnails cost.
        self._tabs: WeakKeyDictionary[Tab, dict[str, Result]] = WeakKeyDictionary()
        document.opened.connect(self.changed)
        document.history.changed.connect(self.changed)

    @property
    def _made(self) -> dict[str, Result]:
        """The results made so far of the document's tab, by their layers."""
        tab = self._document.tab
        return {} if tab is None else self._tabs.setdefault(tab, {})

    @property
    def round(self) -> Round | None:
        """The round whose fill is shown on top, or else one that was just undone."""
        if not self._document.is_open:
            return None
        version = self._document.history.version
        if self._known is None or self._known[0] != version:
            self._known = (version, self._round())
        return self._known[1]

    @property
    def current(self) -> Result | None:
        """The result the photo shows now."""
        one = self.round
        if one is None:
            return None
        shown = {layer.id for layer in self._document.edit.shown}
        return next((result for result in one.results if result.layer.id in shown), None)

    def _round(self) -> Round | None:
        edit = self._document.edit
        shown = edit.shown
        if shown:
            return self._round_of(shown[-1].hole)
        if edit.layers:
            return self._round_of(edit.layers[-1].hole)
        undone = self._undone(edit)
        return None if undone is None else self._round_of(undone)

    def _undone(self, edit: Edit) -> str | None:
        """The hole that was filled from exactly this edit, and undone."""
        there = {layer.hole for layer in edit.layers}
        look = edit.look
        for other in reversed(self._document.history.edits):
            for layer in other.layers:
                below = tuple(one.key for one in other.without_hole(layer.hole).shown)
                if layer.hole not in there and below == look and layer.mask.same(edit.mask):
                    return layer.hole
        return None

    def _round_of(self, hole: str) -> Round:
        layers: dict[str, Layer] = {}
        for edit in self._document.history.edits:
            for layer in edit.of_hole(hole):
                layers.setdefault(layer.id, layer)
        listed = list(layers.values())[-LARGEST_COUNT:]
        return Round(hole, listed[-1].mask, [self.result_of(layer) for layer in listed])

    def result_of(self, layer: Layer) -> Result:
        """A layer with its thumbnail, the same one every time."""
        made = self._made.get(layer.id)
        if made is None:
            edit = self._document.edit.without_hole(layer.hole)
            below = self._document.picture.of(edit) if self._document.picture else None
            assert below is not None
            made = Result(layer, thumbnail(below, layer.mask, layer.fill))
            self._made[layer.id] = made
        return made

    def hole_of(self, edit: Edit) -> str:
        """The hole that filling an edit's mask fills: a new one, or one that was undone."""
        return self._undone(edit) or new_id()

    def add(self, result: Result) -> None:
        """Keep a new result of a round and show it; an equal older one makes room for it."""
        layer = result.layer
        self._made[layer.id] = result
        another = self.round is not None and self.round.hole == layer.hole
        self._land(result, tr("Another fill") if another else tr("Fill"))

    def choose(self, result: Result) -> None:
        """Show another result of the round."""
        if self.round is not None and result is not self.current:
            first = result is self.round.results[0]
            self._land(result, tr("Fill") if first else tr("Another fill"))

    def edit_with(self, result: Result) -> Edit:
        """What the photo would be with another result of the round."""
        return self._document.edit.with_layer(result.layer)

    def step(self, forwards: bool) -> None:
        """Show the next or the former result of the round."""
        one, current = self.round, self.current
        if one is None or not one.results:
            return
        if current not in one.results:
            self.choose(one.results[0 if forwards else -1])
            return
        at = one.results.index(current) + (1 if forwards else -1)
        self.choose(one.results[at % len(one.results)])

    def next_variant(self) -> tuple[Round, FillOptions] | None:
        """What 'more like this' fills: the shown settings with the next variant's number."""
        one = self.round
        if one is None or not one.results:
            return None
        options = (self.current or one.results[-1]).options
        options = replace(options, expression=self._document.edit.options(options).expression)
        alike = [r.options.variant for r in one.results if _alike(r.options, options)]
        return one, replace(options, variant=1 + max(alike, default=options.variant))

    def _land(self, result: Result, title: str) -> None:
        one = self.round
        layer = result.layer
        others = one.results if one is not None and one.hole == layer.hole else []
        alternatives = [o.layer for o in others if o.layer.asked != layer.asked]
        self._document.land(layer, title, alternatives[-LARGEST_COUNT + 1 :])


def parts_taken(fill: FillResult) -> list[str]:
    """Which reference gave what, a text each: "from IMG_2.jpg: eyes, skin"."""
    given: dict[tuple[int, str], set[str]] = {}
    for taken in fill.references:
        regions = {region for region, share in taken.shares.items() if share >= TOLD}
        if regions:
            given.setdefault((taken.number, taken.name), set()).update(regions)
    text = tr("from {name}: {regions}")
    return [
        text.format(name=name, regions=", ".join(_words(regions)))
        for (_number, name), regions in sorted(given.items())
    ]


def _words(regions: set[str]) -> list[str]:
    return [tr(parts.NAMES[region]).lower() for region in REGIONS if region in regions]


def _alike(one: FillOptions, other: FillOptions) -> bool:
    return replace(one, variant=0) == replace(other, variant=0)


def thumbnail(below: Composite, mask: TiledMask, fill: FillResult) -> QImage:
    """The hole, filled, with a little around it, in the shape of THUMBNAIL. Of a hole in many parts
    the largest is shown and what lies close to it. below: without the fill."""
    photo = below.opened
    left, top, width, height = _around(_main_part(mask), photo.size)
    picture = below.read((left, top, width, height)).copy()
    for patch in fill.patches:
        lay(picture, (left, top), patch)
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    shown = np.ascontiguousarray(photo.to_srgb(np.ascontiguousarray(picture))[..., :3])
    share = min(1.0, THUMBNAIL[0] / width, THUMBNAIL[1] / height)
    if share < 1:
        shown = resize(shown, (max(1, round(width * share)), max(1, round(height * share))))
    return image_from_rgb(shown).copy()


def _main_part(mask: TiledMask) -> Box:
    """The box of the largest part of a hole, and of the others of its kind that lie within half its
    length: two eyes, say. The whole photo where there is no hole."""
    if mask.bounds is None:
        return 0, 0, *mask.size
    x, y, width, height = mask.bounds
    scale = min(1.0, LOOKED_AT / max(width, height))
    small = max(1, round(width * scale)), max(1, round(height * scale))
    hole = resize((mask.read(mask.bounds) >= mask.least).astype(np.uint8) * 255, small) > 0
    _, _, found, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8))
    parts = sorted(found[1:, :5].tolist(), key=lambda part: -part[4])
    low = np.array(parts[0][:2])
    high = low + parts[0][2:4]
    reach = 0.5 * float((high - low).max())
    for px, py, pw, ph, area in parts[1:]:
        corner, other = np.array((px, py)), np.array((px + pw, py + ph))
        apart = np.maximum(low - other, corner - high).max()
        if apart <= reach and area >= parts[0][4] / 4:
            low, high = np.minimum(low, corner), np.maximum(high, other)
    left, top = np.floor(low / scale).astype(int).tolist()
    right, bottom = np.ceil(high / scale).astype(int).tolist()
    return x + left, y + top, right - left, bottom - top


def _around(box: Box, size: tuple[int, int]) -> Box:
    """A box with what is around it, in the shape of THUMBNAIL as far as the photo reaches."""
    x, y, width, height = box
    shape = THUMBNAIL[0] / THUMBNAIL[1]
    high = max(AROUND * height, AROUND * width / shape, 32)
    wide, high = min(round(shape * high), size[0]), min(round(high), size[1])
    left = min(max(x + (width - wide) // 2, 0), size[0] - wide)
    top = min(max(y + (height - high) // 2, 0), size[1] - high)
    return left, top, wide, high
