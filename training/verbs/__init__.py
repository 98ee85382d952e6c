"""The training verbs of main.py: prepare, train ..., evaluate.

A verb is a thin function: it reads options, calls one function of `training`, and prints.
"""

from training.verbs import (
    ablation,
    detail,
    emotion,
    evaluate,
    exemplars,
    finetune,
    generator,
    networks,
    prepare,
    prior,
    retouch,
    shapes,
)
from training.verbs.apps import app

__all__ = [
    "ablation",
    "app",
    "detail",
    "emotion",
    "evaluate",
    "exemplars",
    "finetune",
    "generator",
    "networks",
    "prepare",
    "prior",
    "retouch",
    "shapes",
]
