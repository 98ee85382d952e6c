"""A small adversary of the detail network: are lashes, lids and irises there as in photos?

L1 and LPIPS are least where a network paints the mean of all places that a lash may have: too soft.
This one sees nothing of a picture but what is finer than a few pixels, place by place, and learns
to tell the photo's from the network's (relativistic, of pairs). It sees the photo around the hole
too, so a soft photo's eyes may stay soft.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from engine.base.brightness import blurred, luma
from training.losses import paired

COARSE = 3.2  # pixels: sigma of what it does not see
LOUDER = 6.0  # times: detail is a sixth of a picture's contrast
WIDTHS = (16, 32, 64)


class Critic(nn.Module):
    """Pictures B x 3 x h x w in [-1, 1] and holes B x 1 x h x w (whole multiples of 4) -> how true
    each place of 4 x 4 pixels looks, B x 1 x h/4 x w/4; it sees 30 pixels around each."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.layers = nn.Sequential(
            spectral_norm(nn.Conv2d(2, one, 3, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(one, two, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(two, three, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(three, three, 3, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(three, 1, 3, padding=1)),
        )

    def forward(self, pictures: Tensor, holes: Tensor) -> Tensor:
        light = luma(pictures)
        fine = LOUDER * (light - blurred(light, COARSE))
        return self.layers(torch.cat([fine, holes], 1))


class Adversary:
    """The critic and what it was last shown. `network`: the critic, which learns by `lesson`."""

    def __init__(self) -> None:
        self.network = Critic().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._shown: tuple[Tensor, Tensor, Tensor] | None = None

    def against(self, painted: Tensor, truth: Tensor, hole: Tensor) -> Tensor:
        """What the detail network loses by looking less true than the photo, 0.69 where nobody
        tells them apart. Pictures B x 3 x h x w, hole B x 1 x h x w; the critic learns nothing."""
        self.network.requires_grad_(False)
        fake = self.network(painted, hole)
        with torch.no_grad():
            real = self.network(truth, hole)
        self.network.requires_grad_(True)
        self._shown = painted.detach(), truth, hole
        return paired(*_places(real, fake, hole), for_generator=True)

    def lesson(self) -> Tensor:
        """The critic's own loss on the same pictures."""
        if self._shown is None:
            raise ValueError("nothing was shown to the critic")
        painted, truth, hole = self._shown
        fake, real = self.network(torch.cat([painted, truth]), torch.cat([hole, hole])).chunk(2)
        return paired(*_places(real, fake, hole), for_generator=False)


def _places(real: Tensor, fake: Tensor, hole: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    inside = F.adaptive_avg_pool2d(hole, (real.shape[-2], real.shape[-1]))
    return real.flatten(1), fake.flatten(1), inside.flatten(1)
