"""The retouch fitted to a prior: what it paints pale comes back as strong as it is."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from engine.base.errors import MienError
from engine.catalogue.weights import find, load_prior, read_manifest
from engine.prior import FacePrior
from engine.prior.retouch import Retouch
from training.faces import FaceShards
from training.fit_retouch import RetouchOptions, fit_retouch, golden_section

FEW = RetouchOptions(faces=16, fewest=4, close=0.02)


@pytest.fixture(scope="module")
def shards(prepared) -> FaceShards:
    return FaceShards(prepared[0])


@pytest.fixture(scope="module")
def prior() -> FacePrior:
    return FacePrior(load_prior(find("prior")), retouch=Retouch(1.0, 1.0))


def test_a_valley_is_found() -> None:
    assert golden_section(lambda x: abs(x - 1.37), 0, 4, 0.01) == pytest.approx(1.37, abs=0.01)


def test_lips_become_as_red_as_they_are(prior, shards) -> None:
    found, figures = fit_retouch(prior, shards, FEW)
    # Painted lips stand out `without` times as far as true ones; their colour, multiplied, stands
    # out as much (the reddened part has a soft edge, so a little more than the inverse is needed).
    assert figures["redness_faces"] >= 4
    assert math.log(found.redness) * math.log(figures["redness_without"]) <= 0
    again, _ = fit_retouch(prior.retouched(found), shards, FEW)
    assert again.redness == pytest.approx(found.redness, abs=0.05)  # whatever it begins with


def test_what_too_few_faces_show_stays_as_it_was(prior, shards) -> None:
    with pytest.raises(MienError, match=r"fewer than 99 show lips or teeth"):
        fit_retouch(prior, shards, RetouchOptions(faces=4, fewest=99))


def test_the_verb_writes_it_into_the_manifest(shards, prepared, tmp_path: Path, capsys) -> None:
    from main import main

    folder = tmp_path / "prior"
    shutil.copytree(find("prior").folder, folder)
    before = json.loads((folder / "manifest.json").read_text())
    arguments = ["train", "retouch", "--faces", str(prepared[0]), "--prior", str(folder)]
    assert main([*arguments, "--limit", "14"]) == 0
    told = capsys.readouterr().out
    after = json.loads((folder / "manifest.json").read_text())
    assert {**after, **before, "retouch": after["retouch"]} == after
    assert f"redness: {after['retouch']['redness']:g} (1.45 before)" in told
    assert Retouch.of(read_manifest(folder / "manifest.json").retouch).as_dict() == after["retouch"]


@pytest.mark.parametrize("wrong", [-1, 9.0, "red", True])
def test_a_manifest_that_says_nonsense_is_refused(wrong) -> None:
    with pytest.raises(MienError, match="retouch of redness"):
        Retouch.of({"redness": wrong})
    assert Retouch.of({"freckles": wrong}) == Retouch()  # of a newer program
