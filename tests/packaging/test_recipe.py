"""The recipe of the bundle: everything needed is listed, nothing left out is asked for."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import main as program
from main import main

ROOT = Path(__file__).parents[2]
OURS = ("main.py", "engine", "gui", "training")
# Of verbs whose packages a bundle does not carry; each says so in one sentence. skimage: of a
# measurement that is run from a checkout.
NOT_CARRIED = {"scipy", "ray", "mediapipe", "skimage"}


@pytest.fixture(scope="module")
def recipe() -> dict:
    """build.spec's names, run with PyInstaller's steps replaced by ones that only remember."""
    pytest.importorskip("PyInstaller")

    def remember(*_arguments, **options):
        return SimpleNamespace(pure=[], scripts=[], binaries=[], datas=[], options=options)

    names = dict.fromkeys(("Analysis", "PYZ", "EXE", "COLLECT", "BUNDLE"), remember)
    scope = {**names, "SPECPATH": str(ROOT)}
    exec(compile((ROOT / "build.spec").read_text(encoding="utf-8"), "build.spec", "exec"), scope)
    return scope


def test_every_codec_that_is_asked_for_is_carried() -> None:
    """Each is a module of its own that nothing imports by name."""
    package = Path(importlib.util.find_spec("imagecodecs").origin).parent
    there = {path.name.partition(".")[0] for path in package.glob("_*.so")}
    if not there:
        pytest.skip("codecs are built otherwise here")
    hook = ROOT / "resources" / "packaging" / "hook-imagecodecs.py"
    carried = {name.partition("._")[2] for name in runpy.run_path(str(hook))["hiddenimports"]}
    source = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("engine/**/*.py"))
    asked = set(re.findall(r"imagecodecs\.([a-z0-9]+?)_(?:en|de)code", source))
    assert {"jpegxl", "brotli", "jpeg8"} <= asked
    assert {codec for codec in asked if f"_{codec}" in there} <= carried


def imports(path: Path) -> set[str]:
    """Every module a source file imports, its names too, since they may be modules."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def sources() -> list[Path]:
    return [
        path
        for name in OURS
        for path in ([ROOT / name] if name.endswith(".py") else sorted((ROOT / name).rglob("*.py")))
    ]


def test_every_resource_and_configuration_is_carried(recipe: dict) -> None:
    carried = {Path(source): target for source, target in recipe["analysis"].options["datas"]}
    wanted = [
        path
        for folder in ("models", "translations", "icons", "samples")
        for path in (ROOT / "resources" / folder).rglob("*")
        if path.is_file()
    ]
    wanted += (ROOT / "training" / "configs").rglob("*.toml")
    assert len(wanted) > 30
    for path in wanted:
        assert carried[path] == path.parent.relative_to(ROOT).as_posix()
    for name in ("LICENSE", "CHANGELOG.md"):
        assert carried[ROOT / name] == "."


def test_no_module_that_is_left_out_is_imported_by_us(recipe: dict) -> None:
    left_out = set(recipe["EXCLUDED_MODULES"]) - NOT_CARRIED
    for path in sources():
        for name in imports(path):
            above = {".".join(name.split(".")[: n + 1]) for n in range(name.count(".") + 1)}
            assert not above & left_out, f"{path.relative_to(ROOT)} imports {name}"


def test_no_file_of_ours_is_taken_for_unused(recipe: dict) -> None:
    entries = [
        (f"{target}/{Path(source).name}", source, "DATA")
        for source, target in recipe["analysis"].options["datas"]
        if Path(source).is_relative_to(ROOT / "resources")
    ]
    assert recipe["used"](entries) == entries
    words = "PySide6/Qt/translations"
    qt = [(f"{words}/{name}.qm", "", "DATA") for name in ("qtbase_ko", "qtbase_de", "qt_ko")]
    assert recipe["used"](qt) == qt[:1]
    gone = ("torch/test/x", "PySide6/Qt/plugins/platformthemes/libqgtk3.so", "torch/ao/nn/a.py")
    assert recipe["used"]([(name, "", "DATA") for name in gone]) == []
    kept = [("torch/distributed/config.py", "", "DATA"), ("torch/nn/modules/conv.py", "", "DATA")]
    assert recipe["used"](kept) == kept


