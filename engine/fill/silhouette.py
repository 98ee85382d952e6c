"""Where a person ends and what is behind begins, under a hole too.

A hole beside a head hides neck, hair, an ear and wall. What of it is which is told by the head's
outline as it goes on: MediaPipe's selfie segmentation (Apache-2.0, a quarter million parameters at
256 x 256, of the catalogue's model `faces`) sees a head and shoulders although the hole is filled
by nothing better than fast marching. Of the hole itself it is not believed, for what is smeared
there it takes for hair: there the outline goes on as evenly as a membrane does, from end to end.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
import torch

from engine.face.face_model import find_face_model
from engine.face.face_networks import Network, planes
from engine.face.regions import BEGINS, BESIDE_NECK, NECK, Head
from engine.fill.membrane import membrane
from engine.fill.shares import Box, meet, part_of

SIDE = 256
WIDE, ABOVE, BELOW = 1.0, 1.0, 1.5  # frame sides around a head's middle that are looked at
WIDEST = 0.25  # of a head's size: how wide a hole may be for an outline beside a painted face
LONG = 0.3  # of the face's height under the chin, down to which nothing is beside a neck
UNDER = 0.06  # of the face's height: how far under the chin is its neck, if it is seen
MOST = 0.6  # of a neck's width
CLOSE = 4  # of SIDE: half the width of what is narrow
REACH = 3  # of SIDE: pixels that fast marching looks around


class PersonNetwork:
    """Selfie segmentation on OpenCV's dnn; loaded when it is first asked. One thread at a time."""

    @cached_property
    def _network(self) -> Network:
        return Network(find_face_model().folder / "person.onnx", ("person",))

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """How much of each pixel is a person, SIDE x SIDE float32 in 0..1, of a SIDE x SIDE x 3
        uint8 picture. Raises MienError where the model is missing or damaged."""
        (person,) = self._network(image=planes(rgb.astype(np.float32) / 255))
        return person.reshape(SIDE, SIDE)


