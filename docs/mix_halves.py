"""How often a judge sees the expression of a lower half under the upper half of another face.

    python docs/mix_halves.py EMOTION-SETS

What no fill of a lower face can be expected to beat: real halves, of FER2013's test faces that the
judge reads right as a whole. The eyes that stay have their say.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.face.emotion import mirror_mean
from engine.readings import EMOTIONS
from training.emotion.data import LabelledFaces, load_faces
from training.emotion.judge import Judge, load_judge
from training.emotion.train import logits_of

PAIRS = 300
SEAMS = (24, 28)  # of 48 rows: where the lower half begins; in an aligned crop a covered face does
SOFT = 3  # rows on each side over which one half becomes the other


def main(
    sets: Annotated[Path, typer.Argument(help="The folder with fer2013.zip.")], seed: int = 0
) -> None:
    """Print the shares for every expression under happy and under neutral eyes."""
    torch.set_num_threads(1)
    judge = load_judge()
    if judge is None:
        raise typer.BadParameter("No judge is installed.")
    faces = load_faces(sets, "test")
    right = faces.labels == _read(judge, faces.pixels)
    dice = np.random.default_rng(seed)
    for seam in SEAMS:
        for upper in ("happiness", "neutral"):
            for lower in EMOTIONS:
                above, below = (
                    _drawn(faces, right, emotion, dice).float() for emotion in (upper, lower)
                )
                seen = _read(judge, _mixed(above, below, seam)) == EMOTIONS.index(lower)
                share = float(seen.float().mean())
                typer.echo(f"from row {seam}: {upper} above, {lower} below: {share:.1%}")


def _drawn(faces: LabelledFaces, right: Tensor, emotion: str, dice: np.random.Generator) -> Tensor:
    known = (right & (faces.labels == EMOTIONS.index(emotion))).nonzero()[:, 0].numpy()
    return faces.pixels[dice.choice(known, PAIRS)]


def _mixed(above: Tensor, below: Tensor, seam: int) -> Tensor:
    """N x 48 x 48 uint8: faces of two people, the lower one in the light of the upper one."""
    scale = above.std((1, 2), keepdim=True) / below.std((1, 2), keepdim=True)
    below = (below - below.mean((1, 2), keepdim=True)) * scale + above.mean((1, 2), keepdim=True)
    share = ((torch.arange(48) - seam + SOFT) / (2 * SOFT)).clamp(0, 1).view(1, 48, 1)
    return (above + share * (below - above)).clamp(0, 255).byte()


def _read(judge: Judge, pixels: Tensor) -> Tensor:
    faces = LabelledFaces(pixels, torch.zeros(len(pixels), dtype=torch.long))
    straight, _ = logits_of(judge, faces)
    mirrored, _ = logits_of(judge, faces, mirror=True)
    return mirror_mean(straight, mirrored, judge.temperature).argmax(1)


if __name__ == "__main__":
    typer.run(main)
