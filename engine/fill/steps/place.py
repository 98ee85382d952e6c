"""Where the faces of a photo lie, and which part of the hole is whose."""

from __future__ import annotations

from engine.fill.photo_fill import PhotoFill, PlacedFill, PlainFill, SharedFill
from engine.fill.shares import share_out
from engine.photo import Photo


def unknown(fill: PhotoFill) -> Photo | None:
    """A photo whose faces have not been found yet."""
    return fill.photo if fill.known is None else None


def find_faces(fill: PhotoFill, photo: Photo) -> PhotoFill:
    """Writes known: every face of the photo, largest first (engine.face.finder)."""
    return fill.becomes(PhotoFill, known=fill.loaded.finder.find(photo.rgb8, fill.cancel))


def place_faces(fill: PhotoFill, _: bool) -> PlacedFill:
    """Reads known. Writes placement and faces: known ones that the hole hides a part of, placed by
    what is visible of them, and those that it hides (engine.face.placement)."""
    frames, known = fill.request.options.frames, fill.known or ()
    if fill.live:
        placement = fill.loaded.steady.place(fill.photo, fill.hole, known, frames)
    else:
        placer = fill.loaded.placer
        placement = placer.place(fill.photo.rgb8, fill.hole, known, frames, fill.cancel)
    faces = tuple(placed.face for placed in placement.faces)
    return fill.becomes(PlacedFill, placement=placement, faces=faces)


def share_hole(fill: PlainFill, _: bool) -> SharedFill:
    """Reads plain, faces. Writes shares: each pixel that a face may paint has one painter."""
    return fill.becomes(
        SharedFill, shares=tuple(share_out(fill.hole & ~fill.plain, fill.bounds, fill.faces))
    )
