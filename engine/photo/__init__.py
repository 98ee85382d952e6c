"""Photos: files in, values that never change, files out; the only place that knows file formats.

`value` is an open photo and `file` opens and saves it; `decode` and `encode` go from bytes to
pixels and back, with a reader or a writer for each format beside them; `patch` and `compositing`
are what is laid on a photo, and how.
"""

from engine.photo.file import (
    JPEG_SUFFIXES,
    OPEN_SUFFIXES,
    SAVE_SUFFIXES,
    IncompletePhotoError,
    Saved,
    changed_on_disk,
    check_destination,
    check_room,
    file_of,
    may_lie,
    open_photo,
    photo_of,
    save_losses,
    save_photo,
    stamp_of,
    why_anew,
    write_photo,
)
from engine.photo.value import Photo, Stamp, photo_from_array

__all__ = [
    "JPEG_SUFFIXES",
    "OPEN_SUFFIXES",
    "SAVE_SUFFIXES",
    "IncompletePhotoError",
    "Photo",
    "Saved",
    "Stamp",
    "changed_on_disk",
    "check_destination",
    "check_room",
    "file_of",
    "may_lie",
    "open_photo",
    "photo_from_array",
    "photo_of",
    "save_losses",
    "save_photo",
    "stamp_of",
    "why_anew",
    "write_photo",
]
