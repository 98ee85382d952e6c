"""The fill of a photo: faces by the prior and the generator, the rest by texture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine import geometry
from engine.blend import back_project
from engine.errors import Cancelled, MienError
from engine.face.finder import Face, MediaPipeFinder
from engine.face.frames import matrix_of, overlaps
from engine.guidance import Guidance, Wishes
from engine.inpaint import FillRequest, FillResult, Patch, Preview, Progress
from engine.mask import Mask
from engine.networks import Networks, load_networks
from engine.photo import Photo
from engine.readings import FaceReading
from engine.shares import Share, left_over, share_out

Report = Callable[[Progress], None]

PREVIEW_SIDE = 128
LARGEST_MEMORY = 64  # readings kept of faces that nothing is filled of


class FaceInpainter:
    """The real `engine.inpaint.Inpainter`. Networks and finder are loaded at first use and kept.

    Not thread-safe: one worker owns it.
    """

    def __init__(self) -> None:
        self._finder = MediaPipeFinder()
        self._networks: Networks | None = None
        self._loaded: tuple[str, str] | None = None
        self._read: dict[tuple, tuple[Photo, FaceReading]] = {}

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
        faces = self._faces(request, hole, cancel)
        shares = share_out(hole, bounds, faces)

        patches: list[Patch] = []
        readings: list[FaceReading] = []
        for number, share in enumerate(shares):
            begun = time.perf_counter()
            step("prior", 0.25 + 0.55 * number / len(shares))
            generating = 0.25 + 0.55 * (number + 0.2) / len(shares)
            crop, hidden = crop_of(request.photo, hole, share.frame, networks.side)
            guidance = _look(networks, request, faces, share, crop, hidden)
            filled = networks.fill(
                crop, hidden, cancel, lambda done=generating: step("generate", done), guidance
            )
            step("blend", 0.25 + 0.55 * (number + 0.9) / len(shares))
            pixels = back_project(
                request.photo.pixels, filled, share.frame, hole, share.box, request.options.seed
            )
            reading = read_face(networks, faces, share.face, share.frame, guidance, filled)
            readings.append(reading)
            facts = {"hidden": round(float(hidden.mean()), 4), "face": reading.face}
            seconds = time.perf_counter() - begun
            alpha = _alpha(request.mask, share.box, share.owned)
            patches.append(Patch(share.box, pixels, alpha, "face", seconds, facts))
        patches += _texture(request, patches, left_over(hole, shares), step, cancel)
        step("blend", 1.0)
        seconds = time.perf_counter() - started
        return FillResult(
            tuple(patches), faces, networks.name, networks.device, seconds, tuple(readings)
        )

    def preview(self, request: FillRequest) -> Preview:
        """See `engine.inpaint.Inpainter`: the prior alone, on the faces that are known."""
        _check(request)
        networks = self._load(request)
        hole = request.mask.hole
        drawn = tuple(
            Face((f.x, f.y, f.width, f.height), 1.0, f.angle, None) for f in request.options.frames
        )
        known = tuple(face for face in request.faces or () if not _is_framed(face, request))
        faces = drawn + known
        patches: list[Patch] = []
        readings: list[FaceReading] = []
        shares = share_out(hole, request.mask.bounds, faces)
        for face in faces:
            if not any(share.face is face for share in shares):
                readings.append(self._untouched(networks, request, faces, face))
        for share in shares:
            begun = time.perf_counter()
            crop, hidden = crop_of(request.photo, hole, share.frame, PREVIEW_SIDE)
            guidance = _look(networks, request, faces, share, crop, hidden)
            filled = networks.prior_fill(crop, hidden, guidance)
            reading = read_face(networks, faces, share.face, share.frame, guidance, filled)
            readings.append(reading)
            depth = np.iinfo(request.photo.pixels.dtype).max
            pixels = geometry.put_back(filled, share.frame, share.box)
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
        key = (id(request.photo), face.box, face.angle)
        if key not in self._read:
            frame = matrix_of(face)
            nothing = np.zeros((PREVIEW_SIDE, PREVIEW_SIDE), bool)
            crop = geometry.cut(request.photo.rgb8, frame, PREVIEW_SIDE).astype(np.float32) / 255
            mesh = _mesh_in_crop(face, frame)
            guidance = networks.look(crop, nothing, mesh, Wishes())
            if len(self._read) > LARGEST_MEMORY:
                self._read.clear()
            # The photo is kept with its reading, or its id could come to mean another.
            reading = read_face(networks, faces, face, frame, guidance, None)
            self._read[key] = (request.photo, reading)
        return replace(self._read[key][1], face=number_of(faces, face))

    def _load(self, request: FillRequest) -> Networks:
        wanted = (request.options.model, request.options.device)
        if self._networks is None or self._loaded != wanted:
            self._networks = None  # the old model's memory first
            self._networks, self._loaded = load_networks(*wanted), wanted
            self._read.clear()
        return self._networks

    def _faces(
        self, request: FillRequest, hole: np.ndarray, cancel: threading.Event | None
    ) -> tuple[Face, ...]:
        """The user's frames, known or found faces, and a second look where a hole has no face."""
        rgb = request.photo.rgb8
        faces = self._finder.find(rgb, cancel) if request.faces is None else request.faces
        frames = request.options.frames
        framed = tuple(self._finder.mesh_in_frame(rgb, frame, guess=True) for frame in frames)
        faces = framed + tuple(face for face in faces if not _is_framed(face, request))
        unowned = left_over(hole, share_out(hole, request.mask.bounds, faces))
        return faces + self._second_look(rgb, unowned, faces, cancel)

    def _second_look(
        self,
        rgb: np.ndarray,
        unowned: np.ndarray,
        faces: tuple[Face, ...],
        cancel: threading.Event | None,
    ) -> tuple[Face, ...]:
        from engine.second_look import coarsely_filled

        found: list[Face] = []
        for picture, scale, (x, y, _, _) in coarsely_filled(rgb, unowned):
            for face in self._finder.find(picture, cancel):
                if face.mesh is None:
                    continue
                left, top, width, height = (v / scale for v in face.box)
                mesh = (face.mesh / scale + (x, y)).astype(np.float32)
                moved = Face((left + x, top + y, width, height), face.score, face.angle, mesh)
                if not any(_same(moved, other) for other in (*faces, *found)):
                    found.append(moved)
        return tuple(found)