class Silhouettes:
    """The people of a photo around its heads, each looked at when it is first asked for.

    rgb: H x W x 3 uint8, what of the hole is painted already in it. hole: H x W bool, what is not.
    whole: H x W bool, the hole with what is painted already.
    """

    def __init__(
        self,
        network: PersonNetwork,
        rgb: np.ndarray,
        hole: np.ndarray,
        heads: tuple[Head, ...],
        whole: np.ndarray,
    ) -> None:
        self._network, self._rgb = network, rgb
        self._hole, self._heads, self._whole = hole, heads, whole
        self._boxes = [_around(head, rgb.shape) for head in heads]
        self._seen: dict[int, np.ndarray] = {}
        self._known: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def over(self, window: Box) -> np.ndarray | None:
        """How much of each pixel of a window (x, y, width, height) is a person, height x width
        float32. None where it is not near a head, as a whole, or where that is a guess: beside a
        face that is painted in a wide hole, hair, ears and wall are better told by what lies next
        to them."""
        if self._is_guess(window):
            return None
        out = np.zeros((window[3], window[2]), np.float32)
        known = np.zeros(out.shape, bool)
        for number, box in enumerate(self._boxes):
            here = part_of(meet(window, box), window)
            if known[here].size:
                _lay(self._of(number), box, out, window)
                known[here] = True
        if known.all():
            return out
        if not (known.any() and self._reach_necks(window)):
            return None
        # A scarf is wider than what is looked at: beyond that it goes on as at its edge.
        rows, columns = (np.flatnonzero(known.any(axis)) for axis in (1, 0))
        inner = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        around = [
            (line[0], size - 1 - line[-1])
            for line, size in zip((rows, columns), out.shape, strict=True)
        ]
        return np.pad(inner, around, mode="edge")

    def narrow(self, window: Box) -> tuple[np.ndarray, np.ndarray]:
        """(where a hole parts what is close together of a person, where a person is seen), of a
        window (x, y, width, height), height x width bool each. A slit beside an ear and a notch
        between jaw and neck are no wall, as surely as what is behind a person may be guessed."""
        x, y, width, height = window
        both = np.zeros((2, height, width), np.float32)
        for number, box in enumerate(self._boxes):
            for out, values in zip(both, self._parted(number), strict=True):
                _lay(values, box, out, window)
        gap, person = both > 0.5
        return gap & self._hole[y : y + height, x : x + width], person

    def _parted(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Of a head's box, SIDE x SIDE float32 of 0 and 1: what `narrow` tells."""
        self._of(number)
        person, hidden = self._known[number]
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * CLOSE + 1, 2 * CLOSE + 1))
        around = np.pad(person, CLOSE, mode="edge")  # or what leaves the box would end there
        joined = cv2.morphologyEx(around, cv2.MORPH_CLOSE, disc)[CLOSE:-CLOSE, CLOSE:-CLOSE]
        return (joined * hidden).astype(np.float32), person.astype(np.float32)

    def _reach_necks(self, window: Box) -> bool:
        return any(
            self._neck_hidden(head, window)
            for head in self._heads
            if min(meet(head.box, window)[2:]) > 0
        )

    def _is_guess(self, window: Box) -> bool:
        x, y, width, height = window
        here = np.s_[y : y + height, x : x + width]
        whole = self._whole[here]
        if not (whole & ~self._hole[here]).any():
            return False
        reached = [head for head in self._heads if min(meet(head.box, window)[2:]) > 0]
        if self._reach_necks(window):
            return False
        largest = max((max(head.box[2:]) for head in reached), default=0)
        deepest = cv2.distanceTransform(whole.view(np.uint8), cv2.DIST_L2, 3).max()
        return bool(2 * deepest > WIDEST * largest)

    def _neck_hidden(self, head: Head, window: Box) -> bool:
        """Whether what is left of the hole hides most of a neck right under a head's chin; beside
        half a face what is neck and what is wall is told by what lies next to it."""
        if head.ends is None:
            return False
        x, y, width, height = window
        top, chin = head.ends
        along = UNDER * (chin - top)
        across = NECK * np.array([chin[1] - top[1], top[0] - chin[0]])
        line = chin + along + np.linspace(-1, 1, 33)[:, None] * across
        at = np.floor(line - (x, y)).astype(int)
        inside = ((at >= 0) & (at < (width, height))).all(1)
        hole = self._hole[y : y + height, x : x + width]
        return bool(hole[at[inside, 1], at[inside, 0]].sum() > MOST * len(line))

    def _of(self, number: int) -> np.ndarray:
        if number not in self._seen:
            x, y, width, height = self._boxes[number]
            here = np.s_[y : y + height, x : x + width]
            size = (SIDE, SIDE)
            rgb = cv2.resize(self._rgb[here], size, interpolation=cv2.INTER_AREA)
            hole = self._hole[here].view(np.uint8) * np.uint8(255)
            hole = cv2.resize(hole, size, interpolation=cv2.INTER_AREA)
            hidden = hole > 0
            rgb = cv2.inpaint(rgb, hidden.view(np.uint8), REACH, cv2.INPAINT_TELEA)
            # Hard, or a doubtful lock of hair would draw the outline to it.
            seen = (self._network(rgb) > 0.5).astype(np.float32)
            self._known[number] = (seen * ~hidden).astype(np.uint8), hidden
            head = self._heads[number]
            if self._neck_hidden(head, (0, 0, self._rgb.shape[1], self._rgb.shape[0])):
                # That it goes on below a chin is known; that hair does not, where none is seen.
                neck, sides = _neck(head, self._boxes[number])
                told = hidden & neck
                seen[told] = 1
                for side in sides:
                    shown = side & ~hidden
                    if shown.any() and seen[shown].mean() < 0.5:
                        seen[side & hidden] = 0
                        told |= side & hidden
                hidden &= ~told
            person = torch.from_numpy(seen)[None, None]
            unknown = torch.from_numpy(hidden.astype(np.float32))[None, None]
            self._seen[number] = membrane(person, unknown)[0, 0].numpy()
        return self._seen[number]


def _lay(values: np.ndarray, box: Box, out: np.ndarray, window: Box) -> None:
    """Write values (SIDE x SIDE float32) of a box over a window's (height x width float32), where
    they are larger. Only what is asked for is enlarged: a photo may be of 48 megapixels."""
    x, y, width, height = both = meet(window, box)
    if min(width, height) <= 0:
        return
    scale = np.array([SIDE / box[2], SIDE / box[3]])
    matrix = np.array([[scale[0], 0, 0], [0, scale[1], 0]])
    matrix[:, 2] = scale * (x + 0.5 - box[0], y + 0.5 - box[1]) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(
        values, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    here = part_of(both, window)
    np.maximum(out[here], part, out=out[here])


def _neck(head: Head, box: Box) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Where a head's neck is, and where at its left and right nothing of it is: SIDE x SIDE bool of
    a box (x, y, width, height) of the photo."""
    if head.ends is None:
        return np.zeros((SIDE, SIDE), bool), ()
    x, y, width, height = box
    line = (np.arange(SIDE) + 0.5) / SIDE
    side, below = head.beside(x + line * width, y + line * height)
    near = (below > -BEGINS) & (below < LONG)
    neck = (below > -BEGINS) & (np.abs(side) < NECK)
    return neck, (near & (side < -BESIDE_NECK), near & (side > BESIDE_NECK))


def _around(head: Head, shape: tuple[int, ...]) -> Box:
    """The part of a photo of this shape with a head and its shoulders, x, y, width, height."""
    x, y, width, height = head.box
    side = max(width, height)
    middle_x, middle_y = x + width / 2, y + height / 2
    x0, y0 = max(0, int(middle_x - WIDE * side)), max(0, int(middle_y - ABOVE * side))
    x1 = min(shape[1], int(middle_x + WIDE * side))
    y1 = min(shape[0], int(middle_y + BELOW * side))
    return x0, y0, max(0, x1 - x0), max(0, y1 - y0)
