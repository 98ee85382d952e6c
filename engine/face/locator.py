"""The hole-aware face locator: where a face lies of which a hole hides much.

Detectors look for eyes and mouths; under a mask, a hand or a censor bar there are none. What is
left tells where the face is all the same: ears, hair, chin, neck and shoulders, and how the picture
is framed. The locator sees the surroundings of a hole at three scales, the hole zeroed, and answers
with a frame, how far it may be off, and whether there is a face at all.

It answers relative to an anchor, a square in the photo: first the hole's own, then the square
around its last answer. Distilled from MediaPipe's meshes of untouched photos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.base.hidden import LOOKED_FOR
from engine.face import geometry
from engine.nets.layers import Residual, convolution
from engine.nets.tensors import adopted

SPANS = (2.0, 4.0, 9.0)  # sides of the windows, in sides of the anchor
SIDE = 64  # pixels of a window as the network sees it
FINE = 2 * SIDE  # pixels of a window as it is cut: what is visible is averaged from there
CLOSE = 0.6  # side of the anchor around an answer, in sides of the frame
ROUNDS = 3  # the hole's anchor, then the anchors around the answers
_POINTS = np.array([geometry.LEFT_EYE, geometry.RIGHT_EYE, geometry.MOUTH])
EYES = geometry.RIGHT_EYE[0] - geometry.LEFT_EYE[0]  # frame units between the eyes


@dataclass(frozen=True, eq=False)
class Located:
    """frame: 2 x 3 (see engine.face.geometry). confidence: how probably a face lies there, 0..1.
    error: how far the eyes and the mouth are expected to lie off, inter-ocular distances."""

    frame: np.ndarray
    confidence: float
    error: float


class Locator(nn.Module):
    """Windows around an anchor -> the frame relative to it.

    One trunk for the three windows (5 x 64 x 64 each: RGB in [-1, 1], zero where nothing is seen;
    the hole; what lies beyond the photo), their features side by side into two linear layers.
    """

    def __init__(self, width: int = 192) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            convolution(5, 32, 2),
            convolution(32, 64, 2),
            Residual(64),
            convolution(64, 96, 2),
            Residual(96),
            convolution(96, 128, 2),
            Residual(128),
            nn.Conv2d(128, 64, 1),
            nn.ReLU(inplace=True),
        )
        self.mix = nn.Sequential(
            nn.Linear(len(SPANS) * 64 * (SIDE // 16) ** 2, width),
            nn.ReLU(inplace=True),
            nn.Linear(width, width),
            nn.ReLU(inplace=True),
        )
        self.answer = nn.Linear(width, 6)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> Locator:
        """The locator with these weights."""
        return adopted(cls, tensors)

    def forward(self, windows: Tensor) -> Tensor:
        """windows: B x 3 x 5 x 64 x 64 by `network_inputs`. Returns B x 6: the frame's middle from
        the anchor's (x, y, anchor sides), log of its side in anchor sides, its turn against the
        anchor (radians, clockwise), log of the expected error (inter-ocular distances), logit of
        there being a face."""
        count = len(windows)
        features = self.trunk(windows.flatten(0, 1)).reshape(count, -1)
        return self.answer(self.mix(features)).float()


def network_inputs(rgb: Tensor, hole: Tensor, beyond: Tensor) -> Tensor:
    """B x 5 x 64 x 64 of windows cut at 128 pixels.

    rgb: B x 3 x 128 x 128 in [-1, 1]. hole, beyond: B x 1 x 128 x 128 of 0 and 1. Of a coarse pixel
    that is partly hidden only the visible part is averaged; hidden pixels have no say.
    """
    seen = (1 - hole) * (1 - beyond)
    rgb = torch.where(seen > 0, rgb, torch.zeros_like(rgb))
    share = F.avg_pool2d(seen, FINE // SIDE)
    colour = F.avg_pool2d(rgb, FINE // SIDE) / share.clamp_min(0.25)
    return torch.cat(
        [colour, F.avg_pool2d(hole, FINE // SIDE), F.avg_pool2d(beyond, FINE // SIDE)], 1
    )


def points_of(answers: Tensor) -> Tensor:
    """Where answers (B x 6) put the eyes and the mouth, B x 3 x 2 in anchor units (0..1)."""
    places = torch.tensor(_POINTS - 0.5, dtype=answers.dtype, device=answers.device)
    side = answers[:, 2].clamp(-4, 4).exp()[:, None]
    cosine, sine = answers[:, 3].cos()[:, None], answers[:, 3].sin()[:, None]
    x, y = places[:, 0], places[:, 1]
    return torch.stack(
        [
            0.5 + answers[:, :1] + side * (cosine * x - sine * y),
            0.5 + answers[:, 1:2] + side * (sine * x + cosine * y),
        ],
        -1,
    )


def relative(frame: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The first four numbers of the right answer: a frame as seen from an anchor, both 2 x 3."""
    back = geometry.compose(anchor, geometry.invert(frame))
    middle = geometry.transform(back, np.array([[0.5, 0.5]]))[0] - 0.5
    side = np.sqrt(abs(geometry.determinant(back)))
    return np.array([*middle, np.log(side), np.arctan2(back[1, 0], back[0, 0])])


