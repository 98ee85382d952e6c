"""Pictures that the file tests are made of: small, smooth, and with one patch to paint."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from engine.inpaint import Patch
from engine.photo import Photo, open_photo, save_photo

HEIGHT, WIDTH = 48, 64
BOX = (20, 12, 16, 10)  # x, y, width, height of what is painted
INSIDE = np.s_[12:22, 20:36]


def outside() -> np.ndarray:
    """H x W bool: what no painting touches."""
    mask = np.ones((HEIGHT, WIDTH), bool)
    mask[INSIDE] = False
    return mask


def gradient(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """height x width x 3 uint8 with all three channels different."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 3 + 20, y * 4 + 10, (x + y) * 2], -1).astype(np.uint8)


def painted(photo: Photo, rgb: tuple[float, float, float] = (0.8, 0.5, 0.4)) -> Photo:
    """The photo with a patch of an sRGB colour, given as a fill gives it."""
    _x, _y, width, height = BOX
    fill = photo.from_srgb(np.full((height, width, 3), rgb, np.float32))
    top = np.iinfo(photo.pixels.dtype).max
    pixels = (fill.clip(0, 1) * top + 0.5).astype(photo.pixels.dtype)
    return photo.apply(Patch(BOX, pixels, np.full((height, width), 255, np.uint8), "face", 0.0))


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with chunks after its header."""
    return png[:33] + b"".join(chunk(kind, data) for kind, data in chunks) + png[33:]


@cache
def grey_profile(gamma: float = 2.2) -> bytes:
    """A profile of one channel."""
    import imagecodecs

    return bytes(imagecodecs.cms_profile("gray", gamma=gamma))


@cache
def adobe_profile() -> bytes:
    """A wide RGB profile."""
    import imagecodecs

    return bytes(imagecodecs.cms_profile("adobergb"))


def inks_of(rgb: np.ndarray) -> np.ndarray:
    """RGB in 0..1 as C, M, Y, K in 0..1, black taken out."""
    black = 1 - rgb.max(axis=-1, keepdims=True)
    light = np.maximum(1 - black, 1e-6)
    return np.concatenate([1 - rgb / light, black], axis=-1).clip(0, 1)


@cache
def cmyk_profile() -> bytes:
    """A printer's profile: tables from inks to Lab and back."""
    from engine.photo.colour import lab_to_rgb, rgb_to_lab

    steps = np.linspace(0, 1, 9)
    inks = np.stack(np.meshgrid(*[steps] * 4, indexing="ij"), -1).reshape(-1, 4)
    lab = rgb_to_lab((1 - inks[:, :3]) * (1 - inks[:, 3:]) * 0.9)
    to_lab = np.stack([lab[:, 0] * 2.55, lab[:, 1] + 128, lab[:, 2] + 128], -1)
    axis = np.linspace(0, 255, 25)
    coded = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    rgb = lab_to_rgb(np.stack([coded[:, 0] / 2.55, coded[:, 1] - 128, coded[:, 2] - 128], -1))
    to_inks = inks_of((rgb / 65535 / 0.9).clip(0, 1)) * 255
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Inks\0" + bytes(78)),
        (b"cprt", b"text\0\0\0\0none\0"),
        (b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)),
        (b"A2B0", _table(4, 3, 9, to_lab)),
        (b"B2A0", _table(3, 4, 25, to_inks)),
    ]
    start, table, body = 132 + 12 * len(tags), b"", b""
    for kind, data in tags:
        data += bytes(-len(data) % 4)
        table += kind + struct.pack(">II", start + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"none", 0x02100000, b"prtr", b"CMYK", b"Lab "
    )
    head += b"\x07\xe8\0\1\0\1\0\0\0\0\0\0acsp" + bytes(28)
    head += struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _table(into: int, out: int, grid: int, values: np.ndarray) -> bytes:
    """A table of 8 bit by the ICC's lut8Type."""
    head = b"mft1\0\0\0\0" + bytes([into, out, grid, 0])
    head += struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    straight = bytes(range(256))
    return (
        head
        + straight * into
        + values.clip(0, 255).round().astype(np.uint8).tobytes()
        + straight * out
    )


def packet(names: dict[str, str], attributes: str = "", elements: str = "") -> bytes:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in names.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="us" {spaces} {attributes}>'
        f"{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def filled(folder: Path, data: bytes, name: str = "in.jpg", to: str = ".jpg") -> tuple[Photo, Path]:
    """(the photo of a file of these bytes, the file it is saved in)."""
    (folder / name).write_bytes(data)
    photo = open_photo(folder / name)
    return photo, save_photo(painted(photo), folder / f"out{to}", overwrite=True)
