"""A model of the catalogue out of a trained emotion network, with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.catalogue.weights import Manifest
from engine.face.emotion import SIDE, EmotionNetwork
from training.emotion.config import EmotionConfig
from training.emotion.train import Reader
from training.export import export_model

TERMS = (
    "The data sets' terms are for research and other non-commercial use: FER2013 (Goodfellow et "
    "al. 2013) and CK+ (Lucey et al. 2010)."
)


def export(
    network: Reader,
    config: EmotionConfig,
    figures: dict[str, Any],
    folder: Path,
    facts: dict[str, Any],
) -> Manifest:
    """Write `folder` as a model named like it. figures: of `measure`. facts: of the run,
    see `facts_of`."""
    kind = "emotion" if isinstance(network, EmotionNetwork) else "judge"
    title = "Emotion network" if kind == "emotion" else "Independent judge of emotions"
    return export_model(
        folder,
        network,
        card(folder.name, config, figures, facts),
        title=title,
        kind=kind,
        native_crop=SIDE,
        licence="non-commercial research, by its training data",
        figures=figures,
        notes=_seen(config, facts),
    )


def card(name: str, config: EmotionConfig, figures: dict[str, Any], facts: dict[str, Any]) -> str:
    """The model card, Markdown."""
    role = _READER if config.network == "attention" else _JUDGE.format(kind=_KINDS[config.network])
    rows = "\n".join(f"| {text} | {_cell(figures[key])} |" for key, text in _ROWS if key in figures)
    classes = "\n".join(
        f"| {label} | {share:.1%} |" for label, share in figures.get("classes", {}).items()
    )
    return f"""# {name}

{role}

Seven classes: anger, disgust, fear, happiness, neutral, sadness, surprise. Input: grey 48 x 48 in
[-1, 1] framed like FER2013 with the hole zeroed, and the hole; `inputs` makes it of an aligned
crop.

## Training

{_seen(config, facts)}, on a CPU. Holes in half of the samples: {"yes" if config.holes else "no"}.
{config.optimiser}, one cycle to a learning rate of {config.learning_rate}, {config.processes} x
{config.batch} samples a step, label smoothing {config.smoothing}, averaged weights, seed
{config.seed}{_balanced(config)}. FER2013's official training split; of CK+ the subjects whose
number 5 does not divide, without contempt. JAFFE (Lyons et al. 1998) was never trained on. {TERMS}

## Measured

`main.py train emotion-measure --data FOLDER --model {name}`

| | |
|---|---|
{rows}

By class, FER2013 test, mirror image averaged in:

| class | right |
|---|---|
{classes}

## Limits

FER2013's own labels are noisy (people agree with them in about two thirds of the pictures). Rare
classes, disgust above all, are read least well. It reads the look of a face, not what a person
feels, and must not be used to judge people.
"""


_READER = (
    "Reads which of seven expressions an aligned face shows, from what its hole leaves visible. "
    "A small network after DAN (Wen et al. 2021): a residual trunk and four cross-attention heads. "
    "It is the reading beside a photo, what the emotion module is told, and a loss on its features."
)
_JUDGE = (
    "Measures whether a fill keeps the expression. {kind}, other weights, no holes in "
    "its training, and no part in any loss: what a generator learnt to please, it did not."
)
_KINDS = {
    "plain": "Plain convolutions",
    "squeeze": "Convolutions with squeeze-and-excitation (Hu et al. 2018)",
}
_ROWS = (
    ("accuracy", "FER2013 test, 3,589 faces, accuracy"),
    ("accuracy_mirror", "the same, mirror image averaged in (as `read` does)"),
    ("mean_class", "mean of the classes' accuracies"),
    ("ece", "expected calibration error, 15 bins"),
    ("mouth_hidden", "accuracy with the mouth hidden"),
    ("eyes_hidden", "accuracy with the eyes hidden"),
    ("ckplus", "CK+, subjects kept aside"),
    ("jaffe", "JAFFE, aligned by MediaPipe"),
    ("parameters", "parameters"),
    ("mmac", "million multiply-adds a pass"),
    ("ms", "milliseconds a `read` (two passes), 2 CPU cores"),
)


def _balanced(config: EmotionConfig) -> str:
    if not config.balance:
        return ""
    return f", a class of n faces drawn as n to the power of {1 - config.balance:g}"


def _cell(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) or value > 1 else f"{value:.1%}"


def _seen(config: EmotionConfig, facts: dict[str, Any]) -> str:
    names = {"fer2013": "FER2013", "ckplus": "CK+", "lfw_expressions": "LFW expressions"}
    sets = " and ".join(names.get(source, source) for source in config.sources)
    return (
        f"{facts['samples']:,} samples ({facts['epochs']} epochs) of {sets} in "
        f"{facts['seconds'] / 60:.0f} minutes"
    )