class _Steps:
    """Progress out, cancel in, at every step of a fill."""

    def __init__(self, progress: Report | None, cancel: threading.Event | None) -> None:
        self._progress, self._cancel = progress, cancel

    def __call__(self, stage: str, done: float) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled
        if self._progress is not None:
            self._progress(Progress(stage, done))


def crop_of(
    photo: Photo, hole: np.ndarray, frame: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the networks see: (crop side x side x 3 float32 in [0, 1], hole side x side bool).

    A crop pixel is hidden where the hole had any part in it: its colour is mixed with what the
    user wants gone. Enlarging mixes in from two photo pixels around.
    """
    import cv2

    crop = geometry.cut(photo.rgb8, frame, side).astype(np.float32) / 255
    share = geometry.cut(hole.view(np.uint8) * np.uint8(255), frame, side, border="zero")
    reach = max(1, int(np.ceil(2 * side / geometry.frame_side(frame))))
    reached = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    hidden = cv2.dilate((share > 2).astype(np.uint8), reached)
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
    after = shift = None
    if filled is not None:
        after, shift = networks.read(filled, guidance)
    mesh = hidden = None
    if guidance.nodes is not None and guidance.hidden is not None:
        places = networks.nodes(filled, guidance)
        mesh = geometry.transform(geometry.invert(frame), places).astype(np.float32)
        hidden = guidance.hidden[0].cpu().numpy() > 0
    return FaceReading(
        number_of(faces, face),
        None if guidance.visible is None else tuple(guidance.visible[0].tolist()),
        None if after is None else tuple(after[0].tolist()),
        mesh,
        hidden,
        shift,
        guidance.modules if filled is not None else (),
    )


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
    wishes = Wishes(
        options.landmarks,
        options.emotion,
        options.strength,
        tuple(moved),
        options.variant,
        options.seed,
    )
    return networks.look(crop, hidden, _mesh_in_crop(share.face, share.frame), wishes)


def _mesh_in_crop(face: Face, frame: np.ndarray) -> np.ndarray | None:
    return None if face.mesh is None else geometry.transform(frame, face.mesh)


def _texture(
    request: FillRequest,
    patches: list[Patch],
    left: np.ndarray,
    step: _Steps,
    cancel: threading.Event | None,
) -> list[Patch]:
    """What no face owns, with the faces' fills already in their places."""
    if not left.any():
        return []
    from engine.texture import fill_texture

    step("texture", 0.85)
    photo = request.photo.apply(*patches)
    result: list[Patch] = []
    begun = time.perf_counter()
    for box, pixels in fill_texture(
        photo.rgb8,
        left,
        request.options.seed,
        cancel,
        lambda done: step("texture", 0.85 + 0.13 * done),
    ):
        x, y, width, height = box
        alpha = _alpha(request.mask, box, left[y : y + height, x : x + width])
        if photo.pixels.dtype == np.uint16:
            pixels = pixels.astype(np.uint16) * 257
        seconds, begun = time.perf_counter() - begun, time.perf_counter()
        result.append(Patch(box, pixels, alpha, "texture", seconds))
    return result


def _alpha(mask: Mask, box: tuple[int, int, int, int], owned: np.ndarray) -> np.ndarray:
    x, y, width, height = box
    return np.where(owned, mask.pixels[y : y + height, x : x + width], 0).astype(np.uint8)


def _is_framed(face: Face, request: FillRequest) -> bool:
    return any(overlaps(frame, face) for frame in request.options.frames)


def _same(one: Face, other: Face) -> bool:
    """Whether two faces are one: the centre of each lies in the other's box."""

    def holds(a: Face, b: Face) -> bool:
        x, y = b.box[0] + b.box[2] / 2, b.box[1] + b.box[3] / 2
        return a.box[0] <= x <= a.box[0] + a.box[2] and a.box[1] <= y <= a.box[1] + a.box[3]

    return holds(one, other) and holds(other, one)


def _check(request: FillRequest) -> None:
    if request.mask.size != request.photo.size:
        raise MienError(
            "The mask is {} x {} pixels and the photo {} x {}; make them the same size.".format(
                *request.mask.size, *request.photo.size
            )
        )
