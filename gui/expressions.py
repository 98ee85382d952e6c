"""Names of expressions and of what a fill was asked for."""

from __future__ import annotations

from engine.inpaint import FillOptions
from engine.readings import EMOTIONS, KEEP, OFF
from gui.translation import mark, tr

# In the order they are shown: what photos hold most comes first.
NAMES = {
    "happiness": mark("Happiness"),
    "neutral": mark("Neutral"),
    "surprise": mark("Surprise"),
    "sadness": mark("Sadness"),
    "anger": mark("Anger"),
    "fear": mark("Fear"),
    "disgust": mark("Disgust"),
}
assert set(NAMES) == set(EMOTIONS)


def names() -> dict[str, str]:
    """The expressions' names in the interface's language, in the order they are shown."""
    return {name: tr(text) for name, text in NAMES.items()}


def setting(options: FillOptions) -> str:
    """The emotion a fill was asked for, in a few words."""
    if options.emotion == OFF:
        return tr("Emotion off")
    if options.emotion == KEEP:
        return tr("Expression kept")
    return f"{names()[options.emotion]} {options.strength * 100:.0f} %"
