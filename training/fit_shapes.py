"""Fit the space of face shapes: components of meshes, how far faces go, what expressions add.

What an expression adds is learnt within persons, where they show several (posed sets such as CK+):
whose face it is falls out. Such sets may lack the neutral face; what lies between it and a smile
is taken from the class means of the faces, which hold many of both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.errors import MienError
from engine.face.emotion import EmotionNetwork
from engine.face.finder import FaceFinder, FaceFrame
from engine.face.geometry import frame_from_mesh, transform
from engine.face.mesh import mirror_permutation
from engine.face.parts import part_mask
from engine.face.shape import SEEN, ShapeModel
from engine.readings import EMOTIONS
from training.balance import balanced_weights
from training.emotion.data import decode, open_set
from training.faces import FaceShards

QUANTILE = 0.995  # of the faces lie within the bounds
HOLES = ("mouth", "lower_face", "eyes", "nose")
HANDLES = (61, 291, 0, 17, 13, 14, 159, 386, 145, 374, 70, 105, 107, 300, 334, 336, 4, 152)
LARGEST_COUNT = 8  # nodes dragged at once whose reach is measured
ENLARGED = 384  # pixels to which the small pictures of a posed set are brought
HAPPINESS, NEUTRAL = EMOTIONS.index("happiness"), EMOTIONS.index("neutral")
SURE = 0.7  # probability from which a face counts to its class
READ_SIDE, BATCH = 96, 64
_SUBJECT = re.compile(r"/S(\d+)_(\d+)_")


@dataclass(frozen=True)
class ShapeOptions:
    """modes: how many components. checks: faces on which the bounds of a drag are measured. read:
    faces whose expression is read. limit: use at most so many faces. seed: of what is drawn."""

    modes: int = 64
    checks: int = 2000
    read: int = 4000
    limit: int | None = None
    seed: int = 0


def fit_shapes(
    faces: FaceShards,
    posed: Path,
    emotion: EmotionNetwork,
    options: ShapeOptions | None = None,
    sets: tuple[str, ...] = ("ckplus",),
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(the tensors of engine.face.shape.ShapeModel, figures of the fit).

    posed: the folder of the labelled sets (see training.emotion.data). Raises MienError with too
    few faces, or without persons who show several expressions.
    """
    options = options or ShapeOptions()
    weights = balanced_weights(faces)[: options.limit]
    count = len(weights)
    if count < 4 * options.modes:
        raise MienError(
            f"{count} faces are too few for {options.modes} modes; prepare {4 * options.modes}."
        )
    meshes = np.stack([faces.mesh_in_crop(index, 1) for index in range(count)])
    rng = np.random.default_rng(options.seed)
    mean, modes, noise = _components(meshes, weights, options)
    model = {
        "mean": mean,
        "modes": modes,
        "spread": np.sqrt(noise),
        "radius": np.array([1.0]),
        "reach": np.ones(LARGEST_COUNT),
        "expressions": np.zeros((len(EMOTIONS), options.modes)),
    }
    shapes = ShapeModel(model)
    drawn = rng.choice(count, min(count, options.checks), p=weights / weights.sum())
    lengths = np.array(
        [np.linalg.norm(shapes.coefficients(meshes[index], np.zeros(478))) for index in drawn]
    )
    model["radius"] = np.array([np.quantile(lengths, QUANTILE)])
    model["reach"] = _reach(shapes, meshes[drawn], rng)
    read = rng.choice(count, min(count, options.read), replace=False, p=weights / weights.sum())
    model["expressions"], persons = _expressions(shapes, faces, meshes, read, emotion, posed, sets)
    figures = {
        "modes": options.modes,
        "faces": count,
        "left_over": round(float(np.sqrt(noise.mean())), 5),
        "radius": round(float(model["radius"][0]), 2),
        "reach": [round(float(one), 2) for one in model["reach"]],
        "persons": persons,
    }
    return {name: torch.from_numpy(one).float() for name, one in model.items()}, figures


def _components(
    meshes: np.ndarray, weights: np.ndarray, options: ShapeOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean 478 x 2, modes 956 x P, noise 956) of meshes and their mirror images."""
    both = np.concatenate([meshes, mirrored(meshes)]).reshape(2 * len(meshes), -1)
    shares = np.concatenate([weights, weights]) / (2 * weights.sum())
    mean = shares @ both
    centred = (both - mean) * np.sqrt(shares)[:, None]
    values, vectors = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(values)[::-1][: options.modes]
    modes = vectors[:, order] * np.sqrt(values[order])
    noise = (centred**2).sum(0) - (modes**2).sum(1)
    return mean.reshape(-1, 2), modes, noise.clip(1e-8)


def mirrored(meshes: np.ndarray) -> np.ndarray:
    """Meshes (n x 478 x 2, frame units) of the mirror images."""
    return (meshes * (-1, 1) + (1, 0))[:, mirror_permutation()]


def _reach(shapes: ShapeModel, meshes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How far 1 .. LARGEST_COUNT handles lie from where the seen nodes let them be expected, in
    standard deviations: of each count the QUANTILE over faces and holes."""
    lengths: list[list[float]] = [[] for _ in range(LARGEST_COUNT)]
    places = shapes.modes.reshape(-1, 2, shapes.modes.shape[1])
    for number, mesh in enumerate(meshes):
        hole = part_mask(mesh * 256, HOLES[number % len(HOLES)], (256, 256)) > 0
        x, y = (mesh * 256).astype(int).clip(0, 255).T
        hidden = hole[y, x]
        handles = np.array([node for node in HANDLES if hidden[node]], int)
        if not len(handles):
            continue
        precision = shapes._stiffness(hidden)
        weight = np.repeat(~hidden, 2) / (shapes.noise + SEEN**2)
        offset = (mesh - shapes.mean).ravel()
        expected = np.linalg.solve(precision, (shapes.modes.T * weight) @ offset)
        for size in range(1, min(LARGEST_COUNT, len(handles)) + 1):
            chosen = rng.choice(handles, size, replace=False)
            rows = places[chosen].reshape(2 * size, -1)
            pairs = np.stack([2 * chosen, 2 * chosen + 1], 1).ravel()
            away = offset[pairs] - rows @ expected
            spread = rows @ np.linalg.solve(precision, rows.T) + np.diag(shapes.noise[pairs])
            lengths[size - 1].append(float(np.sqrt(away @ np.linalg.solve(spread, away))))
    found = [np.quantile(one, QUANTILE) if one else 0.0 for one in lengths]
    return np.maximum.accumulate(np.array(found, np.float64))


