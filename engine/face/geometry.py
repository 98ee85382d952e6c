"""Frames: where a face is put to the networks, and the way there and back.

Coordinates are continuous: pixel (i, j) of a picture covers [i, i + 1) x [j, j + 1), its centre
is at (i + 0.5, j + 0.5). That is also what MediaPipe's normalised points become when multiplied
by the picture's size. OpenCV puts pixel centres on whole numbers; `_pixel_matrix` is the one
place that knows.

A frame is a 2 x 3 float64 matrix that maps photo coordinates to the unit square of the frame.
Everything here is cheap to import (NumPy only; OpenCV on first use).
"""

from __future__ import annotations

import numpy as np

# Where the framing puts the eye centres and the mouth, in units of the frame's side. The frame
# spans brow to chin and ear to ear of a frontal face.
LEFT_EYE = (0.345, 0.40)
RIGHT_EYE = (0.655, 0.40)
MOUTH = (0.5, 0.735)

# The box that a mean face's mesh takes inside the frame: x, y, width, height in frame units.
FACE_BOX = (0.115, 0.10, 0.77, 0.875)


def similarity(
    source: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Least-squares similarity (scale, rotation, shift; no reflection) from N x 2 to N x 2 points.

    weight: N, how much each point counts; None: all the same. Umeyama 1991, restricted to the plane
    where it has a closed form. Returns 2 x 3 float64.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    source_mean, target_mean = (np.average(one, 0, weight) for one in (source, target))
    a, b = source - source_mean, target - target_mean
    counted = a if weight is None else a * weight[:, None]
    norm = (counted * a).sum()
    cosine = (counted * b).sum() / norm
    sine = (counted[:, 0] * b[:, 1] - counted[:, 1] * b[:, 0]).sum() / norm
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def frame_from_mesh(mesh: np.ndarray) -> np.ndarray:
    """The frame of a face: eye centres and mouth brought to their places.

    mesh: 478 x 2, photo coordinates. Returns 2 x 3.
    """
    from engine.face.mesh import eye_centres, mouth_centre

    left, right = eye_centres(mesh)
    return similarity(
        np.stack([left, right, mouth_centre(mesh)]), np.array([LEFT_EYE, RIGHT_EYE, MOUTH])
    )


def frame_from_box(
    x: float, y: float, width: float, height: float, angle: float = 0.0
) -> np.ndarray:
    """The frame for a face whose brow-to-chin, ear-to-ear box is known, but not its mesh.

    angle: degrees clockwise about the box's centre. Returns 2 x 3.
    """
    side = (width / FACE_BOX[2] + height / FACE_BOX[3]) / 2
    centre = np.array([x + width / 2, y + height / 2])
    radians = np.deg2rad(angle)
    cosine, sine = np.cos(radians), np.sin(radians)
    linear = np.array([[cosine, sine], [-sine, cosine]]) / side
    middle = np.array([FACE_BOX[0] + FACE_BOX[2] / 2, FACE_BOX[1] + FACE_BOX[3] / 2])
    return np.column_stack([linear, middle - linear @ centre])


def invert(matrix: np.ndarray) -> np.ndarray:
    """The inverse of a 2 x 3 affine matrix."""
    (a, b), (c, d) = matrix[:, :2].tolist()
    linear = np.array([[d, -b], [-c, a]]) / determinant(matrix)
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def determinant(matrix: np.ndarray) -> float:
    """How many times as large an area is after a 2 x 3 matrix; negative where it mirrors."""
    # In closed form: LAPACK would wake its threads, hundreds of times a fill, for two by two.
    (a, b), (c, d) = matrix[:, :2].tolist()
    return a * d - b * c


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The 2 x 3 matrix that applies `inner`, then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """N x 2 points through a 2 x 3 matrix."""
    return np.asarray(points) @ matrix[:, :2].T + matrix[:, 2]


def frame_side(frame: np.ndarray) -> float:
    """The side of a frame in photo pixels."""
    return float(1.0 / np.sqrt(abs(determinant(frame))))


def frame_corners(frame: np.ndarray) -> np.ndarray:
    """The frame's four corners in photo coordinates, 4 x 2, clockwise from upper left."""
    return transform(invert(frame), np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64))


def grown(frame: np.ndarray, by: float) -> np.ndarray:
    """The frame (2 x 3) around the same middle whose side is `by` times as long."""
    return np.column_stack([frame[:, :2] / by, (frame[:, 2] - 0.5) / by + 0.5])


