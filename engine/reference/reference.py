"""Which face of which photo is looked at beside the one that is filled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.finder import Face, FaceFrame

if TYPE_CHECKING:
    from engine.photo import Photo

# What one reference, another one, or no reference at all may give. Skin is all the rest of a face.
REGIONS = ("eyes", "brows", "nose", "mouth", "skin")
KEEP, AS_SHOWN = "keep", "reference"
EXPRESSIONS = (KEEP, AS_SHOWN)  # the one that the photo tells of, or that of the reference
NEEDED = 1.6  # frames across of a reference that are kept
SMALLEST = 48  # pixels of a frame's side: a smaller face shows nothing that is worth bringing


@dataclass(frozen=True, eq=False)
class Reference:
    """A face in another photo.

    photo, face: with a mesh. name: what people call the photo. of: the number of the face that it
    is a reference of (in the order of `FillResult.faces`); None: of every face that looks like the
    same person. sure: the user says that it is the same person, whatever it looks like. regions:
    of REGIONS, what it may give. strength: 0..1, of what it gives. hidden: H x W bool, what must
    not be taken from its photo because something lies over it there; None: nothing.
    """

    photo: Photo
    face: Face
    name: str = ""
    of: int | None = None
    sure: bool = False
    regions: tuple[str, ...] = REGIONS
    strength: float = 1.0
    hidden: np.ndarray | None = None

    def trimmed(self) -> Reference:
        """The same, of whose photo no more is kept than may be brought to another one."""
        assert self.face.mesh is not None
        frame = geometry.grown(geometry.frame_from_mesh(self.face.mesh), NEEDED)
        x, y, width, height = geometry.bounds(frame, self.photo.size)
        part = self.photo.pixels[y : y + height, x : x + width].copy()
        left, top, wide, high = self.face.box
        face = replace(
            self.face,
            box=(left - x, top - y, wide, high),
            mesh=self.face.mesh - np.array([x, y], np.float32),
        )
        hidden = self.hidden
        if hidden is not None:
            hidden = hidden[y : y + height, x : x + width].copy()
        return replace(self, photo=self.photo.with_pixels(part), face=face, hidden=hidden)

    def __post_init__(self) -> None:
        if self.face.mesh is None:
            raise MienError(f"{self.name or 'The reference'} shows no face that can be laid over.")
        check_regions(self.regions)
        if not 0 <= self.strength <= 1:
            raise MienError(f"A strength of {self.strength:g} is not between 0 and 1.")


@dataclass(frozen=True)
class Taken:
    """What became of a reference. face: the number of the face that was filled. number: of the
    reference, in the order of the request. likeness: how much the faces are alike, 1 is the same
    picture. same: whether that is one person's. shares: by region, how much of what is hidden of it
    was taken from here, 0..1; empty where nothing was. shows: the asked-for expression, of one that
    was chosen because it shows it; else empty. turned: whether its face looks another way, so that
    nothing can be taken."""

    face: int
    number: int
    name: str
    likeness: float
    same: bool
    shares: dict[str, float] = field(default_factory=dict)
    shows: str = ""
    turned: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json` and logs."""
        return {
            "face": self.face,
            "reference": self.number,
            "name": self.name,
            "likeness": round(self.likeness, 3),
            "same_person": self.same,
            "shares": {name: round(share, 3) for name, share in self.shares.items()},
            "shows": self.shows,
            "turned": self.turned,
        }


def check_regions(regions: Iterable[str]) -> None:
    """Raises MienError for a region that is none."""
    for region in regions:
        if region not in REGIONS:
            raise MienError(f"'{region}' is no region; choose of {', '.join(REGIONS)}.")


def references_in(
    photo: Photo, faces: tuple[Face, ...], name: str, at: FaceFrame | None = None, **wishes: Any
) -> tuple[Reference, ...]:
    """The references that a photo holds, by the faces that were found in it: the largest first.

    at: a box (x, y, width, height) around the one face that is meant; None: any of them, whichever
    is the person. wishes: as of Reference. Raises MienError with one sentence where the photo has
    no such face, or none that is large enough.
    """
    meshed = [face for face in faces if face.mesh is not None]
    if not meshed:
        raise MienError(f"{name} shows no face; choose a photo in which the person is seen.")
    if at is not None:
        middle = (at.x + at.width / 2, at.y + at.height / 2)
        meshed = [face for face in meshed if _holds(face, middle)]
        if not meshed:
            raise MienError(
                f"{name} shows no face at {at.x:g},{at.y:g},{at.width:g},{at.height:g}; give the "
                "place of one that is seen."
            )
    meshed.sort(key=_side, reverse=True)
    if _side(meshed[0]) < SMALLEST:
        raise MienError(
            f"The face in {name} is only {_side(meshed[0]):.0f} pixels wide; choose a photo in "
            "which it is larger."
        )
    return tuple(
        Reference(photo, face, name, **wishes) for face in meshed if _side(face) >= SMALLEST
    )


def reference_in(
    photo: Photo, faces: tuple[Face, ...], name: str, at: FaceFrame | None = None, **wishes: Any
) -> Reference:
    """The first of `references_in`."""
    return references_in(photo, faces, name, at, **wishes)[0]


def _side(face: Face) -> float:
    assert face.mesh is not None
    return geometry.frame_side(geometry.frame_from_mesh(face.mesh))


def _holds(face: Face, point: tuple[float, float]) -> bool:
    x, y, width, height = face.box
    return x <= point[0] <= x + width and y <= point[1] <= y + height
