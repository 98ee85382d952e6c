"""The self-extracting .run, with a program of two lines in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import package
import pytest
import run_file

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="an installer for Linux")


def bundle(folder: Path, says: str) -> Path:
    """A bundle with the real desktop data and a program that says a word."""
    folder.mkdir()
    (folder / "mien").write_text(f"#!/bin/sh\necho {says}\n")
    (folder / "mien").chmod(0o755)
    package.share(folder / "share")
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    run_file.build(bundle(folder / "mien", "one"), folder / "mien 1.run", "1.0.0")
    return folder / "mien 1.run"


@pytest.fixture(scope="module")
def second(tmp_path_factory) -> Path:
    """A later one, with one file fewer for desktops."""
    folder = tmp_path_factory.mktemp("second")
    made = bundle(folder / "mien", "two")
    shutil.rmtree(made / "share" / "icons" / "hicolor" / "24x24")
    run_file.build(made, folder / "mien 2.run", "2.0.0")
    return folder / "mien 2.run"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's folder with a blank and Korean in its name, and a file of the user's in it."""
    home = tmp_path / "집 of me"
    (home / ".local" / "share").mkdir(parents=True)
    (home / ".local" / "share" / "mine.txt").write_text("mine")
    return home


def run(home: Path, *command: object, ok: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    told = subprocess.run(
        ["sh", *map(str, command)], capture_output=True, text=True, env=environment, cwd=home
    )
    assert (told.returncode == 0) == ok, told.stderr
    return told


def everything(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*")}


def says(home: Path) -> str:
    program = home / ".local" / "bin" / "mien"
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


def test_installs_runs_and_leaves_nothing(first: Path, home: Path) -> None:
    before = everything(home)
    told = run(home, first)
    assert told.stderr == ""
    assert says(home) == "one"
    local = home / ".local"
    entry = (local / "share/applications/org.mien.Mien.desktop").read_text(encoding="utf-8")
    assert f'\nExec="{local}/lib/mien/mien" %F\n' in entry
    assert "TryExec" not in entry
    for size in (16, 512):
        icon = local / f"share/icons/hicolor/{size}x{size}/apps/org.mien.Mien.png"
        assert icon.read_bytes()[:4] == b"\x89PNG"
    assert (local / "share/man/man1/mien.1.gz").exists()
    run(home, local / "lib/mien/uninstall")
    assert everything(home) == before


def test_a_later_one_replaces_it_and_removes_what_both_made(
    first: Path, second: Path, home: Path
) -> None:
    before = everything(home)
    run(home, first)
    icon = home / ".local/share/icons/hicolor/24x24/apps/org.mien.Mien.png"
    assert icon.exists()
    run(home, second)
    assert says(home) == "two"
    assert not icon.exists()
    assert not list((home / ".local/lib").glob(".mien*"))
    run(home, home / ".local/lib/mien/uninstall")
    assert everything(home) == before


def test_a_damaged_file_is_refused_and_nothing_is_written(first: Path, home: Path) -> None:
    before = everything(home)
    data = bytearray(first.read_bytes())
    for broken in (data[:-100], data[:-100] + bytes(100)):
        path = home.parent / "broken.run"
        path.write_bytes(broken)
        told = run(home, path, ok=False)
        assert "damaged or not complete" in told.stderr
        assert told.stderr.count("\n") == 1
        assert everything(home) == before
    assert "is whole" in run(home, first, "--check").stdout


def test_a_damaged_one_leaves_the_installed_one_alone(first: Path, home: Path) -> None:
    run(home, first)
    path = home.parent / "broken.run"
    path.write_bytes(first.read_bytes()[:-100])
    run(home, path, ok=False)
    assert says(home) == "one"


def test_another_folder_and_what_lies_there_already(first: Path, home: Path) -> None:
    run(home, first, "--prefix", "my programs")
    assert (home / "my programs/bin/mien").exists()
    run(home, home / "my programs/lib/mien/uninstall")
    assert not (home / "my programs").exists()
    # Somebody else's program of that name stays; somebody else's folder is not replaced.
    other = home / ".local/bin/mien"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho other\n")
    other.chmod(0o755)
    assert "left alone" in run(home, first).stdout
    assert says(home) == "other"
    run(home, home / ".local/lib/mien/uninstall")
    assert says(home) == "other"
    (home / ".local/lib/mien").mkdir(parents=True)
    told = run(home, first, ok=False)
    assert "is no Mien" in told.stderr


def test_too_little_room_is_said_before_anything_is_written(first: Path, home: Path) -> None:
    before = everything(home)
    text = first.read_bytes()
    start = text.index(b'kilobytes="') + len(b'kilobytes="')
    end = text.index(b'"', start)
    path = home.parent / "large.run"
    path.write_bytes(text[:start] + b"99999999999" + text[end:])
    told = run(home, path, ok=False)
    assert "MB are free there" in told.stderr
    assert everything(home) == before


def test_a_wrong_option_is_exit_2(first: Path, home: Path) -> None:
    assert run(home, first, "--nonsense", ok=False).returncode == 2
    assert "Usage" in run(home, first, "--help").stdout