def bounds(frame: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The upright box (x, y, width, height) in whole pixels around a frame, cut to `size`.

    `size` is (width, height); the box is empty (width or height 0) when the frame lies outside.
    """
    corners = frame_corners(frame)
    x0, y0 = np.clip(np.floor(corners.min(0)), 0, size).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)), 0, size).astype(int)
    return int(x0), int(y0), int(x1 - x0), int(y1 - y0)


def _pixel_matrix(frame: np.ndarray, side: int, margin: float = 1.0) -> np.ndarray:
    """Photo pixel indices -> crop pixel indices; the frame fills 1/margin of the crop."""
    scale = side / margin
    linear = frame[:, :2] * scale
    shift = (frame[:, 2] - 0.5) * scale + side / 2 + linear @ np.array([0.5, 0.5]) - 0.5
    return np.column_stack([linear, shift])


def cut(
    picture: np.ndarray,
    frame: np.ndarray,
    side: int,
    *,
    margin: float = 1.0,
    border: str = "reflect",
    smooth: bool = True,
) -> np.ndarray:
    """The crop of a frame: side x side pixels of `picture` (H x W or H x W x C, any OpenCV depth,
    or bool, which is cut as 0 and 255).

    Downscaling is anti-aliased: the picture is first reduced by area to at most twice the crop's
    resolution. `margin` > 1 shows that much more around the frame. border: "reflect", "edge" or
    "zero" beyond the photo. smooth=False takes the nearest pixel (for masks that must stay hard).
    """
    import cv2

    matrix = _pixel_matrix(frame, side, margin)
    height, width = picture.shape[:2]
    # Work on the neighbourhood only: a face in a 48 MP photo costs what the face costs.
    corners = transform(invert(matrix), np.array([[-1, -1], [side, -1], [side, side], [-1, side]]))
    x0, y0 = np.clip(np.floor(corners.min(0)) - 4, 0, (width - 1, height - 1)).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)) + 5, (x0 + 1, y0 + 1), (width, height)).astype(int)
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    if part.dtype == bool:
        part = part.view(np.uint8) * np.uint8(255)
    matrix = compose(matrix, np.array([[1, 0, x0], [0, 1, y0]], np.float64))

    scale = float(np.sqrt(abs(determinant(matrix))))
    if smooth and scale < 0.7:
        # One area reduction to about 1.4 times the crop's resolution, then the exact warp.
        factor = min(1.0, scale * 1.4)
        new_w = max(1, round(part.shape[1] * factor))
        new_h = max(1, round(part.shape[0] * factor))
        fx, fy = part.shape[1] / new_w, part.shape[0] / new_h
        part = cv2.resize(part, (new_w, new_h), interpolation=cv2.INTER_AREA)
        # Index of a reduced pixel -> index of the part: centres stay centres.
        matrix = compose(
            matrix, np.array([[fx, 0, fx / 2 - 0.5], [0, fy, fy / 2 - 0.5]], np.float64)
        )
    interpolation = cv2.INTER_NEAREST
    if smooth:
        interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    mode = {
        "reflect": cv2.BORDER_REFLECT_101,
        "edge": cv2.BORDER_REPLICATE,
        "zero": cv2.BORDER_CONSTANT,
    }[border]
    return cv2.warpAffine(part, matrix, (side, side), flags=interpolation, borderMode=mode)


def beyond(frame: np.ndarray, size: tuple[int, int], side: int) -> np.ndarray:
    """Which pixels of a frame's crop lie beyond the photo, side x side bool. size: of the photo,
    width and height."""
    line = (np.arange(side) + 0.5) / side
    across, down = np.meshgrid(line, line)
    x, y = transform(invert(frame), np.column_stack([across.ravel(), down.ravel()])).T
    outside = (x < 0) | (y < 0) | (x >= size[0]) | (y >= size[1])
    return outside.reshape(side, side)


def put_back(crop: np.ndarray, frame: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """A crop (side x side x C) resampled to the photo's pixels inside `box`, the crop's dtype.

    Bicubic when the photo is finer than the crop, area-reduced first when it is coarser.
    """
    import cv2

    side = crop.shape[0]
    x, y, width, height = box
    matrix = _pixel_matrix(frame, side)
    scale = float(np.sqrt(abs(determinant(matrix))))  # crop pixels a photo pixel
    if scale > 1.4:
        reduced = max(2, round(side / scale))
        crop = cv2.resize(crop, (reduced, reduced), interpolation=cv2.INTER_AREA)
        matrix = _pixel_matrix(frame, reduced)
    matrix = compose(matrix, np.array([[1, 0, x], [0, 1, y]], np.float64))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        crop, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
