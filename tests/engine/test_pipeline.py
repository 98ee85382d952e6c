"""The tables of steps: what follows what, what is left out where, and how one is added."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from PIL import Image

from engine.base.errors import Cancelled, MienError
from engine.face import geometry
from engine.face.frames import matrix_of
from engine.face.parts import part_mask
from engine.fill import pipeline
from engine.fill.face_fill import FaceFill, PicturedFill
from engine.fill.filler import FaceInpainter
from engine.fill.networks import Networks, load_networks
from engine.fill.photo_fill import DoneShare, PaintedFill, PhotoFill, ShareFill
from engine.fill.pipeline import (
    BARE,
    FACE,
    FILL,
    PHOTO,
    PREVIEW,
    PREVIEWED,
    SHARE,
    TRAINING,
    fill_crop,
    without,
)
from engine.fill.record import StepPictures
from engine.fill.step import BLEND, GENERATE, PRIOR, Step, always, run_steps
from engine.inpaint import FillRequest
from engine.mask import Mask
from engine.modules.registry import Wishes


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks("default", "cpu")


@pytest.fixture(scope="module")
def given(photo, face, networks) -> tuple[np.ndarray, np.ndarray, Any]:
    """The astronaut's crop, a hole over her mouth, and what the modules say of it."""
    frame = matrix_of(face)
    crop = geometry.cut(photo.rgb8, frame, networks.side).astype(np.float32) / 255
    hole = np.zeros(crop.shape[:2], bool)
    hole[165:215, 80:176] = True
    mesh = geometry.transform(frame, face.mesh)
    return crop, hole, networks.look(crop, hole, mesh, Wishes())


def names(table) -> list[str]:
    return [step.name for step in table]


@pytest.mark.parametrize(
    ("state", "table", "last"),
    [
        (FaceFill, FACE, PicturedFill),
        (FaceFill, PREVIEW, PicturedFill),
        (FaceFill, BARE, PicturedFill),
        (PhotoFill, PHOTO, PaintedFill),
        (PhotoFill, PREVIEWED.photo, PaintedFill),
        (ShareFill, SHARE, DoneShare),
        (ShareFill, PREVIEWED.share, DoneShare),
    ],
    ids=["face", "face preview", "bare", "photo", "photo preview", "share", "share preview"],
)
def test_every_step_finds_what_it_needs(state: type, table, last: type) -> None:
    """By types: each step takes a state that all the steps before it have at least reached."""
    for step in table:
        hints = get_type_hints(step.run)
        assert issubclass(state, hints["fill"]), step.name
        assert issubclass(hints["return"], hints["fill"]) or hints["return"] is PicturedFill
        if issubclass(hints["return"], state):
            state = hints["return"]
    assert issubclass(state, last)


@pytest.mark.parametrize("step", [*PHOTO, *SHARE, *FACE], ids=names([*PHOTO, *SHARE, *FACE]))
def test_what_a_step_is_given_is_what_it_takes(step: Step) -> None:
    wanted = list(get_type_hints(step.run).values())[1]
    offered = get_type_hints(step.given)["return"]
    assert wanted in (offered, *get_args(offered)), step.name


def test_a_step_says_why_in_one_sentence_and_no_stage_comes_twice() -> None:
    for step in (*PHOTO, *SHARE, *FACE):
        assert step.why.endswith(".")
        assert len(step.why) < 80
        assert "Reads" in (step.run.__doc__ or "") or "Writes" in (step.run.__doc__ or "")
    stages = [step.stage for step in FACE]
    assert [stage for stage, after in pairwise([*stages, ""]) if stage != after] == [
        *(PRIOR, GENERATE, BLEND)
    ]


def test_a_preview_and_a_training_are_the_fill_with_rows_left_out() -> None:
    left_out = ["sharpen", "spare_jaw", "spare_expression", "add_generated"]
    assert [name for name in names(FACE) if name not in names(PREVIEW)] == left_out
    assert [name for name in names(SHARE) if name not in names(PREVIEWED.share)] == [
        *("draw_matte", "close_photo_seam", "paint_detail", "borrow_detail"),
        *("grow_beard", "add_grain", "keep_seen"),
    ]
    assert [name for name in names(PHOTO) if name not in names(PREVIEWED.photo)] == [
        *("smooth_print", "even_light", "find_faces", "add_texture", "remove_bands"),
        *("show_blocks", "cast_stripes", "print_dots"),
    ]
    assert PREVIEWED.face == PREVIEW
    assert names(TRAINING) == names(FACE)[1 : names(FACE).index("close_seam") + 1]


