"""Networks are loaded once for all who use them."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from engine.base.errors import Cancelled
from engine.face.frames import matrix_of
from engine.face.geometry import cut, transform
from engine.fill import networks
from engine.fill.pipeline import fill_crop
from engine.generator.torch_generator import Interruptible
from engine.modules.registry import Wishes


def test_preview_and_fill_share_one_loaded_set(monkeypatch) -> None:
    loaded, load = [], networks.load_networks

    def counting(model: str, *how: Any) -> networks.Networks:
        loaded.append(model)
        return load(model, *how)

    monkeypatch.setattr(networks, "load_networks", counting)
    monkeypatch.setattr(networks, "_shared", type(networks._shared)())
    one = networks.shared_networks("prior", "cpu")
    assert networks.shared_networks("prior", "cpu") is one
    assert loaded == ["prior"]
    del one
    gc.collect()
    networks.shared_networks("prior", "cpu")  # nobody held it: its memory was given back
    assert loaded == ["prior", "prior"]


def test_one_who_gives_up_does_not_stop_another_who_fills() -> None:
    shared = networks.load_networks("default", "cpu")
    crop, hole = np.full((256, 256, 3), 0.5, np.float32), np.zeros((256, 256), bool)
    hole[100:150, 100:150] = True
    given_up = threading.Event()
    given_up.set()
    # The hooks of a fill that is given up lie on the network all the while.
    with Interruptible(shared.generator.network, given_up):
        filled: list[np.ndarray] = []
        thread = threading.Thread(target=lambda: filled.append(fill_crop(shared, crop, hole)))
        thread.start()
        thread.join()
        assert len(filled) == 1
        with pytest.raises(Cancelled):
            fill_crop(shared, crop, hole)


class Brightening:
    """A generator that wants every hole brighter, and sharper by a grain of one pixel."""

    input, stride = "prior", 8

    def __init__(self, more: float, grain: float) -> None:
        self.more, self.grain = more, grain

    def paint(self, shown: torch.Tensor, hole: torch.Tensor, *_: object) -> torch.Tensor:
        checks = torch.ones_like(shown)
        checks[..., ::2] = -1
        return shown + hole * (self.more + self.grain * checks)


def test_of_a_changed_face_the_generator_has_a_say_in_fine_detail_alone(photo, face) -> None:
    shared = networks.load_networks("default", "cpu")
    frame = matrix_of(face)
    crop = cut(photo.rgb8, frame, 256).astype(np.float32) / 255
    mesh = transform(frame, face.mesh)
    hole = np.zeros((256, 256), bool)
    hole[160:230, 80:176] = True
    inner = np.s_[180:210, 100:156]

    def painted(emotion: str, more: float, grain: float) -> np.ndarray:
        generator: Any = Brightening(more, grain)
        made = replace(shared, generator=generator, branches=None)
        guidance = made.look(crop, hole, mesh, Wishes(emotion=emotion))
        return fill_crop(made, crop, hole, guidance)[inner]

    for emotion, least, most in (("keep", 0.08, 0.12), ("surprise", -0.02, 0.02)):
        plain = painted(emotion, 0.0, 0.0)
        shift = float((painted(emotion, 0.2, 0.0) - plain).mean())
        assert least < shift < most, emotion
        assert np.abs(painted(emotion, 0.0, 0.05) - plain).mean() > 0.015, emotion
