"""Masks out of picture files: whatever another program calls a mask, as how much of each pixel is
filled.

White on black is taken as it is, soft values and all. Everything else is understood by what it
is: a drawing on a transparent ground by its transparency, numbered or coloured classes by what is
not the ground, a ground that is not quite black or a white that is not quite white by stretching.
What could mean two things is refused with the words that decide it.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from engine.base.atomic import write_atomically
from engine.base.errors import MienError
from engine.mask.mask import Mask, sizes_differ
from engine.photo import open_photo
from engine.photo.source import eight_bit, grey_of
from engine.photo.turning import upright

_LABELS = 64  # numbered classes: all values below this, black to the eye
_DARK = 48  # a ground is no lighter than this
_NOISE = 24  # of 255: what lossy compression leaves around an edge
_NEAR = 24  # of 255: colours this close are one
_MARKER_NEAR, _MARKER_SURE = 90, 20  # of 255, from a marker's colour: its rim, its body
_PHOTO_COLOURS = 24  # kinds of colours that a drawing may have
_ALMOST_ALL, _BORDER = 0.85, 0.9


def open_mask(
    path: Path | str,
    size: tuple[int, int] | None = None,
    *,
    invert: bool = False,
    marker: tuple[int, int, int] | None = None,
    orientation: int = 1,
) -> Mask:
    """Read a mask from a picture: white fills, grey fills that much.

    size: the photo's (width, height); another size raises MienError naming both. orientation: by
    which the photo was turned; a mask of the size it had before was drawn on it as it lies, and is
    turned as well. invert: fill what
    the picture keeps. marker: the picture is a photo, and what is painted on it in this (red,
    green, blue) is filled. A photo without a marker raises MienError.
    """
    photo = open_photo(path)
    pixels = photo.pixels
    if orientation >= 5 and photo.size != size and photo.size[::-1] == size:
        pixels = upright(pixels, orientation)
    elif size is not None and photo.size != size:
        raise MienError(f"{Path(path).name}: {sizes_differ(photo.size, size)}")
    if pixels.dtype == np.uint16 and pixels[..., :3].max() < 256:
        pixels = pixels.astype(np.uint8)  # numbered classes in 16 bit, black to the eye
    pixels = eight_bit(pixels)
    if marker is not None:
        values = marker_values(pixels, marker)
    else:
        lossy = is_lossy(photo.format, photo.metadata.lossless)
        values = mask_values(pixels, lossy=lossy, name=Path(path).name)
    mask = Mask(values)
    return mask.invert() if invert else mask


def save_mask(mask: Mask, path: Path | str, *, overwrite: bool = False) -> Path:
    """Save a mask as a grey PNG. Raises MienError when the file exists or cannot be written."""
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() != ".png":
        raise MienError(f"A mask is saved as PNG; end '{path.name}' in .png.")
    if path.exists() and not overwrite:
        raise MienError(f"{path} exists; choose another name or allow overwriting.")
    buffer = io.BytesIO()
    Image.fromarray(mask.pixels).save(buffer, "PNG", compress_level=1)
    write_atomically(path, lambda file: file.write(buffer.getbuffer()))
    return path


def mask_values(pixels: np.ndarray, *, lossy: bool = False, name: str = "The mask") -> np.ndarray:
    """H x W uint8: how much each pixel is filled, by a picture of a mask.

    pixels: H x W x 3 or 4 uint8 RGB(A). lossy: it comes from a JPEG or the like. Raises MienError
    for a picture that is a photo rather than a mask.
    """
    rgb = pixels[..., :3]
    if pixels.shape[2] == 4 and _decides(pixels[..., 3]):
        return _by_transparency(rgb, pixels[..., 3], lossy, name)
    return _by_colour(rgb, lossy, name)


def marker_values(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The same as marked_values. Raises MienError where nothing is marked."""
    marked = marked_values(pixels, colour)
    if not marked.any():
        painted = "#{:02x}{:02x}{:02x}".format(*colour)
        raise MienError(f"Nothing is marked in {painted}; give the colour that was painted with.")
    return marked


