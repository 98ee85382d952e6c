"""The fill of a photo: faces by the prior and the generator, the rest by texture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.base.errors import MienError, raise_if_cancelled
from engine.face import geometry
from engine.face.finder import Face, FaceFinder
from engine.face.frames import matrix_of
from engine.face.placement import TEXTURE, FacePlacer, Placement
from engine.face.regions import Matte, heads_of, matte
from engine.face.steady import SteadyPlacer
from engine.fill.blend import back_project
from engine.fill.blocks import blocked
from engine.fill.networks import Networks, shared_networks
from engine.fill.pipeline import PREVIEW, fill_crop
from engine.fill.shares import Behind, Share, backdrop, share_out
from engine.fill.step import Watch
from engine.fill.surroundings import decided
from engine.inpaint import FillRequest, FillResult, Preview, Progress
from engine.mask import Mask
from engine.modules.guidance import Guidance
from engine.modules.registry import Wishes
from engine.photo import Photo
from engine.photo.patch import Patch
from engine.readings import FaceReading

Report = Callable[[Progress], None]

PREVIEW_SIDE = 128
AROUND = 1.2  # frames that a matte is wide: a jaw may end beyond its frame
BARELY = 5  # of 255: less texture than this in a pixel is none
LARGEST_MEMORY = 64  # readings kept of faces that nothing is filled of


class FaceInpainter:
    """The real `engine.inpaint.Inpainter`. Networks and finder are loaded at first use and kept.

    watch: told of every step of a fill (see engine.fill.step.run_steps). many: whether it will fill
    many photos (see engine.generator.backend.Demand). Not thread-safe: one worker owns it.
    """

    def __init__(self, watch: Watch | None = None, many: bool = False) -> None:
        self._watch, self._many = watch, many
        self._finder = FaceFinder()
        self._placer = FacePlacer(self._finder)
        self._steady = SteadyPlacer(self._placer)
        self._networks: Networks | None = None
        self._loaded: tuple[str, str, str, bool] | None = None
        self._read: dict[tuple, FaceReading] = {}
        self._read_of: Photo | None = None

    def find_faces(self, photo: Photo, cancel: threading.Event | None = None) -> tuple[Face, ...]:
        """Every face of the photo, largest first."""
        return self._finder.find(photo.rgb8, cancel)

    def fill(
        self,
        request: FillRequest,
        progress: Report | None = None,
        cancel: threading.Event | None = None,
    ) -> FillResult:
        """See `engine.inpaint.Inpainter`."""
        started = time.perf_counter()
        step = _Steps(progress, cancel)
        _check(request)
        step("load", 0.0)
        networks = self._load(request)
        step("find", 0.1)
        hole, bounds = request.mask.hole, request.mask.bounds
        placement = self._place(request, hole, cancel)
        faces = tuple(placed.face for placed in placement.faces)
        surrounded = decided(request.photo.rgb8, hole, bounds, faces)
        shares = share_out(hole & ~surrounded, bounds, faces)

        patches: list[Patch] = []
        readings: list[FaceReading] = []
        behind: list[Behind] = []
        for number, share in enumerate(shares):
            begun = time.perf_counter()
            begins = {"prior": 0.0, "generate": 0.2, "blend": 0.9}
            step("prior", 0.25 + 0.55 * number / len(shares))

            def entering(stage: str, number: int = number, begins: dict = begins) -> None:
                step(stage, 0.25 + 0.55 * (number + begins[stage]) / len(shares))

            crop, hidden = crop_of(request.photo, hole, share.frame, networks.side)
            guidance = _look(networks, request, faces, share, crop, hidden)
            filled = fill_crop(
                networks,
                crop,
                hidden,
                guidance,
                cancel=cancel,
                entering=entering,
                after=self._watch,
            )
            facing = _matte(guidance, share.frame, networks.side)
            pixels = back_project(
                request.photo.pixels,
                request.photo.from_srgb(filled),
                share.frame,
                hole,
                share.box,
                request.options.seed,
                matte=facing,
            )
            behind.append(Behind(share, facing))
            reading = read_face(networks, faces, share.face, share.frame, guidance, filled)
            readings.append(reading)
            facts = {"hidden": round(float(hidden.mean()), 4), "face": reading.face}
            seconds = time.perf_counter() - begun
            alpha = _alpha(request.mask, share.box, share.owned)
            placed = placement.faces[number_of(faces, share.face)]
            patches.append(
                Patch(
                    share.box, pixels, alpha, "face", seconds, facts, placed.how, placed.confidence
                )
            )
        patches += _texture(request, patches, backdrop(hole, shares, behind), faces, step, cancel)
        step("blend", 1.0)
        seconds = time.perf_counter() - started
        return FillResult(
            blocked(request.photo, patches),
            faces,
            networks.name,
            networks.device,
            seconds,
            tuple(readings),
            placement.suggestions,
            networks.precision,
            networks.backend,
            placement.doubts(tuple(reading.face for reading in readings)),
        )

    def preview(self, request: FillRequest) -> Preview:
        """See `engine.inpaint.Inpainter`: the prior alone, on the faces that are known."""
        _check(request)
        networks = self._load(request)
        hole = request.mask.hole
        placement = self._steady.place(
            request.photo, hole, request.faces or (), request.options.frames
        )
        faces = tuple(placed.face for placed in placement.faces)
        patches: list[Patch] = []
        readings: list[FaceReading] = []
        surrounded = decided(request.photo.rgb8, hole, request.mask.bounds, faces)
        shares = share_out(hole & ~surrounded, request.mask.bounds, faces)
        for face in faces:
            if not any(share.face is face for share in shares):
                readings.append(self._untouched(networks, request, faces, face))
        for share in shares:
            begun = time.perf_counter()
            crop, hidden = crop_of(request.photo, hole, share.frame, PREVIEW_SIDE)
            guidance = _look(networks, request, faces, share, crop, hidden)
            filled = fill_crop(networks, crop, hidden, guidance, table=PREVIEW)
            reading = read_face(networks, faces, share.face, share.frame, guidance, filled)
            readings.append(reading)
            depth = np.iinfo(request.photo.pixels.dtype).max
            own = request.photo.from_srgb(filled)
            pixels = geometry.put_back(own, share.frame, share.box)
            pixels = (pixels.clip(0, 1) * depth + 0.5).astype(request.photo.pixels.dtype)
            alpha = _alpha(request.mask, share.box, share.owned)
            seconds = time.perf_counter() - begun
            patches.append(Patch(share.box, pixels, alpha, "preview", seconds))
        return Preview(tuple(patches), tuple(sorted(readings, key=lambda r: r.face)))

    def _untouched(
        self, networks: Networks, request: FillRequest, faces: tuple[Face, ...], face: Face
    ) -> FaceReading:
        """The reading of a face that nothing is filled of. A face is read once a photo: the
        readings follow every stroke, and the others do not change."""
        if self._read_of is not request.photo:
            # One photo's readings, and one photo: each is as large as all its readings are small.
            self._read.clear()
            self._read_of = request.photo
        key = (face.box, face.angle)
        if key not in self._read:
            frame = matrix_of(face)
            nothing = np.zeros((PREVIEW_SIDE, PREVIEW_SIDE), bool)
            own = geometry.cut(request.photo.own8, frame, PREVIEW_SIDE)
            crop = request.photo.to_srgb(own).astype(np.float32) / 255
            mesh = _mesh_in_crop(face, frame)
            guidance = networks.look(crop, nothing, mesh, Wishes())
            if len(self._read) > LARGEST_MEMORY:
                self._read.clear()
            self._read[key] = read_face(networks, faces, face, frame, guidance, None)
        return replace(self._read[key], face=number_of(faces, face))

    def _load(self, request: FillRequest) -> Networks:
        options = request.options
        wanted = (options.model, options.device, options.precision, self._many)
        if self._networks is None or self._loaded != wanted:
            self._networks = None  # the old model's memory first
            self._networks, self._loaded = shared_networks(*wanted), wanted
            self._read.clear()
        return self._networks

    def _place(
        self, request: FillRequest, hole: np.ndarray, cancel: threading.Event | None = None
    ) -> Placement:
        """Where the faces lie, by what is visible of them."""
        rgb = request.photo.rgb8
        known = self._finder.find(rgb, cancel) if request.faces is None else request.faces
        return self._placer.place(rgb, hole, known, request.options.frames, cancel)


class _Steps:
    """Progress out, cancel in, at every step of a fill."""

    def __init__(self, progress: Report | None, cancel: threading.Event | None) -> None:
        self._progress, self._cancel = progress, cancel

    def __call__(self, stage: str, done: float) -> None:
        raise_if_cancelled(self._cancel)
        if self._progress is not None:
            self._progress(Progress(stage, done))


def crop_of(
    photo: Photo, hole: np.ndarray, frame: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the networks see: (crop side x side x 3 float32 in [0, 1], hole side x side bool).

    A crop pixel is hidden where the hole had any part in it: its colour is mixed with what the
    user wants gone. Enlarging mixes in from two photo pixels around. What lies beyond the photo is
    hidden as well: its mirror image there is of no face.
    """
    import cv2

    # Cut first: converting a whole large photo would cost every preview a quarter second.
    crop = photo.to_srgb(geometry.cut(photo.own8, frame, side)).astype(np.float32) / 255
    share = geometry.cut(hole.view(np.uint8) * np.uint8(255), frame, side)
    reach = max(1, int(np.ceil(2 * side / geometry.frame_side(frame))))
    reached = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    hidden = cv2.dilate((share > 2).astype(np.uint8), reached)
    everywhere = np.full(hole.shape, 255, np.uint8)
    hidden |= (geometry.cut(everywhere, frame, side, border="zero") < 128).astype(np.uint8)
    return crop, hidden.astype(bool)


