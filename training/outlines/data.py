"""Pictures for the network that sees what is worn: dressed faces, bare ones, real glasses.

Dressed faces wear what `training.worn` draws, so the outline is known. Bare ones and those with
real glasses are told apart by scores (`training.glasses`); where real glasses end is not known, and
is either taken from a network that was trained before, or only that there are some is learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.face import geometry
from engine.worn.things import CHANNELS, MARGIN, SIDE
from training.faces import FaceShards
from training.worn import wear

KEPT = 192  # pixels of a picture as it is kept; what is learnt from is cut out of it
GLASSES = ("sunglasses", "clear_glasses", "clear_glasses")
MASKS = ("surgical_mask", "cloth_mask", "patterned_mask", "ffp_mask")
HANDS = ("hand", "fingers")
# What is none of the things, and must not be taken for one.
OTHERS = ("bangs", "loose_hair", "hat", "scarf", "cup", "microphone", "collar", "phone", "paper")
OTHERS += ("headset",)
# Of the dressed faces; what comes first lies below.
DRESSES: tuple[tuple[float, tuple[tuple[str, ...], ...]], ...] = (
    (0.38, (GLASSES,)),
    (0.24, (MASKS,)),
    (0.12, (HANDS,)),
    (0.12, (OTHERS,)),
    (0.10, (MASKS, GLASSES)),
    (0.04, (OTHERS, GLASSES)),
)
SEEN = 8  # of 255: a smaller change cannot be seen
FLAT = 0.22  # of the dressed faces wear one flat colour where the thing was
BARE, WORN = -0.35, 0.3  # scores below which a face is surely bare, above which it wears glasses
# Where glasses may be in a crop, rows and columns: outside of it real ones teach that none are.
BAND = ((0.25, 0.62), (0.1, 0.9))
SMALL, LARGE = 0.02, 0.16  # of a crop: real glasses take between the two
EYES = ((0.42, 0.376), (0.42, 0.624))  # rows and columns that they cover

Teacher = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Batch:
    """crops: B x 3 x SIDE x SIDE in [-1, 1]. things: B x 3 x SIDE x SIDE of 0 and 1. told: B,
    whether the outline of the glasses is known; if not, there are some."""

    crops: Tensor
    things: Tensor
    told: Tensor


def outlined(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Where a thing was drawn, H x W bool: what changed visibly, without holes. before, after: H x
    W x 3 uint8; mask: H x W, not 0 wherever anything may have changed."""
    changed = np.abs(after.astype(np.int16) - before).max(-1) > SEEN
    whole = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return _filled(whole, 12) & (mask > 0)


