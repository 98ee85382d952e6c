"""A face with things laid on it: where they go, and the light, edges and grain they get.

Things are designed in face coordinates, u across and v down from the middle of the eyes of the mean
face, one unit from eye to eye (mouth at v = 1.08, chin 1.79, ears u = 1.1). A thin-plate spline
through the mesh's outline, eyes, nose and lips (Bookstein 1989) carries them to the photo, so that
they turn, tilt and stretch as the face does.

What is laid is kept as an overlay, transmission and colour, at most FINEST pixels from eye to eye,
and only at the end put on the photo at its own size, with the photo's own grain.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import cv2
import numpy as np

from engine.base.errors import MienError
from engine.face import geometry
from engine.face import mesh as nodes
from engine.face.parts import part_mask
from engine.face.shape import load_shapes
from training.worn.ways import curved, walked

FINEST = 360.0  # pixels from eye to eye at which things are drawn at most
REACH = 3.2  # units around the mesh in which things lie
MARGIN = 0.09  # units: side of the square that a mask is grown by
COARSE = 96  # cells along a side of the grid that the face coordinates are solved on
STIFF = 0.02  # smoothing of the splines: folded meshes of profiles stay one surface
_EYE_TO_EYE = geometry.RIGHT_EYE[0] - geometry.LEFT_EYE[0]  # in frame units
_ANCHORS = (*nodes.OVAL, 33, 133, 263, 362, 168, 197, 5, 4, 2, 61, 291, 0, 17, 205, 425)


class Scene:
    """A photo (H x W x 3 uint8) with a face (mesh: 478 x 2 photo pixels) and what is laid on it.

    photo: float32, 0..255, the neighbourhood of the face at the scale that is drawn at. mesh: in
    its pixels. unit: pixels from eye to eye, as of a face seen from the front. size: (width,
    height). stiff: what is laid is no part of the face and does not bend with it; its coordinates
    are a similarity. Raises MienError where the face lies outside the photo or no shapes are
    installed.
    """

    def __init__(
        self, photo: np.ndarray, mesh: np.ndarray, rng: np.random.Generator, *, stiff: bool = False
    ) -> None:
        mesh = np.asarray(mesh, np.float64)
        self.rng = rng
        self._whole = photo
        # A profile's eyes are close together, its frame is as large as ever.
        self.whole_unit = _EYE_TO_EYE * geometry.frame_side(geometry.frame_from_mesh(mesh))
        height, width = photo.shape[:2]
        low = np.floor(mesh.min(0) - REACH * self.whole_unit).clip(0, (width, height))
        high = np.ceil(mesh.max(0) + REACH * self.whole_unit).clip(0, (width, height))
        (x0, y0), (x1, y1) = low.astype(int), high.astype(int)
        if x1 - x0 < 8 or y1 - y0 < 8:
            raise MienError("The face lies outside its photo; nothing can be worn on it.")
        self._box = x0, y0, x1, y1
        part = photo[y0:y1, x0:x1]
        scale = min(1.0, FINEST / self.whole_unit)
        self.size = max(8, round((x1 - x0) * scale)), max(8, round((y1 - y0) * scale))
        if scale < 1:
            part = cv2.resize(part, self.size, interpolation=cv2.INTER_AREA)
        zoom = np.array(self.size) / (x1 - x0, y1 - y0)
        self.photo = part.astype(np.float32)
        self.mesh = (mesh - (x0, y0)) * zoom
        self.unit = self.whole_unit * scale
        self._through = np.ones((*self.photo.shape[:2], 3), np.float32)
        self._colour = np.zeros_like(self.photo)
        self._touched = np.zeros(self.photo.shape[:2], bool)

        canonical = _canonical()[list(_ANCHORS)]
        placed = self.mesh[list(_ANCHORS)]
        self._plain = geometry.similarity(_canonical(), self.mesh) if stiff else None
        # Beyond the face it goes on as a plane: a spline alone runs wild there.
        around = np.arange(12) * np.pi / 6
        ring = np.stack([3.2 * np.cos(around), 0.5 + 3.4 * np.sin(around)], 1)
        plain = np.column_stack([canonical, np.ones(len(canonical))])
        affine = np.linalg.lstsq(plain, placed, rcond=None)[0]
        far = np.column_stack([ring, np.ones(len(ring))]) @ affine
        from_, to = np.vstack([canonical, ring]), np.vstack([placed, far]) / self.unit
        # The installed program carries no SciPy, and draws nothing that is worn.
        from scipy.interpolate import RBFInterpolator

        self._there = RBFInterpolator(from_, to, kernel="thin_plate_spline", smoothing=STIFF)
        self._back = RBFInterpolator(to, from_, kernel="thin_plate_spline", smoothing=STIFF)

    # Where things are

    def at(self, points: np.ndarray) -> np.ndarray:
        """N x 2 face coordinates in pixels of `photo`."""
        if self._plain is not None:
            return geometry.transform(self._plain, np.reshape(points, (-1, 2)))
        return self._there(np.asarray(points, np.float64).reshape(-1, 2)) * self.unit

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """The face coordinates u and v of every pixel, two H x W float32."""
        width, height = self.size
        if self._plain is not None:
            (a, b, c), (d, e, f) = geometry.invert(self._plain).astype(np.float32)
            x = np.arange(width, dtype=np.float32) + np.float32(0.5)
            y = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
            return a * x + b * y + c, d * x + e * y + f
        x = (np.arange(COARSE) + 0.5) * width / COARSE
        y = (np.arange(COARSE) + 0.5) * height / COARSE
        places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2) / self.unit
        solved = self._back(places).reshape(COARSE, COARSE, 2).astype(np.float32)
        large = cv2.resize(solved, self.size, interpolation=cv2.INTER_CUBIC)
        return large[..., 0], large[..., 1]

    def area(self, outline: np.ndarray, *, smooth: bool = True) -> np.ndarray:
        """How much of every pixel lies inside an outline of face coordinates, H x W in 0..1."""
        points = curved(np.asarray(outline, np.float64)) if smooth else np.asarray(outline)
        return self.polygon(self.at(points))

    def polygon(self, points: np.ndarray) -> np.ndarray:
        """The same of an outline in pixels of `photo`."""
        canvas = np.zeros(self.photo.shape[:2], np.uint8)
        corners = np.round((points - 0.5) * 16).clip(-(2**24), 2**24).astype(np.int32)
        cv2.fillPoly(canvas, [corners], (255,), cv2.LINE_AA, 4)
        return canvas.astype(np.float32) / 255

    def line(self, way: np.ndarray, width: float, *, smooth: bool = True) -> np.ndarray:
        """A line of face coordinates, `width` units wide, H x W in 0..1."""
        points = walked(np.asarray(way, np.float64)) if smooth else np.asarray(way)
        canvas = np.zeros(self.photo.shape[:2], np.uint8)
        pixels = width * self.unit
        corners = np.round((self.at(points) - 0.5) * 16).astype(np.int32)
        cv2.polylines(canvas, [corners], False, (255,), max(1, round(pixels)), cv2.LINE_AA, 4)
        return canvas.astype(np.float32) / 255 * min(1.0, pixels)

    def blurred(self, values: np.ndarray, sigma: float) -> np.ndarray:
        """Values (H x W or H x W x C) blurred by `sigma` units."""
        return cv2.GaussianBlur(values, (0, 0), max(0.05, sigma * self.unit))

    def noise(self, across: float, down: float | None = None) -> np.ndarray:
        """Smooth noise on the face, features of `across` x `down` units: H x W, about -1..1."""
        u, v = self.grid
        down = across if down is None else down
        cells = self.rng.standard_normal((64, 64)).astype(np.float32)
        x, y = ((u + 4) / across) % 63, ((v + 4) / down) % 63
        return cv2.remap(cells, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)

    # What the photo is like

    @cached_property
    def skin(self) -> np.ndarray:
        """The face's skin colour, 3 in 0..255: the median over the skin that the mesh outlines."""
        where = part_mask(self.mesh, "skin", self.size) > 0
        if not where.any():
            return np.median(self.photo.reshape(-1, 3), 0)
        return np.median(self.photo[where], 0)

    @cached_property
    def light(self) -> tuple[float, float]:
        """How fast the skin's brightness grows across and down the face, shares a unit."""
        where = part_mask(self.mesh, "skin", self.size) > 0
        if where.sum() < 50:
            return 0.0, -0.1
        u, v = (g[where] for g in self.grid)
        bright = self.photo[where].mean(-1)
        near = np.abs(bright / max(np.median(bright), 1) - 1) < 0.5  # without beards and holes
        plain = np.column_stack([u, v, np.ones(len(u))])[near]
        slope = np.linalg.lstsq(plain, bright[near] / max(np.median(bright), 1), rcond=None)[0]
        across, down = slope[:2].clip(-0.3, 0.3)
        return float(across), float(down) - 0.05

    @cached_property
    def white(self) -> np.ndarray:
        """What a white thing would be in this photo's light, 3 in 0..255."""
        brightest = float(np.percentile(self.photo.mean(-1), 97))
        level = min(246.0, max(brightest * 1.05, 1.25 * float(self.skin.mean()), 70.0))
        medians = self.photo.reshape(-1, 3)[::7].mean(0) + 20
        tint = (medians / medians.mean()) ** 0.35  # the light is a little warm or cold
        return (level * tint).clip(0, 255)

    @cached_property
    def colourless(self) -> bool:
        """Whether the photo has no colours; things get none then."""
        return float(np.ptp(self.photo, axis=-1).mean()) < 5

    @cached_property
    def edge(self) -> float:
        """Sigma of the photo's edges in pixels of `photo`: what a step was blurred by, the median
        over the face's steepest places (a step's slope is its height / (sigma sqrt(2 pi)))."""
        where = part_mask(self.mesh, "face", self.size) > 0
        grey = cv2.GaussianBlur(self.photo.mean(-1), (0, 0), 0.5)
        slope = np.hypot(
            cv2.Sobel(grey, -1, 1, 0, scale=1 / 8), cv2.Sobel(grey, -1, 0, 1, scale=1 / 8)
        )
        reach = np.ones((2 * max(2, round(0.03 * self.unit)) + 1,) * 2, np.uint8)
        height = cv2.dilate(grey, reach) - cv2.erode(grey, reach)
        if not where.any():
            return 0.7
        steep = where & (slope >= np.percentile(slope[where], 99)) & (slope > 1)
        if not steep.any():
            return 0.7
        sigma = float(np.median(height[steep] / slope[steep])) / np.sqrt(2 * np.pi)
        return float(np.clip(sigma, 0.5, 0.03 * self.unit + 0.5))

    @cached_property
    def grain(self) -> float:
        """Standard deviation of the photo's own noise at its own size, 0..255."""
        x0, y0, x1, y1 = self._box
        grey = self._whole[y0:y1, x0:x1].astype(np.float32).mean(-1)
        fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.0))
        return float(np.clip(1.9 * np.percentile(fine, 30), 0, 12))

    # Laying

    def paint(self, colour: np.ndarray | tuple[float, ...]) -> np.ndarray:
        """A colour of a thing under white light (0..255) as it is in this photo's light."""
        seen = np.asarray(colour, np.float64) / 246 * self.white
        return np.full(3, seen.mean()) if self.colourless else seen

    def relief(self, height: np.ndarray, strength: float = 1.0) -> np.ndarray:
        """How bright a surface is whose height (H x W, units) is given, H x W about 1: Lambert's
        law with the light from where the face has it, and some from everywhere."""
        pixels = height * self.unit
        x = cv2.Sobel(pixels, cv2.CV_32F, 1, 0, scale=1 / 8) * strength
        y = cv2.Sobel(pixels, cv2.CV_32F, 0, 1, scale=1 / 8) * strength
        across, down = self._lit
        long = np.sqrt(x * x + y * y + 1)
        towards = np.array([across, down, 1.15])
        towards /= np.linalg.norm(towards)
        direct = (-x * towards[0] - y * towards[1] + towards[2]) / long
        return 0.42 + 0.58 * direct.clip(0) / towards[2]

    @cached_property
    def _lit(self) -> np.ndarray:
        """Where the light comes from in the picture's plane, 2."""
        across, down = self.light
        turn = np.radians(nodes.roll(self.mesh))
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        return rotation @ np.array([2.2 * across, 2.2 * down - 0.35])

    def shaded(self) -> np.ndarray:
        """The face's own light on something that lies on it, H x W about 1."""
        u, v = self.grid
        across, down = self.light
        round_ = 1 - 0.16 * np.square(u.clip(-1.5, 1.5) / 1.15)
        return (1 + across * u.clip(-1.5, 1.5) + down * (v - 0.7).clip(-1.5, 1.5)).clip(
            0.5, 1.4
        ) * round_

    def lay(
        self,
        colour: np.ndarray,
        share: np.ndarray,
        *,
        soft: float | None = None,
        smooth: bool = True,
    ) -> None:
        """Lay a colour (3, or H x W x 3, 0..255) where `share` (H x W, 0..1) says, with edges as
        wide as the photo's, or `soft` pixels. smooth: its texture gets no sharper than the photo;
        a computer's picture is."""
        sigma = self.edge if soft is None else max(soft, 0.05)
        if not share.any():
            return
        here = self._around(share > 0, 3 * sigma + 2)
        colour = np.asarray(colour, np.float32)
        if colour.ndim == 3 and not smooth:
            colour = colour[here]
        elif colour.ndim == 3:
            colour = cv2.GaussianBlur(np.ascontiguousarray(colour[here]), (0, 0), self.edge)
        if self.colourless:
            colour = colour.mean(-1, keepdims=True)
        share = np.ascontiguousarray(share[here], np.float32)
        share = cv2.GaussianBlur(share, (0, 0), sigma).clip(0, 1)[..., None]
        self._colour[here] = self._colour[here] * (1 - share) + colour * share
        self._through[here] *= 1 - share
        self._touched[here] |= share[..., 0] > 0.02

    def shadow(
        self, share: np.ndarray, towards: tuple[float, float], blur: float, strength: float
    ) -> None:
        """The shadow of something on what lies below it: moved `towards` (units in the picture's
        plane), blurred by `blur` units; it ends where one no longer sees it."""
        if not share.any():
            return
        reach = (3 * blur + max(np.abs(towards))) * self.unit + 2
        here = self._around(share > 0, reach)
        part = np.ascontiguousarray(share[here], np.float32)
        move = np.array([[1, 0, towards[0] * self.unit], [0, 1, towards[1] * self.unit]])
        moved = self.blurred(cv2.warpAffine(part, move, part.shape[::-1]), blur)
        dark = ((moved - 0.06) / 0.94).clip(0, 1) * np.float32(strength)
        kept = 1 - dark[..., None] * np.array(
            [0.92, 1.0, 1.03], np.float32
        )  # skin lets red through
        self._see(here, kept)

    def filter(self, kept: np.ndarray) -> None:
        """Look through something: every channel times `kept` (H x W or H x W x 3)."""
        kept = kept[..., None] if kept.ndim == 2 else kept
        seen = (np.abs(1 - kept) > 0.004).any(-1)
        if not seen.any():
            return
        here = self._around(seen, 1)
        self._see(here, kept[here].astype(np.float32))

    def _see(self, here: tuple[slice, slice], kept: np.ndarray) -> None:
        self._colour[here] *= kept
        self._through[here] *= kept
        self._touched[here] |= np.abs(1 - kept).max(-1) > 0.02

    def _around(self, where: np.ndarray, by: float) -> tuple[slice, slice]:
        """The box of a region (H x W bool), grown by so many pixels."""
        x, y, width, height = cv2.boundingRect(where.astype(np.uint8))
        by = int(np.ceil(by))
        return slice(max(0, y - by), y + height + by), slice(max(0, x - by), x + width + by)

    def sees(self, side: int) -> bool:
        """Whether the face's left (-1) or right (1) cheek is turned to the camera."""
        nose, ear = self.at(np.array([(0.0, 0.5), (1.05 * side, 0.5)]))
        return float(np.linalg.norm(ear - nose)) > 0.6 * self.unit

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """(the photo with what was laid, H x W x 3 uint8, a new array; the mask that asks for it to
        go, H x W uint8, 0 or 255: all that changed and a margin)."""
        x0, y0, x1, y1 = self._box
        size = x1 - x0, y1 - y0
        through, colour, touched = self._through, self._colour, self._touched.astype(np.uint8)
        if self.size != size:
            through = cv2.resize(through, size, interpolation=cv2.INTER_LINEAR)
            colour = cv2.resize(colour, size, interpolation=cv2.INTER_LINEAR)
            touched = cv2.resize(touched, size, interpolation=cv2.INTER_NEAREST)
        part = self._whole[y0:y1, x0:x1]
        noise = self.rng.standard_normal(part.shape[:2]).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * 2.1 * self.grain
        over = (1 - through.mean(-1)) * (touched > 0)
        shown = part * through + colour + (noise * over)[..., None]
        shown = np.where((touched > 0)[..., None], shown.round().clip(0, 255), part)
        photo = self._whole.copy()
        photo[y0:y1, x0:x1] = shown.astype(np.uint8)
        mask = np.zeros(photo.shape[:2], np.uint8)
        changed = (photo[y0:y1, x0:x1] != part).any(-1) & (touched > 0)
        # Where a thing has the photo's own colour nothing changed, and it is the thing still.
        thing = changed | ((through.mean(-1) < 0.5) & (touched > 0))
        mask[y0:y1, x0:x1] = thing.astype(np.uint8) * 255
        side = max(3, round(MARGIN * self.whole_unit))
        return photo, cv2.dilate(mask, np.ones((side, side), np.uint8))


@lru_cache(maxsize=1)
def _canonical() -> np.ndarray:
    """The mean face's 478 nodes in face coordinates."""
    shapes = load_shapes()
    if shapes is None:
        raise MienError("The model of face shapes is missing; things are fitted to it.")
    left, right = nodes.eye_centres(shapes.mean)
    mean = (shapes.mean - (left + right) / 2) / np.linalg.norm(right - left)
    mirrored = mean[nodes.mirror_permutation()] * (-1, 1)
    return (mean + mirrored) / 2