def test_a_further_step_is_a_function_and_a_row(networks, given) -> None:
    crop, hole, guidance = given

    def invert(fill: PicturedFill, _: bool) -> PicturedFill:
        """Reads picture. Writes picture: its negative."""
        return fill.becomes(type(fill), picture=-fill.picture)

    plain = fill_crop(networks, crop, hole, guidance)
    at = names(FACE).index("paste")
    longer = (*FACE[:at], Step(invert, always, "A negative."), *FACE[at:])
    turned = fill_crop(networks, crop, hole, guidance, table=longer)
    np.testing.assert_allclose(turned[hole], 1 - plain[hole], atol=1e-5)
    assert np.array_equal(turned[~hole], plain[~hole])


def test_a_step_can_be_left_out_and_one_that_is_needed_cannot(networks, given) -> None:
    crop, hole, guidance = given
    whole = fill_crop(networks, crop, hole, guidance)
    coarse = fill_crop(networks, crop, hole, guidance, table=without("add_detail"))
    assert np.abs(whole - coarse)[hole].mean() > 0.002
    assert np.array_equal(whole[~hole], coarse[~hole])
    assert names(without("sharpen")) == [n for n in names(FACE) if n != "sharpen"]
    with pytest.raises(
        MienError, match=r"'solve' is no step that can be left out: own_border, change_"
    ):
        without("solve")


def test_steps_that_a_fill_has_no_use_for_are_passed_over(networks, given) -> None:
    ran: list[str] = []

    def note(step: Step, fill: Any) -> None:
        ran.append(step.name)

    fill_crop(networks, *given, after=note)
    changes = {"change_expression", "move_pixels", "keep_lip_colour", "dim_light", "open_mouth"}
    for_others = {"spare_expression", "match_eyes"}  # no wish, and both eyes are hidden or none
    assert ran == [n for n in names(FACE) if n not in changes | for_others]
    ran.clear()
    fill_crop(networks, *given[:2], after=note)  # no module has a say: no outline, its own shape
    assert "spare_jaw" not in ran
    assert "add_detail" in ran


def test_stages_are_told_once_and_in_order(networks, given) -> None:
    told: list[str] = []
    fill_crop(networks, *given, entering=told.append)
    assert told == [PRIOR, GENERATE, BLEND]


def test_a_fill_is_given_up_between_steps() -> None:
    cancel, ran = threading.Event(), []

    def first(fill: Any, _: bool) -> Any:
        ran.append("first")
        cancel.set()
        return fill

    def second(fill: Any, _: bool) -> Any:
        ran.append("second")
        return fill

    table = [Step(first, always, "One."), Step(second, always, "Two.")]
    with pytest.raises(Cancelled):
        run_steps(SimpleNamespace(cancel=cancel), table)
    assert ran == ["first"]


def test_the_picture_after_every_step_is_written(networks, given, tmp_path: Path) -> None:
    filled = fill_crop(networks, *given, after=StepPictures(tmp_path / "steps"))
    pictures = sorted((tmp_path / "steps").iterdir())
    assert pictures[0].name == "1-01-set_white_balance.png"
    assert pictures[-1].name == f"1-{len(pictures):02d}-paste.png"
    last = np.asarray(Image.open(pictures[-1]))
    assert np.array_equal(last, (filled * 255 + 0.5).astype(np.uint8))


def test_the_steps_of_the_photo_are_written_too(photo, face, tmp_path: Path) -> None:
    pixels = part_mask(face.mesh, "mouth", photo.size)
    pixels[:20, :20] = 255  # no face's
    request = FillRequest(photo, Mask(pixels), faces=(face,))
    filled = FaceInpainter(StepPictures(tmp_path)).fill(request)
    written = {path.stem.split("-")[2]: path for path in tmp_path.iterdir()}
    assert {"render", "paste", "to_photo", "add_grain", "fill_shares", "add_texture"} <= {*written}
    last = np.asarray(Image.open(written["add_texture"]))
    assert np.array_equal(last, photo.apply(*filled.patches).rgb8)


def test_a_row_of_the_photo_can_be_left_out(inpainter, photo, face, monkeypatch) -> None:
    mask = Mask(part_mask(face.mesh, "lower_face", photo.size))
    request = FillRequest(photo, mask, faces=(face,))
    whole = photo.apply(*inpainter.fill(request).patches)
    shorter = replace(FILL, share=without("add_grain", SHARE))
    monkeypatch.setattr("engine.fill.filler.FILL", shorter)
    smooth = photo.apply(*inpainter.fill(request).patches)
    assert not np.array_equal(whole.pixels[mask.hole], smooth.pixels[mask.hole])
    assert np.array_equal(whole.pixels[mask.pixels == 0], smooth.pixels[mask.pixels == 0])


def test_the_readme_has_the_table_as_it_is() -> None:
    readme = Path(pipeline.__file__).parents[2] / "README.md"
    assert pipeline.described() in readme.read_text(encoding="utf-8")
