"""One fill, by whatever way it is asked for: alone, after previews, in a batch, on a cluster."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.batch import BatchJob, MaskRule, run_batch
from engine.face.parts import part_mask
from engine.fill import create_inpainter
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.mask.file import save_mask
from engine.photo import Photo, open_photo

OPTIONS = FillOptions(device="cpu", precision="exact", emotion="happiness")


def ray_of_this_process() -> Any:
    """As much of Ray as a batch asks for: what is sent to a worker is run here and at once."""

    def remote(**_: Any):
        return lambda run: SimpleNamespace(
            remote=lambda parcel, create: _Reference(run(parcel, create))
        )

    fake: Any = types.ModuleType("ray")
    fake.remote = remote
    fake.put = fake.get = lambda value: value.value if isinstance(value, _Reference) else value
    fake.wait = lambda references, **_: (references[:1], references[1:])
    fake.is_initialized = lambda: True
    fake.nodes = lambda: [{"Resources": {"CPU": 2}}]
    fake.cluster_resources = lambda: {"CPU": 2}
    fake.exceptions = SimpleNamespace(RayError=RuntimeError, RayTaskError=RuntimeError)
    return fake


class _Reference:
    def __init__(self, value: Any) -> None:
        self.value = value


@pytest.fixture(scope="module")
def asked(face, astronaut, tmp_path_factory) -> tuple[Photo, Mask, Path, Path]:
    """(photo, mask, the file of each): a lower face hidden, and a corner that no face owns."""
    from engine.photo import photo_from_array, save_photo

    folder = tmp_path_factory.mktemp("asked")
    save_photo(photo_from_array(astronaut), folder / "astronaut.png")
    photo = open_photo(folder / "astronaut.png")
    pixels = part_mask(face.mesh, "lower_face", photo.size)
    pixels[:30, :30] = 255
    save_mask(Mask(pixels), folder / "mask.png")
    return photo, Mask(pixels), folder / "astronaut.png", folder / "mask.png"


@pytest.fixture(scope="module")
def alone(asked) -> np.ndarray:
    """The photo as one fill by itself makes it."""
    photo, mask, *_ = asked
    return filled(create_inpainter(), FillRequest(photo, mask, OPTIONS))


def filled(inpainter, request: FillRequest) -> np.ndarray:
    return request.photo.apply(*inpainter.fill(request).patches).pixels


def job_of(asked, folder: Path) -> BatchJob:
    _, _, photo, mask = asked
    return BatchJob((photo,), folder, MaskRule(file=mask, grow=0), options=OPTIONS)


def result_in(folder: Path) -> np.ndarray:
    (path,) = folder.glob("astronaut*.png")
    return open_photo(path).pixels


def test_a_fill_after_previews_is_the_fill(asked, alone) -> None:
    """What previews keep (placements, readings, solutions) has no say in it."""
    photo, mask, *_ = asked
    inpainter = create_inpainter()
    faces = inpainter.find_faces(photo)
    for strength in (0.3, 1.0):
        asking = FillOptions(device="cpu", precision="exact", emotion="fear", strength=strength)
        inpainter.preview(FillRequest(photo, mask, asking, faces))
    request = FillRequest(photo, mask, OPTIONS, faces)
    inpainter.preview(request)
    assert np.array_equal(filled(inpainter, request), alone)
    assert np.array_equal(filled(inpainter, request), alone)


def test_a_batchs_fill_is_the_fill(asked, alone, tmp_path: Path) -> None:
    summary = run_batch(job_of(asked, tmp_path))
    assert [record.state for record in summary.records] == ["filled"]
    assert np.array_equal(result_in(tmp_path), alone)


def test_a_clusters_fill_is_the_fill(asked, alone, tmp_path: Path, monkeypatch) -> None:
    import torch

    from engine.batch.cluster import run_on_ray

    monkeypatch.setitem(sys.modules, "ray", ray_of_this_process())
    summary = run_on_ray(job_of(asked, tmp_path), threads=torch.get_num_threads())
    assert [record.state for record in summary.records] == ["filled"]
    assert np.array_equal(result_in(tmp_path), alone)