def read_face(
    networks: Networks,
    faces: tuple[Face, ...],
    face: Face,
    frame: np.ndarray,
    guidance: Guidance,
    filled: np.ndarray | None,
) -> FaceReading:
    """The reading of a face by its guidance and, where something was filled, its filled crop."""
    read = networks.read(guidance, filled)
    for name in ("mesh", "undragged"):
        if name in read:
            places = read[name].astype(np.float64)
            read[name] = geometry.transform(geometry.invert(frame), places).astype(np.float32)
    modules = guidance.modules if filled is not None else ()
    return FaceReading(number_of(faces, face), modules=modules, **read)


def number_of(faces: tuple[Face, ...], face: Face) -> int:
    """The place of a face among `faces`, by identity."""
    return next(number for number, other in enumerate(faces) if other is face)


def _look(
    networks: Networks,
    request: FillRequest,
    faces: tuple[Face, ...],
    share: Share,
    crop: np.ndarray,
    hidden: np.ndarray,
) -> Guidance:
    """What the modules say of a share's crop under the request's options."""
    options, number = request.options, number_of(faces, share.face)
    moved = []
    for node in options.nodes:
        if node.face == number and options.landmarks:
            x, y = geometry.transform(share.frame, np.array([[node.x, node.y]]))[0]
            moved.append((node.node, float(x), float(y)))
    return networks.look(
        crop,
        hidden,
        _mesh_in_crop(share.face, share.frame),
        options,
        moved=tuple(moved),
        variant=options.variant,
        seed=options.seed,
    )


