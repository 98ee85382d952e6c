"""An album of a folder: photos tell who is in them once, and are not looked at a second time.

The people of these tests are colours: all faces of a photo are told by its pixels.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.base.errors import Cancelled, MienError
from engine.face.finder import Face
from engine.mask import Mask
from engine.photo import Photo, photo_from_array, save_photo
from engine.reference.album import Album, look_through, reference_of
from engine.reference.album_file import faces_folder, forget, kept_folders
from engine.reference.portrait import Portrait

ANNA, BEN, WALL = (200, 40, 40), (40, 200, 40), (90, 90, 90)
SMILE = (0.0, 0.0, 0.0, 0.75, 0.25, 0.0, 0.0)


def portrait(colour: Sequence[float], **told) -> Portrait:
    """Of someone who is told by one colour and is hidden in no part."""
    who = np.array([[*colour]], np.float32) / 128 - 1
    known = {"expression": SMILE, "lids": (0.125, 0.25)} | told
    return Portrait((10.0, 12.0, 30.0, 40.0), 60.0, who, **known)


class Painter:
    """Tells people by the colour of a photo's first pixel; a grey one shows nobody."""

    def __init__(self) -> None:
        self.looked: list[tuple[int, ...]] = []
        self.masks: list[Mask | None] = []

    def find_faces(self, photo: Photo, cancel=None) -> tuple[Face, ...]:
        colour = tuple(photo.rgb8[0, 0].tolist())
        self.looked.append(colour)
        mesh = np.zeros((478, 2), np.float32)
        mesh[:, 0], mesh[:, 1] = np.linspace(10, 40, 478), np.linspace(12, 52, 478)
        return () if colour == WALL else (Face((10, 12, 30, 40), 1.0, 0.0, mesh),)

    def portraits(self, photo: Photo, faces, mask=None) -> tuple[Portrait | None, ...]:
        self.masks.append(mask)
        return tuple(portrait(photo.rgb8[0, 0].tolist()) for _ in faces)


def save(path: Path, colour: tuple[int, int, int], shade: int = 0) -> None:
    rgb = np.full((64, 50, 3), colour, np.uint8)
    rgb[1:] += np.uint8(shade)
    save_photo(photo_from_array(rgb), path, overwrite=True)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_FACES", str(tmp_path / "cache" / "faces"))
    return tmp_path / "cache" / "faces"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "Familie"
    photos.mkdir()
    for name, colour in (("1", ANNA), ("2", BEN), ("3", ANNA), ("4", WALL), ("5", ANNA)):
        save(photos / f"{name}.png", colour, int(name))
    (photos / "broken.jpg").write_bytes(b"no photo")
    (photos / "notes.txt").write_text("no picture")
    return photos


def names(album: Album, who: Portrait, *but: Path) -> list[str]:
    return [match.path.name for match in album.others(who, but)]


def test_others_of_a_person_are_found(folder: Path) -> None:
    album = look_through(folder, Painter())
    assert (album.photos, album.looked) == (6, 6)
    assert sorted(names(album, portrait(ANNA))) == ["1.png", "3.png", "5.png"]
    assert names(album, portrait(BEN)) == ["2.png"]
    assert sorted(names(album, portrait(ANNA), folder / "3.png")) == ["1.png", "5.png"]
    match = album.others(portrait(BEN))[0]
    assert match.likeness == pytest.approx(1, abs=0.01)
    assert match.seen.portrait.expression == SMILE
    assert names(album, portrait((40, 40, 200))) == []


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(folder: Path) -> None:
    (unread,) = look_through(folder, Painter()).unread
    assert unread.path == folder / "broken.jpg"
    assert "broken.jpg" in unread.sentence
    (again,) = look_through(folder, Painter()).unread
    assert again == unread


def test_nothing_is_looked_at_twice(folder: Path) -> None:
    first = look_through(folder, Painter())
    painter = Painter()
    second = look_through(folder, painter)
    assert painter.looked == []
    assert names(second, portrait(ANNA)) == names(first, portrait(ANNA))
    for one, other in zip(first.seen, second.seen, strict=True):
        assert one.portrait.box == other.portrait.box
        assert one.portrait.lids == other.portrait.lids
        np.testing.assert_allclose(one.portrait.told, other.portrait.told, atol=1e-3)


def test_a_changed_photo_is_looked_at_again_and_a_gone_one_forgotten(folder: Path) -> None:
    look_through(folder, Painter())
    save(folder / "1.png", BEN)
    os.utime(folder / "1.png", ns=(1, 1))
    (folder / "3.png").unlink()
    painter = Painter()
    album = look_through(folder, painter)
    assert painter.looked == [BEN]
    assert names(album, portrait(ANNA)) == ["5.png"]
    assert sorted(names(album, portrait(BEN))) == ["1.png", "2.png"]


