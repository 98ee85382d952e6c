"""References of a face: laid over it before it is filled, their pixels brought to it after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.face import geometry
from engine.face.frames import mesh_in_crop
from engine.face.regions import outlined
from engine.fill.photo_fill import CutShare, FullShare, ShareFill
from engine.fill.steps.blend import closed
from engine.modules.landmarks import nodes_in_hole
from engine.reference import Reference, Taken
from engine.reference.alignment import Laid, corrected, enough, similar
from engine.reference.bringing import brought
from engine.reference.identity import likenesses
from engine.reference.light import relighting, relit
from engine.reference.likeness import same_person
from engine.reference.reference import AS_SHOWN
from engine.reference.trust import over, region_shares, trusted

SAME_SKIN = 0.2  # of white: skin of one face differs by less once its light is the same
RIM = np.ones((9, 9), np.uint8)  # crop pixels: where outlines end, hair begins
LEAST = 0.01  # of a hole: a region that has less of it is not told of
OFF = 0.03  # crop units that halve the say of a face turned otherwise
Numbered = tuple[tuple[int, Reference], ...]


def references_of(fill: ShareFill) -> Numbered | None:
    """A reference of this face. None where there is none."""
    asked = enumerate(fill.whole.request.references)
    meant = tuple((n, one) for n, one in asked if one.of in (None, fill.face))
    return meant or None


def lay_references(fill: CutShare, meant: Numbered) -> CutShare:
    """Reads crop, hidden. Writes laid: references over the face, those of someone else among them.

    None are where too little of the face is seen to lay anything over it.
    """
    networks = fill.whole.loaded.networks
    landmarks = networks.guide.networks.get("landmarks")
    if landmarks is None:
        return fill
    with torch.inference_mode():
        crop, hole = networks.tensors(fill.crop, fill.hidden)
        balanced = networks.balanced(crop, hole)
        expected = landmarks(balanced, hole)
        found = mesh_in_crop(fill.share.face, fill.share.frame)
        nodes, seen = _shown(expected, found, hole)
        if not enough(seen):
            return fill
        laid = [_laid(fill, nodes, seen, number, one) for number, one in meant]
        theirs = torch.cat([networks.tensors(one.crop, fill.hidden)[0] for one in laid])
        lit = networks.balanced(theirs, torch.zeros_like(hole))
        blinded = hole.expand(len(theirs), -1, -1, -1)
        guessed = landmarks(networks.balanced(theirs, hole), blinded)
        laid = [
            replace(one, unknown=one.nodes - guess)
            for one, guess in zip(laid, guessed.double().cpu().numpy(), strict=True)
        ]
        # Both by the network, with the same part hidden: where it errs it errs alike.
        meshes = torch.cat([expected, guessed])
        alike = likenesses(networks.prior, torch.cat([balanced, lit]), hole, meshes)
    if alike is not None:
        laid = [
            replace(one, likeness=value, same=one.reference.sure or same)
            for one, value, same in zip(laid, alike, same_person(alike), strict=True)
        ]
    return fill.becomes(CutShare, laid=tuple(laid))


def person_in(fill: CutShare) -> Callable[[Tensor], Tensor] | None:
    """What references tell of the nodes that the landmark network expects: takes and gives 1 x 478
    x 2 in crop units. None without a reference of the same person."""
    laid = [one for one in fill.laid if one.same]
    if not laid:
        return None
    as_shown = fill.whole.request.options.expression == AS_SHOWN

    def told(expected: Tensor) -> Tensor:
        nodes = corrected(expected[0].double().cpu().numpy(), laid, as_shown)
        return torch.from_numpy(nodes).to(expected)[None]

    return told


def looked_at(fill: FullShare) -> tuple[Laid, ...] | None:
    """A reference laid over the face. None where there is none."""
    return fill.laid or None


def bring_references(fill: FullShare, laid: tuple[Laid, ...]) -> FullShare:
    """Reads seen, pixels, matte, guidance. Writes pixels: where references are believed, theirs;
    taken: how much of each.

    Of each region the reference that fits best there has the say. Light and colour are carried in
    from the photo's own border, as a fill's are.
    """
    nodes, fine = fill.guidance.sight.told, fill.whole.loaded.networks.prior.fine
    same = [one for one in laid if one.same]
    told: dict[int, dict[str, float]] = {}
    out = fill.pixels
    if same and nodes is not None and fine is not None:
        out, told = _brought(fill, same, nodes[0].double().cpu().numpy(), fine.net)
    taken = tuple(
        Taken(fill.face, x.number, x.reference.name, x.likeness, x.same, told.get(x.number, {}))
        for x in laid
    )
    return fill.becomes(FullShare, pixels=out, taken=taken)


def _brought(
    fill: FullShare, laid: Sequence[Laid], wanted: np.ndarray, net: np.ndarray
) -> tuple[np.ndarray, dict[int, dict[str, float]]]:
    """The pixels with those of references, and by the number of each what was taken of it."""
    frame, box, hidden, seen = fill.share.frame, fill.box, fill.hidden_there, fill.seen
    face = np.ones(hidden.shape, np.float32) if fill.matte is None else fill.matte.over(box)
    areas = {name: over(share, frame, box) for name, share in region_shares(wanted).items()}
    trusts = [
        one.reference.strength * over(trusted(one.nodes, wanted, one.scale), frame, box)
        for one in laid
    ]
    best = {
        name: max(range(len(laid)), key=lambda n: _fit(laid[n], name, area * hidden, trusts[n]))
        for name, area in areas.items()
    }
    out, told = fill.pixels.copy(), {}
    for number in sorted(set(best.values())):
        one = laid[number]
        names = [n for n, b in best.items() if b == number and n in one.reference.regions]
        if not names:
            continue
        both = _both_show(one, wanted, fill.hidden)
        light = geometry.put_back(relighting(fill.crop, one.crop, both), frame, box)
        theirs = relit(brought(one, wanted, frame, box, net), light)
        theirs = np.ascontiguousarray(fill.whole.photo.from_srgb(theirs.clip(0, 1)), np.float32)
        theirs = closed(seen, theirs, hidden, fill.matte, box, SAME_SKIN)
        told[one.number] = {}
        for name in names:
            share = areas[name] * trusts[number] * face
            out += share[..., None] * (theirs - fill.pixels)
            whole = float((areas[name] * face)[hidden].sum())
            if whole > LEAST * hidden.sum():
                told[one.number][name] = float(share[hidden].sum()) / whole
    return out, told


def _both_show(laid: Laid, wanted: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Where a crop and a reference show the same of a face, S x S float32."""
    side = len(hidden)
    faces = np.minimum(*(cv2.erode(outlined(n, side), RIM) for n in (laid.nodes, wanted)))
    return faces.astype(np.float32) / 255 * ~hidden


