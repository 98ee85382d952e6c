"""A watched folder: only settled files, late masks, one failure never the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.base.errors import MienError
from engine.batch import BatchJob, Control, MaskRule
from engine.batch.watch import watch_folder
from engine.inpaint import FillResult, Patch
from engine.photo import open_photo


class Black:
    """Paints holes black, at once."""

    def find_faces(self, photo, cancel=None):
        return ()

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        height, width = request.mask.pixels.shape
        pixels = np.zeros((height, width, 3), np.uint8)
        patch = Patch((0, 0, width, height), pixels, request.mask.pixels, "texture", 0.0)
        return FillResult((patch,), (), "black", "cpu", 0.0)


class Watched:
    def __init__(self, folder: Path) -> None:
        self.photos, self.masks, self.out = folder / "in", folder / "masks", folder / "out"
        self.photos.mkdir()
        self.masks.mkdir()
        self.told: list[tuple[str, str]] = []
        self.control = Control()
        self._thread = threading.Thread(target=self._watch)

    def start(self) -> None:
        self._thread.start()

    def _watch(self) -> None:
        job = BatchJob((self.photos,), self.out, MaskRule(folder=self.masks))
        self.summary = watch_folder(
            job,
            create=Black,
            control=self.control,
            settled=0.4,
            report=lambda _status, record: self.told.append((record.photo, record.state)),
        )

    def wait_for(self, *told: tuple[str, str]) -> None:
        until = time.monotonic() + 30
        while self.told != list(told):
            assert time.monotonic() < until, self.told
            time.sleep(0.05)

    def end(self) -> None:
        self.control.cancel()
        self._thread.join(20)
        assert not self._thread.is_alive()


def picture(value: int) -> Image.Image:
    return Image.new("RGB", (50, 40), (value, value, value))


def hole() -> Image.Image:
    mask = Image.new("L", (50, 40))
    mask.paste(255, (20, 15, 30, 25))
    return mask


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.control.cancel()


def test_what_is_there_and_what_comes_in_is_filled(watched: Watched) -> None:
    picture(90).save(watched.photos / "a.png")
    hole().save(watched.masks / "a.png")
    watched.start()
    watched.wait_for(("a.png", "filled"))
    picture(91).save(watched.photos / "b.png")
    hole().save(watched.masks / "b.png")
    watched.wait_for(("a.png", "filled"), ("b.png", "filled"))
    # A mask that comes late.
    (watched.photos / "sub").mkdir()
    picture(92).save(watched.photos / "sub" / "c.png")
    time.sleep(1.0)
    assert len(watched.told) == 2
    hole().save(watched.masks / "c.png")
    watched.wait_for(("a.png", "filled"), ("b.png", "filled"), ("sub/c.png", "filled"))
    watched.end()
    assert open_photo(watched.out / "sub" / "c.png").pixels[20, 25].max() == 0
    assert len(watched.summary.records) == 3


def test_a_file_that_still_grows_is_left_until_it_has_settled(watched: Watched) -> None:
    hole().save(watched.masks / "a.bmp")
    watched.start()
    picture(90).save(watched.masks.parent / "whole.bmp")
    data = (watched.masks.parent / "whole.bmp").read_bytes()
    with (watched.photos / "a.bmp").open("wb") as file:
        for start in range(0, len(data), 600):
            file.write(data[start : start + 600])
            file.flush()
            time.sleep(0.15)
            assert watched.told == []
    watched.wait_for(("a.bmp", "filled"))
    watched.end()


def test_a_broken_file_is_told_once_and_tried_again_when_it_changes(watched: Watched) -> None:
    hole().save(watched.masks / "a.png")
    (watched.photos / "a.png").write_bytes(b"no photo")
    watched.start()
    watched.wait_for(("a.png", "failed"))
    time.sleep(1.0)
    assert len(watched.told) == 1
    picture(90).save(watched.photos / "a.png")
    watched.wait_for(("a.png", "failed"), ("a.png", "filled"))
    watched.end()


def test_a_photo_alone_cannot_be_watched(tmp_path: Path) -> None:
    picture(90).save(tmp_path / "a.png")
    with pytest.raises(MienError, match="Only folders"):
        watch_folder(BatchJob((tmp_path / "a.png",), tmp_path / "out"))
