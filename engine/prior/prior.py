"""The face prior: a conditional Gaussian over aligned faces, solved in closed form.

A face is `mean + basis z` with z ~ N(0, I) (probabilistic PCA, Tipping & Bishop 1999, of aligned
faces and their mirror images). Whatever is known of a face is a linear observation of z: the
visible pixels always, and any number of further rows. The posterior of z is Gaussian: its mean is
the fill, its covariance says what is uncertain, and samples from it are variants.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.base.exact import exact
from engine.base.hidden import AVERAGED
from engine.face.regions import depths
from engine.prior.appearance import PREFIX, Appearance
from engine.prior.basis import Basis
from engine.prior.retouch import Retouch
from engine.prior.warp import MeanShape

# Noise of an observed pixel beside what the components cannot express, in [-1, 1] units, and how
# fast pixels lose their say with the distance from the hole, in units of the frame's side. Both
# chosen by LPIPS and PSNR on faces kept aside.
NOISE = 0.25
REACH = 0.125
# The same of appearance in the mean shape, whose detail is told by the whole face.
FINE_NOISE = 0.2
FINE_REACH = 0.3
# Pixels that are further from the hole than this (crop units) are looked at in larger ones, each
# time twice as large: a third of the work, and the fills are as good. Of appearance no pixel is
# looked at in full size: fills are even better, since meshes are not as exact as that.
RIM = 0.04  # crop units inside an outline over which pixels come to be believed
FAR = (0.03, 0.1, 0.25)
FINE_FAR = (-1.0, 0.03, 0.1)

INSIDE = "inside"
SHAPE = ("mesh_mean", "mesh_rows", "mesh_modes")  # of Knowledge: the shape that z says


@dataclass(frozen=True)
class Observation:
    """Further knowledge of a face: `rows @ z = values`, each row with its own precision.

    rows: M x K (the order of `FacePrior.components`). values: B x M. precision: B x M or M,
    one over the noise variance; 0 leaves a row out.
    """

    rows: Tensor
    values: Tensor
    precision: Tensor

    def beside(self, other: Observation) -> Observation:
        """Both as one; of each what it says stays as sure."""
        sure = [one.precision.expand_as(one.values) for one in (self, other)]
        return Observation(
            torch.cat([self.rows, other.rows]),
            torch.cat([self.values, other.values], 1),
            torch.cat(sure, 1),
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """values (B x 3 x s x s) and weights (B x 1 x s x s, precisions) of the visible pixels, of the
    prior's size and each coarser one."""

    values: list[Tensor]
    weights: list[Tensor]

    def is_same(self, other: Evidence) -> bool:
        """Whether both say the same, bit by bit; what has no weight says nothing."""
        weights = zip(self.weights, other.weights, strict=True)
        if not all(torch.equal(one, two) for one, two in weights):
            return False
        told = zip(self.values, other.values, self.weights, strict=True)
        return all(torch.equal(one * (w > 0), two * (w > 0)) for one, two, w in told)


@dataclass(frozen=True)
class Posterior:
    """Gaussian belief about z: mean B x K, and the Cholesky factor of the precision, B x K x K."""

    mean: Tensor
    factor: Tensor

    @exact
    def sample(self, generator: torch.Generator | None = None, spread: float = 1.0) -> Tensor:
        """One draw of z for every item, B x K; `spread` scales the departure from the mean."""
        noise = torch.randn(self.mean.shape, generator=generator).to(self.mean)
        step = torch.linalg.solve_triangular(self.factor.mT, noise.unsqueeze(-1), upper=True)
        return self.mean + spread * step.squeeze(-1)


@dataclass(frozen=True)
class Changed:
    """Faces that are to be painted otherwise than they were solved (see engine.prior.change).

    z: B x K. before, after: the meshes of the faces, B x 478 x 2 in crop units.
    """

    z: Tensor
    before: Tensor
    after: Tensor


@dataclass(frozen=True, eq=False)
class Fine:
    """What a prior knows of fine detail: a second one, of faces in the mean shape, and the way
    there and back."""

    prior: FacePrior
    appearance: Appearance

    @property
    def net(self) -> np.ndarray:
        """The triangles that faces are bent by, T x 3 (see engine.prior.warp)."""
        return self.appearance.shape.triangles


