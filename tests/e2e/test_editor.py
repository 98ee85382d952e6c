"""The editor in a real X11 window, driven by a real pointer and keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of this test's own, whatever else runs."""
    for tool in ("Xvfb", "xdotool"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1500x950x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    number = server.stdout.readline().strip()
    if not number:
        server.wait()
        pytest.fail("Xvfb did not start")
    yield f":{number}"
    server.terminate()
    server.wait()


class Person:
    """A pointer and a keyboard on a display."""

    def __init__(self, display: str) -> None:
        self._environment = {**os.environ, "DISPLAY": display}

    def does(self, *arguments: object) -> str:
        done = subprocess.run(
            ["xdotool", *(str(a) for a in arguments)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout.strip()

    def window(self, title: str) -> str:
        """The id of a visible window whose title matches, "" while there is none."""
        return self.does("search", "--onlyvisible", "--name", title).split("\n")[-1]

    def title(self, window: str) -> str:
        return self.does("getwindowname", window)


def waited_for(what: str, condition: Callable[[], object], process: subprocess.Popen) -> object:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        if process.poll() is not None:
            pytest.fail(f"the editor ended ({process.returncode}) before: {what}")
        time.sleep(0.15)
    process.kill()
    return pytest.fail(f"not within {PATIENCE:.0f} s: {what}")


def test_a_person_brushes_fills_saves_and_leaves(
    display: str, astronaut: np.ndarray, tmp_path: Path
) -> None:
    face = Image.fromarray(astronaut[25:225, 126:326]).resize((1200, 1200))
    path, saved = tmp_path / "얼굴.png", tmp_path / "얼굴-mien.png"
    face.save(path)
    person = Person(display)
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen([sys.executable, str(ROOT / "main.py"), str(path)], env=environment) as p:
        try:
            window = str(waited_for("the photo is open", lambda: person.window("얼굴"), p))
            # Without a window manager nobody else hands the keyboard over.
            person.does("windowfocus", "--sync", window)
            person.does("windowmove", "--sync", window, 0, 0)
            # The photo fills the canvas; the canvas's middle lies left of the window's, where the
            # inspector is wider than the rail: the stroke crosses the face.
            person.does("mousemove", 480, 470, "mousedown", 1)
            for x in range(485, 561, 15):
                person.does("mousemove", x, 470 + (x - 480) // 8)
            person.does("mouseup", 1, "key", "Return")
            waited_for("the title marks a change", lambda: "*" in person.title(window), p)

            person.does("key", "ctrl+s")
            dialog = str(waited_for("the save dialog", lambda: person.window("Save as"), p))
            person.does("windowfocus", "--sync", dialog)
            person.does("key", "Return")
            waited_for("the title names the file", lambda: "-mien" in person.title(window), p)
            assert "*" not in person.title(window)

            person.does("windowfocus", "--sync", window)
            person.does("key", "ctrl+q")
            assert p.wait(PATIENCE) == 0
        finally:
            p.kill()

    before, after = np.asarray(face), np.asarray(Image.open(saved).convert("RGB"))
    assert after.shape == before.shape
    changed = (after != before).any(2)
    assert 0.002 < changed.mean() < 0.1
    rows, columns = np.nonzero(changed)
    # One stroke, wider than high, on the face and not at the photo's border.
    assert np.ptp(columns) > 1.3 * np.ptp(rows)
    assert rows.min() > 200
    assert rows.max() < 1000
    assert list((tmp_path / "config").rglob("Mien.conf"))
