"""Who is told from whom, with parts of the face hidden:

    python -m training.face_networks.who PLACE [PLACE ...]

PLACE: folders or zips of photos; records of an index with the same "person" are one person's, a
photo without is a person of its own. Told are, of pairs of one person and of strangers, the
likenesses (engine.reference.identity), once with a part hidden in both, as where one fills the
other, and once with all of the other told beforehand, as an album keeps it. The threshold of
engine.reference.likeness was chosen by this table (docs/results.md).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from engine.face.finder import FaceFinder
from engine.face.frames import matrix_of, mesh_in_crop
from engine.face.parts import part_mask
from engine.fill.networks import shared_networks
from engine.fill.steps.crop import crop_of
from engine.photo import photo_from_array
from engine.reference.identity import Look, told_of
from engine.reference.likeness import SAME
from training.sources import iter_photos

PARTS = ("", "eyes", "glasses", "left_eye", "nose", "mouth", "lower_face", "left_half")
HEADER = (
    "| hidden | compared with | same person: least, 3rd of 100, median | strangers: 95th, 97th, "
)
HEADER += f"99th of 100 | from {SAME:g} on: refused, strangers noticed |\n|---|---|---|---|---|"


def looks(places: list[Path]) -> Iterator[tuple[str, Look]]:
    """(person, face) of every photo in which one is found, nothing hidden."""
    finder, side = FaceFinder(), shared_networks("prior", "cpu").side
    for number, place in enumerate(places):
        for name, record, rgb in iter_photos(place):
            faces = [face for face in finder.find(rgb) if face.mesh is not None]
            if not faces:
                continue
            frame = matrix_of(faces[0])
            mesh = mesh_in_crop(faces[0], frame)
            assert mesh is not None
            crop, hidden = crop_of(
                photo_from_array(rgb), np.zeros(rgb.shape[:2], bool), frame, side
            )
            person = record.get("person")
            yield f"{number}/{name}" if person is None else str(person), Look(crop, hidden, mesh)


def hiding(look: Look, part: str) -> Look:
    """A face with a part hidden, and its nodes as the landmark network then expects them."""
    networks = shared_networks("prior", "cpu")
    side, hidden = len(look.crop), look.hidden
    if part:
        hidden = part_mask((look.mesh * side).astype(np.float32), part, (side, side)) > 0
    with torch.inference_mode():
        pixels, hole = networks.tensors(look.crop, hidden)
        mesh = networks.guide.networks["landmarks"](networks.balanced(pixels, hole), hole)
    return Look(look.crop, hidden, mesh[0].double().cpu().numpy())


def row(part: str, against: str, likeness: np.ndarray, same: np.ndarray) -> str:
    """A line of the table. likeness: N x N. same: N x N bool, of one person."""
    ours = likeness[same & ~np.eye(len(same), dtype=bool)]
    others = likeness[~same]
    low, high = np.quantile(ours, (0.03, 0.5)), np.quantile(others, (0.95, 0.97, 0.99))
    cells = [part or "nothing", against, f"{ours.min():.2f}, {low[0]:.2f}, {low[1]:.2f}"]
    cells.append(", ".join(f"{value:.2f}" for value in high))
    cells.append(f"{(ours < SAME).mean():.0%}, {(others < SAME).mean():.1%}")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    people, faces = zip(*looks([Path(place) for place in sys.argv[1:]]), strict=True)
    same = np.array([[one == other for other in people] for one in people])
    network = shared_networks("prior", "cpu").recognition
    assert network is not None
    print(f"{len(people)} faces, {(same.sum() - len(people)) // 2} pairs of one person\n{HEADER}")
    whole = np.stack([told_of(network, hiding(face, ""))[0] for face in faces])
    for part in PARTS:
        told = [told_of(network, hiding(face, part)) for face in faces]
        apart = [
            np.linalg.norm(
                theirs - np.stack([codes[zone] for codes, zone, _ in told])[:, None], axis=2
            )
            for theirs in (
                np.stack([codes[zone] for codes, zone, _ in told])[None],
                np.stack([whole[:, zone] for _, zone, _ in told]),
            )
        ]
        less = np.array([untold for *_, untold in told])[:, None]
        for against, distance in zip(("as much hidden", "an album"), apart, strict=True):
            print(row(part, against, 1 - distance - less, same), flush=True)


if __name__ == "__main__":
    main()