def dressed(
    picture: np.ndarray, mesh: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(the picture of a face with something on it, H x W x 3 uint8; what is where, H x W uint8 with
    the bits of CHANNELS)."""
    shares = np.array([share for share, _ in DRESSES])
    kinds = DRESSES[int(rng.choice(len(DRESSES), p=shares / shares.sum()))][1]
    where = np.zeros(picture.shape[:2], np.uint8)
    for group in kinds:
        worn = wear(picture, mesh, str(rng.choice(group)), rng)
        here = outlined(picture, worn.photo, worn.mask)
        if group is not GLASSES:
            where[here] = 0  # it lies over what was there
        if group is not OTHERS:
            where[here] |= 1 << (GLASSES, MASKS, HANDS).index(group)
        picture = worn.photo
    return picture, where


class OutlineSamples:
    """Batches of samples, each a function of its generator's state.

    scores: of the faces (see BARE, WORN); None takes all for bare. teacher: crops to shares, what
    outlines real glasses.
    """

    def __init__(
        self,
        faces: FaceShards,
        scores: np.ndarray | None,
        sizes: tuple[int, int, int],
        seed: int = 0,
        teacher: Teacher | None = None,
    ) -> None:
        rng = np.random.default_rng([seed, 17])
        scores = np.full(len(faces), -1.0) if scores is None else scores
        weights = faces.weights()

        def some(which: np.ndarray, count: int, *, again: bool) -> np.ndarray:
            among = np.flatnonzero(which)
            if not len(among):
                return among
            count = count if again else min(count, len(among))
            return rng.choice(among, count, again, weights[among] / weights[among].sum())

        drawn, bare, real = sizes
        pairs = [
            self._drawn(faces, int(index), rng) for index in some(scores < BARE, drawn, again=True)
        ]
        self._dressed = [pair[0] for pair in pairs]
        self._where = [pair[1] for pair in pairs]
        self._bare = [_cut(faces, int(i)) for i in some(scores < BARE, bare, again=False)]
        self._real = [_cut(faces, int(i)) for i in some(scores > WORN, real, again=False)]
        self._found = [None if teacher is None else real_glasses(p, teacher) for p in self._real]

    def _drawn(
        self, faces: FaceShards, index: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        picture, where = dressed(faces.decode(index)[0], faces.mesh_in_picture(index), rng)
        frame = faces.frame_of(index)
        kept = np.zeros((KEPT, KEPT), np.uint8)
        for bit in (1 << number for number in range(len(CHANNELS))):
            one = (where & bit > 0).astype(np.uint8) * 255
            kept |= np.uint8(bit) * (
                geometry.cut(one, frame, KEPT, margin=MARGIN, border="zero") > 127
            )
        return geometry.cut(picture, frame, KEPT, margin=MARGIN), kept

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """A quarter bare faces, a sixth real glasses where there are any, the rest dressed."""
        bare, real = size // 4, size // 6 if self._real else 0
        crops, things, told = [], [], []
        for number in range(size):
            known, where = True, np.zeros((KEPT, KEPT), np.uint8)
            if number < bare:
                picture = self._bare[int(rng.integers(len(self._bare)))]
            elif number < bare + real:
                chosen = int(rng.integers(len(self._real)))
                picture, found = self._real[chosen], self._found[chosen]
                known, where = found is not None, where if found is None else found
            else:
                chosen = int(rng.integers(len(self._dressed)))
                picture, where = self._dressed[chosen], self._where[chosen]
            crop, moved = varied(picture, where, rng)
            if number >= bare + real and rng.random() < FLAT:
                crop = flattened(crop, moved, rng)
            crops.append(crop)
            things.append(np.stack([moved >> bit & 1 for bit in range(len(CHANNELS))]))
            told.append(known)
        pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
        return Batch(
            pixels.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(np.stack(things)).float(),
            torch.tensor(told),
        )


def varied(
    picture: np.ndarray, where: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(crop SIDE x SIDE x 3 float32 in [-1, 1], its things SIDE x SIDE uint8) of a kept picture:
    moved, turned, mirrored, in other light, softer, with grain, now and then without colour."""
    if rng.random() < 0.5:
        picture, where = picture[:, ::-1], where[:, ::-1]
    scale, turn = SIDE / KEPT * rng.uniform(0.86, 1.18), np.radians(rng.normal(0, 7))
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    shift = SIDE / 2 - np.array([cosine - sine, sine + cosine]) * KEPT / 2 + rng.normal(0, 4, 2)
    matrix = np.column_stack([[[cosine, -sine], [sine, cosine]], shift])
    size, border = (SIDE, SIDE), cv2.BORDER_REFLECT_101
    picture, where = np.ascontiguousarray(picture), np.ascontiguousarray(where)
    moved = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    there = cv2.warpAffine(where, matrix, size, flags=cv2.INTER_NEAREST, borderMode=border)
    seen = 255 * (moved.astype(np.float32) / 255) ** np.exp(rng.normal(0, 0.25))
    seen = (seen - 128) * np.exp(rng.normal(0, 0.15)) + 128 + rng.normal(0, 10)
    seen = seen * np.exp(rng.normal(0, 0.06, 3))
    if rng.random() < 0.1:
        seen = np.repeat(seen.mean(-1, keepdims=True), 3, -1)
    if rng.random() < 0.25:
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.4:
        seen = seen + rng.normal(0, rng.uniform(0, 10), seen.shape)
    return (seen.clip(0, 255) / 127.5 - 1).astype(np.float32), there


def flattened(crop: np.ndarray, where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A crop (see `varied`) whose glasses and face masks are of one colour, a little lighter or
    darker from above to below: what nobody drew has no folds and no rims."""
    for bit, dark in ((0, rng.random() < 0.8), (1, False)):
        there = (where >> bit & 1).astype(np.float32)
        if there.sum() < 30:
            continue
        colour = rng.uniform(-1, -0.4 if dark else 1) + rng.normal(0, 0.08 if dark else 0.2, 3)
        ramp = np.linspace(rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15), len(crop))
        share = cv2.GaussianBlur(there, (0, 0), 0.7)[..., None]
        crop = crop * (1 - share) + (colour + ramp[:, None, None]).clip(-1, 1) * share
    return crop.astype(np.float32)


def real_glasses(picture: np.ndarray, teacher: Teacher) -> np.ndarray | None:
    """Where real glasses are in a kept picture, KEPT x KEPT uint8 with their bit, by a network's
    shares (B x 3 x SIDE x SIDE) of its crop; None where that is not what glasses look like."""
    crop = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    pixels = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1
    share = cv2.resize(teacher(pixels)[0, 0].numpy(), (KEPT, KEPT), interpolation=cv2.INTER_CUBIC)
    whole = (share > 0.42).astype(np.uint8)
    whole = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    found = _filled(whole, 80)
    eyes = all(found[int(row * KEPT), int(column * KEPT)] for row, column in EYES)
    return found.astype(np.uint8) if eyes and SMALL < found.mean() < LARGE else None


def _cut(faces: FaceShards, index: int) -> np.ndarray:
    return geometry.cut(faces.decode(index)[0], faces.frame_of(index), KEPT, margin=MARGIN)


def _filled(whole: np.ndarray, least: float) -> np.ndarray:
    """The parts of more than so many pixels without holes, bool."""
    parts: Any = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    large = [part for part in parts if cv2.contourArea(part) > least]
    return cv2.drawContours(np.zeros_like(whole), large, -1, (1,), cv2.FILLED) > 0
