"""The training verbs of main.py: prepare, train prior | generator | export, evaluate.

A verb is a thin function: it reads options, calls one function of `training`, and prints.
"""

from training.verbs import evaluate, generator, prepare, prior
from training.verbs.apps import app

__all__ = ["app", "evaluate", "generator", "prepare", "prior"]