def marked_values(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """H x W uint8: 255 on what is painted in a marker's colour on a photo, its soft rim included.

    pixels: H x W x 3 or 4 uint8 RGB(A). The rim is what is near in place and colour, so that
    compression and anti-aliasing leave no coloured border.
    """
    import cv2

    distance = np.abs(pixels[..., :3].astype(np.int16) - np.array(colour, np.int16)).max(axis=2)
    sure = distance <= _MARKER_SURE
    # The photo may have hints of the colour anywhere: a mark is where the colour itself is.
    solid = cv2.morphologyEx(sure.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(sure.astype(np.uint8), connectivity=8)
    has_body = np.zeros(count, bool)
    has_body[np.unique(labels[solid > 0])] = True
    has_body[0] = False
    body = has_body[labels].astype(np.uint8)
    # The rim that the brush or the compression mixed with the photo is near, in place and colour.
    near = (distance <= _MARKER_NEAR).astype(np.uint8)
    reach = max(4, round(0.004 * min(pixels.shape[:2])))
    marked = body | (cv2.dilate(body, np.ones((2 * reach + 1,) * 2, np.uint8)) & near)
    return cv2.dilate(marked, np.ones((5, 5), np.uint8)) * np.uint8(255)


def parse_colour(text: str) -> tuple[int, int, int]:
    """'red', '#f00', '#ff0000', 'ff0000' or '255,0,0' as (red, green, blue). Raises MienError."""
    from PIL import ImageColor

    text = text.strip()
    for spelled in (text, f"#{text}", f"rgb({text})"):
        try:
            return ImageColor.getrgb(spelled)[:3]
        except ValueError:
            continue
    raise MienError(f"'{text}' is no colour; write red, #ff0000 or 255,0,0.")


def refuse_doubtful(mask: Mask, name: str) -> None:
    """Raises MienError for a mask that would repaint nearly everything, or looks inverted."""
    hole = mask.hole
    share = float(hole.mean())
    border = np.concatenate([hole[0], hole[-1], hole[:, 0], hole[:, -1]])
    percent = f"{share:.0%}".replace("%", " %")
    if share >= 1:
        raise MienError(
            f"The mask {name} would repaint the whole photo; paint white only what should be "
            "filled, or confirm that it is meant so (--yes)."
        )
    if share > 0.5 and float(border.mean()) > _BORDER:
        raise MienError(
            f"The mask {name} would repaint {percent} of the photo and looks inverted; invert it "
            "(--invert) to fill what is black instead, or confirm that it is meant so (--yes)."
        )
    if share > _ALMOST_ALL:
        raise MienError(
            f"The mask {name} would repaint {percent} of the photo; invert it (--invert) to fill "
            "what is black instead, or confirm that it is meant so (--yes)."
        )


def is_lossy(format_: str, lossless: bool) -> bool:
    """Whether a file's format blurs values."""
    return format_ in ("JPEG", "AVIF", "HEIF", "JXL") or (format_ == "WEBP" and not lossless)


def _decides(alpha: np.ndarray) -> bool:
    """Whether transparency says something: it varies by more than a trace."""
    low, high = int(alpha.min()), int(alpha.max())
    return high - low > 8


def _by_transparency(rgb: np.ndarray, alpha: np.ndarray, lossy: bool, name: str) -> np.ndarray:
    seen = alpha > 127 if (alpha > 127).any() else alpha > 0
    drawn = rgb[seen]
    if drawn.size and _is_photo(rgb, seen):
        # A photo with a part erased: the erased part is what is to be filled.
        return _two_ended(255 - alpha, lossy)
    grey = _luminance(drawn)
    if (grey < 64).mean() > 0.01 and (grey > 191).mean() > 0.01 and _is_grey(drawn):
        # Black and white were both drawn, so black says "keep".
        return np.minimum(_two_ended(_luminance(rgb), lossy), _two_ended(alpha, lossy))
    return _two_ended(alpha, lossy)


def _by_colour(rgb: np.ndarray, lossy: bool, name: str) -> np.ndarray:
    spread = rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)
    if (spread > (_NEAR if lossy else 8)).mean() < 0.0005:
        grey = _luminance(rgb)
        if _is_photo_grey(grey):
            raise _photo_error(name)
        return _two_ended(grey, lossy)
    if _is_photo(rgb, np.ones(rgb.shape[:2], bool)):
        raise _photo_error(name)
    return _classes(rgb, lossy)


def _photo_error(name: str) -> MienError:
    return MienError(
        f"{name} looks like a photo rather than a mask; give a picture that is white where "
        "something should be filled, or say the colour of the marks painted on it "
        "(--marker red)."
    )


def _classes(rgb: np.ndarray, lossy: bool) -> np.ndarray:
    """Coloured classes on a ground: everything that is not the ground."""
    ground = _ground(rgb)
    distance = np.abs(rgb.astype(np.int16) - ground).max(axis=2)
    # The least distinct class of any size is full; what lies below it is an edge.
    near = distance > (_NEAR * 2 if lossy else _NEAR)
    if not near.any():
        return np.zeros(rgb.shape[:2], np.uint8)
    counts = np.bincount(distance[near], minlength=256)
    sizeable = np.flatnonzero(counts >= max(1, 0.02 * near.sum()))
    full = int(sizeable[0]) if sizeable.size else int(np.median(distance[near]))
    if lossy:
        full = max(full - 8, _NEAR * 2)
    low = _NEAR if lossy else 0
    scaled = (distance.astype(np.float32) - low) / max(1, full - low)
    return (scaled.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _ground(rgb: np.ndarray) -> np.ndarray:
    """The ground's colour: black where there is black enough, else the border's commonest."""
    dark = rgb.max(axis=2) <= 48
    if dark.mean() > 0.02:
        return np.median(rgb[dark], axis=0).astype(np.int16)
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    coarse = (border >> 3).astype(np.int32) @ np.array([1024, 32, 1])
    values, counts = np.unique(coarse, return_counts=True)
    return np.median(border[coarse == values[counts.argmax()]], axis=0).astype(np.int16)


def _two_ended(grey: np.ndarray, lossy: bool) -> np.ndarray:
    """Grey values stretched so that the ground is 0 and what is surely meant is 255.

    Values from 0 to 255 stay exactly what they are.
    """
    counts = np.bincount(grey.ravel(), minlength=256)
    values = np.flatnonzero(counts)
    if values.size == 1:
        return grey if values[0] in (0, 255) else np.where(grey > 127, 255, 0).astype(np.uint8)
    if not lossy and values[-1] < _LABELS and (values.size <= 32 and values[0] == 0):
        return np.where(grey > 0, 255, 0).astype(np.uint8)  # numbered classes
    lossy = lossy or _is_noisy(counts)
    ground, top = _ends(counts)
    if ground == 0 and top == 255 and not lossy:
        return grey
    if lossy:
        ground, top = ground + _NOISE, max(top - _NOISE, ground + _NOISE + 1)
    scaled = (grey.astype(np.float32) - ground) / max(1, top - ground)
    return (scaled.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _is_noisy(counts: np.ndarray) -> bool:
    """Whether values gather beside the ends rather than between them, as compression makes them.

    A soft edge passes through all values alike, a feathered one no more often near its ends.
    """
    beside = counts[1 : _NOISE + 1].sum() + counts[255 - _NOISE : 255].sum()
    between = counts[_NOISE + 1 : 255 - _NOISE].sum()
    both = counts[: _NOISE + 1].sum() and counts[255 - _NOISE :].sum()
    return bool(both and np.count_nonzero(counts) > 12 and beside > 2 * between)


def _ends(counts: np.ndarray) -> tuple[int, int]:
    """The values of ground and of what is full, by a histogram of 256."""
    total = counts.sum()
    low = int(np.flatnonzero(counts)[0])
    dark, between = counts[: _DARK + 1], counts[_DARK + 1 : 200].sum()
    ground = 0
    if dark.max() > max(0.3 * dark.sum(), 0.02 * total) or dark.argmax() == 0 < dark[0]:
        ground = int(dark.argmax())
    elif dark.sum() > 0.3 * total and between < 0.1 * total:
        ground = int(np.searchsorted(np.cumsum(dark), 0.999 * dark.sum()))
    elif low > _DARK and counts[low] > 0.02 * total:
        ground = low
    above = counts.copy()
    above[: ground + _NOISE] = 0
    bright = above.copy()
    bright[:160] = 0
    if not above.any():
        return ground, int(np.flatnonzero(counts)[-1])
    if bright.max() > 0.3 * bright.sum() or bright.argmax() == 255:
        return ground, int(bright.argmax())
    if bright.sum() > 0.5 * above.sum():
        return ground, int(np.searchsorted(np.cumsum(bright), 0.02 * bright.sum()))
    # The uppermost value that many pixels share; a soft mask without one is taken as it is.
    shared = np.flatnonzero(above >= 0.2 * above.sum())
    return ground, int(shared[-1]) if shared.size else 255


def _luminance(rgb: np.ndarray) -> np.ndarray:
    return grey_of(rgb)


def _is_grey(colours: np.ndarray) -> bool:
    spread = colours.max(axis=-1).astype(np.int16) - colours.min(axis=-1)
    return bool((spread > _NEAR).mean() < 0.01)


def _is_photo(rgb: np.ndarray, where: np.ndarray) -> bool:
    """Whether a picture has more colours than somebody draws with, and fine detail."""
    colours = rgb[where]
    if colours.shape[0] < 64:
        return False
    coarse = (colours >> 4).astype(np.int32) @ np.array([256, 16, 1])
    counts = np.sort(np.bincount(coarse, minlength=4096))[::-1]
    if _is_grey(colours):
        grey = np.where(where, _luminance(rgb), 0).astype(np.uint8)
        return _is_photo_grey(grey, where)
    return bool(counts[_PHOTO_COLOURS:].sum() > 0.1 * counts.sum())


def _is_photo_grey(grey: np.ndarray, where: np.ndarray | None = None) -> bool:
    """Whether grey values are a photo's: in between, and not smoothly so."""
    import cv2

    middle = (grey > 40) & (grey < 216)
    if where is not None:
        middle &= cv2.erode(where.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    area = grey.size if where is None else max(1, int(where.sum()))
    if middle.sum() < 0.25 * area:
        return False
    values = np.unique(grey[middle])
    if values.size < 48:
        return False
    rough = np.abs(cv2.Laplacian(grey, cv2.CV_16S, ksize=1))[middle]
    return float((rough >= 2).mean()) > 0.25
