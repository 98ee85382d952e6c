"""Another photo of the same person: what is hidden in one is taken from the other, and only that.

The other photo is made of the same one: turned, larger, in another light, with grain.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.base.errors import MienError
from engine.face.finder import Face, FaceFinder
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.inpaint import FillOptions, FillRequest, FillResult
from engine.mask import Mask
from engine.photo import Photo
from engine.reference import Reference, reference_in, references_in

pytestmark = pytest.mark.slow


def photo_of(rgb: np.ndarray) -> Photo:
    return Photo(np.ascontiguousarray(rgb), None, "PNG")


def another_shot(rgb: np.ndarray, *, side: float = 1.3, angle: float = 6.0) -> np.ndarray:
    """The same turned about its middle and larger, warmer and brighter at the left, with grain."""
    height, width = rgb.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, side)
    turn[:, 2] += (side - 1) * width / 2, (side - 1) * height / 2
    size = (int(width * side), int(height * side))
    turned = cv2.warpAffine(rgb, turn, size, flags=cv2.INTER_CUBIC).astype(np.float32)
    light = np.linspace(1.15, 0.8, size[0])[None, :, None] * np.array([1.0, 0.93, 0.85])
    noise = np.random.default_rng(5).normal(0, 2, turned.shape)
    return (turned * light + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def other(astronaut: np.ndarray, finder: FaceFinder) -> Reference:
    shot = another_shot(astronaut)
    return reference_in(photo_of(shot), finder.find(shot), "other.jpg")


@pytest.fixture(scope="module")
def stranger(hopper: np.ndarray, finder: FaceFinder) -> Reference:
    return reference_in(photo_of(hopper), finder.find(hopper), "hopper.jpg")


@pytest.fixture(scope="module")
def eyes(astronaut: np.ndarray, face: Face) -> Mask:
    assert face.mesh is not None
    height, width = astronaut.shape[:2]
    return Mask(part_mask(face.mesh[:, :2], "glasses", (width, height)))


class Filling:
    """Fills of the astronaut with hidden eyes."""

    def __init__(self, inpainter: FaceInpainter, rgb: np.ndarray, mask: Mask) -> None:
        self.rgb, self.mask, self._inpainter = rgb, mask, inpainter
        hidden = rgb.copy()
        hidden[mask.hole] = (20, 60, 30)
        self.photo = photo_of(hidden)

    def fill(self, *references: Reference, **options) -> tuple[np.ndarray, FillResult]:
        request = FillRequest(
            self.photo, self.mask, FillOptions(**options), references=tuple(references)
        )
        result = self._inpainter.fill(request)
        return self.photo.apply(*result.patches).pixels, result

    def off(self, filled: np.ndarray) -> float:
        """Mean squared error in the hole."""
        hole = self.mask.hole
        return float(np.square(filled[hole].astype(float) - self.rgb[hole]).mean())


@pytest.fixture(scope="module")
def filling(inpainter: FaceInpainter, astronaut: np.ndarray, eyes: Mask) -> Filling:
    return Filling(inpainter, astronaut, eyes)


@pytest.fixture(scope="module")
def plain(filling: Filling) -> np.ndarray:
    return filling.fill()[0]


def test_what_is_hidden_is_what_the_other_photo_shows(
    filling: Filling, plain: np.ndarray, other: Reference
) -> None:
    filled, result = filling.fill(other)
    # What lies beside the face in the hole, hair and a wall, is painted as ever.
    assert filling.off(filled) < 0.5 * filling.off(plain)
    outside = ~filling.mask.hole
    assert np.array_equal(filled[outside], filling.photo.pixels[outside])
    (taken,) = result.references
    assert taken.same
    assert taken.likeness > 0.5
    assert taken.shares["eyes"] > 0.9
    told = result.as_dict()["references"][0]
    assert told["name"] == "other.jpg"
    assert told["same_person"] is True
    again, _ = filling.fill(other)
    assert np.array_equal(again, filled)


def test_the_light_is_that_of_the_photo(filling: Filling, other: Reference) -> None:
    filled, _ = filling.fill(other)
    hole = filling.mask.hole
    bias = filled[hole].astype(float).mean(0) - filling.rgb[hole].mean(0)
    assert np.abs(bias).max() < 8  # the other photo's is 25 off


def test_someone_else_is_told_and_not_taken(
    filling: Filling, plain: np.ndarray, stranger: Reference
) -> None:
    filled, result = filling.fill(stranger)
    assert np.array_equal(filled, plain)
    (taken,) = result.references
    assert not taken.same
    assert taken.likeness < 0.5
    assert taken.shares == {}
    meant, result = filling.fill(replace(stranger, sure=True))
    assert result.references[0].same
    assert not np.array_equal(meant, plain)


def test_of_several_people_it_is_the_same_one(
    filling: Filling, plain: np.ndarray, stranger: Reference, other: Reference
) -> None:
    alone, _ = filling.fill(other)
    filled, result = filling.fill(stranger, other)
    assert [one.same for one in result.references] == [False, True]
    assert np.abs(filled.astype(int) - alone).max() <= 2


def test_a_region_can_be_painted_instead(
    filling: Filling, plain: np.ndarray, other: Reference, face: Face
) -> None:
    assert face.mesh is not None
    skin, result = filling.fill(replace(other, regions=("skin", "nose")))
    assert "eyes" not in result.references[0].shares
    irises = face.mesh[[468, 473], :2].round().astype(int)
    around = np.zeros(filling.mask.hole.shape, bool)
    for x, y in irises:
        around[y - 3 : y + 4, x - 3 : x + 4] = True
    whole, _ = filling.fill(other)

    def off(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a[around].astype(float) - b[around]).mean())

    assert off(skin, plain) < 0.4 * off(
        whole, plain
    )  # the geometry is the reference's all the same


def test_no_strength_is_no_pixel(filling: Filling, other: Reference) -> None:
    none, result = filling.fill(replace(other, strength=0.0))
    assert all(share == 0 for share in result.references[0].shares.values())
    half, _ = filling.fill(replace(other, strength=0.5))
    whole, _ = filling.fill(other)
    hole = filling.mask.hole
    between = (none[hole].astype(float) + whole[hole]) / 2
    assert np.abs(half[hole] - between).mean() < 1.5


def test_a_reference_of_another_face_says_nothing(
    filling: Filling, plain: np.ndarray, other: Reference
) -> None:
    filled, result = filling.fill(replace(other, of=3))
    assert result.references == ()
    assert np.array_equal(filled, plain)


def test_the_sharper_of_two_is_taken(filling: Filling, other: Reference, finder) -> None:
    small = cv2.resize(other.photo.pixels, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    weak = reference_in(photo_of(small), finder.find(small), "small.jpg")
    _, result = filling.fill(weak, other)
    small_taken, taken = result.references
    assert taken.shares["eyes"] > 0.9
    assert "eyes" not in small_taken.shares


def test_sixteen_bit_stays_sixteen_bit(
    inpainter: FaceInpainter, filling: Filling, other: Reference
) -> None:
    deep = filling.photo.with_pixels(filling.photo.pixels.astype(np.uint16) * np.uint16(257))
    result = inpainter.fill(FillRequest(deep, filling.mask, FillOptions(), references=(other,)))
    filled = deep.apply(*result.patches).pixels
    assert filled.dtype == np.uint16
    outside = ~filling.mask.hole
    assert np.array_equal(filled[outside], deep.pixels[outside])
    assert filling.off(filled / 257) < 0.5 * filling.off(filling.fill()[0])


def test_a_preview_shows_it(
    inpainter: FaceInpainter, filling: Filling, other: Reference, face: Face
) -> None:
    def off(*references: Reference) -> float:
        request = FillRequest(filling.photo, filling.mask, FillOptions(), (face,), references)
        preview = inpainter.preview(request)
        return filling.off(filling.photo.apply(*preview.patches).pixels)

    assert off(other) < 0.5 * off()


def test_a_trimmed_reference_gives_the_same(filling: Filling, other: Reference) -> None:
    trimmed = other.trimmed()
    assert trimmed.photo.pixels.size < 0.5 * other.photo.pixels.size
    whole, _ = filling.fill(other)
    filled, _ = filling.fill(trimmed)
    assert np.abs(filled.astype(int) - whole).max() <= 2


def test_what_cannot_be_a_reference_is_said_in_one_sentence(
    astronaut: np.ndarray, finder: FaceFinder, face: Face
) -> None:
    photo = photo_of(astronaut)
    with pytest.raises(MienError, match="shows no face; choose a photo"):
        references_in(photo, (), "wall.jpg")
    assert face.mesh is not None
    tiny = replace(face, mesh=face.mesh * 0.1)
    with pytest.raises(MienError, match="pixels wide; choose a photo in which it is larger"):
        references_in(photo, (tiny,), "far.jpg")
    with pytest.raises(MienError, match="no region; choose of eyes"):
        Reference(photo, face, regions=("ears",))
    with pytest.raises(MienError, match="is not between 0 and 1"):
        Reference(photo, face, strength=2)
    with pytest.raises(MienError, match="no expression to bring a reference to"):
        FillOptions(expression="grin")
