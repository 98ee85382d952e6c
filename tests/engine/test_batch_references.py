"""References of a batch: by name, in a person's folder, or found by themselves; in a sitting whose
photos are all filled under one mask the neighbours are references, but for what it hides of them.

Faces of these tests are drawn: a colour says who it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.base.errors import MienError
from engine.batch import BatchJob, MaskRule, run_batch
from engine.batch.inputs import PhotoFile
from engine.batch.references import ReferenceFinder
from engine.face.finder import Face
from engine.face.shape import load_shapes
from engine.inpaint import FillRequest, FillResult, Preview
from engine.mask import Mask
from engine.mask.file import save_mask
from engine.photo import Photo, photo_from_array, save_photo
from engine.readings import FaceReading
from engine.reference import Taken
from engine.reference.portrait import Portrait
from tests.engine.batches import Black, log_of

SIDE, TOP = 120, 40  # of a drawn face, and where it begins
ANNA, BEN, WALL = (200, 80, 60), (60, 90, 200), (128, 128, 128)


def drawn(colour: tuple[int, int, int], left: int) -> Photo:
    """A wall with a square face of a colour."""
    rgb = np.full((200, 300, 3), WALL, np.uint8)
    rgb[TOP : TOP + SIDE, left : left + SIDE] = colour
    return photo_from_array(rgb)


class Sitter(Black):
    """Finds drawn faces and tells them by their colours; keeps what it was asked to fill."""

    def __init__(self, asked: list[FillRequest]) -> None:
        self.asked = asked

    def find_faces(self, photo, cancel=None) -> tuple[Face, ...]:
        xs = np.flatnonzero((photo.rgb8[TOP + SIDE - 1] != WALL).any(1))
        if not len(xs):
            return ()
        space, left = load_shapes(), int(xs[0])
        assert space is not None
        mesh = (space.mean * SIDE + (left, TOP)).astype(np.float32)
        return (Face((left, TOP, SIDE, SIDE), 1.0, 0.0, mesh),)

    def portraits(self, photo, faces, mask=None, options=None) -> tuple[Portrait, ...]:
        return tuple(self._portrait(photo, face) for face in faces)

    def _portrait(self, photo: Photo, face: Face) -> Portrait:
        (x0, y0), (x1, y1) = face.mesh.min(0), face.mesh.max(0)  # type: ignore[union-attr]
        told = photo.rgb8[TOP + SIDE - 1, int(x0 + x1) // 2].astype(np.float32)
        told = (told - told.mean())[None] / 255
        return Portrait((x0, y0, x1 - x0, y1 - y0), SIDE, told, None, (0.2, 0.2))

    def preview(self, request, **_) -> Preview:
        hidden = np.ones(478, bool)
        faces = enumerate(request.faces)
        return Preview((), tuple(FaceReading(n, mesh=f.mesh, hidden=hidden) for n, f in faces))

    def fill(self, request, progress=None, cancel=None) -> FillResult:
        self.asked.append(request)
        done = super().fill(request)
        taken = tuple(
            Taken(one.of or 0, n, one.name, 0.9, True, {"skin": 0.5})
            for n, one in enumerate(request.references)
        )
        return FillResult(done.patches, request.faces, "drawn", "cpu", 0.0, references=taken)


Fill = Callable[[BatchJob], dict[str, FillRequest]]


@pytest.fixture
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Runs a job; what was asked of each photo, by its name."""
    monkeypatch.setenv("MIEN_FACES", str(tmp_path / "faces"))

    def filled(job: BatchJob) -> dict[str, FillRequest]:
        asked: list[FillRequest] = []
        summary = run_batch(job, create=lambda: Sitter(asked))
        assert [record.state for record in summary.records] == ["filled"] * len(asked)
        names = [record.photo for record in sorted(summary.records, key=lambda one: one.photo)]
        return dict(zip(names, asked, strict=True))

    return filled


def names(references: Sequence) -> set[str]:
    return {one.name for one in references}


@pytest.fixture
def sitting(tmp_path: Path) -> Path:
    """Twelve photos of two people, who move, and one mask at one place of all of them."""
    folder = tmp_path / "sitting"
    folder.mkdir()
    for number in range(12):
        colour = ANNA if number < 7 else BEN
        save_photo(drawn(colour, 20 + 12 * number), folder / f"{number:02}.png")
    hole = np.zeros((200, 300), np.uint8)
    hole[60:90, 100:140] = 255
    save_mask(Mask(hole), tmp_path / "mask.png")
    return folder


def test_a_sitting_is_filled_from_its_neighbours(sitting: Path, tmp_path: Path, fill: Fill) -> None:
    rule = MaskRule(file=tmp_path / "mask.png", grow=0)
    job = BatchJob((sitting,), tmp_path / "out", rule, references=sitting)
    asked = fill(job)
    assert len(asked) == 12
    for name, request in asked.items():
        taken = names(request.references)
        assert 1 <= len(taken) <= 4
        assert name not in taken
        people = {f"{n:02}.png" for n in (range(7) if name < "07" else range(7, 12))}
        assert taken <= people
        for one in request.references:
            # The mask, as far as the part of the photo that is kept reaches.
            assert one.hidden is not None
            assert one.hidden.shape == one.photo.rgb8.shape[:2]
            number = int(one.name[:2])
            middle = 60 - TOP + 15, 120 - (20 + 12 * number)  # from the face's corner
            x, y, _, _ = one.face.box
            if 0 <= middle[1] < SIDE:
                assert one.hidden[int(y) + middle[0], int(x) + middle[1]]
            assert not one.hidden[int(y) + 100, int(x) + 60]
    for line in log_of(tmp_path / "out"):
        if "references" in line:
            assert all(one["shares"] for one in line["references"])


def test_what_a_rule_hides_is_shown_by_no_photo_of_the_batch(sitting: Path, tmp_path: Path) -> None:
    filled = dict.fromkeys(sitting.iterdir())
    with pytest.raises(MienError, match="holds no photo but those that are filled"):
        ReferenceFinder(sitting, filled)
    last = sitting / "11.png"
    del filled[last]
    sources = ReferenceFinder(sitting, filled).of(PhotoFile(sitting / "00.png", Path("00.png")))
    assert sources.folder == sitting
    assert sources.out == {path.resolve() for path in filled}


def test_names_come_before_faces(sitting: Path, tmp_path: Path, fill: Fill) -> None:
    shelf = tmp_path / "shelf"
    (shelf / "ben").mkdir(parents=True)
    save_photo(drawn(BEN, 30), shelf / "00_REF.png")  # meant, whoever it seems to be
    save_photo(drawn(BEN, 90), shelf / "ben" / "b.png")
    save_photo(drawn(ANNA, 90), shelf / "anna.png")
    (shelf / "broken.png").write_bytes(b"none")
    inputs = tmp_path / "in"
    (inputs / "Ben").mkdir(parents=True)
    for place, colour in (("00.png", ANNA), ("01.png", ANNA), ("Ben/02.png", BEN)):
        save_photo(drawn(colour, 60), inputs / place)
    rule = MaskRule(file=tmp_path / "mask.png", grow=0)
    asked = fill(BatchJob((inputs,), tmp_path / "out", rule, references=shelf))
    told = {name: names(request.references) for name, request in asked.items()}
    assert told == {"00.png": {"00_REF.png"}, "01.png": {"anna.png"}, "Ben/02.png": {"b.png"}}
    assert all(one.hidden is None for request in asked.values() for one in request.references)
