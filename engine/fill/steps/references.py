"""References of a face: laid over it before it is filled, their pixels brought to it after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.hidden import SHARPENED
from engine.face import geometry
from engine.face.frames import mesh_in_crop
from engine.face.mesh import LEFT_EYE, LIPS, RIGHT_EYE
from engine.face.regions import outlined, without
from engine.fill.photo_fill import CutShare, FullShare, ShareFill
from engine.fill.shares import Box
from engine.fill.steps.blend import closed
from engine.inpaint import FillOptions
from engine.modules.emotion import asked_for
from engine.modules.landmarks import nodes_in_hole
from engine.modules.module import Person
from engine.readings import EMOTIONS, KEEP
from engine.reference import Reference, Taken
from engine.reference.alignment import Laid, corrected, enough, similar
from engine.reference.beyond import beside_both, beyond
from engine.reference.bringing import SIDE, bent, brought, shown
from engine.reference.identity import Look, likenesses
from engine.reference.light import coarse, relighting, relit, unlike
from engine.reference.likeness import same_person
from engine.reference.reference import AS_SHOWN
from engine.reference.sharpness import as_sharp
from engine.reference.trust import facing, over, region_shares, trusted

SAME_SKIN = 0.2  # of white: skin of one face differs by less once its light is the same
RIM = np.ones((9, 9), np.uint8)  # crop pixels: where outlines end, hair begins
LEAST = 0.01  # of a hole: a region that has less of it is not told of
SHOWN = 0.5  # probability from which on a reference has the expression that is asked for
EXPRESSIVE = ("eyes", "brows", "mouth")  # regions that an expression moves
LIVE_SIDE = 256  # pixels of a frame that a preview brings references to
LIGHT, WITHIN = 0.06, 0.5  # crop units over which light is calmed; share of a pixel that is face
SURELY = 0.99  # of a pixel: both photos show the face there
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
        theirs, hidden = (
            torch.cat(given)
            for given in zip(*(networks.tensors(x.crop, x.hidden) for x in laid), strict=True)
        )
        lit = networks.balanced(theirs, hidden)
        blinded = torch.maximum(hole, hidden)
        guessed = landmarks(networks.balanced(theirs, blinded), blinded)
        laid = [
            replace(one, unknown=one.nodes - guess)
            for one, guess in zip(laid, guessed.double().cpu().numpy(), strict=True)
        ]
        # Both by the network, with the same part hidden: where it errs it errs alike.
        ours, *theirs = (mesh.double().cpu().numpy() for mesh in (*expected, *guessed))

        def told() -> list[float] | None:
            if networks.recognition is None:
                return None
            looks = [Look(x.crop, x.hidden, m) for x, m in zip(laid, theirs, strict=True)]
            return likenesses(networks.recognition, Look(fill.crop, fill.hidden, ours), looks)

        whole, asked = fill.whole, [one.reference for one in laid]
        if whole.live:
            covered = float(hole.sum())
            face = fill.share.face
            alike = whole.loaded.who.likenesses(whole.photo, face, asked, covered, told)
        else:
            alike = told()
        laid = _asked(fill, laid, lit, hidden, seen)
    if alike is not None:
        laid = [
            replace(one, likeness=value, same=one.reference.sure or same)
            for one, value, same in zip(laid, alike, same_person(alike), strict=True)
        ]
    return fill.becomes(CutShare, laid=tuple(laid))


def known_person(fill: CutShare) -> tuple[FillOptions, Person | None]:
    """What is asked of the modules, and what references tell of the nodes that the landmark network
    expects (takes and gives 1 x 478 x 2 in crop units); None without one of the same person."""
    options, laid = fill.whole.request.options, [one for one in fill.laid if one.same]
    if not laid:
        return options, None
    as_shown = showing(fill)
    if as_shown is not None:
        # It is the expression that is asked for: nothing is pushed any further.
        options = replace(options, emotion=KEEP)
    elif options.expression == AS_SHOWN:
        as_shown = min(laid, key=lambda one: one.off)

    def told(expected: Tensor) -> Tensor:
        if as_shown is not None:
            return torch.from_numpy(as_shown.nodes).to(expected)[None]
        nodes = corrected(expected[0].double().cpu().numpy(), laid)
        return torch.from_numpy(nodes).to(expected)[None]

    return options, told


def showing(fill: CutShare) -> Laid | None:
    """The reference that shows the expression that is asked for, the clearest; None where none
    does, or none is asked for."""
    shown = [one for one in fill.laid if one.same and one.shows >= SHOWN]
    return max(shown, key=lambda one: one.shows, default=None)


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
    out, turned = fill.pixels, set[int]()
    if same and nodes is not None and fine is not None:
        wanted = nodes[0].double().cpu().numpy()
        out, told = _brought(fill, same, wanted, fine.net)
        turned = {one.number for one in same if not facing(one.nodes, wanted)}
    chosen, emotion = showing(fill), fill.whole.request.options.emotion
    taken = tuple(
        Taken(
            fill.face,
            x.number,
            x.reference.name,
            x.likeness,
            x.same,
            told.get(x.number, {}),
            emotion if x is chosen else "",
            x.number in turned,
        )
        for x in laid
    )
    return fill.becomes(FullShare, pixels=out, taken=taken)


@dataclass(frozen=True, eq=False)
class View:
    """The pixels of a share that references are brought to: in the box (x, y, width, height) of a
    picture that lies in `frame` as a photo does. pixels, seen: height x width x 3 float32, 1 is
    white. hidden: height x width bool. face: height x width float32, the share of each pixel that
    is face. laid: the references as they lie over that picture."""

    frame: np.ndarray
    box: Box
    pixels: np.ndarray
    seen: np.ndarray
    hidden: np.ndarray
    face: np.ndarray
    laid: tuple[Laid, ...]


def _viewed(fill: FullShare, laid: Sequence[Laid]) -> View:
    """The share at the photo's own size; in a preview smaller, since it has no finer detail."""
    frame, box, hidden = fill.share.frame, fill.box, fill.hidden_there
    face = np.ones(hidden.shape, np.float32) if fill.matte is None else fill.matte.over(box)
    view = View(frame, box, fill.pixels, fill.seen, hidden, face, tuple(laid))
    by = LIVE_SIDE / geometry.frame_side(frame)
    if not fill.whole.live or by >= 1:
        return view
    x, y, width, height = box
    size = max(1, round(width * by)), max(1, round(height * by))
    across, down = size[0] / width, size[1] / height
    into = np.array([[across, 0, -x * across], [0, down, -y * down]])
    pixels, seen, face, over = (
        cv2.resize(one, size, interpolation=cv2.INTER_AREA)
        for one in (view.pixels, view.seen, face, hidden.astype(np.float32))
    )
    moved = tuple(replace(one, move=geometry.compose(into, one.move)) for one in laid)
    there = geometry.compose(frame, geometry.invert(into))
    return View(there, (0, 0, *size), pixels, seen, over > 0, face, moved)


