"""`make setup`: which Python it takes, and what it says where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="make is for Linux and macOS"),
    pytest.mark.skipif(MAKE is None, reason="make is not installed"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile with what it reads, and a `bin` that holds all the programs there are."""
    folder = tmp_path / "checkout"
    (folder / "bin").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("sh", "touch", "mkdir"):
        (folder / "bin" / name).symlink_to(shutil.which(name))
    return folder


def pretend(checkout: Path, name: str, version: tuple[int, int], *, venv: bool = True) -> Path:
    """A Python of that name and version: it answers `-c` as one would, and its venv module makes
    a .venv whose `made-by` tells its name."""
    path = checkout / name if "/" in name else checkout / "bin" / name
    path.parent.mkdir(exist_ok=True)
    code = f"import sys; sys.version_info = ({version[0]}, {version[1]}, 0); exec(sys.argv[1])"
    path.write_text(
        f"""#!/bin/sh
if [ "$1" = -c ]; then exec "{sys.executable}" -c '{code}' "$2"; fi
[ "$1 $2" = "-m venv" ] || exit 2
{"" if venv else "exit 1"}
mkdir -p "$3/bin"
echo {name} >"$3/made-by"
for each in python pip; do printf '#!/bin/sh\\n' >"$3/bin/$each"; {sys.executable} -c '
import sys; from pathlib import Path; Path(sys.argv[1]).chmod(0o755)' "$3/bin/$each"; done
"""
    )
    path.chmod(0o755)
    return path


def setup(checkout: Path, *named: str, ok: bool = True) -> str:
    """What `make setup` prints, with the checkout's own programs and no others."""
    told = subprocess.run(
        [str(MAKE), f"SHELL={checkout / 'bin' / 'sh'}", "setup", *named],
        cwd=checkout,
        env={"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
    )
    assert (told.returncode == 0) == ok, told.stdout + told.stderr
    return told.stdout


def made_by(checkout: Path) -> str:
    return (checkout / ".venv" / "made-by").read_text().strip()


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.11": (3, 11), "python3.14": (3, 14), "python3.12": (3, 12)}, "python3.14"),
        ({"python3.12": (3, 12), "python3.13": (3, 13), "python3": (3, 12)}, "python3.13"),
        ({"python3.11": (3, 11), "python3": (3, 10)}, "python3.11"),
        ({"python3": (3, 15), "python": (3, 12)}, "python"),
        ({"python3": (3, 13), "python": (2, 7)}, "python3"),
    ],
)
def test_the_newest_supported_python_is_taken(checkout: Path, there: dict, taken: str) -> None:
    for name, version in there.items():
        pretend(checkout, name, version)
    setup(checkout)
    assert made_by(checkout) == taken


def test_a_launcher_without_its_python_is_passed_over(checkout: Path) -> None:
    """Version managers leave one for every version that some other folder uses."""
    launcher = pretend(checkout, "python3.14", (3, 14))
    launcher.write_text("#!/bin/sh\nexit 127\n")
    pretend(checkout, "python3.12", (3, 12))
    setup(checkout)
    assert made_by(checkout) == "python3.12"


def test_the_named_python_comes_first(checkout: Path) -> None:
    pretend(checkout, "python3.14", (3, 14))
    named = pretend(checkout, "elsewhere/python3.11", (3, 11))
    setup(checkout, f"PYTHON={named}")
    assert made_by(checkout) == "elsewhere/python3.11"


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_without_one_every_system_is_told_how_to_get_it(checkout: Path, version) -> None:
    pretend(checkout, "python3", version)
    told = setup(checkout, ok=False)
    for system, how in {
        "Debian": "apt-get install python3",
        "Ubuntu": "apt-get install python3",
        "Fedora": "dnf install python3.14",
        "macOS": "brew install python@3.14",
        "Windows": "winget install Python.Python.3.14",
        "uv": 'uv python install 3.14 && make setup PYTHON="$(uv python find 3.14)"',
    }.items():
        assert [line for line in told.splitlines() if system in line and how in line]
    assert "3.11 to 3.14" in told
    assert not (checkout / ".venv").exists()


def test_without_its_venv_module_that_is_said(checkout: Path) -> None:
    pretend(checkout, "python3", (3, 13), venv=False)
    assert "apt-get install python3-venv" in setup(checkout, ok=False)
    assert not (checkout / ".venv" / ".made").exists()


@pytest.mark.parametrize("minor", range(9, 17))
def test_it_takes_what_the_package_takes(checkout: Path, minor: int) -> None:
    """The Makefile has the range that pyproject.toml has."""
    metadata = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    taken = SpecifierSet(metadata["project"]["requires-python"]).contains(f"3.{minor}.1")
    pretend(checkout, "python3", (3, minor))
    setup(checkout, ok=taken)
