"""Which reference gives what: what lies over one is taken from another, and an asked-for expression
from the one that shows it. References that find themselves: which of many are looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.face.finder import Face, FaceFinder
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.fill.found_references import MOST, chosen, find_references, references_in_folder
from engine.inpaint import FillOptions, FillRequest, FillResult
from engine.mask import Mask
from engine.photo import Photo, save_photo
from engine.readings import EMOTIONS
from engine.reference import Reference, reference_in
from engine.reference.album import Album, Match, Seen, look_through
from engine.reference.portrait import Portrait
from tests.engine.test_references import another_shot, photo_of

HAPPY, NEUTRAL = EMOTIONS.index("happiness"), EMOTIONS.index("neutral")


def fill(
    inpainter: FaceInpainter, photo: Photo, mask: Mask, *references: Reference, **options
) -> tuple[np.ndarray, FillResult]:
    hidden = photo.rgb8.copy()
    hidden[mask.hole] = (20, 60, 30)
    shown = photo_of(hidden)
    wanted = FillOptions(**options)
    result = inpainter.fill(FillRequest(shown, mask, wanted, references=references))
    return shown.apply(*result.patches).rgb8, result


def reference_of(rgb: np.ndarray, finder: FaceFinder, name: str) -> Reference:
    return reference_in(photo_of(rgb), finder.find(rgb), name)


def hole_over(rgb: np.ndarray, face: Face, part: str) -> Mask:
    assert face.mesh is not None
    return Mask(part_mask(face.mesh[:, :2], part, (rgb.shape[1], rgb.shape[0])))


@pytest.mark.slow
def test_what_lies_over_a_reference_is_not_taken_from_it(
    inpainter: FaceInpainter, astronaut: np.ndarray, face: Face, finder: FaceFinder
) -> None:
    shot = another_shot(astronaut)
    other = reference_of(shot, finder, "clean.jpg")
    over = hole_over(shot, other.face, "eyes").hole
    stamped = shot.copy()
    stamped[over] = (250, 0, 250)
    photo, eyes = photo_of(astronaut), hole_over(astronaut, face, "glasses")
    hidden = replace(other, photo=photo_of(stamped), name="stamped.jpg", hidden=over)
    around = hole_over(astronaut, face, "eyes").hole

    def off(filled: np.ndarray) -> float:
        return float(np.square(filled[around].astype(float) - astronaut[around]).mean())

    alone, result = fill(inpainter, photo, eyes, hidden)
    (taken,) = result.references
    assert taken.same
    assert taken.shares["eyes"] < 0.1
    assert taken.shares["brows"] > 0.5
    assert off(alone) < 1500  # painted: what lies over the reference is 15,000 off

    def magenta(picture: np.ndarray) -> float:
        red, green, blue = (picture[..., n][eyes.hole].astype(int) for n in range(3))
        return float(np.percentile(red + blue - 2 * green, 99))

    assert magenta(alone) < magenta(astronaut) + 12  # nor is its colour, from the border
    both, result = fill(inpainter, photo, eyes, hidden.trimmed(), other)
    stamped_one, clean = result.references
    assert clean.shares["eyes"] > 0.8
    assert stamped_one.shares.get("eyes", 0) < 0.2
    whole, _ = fill(inpainter, photo, eyes, other)
    apart = np.abs(both[around].astype(float) - whole[around])
    assert apart.mean() < 1  # of 29 between both fills
    assert off(both) < 0.8 * off(alone)


@pytest.mark.slow
def test_an_asked_for_expression_is_that_of_the_reference_that_shows_it(
    inpainter: FaceInpainter, astronaut: np.ndarray, face: Face, finder: FaceFinder
) -> None:
    photo, mouth = photo_of(astronaut), hole_over(astronaut, face, "mouth")
    calm, _ = fill(inpainter, photo, mouth, emotion="neutral")
    serious = reference_of(another_shot(calm, side=1.2, angle=-4), finder, "serious.jpg")
    smiling = reference_of(another_shot(astronaut), finder, "smiling.jpg")
    filled, result = fill(inpainter, photo, mouth, serious, smiling, emotion="happiness")
    first, second = result.references
    assert (first.shows, second.shows) == ("", "happiness")
    assert second.shares["mouth"] > 0.9
    assert "mouth" not in first.shares
    assert result.as_dict()["references"][1]["shows"] == "happiness"
    after = result.readings[0].after
    assert after is not None
    assert after[HAPPY] > 0.8
    # It is her own smile, which is in the photo under the mask, and not a face's in general.
    hole = mouth.hole
    asked, _ = fill(inpainter, photo, mouth, serious, emotion="happiness")

    def error(picture: np.ndarray) -> float:
        return float(np.square(picture[hole].astype(float) - astronaut[hole]).mean())

    assert error(filled) < 0.5 * error(asked)
    _, kept = fill(inpainter, photo, mouth, serious, smiling)
    assert [one.shows for one in kept.references] == ["", ""]


@pytest.mark.slow
def test_a_person_is_found_in_a_folder_whatever_is_hidden(
    inpainter: FaceInpainter,
    astronaut: np.ndarray,
    hopper: np.ndarray,
    face: Face,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIEN_FACES", str(tmp_path / "faces"))
    folder = tmp_path / "album"
    folder.mkdir()
    save_photo(photo_of(another_shot(astronaut)), folder / "she.png")
    save_photo(photo_of(hopper), folder / "he.png")
    album = look_through(folder, inpainter)
    assert len(album.seen) == 2
    eyes = hole_over(astronaut, face, "glasses")
    hidden = astronaut.copy()
    hidden[eyes.hole] = (20, 60, 30)
    shown = photo_of(hidden)
    request = FillRequest(shown, eyes, faces=inpainter.find_faces(shown))
    found = find_references(inpainter, album, request)
    (one,) = found.references
    assert (one.name, one.of, found.faces) == ("she.png", 0, 1)
    (folder / "she.png").unlink()
    found = find_references(inpainter, album, request)
    assert found.references == ()
    assert "she.png" in found.sentences[0]
    asked, found = references_in_folder(folder, request, Path("mine.png"), inpainter)
    assert asked.references == ()
    assert found.sentences == (f"{folder} holds no other photo of this person.",)
    # Where nothing is hidden nobody is looked for.
    empty = replace(request, mask=Mask.empty(shown.size))
    assert find_references(inpainter, album, empty).faces == 0


def match(name: str, likeness: float, *, happy: float = 0.0, side: float = 200.0) -> Match:
    read = tuple(happy if n == HAPPY else (1 - happy) * (n == NEUTRAL) for n in range(7))
    told = Portrait((0, 0, 9, 9), side, np.ones((1, 3), np.float32), read, (0.2, 0.2))
    return Match(Seen(Path(name), told), likeness)


def names(matches: list[Match]) -> list[str]:
    return [one.path.name for one in matches]


def test_of_many_those_are_looked_at_that_are_alike_and_differ_in_expression() -> None:
    same = [match(f"{n}", 0.9 - 0.01 * n) for n in range(6)]
    smile = match("smile", 0.6, happy=0.9)
    taken = names(chosen([*same, smile], 200, FillOptions()))
    assert taken == ["0", "smile", "1", "2"]
    assert len(taken) == MOST
    asked = FillOptions(emotion="happiness")
    assert names(chosen([*same, smile], 200, asked))[0] == "smile"
    small = match("small", 0.99, side=60)
    assert "small" not in names(chosen([small, *same], 200, FillOptions()))
    assert names(chosen([small], 200, FillOptions())) == ["small"]
    assert chosen([], 200, asked) == []
    assert Album(Path()).others(same[0].seen.portrait) == []
