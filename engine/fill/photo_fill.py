"""What the fill of a photo is made of, state by state, and what each face's share of it is made of.

As in `engine.fill.face_fill` each state has all that the one before it had. Sizes: the photo is
H x W, a crop S x S.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.detail.exemplars import Exemplars
from engine.detail.mean_view import InMeanView
from engine.face.finder import Face, FaceFinder
from engine.face.placement import FacePlacer, Placement
from engine.face.regions import Matte
from engine.face.steady import SteadyPlacer
from engine.fill.memory import Solutions, Untouched, WhoIsWho
from engine.fill.networks import Networks
from engine.fill.shares import Behind, Box, Share, meet, part_of
from engine.fill.silhouette import PersonNetwork
from engine.fill.step import State, Tables, Watch
from engine.inpaint import FillRequest
from engine.modules.guidance import Guidance
from engine.photo import Photo
from engine.photo.palette import Palette
from engine.photo.patch import Patch
from engine.photo.screen import Screen
from engine.photo.stripes import Stripes
from engine.readings import FaceReading
from engine.reference import Taken
from engine.reference.alignment import Laid


@dataclass(frozen=True, eq=False)
class Loaded:
    """What is loaded and kept from one fill to the next. exemplars: None where none were asked
    for."""

    finder: FaceFinder
    placer: FacePlacer
    steady: SteadyPlacer
    people: PersonNetwork
    untouched: Untouched
    solutions: Solutions
    who: WhoIsWho
    networks: Networks
    exemplars: Exemplars | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class PhotoFill(State):
    """What is given. live: whether it follows the brush. known: the faces of the photo; None where
    they are still to be found. tell: takes a stage and how much of the fill is done (0..1).
    watch: told of every step. palette, screen: of a photo whose dots have been smoothed, those of a
    scan of one bit or of a printed picture. stripes: of light, of a photo that was evened."""

    request: FillRequest
    loaded: Loaded
    tables: Tables
    known: tuple[Face, ...] | None
    tell: Callable[[str, float], None]
    live: bool = False
    watch: Watch | None = None
    palette: Palette | None = None
    screen: Screen | None = None
    stripes: Stripes | None = None

    @property
    def photo(self) -> Photo:
        return self.request.photo

    @property
    def hole(self) -> np.ndarray:
        """H x W bool."""
        return self.request.mask.hole

    @property
    def bounds(self) -> Box | None:
        """Of the hole."""
        return self.request.mask.bounds


@dataclass(frozen=True, eq=False, kw_only=True)
class PlacedFill(PhotoFill):
    """placement: where the faces lie. faces: those, in the order they paint."""

    placement: Placement
    faces: tuple[Face, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class PlainFill(PlacedFill):
    """plain: H x W bool, the part of the hole that its surroundings decide."""

    plain: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedFill(PlainFill):
    """shares: who paints what of the rest."""

    shares: tuple[Share, ...]


@dataclass(frozen=True, eq=False)
class Textured:
    """where: H x W bool, what is textured. under: the photo with its faces filled."""

    where: np.ndarray
    under: Photo


@dataclass(frozen=True, eq=False, kw_only=True)
class PaintedFill(SharedFill):
    """patches in the order to lay them on; readings, a face each. behind: of each share what is not
    face. references: what became of them. textured: None where nothing is."""

    patches: tuple[Patch, ...]
    readings: tuple[FaceReading, ...]
    behind: tuple[Behind, ...]
    references: tuple[Taken, ...] = ()
    textured: Textured | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class ShareFill(State):
    """One face's share, as it is given. whole: the fill that it is of. number: of the share.
    begun: when, in seconds of `time.perf_counter`."""

    whole: SharedFill
    share: Share
    number: int
    begun: float

    @property
    def face(self) -> int:
        """The place of its face among the photo's, by identity."""
        faces = self.whole.faces
        return next(n for n, other in enumerate(faces) if other is self.share.face)


@dataclass(frozen=True, eq=False, kw_only=True)
class CutShare(ShareFill):
    """crop: S x S x 3 float32 in [0, 1]. hidden: S x S bool, its hole. laid: references over it."""

    crop: np.ndarray
    hidden: np.ndarray
    laid: tuple[Laid, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class GuidedShare(CutShare):
    """guidance: what the modules say. matte: of the face; None where its nodes are not known."""

    guidance: Guidance
    matte: Matte | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class FilledShare(GuidedShare):
    """filled: S x S x 3 float32 in [0, 1], the crop with its hole filled."""

    filled: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class ReadShare(FilledShare):
    """reading: of the face, before and after."""

    reading: FaceReading


@dataclass(frozen=True, eq=False, kw_only=True)
class FullShare(ReadShare):
    """The share at the photo's own size, in a box (x, y, width, height) with a border around it.
    pixels: height x width x 3 float32, 1 is white. taken: what became of references. in_mean_view:
    the face there, as far as a step that paints in it has come."""

    box: Box
    pixels: np.ndarray
    taken: tuple[Taken, ...] = ()
    in_mean_view: InMeanView | None = None

    @property
    def seen(self) -> np.ndarray:
        """The photo there, of the shape of `pixels`; made anew each time."""
        photo = self.whole.photo.pixels
        return photo[self._there][..., :3].astype(np.float32) / np.iinfo(photo.dtype).max

    @property
    def hidden_there(self) -> np.ndarray:
        """The hole there, height x width bool."""
        return self.whole.hole[self._there]

    def painted_in(self, window: Box) -> tuple[np.ndarray, np.ndarray]:
        """A window (x, y, width, height) of the photo with the fill in this share's hole, height x
        width x 3 uint8 in the photo's own colours; and where the fill is, height x width bool."""
        x, y, width, height = window
        picture = self.whole.photo.own8[y : y + height, x : x + width].copy()
        filled = np.zeros((height, width), bool)
        both = meet(window, self.box)
        if both[2] <= 0 or both[3] <= 0:
            return picture, filled
        inside, ours = part_of(both, window), part_of(both, self.box)
        hidden = self.hidden_there[ours]
        filled[inside] = hidden
        pixels = (self.pixels[ours][hidden].clip(0, 1) * 255 + 0.5).astype(np.uint8)
        picture[inside][hidden] = pixels
        return picture, filled

    @property
    def _there(self) -> tuple[slice, slice]:
        x, y, width, height = self.box
        return slice(y, y + height), slice(x, x + width)


@dataclass(frozen=True, eq=False, kw_only=True)
class DoneShare(FullShare):
    """patch: the share as it is laid on the photo."""

    patch: Patch