def test_everything_is_imported_without_what_is_left_out(recipe: dict) -> None:
    """The verbs of a bundle, the editor and a fine-tune, in a process where it does not exist."""
    blocked = sorted(set(recipe["EXCLUDED_MODULES"]) - {"stlpips_pytorch"})
    code = f"""
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        if not any(name == each or name.startswith(each + ".") for each in {blocked!r}):
            return self.finder.find_spec(name, path, target)
sys.meta_path[:] = map(Without, sys.meta_path)
import main, gui.app, gui.dialogs.about, gui.dialogs.training, engine.batch, engine.doctor
import training.finetune, training.evaluate, training.fit_prior, training.run
import torch.utils.tensorboard, lightning_fabric
from engine.face.face_networks import OpenCvNetworks
from training.learner import _adjacency
import torch
parameters = [torch.nn.Parameter(torch.zeros(1))]
torch.optim.AdamW(parameters).step()
assert main.main(["models", "--json"]) == 0
missing = ["inpaint", "no.jpg", "--mask", "no.png", "-o", "no-filled.png", "--strength", "1.2"]
assert main.main(missing) == 1
assert _adjacency().shape == (478, 478)
OpenCvNetworks()
print("whole")
"""
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert told.stdout.strip().endswith("whole"), told.stderr


