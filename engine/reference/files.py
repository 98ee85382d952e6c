"""References as files that someone names, and what is said of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.base.errors import MienError
from engine.face.frames import parse_frame
from engine.reference.reference import Reference, Taken, references_in

if TYPE_CHECKING:
    from engine.face.finder import Face
    from engine.photo import Photo


def read_references(
    paths: Sequence[Path],
    boxes: Sequence[str],
    find: Callable[[Photo], tuple[Face, ...]],
    sure: bool = False,
) -> tuple[Reference, ...]:
    """The references that photos hold, each with every face that may be the person.

    boxes: "X,Y,WIDTH,HEIGHT" of the face that is meant, a photo each, in their order. find: the
    faces of a photo. sure: as of Reference. Raises MienError with one sentence for what cannot be
    read, or shows no face.
    """
    from engine.photo import open_photo

    if len(boxes) > len(paths):
        raise MienError(
            f"{len(boxes)} faces of references are given and {len(paths)} references; give each "
            "its photo."
        )
    frames = [parse_frame(box) for box in boxes]
    found: list[Reference] = []
    for number, path in enumerate(paths):
        photo = open_photo(path)
        at = frames[number] if number < len(frames) else None
        faces = find(photo)
        held = references_in(photo, faces, path.name, at, sure=sure)
        found += held[:1] if sure else held  # of several faces one is the person
    return tuple(found)


def refuse_strangers(references: Sequence[Reference], taken: Sequence[Taken]) -> None:
    """Raises MienError with one sentence for a photo that was looked at and seems to show someone
    else."""
    for name in dict.fromkeys(one.name for one in references):
        looks = [one for one in taken if one.name == name]
        if looks and not any(one.same for one in looks):
            alike = max(one.likeness for one in looks)
            raise MienError(
                f"{name} may show someone else (likeness {alike:.2f}); choose another photo, or "
                "add --same-person if it does not."
            )


def told_of_references(references: Sequence[Reference], taken: Sequence[Taken]) -> Iterator[str]:
    """A line for each photo of a reference: what was taken of it."""
    gave = any(one.shares for one in taken)
    for name in dict.fromkeys(one.name for one in references):
        shares = [
            f"{region} {share:.0%}"
            for one in taken
            if one.name == name
            for region, share in one.shares.items()
            if share >= 0.005
        ]
        if shares:
            yield f"From {name}: {', '.join(shares)}."
        elif any(one.name == name and one.turned for one in taken):
            yield f"Nothing was taken from {name}: the face is turned otherwise there."
        elif gave:
            yield f"Nothing was taken from {name}: what it shows fits less well."
        else:
            yield f"Nothing was taken from {name}: the hole hides no part of a face that it shows."
