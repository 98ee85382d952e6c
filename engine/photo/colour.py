"""Colour profiles: from a photo's own colours to sRGB for screen and networks, and back.

Little CMS does the arithmetic (package imagecodecs), at 8 bit, 16 bit or float.
"""

from __future__ import annotations

import hashlib
import struct
from functools import cache
from typing import Any

import numpy as np

# ITU-T H.273: code points of primaries (with white) and transfer curves as PNG's cICP names them.
_D65, _D50ISH = (0.3127, 0.3290), (0.314, 0.351)
_PRIMARIES = {
    1: (_D65, (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)),
    5: (_D65, (0.64, 0.33, 0.29, 0.60, 0.15, 0.06)),
    6: (_D65, (0.63, 0.34, 0.31, 0.595, 0.155, 0.07)),
    9: (_D65, (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    11: (_D50ISH, (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)),
    12: (_D65, (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)),
}
# The power that comes near a transfer curve of H.273.
GAMMA_OF_CURVE = {4: 2.2, 5: 2.8, 8: 1.0, 1: 1 / 0.5, 6: 2.0, 14: 2.0, 15: 2.0}
_INTENT = 1  # relative colorimetric: what both spaces have stays what it is
_BLACK_POINT = 0x2000
_PIXELS_AT_ONCE = 4_000_000


# D50 (Bradford-adapted) to linear sRGB.
_XYZ_TO_RGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)


def primaries_of(number: int) -> tuple[tuple[float, float], tuple[float, ...]] | None:
    """Chromaticities (x, y) of the white, and of red, green and blue in a row, of primaries as
    ITU-T H.273 numbers them."""
    return _PRIMARIES.get(number)


@cache
def srgb() -> bytes:
    """The sRGB profile."""
    import imagecodecs

    return bytes(imagecodecs.cms_profile("srgb"))


def space_of(icc: bytes | None) -> str:
    """What a profile describes: "RGB", "GRAY", "CMYK", "Lab", ... ; "" for what is no profile."""
    if not icc or len(icc) < 132 or icc[36:40] != b"acsp":
        return ""
    return icc[16:20].decode("latin-1").strip()


def to_srgb(pixels: np.ndarray, icc: bytes, deep: bool = False) -> np.ndarray:
    """h x w x C pixels (uint8, uint16 or float32 in 0..1) as sRGB, h x w x 3.

    The profile says what the C channels are. uint8 unless `deep`, which gives uint16; float stays.
    """
    out = np.float32 if pixels.dtype.kind == "f" else np.uint16 if deep else np.uint8
    return _converted(pixels, icc, srgb(), space_of(icc), "RGB", out)


def from_srgb(rgb: np.ndarray, icc: bytes) -> np.ndarray:
    """sRGB (h x w x 3) in the colours of a profile, h x w x C in the same depth."""
    return _converted(rgb, srgb(), icc, "RGB", space_of(icc), rgb.dtype.type)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """CIE Lab (D50; L 0..100, a and b signed; ... x 3 float) to sRGB uint16."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2)
    xyz *= np.array([0.96422, 1.0, 0.82521], np.float32)
    linear = xyz @ _XYZ_TO_RGB.T
    linear = linear.clip(0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (coded * 65535 + 0.5).astype(np.uint16)


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB (0..1, ... x 3 float) to CIE Lab (D50): L 0..100, a and b signed."""
    rgb = rgb.astype(np.float64)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.linalg.inv(_XYZ_TO_RGB).T / np.array([0.96422, 1.0, 0.82521])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def between(pixels: np.ndarray, source: bytes, target: bytes) -> np.ndarray:
    """RGB pixels (h x w x 3) in the colours of one profile, in those of another, in the same depth;
    floats may leave 0..1 where the other has no such colour."""
    return _converted(pixels, source, target, "RGB", "RGB", pixels.dtype.type)


def _converted(
    pixels: np.ndarray, source: bytes, target: bytes, space: str, out_space: str, out: Any
) -> np.ndarray:
    import imagecodecs

    pixels = np.ascontiguousarray(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    height, width = pixels.shape[:2]
    channels = {"GRAY": (), "CMYK": (4,)}.get(out_space, (3,))
    result = np.empty((height, width, *channels), out)
    # In strips: a whole large photo would be held a few times over.
    rows = max(1, _PIXELS_AT_ONCE // max(1, width))
    for top in range(0, height, rows):
        result[top : top + rows] = imagecodecs.cms_transform(
            pixels[top : top + rows],
            source,
            target,
            colorspace=_NAMES[space],
            outcolorspace=_NAMES[out_space],
            outdtype=np.dtype(out),
            intent=_INTENT,
            flags=_BLACK_POINT if "CMYK" in (space, out_space) else 0,
        )
    return result


_NAMES = {"RGB": "rgb", "GRAY": "gray", "CMYK": "cmyk"}


def usable(icc: bytes | None) -> bool:
    """Whether colours can be converted by this profile, both ways."""
    if space_of(icc) not in _NAMES:
        return False
    return _differs_from_srgb(_key(icc)) is not None if _remember(icc) else False


def is_other_than_srgb(icc: bytes | None) -> bool:
    """Whether converting by this profile changes what is seen: sRGB in all its spellings, and a
    profile nothing can be done with, do not."""
    return usable(icc) and bool(_differs_from_srgb(_key(icc)))


_known: dict[bytes, bytes] = {}


def _key(icc: bytes | None) -> bytes:
    return hashlib.blake2b(icc or b"", digest_size=16).digest()


def _remember(icc: bytes | None) -> bool:
    if icc:
        _known[_key(icc)] = icc
    return bool(icc)


@cache
def _differs_from_srgb(key: bytes) -> bool | None:
    """None where the profile is broken."""
    icc = _known[key]
    ramp = np.linspace(0, 255, 9).round().astype(np.uint8)
    space = space_of(icc)
    if space == "GRAY":
        pixels = np.arange(256, dtype=np.uint8)[None, :, None]
        same = np.repeat(pixels, 3, axis=2)
    elif space == "CMYK":
        pixels = np.stack(np.meshgrid(*[ramp[::2]] * 4), -1).reshape(1, -1, 4)
        same = None
    else:
        pixels = same = np.stack(np.meshgrid(ramp, ramp, ramp), -1).reshape(1, -1, 3)
    try:
        seen = to_srgb(pixels, icc)
        from_srgb(seen, icc)
    except Exception:  # the library raises whatever it finds wrong
        return None
    return same is None or bool(np.abs(seen.astype(int) - same).max() > 2)


def profile_of_png(chunks: dict[bytes, bytes], single: bool = False) -> bytes | None:
    """The profile that a PNG's cICP, gAMA and cHRM chunks amount to; None where they say sRGB or
    nothing that can be converted. single: of one channel."""
    if single:
        chunks = {kind: data for kind, data in chunks.items() if kind in (b"gAMA", b"sRGB")}
    cicp = chunks.get(b"cICP", b"")
    if len(cicp) == 4 and cicp[0] in _PRIMARIES:
        gamma = GAMMA_OF_CURVE.get(cicp[1])
        if cicp[1] == 13:
            return None if cicp[0] == 1 else profile_of(*_PRIMARIES[cicp[0]], None)
        return profile_of(*_PRIMARIES[cicp[0]], gamma) if gamma else None
    if b"sRGB" in chunks:
        return None
    white, primaries = _PRIMARIES[1]
    if len(chunks.get(b"cHRM", b"")) == 32:
        values = [value / 100000 for value in struct.unpack(">8I", chunks[b"cHRM"])]
        white, primaries = (values[0], values[1]), tuple(values[2:])
    elif b"gAMA" not in chunks:
        return None
    gamma: float | None = None
    if len(chunks.get(b"gAMA", b"")) == 4:
        (value,) = struct.unpack(">I", chunks[b"gAMA"])
        if value and abs(value - 45455) > 50:
            gamma = 100000 / value
        elif b"cHRM" not in chunks:
            return None
    return grey_profile_of(gamma) if single else profile_of(white, primaries, gamma)


def grey_profile_of(gamma: float | None) -> bytes | None:
    """A profile of one channel by its gamma; None without one."""
    import imagecodecs

    return _undated(imagecodecs.cms_profile("gray", gamma=gamma)) if gamma else None


def profile_of(
    white: tuple[float, float], primaries: tuple[float, ...], gamma: float | None
) -> bytes | None:
    """A profile by primaries and gamma; without one, sRGB's curve."""
    import imagecodecs

    curve: dict[str, Any] = {"gamma": gamma}
    if gamma is None:
        steps = np.linspace(0, 1, 4096)
        srgb_curve = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
        curve = {"transferfunction": (srgb_curve * 65535 + 0.5).astype(np.uint16)}
    points = [number for at in (0, 2, 4) for number in (*primaries[at : at + 2], 1.0)]
    try:
        return _undated(
            imagecodecs.cms_profile("rgb", whitepoint=[*white, 1.0], primaries=points, **curve)
        )
    except Exception:  # impossible primaries
        return None


def _undated(icc: bytes) -> bytes:
    """The profile without the second it was made in: equal photos give equal files."""
    return icc[:24] + struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + icc[36:]