def _fit(laid: Laid, name: str, area: np.ndarray, trust: np.ndarray) -> float:
    """How well a reference does for a region: how far it is believed there, less for a face that
    is turned otherwise."""
    if name not in laid.reference.regions:
        return -1.0
    believed = float((area * trust).sum() / max(float(area.sum()), 1e-6))
    return believed / (1 + laid.off / OFF)


def _shown(
    expected: Tensor, found: np.ndarray | None, hole: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """A face's nodes (478 x 2), seen ones as they were found, and which are seen (478 bool).

    expected: 1 x 478 x 2, by the landmark network.
    """
    nodes, hidden = expected[0].double().cpu().numpy(), nodes_in_hole(expected, hole)
    if found is None:
        return nodes, hidden[0].cpu().numpy() == 0
    mesh = torch.from_numpy(found[None]).to(expected)
    seen = torch.maximum(hidden, nodes_in_hole(mesh, hole))[0].cpu().numpy() == 0
    return np.where(seen[:, None], found, nodes), seen


def _laid(
    fill: CutShare, nodes: np.ndarray, seen: np.ndarray, number: int, reference: Reference
) -> Laid:
    mesh = reference.face.mesh
    assert mesh is not None
    theirs, frame, photo = mesh[:, :2].astype(np.float64), fill.share.frame, reference.photo
    into, off = similar(theirs[seen], nodes[seen])
    moved = geometry.transform(into, theirs)
    crop = geometry.cut(photo.own8, into, len(fill.crop), border="edge")
    return Laid(
        reference,
        number,
        geometry.compose(geometry.invert(frame), into),
        moved,
        off,
        np.zeros_like(moved),
        photo.to_srgb(crop).astype(np.float32) / 255,
    )