def _brought(
    fill: FullShare, original: Sequence[Laid], wanted: np.ndarray, net: np.ndarray
) -> tuple[np.ndarray, dict[int, dict[str, float]]]:
    """The pixels with those of references, and by the number of each what was taken of it."""
    view = _viewed(fill, original)
    frame, box, hidden, seen, face = view.frame, view.box, view.hidden, view.seen, view.face
    nodes_hidden = fill.guidance.sight.hidden
    nodes_seen = None if nodes_hidden is None else nodes_hidden[0].cpu().numpy() == 0
    laid, scales = view.laid, [one.scale for one in original]
    areas = {name: over(share, frame, box) for name, share in region_shares(wanted).items()}

    @cache
    def places(number: int) -> np.ndarray:
        return bent(laid[number], wanted, frame, box, net, LIVE_SIDE if fill.whole.live else SIDE)

    @cache
    def beside(number: int) -> np.ndarray:
        return shown(laid[number], places(number))

    def trust(number: int) -> np.ndarray:
        one = laid[number]
        believed = over(trusted(one.nodes, wanted, scales[number], nodes_seen), frame, box)
        believed *= one.reference.strength * facing(one.nodes, wanted)
        if one.reference.hidden is None:
            return believed
        return believed * beside(number)

    trusts = [trust(number) for number in range(len(laid))]
    asked_for_one = showing(fill)
    chosen = None if asked_for_one is None else asked_for_one.number

    def shares_of(name: str) -> dict[int, np.ndarray]:
        """How much of a region each reference gives: the one that fits best, and what something
        lies over in that one the next."""
        area = areas[name] * face
        left = [n for n in range(len(laid)) if name in laid[n].reference.regions]
        given: dict[int, np.ndarray] = {}
        while left and float((area * hidden).sum()) > LEAST * hidden.sum():
            best = max(
                left,
                key=lambda n: (
                    laid[n].number == chosen and name in EXPRESSIVE,
                    _fit(laid[n], area * hidden, trusts[n]),
                ),
            )
            left.remove(best)
            given[best] = area * trusts[best]
            if laid[best].reference.hidden is None:
                break
            area = area - given[best]
        return given

    given = {name: shares_of(name) for name in areas}
    out, told = view.pixels.copy(), {}
    for number, one in enumerate(laid):
        shares = {name: by[number] for name, by in given.items() if number in by}
        if not shares:
            continue
        both = _both_show(one, wanted, fill.hidden)
        light = relighting(fill.crop, one.crop, both)
        theirs = brought(one, places(number))
        lit, wall, matte = geometry.put_back(light, frame, box), None, fill.matte
        if matte is not None:
            # What it shows beside its face has other light than skin, and the wall's own border.
            behind = relighting(fill.crop, one.crop, beside_both(one, wanted, fill.hidden))
            wall = beyond(one, theirs, frame, box)
            lit += wall[..., None] * (geometry.put_back(behind, frame, box) - lit)
            matte = without(matte, wall, box)
        theirs = relit(theirs, lit)
        theirs = np.ascontiguousarray(fill.whole.photo.from_srgb(theirs.clip(0, 1)), np.float32)
        if not fill.whole.live:
            theirs = as_sharp(theirs, seen, geometry.put_back(both, frame, box) > SURELY)
        if one.reference.hidden is not None:
            # What lies over it there must not be carried in from the border either.
            ours = np.where(hidden[..., None], view.pixels, seen)
            theirs = ours + beside(number)[..., None] * (theirs - ours)
        theirs = closed(seen, theirs, hidden, matte, box, SAME_SKIN)
        differ = unlike(light, both)
        if differ:
            # Shadows of another light: the fill knows better where this one falls.
            within, sigma = hidden & (face > WITHIN), LIGHT * geometry.frame_side(frame)
            theirs = theirs + differ * coarse(view.pixels - theirs, within, sigma)
        told[one.number] = {}
        if wall is not None:
            share = hidden * wall * (1 - face) * trusts[number]
            out += share[..., None] * (theirs - view.pixels)
        for name, share in shares.items():
            out += share[..., None] * (theirs - view.pixels)
            whole = float((areas[name] * face)[hidden].sum())
            if whole > LEAST * hidden.sum():
                told[one.number][name] = float(share[hidden].sum()) / whole
    if view.pixels is not fill.pixels:
        size = fill.pixels.shape[1::-1]
        out = fill.pixels + cv2.resize(out - view.pixels, size, interpolation=cv2.INTER_LINEAR)
    return out, told


