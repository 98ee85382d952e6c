"""A library of exemplars out of somebody's own photos (engine.detail.exemplars).

Every face that is large, sharp and looks at the camera gives its eyes, its mouth and its nose;
what somebody wears over them is left out. Photos are read one after another, and of each only the
pieces are kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from engine.base.errors import MienError
from engine.catalogue.exemplars import EXEMPLARS
from engine.catalogue.weights import Manifest, check_name, find, load_prior
from engine.detail import exemplars as library
from engine.detail.exemplars import EYES, MOUTH, NOSE, PARTS, Exemplars
from engine.detail.mean_view import SIDE, MeanView
from engine.face import geometry
from engine.face.finder import FaceFinder
from engine.face.mesh import OVAL
from engine.face.regions import interiors
from engine.fill.steps.sharpness import fineness
from engine.prior.appearance import PREFIX
from engine.prior.warp import MeanShape, triangulated
from engine.worn.outline import see
from training.export import export_model
from training.sources import Source

SMALLEST = 600  # pixels of frame side: a smaller face has nothing finer than FINEST
# The finest octave's share on the strongest edges of a face in the mean view, from which on it is
# sharp: of 22 studio portraits all have more (0.23 at least), and blurred by 1 pixel none.
SHARP = 0.2
TURNED = 1.8  # times as wide one half of a face may be as the other
WORN = {"glasses": (EYES,), "face_mask": (MOUTH, NOSE)}
COVERED = 0.02  # share of a region that what is worn may cover

CARD = """# {title}

A library of faces: of {faces} faces in {photos} photos of its maker's own the finest detail of
eyes, mouths and noses, in the mean shape. It was made on this computer and stays there; whose faces
they are, and whether they may be used so, is its maker's affair. Faces can be told from it: do not
hand it on without leave.

- Of {eyes} faces the eyes, of {mouth} the mouth, of {nose} the nose.
- Left out: {small} too small (under {smallest} pixels), {soft} not sharp, {turned} turned away.
"""


@dataclass
class Told:
    """What became of the photos: how many were read, how many faces were taken, and why others were
    not."""

    photos: int = 0
    unreadable: int = 0
    without_face: int = 0
    faces: int = 0
    small: int = 0
    soft: int = 0
    turned: int = 0
    regions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))


@dataclass(frozen=True, eq=False)
class _Taken:
    """One face. middles, pictures, strengths: by region; whole, open, file: as of Exemplars."""

    middles: dict[str, np.ndarray]
    pictures: dict[str, np.ndarray]
    strengths: dict[str, float]
    whole: np.ndarray
    open: bool
    file: tuple[int, int]


def make_exemplars(
    sources: Sequence[Source], report: Callable[[float], None] | None = None
) -> tuple[Exemplars, Told]:
    """The library of the photos' faces. report: told how much is done, 0..1. Raises MienError
    where no face can be taken."""
    points = load_prior(find("prior"))[PREFIX + "shape"].float().numpy()
    shape = MeanShape(points, triangulated(points))
    inside = interiors(torch.from_numpy(points)[None], SIDE)[0, 0].numpy() > 0
    finder, told, taken = FaceFinder(), Told(), []
    for number, source in enumerate(sources, 1):
        taken += _faces_of(source, finder, shape, inside, told)
        if report is not None:
            report(number / len(sources))
    if not taken:
        raise MienError(
            f"None of {len(sources)} photos shows a sharp face of {SMALLEST} pixels ({told.small} "
            f"smaller, {told.soft} not sharp, {told.turned} turned away); choose larger portraits."
        )
    return Exemplars(
        points,
        {name: np.stack([one.middles[name] for one in taken]) for name in PARTS},
        {name: [one.pictures[name] for one in taken] for name in PARTS},
        {name: np.array([one.strengths[name] for one in taken]) for name in PARTS},
        np.stack([one.whole for one in taken]),
        np.array([one.open for one in taken]),
        np.array([one.file for one in taken], np.int64),
    ), told


def write_exemplars(made: Exemplars, told: Told, folder: Path) -> Manifest:
    """Write a library as the model that its folder is named after. Raises MienError."""
    check_name(folder.name)
    figures = {"photos": told.photos, "faces": told.faces, **told.regions}
    card = CARD.format(
        title=folder.name,
        small=told.small,
        soft=told.soft,
        turned=told.turned,
        smallest=SMALLEST,
        **figures,
    )
    return export_model(
        folder,
        made.tensors(),
        card,
        title=folder.name,
        kind=EXEMPLARS,
        native_crop=SIDE,
        figures=figures,
        notes=f"{told.faces} faces of one's own photos",
    )


def _faces_of(
    source: Source, finder: FaceFinder, shape: MeanShape, inside: np.ndarray, told: Told
) -> Iterator[_Taken]:
    rgb = source.read()
    if rgb is None:
        told.unreadable += 1
        return
    told.photos += 1
    meshes = [face.mesh for face in finder.find(rgb) if face.mesh is not None]
    told.without_face += not meshes
    for mesh in meshes:
        frame = geometry.frame_from_mesh(mesh)
        nodes = geometry.transform(frame, mesh[:, :2]).astype(np.float32)
        if geometry.frame_side(frame) < SMALLEST:
            told.small += 1
            continue
        if _is_turned(nodes):
            told.turned += 1
            continue
        view = MeanView(shape, nodes, frame)
        picture = view.brought(rgb)
        if fineness(picture, inside) < SHARP:
            told.soft += 1
            continue
        hidden = _worn_over(rgb, mesh, view)
        taken = _taken(picture, nodes, hidden, shape, source)
        for name, detail in taken.pictures.items():
            told.regions[name] += len(detail) > 0
        told.faces += 1
        yield taken


def _taken(
    picture: np.ndarray,
    nodes: np.ndarray,
    hidden: dict[str, np.ndarray],
    shape: MeanShape,
    source: Source,
) -> _Taken:
    light = library.light_of(picture)
    middle, detail = library.middle_of(light), library.detail_of(light)
    beside = library.next_of(light)
    middles, pictures, strengths = {}, {}, {}
    for name, region in library.regions(shape.points).items():
        middles[name] = region.of(middle, library.DOWN)
        strengths[name] = region.strength(beside)
        over = region.of(hidden[name]) if name in hidden else np.zeros_like(region.mask)
        is_free = (over * region.mask).sum() <= COVERED * region.mask.sum()
        pictures[name] = library.encoded(region.of(detail)) if is_free else np.zeros(0, np.uint8)
    data = source.data()
    file = (len(data), zlib.crc32(data))
    whole, is_open = library.whole_of(light), library.is_open(nodes)
    return _Taken(middles, pictures, strengths, whole, is_open, file)


def _worn_over(rgb: np.ndarray, mesh: np.ndarray, view: MeanView) -> dict[str, np.ndarray]:
    """What is worn over which regions, SIDE x SIDE float32, 1 where it is."""
    over = {}
    for thing, names in WORN.items():
        seen = see(rgb, mesh, thing)
        if seen is not None:
            there = view.brought(seen.pixels, seen.box[:2]).astype(np.float32) / 255
            over |= dict.fromkeys(names, there)
    return over


def _is_turned(nodes: np.ndarray) -> bool:
    """Whether a face (478 x 2) looks away: one half of its outline is much wider than the other."""
    across = nodes[list(OVAL), 0] - nodes[1, 0]  # from the tip of the nose
    halves = abs(float(across.min())), abs(float(across.max()))
    return max(halves) > TURNED * max(min(halves), 1e-6)
