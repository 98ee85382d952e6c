"""Fit the prior's further rows: geometry and expression as linear maps of its coefficients.

Every training face gives a pair: its coefficients z, solved from all of its pixels, and its mesh
(or the emotion network's reading). Ridge regression gives the map; a held-out part the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.face import geometry
from engine.face.emotion import EmotionNetwork
from engine.face.landmarks import LandmarkNetwork
from engine.face.mesh import mirror_permutation
from engine.modules.landmarks import nodes_in_hole
from engine.prior import FacePrior
from engine.prior.knowledge import Knowledge, log_odds
from engine.readings import EMOTIONS
from training.faces import FaceShards
from training.masks import draw_hole

HELD_OUT = 0.1
RIDGE = 30.0  # in samples: z has unit variance, so this is the weight of the map being zero
BATCH = 64
SEEN = ("eyes", "glasses", "one_eye", "nose")  # holes that leave the mouth
HIDDEN = ("mouth", "lower_face", "centre")  # and those that do not
GAINS = (0.01, 0.95)  # of a reading, the least and the most that is believed
FACTORS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
EYES = geometry.RIGHT_EYE[0] - geometry.LEFT_EYE[0]  # inter-ocular distance in crop units


@dataclass(frozen=True)
class RowOptions:
    """modes: of the shape model. limit: use at most so many faces. checks: held-out faces on which
    the networks' errors under holes are measured. seed: of the split and the holes."""

    modes: int = 48
    limit: int | None = None
    checks: int = 400
    seed: int = 0