def _expressions(
    shapes: ShapeModel,
    faces: FaceShards,
    meshes: np.ndarray,
    read: np.ndarray,
    emotion: EmotionNetwork,
    posed: Path,
    sets: tuple[str, ...],
) -> tuple[np.ndarray, int]:
    """(7 x P: what each expression adds to the neutral face; how many persons told it)."""
    smile = _smile(shapes, faces, meshes, read, emotion)
    within, persons = _within_persons(shapes, posed, sets)
    added = within - within[HAPPINESS] + smile
    added[NEUTRAL] = 0
    return added, persons


@torch.inference_mode()
def _smile(
    shapes: ShapeModel,
    faces: FaceShards,
    meshes: np.ndarray,
    read: np.ndarray,
    emotion: EmotionNetwork,
) -> np.ndarray:
    """P: the mean shape of the faces that smile less that of those that are neutral."""
    sums = np.zeros((2, shapes.modes.shape[1]))
    counts = np.zeros(2)
    for start in range(0, len(read), BATCH):
        chosen = read[start : start + BATCH]
        crops = np.stack([faces.crop(int(index), READ_SIDE) for index in chosen])
        pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1
        told = emotion.read(pixels).numpy()
        for index, likely in zip(chosen, told, strict=True):
            for row, kind in enumerate((HAPPINESS, NEUTRAL)):
                if likely[kind] > SURE:
                    sums[row] += _symmetric(shapes, meshes[index])
                    counts[row] += 1
    if not counts.all():
        raise MienError("The faces hold no smile, or none without; prepare more of them.")
    means = sums / counts[:, None]
    return means[0] - means[1]


def _within_persons(
    shapes: ShapeModel, posed: Path, sets: tuple[str, ...]
) -> tuple[np.ndarray, int]:
    """(7 x P, up to one vector for all: shapes of expressions with whose face it is taken out; how
    many persons show several). The two effects by alternating means, which is least squares."""
    people: list[str] = []
    kinds: list[int] = []
    found: list[np.ndarray] = []
    finder = FaceFinder()
    try:
        for name in sets:
            archive, records = open_set(posed, name)
            with archive:
                for record in _last_of_each_clip(records):
                    picture = decode(archive.read(record["name"]))
                    mesh = None if picture is None else _mesh(finder, picture)
                    if mesh is not None:
                        people.append(f"{name} {_SUBJECT.search(record['name'])[1]}")  # type: ignore[index]
                        kinds.append(EMOTIONS.index(record["emotion"]))
                        found.append(_symmetric(shapes, transform(frame_from_mesh(mesh), mesh)))
    finally:
        finder.close()
    names, who = np.unique(people, return_inverse=True)
    kind, shape = np.array(kinds, int), np.array(found)
    several = sum(len(set(kind[who == number])) > 1 for number in range(len(names)))
    if not several or HAPPINESS not in kinds:
        raise MienError(f"{posed} holds no persons with several expressions; give posed sets.")
    own, added = np.zeros((len(names), shape.shape[1])), np.zeros((len(EMOTIONS), shape.shape[1]))
    for _ in range(200):
        for number in range(len(names)):
            own[number] = (shape - added[kind])[who == number].mean(0)
        for number in set(kinds):
            added[number] = (shape - own[who])[kind == number].mean(0)
    return added, several


def _last_of_each_clip(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the near-identical pictures of a clip the last, its peak; only what is trained on."""
    last: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in sorted(records, key=lambda one: one["name"]):
        clip = _SUBJECT.search(record["name"])
        if clip is not None and record["split"] == "train" and record["emotion"] in EMOTIONS:
            last[clip.groups()] = record
    return list(last.values())


def _mesh(finder: FaceFinder, picture: np.ndarray) -> np.ndarray | None:
    """The mesh of a small grey picture of a face, in any units."""
    large = cv2.resize(picture, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    rgb = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB)
    return finder.mesh_in_frame(rgb, FaceFrame(0, 0, ENLARGED, ENLARGED)).mesh


def _symmetric(shapes: ShapeModel, mesh: np.ndarray) -> np.ndarray:
    """The coefficients of a mesh (frame units) made symmetric: no expression has a side."""
    both = (mesh + mirrored(mesh[None])[0]) / 2
    return shapes.coefficients(both, np.zeros(len(mesh)))
