"""The recognition network: 128 numbers of a face, near each other where it is one person's.

dlib's ResNet of 29 convolutions (King 2017, blog.dlib.net, "High Quality Face Recognition with Deep
Metric Learning"; after He et al. 2016), learnt on three million faces so that those of one person
lie within 0.6 of each other whatever the light, the camera or the year. It looks at a face upright
in 150 pixels, brought there by the corners of the eyes and the base of the nose.
"""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F

from engine.base.exact import exact
from engine.face import geometry
from engine.nets.tensors import adopted

SIDE = 150  # pixels
COLOUR = (122.782, 117.001, 104.298)  # red, green and blue of the mean face it was taught with
CODE = 128  # numbers of a face
# Outer and inner corner of the eye at the right of the picture, of the one at the left, and the
# base of the nose; and where dlib's five landmarks lie in its picture of a face.
NODES = (263, 362, 33, 133, 2)
PLACES = ((110.96, 46.35), (89.61, 47.90), (37.06, 46.37), (58.41, 47.91), (74.01, 87.78))
# Channels of the blocks, and whether each halves the picture.
BLOCKS = (
    *[(32, False)] * 3,
    *((64, True), (64, False), (64, False), (64, False)),
    *((128, True), (128, False), (128, False)),
    *((256, True), (256, False), (256, False)),
    (256, True),
)


class RecognitionNetwork(nn.Module):
    """Faces as `face_view` makes them -> their codes.

    Its layers' affine maps are part of the convolutions before them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 32, 7, stride=2)
        before = (32, *(channels for channels, _ in BLOCKS))
        self.blocks = nn.ModuleList(
            _Block(entering, channels, halves)
            for entering, (channels, halves) in zip(before, BLOCKS, strict=False)
        )
        self.last = nn.Linear(BLOCKS[-1][0], CODE, bias=False)

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> RecognitionNetwork:
        """The network with these weights."""
        return adopted(cls, tensors)

    @exact
    def forward(self, views: Tensor) -> Tensor:
        """views: B x 3 x 150 x 150, 0 to 255. Returns B x 128."""
        x = (views - views.new_tensor(COLOUR)[:, None, None]) / 256
        x = F.max_pool2d(F.relu(self.first(x)), 3, 2)
        for block in self.blocks:
            x = block(x)
        return self.last(x.mean((2, 3)))


class _Block(nn.Module):
    def __init__(self, entering: int, channels: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        stride, around = (2, 0) if halves else (1, 1)
        self.one = nn.Conv2d(entering, channels, 3, stride, around)
        self.two = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        new = self.two(F.relu(self.one(x)))
        old = F.avg_pool2d(x, 2) if self.halves else x
        # dlib adds pictures of unlike sizes as if the smaller one went on in zeros.
        shape = [max(a, b) for a, b in zip(new.shape[1:], old.shape[1:], strict=True)]
        return F.relu(_wider(new, shape) + _wider(old, shape))


def _wider(x: Tensor, shape: list[int]) -> Tensor:
    channels, height, width = (wanted - has for wanted, has in zip(shape, x.shape[1:], strict=True))
    return F.pad(x, (0, width, 0, height, 0, channels))


def face_view(
    crop: np.ndarray, hidden: np.ndarray, mesh: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A face as the network looks at it: 150 x 150 x 3 float32, 0 to 255; what is hidden of it,
    150 x 150 bool; and its nodes there, 478 x 2.

    crop: S x S x 3 float32 in [0, 1]. hidden: S x S bool. mesh: 478 x 2, crop units.
    """
    side = len(crop)
    nodes = np.asarray(mesh, np.float64)[:, :2] * side
    move = geometry.similarity(nodes[list(NODES)], np.array(PLACES))
    # cv2 counts from the middle of a pixel.
    at = geometry.compose(np.array([[1, 0, -0.5], [0, 1, -0.5]]), move)
    at = geometry.compose(at, np.array([[1, 0, 0.5], [0, 1, 0.5]]))
    view = cv2.warpAffine(
        crop.astype(np.float32), at, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE
    )
    over = cv2.warpAffine(hidden.astype(np.float32), at, (SIDE, SIDE))
    return view * 255, over > 0, geometry.transform(move, nodes)


def without(view: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """A view with the colour of nothing where it is hidden."""
    out = view.copy()
    out[hidden] = COLOUR
    return out
