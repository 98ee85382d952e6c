"""What a further module costs: a file and a line, and the whole program knows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def program() -> dict:
    """What a program with a module `age` says of itself."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("third_module.py"))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_is_asked_on_the_command_line_told_to_the_generator_and_read() -> None:
    told = program()
    assert told["help"]
    (reading,) = told["readings"]
    assert reading["modules"] == ["landmarks", "emotion", "age"]
    assert 0 < reading["age"] < 1
    at = told["arguments"].index("--age")
    assert told["arguments"][at + 1] == "young"
    assert told["apart"]["young"] < 1e-4  # its branch adds nothing to the young
    assert told["apart"]["old"] > 5e-4
