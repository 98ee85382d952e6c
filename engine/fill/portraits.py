"""What faces are known by (engine.reference.portrait), looked at with the networks of a fill."""

from __future__ import annotations

import numpy as np
import torch

from engine.face import geometry
from engine.face.finder import Face
from engine.face.frames import matrix_of
from engine.face.lids import lids_apart
from engine.fill.networks import Networks
from engine.fill.steps.crop import crop_of
from engine.mask import Mask
from engine.photo import Photo
from engine.reference.identity import Look, told_of
from engine.reference.portrait import Portrait
from engine.reference.reference import SMALLEST


def portrait_of(
    networks: Networks, photo: Photo, face: Face, mask: Mask | None = None
) -> Portrait | None:
    """What a face is known by; None without a mesh, for one that is too small to tell, and where
    no networks are installed that tell it. mask: what is not looked at."""
    landmarks = networks.guide.networks.get("landmarks")
    frame = matrix_of(face)
    side = geometry.frame_side(frame)
    if face.mesh is None or landmarks is None or side < SMALLEST:
        return None
    recognition = networks.recognition
    if recognition is None:
        return None
    width, height = photo.size
    hole = np.zeros((height, width), bool) if mask is None else mask.hole
    crop, hidden = crop_of(photo, hole, frame, networks.side)
    with torch.inference_mode():
        pixels, unseen = networks.tensors(crop, hidden)
        balanced = networks.balanced(pixels, unseen)
        mesh = landmarks(balanced, unseen)[0].cpu().numpy()
        emotion = networks.guide.networks.get("emotion")
        read = None if emotion is None else emotion.read(balanced, unseen)[0].tolist()
    told, zone, untold = told_of(recognition, Look(crop, hidden, mesh))
    return Portrait(
        face.box,
        side,
        told,
        None if read is None else tuple(read),
        lids_apart(face.mesh),
        zone,
        untold,
    )
