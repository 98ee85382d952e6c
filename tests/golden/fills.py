"""Whether two checkouts make the same fills: `python tests/golden/fills.py A B`.

Run for a change that must not change any fill, on one machine: hashes of one machine say nothing on
another. Forty cases are filled and previewed in either checkout, each in a process of its own with
this interpreter; their patches and readings are compared bit by bit.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

PARTS = ("mouth", "eyes", "glasses", "lower_face", "left_half", "right_half", "nose", "skin")
EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
Case = tuple[Any, Any, dict[str, Any], tuple]


def cases(root: Path) -> Iterator[tuple[str, Case]]:
    """(name, (photo, mask, options, faces)): holes, wishes, photos of every kind."""
    import cv2

    from engine.face.parts import PARTS as KNOWN
    from engine.face.parts import part_mask
    from engine.fill.filler import FaceInpainter
    from engine.mask import Mask
    from engine.photo import open_photo, photo_from_array
    from engine.readings import DraggedNode

    photo = open_photo(root / "resources" / "samples" / "portrait.jpg")
    faces = FaceInpainter().find_faces(photo)
    face, (width, height) = faces[0], photo.size
    x, y, w, h = (int(v) for v in face.box)

    def part(name: str) -> Mask:
        return Mask(part_mask(face.mesh, name, photo.size))

    def drawn(*rectangles: tuple[int, int, int, int]) -> Mask:
        mask = np.zeros((height, width), np.uint8)
        for x0, y0, x1, y1 in rectangles:
            mask[max(0, y0) : y1, max(0, x0) : x1] = 255
        return Mask(mask)

    lower, corner = part("lower_face"), face.mesh[61]
    drag = (DraggedNode(0, 61, float(corner[0]) - 4, float(corner[1]) - 6),)
    for name in PARTS:
        if name in KNOWN:
            yield name, (photo, part(name), {}, faces)
    scratch = np.zeros((height, width), np.uint8)
    cv2.line(scratch, (x - 30, y), (x + w + 30, y + h), 255, 3)
    soft = Mask(cv2.GaussianBlur(lower.pixels, (0, 0), 3))
    yield "scratch", (photo, Mask(scratch), {}, faces)
    yield "soft", (photo, soft, {}, faces)
    yield "half and wall", (photo, drawn((x - w // 2, y - 20, x + w // 2, y + h)), {}, faces)
    yield "far", (photo, drawn((10, 10, 70, 60)), {}, faces)
    yield "centre", (photo, drawn((x + w // 8, y + h // 4, x + w, y + h)), {}, faces)
    yield "two holes", (photo, drawn((x, y, x + 30, y + 30), (5, 5, 60, 60)), {}, faces)
    for emotion in EMOTIONS:
        yield emotion, (photo, lower, {"emotion": emotion}, faces)
    yield "strong", (photo, part("eyes"), {"emotion": "anger", "strength": 1.5}, faces)
    yield "both off", (photo, lower, {"emotion": "off", "landmarks": False}, faces)
    yield "no landmarks", (photo, lower, {"landmarks": False}, faces)
    yield "no emotion", (photo, lower, {"emotion": "off"}, faces)
    asked = {"emotion": "happiness", "landmarks": False}
    yield "asked without landmarks", (photo, lower, asked, faces)
    yield "dragged", (photo, part("mouth"), {"nodes": drag}, faces)
    yield "dragged and sad", (photo, lower, {"nodes": drag, "emotion": "sadness"}, faces)
    yield "variant", (photo, lower, {"variant": 2, "seed": 5}, faces)
    yield "glad variant", (photo, lower, {"variant": 1, "emotion": "happiness"}, faces)
    yield "prior", (photo, lower, {"model": "prior"}, faces)
    kinds = {
        "16 bit": photo.pixels[..., :3].astype(np.uint16) * 257,
        "dark": (photo.rgb8 * 0.35).astype(np.uint8),
        "grey": np.repeat(photo.rgb8.mean(-1, keepdims=True).astype(np.uint8), 3, -1),
        "blue": (photo.rgb8 * [0.6, 0.8, 1.0]).astype(np.uint8),
    }
    for name, pixels in kinds.items():
        yield name, (photo_from_array(pixels), lower, {}, faces)
    both = photo_from_array(np.concatenate([photo.rgb8, photo.rgb8[:, ::-1]], 1))
    mask = Mask(np.concatenate([lower.pixels, lower.pixels[:, ::-1]], 1))
    yield "two faces", (both, mask, {}, FaceInpainter().find_faces(both))


def hashes(root: Path) -> dict[str, list[str]]:
    """Of every case the hashes of its fill and of its preview."""
    from engine.fill.filler import FaceInpainter
    from engine.inpaint import FillOptions, FillRequest

    inpainter, found = FaceInpainter(), {}
    for name, (photo, mask, options, faces) in cases(root):
        request = FillRequest(photo, mask, FillOptions(**options), faces)
        answers = (inpainter.fill(request), inpainter.preview(request))
        found[name] = [digest(answer) for answer in answers]
    return found


def digest(answer: Any) -> str:
    """A hash of the patches and readings of a fill or a preview; not of its seconds."""
    told = hashlib.sha256()
    for patch in answer.patches:
        told.update(repr((patch.box, patch.kind)).encode())
        for plane in (patch.pixels, patch.alpha):
            told.update(np.ascontiguousarray(plane).tobytes())
    for reading in answer.readings:
        for name in ("before", "after", "mesh", "hidden", "shift", "undragged", "modules"):
            value = getattr(reading, name)
            plain = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            told.update(plain)
    return told.hexdigest()[:16]


def main(*roots: str) -> int:
    """Compare the checkouts; 0 where all is equal."""
    found = []
    for root in roots:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "hashes.json"
            command = [sys.executable, __file__, "--of", root, str(out)]
            subprocess.run(command, cwd=root, check=True)
            found.append(json.loads(out.read_text()))
    names = sorted(set().union(*found))
    changed = [name for name in names if len({str(one.get(name)) for one in found}) > 1]
    print(f"{len(names)} cases: " + (f"not equal: {', '.join(changed)}" if changed else "equal"))
    return bool(changed)


if __name__ == "__main__":
    if sys.argv[1] == "--of":
        sys.path.insert(0, sys.argv[2])
        Path(sys.argv[3]).write_text(json.dumps(hashes(Path(sys.argv[2]))))
    else:
        raise SystemExit(main(*sys.argv[1:]))