class FacePrior:
    """The fitted prior on a device.

    side: its resolution. components: K. average: the mean face, 3 x S x S. fine: what it
    knows of fine detail, None where nothing.
    Tensors are RGB in [-1, 1], holes 1 = hidden.
    """

    def __init__(
        self,
        tensors: dict[str, Tensor],
        device: str | torch.device = "cpu",
        noise: float = NOISE,
        reach: float = REACH,
        far: Sequence[float] = FAR,
        *,
        retouch: Retouch | None = None,
    ) -> None:
        """`tensors`: mean 3 x S x S/2; even, odd: 3 x S x S/2 x K_e | K_o int8 or float (left
        halves of the symmetric and antisymmetric components); even_scale, odd_scale: what turns
        them into units of one standard deviation; residual: S x S/2, variance left over. With
        those of an appearance prior (engine.prior.appearance), prefixed, fills have its detail;
        where no mesh is given that takes mesh_mean, mesh_rows and mesh_modes of Knowledge too.
        With inside (S x S/2 of 0 and 1) the components are known only where it is 1, and are 3 x
        (how many places) x K_e | K_o. retouch: of its manifest."""
        self.retouch = retouch or Retouch()
        self.device, self._noise, self._reach = torch.device(device), noise, reach
        values = {
            name: tensor.to(self.device, torch.float32)
            for name, tensor in tensors.items()
            if not name.startswith(PREFIX)
        }
        self._shape = [values[name] for name in SHAPE] if set(SHAPE) <= set(values) else None
        fine = {k.removeprefix(PREFIX): t for k, t in tensors.items() if k.startswith(PREFIX)}
        self.fine: Fine | None = None
        if fine:
            shape = MeanShape(fine.pop("shape").numpy(), fine.pop("triangles").numpy())
            inner = FacePrior(fine, device, FINE_NOISE, FINE_REACH, FINE_FAR)
            self.fine = Fine(inner, Appearance(shape, inner.side, inner.inside))
        self.side = values["mean"].shape[1]
        self._residual = values["residual"]
        even, odd = (values[n] * values[n + "_scale"] for n in ("even", "odd"))
        self._inside, places = None, None
        if INSIDE in values:
            inside = values[INSIDE] > 0
            self._inside = torch.cat([inside, inside.flip(-1)], -1)
            places = inside.flatten().repeat(3).nonzero()[:, 0]
        basis = Basis(values["mean"], even.flatten(0, -2), odd.flatten(0, -2), places)
        self._bases = [basis]
        self._far = far
        while len(self._bases) <= len(far) and self._bases[-1].halves:
            self._bases.append(self._bases[-1].halved())
        self.components = self._bases[0].components
        self.average = self._bases[0].average

    @property
    def inside(self) -> np.ndarray | None:
        """Where the components are known, S x S bool; None: everywhere."""
        return None if self._inside is None else self._inside.cpu().numpy()

    @classmethod
    def load(cls, path: Path | str, device: str | torch.device = "cpu") -> FacePrior:
        """From a safetensors file as written by `main.py train prior`."""
        from safetensors.torch import load_file

        return cls(load_file(str(path)), device)

    def retouched(self, retouch: Retouch) -> FacePrior:
        """The same prior with another retouch; its tensors are shared."""
        other = copy(self)
        other.retouch = retouch
        return other

    @property
    def knows_shapes(self) -> bool:
        """Whether its coefficients say the mesh of a face."""
        return self._shape is not None

    def own_meshes(self, z: Tensor) -> Tensor:
        """The meshes that coefficients say, B x 478 x 2. Raises ValueError for a prior that knows
        no shapes."""
        if self._shape is None:
            raise ValueError("This prior knows no shapes.")
        mean, rows, modes = self._shape
        return mean + (z @ rows.mT @ modes.mT).view(len(z), -1, 2)

    def meshes_of(self, z: Tensor, meshes: Tensor | None, use: Tensor | None) -> Tensor | None:
        """The meshes that faces are painted by, B x 478 x 2: those given, and where there are none
        (or `use`, B of 0 and 1, leaves them out) those that z says. None where neither is there, or
        where this prior has no detail to paint by them."""
        if self.fine is None or (meshes is None and self._shape is None):
            return None
        if meshes is not None and (use is None or self._shape is None):
            return meshes
        own = self.own_meshes(z)
        if meshes is None or use is None:
            return own
        return torch.where(use.view(-1, 1, 1) > 0, meshes, own)

    @exact
    def posterior(
        self,
        crops: Tensor,
        hole: Tensor,
        observations: Sequence[Observation] = (),
        facing: Tensor | None = None,
    ) -> Posterior:
        """What is known of z from the visible pixels and the further observations.

        facing: B x 1 x s x s, how much of each pixel of the prior's size is looked at, 0..1; None:
        all of each.
        """
        return self.solved(self.evidence(crops, hole, facing), observations)

    def solved(self, evidence: Evidence, observations: Sequence[Observation] = ()) -> Posterior:
        """What is known of z from what is looked at of the visible pixels, and the observations."""
        precision = torch.eye(self.components, device=self.device)
        count = len(evidence.values[0])
        target = torch.zeros(count, self.components, device=self.device)
        for basis, values, weight in zip(
            self._bases, evidence.values, evidence.weights, strict=True
        ):
            normal, told = basis.told(values, weight)
            precision, target = precision + normal, target + told
        for observation in observations:
            rows, values, w = (
                told.to(target)
                for told in (observation.rows, observation.values, observation.precision)
            )
            w = w.expand_as(values)
            precision = precision + rows.mT @ (w.unsqueeze(-1) * rows)
            target = target + (w * values) @ rows
        factor = torch.linalg.cholesky(precision)
        mean = torch.cholesky_solve(target.unsqueeze(-1), factor).squeeze(-1)
        return Posterior(mean, factor.expand(len(mean), -1, -1))

    def facing(self, meshes: Tensor | None, use: Tensor | None) -> Tensor | None:
        """What of each pixel of the prior's size is face, B x 1 x s x s; None without meshes.

        A wall, a collar and hair tell nothing of the face before them, and a Gaussian of whole
        crops believes that they do: a chin is grey above a grey collar.
        """
        if meshes is None:
            return None
        # Where an outline is predicted it may lie beyond the face's: its rim is not believed.
        inside = (depths(meshes, self.side) / RIM).clamp(0, 1).to(self.device)
        return inside if use is None else torch.where(use.view(-1, 1, 1, 1) > 0, inside, 1.0)

    def evidence(self, crops: Tensor, hole: Tensor, facing: Tensor | None) -> Evidence:
        """What is looked at of the visible pixels, arguments as of `posterior`: what lies far from
        the hole is looked at in larger pixels."""
        crops, known = crops.to(self.device), 1 - hole.to(self.device)
        size = (self.side, self.side)
        share = F.interpolate(known, size=size, mode="area")
        values = F.interpolate(crops * known, size=size, mode="area") / share.clamp_min(1e-3)
        visible = share > AVERAGED
        distance = _distance(1 - visible.to(crops.dtype)) / self.side
        # A hidden eye is most of all like its twin: what mirrors the hole lies beside it.
        distance = torch.minimum(distance, distance.flip(-1))
        residual = torch.cat([self._residual, self._residual.flip(-1)], -1)
        if self._inside is not None:
            visible = visible & self._inside
        weight = visible * torch.exp(-distance / self._reach) / (self._noise**2 + residual)
        inner = torch.ones_like(weight) if facing is None else facing
        seen, sure, inners = [values], [weight], [inner]
        for far in self._far[: len(self._bases) - 1]:
            # A larger pixel is the mean of four that are far enough, all of them.
            distance = -F.max_pool2d(-distance, 2)
            coarse = (distance > far) & (F.max_pool2d((sure[-1] == 0).float(), 2) == 0)
            # Of a pixel that is partly face the face alone is averaged.
            inners.append(F.avg_pool2d(inners[-1], 2))
            mean = F.avg_pool2d(seen[-1] * inners[-2], 2) / inners[-1].clamp_min(1e-6)
            seen.append(mean)
            sure.append(4 * F.avg_pool2d(sure[-1], 2) * coarse)
            sure[-2] = sure[-2] * ~coarse.repeat_interleave(2, -1).repeat_interleave(2, -2)
        return Evidence(seen, [one * inner for one, inner in zip(sure, inners, strict=True)])

    @exact
    def render(self, z: Tensor) -> Tensor:
        """The faces of coefficients z (B x K): B x 3 x s x s at the prior's own size."""
        return self._bases[0].render(z)


def _distance(hole: Tensor) -> Tensor:
    """Distance in pixels from each visible pixel to the hole, B x 1 x s x s; 0 without a hole."""
    visible = (hole[:, 0].cpu().numpy() < 0.5).astype(np.uint8)
    distances = [
        cv2.distanceTransform(one, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        if not one.all()
        else np.zeros(one.shape, np.float32)
        for one in visible
    ]
    # OpenCV's square roots differ in their last bit from call to call, and a solution hangs on the
    # last bits of its weights. Under the roots are whole numbers.
    exact = np.sqrt(np.rint(np.square(np.stack(distances))))
    return torch.from_numpy(exact).to(hole)[:, None]
