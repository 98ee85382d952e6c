"""Which groups a measured face belongs to: figures are told for each, not only their mean.

Skin: the individual typology angle of the skin's colour (Chardon et al. 1991), atan((L* - 50) / b*)
in degrees, the median over the skin of the untouched photo, in five classes from light to dark.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from engine.face.parts import part_mask

SKIN = (("light", 41.0), ("intermediate", 28.0), ("tan", 10.0), ("brown", -30.0), ("dark", -91.0))
AGES = ((13, "child"), (30, "13-29"), (60, "30-59"), (200, "60 and over"))


def groups_of(record: dict[str, Any], crop: np.ndarray, mesh: np.ndarray) -> dict[str, str]:
    """{"source", "skin" and, where the record tells them, "origin", "age"} of one face.

    record: of the photo. crop: S x S x 3 uint8, untouched. mesh: 478 x 2 in crop pixels.
    """
    groups = {"source": str(record.get("source", "photos")), "skin": skin_class(crop, mesh)}
    origin = record.get("race") or record.get("origin")
    if origin or record.get("asian"):
        groups["origin"] = str(origin or "asian")
    if isinstance(record.get("age"), int | float):
        groups["age"] = next(name for limit, name in AGES if record["age"] < limit)
    return groups


def skin_class(crop: np.ndarray, mesh: np.ndarray) -> str:
    """The class of SKIN of a face; arguments as of `groups_of`."""
    angle = skin_angle(crop, mesh)
    return next(name for name, least in SKIN if angle >= least)


def skin_angle(crop: np.ndarray, mesh: np.ndarray) -> float:
    """The individual typology angle of a face in degrees, -90 (dark) to 90 (light)."""
    skin = part_mask(mesh, "skin", (crop.shape[1], crop.shape[0])) > 0
    if not skin.any():
        skin[:] = True
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[skin]
    light, yellow = np.median(lab[:, 0]), np.median(lab[:, 2])
    return float(np.degrees(np.arctan2(light - 50, max(abs(yellow), 1e-3))))


def by_group(
    figures: list[dict[str, Any]], groups: list[dict[str, str]], names: tuple[str, ...]
) -> dict[str, dict[str, dict[str, Any]]]:
    """The means of some figures for every value of every group: {group: {value: {"faces", ...}}}.

    figures, groups: one entry a face. A figure that no face of a group has is None.
    """
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for kind in dict.fromkeys(key for entry in groups for key in entry):
        for value in sorted({entry[kind] for entry in groups if kind in entry}):
            mine = [f for f, g in zip(figures, groups, strict=True) if g.get(kind) == value]
            row: dict[str, Any] = {"faces": len(mine)}
            for name in names:
                known = [f[name] for f in mine if f.get(name) is not None]
                row[name] = round(float(np.mean(known)), 4) if known else None
            result.setdefault(kind, {})[value] = row
    return result