def _mesh_in_crop(face: Face, frame: np.ndarray) -> np.ndarray | None:
    return None if face.mesh is None else geometry.transform(frame, face.mesh)


def _matte(guidance: Guidance, frame: np.ndarray, side: int) -> Matte | None:
    """The matte of a face whose nodes are known, in its frame."""
    if guidance.sight.told is None:
        return None
    nodes = guidance.sight.told[0].cpu().numpy().astype(np.float64)
    return Matte(matte(nodes, side, AROUND), geometry.grown(frame, AROUND))


def _texture(
    request: FillRequest,
    patches: list[Patch],
    share_of: np.ndarray,
    faces: tuple[Face, ...],
    step: _Steps,
    cancel: threading.Event | None,
) -> list[Patch]:
    """What no face owns and what lies behind the faces, with the faces' fills in their places.

    share_of: H x W uint8, how much of each pixel of the hole is texture. faces: those of the photo.
    """
    left = share_of > BARELY
    if not left.any():
        return []
    from engine.fill.bit_depth import extend_bit_depth
    from engine.fill.texture import fill_texture

    step("texture", 0.85)
    photo = request.photo.apply(*patches)
    result: list[Patch] = []
    begun = time.perf_counter()
    for box, pixels in fill_texture(
        photo.own8,
        left,
        request.options.seed,
        cancel,
        lambda done: step("texture", 0.85 + 0.13 * done),
        heads_of(faces, photo.size),
    ):
        x, y, width, height = box
        part = share_of[y : y + height, x : x + width].astype(np.float32) / 255
        mask = request.mask.pixels[y : y + height, x : x + width]
        alpha = (mask * part + 0.5).astype(np.uint8)
        if photo.pixels.dtype == np.uint16:
            pixels = extend_bit_depth(pixels, photo.pixels, left, box)
        seconds, begun = time.perf_counter() - begun, time.perf_counter()
        result.append(Patch(box, pixels, alpha, "texture", seconds, laid=TEXTURE))
    return result


def _alpha(mask: Mask, box: tuple[int, int, int, int], owned: np.ndarray) -> np.ndarray:
    x, y, width, height = box
    return np.where(owned, mask.pixels[y : y + height, x : x + width], 0).astype(np.uint8)


def _check(request: FillRequest) -> None:
    if request.mask.size != request.photo.size:
        raise MienError(
            "The mask is {} x {} pixels and the photo {} x {}; make them the same size.".format(
                *request.mask.size, *request.photo.size
            )
        )
    width, height = request.photo.size
    for f in request.options.frames:
        if not (f.x < width and f.y < height and f.x + f.width > 0 and f.y + f.height > 0):
            raise MienError(
                f"The face {f.x:g},{f.y:g},{f.width:g},{f.height:g} lies outside the photo, which "
                f"is {width} x {height} pixels; give its place in the photo."
            )
