"""A small prepared set, made from two public-domain photographs by turning and lighting them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from training.prepare import PrepareOptions, PrepareReport, prepare

VARIANTS = 40  # of each photograph


@pytest.fixture(scope="session")
def portraits(astronaut, hopper, tmp_path_factory) -> Path:
    """A folder of eighty different looking portraits, one exact copy and one faceless picture."""
    folder = tmp_path_factory.mktemp("portraits")
    rng = np.random.default_rng(0)
    for name, picture, box in (
        ("astronaut", astronaut, (110, 10, 340, 240)),
        ("hopper", hopper, (90, 60, 430, 400)),
    ):
        for number in range(VARIANTS):
            image = Image.fromarray(picture).rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC)
            shift = rng.integers(-8, 9, 4)
            image = image.crop(tuple(int(a + b) for a, b in zip(box, shift, strict=True)))
            image = image.resize((200, 200))
            image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.6, 1.4))
            image = ImageEnhance.Color(image).enhance(rng.uniform(0.4, 1.5))
            if number % 2:
                image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            image.save(folder / f"{name}{number:02d}.jpg", quality=95)
    first = folder / "astronaut00.jpg"
    (folder / "copy.jpg").write_bytes(first.read_bytes())
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(folder / "grey.jpg")
    return folder


@pytest.fixture(scope="session")
def photos(portraits, tmp_path_factory) -> Path:
    """A folder of twelve of them."""
    folder = tmp_path_factory.mktemp("photos")
    for path in sorted(portraits.glob("*[05].jpg"))[:12]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="session")
def aligned(photos, tmp_path_factory) -> Path:
    """The photos as a fine-tuning prepares them."""
    folder = tmp_path_factory.mktemp("aligned")
    prepare([photos], folder, PrepareOptions(workers=1), progress=False)
    return folder


@pytest.fixture(params=["32-true", "bf16-mixed"])
def forced(request, monkeypatch) -> str:
    """The precision of every training, whatever this processor has: autocast emulates bfloat16,
    slowly, so sheets have one row."""
    monkeypatch.setattr("training.loop.fitting", lambda wanted, device: request.param)
    monkeypatch.setattr("training.trainer.spread_out", lambda count: [0])
    return request.param


@pytest.fixture
def readers(tmp_path, monkeypatch) -> Path:
    """A user's models folder with an untrained emotion and an untrained landmark network, whose
    mean mesh is a real one."""
    import torch

    from engine.catalogue.weights import write_model
    from engine.face.emotion import EmotionNetwork
    from engine.face.face_model import edges
    from engine.face.landmarks import LandmarkNetwork

    folder = tmp_path / "models"
    monkeypatch.setenv("MIEN_MODELS", str(folder))
    torch.manual_seed(0)
    landmarks = LandmarkNetwork()
    landmarks.link(torch.from_numpy(edges()))
    torch.nn.init.normal_(landmarks.basis, std=0.01)
    for kind, network in (("emotion", EmotionNetwork(8)), ("landmarks", landmarks)):
        facts = {"name": f"{kind}-test", "title": kind, "kind": kind}
        write_model(folder / f"{kind}-test", network.state_dict(), "card", **facts)
    return folder


@pytest.fixture(scope="session")
def prepared(portraits, tmp_path_factory) -> tuple[Path, PrepareReport]:
    out = tmp_path_factory.mktemp("prepared")
    options = PrepareOptions(side=96, shard_mib=0.75, workers=1)
    return out, prepare([portraits], out, options, progress=False)
