"""A further module needs nothing in the editor: check box, choices, strength, readout and the batch
window's control are made of what it declares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict:
    """What an editor with a module `age` shows of it."""
    sessions = str(tmp_path_factory.mktemp("sessions"))
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("third_window.py"))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MIEN_SESSIONS": sessions},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_has_a_check_box_and_its_choices(seen: dict) -> None:
    assert seen["checks"] == ["Face shape", "Expression", "Age"]
    assert seen["choices"] == ["Keep", "Young", "Old"]
    assert seen["ages"] == ["keep", "old", "off"]
    assert seen["menu"] == "&Age module"


def test_its_strength_can_be_set_while_something_is_asked_for(seen: dict) -> None:
    assert seen["strengths"] == [False, True, False]
    assert seen["years"] == pytest.approx(1.1)


def test_what_is_read_and_what_was_asked_for_are_told(seen: dict) -> None:
    assert seen["rows"] == ["landmarks", "emotion", "age", "modules", "seconds"]
    assert seen["read"] == "42 %"
    assert seen["label"] == ["Old 110 %"]
    assert seen["unasked"] == []


def test_a_batch_asks_for_it(seen: dict) -> None:
    assert seen["batch"] == "young"
