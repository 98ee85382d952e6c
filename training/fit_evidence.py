"""Fitting what evidence weighs: `python -m training.fit_evidence VAL.zip [--limit N]`.

Every candidate that the program calls while it places the faces of training.placement's trials is
kept with its evidence and with whether it lies right. Logistic regression with a quadratic penalty
on those gives the constant and the weights of engine.face.evidence, as they stand there. How good
they are is told by photos that took no part: in FOLDS parts, each judged by a fit to the others,
beside the installed ones on the very same candidates (which may have been fitted to them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from engine.base.errors import MienError
from engine.catalogue.weights import load
from engine.face import geometry
from engine.face import landmarks as reading
from engine.face import locator as looking
from engine.face.evidence import CONSTANT, WEIGHTS, Evidence, Witnesses, measures
from engine.face.finder import FaceFinder
from engine.face.neighbourhood import View
from engine.face.placement import FacePlacer
from training.cases import faces_of
from training.placement import RIGHT, Trial, trials

PENALTY = 1.0  # of the squares of the weights, in candidates
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Heard:
    """Candidates of some trials. measured: N x M, of `engine.face.evidence.measures`. right: N
    bool. photo: N, the number of the trial."""

    measured: np.ndarray
    right: np.ndarray
    photo: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """constant, weights (M): of a logistic regression."""

    constant: float
    weights: np.ndarray

    def odds(self, measured: np.ndarray) -> np.ndarray:
        """The logarithm of the odds for N x M measures."""
        return self.constant + measured @ self.weights


class Listener(Witnesses):
    """Witnesses that keep what they said: (frame in photo pixels, evidence)."""

    def __init__(self, finder: FaceFinder) -> None:
        locator = load("locator", looking.Locator)
        if locator is None:
            raise MienError("No locator is installed; reinstall Mien or train one.")
        super().__init__(finder, locator, load("landmarks", reading.LandmarkNetwork))
        self.said: list[tuple[np.ndarray, Evidence]] = []

    def weigh(self, view: View, frame: np.ndarray, mesh: np.ndarray | None) -> Evidence | None:
        told = super().weigh(view, frame, mesh)
        if told is not None:
            self.said.append((geometry.compose(frame, geometry.invert(view.to_photo)), told))
        return told


class _Placer(FacePlacer):
    def __init__(self, finder: FaceFinder, listener: Listener) -> None:
        super().__init__(finder)
        self._witnesses = listener


def hear(chosen: Iterable[Trial], finder: FaceFinder) -> Heard:
    """Every candidate that placing the faces of trials calls. Raises MienError where there are
    none."""
    listener = Listener(finder)
    placer = _Placer(finder, listener)
    measured, right, photo = [], [], []
    for number, trial in enumerate(chosen):
        listener.said.clear()
        placer.place(trial.rgb, trial.hole, finder.find(trial.rgb))
        true = geometry.frame_from_mesh(trial.mesh)
        for frame, told in listener.said:
            measured.append(measures(told))
            right.append(looking.off(frame, true) < RIGHT)
            photo.append(number)
    if not measured:
        raise MienError("No candidate was called; give photos with faces.")
    return Heard(np.array(measured), np.array(right), np.array(photo))


def fitted(heard: Heard, penalty: float = PENALTY) -> Fit:
    """Logistic regression with a quadratic penalty, by L-BFGS. Raises MienError where all
    candidates lie right or none does."""
    from scipy.optimize import minimize

    if heard.right.all() or not heard.right.any():
        raise MienError("All candidates lie right, or none does; give more photos.")
    sign = np.where(heard.right, 1.0, -1.0)

    def loss(all_of_it: np.ndarray) -> tuple[float, np.ndarray]:
        constant, weights = all_of_it[0], all_of_it[1:]
        margin = sign * (constant + heard.measured @ weights)
        slope = -sign * np.exp(-np.logaddexp(0, margin))
        value = np.logaddexp(0, -margin).sum() + penalty / 2 * (weights @ weights)
        return value, np.concatenate([[slope.sum()], heard.measured.T @ slope + penalty * weights])

    start = np.zeros(heard.measured.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    return Fit(float(found[0]), found[1:])


def judged(odds: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """(mean negative log-likelihood, share of pairs of a right and a wrong one in which the right
    one is surer: the area under the ROC curve)."""
    sign = np.where(right, 1.0, -1.0)
    above = odds[right][:, None] - odds[~right][None]
    return float(np.logaddexp(0, -sign * odds).mean()), float((np.sign(above) + 1).mean() / 2)


def crossed(heard: Heard) -> np.ndarray:
    """The odds of every candidate by a fit to photos of other parts, N."""
    odds = np.zeros(len(heard.right))
    for part in range(FOLDS):
        out = heard.photo % FOLDS == part
        if out.any():
            kept = Heard(heard.measured[~out], heard.right[~out], heard.photo[~out])
            odds[out] = fitted(kept).odds(heard.measured[out])
    return odds


def main(faces: Path, limit: Annotated[int | None, typer.Option()] = None, seed: int = 1) -> None:
    """Fit the weights to the trials of faces (a zip of `main.py prepare`), and print them."""
    known = list(faces_of(faces))
    chosen = np.random.default_rng(seed).permutation(len(known))[:limit]
    heard = hear(trials([known[index] for index in chosen], seed), FaceFinder())
    installed = Fit(CONSTANT, np.array(WEIGHTS))
    typer.echo(f"{len(heard.right)} candidates, {heard.right.mean():.0%} right")
    typer.echo("| weights | log-likelihood | area under the curve |\n|---|---|---|")
    for name, odds in (
        ("installed", installed.odds(heard.measured)),
        ("fitted here, to other photos", crossed(heard)),
    ):
        likely, area = judged(odds, heard.right)
        typer.echo(f"| {name} | {-likely:.4f} | {area:.4f} |")
    fit = fitted(heard)
    typer.echo(f"CONSTANT = {fit.constant:.3f}")
    typer.echo("WEIGHTS = (" + ", ".join(f"{w:.2f}" for w in fit.weights) + ")")


if __name__ == "__main__":
    typer.run(main)