def _both_show(laid: Laid, wanted: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Where a crop and a reference show the same of a face, S x S float32."""
    side = len(hidden)
    faces = np.minimum(*(cv2.erode(outlined(n, side), RIM) for n in (laid.nodes, wanted)))
    return faces.astype(np.float32) / 255 * ~(hidden | laid.hidden)


def _fit(laid: Laid, area: np.ndarray, trust: np.ndarray) -> float:
    """How well a reference does for a region: how far it is believed there, less for a face that
    is turned otherwise."""
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
    shown = seen & ~_under(reference.hidden, theirs)
    both = shown if enough(shown) else seen
    into, off = similar(theirs[both], nodes[both])
    moved, side = geometry.transform(into, theirs), len(fill.crop)
    crop = geometry.cut(photo.own8, into, side, border="edge")
    hidden = np.zeros((side, side), bool)
    if reference.hidden is not None:
        over = geometry.cut(reference.hidden.view(np.uint8) * np.uint8(255), into, side)
        hidden = over > SHARPENED
    return Laid(
        reference,
        number,
        geometry.compose(geometry.invert(frame), into),
        moved,
        off,
        np.zeros_like(moved),
        photo.to_srgb(crop).astype(np.float32) / 255,
        hidden,
    )


def _under(hidden: np.ndarray | None, nodes: np.ndarray) -> np.ndarray:
    """Which nodes (478 x 2, photo pixels) something lies over, 478 bool."""
    if hidden is None:
        return np.zeros(len(nodes), bool)
    x, y = nodes.astype(int).clip(0, (hidden.shape[1] - 1, hidden.shape[0] - 1)).T
    return hidden[y, x]


def _asked(
    fill: CutShare, laid: Sequence[Laid], crops: Tensor, hidden: Tensor, seen: np.ndarray
) -> list[Laid]:
    """References with how surely they have the expression that is asked for. It is told where the
    whole mouth or both eyes are hidden: half a mouth cannot take another's expression.

    crops: B x 3 x S x S, in the light of the average face. seen: 478 bool, nodes of the face.
    """
    asked = asked_for(fill.whole.request.options)
    network = fill.whole.loaded.networks.guide.networks.get("emotion")
    wholly = any(not seen[list(part)].any() for part in (LIPS, (*LEFT_EYE, *RIGHT_EYE)))
    if asked is None or network is None or not wholly:
        return list(laid)
    read = network.read(crops, hidden)[:, EMOTIONS.index(asked[0])].tolist()
    return [replace(one, shows=surely) for one, surely in zip(laid, read, strict=True)]
