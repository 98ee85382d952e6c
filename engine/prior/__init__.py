"""The face prior: what a hidden part of a face most probably looks like."""

from engine.prior.prior import FacePrior, Observation, Posterior

__all__ = ["FacePrior", "Observation", "Posterior"]
