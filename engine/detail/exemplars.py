"""A library of sharp faces: what eyes, mouths and noses of a user's own photos show that the
networks' crop cannot hold, in the mean shape.

Of every face and region two things are kept. Its *middle octaves*, small, are what a fill has too:
by them the most alike exemplar is found. Its *detail* is the octaves above them, of the logarithm
of light, so that it suits any skin and lamp; it lies there as WebP. A third picture of the whole
face, smaller still, tells which faces are those of the very photo that is filled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.base.brightness import LUMA
from engine.base.errors import MienError
from engine.catalogue.exemplars import NONE, find_exemplars
from engine.catalogue.weights import MANIFEST, load_tensors, read_manifest
from engine.detail.mean_view import SIDE
from engine.face.mesh import LEFT_EYE, LIPS, OVAL, RIGHT_EYE
from engine.photo import Stamp

if TYPE_CHECKING:
    from torch import Tensor

EYES, MOUTH, NOSE = "eyes", "mouth", "nose"
TIP = (98, 97, 2, 326, 327, 48, 278, 115, 344, 4, 1)  # nodes of nostrils, wings and tip
# The nodes around each region's parts, and pixels of the mean view that it reaches beyond them.
PARTS = {EYES: (LEFT_EYE, RIGHT_EYE), MOUTH: (LIPS,), NOSE: (TIP,)}
BEYOND = {EYES: 14, MOUTH: 16, NOSE: 14}
RIM = 7.0  # pixels: sigma of a region's edge
# Pixels of the mean view, sigmas: detail is what is finer than FINEST; the octaves between the two
# of MIDDLE are compared, in pictures so many times smaller than the view.
FINEST = 2.5
MIDDLE, DOWN = (5.0, 20.0), 4
NEXT = 3.0  # times FINEST, how far the octaves next to the detail reach
DARK = 8.0  # of 255, added before the logarithm is taken: below it is noise
SPAN = 0.6  # of the logarithm: detail beyond is cut
QUALITY = 95  # of the WebP
# The same of the picture that says who it is.
WHOLE, SMALL = (6.0, 24.0), 12
# Correlation from which on a face is of the photo itself: of 64 fills 61 have it with their own
# photo, 32 of 6,912 strangers, and most other photos of the same person in the same pose.
SAME = 0.85
OPEN = 0.06  # mouth widths between its lips, from which on a mouth is open


@dataclass(frozen=True, eq=False)
class Region:
    """A region of the mean view. rows, columns: its box, whole DOWNs. mask: height x width float32
    in 0..1, soft. parts: the same of each eye."""

    rows: slice
    columns: slice
    parts: tuple[np.ndarray, ...]

    @cached_property
    def mask(self) -> np.ndarray:
        return np.maximum.reduce(self.parts)

    def of(self, picture: np.ndarray, down: int = 1) -> np.ndarray:
        """Its part of a picture of the mean view that is so many times smaller."""
        return picture[
            self.rows.start // down : self.rows.stop // down,
            self.columns.start // down : self.columns.stop // down,
        ]

    @cached_property
    def weights(self) -> np.ndarray:
        """How much the pixels of its middle octaves count, h x w float32, 1 in all."""
        height, width = self.mask.shape
        size = width // DOWN, height // DOWN
        small = cv2.resize(self.mask, size, interpolation=cv2.INTER_AREA)
        return small / small.sum()

    def strength(self, band: np.ndarray) -> float:
        """How strong a band (of the mean view's size) is in its mask, a standard deviation."""
        return float(np.sqrt((self.mask * np.square(self.of(band))).sum() / self.mask.sum()))

    def normed(self, bands: np.ndarray) -> np.ndarray:
        """N x h x w middle octaves as N x h*w whose products are correlations in its mask."""
        flat, weights = bands.reshape(len(bands), -1).astype(np.float32), self.weights.ravel()
        flat = (flat - (flat @ weights)[:, None]) * np.sqrt(weights)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def regions(points: np.ndarray) -> dict[str, Region]:
    """The regions of the mean view by their names. points: the mean shape's, 478 x 2 (and more) in
    crop units."""
    found = {}
    for name, parts in PARTS.items():
        masks = [around(points[list(nodes)] * SIDE, BEYOND[name]) for nodes in parts]
        there = np.maximum.reduce(masks) > 0.01
        rows, columns = (_window(np.flatnonzero(there.any(axis))) for axis in (1, 0))
        found[name] = Region(rows, columns, tuple(mask[rows, columns] for mask in masks))
    return found


def around(nodes: np.ndarray, beyond: int) -> np.ndarray:
    """The hull of nodes (N x 2, pixels of the mean view) and what is so near it, SIDE x SIDE
    float32 in 0..1 with a soft edge."""
    inside = np.zeros((SIDE, SIDE), np.uint8)
    hull = cv2.convexHull(nodes.astype(np.float32)).round().astype(np.int32)
    cv2.fillConvexPoly(inside, hull, (255,))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * beyond + 1, 2 * beyond + 1))
    grown = cv2.dilate(inside, disc).astype(np.float32) / 255
    return cv2.GaussianBlur(grown, (0, 0), RIM)


