"""What the detail network learns from: fills as the program makes them, and the photo itself.

Of every photo some part is hidden and filled by the whole program, up to where grain is added. Half
of the fills are painted of a face that was looked at whole ("shown"): soft and smooth as fills are,
but with the person's own features in their places, so the photo says what is missing in them. The
others see what the program sees ("guessed"). Each is brought to the mean shape together with the
photo, and kept as a pair of pictures.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from engine.base.errors import MienError
from engine.detail.mean_view import MeanView
from engine.face import geometry
from engine.face.finder import Face, FaceFinder
from engine.fill.face_fill import BalancedFill, SolvedFill
from engine.fill.filler import FaceInpainter
from engine.fill.photo_fill import FullShare
from engine.fill.pipeline import FACE, FILL
from engine.fill.step import Step, Tables
from engine.fill.steps.solve import solve
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.photo import Photo
from training.masks import draw_hole
from training.sources import Source

KINDS = ("glasses", "mouth", "lower_face", "one_eye", "centre")
SHOWN, GUESSED = "shown", "guessed"
LAST = "close_photo_seam"  # the step after which detail is added
CANVAS = 512  # pixels a frame of a drawn hole
INDEX = "index.json"
QUALITY = 97  # of the JPEG files that samples are kept in
SMALLEST = 300  # pixels of frame side: a smaller photo has nothing that the crop has not
ASIDE = 3  # every so many people are kept aside


@dataclass(frozen=True, eq=False)
class Sample:
    """One fill in the mean shape, SIDE x SIDE pixels. fill: RGB uint8, in its hole (bool) the
    program's, elsewhere the photo. truth: the photo, RGB uint8. record: name, person, kind, way
    (shown or guessed), side (of the frame in photo pixels), and what the photo's own record says.
    """

    fill: np.ndarray
    hole: np.ndarray
    truth: np.ndarray
    record: dict[str, Any]


def is_aside(person: str) -> bool:
    """Whether a person is kept out of training, by the name alone."""
    return zlib.crc32(person.encode()) % ASIDE == 0


def fills_of(
    sources: Iterable[Source],
    kinds: Sequence[str] = KINDS,
    ways: Sequence[str] = (SHOWN, GUESSED),
    *,
    aside: bool = False,
) -> Iterator[Sample]:
    """Every photo of people not kept aside (or of those who are), filled once for each kind of hole
    and each way."""
    finder = FaceFinder()
    filler = _Filler()
    for source in sources:
        person = str(source.record.get("person", source.name))
        rgb = source.read() if is_aside(person) == aside else None
        if rgb is None:
            continue
        meshed = [f for f in finder.find(rgb) if f.mesh is not None]
        if not meshed:
            continue
        face = meshed[0]
        assert face.mesh is not None
        frame = geometry.frame_from_mesh(face.mesh)
        if geometry.frame_side(frame) < SMALLEST:
            continue
        for number, kind in enumerate(kinds):
            rng = np.random.default_rng((zlib.crc32(source.name.encode()), number))
            hole = _hole(rgb, face.mesh, frame, kind, rng)
            for way in ways:
                made = filler.filled(rgb, face, frame, hole, way)
                if made is not None:
                    record = {**source.record, "name": source.name, "person": person}
                    record |= {"kind": kind, "way": way, "side": geometry.frame_side(frame)}
                    yield Sample(*made, record)


def write_fills(
    samples: Iterable[Sample], out: Path, told: Callable[[int], None] = lambda n: None
) -> int:
    """Write samples into a folder (added to those that are there); returns how many. told: after
    each, how many so far."""
    out.mkdir(parents=True, exist_ok=True)
    records = read_index(out) if (out / INDEX).is_file() else []
    for count, sample in enumerate(samples, 1):
        stem = f"{len(records):05d}"
        for name, picture in (("fill", sample.fill), ("truth", sample.truth)):
            _write(out / f"{stem}.{name}.jpg", picture[..., ::-1])
        _write(out / f"{stem}.hole.png", sample.hole.astype(np.uint8) * 255)
        records.append(sample.record)
        (out / INDEX).write_text(json.dumps(records) + "\n", encoding="utf-8")
        told(count)
    return len(records)


def read_index(folder: Path) -> list[dict[str, Any]]:
    """The records of a folder of fills. Raises MienError where it is none."""
    try:
        return json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MienError(
            f"{folder} holds no fills to learn from; make them with 'main.py train detail-fills'."
        ) from None


def read_sample(folder: Path, number: int, record: dict[str, Any]) -> Sample:
    """A sample of a folder. Raises MienError for a file that is gone or broken."""
    stem = folder / f"{number:05d}"
    fill, truth = (cv2.imread(f"{stem}.{name}.jpg") for name in ("fill", "truth"))
    hole = cv2.imread(f"{stem}.hole.png", cv2.IMREAD_GRAYSCALE)
    if fill is None or truth is None or hole is None:
        raise MienError(f"{stem}.* cannot be read; make the fills again.")
    return Sample(
        np.ascontiguousarray(fill[..., ::-1]),
        hole > 127,
        np.ascontiguousarray(truth[..., ::-1]),
        record,
    )


class _Filler:
    """The program, looking at a face as it is told to."""

    def __init__(self) -> None:
        self._caught: FullShare | None = None
        self._truth = np.zeros((0, 0, 3), np.uint8)
        self._mesh: np.ndarray | None = None
        shown = tuple(replace(s, run=self._solve_shown) if s.run is solve else s for s in FACE)
        self._ways = {
            SHOWN: FaceInpainter(self._watch, tables=Tables(FILL.photo, FILL.share, shown)),
            GUESSED: FaceInpainter(self._watch),
        }

    def filled(
        self, rgb: np.ndarray, face: Face, frame: np.ndarray, hole: np.ndarray, way: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """(fill, hole, truth) of Sample; None where the program painted no face."""
        self._caught, self._truth, self._mesh = None, rgb, face.mesh
        mask = Mask(hole.astype(np.uint8) * np.uint8(255))
        request = FillRequest(Photo(rgb, None, "PNG"), mask, faces=(face,))
        self._ways[way].fill(request)
        share: FullShare | None = self._caught
        fine = None if share is None else share.whole.loaded.networks.prior.fine
        if share is None or fine is None or share.guidance.sight.told is None or face.mesh is None:
            return None
        true = geometry.transform(share.share.frame, face.mesh)
        nodes = true if way == SHOWN else share.guidance.sight.told[0].cpu().numpy()
        shape = fine.appearance.shape
        ours = MeanView(shape, nodes, share.share.frame)
        theirs = MeanView(shape, true, share.share.frame)
        painted, _ = share.painted_in((0, 0, rgb.shape[1], rgb.shape[0]))
        hidden = ours.brought(hole.astype(np.uint8) * np.uint8(255))
        return ours.brought(painted), hidden > 127, theirs.brought(rgb)

    def _watch(self, step: Step[Any, Any, Any], fill: Any) -> None:
        if step.name == LAST:
            self._caught = fill

    def _solve_shown(self, fill: BalancedFill, given: bool) -> SolvedFill:
        """As `solve` does, of a face that nothing hides, with its true mesh."""
        networks = fill.networks
        assert networks is not None
        assert self._mesh is not None
        frame = geometry.frame_from_mesh(self._mesh)
        crop = geometry.cut(self._truth, frame, fill.side).astype(np.float32) / 255
        nothing = np.zeros(crop.shape[:2], bool)
        pixels, hole = networks.tensors(crop, nothing)
        mesh = geometry.transform(frame, self._mesh).astype(np.float32)
        known = replace(fill.known, meshes=torch.from_numpy(mesh)[None].to(pixels), use=None)
        shown = fill.becomes(
            BalancedFill, balanced=fill.white_balance.apply(pixels), hole=hole, known=known
        )
        solved = solve(replace(shown, solutions=None), given)
        return replace(solved, balanced=fill.balanced, hole=fill.hole, solutions=fill.solutions)


def _hole(
    rgb: np.ndarray, mesh: np.ndarray, frame: np.ndarray, kind: str, rng: np.random.Generator
) -> np.ndarray:
    in_crop = geometry.transform(frame, mesh) * CANVAS
    canvas = draw_hole(kind, CANVAS, rng, in_crop).astype(np.uint8) * np.uint8(255)
    canvas[[0, -1]] = canvas[:, [0, -1]] = 0  # beyond the frame its edge would go on
    height, width = rgb.shape[:2]
    return geometry.put_back(canvas, frame, (0, 0, width, height)) > 127


def _write(path: Path, picture: np.ndarray) -> None:
    how = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    if not cv2.imwrite(str(path), picture, how if path.suffix == ".jpg" else []):
        raise MienError(f"{path} could not be written; check the disk.")
