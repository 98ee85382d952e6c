"""The fills of one mask, kept to choose from: the first, its variants, those of other settings.

A *round* is a mask and the photo's pixels under it before it was filled. Whatever is chosen of a
round is composited on those pixels, never on another fill of the round.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from engine.inpaint import FillOptions, FillResult
from engine.mask import Mask
from engine.photo import Photo
from gui import expressions
from gui.commands import Box
from gui.document import Document
from gui.qimage import image_from_rgb, resize
from gui.translation import tr

LARGEST_COUNT = 24  # results kept, of all rounds together
LARGEST_BYTES = 384 * 2**20
AROUND = 1.5  # a thumbnail's side beside the hole's
THUMBNAIL = 144  # pixels of its side; shown at half of that on common screens
Base = tuple[tuple[Box, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class Result:
    """One fill that can be chosen. base: the photo's pixels under its patches before any fill."""

    options: FillOptions
    fill: FillResult
    base: Base
    thumbnail: QImage

    @property
    def bytes(self) -> int:
        patches = sum(p.pixels.nbytes + p.alpha.nbytes for p in self.fill.patches)
        return patches + sum(pixels.nbytes for _, pixels in self.base)

    @property
    def label(self) -> tuple[str, str]:
        """What was filled and with which settings, in two short lines."""
        if self.fill.patches and not any(patch.kind == "face" for patch in self.fill.patches):
            return tr("Texture"), self.line
        return expressions.setting(self.options), self.line

    @property
    def line(self) -> str:
        """What else was set, or that nothing was."""
        parts = []
        if self.options.variant:
            parts.append(tr("Variant {number}").format(number=self.options.variant))
        if not self.options.landmarks:
            parts.append(tr("no landmarks"))
        elif self.options.nodes:
            parts.append(tr("dragged"))
        return " · ".join(parts) or tr("most probable")


@dataclass(eq=False)
class Round:
    """base: the document's state before the first fill. shown: which result a state shows."""

    mask: Mask
    base: int
    results: list[Result] = field(default_factory=list)
    shown: dict[int, Result] = field(default_factory=dict)


class Results(QObject):
    """Signal `changed` when the round to choose from, or what of it is shown, is another one."""

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._rounds: list[Round] = []
        document.opened.connect(self.clear)
        document.history.changed.connect(self.changed)

    @property
    def round(self) -> Round | None:
        """The round that the photo stands in: one of its fills is shown, or was just undone."""
        state = self._document.state
        for one in reversed(self._rounds):
            if state in one.shown:
                return one
        return next((one for one in reversed(self._rounds) if one.base == state), None)

    @property
    def current(self) -> Result | None:
        """The result the photo shows now."""
        state = self._document.state
        return next((one.shown[state] for one in self._rounds if state in one.shown), None)

    def clear(self) -> None:
        self._rounds.clear()
        self.changed.emit()

    def begin(self, mask: Mask) -> Round:
        """The round for filling `mask` on the pixels as they are: a new one, or one undone."""
        state = self._document.state
        for one in self._rounds:
            if one.base == state and np.array_equal(one.mask.pixels, mask.pixels):
                return one
        return Round(mask, state)

    def starting_photo(self) -> Photo:
        """A copy of the photo as it was before the current round was filled."""
        photo = self._document.current_photo()
        pixels = photo.pixels.copy()
        if self.current is not None:
            for (x, y, width, height), before in self.current.base:
                pixels[y : y + height, x : x + width] = before
        return replace(photo, pixels=pixels)

    def add(self, one: Round, result: Result) -> None:
        """Keep a new result of a round and show it; an equal older one makes room for it."""
        one.results = [old for old in one.results if old.options != result.options]
        one.results.append(result)
        if one not in self._rounds:
            self._rounds.append(one)
        self._show(one, result, made=True)

    def choose(self, result: Result) -> None:
        """Show another result of the round."""
        one = self.round
        if one is not None and result is not self.current:
            self._show(one, result, made=False)

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
        alike = [r.options.variant for r in one.results if _alike(r.options, options)]
        return one, replace(options, variant=1 + max(alike, default=options.variant))

    def _show(self, one: Round, result: Result, *, made: bool) -> None:
        current = self.current if self._document.state in one.shown else None
        title = tr("Fill") if result is one.results[0] else tr("Another fill")
        mine = {box for box, _ in result.base}
        under = tuple(part for part in current.base if part[0] not in mine) if current else ()
        # The state is known once applied, the signals of applying come before: name it ahead.
        one.shown[self._document.next_state] = result
        clear = current is None
        self._document.apply(
            result.fill,
            one.mask,
            title,
            base=(*under, *result.base),
            clear=clear,
            consume=clear or made,
        )
        self._bound(result)
        self.changed.emit()

    def _bound(self, shown: Result) -> None:
        """Forget the oldest results once they are too many or too large."""
        kept = [(one, result) for one in self._rounds for result in one.results]
        total = sum(result.bytes for _, result in kept)
        for one, result in kept:
            if len(kept) <= LARGEST_COUNT and total <= LARGEST_BYTES:
                break
            if result is shown:
                continue
            one.results.remove(result)
            one.shown = {s: r for s, r in one.shown.items() if r is not result}
            kept = [pair for pair in kept if pair[1] is not result]
            total -= result.bytes
        self._rounds = [one for one in self._rounds if one.results]


def _alike(one: FillOptions, other: FillOptions) -> bool:
    return replace(one, variant=0) == replace(other, variant=0)


def make_result(photo: Photo, mask: Mask, options: FillOptions, fill: FillResult) -> Result:
    """A result with its thumbnail, from the photo before the fill; meant for a worker."""
    base = tuple((patch.box, _cut(photo.pixels, patch.box).copy()) for patch in fill.patches)
    return Result(options, fill, base, _thumbnail(photo, mask, fill))


def _cut(array: np.ndarray, box: Box) -> np.ndarray:
    x, y, width, height = box
    return array[y : y + height, x : x + width]


def _thumbnail(photo: Photo, mask: Mask, fill: FillResult) -> QImage:
    """The hole and a little around it, square: what differs between two fills."""
    x0, y0, x1, y1 = _corners(mask.bounds or (0, 0, *photo.size))
    side = round(AROUND * max(x1 - x0, y1 - y0))
    side = min(max(side, 48), *photo.size)
    left = min(max((x0 + x1 - side) // 2, 0), photo.size[0] - side)
    top = min(max((y0 + y1 - side) // 2, 0), photo.size[1] - side)
    picture = photo.pixels[top : top + side, left : left + side].copy()
    for patch in fill.patches:
        _put(picture, patch, left, top)
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    small = resize(np.ascontiguousarray(picture[..., :3]), (THUMBNAIL, THUMBNAIL))
    return image_from_rgb(small).copy()


def _put(picture: np.ndarray, patch, left: int, top: int) -> None:
    from engine.photo import blend

    x, y, width, height = patch.box
    x0, y0 = max(x, left), max(y, top)
    x1, y1 = min(x + width, left + picture.shape[1]), min(y + height, top + picture.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part = picture[y0 - top : y1 - top, x0 - left : x1 - left, :3]
    inner = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    part[...] = blend(part, patch.pixels[inner], patch.alpha[inner])


def _corners(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return box[0], box[1], box[0] + box[2], box[1] + box[3]
