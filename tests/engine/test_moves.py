"""How far a reader walks: a fill's moves from file to file, and the files a further thing takes.

A move is a call of one of the engine's own functions from a function of another of its files; calls
by way of a library count, a decorator's wrapper (engine/base/exact.py) is no place of its own, and
what is looked for of a face under a hole (engine/face/placement.py) is counted by itself: it looks
from many places, and the more the less it sees. One face, its lower half hidden, faces known.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType

import numpy as np

import engine
from engine.face.parts import part_mask
from engine.fill.filler import FaceInpainter
from engine.fill.pipeline import FILL, SHARE
from engine.fill.step import Step, always
from engine.inpaint import FillOptions, FillRequest
from engine.mask import Mask

ROOT = Path(engine.__file__).parent
WRAPPER = str(ROOT / "base" / "exact.py")
# What is reached. 300 were wanted; the rest are the tables themselves: every row asks whether it is
# cancelled, calls a step in a file of its own, and makes the next state, which are three moves.
MOST, MOST_ASKED = 440, 600


def moves_of(inpainter: FaceInpainter, request: FillRequest) -> Counter:
    """{"fill": moves, "place": those while faces are placed}."""
    counts: Counter = Counter()

    def ours(frame: FrameType | None) -> bool:
        file = "" if frame is None else frame.f_code.co_filename
        return file.startswith(str(ROOT)) and file != WRAPPER

    def note(frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not ours(frame):
            return
        caller = frame.f_back
        while caller is not None and not ours(caller):
            caller = caller.f_back
        if caller is None or caller.f_code.co_filename == frame.f_code.co_filename:
            return
        placing, above = False, caller
        while above is not None and not placing:
            placing, above = above.f_code.co_name == "place_faces", above.f_back
        counts["place" if placing else "fill"] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        inpainter.fill(request)
    finally:
        sys.setprofile(before)
    return counts


def test_a_fill_walks_no_further_than_it_did(inpainter, photo, face) -> None:
    mask = Mask(part_mask(face.mesh, "lower_face", photo.size))
    for options, most in (
        (FillOptions(), MOST),
        (FillOptions(emotion="happiness"), MOST_ASKED),
    ):
        request = FillRequest(photo, mask, options, (face,))
        inpainter.fill(request)  # what is loaded at first use is loaded
        counts = moves_of(inpainter, request)
        assert 100 < counts["fill"] <= most, counts


def test_a_further_step_is_one_file_and_one_row(
    inpainter, photo, face, tmp_path: Path, monkeypatch
) -> None:
    file = tmp_path / "negative.py"
    file.write_text('''
from engine.fill.photo_fill import FullShare


def make_negative(fill: FullShare, _: bool) -> FullShare:
    """Reads pixels. Writes pixels: their negative."""
    return fill.becomes(FullShare, pixels=1 - fill.pixels)
''')
    spec = importlib.util.spec_from_file_location("negative", file)
    assert spec is not None
    assert spec.loader is not None
    negative = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(negative)
    request = FillRequest(
        photo, Mask(part_mask(face.mesh, "mouth", photo.size)), FillOptions(), (face,)
    )
    plain = photo.apply(*inpainter.fill(request).patches).pixels.astype(int)
    at = [step.name for step in SHARE].index("keep_seen")
    row = Step(negative.make_negative, always, "A negative.")
    monkeypatch.setattr(
        "engine.fill.filler.FILL", replace(FILL, share=(*SHARE[:at], row, *SHARE[at:]))
    )
    turned = photo.apply(*inpainter.fill(request).patches).pixels.astype(int)
    hole = request.mask.hole
    assert np.abs(turned[hole] + plain[hole] - 255).max() <= 1
    assert np.array_equal(turned[~hole], plain[~hole])


def test_a_third_module_is_at_most_four_files_and_none_of_the_editors() -> None:
    """By what docs/modules.md says; tests/engine/third_module.py is a program that has one."""
    text = (ROOT.parent / "docs" / "modules.md").read_text(encoding="utf-8")
    files = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert [name for name in files if name.startswith("gui/")] == []
    assert 2 <= len([name for name in files if name.startswith("engine/")]) <= 4
    there = [name for name in files if (ROOT.parent / name).exists()]
    assert set(files) - set(there) == {"engine/modules/age.py"}
