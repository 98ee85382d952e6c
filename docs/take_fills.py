"""Contact sheets of fills as a user gets them: the photo with something over the face, the fill,
the truth.

    python docs/take_fills.py FACES -o fills.webp --holes eyes --holes lower_face --inside worn

FACES: a folder or zip of photos of one face each. The whole program is at work, nothing of the
untouched photo is known to it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.face import geometry
from engine.fill import create_inpainter
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask
from engine.photo import Photo
from training.cases import Case, faces_of, whole_case

ACROSS = 4  # cases in a row of the sheet
SHOWN = 1.35  # frames that a picture of the sheet is wide


def main(
    faces: Path,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("fills.webp"),
    holes: Annotated[list[str] | None, typer.Option(help="Kinds of hole, in turn.")] = None,
    inside: Annotated[str, typer.Option(help="flat or worn.")] = "worn",
    limit: Annotated[int, typer.Option(help="Faces.")] = 24,
    start: Annotated[int, typer.Option(help="The first face.")] = 0,
    source: Annotated[str | None, typer.Option(help="Only faces of this source.")] = None,
    side: Annotated[int, typer.Option(help="Pixels of one picture.")] = 192,
    model: str = "default",
    emotion: str = "keep",
    seed: int = 0,
) -> None:
    """Fill a hole in each of some photos and lay the results out on one sheet."""
    kinds = holes or ["eyes", "mouth", "lower_face", "centre"]
    known = list(faces_of(faces, source, start + limit))[start:]
    inpainter = create_inpainter()
    options = FillOptions(model=model, emotion=emotion)
    cells = []
    for number, face in enumerate(known):
        other = known[(number + 1) % len(known)]
        kind = kinds[number % len(kinds)]
        case = whole_case(face, kind, start + number, 256, seed, inside, other)
        assert case.shown is not None
        assert case.photo_hole is not None
        photo = Photo(case.shown, None, "PNG")
        mask = Mask(case.photo_hole.astype(np.uint8) * np.uint8(255))
        for patch in inpainter.fill(FillRequest(photo, mask, options)).patches:
            photo = photo.apply(patch)
        views = (_view(p, case, side) for p in (case.shown, photo.rgb8, face.photo))
        cells.append(np.hstack([*views, np.full((side, 8, 3), 255, np.uint8)]))
    blank = np.full_like(cells[0], 255)
    rows = [cells[i : i + ACROSS] for i in range(0, len(cells), ACROSS)]
    sheet = np.vstack([np.hstack([*r, *[blank] * (ACROSS - len(r))]) for r in rows])
    cv2.imwrite(str(output), sheet[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 85])
    typer.echo(f"{output}: {len(cells)} fills; shown, filled, untouched.")


def _view(photo: np.ndarray, case: Case, side: int) -> np.ndarray:
    return geometry.cut(photo, case.face.frame, side, margin=SHOWN, border="edge")


if __name__ == "__main__":
    typer.run(main)
