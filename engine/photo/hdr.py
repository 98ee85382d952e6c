"""Colours brighter than white: PQ and HLG (ITU-R BT.2100), shown and filled as what they are in
sRGB, whose white is the reference white of BT.2408 (203 cd/m2, 75 % of HLG)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.photo.colour import primaries_of

PQ, HLG = 16, 18  # transfer curves as ITU-T H.273 numbers them
_WHITE = 203 / 10000
_M1, _M2 = 2610 / 16384, 2523 / 32
_C1, _C2, _C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
_HLG_WHITE = (np.exp((0.75 - _C) / _A) + _B) / 12
_PIXELS_AT_ONCE = 2_000_000


def is_hdr(code_points: bytes) -> bool:
    """Whether cICP's four numbers say PQ or HLG in primaries that are known."""
    known = len(code_points) == 4 and primaries_of(code_points[0]) is not None
    return known and code_points[1] in (PQ, HLG)


def to_srgb(pixels: np.ndarray, code_points: bytes) -> np.ndarray:
    """... x 3 uint8, uint16 or float32 in 0..1, PQ or HLG, as sRGB of the same kind; what is
    brighter than white is white."""
    matrix, curve = _from(code_points[0]), code_points[1]
    return _in_strips(pixels, lambda part: _srgb_coded(matrix @ _light(part, curve)))


def from_srgb(rgb: np.ndarray, code_points: bytes) -> np.ndarray:
    """sRGB (... x 3) in PQ or HLG, of the same kind."""
    matrix, curve = np.linalg.inv(_from(code_points[0])), code_points[1]
    return _in_strips(rgb, lambda part: _coded(matrix @ _srgb_light(part), curve))


def _in_strips(pixels: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    flat = pixels[..., :3].reshape(-1, 3)
    result = np.empty_like(flat)
    top = 1.0 if flat.dtype.kind == "f" else float(np.iinfo(flat.dtype).max)
    for start in range(0, len(flat), _PIXELS_AT_ONCE):
        part = flat[start : start + _PIXELS_AT_ONCE].astype(np.float32).T / np.float32(top)
        made = convert(part).T.clip(0, 1) * top
        result[start : start + _PIXELS_AT_ONCE] = made if top == 1.0 else made + 0.5
    return result.reshape(*pixels.shape[:-1], 3)


def _light(coded: np.ndarray, curve: int) -> np.ndarray:
    """Light, 1 for white."""
    if curve == PQ:
        root = coded ** (1 / _M2)
        return (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1) / _WHITE
    low = coded**2 / 3
    return np.where(coded <= 0.5, low, (np.exp((coded - _C) / _A) + _B) / 12) / _HLG_WHITE


def _coded(light: np.ndarray, curve: int) -> np.ndarray:
    light = np.maximum(light, 0)
    if curve == PQ:
        root = (light * _WHITE).clip(0, 1) ** _M1
        return ((_C1 + _C2 * root) / (1 + _C3 * root)) ** _M2
    light = light * _HLG_WHITE
    high = _A * np.log(np.maximum(12 * light - _B, 1e-6)) + _C
    return np.where(light <= 1 / 12, np.sqrt(3 * light), high)


def _srgb_light(coded: np.ndarray) -> np.ndarray:
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _srgb_coded(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def _from(primaries: int) -> np.ndarray:
    """3 x 3: linear RGB of these primaries to linear sRGB."""
    own, srgb = primaries_of(primaries), primaries_of(1)
    assert own is not None
    assert srgb is not None
    return (np.linalg.inv(_to_xyz(*srgb)) @ _to_xyz(*own)).astype(np.float32)


def _to_xyz(white: tuple[float, float], points: tuple[float, ...]) -> np.ndarray:
    """3 x 3: linear RGB to XYZ, by the chromaticities of white and of red, green and blue."""
    columns = [
        [x / y, 1.0, (1 - x - y) / y] for x, y in zip(points[::2], points[1::2], strict=True)
    ]
    matrix = np.array(columns).T
    x, y = white
    return matrix * np.linalg.solve(matrix, [x / y, 1.0, (1 - x - y) / y])
