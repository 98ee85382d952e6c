"""A photo or mask at half, quarter, eighth ... of its size, and the pixels of any view of it.

Showing 40 megapixels in one would read all of them at every repaint. From the level that is at
most twice as fine as the view, a repaint costs what the widget's pixels cost.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from gui.qimage import cv2

SMALLEST = 256  # a level smaller than this is never needed
NEAREST_FROM = 3.0  # from this zoom on single pixels are shown as squares
BLOCK = 512  # device pixels of a side of what is drawn at once
STARTS = 256  # pixels of a level that an enlargement may begin with
Box = tuple[int, int, int, int]


class Pixels(Protocol):
    """What can be looked at by box: H x W or H x W x C, 8 or 16 bit."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    def read(self, box: Box) -> np.ndarray:
        """The pixels of a box (x, y, width, height) that lies inside."""
        ...


class Pyramid:
    """levels[0] is the picture itself (an array that is shared, not copied, or what is read by
    box); each further level is an array half as large, 8 bit, or None where it was let go."""

    def __init__(self, base: np.ndarray | Pixels) -> None:
        self.levels: list = [base]
        while max(self.levels[-1].shape[:2]) > 2 * SMALLEST:
            height, width = self.levels[-1].shape[:2]
            self.levels.append(_halved(_bytes(_cut(self.levels[-1], 0, 0, width, height))))

    @classmethod
    def blank(cls, base: Pixels) -> Pyramid:
        """A pyramid of a picture that is all zero, without looking at it."""
        made = object.__new__(cls)
        made.levels = [base]
        while max(made.levels[-1].shape[:2]) > 2 * SMALLEST:
            height, width, *rest = made.levels[-1].shape
            made.levels.append(np.zeros(((height + 1) // 2, (width + 1) // 2, *rest), np.uint8))
        return made

    def copy_onto(self, base: np.ndarray | Pixels) -> Pyramid:
        """A pyramid of `base`, an equal picture, without computing the levels again."""
        other = object.__new__(Pyramid)
        other.levels = [base, *(None if la is None else la.copy() for la in self.levels[1:])]
        return other

    @property
    def bytes(self) -> int:
        """What the levels take, the picture itself left out."""
        return sum(level.nbytes for level in self.levels[1:] if level is not None)

    @property
    def is_whole(self) -> bool:
        """Whether no level was let go."""
        return all(level is not None for level in self.levels)

    def thin(self, largest: int) -> None:
        """Let the levels of more pixels go; until they are made again a coarser one is drawn."""
        for number, level in enumerate(self.levels[1:-1], 1):
            if level is not None and level.shape[0] * level.shape[1] > largest:
                self.levels[number] = None

    def rebase(self, base: np.ndarray | Pixels) -> None:
        """The picture is another one of the same size; `update` where they differ."""
        self.levels[0] = base

    def update(self, box: Box) -> None:
        """The base changed in a box (x, y, width, height): bring the levels up to date there."""
        x0, y0 = box[0], box[1]
        x1, y1 = box[0] + box[2], box[1] + box[3]
        height, width = self.levels[0].shape[:2]
        for number, coarser in enumerate(self.levels[1:]):
            finer_size = width, height
            height, width = (height + 1) // 2, (width + 1) // 2
            x0, y0 = min(x0 // 2, width - 1), min(y0 // 2, height - 1)
            x1, y1 = min((x1 + 1) // 2, width), min((y1 + 1) // 2, height)
            x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
            if coarser is not None:
                right, bottom = min(2 * x1, finer_size[0]), min(2 * y1, finer_size[1])
                part = self._part(number, 2 * x0, 2 * y0, right, bottom)
                coarser[y0:y1, x0:x1] = _halved(part)

    def _part(self, number: int, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
        """8-bit pixels of a level, made from the finer ones where it was let go."""
        level = self.levels[number]
        if level is not None:
            return _bytes(_cut(level, x0, y0, x1, y1))
        height, width = self.levels[0].shape[:2]
        for _ in range(number - 1):
            height, width = (height + 1) // 2, (width + 1) // 2
        right, bottom = min(2 * x1, width), min(2 * y1, height)
        return _halved(self._part(number - 1, 2 * x0, 2 * y0, right, bottom))

    def view(
        self, scale: float, shift: tuple[float, float], rect: tuple[int, int, int, int]
    ) -> np.ndarray:
        """The device pixels of `rect` (x, y, width, height) where device = photo * scale + shift.

        Returns height x width (x C) uint8; outside the photo its border is repeated (callers
        clip). Every pixel depends on its own place alone, so partial repaints never show.
        """
        level = 0
        while level + 1 < len(self.levels) and scale * 2 ** (level + 1) <= 1.0:
            level += 1
        while self.levels[level] is None:
            level += 1
        source = self.levels[level]
        step = scale * 2**level  # device pixels a pixel of the level
        x, y, width, height = rect
        if step == 1.0:
            # A pixel a pixel: nothing is mixed, which is sharper, and costs next to nothing.
            return _bytes(_laid(source, x - round(shift[0]), y - round(shift[1]), width, height))
        if scale >= NEAREST_FROM:
            return _bytes(_warped(source, step, shift, rect, cv2.INTER_NEAREST))
        drawn = np.empty((height, width, *source.shape[2:]), source.dtype)
        for top in range(y - y % BLOCK, y + height, BLOCK):
            for left in range(x - x % BLOCK, x + width, BLOCK):
                # From the block's own corner on, or parts of it would be rounded otherwise.
                right, bottom = min(left + BLOCK, x + width), min(top + BLOCK, y + height)
                block = _drawn(source, step, shift, (left, top, right - left, bottom - top))
                x0, y0 = max(left, x), max(top, y)
                drawn[y0 - y : bottom - y, x0 - x : right - x] = block[y0 - top :, x0 - left :]
        return _bytes(drawn)


def _drawn(
    source: np.ndarray | Pixels,
    step: float,
    shift: tuple[float, float],
    rect: tuple[int, int, int, int],
) -> np.ndarray:
    """A level's pixels at any step, mixed of those around."""
    x, y, width, height = rect
    across, down = _start(x - shift[0], step), _start(y - shift[1], step)
    if across is None or down is None:
        return _warped(source, step, shift, rect, cv2.INTER_LINEAR)
    # In a third of warpAffine's time.
    (left, over), (top, above) = across, down
    wide, high = (int(np.ceil(n / step)) + 3 for n in (over + width, above + height))
    part = _laid(source, left, top, wide, high)
    drawn = cv2.resize(part, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
    return drawn[above : above + height, over : over + width]


def _start(begin: float, step: float) -> tuple[int, int] | None:
    """From which pixel on a level is enlarged `step` times so that what lies `begin` device pixels
    from the level's border begins with a pixel of the enlargement, but for a 1/32; and how many of
    the enlargement's pixels lie before it. None where no near one will do, at 2:1 for example."""
    starts = int(np.floor(begin / step)) - 2 - np.arange(STARTS)
    over = begin - starts * step
    fit = np.flatnonzero(np.abs((over + 0.5) % 1 - 0.5) <= 1 / 32)
    if not len(fit):
        return None
    return int(starts[fit[0]]), round(float(over[fit[0]]))


def _warped(
    source: np.ndarray | Pixels,
    step: float,
    shift: tuple[float, float],
    rect: tuple[int, int, int, int],
    flag: int,
) -> np.ndarray:
    """A level's pixels at any step."""
    x, y, width, height = rect
    # OpenCV's whole numbers are pixel centres: source = (device + .5 - shift) / step - .5
    ox = (x + 0.5 - shift[0]) / step - 0.5
    oy = (y + 0.5 - shift[1]) / step - 0.5
    # warpAffine takes sides below 32768 only: cut the part that is looked at.
    left = int(np.clip(np.floor(ox) - 2, 0, source.shape[1] - 1))
    top = int(np.clip(np.floor(oy) - 2, 0, source.shape[0] - 1))
    right = int(np.clip(np.ceil(ox + width / step) + 3, left + 1, source.shape[1]))
    bottom = int(np.clip(np.ceil(oy + height / step) + 3, top + 1, source.shape[0]))
    return cv2.warpAffine(
        _cut(source, left, top, right, bottom),
        np.array([[1 / step, 0, ox - left], [0, 1 / step, oy - top]], np.float64),
        (width, height),
        flags=flag | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _cut(picture: np.ndarray | Pixels, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    if isinstance(picture, np.ndarray):
        return picture[y0:y1, x0:x1]
    return picture.read((x0, y0, x1 - x0, y1 - y0))


def _laid(picture: np.ndarray | Pixels, x: int, y: int, width: int, height: int) -> np.ndarray:
    """A box of a picture, whose border goes on where the box lies beyond it."""
    high, wide = picture.shape[:2]
    left, top = min(max(x, 0), wide - 1), min(max(y, 0), high - 1)
    right, bottom = max(min(x + width, wide), left + 1), max(min(y + height, high), top + 1)
    beyond = top - y, y + height - bottom, left - x, x + width - right
    part = _cut(picture, left, top, right, bottom)
    if not any(beyond):
        return part
    over = [max(0, one) for one in beyond]
    laid = cv2.copyMakeBorder(part, *over, borderType=cv2.BORDER_REPLICATE)
    return laid[:height, :width]


def _bytes(array: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(array, alpha=1 / 257) if array.dtype == np.uint16 else array


def _halved(array: np.ndarray) -> np.ndarray:
    """Each 2 x 2 block's mean; a last odd row or column counts twice."""
    height, width = array.shape[:2]
    if height % 2 or width % 2:
        border = (0, height % 2, 0, width % 2)
        array = cv2.copyMakeBorder(array, *border, borderType=cv2.BORDER_REPLICATE)
    size = (array.shape[1] // 2, array.shape[0] // 2)
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA)