def light_of(picture: np.ndarray) -> np.ndarray:
    """The logarithm of the light of a picture (SIDE x SIDE x 3 in 0..255), SIDE x SIDE float32."""
    return np.log(picture.astype(np.float32) @ np.array(LUMA, np.float32) + DARK)


def detail_of(light: np.ndarray) -> np.ndarray:
    """What of it is finer than FINEST."""
    return light - cv2.GaussianBlur(light, (0, 0), FINEST)


def next_of(light: np.ndarray) -> np.ndarray:
    """Of it the octaves next to the detail: how strong they are says how strong detail is."""
    sharp, coarse = (cv2.GaussianBlur(light, (0, 0), sigma) for sigma in (FINEST, NEXT * FINEST))
    return sharp - coarse


def middle_of(light: np.ndarray) -> np.ndarray:
    """Its middle octaves, SIDE/DOWN x SIDE/DOWN."""
    return _band(light, MIDDLE, DOWN)


def whole_of(light: np.ndarray) -> np.ndarray:
    """What tells one photo's face from another's, SIDE/SMALL x SIDE/SMALL."""
    return _band(light, WHOLE, SMALL)


def is_open(mesh: np.ndarray) -> bool:
    """Whether the mouth of a mesh (478 x 2, any unit) is open."""
    wide, high = (np.linalg.norm(mesh[a] - mesh[b]) for a, b in ((61, 291), (13, 14)))
    return bool(high > OPEN * wide)


def encoded(detail: np.ndarray) -> np.ndarray:
    """Detail (h x w float32) as the bytes of a WebP file, uint8."""
    grey = (detail * (127 / SPAN) + 128).round().clip(0, 255).astype(np.uint8)
    return cv2.imencode(".webp", grey, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].ravel()


def decoded(data: np.ndarray) -> np.ndarray:
    """The inverse of `encoded`, as near as its QUALITY is."""
    grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return (grey.astype(np.float32) - 128) * (SPAN / 127)


