"""What is told of a library of faces that was made."""

from __future__ import annotations

from typing import Any

from gui.translation import tr


def library_told(name: str, told: dict[str, Any]) -> str:
    """Sentences about a library. told: how many photos and faces there were, of which regions, and
    what was left out (training.exemplars.Told as a dict)."""
    regions = told.get("regions", {})
    lines = [
        tr("The library of faces '{name}' is ready.").format(name=name),
        tr(
            "{faces} faces of {photos} photos: {eyes} pairs of eyes, {mouths} mouths, "
            "{noses} noses."
        ).format(
            faces=told.get("faces", 0),
            photos=told.get("photos", 0),
            eyes=regions.get("eyes", 0),
            mouths=regions.get("mouth", 0),
            noses=regions.get("nose", 0),
        ),
    ]
    left = {
        "unreadable": tr("{count} unreadable"),
        "without_face": tr("{count} without a face"),
        "small": tr("{count} too small"),
        "soft": tr("{count} not sharp"),
        "turned": tr("{count} turned away"),
    }
    words = [text.format(count=told[key]) for key, text in left.items() if told.get(key)]
    if words:
        lines.append(tr("Left out: {what}.").format(what=", ".join(words)))
    return "\n".join(lines)
