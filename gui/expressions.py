"""Names of expressions and of what a fill was asked for."""

from __future__ import annotations

from engine.inpaint import FillOptions
from engine.readings import EMOTIONS, KEEP, OFF
from gui.translation import tr

# In the order they are shown: what photos hold most comes first.
SHOWN = ("happiness", "neutral", "surprise", "sadness", "anger", "fear", "disgust")
assert set(SHOWN) == set(EMOTIONS)


def names() -> dict[str, str]:
    """The expressions' names, in the order they are shown."""
    return {
        "happiness": tr("Happiness"),
        "neutral": tr("Neutral"),
        "surprise": tr("Surprise"),
        "sadness": tr("Sadness"),
        "anger": tr("Anger"),
        "fear": tr("Fear"),
        "disgust": tr("Disgust"),
    }


def setting(options: FillOptions) -> str:
    """The emotion a fill was asked for, in a few words."""
    if options.emotion == OFF:
        return tr("Emotion off")
    if options.emotion == KEEP:
        return tr("Expression kept")
    return f"{names()[options.emotion]} {options.strength * 100:.0f} %"
