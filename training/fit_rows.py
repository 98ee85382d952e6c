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

from engine import geometry
from engine.face.emotion import EmotionNetwork
from engine.face.landmarks import LandmarkNetwork
from engine.face.mesh import mirror_permutation
from engine.guidance import nodes_in_hole
from engine.prior import FacePrior
from engine.prior.knowledge import Knowledge, log_odds
from engine.readings import EMOTIONS
from training.faces import FaceShards
from training.masks import draw_hole

HELD_OUT = 0.1
RIDGE = 30.0  # in samples: z has unit variance, so this is the weight of the map being zero
BATCH = 64
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
    """(the prior's tensors with those of engine.prior.knowledge.Knowledge, figures of the fit)."""
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
        "emotion_spread": torch.zeros(len(EMOTIONS)),
        "emotion_classes": _classes(logits),
    }
    knowledge = Knowledge(tensors)
    chosen = apart[: options.checks].tolist()
    spreads = _spreads(knowledge, faces, chosen, coefficients, logits, emotion, landmarks, options)
    tensors["mesh_spread"], tensors["emotion_spread"] = spreads
    halves = {name: t.half().contiguous() for name, t in tensors.items()}
    predicted = (mean + z[apart] @ mesh_rows.mT @ shape.mT).view(-1, 478, 2)
    error = (predicted - meshes[apart]).norm(dim=-1).mean() / EYES
    figures = {"mesh_error": round(float(error), 4)} | {
        f"{name}_r2": round(1 - float(noise / logits[apart, k].var()), 3)
        for k, (name, noise) in enumerate(zip(EMOTIONS, emotion_noise, strict=True))
    }
    return {**prior, **halves}, figures | {"emotion_r2": round(emotion_fit, 3), "faces": count}


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


@torch.inference_mode()
def _spreads(
    knowledge: Knowledge,
    faces: FaceShards,
    chosen: list[int],
    coefficients: Tensor,
    logits: Tensor,
    emotion: EmotionNetwork,
    landmarks: LandmarkNetwork,
    options: RowOptions,
) -> tuple[Tensor, Tensor]:
    """Error variances (modes P, log-odds 7) of what the networks read off faces with a hole."""
    side, mesh_errors, emotion_errors = 96, [], []
    for index in chosen:
        mesh = faces.mesh_in_crop(index, side)
        hole = draw_hole("mixed", side, np.random.default_rng((options.seed, 9, index)), mesh)
        crop = _crops(faces, [index], side)
        hidden = torch.from_numpy(hole.astype(np.float32))[None, None]
        read = log_odds(emotion.read(crop, hidden))[0]
        emotion_errors.append(read - logits[index])
        share = nodes_in_hole(torch.from_numpy(mesh / side).float()[None], hidden)
        true = torch.from_numpy(mesh / side).float()[None]
        nodes = torch.where(share.unsqueeze(-1) > 0, landmarks(crop, hidden), true)
        # In units of a fully hidden mesh: the observation scales with the root of the share.
        scale = share.mean().sqrt().clamp_min(0.1)
        mesh_errors.append((knowledge.modes_of(nodes)[0] - coefficients[index]) / scale.sqrt())
    return torch.stack(mesh_errors).square().mean(0), torch.stack(emotion_errors).square().mean(0)
