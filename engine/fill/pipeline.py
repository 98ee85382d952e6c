"""What happens to the pixels of a photo, in order: the tables of steps.

A fill is `PHOTO`. Its row *fill shares* runs `SHARE` for each face that the hole hides a part of,
in which the row *fill face* runs `FACE` on the face's crop. Everything else is these tables with
rows left out. `PREVIEWED`, which follows the brush, has no generator, and no seam, grain or texture
at the photo's own size; a model that stops after the prior has no generator either. `RESTED`, once
the brush rests, has the detail of large faces too. `TRAINING`
makes what a generator learns to sharpen, and does not set the white balance: the generator that is
shipped learnt on crops in their own light. A generator that paints its hole from nothing (the
published form) takes `BARE`.

`main.py inpaint --steps FOLDER` writes the picture after every step, `python -m
engine.fill.pipeline` prints the tables. How to add a step: docs/steps.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.base.errors import MienError
from engine.base.exact import exact
from engine.fill.face_fill import BalancedFill, FaceFill, Known, PicturedFill, RenderedFill
from engine.fill.photo_fill import (
    DoneShare,
    FilledShare,
    GuidedShare,
    PaintedFill,
    PhotoFill,
    SharedFill,
    ShareFill,
)
from engine.fill.shares import Behind
from engine.fill.step import (
    BLEND,
    FIND,
    GENERATE,
    TEXTURE,
    Step,
    Table,
    Tables,
    Watch,
    always,
    run_steps,
)
from engine.fill.steps.beard import bearded, grow_beard
from engine.fill.steps.bit_depth import remove_bands, shallow
from engine.fill.steps.blend import close_photo_seam, keep_seen, make_patch, to_photo
from engine.fill.steps.blocks import compressed, show_blocks
from engine.fill.steps.border import known_outline, own_border
from engine.fill.steps.crop import ask_modules, cut_crop, nodes_of
from engine.fill.steps.detail import finer, paint_detail
from engine.fill.steps.dim import dim_light
from engine.fill.steps.exemplars import asked_for, borrow_detail
from engine.fill.steps.expression import change_expression, wishes
from engine.fill.steps.eyes import match_eyes, twin
from engine.fill.steps.grain import add_grain
from engine.fill.steps.lips import keep_lip_colour, redden_lips
from engine.fill.steps.matte import draw_matte
from engine.fill.steps.mouth import clear_teeth, open_mouth
from engine.fill.steps.move import changed_shape, move_pixels
from engine.fill.steps.palette import dotted, few_colours, keep_palette, smooth_dots
from engine.fill.steps.place import find_faces, place_faces, share_hole, unknown
from engine.fill.steps.read import live, read_face, read_untouched
from engine.fill.steps.references import (
    bring_references,
    lay_references,
    looked_at,
    references_of,
)
from engine.fill.steps.render import add_detail, render, shaped
from engine.fill.steps.screen import of_dots, print_dots, printed, smooth_print
from engine.fill.steps.seam import CUT, close_seam, paste
from engine.fill.steps.sharpen import (
    add_generated,
    against_a_wish,
    at_an_edge,
    generated,
    generator_of,
    sharpen,
    show_hole,
    spare_expression,
    spare_jaw,
)
from engine.fill.steps.sharpness import match_sharpness
from engine.fill.steps.solve import solve
from engine.fill.steps.stripes import cast_stripes, even_light, evened, striped
from engine.fill.steps.surroundings import leave_plain
from engine.fill.steps.texture import add_texture, left_over
from engine.fill.steps.tone import match_tone
from engine.fill.steps.white_balance import set_white_balance, undo_white_balance
from engine.fill.white_balance import WhiteBalance

if TYPE_CHECKING:
    from engine.fill.memory import Solutions
    from engine.fill.networks import Networks
    from engine.modules.guidance import Guidance
    from engine.prior.prior import FacePrior, Observation

FACE: Table = (
    Step(
        set_white_balance, always, "The crop in the light that faces were learnt in.", required=True
    ),
    Step(own_border, known_outline, "Wall that the outline takes for face tells nothing of it."),
    Step(solve, always, "The most probable face, given what is seen and known.", required=True),
    Step(change_expression, wishes, "Another expression, or a dragged landmark, where asked for."),
    Step(render, always, "The face as its coefficients say, soft.", required=True),
    Step(move_pixels, changed_shape, "What of a change the coefficients do not say, moved there."),
    Step(keep_lip_colour, changed_shape, "Lips that a change makes into lipstick keep their red."),
    Step(dim_light, changed_shape, "What a change darkens loses its detail as light would."),
    Step(open_mouth, changed_shape, "An opened mouth is no black hole, a closed one shows none."),
    Step(add_detail, shaped, "Lashes, lids and lips: the detail of faces in the mean shape."),
    Step(redden_lips, shaped, "A mean of lips is pale; hidden ones get their red back."),
    Step(clear_teeth, shaped, "A mean of teeth is grey; hidden ones get their contrast back."),
    Step(close_seam, always, "Face and background each meet their own border."),
    Step(match_eyes, twin, "A hidden eye has the colour of the one that is seen."),
    Step(sharpen, generator_of, "The generator sharpens the window around the hole.", GENERATE),
    Step(spare_jaw, at_an_edge, "At a face's edge it draws dark lines: none there.", GENERATE),
    Step(spare_expression, against_a_wish, "It takes wishes back: fine detail alone.", GENERATE),
    Step(add_generated, generated, "What it adds is laid on the prior's fill.", GENERATE),
    Step(match_tone, always, "A grey or sepia photo's fill is grey or sepia.", BLEND),
    Step(match_sharpness, always, "As sharp as the face around.", BLEND),
    Step(undo_white_balance, always, "Back into the photo's own light.", BLEND, required=True),
    Step(paste, always, "Outside the hole the crop itself.", BLEND, required=True),
)
PREVIEW: Table = tuple(step for step in FACE if step.stage != GENERATE)
_names = [step.name for step in FACE]
TRAINING: Table = FACE[_names.index("own_border") : _names.index("close_seam") + 1]
BARE: Table = (
    FACE[0],
    Step(show_hole, generator_of, "The crop as it is; its hole is not looked at.", required=True),
    *(step for step in FACE[_names.index("sharpen") :]),
)


# How much of a share is done when a stage of it begins.
_SHARE_BEGINS = {"prior": 0.0, "generate": 0.2, "blend": 0.9}
_SHARES_BEGIN, _SHARES_TAKE = 0.25, 0.55  # of the whole fill
_BEGINS = {FIND: 0.1, TEXTURE: 0.85}


def fill_shares(fill: SharedFill, _: bool) -> PaintedFill:
    """Reads shares. Writes patches, readings, behind: each share by `SHARE`."""
    done: list[DoneShare] = []
    for number, share in enumerate(fill.shares):
        given = ShareFill(
            whole=fill, share=share, number=number, begun=time.perf_counter(), cancel=fill.cancel
        )
        done.append(run_steps(given, fill.tables.share, after=fill.watch))
    return fill.becomes(
        PaintedFill,
        patches=tuple(one.patch for one in done),
        readings=tuple(one.reading for one in done),
        behind=tuple(Behind(one.share, one.matte) for one in done),
        references=tuple(taken for one in done for taken in one.taken),
    )


def fill_face(fill: GuidedShare, _: bool) -> FilledShare:
    """Reads crop, hidden, guidance. Writes filled: the crop by `FACE`, or as its model fills."""
    whole = fill.whole

    def entering(stage: str) -> None:
        share = (fill.number + _SHARE_BEGINS[stage]) / len(whole.shares)
        whole.tell(stage, _SHARES_BEGIN + _SHARES_TAKE * share)

    filled = fill_crop(
        whole.loaded.networks,
        fill.crop,
        fill.hidden,
        fill.guidance,
        table=whole.tables.face,
        cancel=fill.cancel,
        entering=entering,
        after=whole.watch,
        solutions=whole.loaded.solutions,
        beyond=0.0 if fill.matte is None else CUT,
    )
    return fill.becomes(FilledShare, filled=filled)


SHARE: Table = (
    Step(cut_crop, always, "The face upright, in the size that networks know.", required=True),
    Step(lay_references, references_of, "Other photos of the person, laid over the face."),
    Step(ask_modules, always, "What is known of the face beside its pixels.", required=True),
    Step(draw_matte, nodes_of, "Where the face ends and what is behind it begins."),
    Step(fill_face, always, "The crop's hole.", required=True),
    Step(read_face, always, "What the fill looks like, to tell.", BLEND, required=True),
    Step(to_photo, always, "The crop at the photo's size.", BLEND, required=True),
    Step(close_photo_seam, always, "What the crop is too small to see of the border.", BLEND),
    Step(paint_detail, finer, "Lashes and lids that the crop is too small for.", BLEND),
    Step(
        borrow_detail, asked_for, "The finest of them as faces of one's own photos have it.", BLEND
    ),
    Step(grow_beard, bearded, "A beard goes on where it was hidden.", BLEND),
    Step(add_grain, always, "The texture of skin and sensor, as beside the hole.", BLEND),
    Step(bring_references, looked_at, "What they show of what is hidden, brought there.", BLEND),
    Step(keep_seen, always, "Outside the hole the photo itself.", BLEND),
    Step(make_patch, always, "In the photo's depth, as opaque as the mask.", BLEND, required=True),
)
PHOTO: Table = (
    Step(smooth_dots, dotted, "Networks see the greys that black dots stand for.", FIND),
    Step(smooth_print, printed, "Nor are printed dots a face: networks see their greys.", FIND),
    Step(even_light, striped, "Blinds and bars cast stripes: faces are known in even light.", FIND),
    Step(find_faces, unknown, "Where faces are, large and small, upright or not.", FIND),
    Step(place_faces, always, "Where they lie under the hole.", FIND, required=True),
    Step(leave_plain, always, "Scratches and even walls tell themselves.", FIND, required=True),
    Step(share_hole, always, "Every pixel has one painter.", FIND, required=True),
    Step(fill_shares, always, "Each face's part of the hole.", required=True),
    Step(read_untouched, live, "A preview tells of every face."),
    Step(
        add_texture,
        left_over,
        "What no face owns goes on as what is around it, people and wall apart.",
        TEXTURE,
    ),
    Step(remove_bands, shallow, "Texture of 8 bit has bands in a photo of 16.", TEXTURE),
    Step(show_blocks, compressed, "In a coarse JPEG a fill without blocks stands out.", BLEND),
    Step(cast_stripes, evened, "The stripes of light go on across the fill.", BLEND),
    Step(print_dots, of_dots, "A printed picture goes on in its rows of dots.", BLEND),
    Step(keep_palette, few_colours, "A drawing stays drawn, a scan of one bit has dots.", BLEND),
)
FILL = Tables(PHOTO, SHARE)
_UNSEEN = (find_faces, draw_matte, close_photo_seam, paint_detail, grow_beard, add_grain)
_UNSEEN = (*_UNSEEN, borrow_detail, keep_seen, add_texture, remove_bands, show_blocks)
_UNSEEN = (*_UNSEEN, smooth_print, print_dots, even_light, cast_stripes)
PREVIEWED = Tables(
    tuple(step for step in PHOTO if step.run not in _UNSEEN),
    tuple(step for step in SHARE if step.run not in _UNSEEN),
    PREVIEW,
)
_AT_REST = (paint_detail, borrow_detail)
RESTED = Tables(
    PREVIEWED.photo,
    tuple(step for step in SHARE if step in PREVIEWED.share or step.run in _AT_REST),
    PREVIEW,
)


def fill_photo(given: PhotoFill) -> PaintedFill:
    """A photo taken through its tables. Raises MienError, Cancelled."""

    def entering(stage: str) -> None:
        if stage in _BEGINS:  # shares tell of themselves
            given.tell(stage, _BEGINS[stage])

    return run_steps(given, given.tables.photo, entering=entering, after=given.watch)


def without(name: str, table: Table = FACE) -> Table:
    """A table with one step left out. Raises MienError for one that is none or that fills need."""
    optional = [step.name for step in table if not step.required]
    if name not in optional:
        raise MienError(f"'{name}' is no step that can be left out: {', '.join(optional)}.")
    return tuple(step for step in table if step.name != name)


def table_of(networks: Networks) -> Table:
    """The steps that a model fills by."""
    return BARE if networks.generator and networks.generator.input == "zero" else FACE


def fill_crop(
    networks: Networks,
    crop: np.ndarray,
    hole: np.ndarray,
    guidance: Guidance | None = None,
    *,
    table: Table | None = None,
    cancel: threading.Event | None = None,
    entering: Callable[[str], None] | None = None,
    after: Watch | None = None,
    solutions: Solutions | None = None,
    beyond: float = 0.0,
) -> np.ndarray:
    """The crop with its hole filled.

    crop: S x S x 3 float32 in [0, 1]. hole: S x S bool. guidance: of this crop; None leaves every
    module off. table: the model's own by default. entering, after: as of `run_steps`.
    solutions: of faces solved before. beyond: as of FaceFill. Returns S x S x 3 float32 in [0, 1],
    outside the hole `crop` itself. Raises Cancelled, on PyTorch within one layer of the generator.
    """
    with torch.inference_mode():
        pixels, hidden = networks.tensors(crop, hole)
        given = given_fill(networks, pixels, hidden, guidance, cancel, solutions, beyond)
        steps = table_of(networks) if table is None else table
        done: PicturedFill = run_steps(given, steps, entering=entering, after=after)
        return as_array(done.picture)


def given_fill(
    networks: Networks,
    crop: Tensor,
    hole: Tensor,
    guidance: Guidance | None = None,
    cancel: threading.Event | None = None,
    solutions: Solutions | None = None,
    beyond: float = 0.0,
) -> FaceFill:
    """A fill at its beginning. crop: 1 x 3 x S x S in [-1, 1]. hole: 1 x 1 x S x S."""
    known, dice = Known(), None
    if guidance is not None:
        known = Known(guidance.observations, guidance.meshes, None, guidance.conditions)
        if guidance.variant:
            dice = torch.Generator().manual_seed(1000 * guidance.seed + guidance.variant)
    return FaceFill(
        prior=networks.prior,
        crop=crop,
        hole=hole,
        known=known,
        networks=networks,
        guidance=guidance,
        dice=dice,
        solutions=solutions,
        beyond=beyond,
        cancel=cancel,
    )


@exact
def fill_by_prior(
    prior: FacePrior,
    crops: Tensor,
    hole: Tensor,
    observations: Sequence[Observation] = (),
    *,
    meshes: Tensor | None = None,
    use: Tensor | None = None,
    dice: torch.Generator | None = None,
) -> Tensor:
    """The crops with their holes painted by the prior, in the light that they have, seam closed:
    `TRAINING`, what a generator learns to sharpen.

    crops: B x 3 x S x S in [-1, 1], any S; what lies in the hole is not looked at. hole: B x 1 x S
    x S, or 1 x 1 x S x S for all (one matrix to factor). observations, meshes, use: as of Known.
    dice: draws a variant. Outside the hole the result is `crops`.
    """
    crops, hole = crops.to(prior.device), hole.to(prior.device)
    known = Known(tuple(observations), meshes, use)
    balance = WhiteBalance(torch.ones(1, 3, 1, 1, device=prior.device))
    given = BalancedFill(
        prior=prior,
        crop=crops,
        hole=hole,
        known=known,
        dice=dice,
        white_balance=balance,
        balanced=crops,
        told={},
    )
    done: RenderedFill = run_steps(given, TRAINING)
    return done.picture


def as_array(picture: Tensor) -> np.ndarray:
    """A picture (1 x 3 x S x S in [-1, 1]) as S x S x 3 float32 in [0, 1]."""
    return ((picture[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).cpu().numpy()


def described() -> str:
    """The tables in Markdown: each step, why, what it needs that not every fill has, and whether
    the preview leaves it out, or does until the brush rests. What a row runs as a table of its own
    stands below it, indented."""
    inner = {fill_shares: (SHARE, PREVIEWED.share), fill_face: (FACE, PREVIEW)}

    def rows(table: Table, previewed: Table, depth: int) -> Iterator[str]:
        for step in table:
            name = f"{'· ' * depth}{step.name.replace('_', ' ')}"
            out = "" if step in previewed else "at rest" if step in RESTED.share else "left out"
            yield f"| {name} | {step.why} | {step.needs} | {out} |"
            if step.run in inner:
                yield from rows(*inner[step.run], depth + 1)

    head = ["| step | why | needs | preview |", "|---|---|---|---|"]
    return "\n".join([*head, *rows(PHOTO, PREVIEWED.photo, 0)])


if __name__ == "__main__":
    print(described())