@dataclass(frozen=True, eq=False)
class Exemplars:
    """A library of N faces.

    shape: the mean shape it was made in, 478 x 2. middles: of each region N x h x w, float32.
    pictures: of each region and face the detail as a WebP file; empty where it has none.
    strengths: of each region how strong the octaves next to it are, N. wholes: N x S x S. open: N
    bool, their mouths. files: N x 2, size and CRC-32 of the photo's file.
    """

    shape: np.ndarray
    middles: dict[str, np.ndarray]
    pictures: dict[str, list[np.ndarray]]
    strengths: dict[str, np.ndarray]
    wholes: np.ndarray
    open: np.ndarray
    files: np.ndarray
    regions: dict[str, Region] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regions", regions(self.shape))

    def __len__(self) -> int:
        return len(self.open)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> Exemplars:
        """The library that these tensors are."""
        told = {name: tensor.numpy() for name, tensor in tensors.items()}
        middles = {name: told[f"{name}.middle"] for name in PARTS}
        pictures = {
            name: np.split(told[f"{name}.pictures"], told[f"{name}.ends"][:-1]) for name in PARTS
        }
        strengths = {name: told[f"{name}.strength"] for name in PARTS}
        rest = (told[name] for name in ("wholes", "open", "files"))
        return cls(told["shape"], middles, pictures, strengths, *rest)

    def tensors(self) -> dict[str, Tensor]:
        """The inverse of `of`, floats as halves."""
        import torch

        told: dict[str, np.ndarray] = {}
        for name in PARTS:
            told[f"{name}.middle"] = self.middles[name].astype(np.float16)
            told[f"{name}.pictures"] = np.concatenate(self.pictures[name])
            sizes = [len(picture) for picture in self.pictures[name]]
            told[f"{name}.strength"] = self.strengths[name].astype(np.float32)
            told[f"{name}.ends"] = np.cumsum(sizes, dtype=np.int64)
        told |= {"shape": self.shape, "wholes": self.wholes.astype(np.float16)}
        told |= {"open": self.open, "files": self.files}
        return {name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in told.items()}

    def of_photo(self, light: np.ndarray, hole: np.ndarray, stamp: Stamp | None) -> np.ndarray:
        """Which faces are of the photo itself, N bool: of the same file, or as good as the same
        where it is seen.

        light: by `light_of`. hole: SIDE x SIDE bool. stamp: of the photo's file, where it is known.
        """
        same = np.zeros(len(self), bool)
        if stamp is not None and stamp.checksum is not None:
            same = (self.files == (stamp.size, stamp.checksum)).all(1)
        size = (SIDE // SMALL, SIDE // SMALL)
        seen = cv2.resize((~hole).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        weights = (self._face * (cv2.erode(seen, np.ones((5, 5), np.uint8)) > 0.5)).ravel()
        if not weights.any():
            return same
        weights = weights / weights.sum()
        ours = whole_of(light).ravel()
        ours = (ours - ours @ weights) * weights
        theirs = self.wholes.reshape(len(self), -1)
        spread = np.square(theirs) @ weights - np.square(theirs @ weights)
        norm = np.sqrt(
            np.maximum(spread, 1e-12) * np.square(ours).dot(1 / np.maximum(weights, 1e-9))
        )
        return same | (theirs @ ours >= SAME * norm)

    def best(self, name: str, middle: np.ndarray, allowed: np.ndarray) -> tuple[int, float] | None:
        """(the number of the most alike face, its correlation) in a region's middle octaves; None
        where no face that is allowed (N bool) has that region. middle: by `middle_of`."""
        candidates = allowed & self._there[name]
        if not candidates.any():
            return None
        region = self.regions[name]
        ours = region.normed(region.of(middle, DOWN)[None])[0]
        alike = np.where(candidates, self._normed[name] @ ours, -np.inf)
        number = int(alike.argmax())
        return number, float(alike[number])

    def detail(self, name: str, number: int) -> np.ndarray:
        """A face's detail of a region, height x width float32 of the logarithm of light."""
        return decoded(self.pictures[name][number])

    @cached_property
    def _there(self) -> dict[str, np.ndarray]:
        return {name: np.array([len(p) > 0 for p in self.pictures[name]], bool) for name in PARTS}

    @cached_property
    def _normed(self) -> dict[str, np.ndarray]:
        return {name: self.regions[name].normed(self.middles[name]) for name in PARTS}

    @cached_property
    def _face(self) -> np.ndarray:
        side = SIDE // SMALL
        inside = np.zeros((side, side), np.uint8)
        hull = cv2.convexHull((self.shape[list(OVAL)] * side).astype(np.float32))
        cv2.fillConvexPoly(inside, hull.round().astype(np.int32), (1,))
        return cv2.erode(inside, np.ones((3, 3), np.uint8)).astype(np.float32)


def load_exemplars(name: str) -> Exemplars | None:
    """The library of that name, read once; None for no name. Raises MienError where there is none,
    or where its file is damaged."""
    if name == NONE:
        return None
    manifest = find_exemplars(name)
    return _read(manifest.folder, manifest.sha256)


@lru_cache(maxsize=1)
def _read(folder: Path, _sha256: str) -> Exemplars:
    manifest = read_manifest(folder / MANIFEST)
    try:
        return Exemplars.of(load_tensors(manifest))
    except (KeyError, ValueError) as error:
        raise MienError(
            f"'{manifest.name}' is no library of faces that this Mien reads; make it again "
            "('train exemplars')."
        ) from error


def _band(light: np.ndarray, sigmas: tuple[float, float], down: int) -> np.ndarray:
    size = (SIDE // down, SIDE // down)
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    fine, coarse = (cv2.GaussianBlur(small, (0, 0), sigma / down) for sigma in sigmas)
    return fine - coarse


def _window(where: np.ndarray) -> slice:
    """Whole steps around some rows (or columns), whose numbers are given."""
    low, high = int(where[0]), int(where[-1]) + 1
    return slice(low // DOWN * DOWN, min(SIDE, -(-high // DOWN) * DOWN))
