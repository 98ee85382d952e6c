"""The model of the catalogue that finds faces: where it lies, and what it says of the mesh."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.base.errors import MienError

if TYPE_CHECKING:
    from engine.catalogue.weights import Manifest

FACTS = "mesh.json"


def find_face_model() -> Manifest:
    """The installed model, its files checked. Raises MienError where it is missing or damaged."""
    from engine.catalogue.weights import FACES, installed, verify

    models = [manifest for manifest in installed() if manifest.kind == FACES]
    if not models:
        raise MienError("The networks that find faces are missing; reinstall Mien.")
    verify(models[-1])
    return models[-1]


@lru_cache(maxsize=1)
def mesh_facts() -> dict[str, Any]:
    """What the model says of its mesh. edges: the links of the tessellation with the irises, pairs
    of node numbers. parts: of `lips`, `left_eye` and `right_eye` the nodes that are looked at a
    second time (`nodes`), the two that they are turned level by (`line`), the iris's (`iris`).

    Raises MienError as of `find_face_model`.
    """
    return json.loads((find_face_model().folder / FACTS).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def edges() -> np.ndarray:
    """The tessellation with the irises, E x 2 node numbers (each edge once, lower number first)."""
    return np.array(mesh_facts()["edges"], np.int32)
