"""The emotion network: which of seven expressions an aligned face shows, hidden parts left out.

After DAN (Wen et al. 2021, "Distract Your Attention", arXiv 2109.07270): a residual trunk, four
heads that each attend to places and then to channels, fused by a log-softmax over the heads and
summed (beside it their mean), and a linear classifier. Ours is small, since it runs beside the
brush, and takes the hole as a second channel: it is trained with hidden parts, so it reads what
is left of a face.

It serves three times: as the reading shown beside a photo, as what the emotion module is told,
and, frozen, as a loss on the trunk's map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.base.brightness import luma
from engine.base.exact import exact
from engine.base.hidden import AVERAGED
from engine.nets.tensors import adopted
from engine.readings import EMOTIONS

SIDE = 48  # pixels, the framing of FER2013
HEADS = 4

# From our frame to FER2013's: x' = FER_SCALE * x + FER_SHIFT[0], likewise y, with x' in 0..1 over
# a FER2013 picture. Measured: MediaPipe's mesh in 463 of 499 random FER2013 pictures enlarged to
# 384 pixels (the rest gave none); medians of the eye centres (.318,.395) and (.681,.385) and of
# the mouth (.507,.768), made symmetric; least-squares similarity from LEFT_EYE, RIGHT_EYE, MOUTH
# of engine.face.geometry. Single pictures scatter by .07, which training's augmentation covers.
FER_SCALE = 1.1464
FER_SHIFT = (-0.0732, -0.0705)


class EmotionNetwork(nn.Module):
    """B x 2 x H x W (see `inputs`) -> (features B x 8*width x H/8 x W/8, logits B x 7).

    width: channels of the stem; the trunk has 2, 4 and 8 times as many.
    """

    temperature: Tensor

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        channels = 8 * width
        self.trunk = nn.Sequential(
            nn.Conv2d(2, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            _Residual(width, 2 * width),
            _Residual(2 * width, 4 * width),
            _Residual(4 * width, channels),
        )
        self.heads = nn.ModuleList(_Head(channels) for _ in range(HEADS))
        self.spread = nn.BatchNorm1d(HEADS * channels)
        self.norm = nn.BatchNorm1d(2 * channels)
        self.classifier = nn.Linear(2 * channels, len(EMOTIONS))
        # Divides the logits where probabilities are read; fitted on the validation split.
        self.register_buffer("temperature", torch.ones(()))

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> EmotionNetwork:
        """The network with these weights, as wide as they are."""
        return adopted(lambda: cls(tensors["trunk.0.weight"].shape[0]), tensors)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: B x 2 x H x W, grey in [-1, 1] with the hole zeroed, and the hole (1 hidden).

        Returns the trunk's map, which a loss matches, and the uncalibrated logits.
        """
        features, attended = self.attend(x)
        return features, self.classify(attended)

    def attend(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(features, what each head saw: B x heads x C)."""
        features = self.trunk(x)
        return features, torch.stack([head(features) for head in self.heads], 1)

    def classify(self, attended: Tensor) -> Tensor:
        """Logits B x 7 of what the heads saw."""
        # The log-softmax keeps where the heads differ and drops, to first order, what they all
        # say; alone it did not learn from a fresh trunk, so the classifier is given both, and the
        # heads' values are first brought to a spread that a softmax can tell apart.
        attended = self.spread(attended.flatten(1)).unflatten(1, (HEADS, -1))
        fused = torch.cat([F.log_softmax(attended, 1).sum(1), attended.mean(1)], 1)
        return self.classifier(self.norm(fused))

    def inputs(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """Aligned crops in the framing the network was trained with; see `fer_inputs`."""
        return fer_inputs(crops, hole)

    @torch.no_grad()
    def read(self, crops: Tensor, hole: Tensor | None = None) -> Tensor:
        """Calibrated probabilities B x 7 in the order of EMOTIONS, mirror image averaged in.

        crops: B x 3 x S x S RGB in [-1, 1], aligned. hole: B x 1 x S x S, 1 hidden, or None.
        """
        return probabilities(self, self.inputs(crops, hole))


def probabilities(network: nn.Module, x: Tensor) -> Tensor:
    """Calibrated probabilities B x 7 of prepared inputs, the mean over both mirror images."""
    straight, mirrored = network(torch.cat([x, x.flip(-1)]))[1].float().chunk(2)
    temperature = network.temperature
    assert isinstance(temperature, Tensor)
    return mirror_mean(straight, mirrored, temperature)


def mirror_mean(straight: Tensor, mirrored: Tensor, temperature: Tensor | float) -> Tensor:
    """Probabilities B x 7: the mean over two logits B x 7, of a face and of its mirror image."""
    return ((straight / temperature).softmax(1) + (mirrored / temperature).softmax(1)) / 2


@exact
def fer_inputs(crops: Tensor, hole: Tensor | None = None, side: int = SIDE) -> Tensor:
    """B x 2 x side x side: aligned crops as grey pictures framed like FER2013, and their hole.

    crops: B x 3 x S x S RGB in [-1, 1], any S; differentiable in them. hole: B x 1 x S x S, 1
    hidden. Hidden pixels have no say at any scale: the visible ones are averaged alone. What lies
    beyond the crop counts as hidden.
    """
    grey = luma(crops)
    visible = torch.ones_like(grey) if hole is None else (hole < 0.5).to(grey.dtype)
    # Where a pixel is hidden its value must not even be multiplied: it may be NaN.
    pair = torch.cat([torch.where(visible > 0, grey, torch.zeros_like(grey)), visible], 1)
    # Down to some 1.4 times the final density by area, then the exact resampling.
    reduced = round(1.4 * FER_SCALE * side)
    if pair.shape[-1] > reduced:
        pair = F.interpolate(
            pair, (reduced, reduced), mode="bilinear", align_corners=False, antialias=True
        )
    scale = 1 / FER_SCALE
    shift = [(2 * ((0.5 - s) / FER_SCALE) - 1) for s in FER_SHIFT]
    theta = pair.new_tensor([[scale, 0, shift[0]], [0, scale, shift[1]]])
    grid = F.affine_grid(
        theta.expand(len(pair), 2, 3), [len(pair), 2, side, side], align_corners=False
    )
    pair = F.grid_sample(pair, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return masked(pair[:, :1], pair[:, 1:])


def masked(weighted: Tensor, visible: Tensor) -> Tensor:
    """B x 2 x H x W network inputs of a resampled (grey * visible) and a resampled visibility."""
    seen = (visible > AVERAGED).to(weighted.dtype)
    return torch.cat([weighted / visible.clamp_min(AVERAGED) * seen, 1 - seen], 1)


class _Residual(nn.Module):
    """Two 3x3 convolutions beside a strided 1x1 one; halves the map (He et al. 2016)."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inner, outer, 3, 2, 1, bias=False),
            nn.BatchNorm2d(outer),
            nn.ReLU(inplace=True),
            nn.Conv2d(outer, outer, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outer),
        )
        self.skip = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True),
            nn.Conv2d(inner, outer, 1, bias=False),
            nn.BatchNorm2d(outer),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.skip(x))


class _Head(nn.Module):
    """One cross-attention head: where to look, then which channels; B x C x h x w -> B x C."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 8
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)
        )
        # A square, an upright and a lying window: eyes lie, noses stand.
        self.windows = nn.ModuleList(
            nn.Conv2d(inner, inner, (h, w), padding=(h // 2, w // 2), bias=False)
            for h, w in ((3, 3), (1, 3), (3, 1))
        )
        self.window_norm = nn.BatchNorm2d(inner)
        self.place = nn.Conv2d(inner, 1, 1)
        self.channel = nn.Sequential(
            nn.Linear(channels, channels // 16),
            nn.BatchNorm1d(channels // 16),
            nn.ReLU(inplace=True),
            nn.Linear(channels // 16, channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        windows = torch.stack([window(reduced) for window in self.windows]).sum(0)
        place = self.place(F.relu(self.window_norm(windows))).sigmoid()
        seen = (features * place).mean((2, 3))
        return seen * self.channel(seen).sigmoid()