def test_a_missing_package_is_one_sentence_for_people_and_for_the_panel(
    monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments, **_options):
        raise ModuleNotFoundError("No module named 'lightning_fabric'", name="lightning_fabric")

    monkeypatch.setattr(program, "app", broken)
    assert main(["train", "finetune", "x", "--json"]) == 1
    told = capsys.readouterr()
    event = json.loads(told.out)
    assert event["event"] == "error"
    assert "lightning_fabric" in event["message"]
    assert "pip install -e '.[training]'" in event["message"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert main(["train", "finetune", "x"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "make setup" in told.err
    assert "pip" not in told.err


@pytest.mark.parametrize(("arguments", "who"), [(["doctor"], "Mien"), ([], "The editor")])
def test_a_missing_library_is_one_sentence_with_what_to_install(
    monkeypatch, capsys: pytest.CaptureFixture[str], arguments: list[str], who: str
) -> None:
    def broken(*_arguments, **_options):
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(program, "app", broken)
    # The editor's window loads Qt, and OpenCV with it.
    monkeypatch.delitem(sys.modules, "gui.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=broken), *sys.meta_path])
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"{who} needs the system's library libGL.so.1")
    assert "sudo apt install libgl1 libglib2.0-0" in told
    assert ("libegl1" in told) == (who == "The editor")
    assert "Traceback" not in told


def test_without_a_display_the_editor_says_so(tmp_path: Path) -> None:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    bare = {key: value for key, value in os.environ.items() if key not in screens}
    told = subprocess.run(
        [sys.executable, str(ROOT / "main.py")], capture_output=True, text=True, env=bare
    )
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "needs a display" in told.stderr


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "Mien 0.1.0\n"


@pytest.mark.skipif(not shutil.which("readelf"), reason="reads programs")
class TestElf:
    """What a folder of programs asks of the system."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        shutil.copy(shutil.which("sh"), tmp_path / "program")
        (tmp_path / "notes.txt").write_text("no program")
        return tmp_path

    def test_libraries_and_c_library_are_found(self, folder: Path) -> None:
        import elf

        needs = elf.examine(folder)
        assert "libc.so.6" in needs.libraries
        assert (2, 2) < needs.glibc < (3, 0)

    def test_what_lies_beside_it_is_not_asked_of_the_system(self, folder: Path) -> None:
        import elf

        asked = elf.examine(folder).libraries
        name = next(iter(asked))
        (folder / name).write_bytes(b"")
        assert set(asked) - set(elf.examine(folder).libraries) == {name}

    def test_idle_libraries_are_removed_and_asked_ones_stay(self, folder: Path) -> None:
        import elf

        (folder / "libidle.so.1").write_bytes(b"")
        (folder / "libpython3.11.so.1.0").write_bytes(b"")
        asked = next(iter(elf.examine(folder).libraries))
        (folder / asked).write_bytes(b"")
        assert elf.prune(folder) == ["libidle.so.1"]
        assert (folder / asked).exists()

    def test_a_library_without_a_package_ends_the_build(self, folder: Path, monkeypatch) -> None:
        import deb

        found = deb.depends(folder)
        assert found[0].startswith("libc6 (>= 2.")
        monkeypatch.delitem(deb.PACKAGES, "libc.so.6")
        with pytest.raises(SystemExit, match=r"libc\.so\.6"):
            deb.depends(folder)


def test_licences_of_what_is_carried_are_found(tmp_path: Path) -> None:
    import licences
    import typer

    source = str(Path(typer.__file__))
    (tmp_path / "PYZ-00.toc").write_text(repr(("x", [("typer", source, "PYMODULE")])))
    (tmp_path / "COLLECT-00.toc").write_text(repr([("LICENSE", str(ROOT / "LICENSE"), "DATA")]))
    rows = licences.write(tmp_path / "licences", tmp_path)
    names = {name for name, _, _ in rows}
    assert {"typer", "Python"} <= names
    assert "mien" not in names
    assert "torch" not in names
    table = (tmp_path / "licences" / "THIRD-PARTY.txt").read_text(encoding="utf-8")
    assert f"typer {' ' * 26} "[:30] in table
    assert "Permission is hereby granted" in next(
        (tmp_path / "licences" / "typer").iterdir()
    ).read_text(encoding="utf-8")


def test_every_megabyte_has_a_row(tmp_path: Path) -> None:
    import sizes

    for name, size in (("mien", 3), ("_internal/torch/lib/a.so", 5), ("_internal/libz.so", 1)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size * 10**6))
    (tmp_path / "_internal/link.so").symlink_to("libz.so")
    assert sizes.table(tmp_path) == {
        "torch: libraries": 5.0,
        "Python's modules, compiled": 3.0,
        "Python and system libraries": 1.0,
    }


def test_the_training_panel_is_told_what_to_install(qtbot, tmp_path: Path) -> None:
    """The real verb in a process of its own, where Lightning Fabric does not exist."""
    from gui.trainer import Run, Trainer

    code = (
        "import sys; sys.modules['lightning_fabric'] = None; from main import main; "
        f"sys.exit(main(['train', 'finetune', {str(tmp_path)!r}, '--json']))"
    )
    trainer = Trainer(tmp_path / "runs", lambda _run: [sys.executable, "-c", code])
    environment = pytest.MonkeyPatch()
    environment.chdir(ROOT)
    try:
        with qtbot.waitSignal(trainer.failed, timeout=120_000) as told:
            trainer.start(Run(tmp_path / "runs" / "mine", tmp_path, 1, "mine"))
    finally:
        environment.undo()
    assert "lightning_fabric" in told.args[0].sentence
    assert "pip install -e '.[training]'" in told.args[0].sentence


def test_the_bundle_carries_the_version_of_each_package_that_doctor_tells() -> None:
    from engine import doctor

    recipe = (ROOT / "build.spec").read_text(encoding="utf-8")
    (versioned,) = (
        node.value
        for node in ast.parse(recipe).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "VERSIONED"
    )
    named = {n.value for n in ast.walk(versioned) if isinstance(n, ast.Constant)}
    assert set(doctor._PACKAGES) <= named