def test_photos_with_something_over_them_are_looked_at_beside_it(folder: Path) -> None:
    over = folder / "1.png"
    mask = Mask.empty((50, 64))
    for _ in range(2):  # and are not kept
        painter = Painter()
        album = look_through(folder, painter, masks={over.resolve(): lambda photo: mask})
        assert painter.masks.count(mask) == 1
        assert "1.png" in names(album, portrait(ANNA))
    assert painter.looked == [ANNA]


def test_the_nearest_names_come_first_and_the_album_grows(folder: Path) -> None:
    painter, grown = Painter(), []
    look_through(folder, painter, near="3.png", progress=grown.append)
    assert painter.looked == [BEN, ANNA, ANNA, WALL, ANNA]  # 2, 3, 1, 4, 5
    assert [album.looked for album in grown] == [1, 2, 3, 4, 5, 6]
    assert names(grown[1], portrait(ANNA)) == ["3.png"]


def test_a_look_that_is_given_up_keeps_what_it_found(folder: Path) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled):
        look_through(
            folder, Painter(), progress=lambda a: stop.set() if a.looked == 3 else None, cancel=stop
        )
    painter = Painter()
    look_through(folder, painter)
    assert len(painter.looked) == 2


def test_neither_names_nor_pictures_are_kept_and_all_can_be_forgotten(
    folder: Path, cache: Path
) -> None:
    assert (kept_folders(), forget()) == (0, 0)
    look_through(folder, Painter())
    assert faces_folder() == cache
    (kept,) = cache.iterdir()
    held = kept.name.encode() + kept.read_bytes()
    assert b"Familie" not in held
    assert b".png" not in held
    assert len(held) < 4096
    assert (kept_folders(), forget(), kept_folders()) == (1, 1, 0)
    painter = Painter()
    look_through(folder, painter)
    assert len(painter.looked) == 5


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", None])
def test_a_torn_cache_is_as_if_it_were_not_there(
    folder: Path, cache: Path, content: bytes | None
) -> None:
    look_through(folder, Painter())
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:-200] if content is None else content)
    painter = Painter()
    assert len(names(look_through(folder, painter), portrait(ANNA))) == 3
    assert len(painter.looked) == 5


def test_a_cache_that_cannot_be_written_is_no_failure(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MIEN_FACES", str(tmp_path / "file" / "faces"))
    assert len(names(look_through(folder, Painter()), portrait(ANNA))) == 3
    assert kept_folders() == 0


def test_a_folder_that_is_none_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        MienError, match=r"nowhere could not be read .*; give one that holds photos"
    ):
        look_through(tmp_path / "nowhere", Painter())


def test_a_match_becomes_a_reference(folder: Path) -> None:
    painter = Painter()
    match = look_through(folder, painter).others(portrait(BEN))[0]
    reference = reference_of(match, painter, of=1)
    assert (reference.name, reference.of) == ("2.png", 1)
    assert reference.face.box == match.seen.portrait.box
    match.path.unlink()
    with pytest.raises(MienError):
        reference_of(match, painter)


def test_what_is_hidden_of_a_face_has_no_say() -> None:
    """Faces are compared by what is told of them with the same zone hidden, and where hardly
    anything is left of one a likeness says less."""
    told = np.array([[1, 0], [0, 1]], np.float32)
    who = Portrait((0, 0, 9, 9), 60, told, None, (0.1, 0.1), zone=1)
    seen = [np.array([[9, 9], [0, 1]], np.float32), np.array([[1, 0], [0, 0.25]], np.float32)]
    others = [Portrait((0, 0, 9, 9), 60, one, None, (0.1, 0.1)) for one in seen]
    np.testing.assert_allclose(who.likeness(others), [1, 0.25], atol=1e-6)
    unsure = replace(who, untold=0.125)
    np.testing.assert_allclose(unsure.likeness(others), [0.875, 0.125], atol=1e-6)


def test_closed_eyes_are_told_apart() -> None:
    assert portrait(ANNA, lids=(0.02, 0.05)).eyes_closed
    assert not portrait(ANNA, lids=(0.02, 0.2)).eyes_closed  # a wink


def test_a_folder_in_which_nobody_is_is_an_album_of_nobody(tmp_path: Path) -> None:
    save(tmp_path / "wall.png", WALL)
    for looks in (1, 0):
        painter = Painter()
        album = look_through(tmp_path, painter)
        assert (album.looked, album.seen, len(painter.looked)) == (1, (), looks)
    (tmp_path / "wall.png").unlink()
    assert look_through(tmp_path, Painter()).photos == 0


def test_a_folder_reached_by_a_link_is_the_same(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    try:
        link.symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    album = look_through(link, Painter())
    left = sorted(names(album, portrait(ANNA), (folder / "3.png").resolve()))
    assert left == ["1.png", "5.png"]


def test_what_was_kept_of_a_photo_is_kept_while_it_is_masked(folder: Path) -> None:
    look_through(folder, Painter())
    mask = Mask.empty((50, 64))
    over = (folder / "1.png").resolve()
    look_through(folder, Painter(), masks={over: lambda photo: mask})
    painter = Painter()
    look_through(folder, painter)
    assert painter.looked == []
