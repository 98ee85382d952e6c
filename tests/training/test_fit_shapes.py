"""The space of shapes as it is fitted: symmetric, bounded by its faces, told expressions apart."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.base.errors import MienError
from engine.face.shape import ShapeModel
from engine.readings import EMOTIONS
from training.faces import FaceShards
from training.fit_shapes import ShapeOptions, fit_shapes, mirrored

OPTIONS = ShapeOptions(modes=8, checks=40, read=40)
HAPPINESS, NEUTRAL = EMOTIONS.index("happiness"), EMOTIONS.index("neutral")


class InTurns:
    """An emotion network that reads every other face as happy, the rest as neutral."""

    def read(self, crops: torch.Tensor, hole: torch.Tensor | None = None) -> torch.Tensor:
        read = torch.full((len(crops), len(EMOTIONS)), 0.02)
        read[::2, HAPPINESS] = read[1::2, NEUTRAL] = 0.88
        return read


def posed_set(folder: Path, faces: FaceShards, people: tuple[str, ...]) -> Path:
    """A set of small grey pictures: each person with the expressions happiness and surprise."""
    records = []
    with zipfile.ZipFile(folder / "ckplus.zip", "w") as archive:
        for number, person in enumerate(people):
            kinds = ("happiness", "surprise") if person.startswith("S0") else ("surprise",)
            for clip, kind in enumerate(kinds):
                # The two sets of portraits are two persons; their pictures differ by a turn.
                crop = cv2.cvtColor(faces.crop(number + 3 * clip, 128), cv2.COLOR_RGB2GRAY)
                name = f"train/{kind}/{person}_00{clip}_0001.png"
                archive.writestr(name, cv2.imencode(".png", crop)[1].tobytes())
                records.append({"name": name, "split": "train", "emotion": kind})
        archive.writestr("index.json", json.dumps(records))
    return folder


@pytest.fixture(scope="module")
def faces(prepared) -> FaceShards:
    return FaceShards(prepared[0])


@pytest.fixture(scope="module")
def fitted(faces, tmp_path_factory):
    posed = posed_set(tmp_path_factory.mktemp("posed"), faces, ("S001", "S002", "S003"))
    tensors, figures = fit_shapes(faces, posed, InTurns(), OPTIONS)  # type: ignore[arg-type]
    return ShapeModel({name: one.numpy() for name, one in tensors.items()}), figures


def test_its_faces_lie_within_its_bounds(fitted, faces) -> None:
    shapes, figures = fitted
    assert figures["faces"] == len(faces)
    lengths = [
        np.linalg.norm(shapes.coefficients(faces.mesh_in_crop(index, 1), np.zeros(478)))
        for index in range(len(faces))
    ]
    assert np.mean(np.array(lengths) <= shapes.radius) > 0.9
    assert max(lengths) > 0.9 * shapes.radius
    assert (np.diff(shapes.reach) >= 0).all()
    assert shapes.reach[0] > 0


def test_mirror_images_count_as_much_as_faces(fitted) -> None:
    shapes, _ = fitted
    assert mirrored(shapes.mean[None])[0] == pytest.approx(shapes.mean, abs=1e-6)
    # Every mode is the same on both sides, or the opposite.
    for mode in shapes.modes.T:
        turned = (mirrored(shapes.mean[None] + mode.reshape(1, -1, 2))[0] - shapes.mean).ravel()
        assert abs(turned @ mode) == pytest.approx(mode @ mode, rel=0.02)


def test_expressions_are_learnt_within_persons(fitted) -> None:
    shapes, figures = fitted
    assert figures["persons"] >= 2
    assert not shapes.expressions[NEUTRAL].any()
    assert shapes.expressions[HAPPINESS].any()
    both = shapes.expressions[EMOTIONS.index("surprise")] - shapes.expressions[HAPPINESS]
    assert both.any()


def test_what_it_cannot_be_fitted_on_is_said(faces, tmp_path) -> None:
    with pytest.raises(MienError, match="too few"):
        fit_shapes(faces, tmp_path, InTurns(), ShapeOptions(modes=64))  # type: ignore[arg-type]
    alone = posed_set(tmp_path, faces, ("S100",))
    with pytest.raises(MienError, match="several expressions"):
        fit_shapes(faces, alone, InTurns(), OPTIONS)  # type: ignore[arg-type]
    with pytest.raises(MienError, match=r"ckplus\.zip"):
        fit_shapes(faces, tmp_path / "none", InTurns(), OPTIONS)  # type: ignore[arg-type]