def absolute(answer: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The frame (2 x 3) that an answer's first four numbers mean; the inverse of `relative`."""
    side, turn = np.exp(np.clip(answer[2], -4, 4)), answer[3]
    linear = side * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = 0.5 + answer[:2]
    back = np.column_stack([linear, middle - linear @ np.array([0.5, 0.5])])
    return geometry.compose(geometry.invert(back), anchor)


def anchor_of_box(x: float, y: float, width: float, height: float) -> np.ndarray:
    """The square around a hole's box (photo pixels) as a 2 x 3 frame."""
    side = max(width, height, 1.0)
    left, top = x + (width - side) / 2, y + (height - side) / 2
    return np.array([[1 / side, 0, -left / side], [0, 1 / side, -top / side]])


def anchor_of_frame(frame: np.ndarray) -> np.ndarray:
    """The anchor around an answer: the middle of its frame, CLOSE as wide."""
    return geometry.grown(frame, CLOSE)


def look(rgb: np.ndarray, hole: np.ndarray, anchor: np.ndarray) -> Tensor:
    """The windows around an anchor, 3 x 5 x 64 x 64.

    rgb: H x W x 3 uint8. hole: H x W bool.
    """
    everywhere = np.broadcast_to(np.uint8(255), rgb.shape[:2])
    parts = []
    for span in SPANS:
        colour = geometry.cut(rgb, anchor, FINE, margin=span, border="zero")
        inside = geometry.cut(everywhere, anchor, FINE, margin=span, border="zero") > 127
        covered = geometry.cut(hole, anchor, FINE, margin=span, border="zero") > LOOKED_FOR
        parts.append(
            np.concatenate(
                [
                    colour.astype(np.float32) / 127.5 - 1,
                    covered[..., None].astype(np.float32),
                    1 - inside[..., None].astype(np.float32),
                ],
                -1,
            )
        )
    stack = torch.from_numpy(np.stack(parts).transpose(0, 3, 1, 2).copy())
    return network_inputs(stack[:, :3], stack[:, 3:4], stack[:, 4:])


def locate(
    network: Locator, rgb: np.ndarray, hole: np.ndarray, anchor: np.ndarray, rounds: int = ROUNDS
) -> Located:
    """The face around an anchor: answered, then looked at again from the answer.

    rgb: H x W x 3 uint8. hole: H x W bool; what it hides has no say. anchor: 2 x 3, of the hole
    (`anchor_of_box`) or of an earlier answer (`anchor_of_frame`).
    """
    device = next(network.parameters()).device
    best: Located | None = None
    for _ in range(rounds):
        with torch.inference_mode():
            answer = network(look(rgb, hole, anchor)[None].to(device))[0].double().cpu().numpy()
        frame = absolute(answer, anchor)
        confidence = float(1 / (1 + np.exp(-answer[5])))
        found = Located(frame, confidence, float(np.exp(np.clip(answer[4], -8, 4))))
        if best is None or found.error <= 1.5 * best.error:
            best = found
        anchor = anchor_of_frame(frame)
    assert best is not None
    return best


def off(frame: np.ndarray, true: np.ndarray) -> float:
    """How far a frame lies off another (both 2 x 3): the mean distance of the places where both put
    the eyes and the mouth, in inter-ocular distances of `true`."""
    mine = geometry.transform(geometry.invert(frame), _POINTS)
    theirs = geometry.transform(geometry.invert(true), _POINTS)
    return float(np.linalg.norm(mine - theirs, axis=1).mean()) / (EYES * geometry.frame_side(true))
