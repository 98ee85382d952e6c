"""The contract of a fill: one request in, patches out.

Cheap to import: the editor knows these types before torch is loaded; `engine.fill` makes what
fills.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.base.device import AUTO, FLOAT32, TORCH, check_precision
from engine.base.errors import MienError
from engine.face.doubt import Doubt
from engine.face.finder import Face, FaceFrame
from engine.mask import Mask
from engine.modules.registry import Wishes
from engine.photo import Photo
from engine.photo.patch import Patch
from engine.readings import DraggedNode, FaceReading
from engine.reference import EXPRESSIONS, Reference, Taken
from engine.reference.portrait import Portrait


@dataclass(frozen=True)
class FillOptions(Wishes):
    """How to fill, and what is asked of the modules (see engine.modules).

    `frames` are face frames the user drew: each is a face whether a finder agrees or not.
    `model` names an installed generator, "prior" stops after the face prior.
    `device` is auto, cpu, cuda or mps. `precision` is auto (what is fastest there, to within one
    grey level) or exact (float32 on any processor). `seed` makes texture and variants repeatable.
    `nodes` are hidden nodes the user dragged; they need the landmark module.
    `variant` 0 is the most probable fill, n the n-th sample of what is uncertain.
    `expression` is what references are brought to: "keep", the one that the photo tells of, or
    "reference", the one that they show. `exemplars` names a library of sharp faces that hidden
    features take their finest detail of ("": none).
    Raises MienError for values that are none of these.
    """

    model: str = "default"
    device: str = "auto"
    precision: str = AUTO
    seed: int = 0
    frames: tuple[FaceFrame, ...] = ()
    nodes: tuple[DraggedNode, ...] = ()
    variant: int = 0
    expression: str = EXPRESSIONS[0]
    exemplars: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_precision(self.precision)
        if not 0 <= self.seed < 2**32:
            raise MienError(f"A seed of {self.seed} is not between 0 and {2**32 - 1}.")
        if self.variant < 0:
            raise MienError(f"There is no variant {self.variant}; give 0, 1, 2, ...")
        if self.expression not in EXPRESSIONS:
            raise MienError(
                f"'{self.expression}' is no expression to bring a reference to; choose one of "
                f"{', '.join(EXPRESSIONS)}."
            )


@dataclass(frozen=True)
class FillRequest:
    """Everything a fill needs. `faces` saves a second search when they are known already.
    `references`: other photos of the people in it (see engine.reference)."""

    photo: Photo
    mask: Mask
    options: FillOptions = field(default_factory=FillOptions)
    faces: tuple[Face, ...] | None = None
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Where a fill is: stage ("load", "find", "prior", "generate", "texture", "blend"),
    done (0..1 of the whole fill)."""

    stage: str
    done: float


@dataclass(frozen=True)
class FillResult:
    """patches in the order to apply; faces found; the model and device that ran; wall seconds;
    a reading of every face that was filled. suggestions: frames of faces that holes filled with
    texture may hide, of which too little is seen to be sure. precision: what the generator
    calculated in, "float32" or "bfloat16". backend: what ran it. doubts: faces that were filled and
    may lie elsewhere, less sure than engine.face.doubt.SURE. references: what became of each, a
    face each time that it was looked at."""

    patches: tuple[Patch, ...]
    faces: tuple[Face, ...]
    model: str
    device: str
    seconds: float
    readings: tuple[FaceReading, ...] = ()
    suggestions: tuple[FaceFrame, ...] = ()
    precision: str = FLOAT32
    backend: str = TORCH
    doubts: tuple[Doubt, ...] = ()
    references: tuple[Taken, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for `--json`, logs and the inspector."""
        return {
            "seconds": round(self.seconds, 4),
            "device": self.device,
            "precision": self.precision,
            "backend": self.backend,
            "model": self.model,
            "faces": [
                {
                    "box": [round(float(v), 1) for v in face.box],
                    "score": round(float(face.score), 4),
                    "angle": round(float(face.angle), 2),
                    "mesh": face.mesh is not None,
                }
                for face in self.faces
            ],
            "patches": [
                {
                    "box": list(patch.box),
                    "kind": patch.kind,
                    "seconds": round(patch.seconds, 4),
                    "laid": patch.laid,
                    "confidence": round(patch.confidence, 3),
                    "readings": patch.readings,
                }
                for patch in self.patches
            ],
            "readings": [reading.as_dict() for reading in self.readings],
            "suggestions": [
                [round(v, 1) for v in (f.x, f.y, f.width, f.height, f.angle)]
                for f in self.suggestions
            ],
            "doubtful": [doubt.as_dict() for doubt in self.doubts],
            "references": [taken.as_dict() for taken in self.references],
        }


@dataclass(frozen=True)
class Preview:
    """The prior's fill of the known faces as patches, and a reading of every known face, those
    that nothing is filled of included. references: as of FillResult."""

    patches: tuple[Patch, ...]
    readings: tuple[FaceReading, ...] = ()
    references: tuple[Taken, ...] = ()


class Inpainter(Protocol):
    """What the editor, the CLI and the batch ask for fills; heavy imports happen on first use."""

    def fill(
        self,
        request: FillRequest,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> FillResult:
        """Raises MienError with one sentence, Cancelled when `cancel` was set."""
        ...

    def find_faces(
        self,
        photo: Photo,
        cancel: threading.Event | None = None,
        first: Callable[[tuple[Face, ...]], object] | None = None,
    ) -> tuple[Face, ...]:
        """Every face of the photo, largest first. first: is told those that a small copy shows,
        which are among them, as soon as they are known, where that is sooner."""
        ...

    def preview(
        self,
        request: FillRequest,
        *,
        detailed: bool = False,
        cancel: threading.Event | None = None,
    ) -> Preview:
        """The prior's fill alone and the readings, live: tens of milliseconds a face.

        Needs `request.faces`; parts no face owns are left out. detailed: with the detail of faces
        that are larger than the networks' crop, which takes a second more. Raises
        MienError, and Cancelled when `cancel` was set."""
        ...

    def portraits(
        self,
        photo: Photo,
        faces: Sequence[Face],
        mask: Mask | None = None,
        options: FillOptions | None = None,
    ) -> tuple[Portrait | None, ...]:
        """What each face is known by: who it is, its expression (engine.reference.portrait); None
        for one without a mesh, or too small to tell. mask: what is not looked at. options: of the
        fills beside it, whose networks are used."""
        ...
