"""Whatever is wrong with a file, opening it gives a photo or one sentence; never a traceback."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.base.errors import MienError
from engine.photo import open_photo, save_photo
from tests.engine.pictures import chunk, gradient, grey_profile


def sources() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8769).update({0x9003: "2020:01:01 00:00:00", 0x927C: b"note" * 20})
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0)})
    image, made = Image.fromarray(gradient(24, 32)), {}
    for suffix, options in (
        ("jpg", {"exif": exif, "comment": b"x", "icc_profile": grey_profile()}),
        ("png", {"exif": exif}),
        ("webp", {"exif": exif, "xmp": b"<x/>"}),
        ("tif", {"exif": exif}),
        ("bmp", {}),
        ("gif", {}),
    ):
        file = io.BytesIO()
        shown = image.quantize(16) if suffix == "gif" else image
        shown.save(file, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), **options)
        made[suffix] = file.getvalue()
    deep = io.BytesIO()
    tifffile.imwrite(deep, gradient(24, 32).astype(np.uint16), photometric="rgb", metadata=None)
    made["deep.tif"] = deep.getvalue()
    return made


SOURCES = sources()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(sorted(SOURCES)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.floats(0.2, 1.2),
    early=st.booleans(),
)
def test_a_damaged_file_opens_or_is_refused(
    tmp_path: Path, kind: str, changes: list[tuple[float, int]], cut: float, early: bool
) -> None:
    data = bytearray(SOURCES[kind])
    reach = min(len(data), 400) if early else len(data)  # what describes a picture is in front
    for place, value in changes:
        data[4 + int(place * (reach - 5))] = value
    path = tmp_path / f"in.{kind.rpartition('.')[2]}"
    path.write_bytes(data[: int(len(data) * cut)])
    said = []
    for partial in (False, True):
        try:
            photo = open_photo(path, partial=partial)
        except MienError as error:
            said.append(str(error))
            continue
        if photo.pixels.size > 10**7:
            continue
        for suffix in (".jpg", ".tif", ".png"):
            try:
                save_photo(photo, tmp_path / f"out{suffix}", overwrite=True)
            except MienError as error:  # a side no format holds
                said.append(str(error))
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in said)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_text_that_unpacks_to_gigabytes_does_not(tmp_path: Path, kind: bytes) -> None:
    bomb = zlib.compress(bytes(300_000_000), 9)
    head = {
        b"zTXt": b"XML:com.adobe.xmp\0\0",
        b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0",
        b"iCCP": b"p\0\0",
    }[kind]
    data = SOURCES["png"]
    (tmp_path / "in.png").write_bytes(data[:33] + chunk(kind, head + bomb) + data[33:])
    photo = open_photo(tmp_path / "in.png")
    assert photo.metadata.xmp is None
    assert photo.metadata.icc is None


@pytest.mark.parametrize(
    ("words", "blames"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", False),
        ("could not import name 'jpegxr_decode' from 'imagecodecs'", True),
    ],
)
def test_a_library_that_is_missing_is_not_the_photos_fault(
    tmp_path: Path, monkeypatch, words: str, blames: bool
) -> None:
    """A codec that the installed package was built without is the file's kind; a library of the
    system is missing for every file."""

    def broken(*_arguments):
        raise ImportError(words)

    monkeypatch.setattr("engine.photo.file.decode", broken)
    (tmp_path / "a.jpg").write_bytes(SOURCES["jpg"])
    with pytest.raises(MienError if blames else ImportError):
        open_photo(tmp_path / "a.jpg")
