"""Mixed photos through the command line, the batch window and a cluster, by the real inpainter,
killed on the way: the results are those of an undisturbed run, and the log is true.

There is one photo of each kind. MIEN_MIXED=300 takes as many photos, and kills three times.
MIEN_MIXED_MODEL=mien-2 has them filled by that model instead of the prior alone.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings

from gui.batch_process import BatchProcess
from gui.dialogs.batch import BatchDialog
from gui.settings import Settings
from tests.e2e.mixed import KINDS, Mixed, assert_alike, check, make

ROOT = Path(__file__).parents[2]
COUNT = int(os.environ.get("MIEN_MIXED", str(len(KINDS))))
MODEL = os.environ.get("MIEN_MIXED_MODEL", "prior")
KILLS = 1 if COUNT < 100 else 3
LONGEST = 60 + 10 * COUNT  # seconds of a run
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, astronaut, hopper) -> Mixed:
    faces = [np.ascontiguousarray(astronaut[:290, 80:370]), hopper[60:400, 90:430]]
    return make(tmp_path_factory.mktemp("mixed"), faces, COUNT)


def command(mixed: Mixed, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, str(ROOT / "main.py"), "batch", str(mixed.photos)),
        *("--masks", str(mixed.masks), "-o", str(out), "--model", MODEL, *more),
    ]


def start(mixed: Mixed, out: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command(mixed, out, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )


def run(mixed: Mixed, out: Path, *more: str) -> str:
    """To the end; some photos are bad, and so the exit code is 1."""
    process = start(mixed, out, *more)
    said, _ = process.communicate(timeout=LONGEST)
    assert process.returncode == 1, said
    return said


def kill_on_the_way(mixed: Mixed, out: Path, after: int, *more: str) -> None:
    """Kill a run at some moment behind the `after`-th photo, before its end."""
    process = start(mixed, out, *more)
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        told += line.startswith("[")
        if told >= after:
            break
    time.sleep(random.uniform(0, 0.5))
    assert process.poll() is None
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def undisturbed(mixed: Mixed, tmp_path_factory) -> Path:
    """The results of a run that nothing disturbs."""
    out = tmp_path_factory.mktemp("out") / "undisturbed"
    said = run(mixed, out)
    found = check(mixed, out)
    assert len(found) == mixed.count("filled") >= COUNT // 2
    assert f"{mixed.count('filled')} filled, {mixed.count('failed')} failed" in said
    return out


def stops() -> list[int]:
    """After how many photos of its own each run is killed."""
    return [COUNT // (3 * KILLS + 3)] * KILLS


def test_the_command_line(mixed: Mixed, undisturbed: Path, tmp_path: Path) -> None:
    for after in stops():
        kill_on_the_way(mixed, tmp_path / "out", after)
    said = run(mixed, tmp_path / "out")
    assert "were there already" in said
    check(mixed, tmp_path / "out")
    assert_alike(tmp_path / "out", undisturbed)


@pytest.fixture
def dialog(qtbot, tmp_path: Path, monkeypatch) -> Iterator[BatchDialog]:
    """The batch window, and behind it the program itself."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    process = BatchProcess()
    shown = BatchDialog(process, settings)
    qtbot.addWidget(shown)
    shown.show()
    yield shown
    process.close()
    shown.end()


def test_the_window(
    qtbot, dialog: BatchDialog, mixed: Mixed, undisturbed: Path, tmp_path: Path
) -> None:
    options, process, out = dialog.options, dialog._process, tmp_path / "out"
    dialog.take([mixed.photos])
    options.masks.line.setText(str(mixed.masks))
    options.output.line.setText(str(out))
    if options.model.findData(MODEL) < 0:
        options.model.addItem(MODEL, MODEL)
    options.model.choose(MODEL)
    qtbot.waitUntil(lambda: dialog.start.isEnabled() and len(dialog.model.rows) == COUNT)
    ended: list[str] = []
    process.told.connect(lambda event: ended.append(str(event.get("state", ""))))

    def filled() -> int:
        return ended.count("filled")

    for after in stops():
        dialog.start.click()
        goal = filled() + after
        qtbot.waitUntil(lambda goal=goal: filled() >= goal, timeout=LONGEST * 1000)
        assert process._process is not None
        os.kill(process._process.processId(), signal.SIGKILL)
        qtbot.waitUntil(lambda: not process.is_running, timeout=30_000)
        assert "goes on where it was" in dialog.stage.text()
    dialog.start.click()
    qtbot.waitUntil(lambda: not process.is_running, timeout=LONGEST * 1000)
    states = [row.state for row in dialog.model.rows]
    assert states.count("failed") == mixed.count("failed")
    assert states.count("no mask") == mixed.count("no mask")
    assert states.count("filled") + states.count("exists") == mixed.count("filled")
    assert states.count("exists") >= sum(stops())
    check(mixed, out)
    assert_alike(out, undisturbed)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster of two workers on this machine."""
    ray = pytest.importorskip("ray", reason="the cluster extra is not installed: mien[cluster]")
    # Ray would join the cluster named there; and its workers give way to everything else.
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_worker_niceness", "0")
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=100 * 2**20,
    )
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture
def exact(mixed: Mixed, undisturbed: Path, tmp_path: Path) -> Path:
    """The results of an undisturbed run in the precision of every cluster; the prior alone has no
    other."""
    if MODEL == "prior":
        return undisturbed
    run(mixed, tmp_path / "exact", "--precision", "exact")
    return tmp_path / "exact"


def test_a_cluster(cluster: str, mixed: Mixed, exact: Path, tmp_path: Path) -> None:
    for after in stops():
        kill_on_the_way(mixed, tmp_path / "out", after, "--ray", cluster)
    run(mixed, tmp_path / "out", "--ray", cluster)
    check(mixed, tmp_path / "out")
    assert_alike(tmp_path / "out", exact)
