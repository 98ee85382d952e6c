"""Networks are loaded once for all who use them."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from engine import networks
from engine.base.errors import Cancelled
from engine.generator.torch_generator import Interruptible


def test_preview_and_fill_share_one_loaded_set(monkeypatch) -> None:
    loaded, load = [], networks.load_networks

    def counting(model: str, device: str) -> networks.Networks:
        loaded.append(model)
        return load(model, device)

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
        thread = threading.Thread(target=lambda: filled.append(shared.fill(crop, hole)))
        thread.start()
        thread.join()
        assert len(filled) == 1
        with pytest.raises(Cancelled):
            shared.fill(crop, hole)
