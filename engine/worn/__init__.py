"""What is worn over a face, as outlines: `network` sees it, `outline` makes masks
of what it saw. Parts of the face itself are drawn from the mesh: `engine.face.parts`."""

from engine.worn.things import THINGS

__all__ = ["THINGS"]
