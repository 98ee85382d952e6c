"""What desktops read: icons, menu entry, AppStream data, manual page, the history of versions."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import icons
import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from gui import app, theme
from main import VERBS

ROOT = Path(__file__).parents[2]
LINUX = ROOT / "resources" / "packaging" / "linux"
ID = "org.mien.Mien"
ENTRY, COMPONENT = LINUX / f"{ID}.desktop", LINUX / f"{ID}.metainfo.xml"
KINDS = {"image/jpeg", "image/png", "image/webp", "image/tiff", "image/bmp"}
KINDS |= {"image/avif", "image/heif", "image/heic", "image/jxl"}
KINDS |= {"application/x-mien-session"}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ENTRY, encoding="utf-8")
    return parser["Desktop Entry"]


@pytest.mark.parametrize("size", icons.SIZES)
def test_the_icon_fills_its_square_in_every_size(size: int) -> None:
    picture = Image.open(icons.ICONS / "mien" / f"{size}.png")
    assert (picture.size, picture.mode) == ((size, size), "RGBA")
    pixels = np.asarray(picture)
    assert pixels[0, 0, 3] < 128 < pixels[size // 2, size // 2, 3]  # round corners
    shown = np.argwhere(pixels[..., 3] > 128)
    assert np.ptp(shown, 0).min() >= 0.9 * (size - 1)
    # The face is light, the ground dark, the stroke warm: told apart in the smallest one too.
    r, _, b = (pixels[pixels[..., 3] > 250][:, k].astype(int) for k in range(3))
    assert ((r > 230) & (b > 200)).mean() > 0.15
    assert ((b > 110) & (b > r + 40)).mean() > 0.15
    assert ((r > 220) & (b < 130)).mean() > 0.06


@pytest.mark.skipif(not shutil.which("rsvg-convert"), reason="draws the icon anew")
@pytest.mark.parametrize("size", icons.SIZES)
def test_the_pictures_are_those_of_the_drawings(size: int) -> None:
    kept = np.asarray(Image.open(icons.ICONS / "mien" / f"{size}.png"), int)
    assert np.abs(np.asarray(icons.render(size), int) - kept).mean() < 2


def test_windows_gets_its_sizes_in_one_file() -> None:
    assert {16, 24, 32, 48, 256} <= {
        width for width, _ in Image.open(icons.ICONS / "mien.ico").ico.sizes()
    }


def test_the_window_wears_the_icon(qapp: QApplication) -> None:
    icon = theme.program_icon()
    assert sorted(size.width() for size in icon.availableSizes()) == list(icons.SIZES)
    app.dress(qapp)
    assert not qapp.windowIcon().isNull()
    assert (
        qapp.desktopFileName() == ID == ENTRY.stem == COMPONENT.name.removesuffix(".metainfo.xml")
    )
    assert qapp.applicationVersion() == project()["version"]


def test_the_menu_entry_names_things_that_exist() -> None:
    keys = entry()
    assert keys["Type"] == "Application"
    assert keys["Exec"] == "mien %F"
    assert keys["TryExec"] == "mien" in project()["scripts"]
    assert keys["Icon"] == ID
    assert set(keys["MimeType"].rstrip(";").split(";")) == KINDS
    for key in ("GenericName", "Comment", "Keywords"):
        assert re.search("[가-힣]", keys[f"{key}[ko]"])
    if shutil.which("desktop-file-validate"):
        told = subprocess.run(["desktop-file-validate", ENTRY], capture_output=True, text=True)
        assert (told.returncode, told.stdout) == (0, "")


def test_the_appstream_data_are_those_of_this_version() -> None:
    component = ET.parse(COMPONENT).getroot()
    assert component.findtext("id") == ID
    assert component.findtext("launchable") == ENTRY.name
    assert component.findtext("project_license") == project()["license"]
    assert {each.text for each in component.iterfind("provides/mediatype")} == KINDS
    newest = component.find("releases/release")
    assert newest is not None
    history = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    said = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", history, re.MULTILINE)
    assert said[0] == (project()["version"], newest.get("date"))
    assert newest.get("version") == project()["version"]
    if shutil.which("appstreamcli"):
        command = ["appstreamcli", "validate", "--no-net", COMPONENT]
        assert subprocess.run(command, capture_output=True).returncode == 0


def test_the_manual_page_knows_every_verb() -> None:
    page = (LINUX / "mien.1").read_text(encoding="utf-8")
    assert set(VERBS) <= set(re.findall(r"^\.B (\w+)$", page, re.MULTILINE))


def test_the_readme_names_this_version_s_installers() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8")[:1500]
    version = project()["version"]
    for name in (f"mien_{version}_amd64.deb", f"mien-{version}-linux-x86_64.run"):
        assert f"`{name}`" in first_screen