def fit_rows(
    prior: dict[str, Tensor],
    faces: FaceShards,
    emotion: EmotionNetwork,
    landmarks: LandmarkNetwork,
    options: RowOptions | None = None,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(the tensors of engine.prior.knowledge.Knowledge for a prior, figures of the fit)."""
    options = options or RowOptions()
    solver = FacePrior(prior)
    count = min(len(faces), options.limit or len(faces))
    z, meshes, logits = _observe(solver, faces, count, emotion)
    signs = torch.ones(solver.components)
    signs[prior["even"].shape[-1] :] = -1  # what mirroring does to the coefficients
    order = torch.from_numpy(np.random.default_rng(options.seed).permutation(count))
    apart, fitted = order[: round(HELD_OUT * count)], order[round(HELD_OUT * count) :]
    weights = torch.from_numpy(faces.weights()[:count]).float()

    mean = (weights[fitted] @ meshes[fitted].flatten(1)) / weights[fitted].sum()
    mean = (mean + _mirrored(mean.view(1, -1, 2)).flatten()) / 2
    centred = meshes.flatten(1) - mean
    modes = min(options.modes, len(fitted) // 4)
    _, scale, basis = torch.svd_lowrank(centred[fitted] / len(fitted) ** 0.5, q=modes + 8, niter=3)
    shape = basis[:, :modes] * scale[:modes]
    to_modes = torch.linalg.pinv(shape).mT
    coefficients = centred @ to_modes
    mirrored = (_mirrored(meshes[fitted]).flatten(1) - mean) @ to_modes
    pairs = torch.cat([z[fitted], z[fitted] * signs])
    mesh_rows = _regress(pairs, torch.cat([coefficients[fitted], mirrored]))
    mesh_noise, _ = _left_over(z[apart], coefficients[apart], mesh_rows)

    emotion_mean = logits[fitted].mean(0)
    read = logits - emotion_mean
    emotion_rows = _regress(pairs, torch.cat([read[fitted], read[fitted]]))
    emotion_noise, emotion_fit = _left_over(z[apart], read[apart], emotion_rows)
    tensors = {
        "mesh_mean": mean.view(-1, 2),
        "mesh_modes": shape,
        "mesh_rows": mesh_rows,
        "mesh_noise": mesh_noise,
        "mesh_spread": torch.zeros(modes),
        "emotion_mean": emotion_mean,
        "emotion_rows": emotion_rows,
        "emotion_noise": emotion_noise,
        "emotion_spread": torch.ones(2, len(EMOTIONS)),
        "emotion_classes": _classes(logits),
    }
    knowledge = Knowledge(tensors)
    chosen = apart[: options.checks].tolist()
    checks = _Checks(solver, knowledge, faces, emotion, landmarks, options.seed)
    tensors["mesh_spread"] = checks.mesh_spread(chosen, coefficients)
    tensors["emotion_spread"], gains = checks.emotion_spread(chosen, z, emotion_rows, emotion_mean)
    halves = {name: t.half().contiguous() for name, t in tensors.items()}
    predicted = (mean + z[apart] @ mesh_rows.mT @ shape.mT).view(-1, 478, 2)
    error = (predicted - meshes[apart]).norm(dim=-1).mean() / EYES
    figures = {"mesh_error": round(float(error), 4)} | {
        f"{name}_r2": round(1 - float(noise / logits[apart, k].var()), 3)
        for k, (name, noise) in enumerate(zip(EMOTIONS, emotion_noise, strict=True))
    }
    return halves, figures | {"emotion_r2": round(emotion_fit, 3), **gains, "faces": count}


@torch.inference_mode()
def _observe(
    prior: FacePrior, faces: FaceShards, count: int, emotion: EmotionNetwork
) -> tuple[Tensor, Tensor, Tensor]:
    """(z count x K, meshes count x 478 x 2 in crop units, log-odds count x 7) of whole faces."""
    z, logits = [], []
    meshes = np.stack([faces.mesh_in_crop(index, 1) for index in range(count)])
    nothing = torch.zeros(1, 1, prior.side, prior.side)
    for start in range(0, count, BATCH):
        crops = _crops(faces, range(start, min(count, start + BATCH)), prior.side)
        z.append(prior.posterior(crops, nothing).mean)
        logits.append(log_odds(emotion.read(crops)))
    return torch.cat(z), torch.from_numpy(meshes).float(), torch.cat(logits)


def _crops(faces: FaceShards, indices: range | list[int], side: int) -> Tensor:
    pictures = np.stack([faces.crop(index, side) for index in indices])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def _mirrored(meshes: Tensor) -> Tensor:
    """Meshes (n x 478 x 2, crop units) of the mirror images."""
    turned = meshes[:, torch.from_numpy(mirror_permutation())]
    return torch.stack([1 - turned[..., 0], turned[..., 1]], -1)


def _regress(z: Tensor, values: Tensor) -> Tensor:
    """The ridge regression of values (n x M) on z (n x K): M x K."""
    matrix = z.mT @ z
    matrix.diagonal().add_(RIDGE)
    return torch.linalg.solve(matrix, z.mT @ values).mT.contiguous()


def _left_over(z: Tensor, values: Tensor, rows: Tensor) -> tuple[Tensor, float]:
    """(noise variance M, R^2 over all) of rows on faces that took no part in their fit."""
    noise = (values - z @ rows.mT).square().mean(0)
    return noise.clamp_min(1e-4), 1 - float(noise.sum() / values.var(0).sum())


def _classes(logits: Tensor) -> Tensor:
    """The mean log-odds of the faces that show each expression most clearly, 7 x 7."""
    means = []
    for k in range(len(EMOTIONS)):
        ahead = logits[:, k] - logits.clone().index_fill_(1, torch.tensor([k]), -99).amax(1)
        # The clearest twentieth at least, and not more than are really read so.
        count = max(20, min(int((ahead > 0).sum()), len(logits) // 20))
        means.append(logits[ahead.argsort(descending=True)[:count]].mean(0))
    return torch.stack(means)


@dataclass(frozen=True, eq=False)
class _Checks:
    """How far to trust what the networks say of a face with a hole, on faces kept aside."""

    prior: FacePrior
    knowledge: Knowledge
    faces: FaceShards
    emotion: EmotionNetwork
    landmarks: LandmarkNetwork
    seed: int

    @torch.inference_mode()
    def mesh_spread(self, chosen: list[int], coefficients: Tensor) -> Tensor:
        """Error variances P of the shape coefficients of predicted meshes."""
        errors = []
        for index in chosen:
            crop, hidden, true = self._holed("mixed", index)
            share = nodes_in_hole(true, hidden)
            nodes = torch.where(share.unsqueeze(-1) > 0, self.landmarks(crop, hidden), true)
            # In units of a fully hidden mesh: the observation scales with the root of the share.
            scale = share.mean().sqrt().clamp_min(0.1)
            error = self.knowledge.modes_of(nodes)[0] - coefficients[index]
            errors.append(error / scale.sqrt())
        return torch.stack(errors).square().mean(0)

    @torch.inference_mode()
    def emotion_spread(
        self, chosen: list[int], z: Tensor, rows: Tensor, mean: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """(variances 2 x 7 of readings with the mouth seen and hidden, figures).

        The pixels speak already, and the reading is of the same pixels: its own error is not what
        counts, but how well it tells what the pixels leave open. Of each reading's innovation (its
        distance from the prior's own reading) regression says which share is true, the gain; the
        variance that a Kalman filter gives that gain is what is told.
        """
        variances, figures = [], {}
        for name, kinds in (("seen", SEEN), ("hidden", HIDDEN)):
            uncertain, innovations, missing = [], [], []
            for place, index in enumerate(chosen):
                crop, hidden, _ = self._holed(kinds[place % len(kinds)], index)
                posterior = self.prior.posterior(crop, hidden)
                # R S R' of the covariance S that the pixels leave.
                spread = torch.linalg.solve_triangular(posterior.factor[0], rows.mT, upper=False)
                uncertain.append(spread.mT @ spread)
                own = posterior.mean[0] @ rows.mT
                innovations.append(log_odds(self.emotion.read(crop, hidden))[0] - mean - own)
                missing.append(z[index] @ rows.mT - own)
            gap, innovation, left = map(torch.stack, (missing, innovations, uncertain))
            gain = (gap * innovation).mean(0) / innovation.square().mean(0)
            gain = gain.clamp(*GAINS)
            variance = left.diagonal(dim1=1, dim2=2).mean(0) * (1 - gain) / gain
            # The classes' errors are not seven independent ones; one factor says how much less
            # they know together.
            errors = {
                factor: float((gap - _filtered(left, innovation, factor * variance)).square().sum())
                for factor in FACTORS
            }
            best = min(errors, key=errors.__getitem__)
            variances.append((best * variance).clamp_min(1e-3))
            none = float(gap.square().sum())
            figures[f"reading_mouth_{name}"] = round(1 - errors[best] / max(none, 1e-9), 3)
        return torch.stack(variances), figures

    def _holed(self, kind: str, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """(crop, hole, mesh in crop units) of a face with a hole of that kind."""
        side = self.prior.side
        mesh = self.faces.mesh_in_crop(index, side)
        hole = draw_hole(kind, side, np.random.default_rng((self.seed, 9, index)), mesh)
        hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
        true = torch.from_numpy(mesh / side).float()[None]
        return _crops(self.faces, [index], side), hidden, true


def _filtered(left: Tensor, innovation: Tensor, variance: Tensor) -> Tensor:
    """The change of readings (n x 7) that innovations of such variance make where the pixels leave
    the covariances n x 7 x 7."""
    told = torch.linalg.solve(left + torch.diag(variance), innovation.unsqueeze(-1))
    return (left @ told).squeeze(-1)
