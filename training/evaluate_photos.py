"""Evaluation of whole photos at their own size: what somebody sees who opens the result.

A folder holds `photos`, `masks` and `truth` (untouched photos) of equal names. Every photo goes
through the program as a user's does, nothing but photo and mask being known, and the result is
compared with the truth by the figures of training.photo_figures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.catalogue.weights import find
from engine.face.finder import FaceFinder
from engine.fill import create_inpainter
from engine.inpaint import FillOptions, FillRequest, Inpainter
from engine.mask import Mask
from engine.mask.file import open_mask
from engine.modules.registry import Wishes, wishes
from engine.photo import open_photo
from engine.reference import Reference
from training import photo_figures as measures
from training.lpips import Lpips
from training.photo_pages import write_pages
from training.sources import PICTURES

MEANT = ("lpips", "lpips_256", "edges", "background", "mesh_off", "fineness", "true_fineness")
MEANT += ("seconds",)
FILLS, FIGURES, REPORT = "fills", "cases.json", "report.json"
BEFORE = "before"  # what the rows of another evaluation's fills are called
FARTHEST = 0.5  # inter-ocular distances: a mesh that lies farther away is another face's


@dataclass(frozen=True)
class PhotosOptions(Wishes):
    """models: names of the catalogue. limit: at most so many photos. lpips: weight file or None.
    against: the results folder of an earlier evaluation of the same photos, whose fills are
    measured again beside the new ones. exemplars: a library of faces, or ""."""

    models: tuple[str, ...] = ("default",)
    limit: int | None = None
    seed: int = 0
    lpips: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    against: Path | None = None
    exemplars: str = ""

    @property
    def wishes(self) -> Wishes:
        """What the modules are asked for."""
        return Wishes(**{name: getattr(self, name) for name in wishes()})


@dataclass(frozen=True, eq=False)
class Known:
    """A photo kept aside. truth: H x W x 3 uint8. mesh: of the face in it that the mask hides
    most of, 478 x 2 photo pixels, None where none is found. expression: as the name or the index
    says, else None."""

    name: str
    path: Path
    mask: Mask
    truth: np.ndarray
    mesh: np.ndarray | None
    expression: str | None


@dataclass
class Meter:
    """What measures the fills of one known photo after another."""

    lpips: Lpips | None
    finder: FaceFinder = field(default_factory=FaceFinder)

    def known(self, folder: Path, name: str, expression: str | None) -> Known:
        path = picture_in(folder / "photos", name)
        photo = open_photo(path)
        truth = open_photo(picture_in(folder / "truth", name)).rgb8
        if truth.shape[:2] != (photo.size[1], photo.size[0]):
            raise MienError(f"{name}: the photo and its truth are not of one size; make them so.")
        mask = open_mask(picture_in(folder / "masks", name), photo.size)
        if not mask.hole.any():
            raise MienError(f"{name}: the mask is all black; paint white what should be filled.")
        meshes = self._meshes(truth)
        hidden = [_share_hidden(mesh, mask.hole) for mesh in meshes]
        mesh = meshes[int(np.argmax(hidden))] if meshes else None
        return Known(name, path, mask, truth, mesh, expression)

    def figures(self, known: Known, fill: np.ndarray, facts: dict[str, Any]) -> dict[str, Any]:
        """Everything that is told of one fill (H x W x 3 uint8)."""
        hole, truth, mesh = known.mask.hole, known.truth, known.mesh
        told: dict[str, Any] = {"name": known.name, "expression": known.expression, **facts}
        near = (
            (None, None)
            if self.lpips is None
            else measures.distances(self.lpips, fill, truth, hole)
        )
        told["lpips"], told["lpips_256"] = near
        names = ("edges", "background", "fineness", "true_fineness", "mouth", "true_mouth")
        told |= dict.fromkeys(names)
        if mesh is not None:
            told["edges"] = measures.lip_edges(fill, truth, hole, mesh)
            told["background"] = measures.like_background(fill, truth, hole, mesh)
            told["fineness"] = measures.fineness(fill, hole, mesh)
            told["true_fineness"] = measures.fineness(truth, hole, mesh)
            told["true_mouth"] = measures.mouth_shape(mesh)
            seen = _nearest(self._meshes(fill), mesh)
            told["mouth"] = None if seen is None else measures.mouth_shape(seen)
        told["wrong"] = measures.wrong(told)
        return told

    def _meshes(self, picture: np.ndarray) -> list[np.ndarray]:
        faces = self.finder.find(picture)
        return [face.mesh.astype(np.float64) for face in faces if face.mesh is not None]


def evaluate_photos(
    folder: Path,
    out: Path,
    options: PhotosOptions | None = None,
    *,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Fill every photo of a folder and compare it with its truth.

    folder: holds photos/, masks/ and truth/ with pictures of equal names; an index.json beside
    them (records with "name" and "expression") or names that say so tell who smiles. progress:
    told how much is done, 0..1; what it raises ends the evaluation. Writes under `out` the fills
    as PNG (fills/MODEL/NAME.png), `report.json` (what is returned), `cases.json` (the figures of
    every photo), contact sheets and a self-contained `report.html`.

    Returns {"photos", "faces" (truths in which one was found), "seed", "landmarks", "emotion",
    "rows": [{"method", "lpips", "lpips_256", "edges", "background", "mesh_off", "fineness",
    "true_fineness", "seconds" (of processor time), "painted" (share of photos with a face painted
    in the hole), "shapes" (of `photo_figures.shapes`), "wrong": [[name, [why, ...]], ...]; with
    `against` also "ratio": new over old of every mean}]}. Raises MienError where nothing can be
    measured.
    """
    options = options or PhotosOptions()
    names = names_in(folder, options.limit)
    told = expressions(folder)
    meter = Meter(Lpips(options.lpips) if options.lpips else None)
    inpainter = create_inpainter()
    methods = [find(name).name for name in dict.fromkeys(options.models)]
    earlier = _earlier(options.against, methods) if options.against else {}
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in (*methods, *earlier)}
    faces = 0
    for number, name in enumerate(names):
        known = meter.known(folder, name, expression_of(name, told))
        faces += known.mesh is not None
        for method, wanted in zip(methods, dict.fromkeys(options.models), strict=True):
            fill, facts = filled(inpainter, known, fill_options(wanted, options))
            del facts["taken"]
            write_picture(out / FILLS / method / f"{name}.png", fill)
            figures[method].append(meter.figures(known, fill, facts))
        for label, (place, facts) in earlier.items():
            path = place / f"{name}.png"
            if name in facts and path.is_file():
                kept = {key: facts[name][key] for key in ("painted", "mesh_off", "seconds")}
                figures[label].append(meter.figures(known, open_photo(path).rgb8, kept))
        if progress is not None:
            progress((number + 1) / len(names))
    rows = [{"method": method, **row_of(cases)} for method, cases in figures.items() if cases]
    for row in rows:
        before = figures.get(f"{row['method']}, {BEFORE}")
        if before:
            row["ratio"] = _ratios(figures[row["method"]], before)
    report = {
        "photos": len(names),
        "faces": faces,
        "seed": options.seed,
        **asdict(options.wishes),
        "rows": rows,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (out / FIGURES).write_text(json.dumps(figures) + "\n", encoding="utf-8")
    write_pages(folder, out, report, figures)
    return report


def fill_options(model: str, options: PhotosOptions) -> FillOptions:
    return FillOptions(
        model=model,
        device=options.device,
        precision=options.precision,
        seed=options.seed,
        exemplars=options.exemplars,
        **asdict(options.wishes),
    )


def filled(
    inpainter: Inpainter,
    known: Known,
    options: FillOptions,
    references: tuple[Reference, ...] = (),
) -> tuple[np.ndarray, dict[str, Any]]:
    """(the filled photo, H x W x 3 uint8; whether a face was painted, how far the program's mesh
    of it is off, seconds of processor time, and by name what became of references)."""
    photo = open_photo(known.path)
    started = time.process_time()
    result = inpainter.fill(FillRequest(photo, known.mask, options, references=references))
    fill = photo.apply(*result.patches).rgb8
    seconds = time.process_time() - started
    off = None
    if known.mesh is not None:
        meshes = [r.mesh for r in result.readings if r.mesh is not None]
        off = min((measures.mesh_off(m[:, :2], known.mesh) for m in meshes), default=None)
    painted = any(patch.kind == "face" for patch in result.patches)
    taken = {one.name: one for one in result.references}
    return fill, {"painted": painted, "mesh_off": off, "seconds": seconds, "taken": taken}


def row_of(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "photos": len(cases),
        **{name: _mean(cases, name) for name in MEANT},
        "painted": round(float(np.mean([case["painted"] for case in cases])), 4),
        "shapes": measures.shapes(cases),
        "wrong": [[case["name"], case["wrong"]] for case in cases if case["wrong"]],
    }


def _mean(cases: list[dict[str, Any]], name: str) -> float | None:
    known = [case[name] for case in cases if case[name] is not None]
    return round(float(np.mean(known)), 4) if known else None


def _ratios(new: list[dict[str, Any]], old: list[dict[str, Any]]) -> dict[str, float]:
    """New over old, of the means over the photos that both have the figure of."""
    before = {case["name"]: case for case in old}
    ratios = {}
    for name in MEANT:
        pairs = [
            (case[name], before[case["name"]][name])
            for case in new
            if case["name"] in before
            and case[name] is not None
            and before[case["name"]][name] is not None
        ]
        if pairs and sum(b for _, b in pairs) > 0:
            ratios[name] = round(sum(a for a, _ in pairs) / sum(b for _, b in pairs), 4)
    return ratios


def _earlier(folder: Path, methods: list[str]) -> dict[str, tuple[Path, dict[str, dict[str, Any]]]]:
    """{row's name: (folder of its fills, facts of each photo)} of an earlier evaluation."""
    try:
        figures = json.loads((folder / FIGURES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MienError(
            f"{folder} holds no evaluation of photos ({FIGURES} is missing or broken); name the "
            "results folder of an earlier one."
        ) from None
    return {
        f"{method}, {BEFORE}": (
            folder / FILLS / method,
            {case["name"]: case for case in figures[method]},
        )
        for method in methods
        if method in figures
    }


def names_in(folder: Path, limit: int | None) -> list[str]:
    """The names that photos, masks and truth have in common; every photo must have both."""
    for part in ("photos", "masks", "truth"):
        if not (folder / part).is_dir():
            raise MienError(
                f"{folder} has no folder '{part}'; photos, masks and truth are needed, with "
                "pictures of equal names."
            )
    names = sorted({path.stem for path in _pictures(folder / "photos")})[:limit]
    if not names:
        raise MienError(f"{folder / 'photos'} holds no photos; give JPEG, PNG or WebP.")
    return names


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix.lower() in PICTURES)


def picture_in(folder: Path, name: str) -> Path:
    found = [path for path in _pictures(folder) if path.stem == name]
    if not found:
        raise MienError(f"{folder} has no picture for {name}; every photo needs one of its name.")
    return found[0]


def expressions(folder: Path) -> dict[str, str]:
    """What an index says of each photo's expression, by name without its ending."""
    path = folder / "index.json"
    if not path.is_file():
        return {}
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        return {Path(r["name"]).stem: str(r["expression"]) for r in records if "expression" in r}
    except (ValueError, KeyError, TypeError):
        raise MienError(
            f"{path} is no list of records with a name each; mend or remove it."
        ) from None


def expression_of(name: str, told: dict[str, str]) -> str | None:
    if name in told:
        return told[name]
    return next((e for e in (measures.SMILING, measures.NEUTRAL) if e in name.lower()), None)


def _share_hidden(mesh: np.ndarray, hole: np.ndarray) -> float:
    x, y = np.floor(mesh).astype(int).clip(0, (hole.shape[1] - 1, hole.shape[0] - 1)).T
    return float(hole[y, x].mean())


def _nearest(meshes: list[np.ndarray], truth: np.ndarray) -> np.ndarray | None:
    near = min(meshes, key=lambda mesh: measures.mesh_off(mesh, truth), default=None)
    return near if near is not None and measures.mesh_off(near, truth) < FARTHEST else None


def write_picture(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise MienError(f"{path} could not be written; check the disk.")
