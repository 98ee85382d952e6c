"""Files that other programs make, filled by Mien, and looked at by those programs again.

    python tests/interop/try_tools.py [WORK]

Needs Debian's libimage-exiftool-perl, libheif-examples, libjxl-tools and libjpeg-turbo-progs, and
takes half a minute; no part of the tests that run by themselves. (Debian has no libultrahdr:
`tests/engine/test_phones.py` takes the one in imagecodecs.) Ends with 0 where all of it holds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from engine.photo import colour

ROOT = Path(__file__).parents[2]
TOOLS = {
    "exiftool": "libimage-exiftool-perl",
    "heif-enc": "libheif-examples",
    "cjxl": "libjxl-tools",
    "djxl": "libjxl-tools",
    "jxlinfo": "libjxl-tools",
    "jpegtran": "libjpeg-turbo-progs",
    "djpeg": "libjpeg-turbo-progs",
}
SIZE = (320, 240)
HOLE = (150, 100, 40, 30)  # x, y, width, height
FAR = np.s_[160:, :]  # rows that no block of the hole reaches


def run(*command: object) -> bytes:
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr.decode()[-800:]}")
    return done.stdout


def picture() -> np.ndarray:
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    grain = np.random.default_rng(3).normal(0, 5, (SIZE[1], SIZE[0], 1))
    smooth = np.stack([60 + x // 2, 80 + y // 3, 70 + (x + y) // 5], -1)
    return (smooth + grain).clip(0, 255).astype(np.uint8)


def p3() -> bytes:
    """A profile of Display P3."""
    profile = colour.profile_of((0.3127, 0.3290), (0.68, 0.32, 0.265, 0.69, 0.15, 0.06), None)
    assert profile is not None
    return profile


def made(folder: Path) -> None:
    """The files to fill, each by the program that usually makes it."""
    rgb = picture()
    Image.fromarray(rgb).save(folder / "plain.jpg", quality=90, subsampling=2)
    # ExifTool writes packets anew: properties as elements, prefixes as it likes them.
    run("exiftool", "-q", "-o", folder / "exiftool.jpg", *told(), folder / "plain.jpg")
    run("jpegtran", "-progressive", "-outfile", folder / "progressive.jpg", folder / "plain.jpg")
    run("jpegtran", "-arithmetic", "-outfile", folder / "arithmetic.jpg", folder / "plain.jpg")
    run("cjxl", folder / "plain.jpg", folder / "from-jpeg.jxl", "--quiet")
    cv2.imwrite(str(folder / "deep.png"), rgb[..., ::-1].astype(np.uint16) * 257 + 5)
    run("cjxl", folder / "deep.png", folder / "deep.jxl", "-d", "0", "--quiet")
    Image.fromarray(rgb).save(folder / "p3.png", icc_profile=p3())
    run("heif-enc", "-q", 95, folder / "p3.png", "-o", folder / "p3.heic")
    run("exiftool", "-q", "-overwrite_original", "-Artist=Kim", folder / "p3.heic")


def told() -> list[str]:
    area = "Area={X=0.25,Y=0.4,W=0.2,H=0.3,Unit=normalized}"
    size = f"AppliedToDimensions={{W={SIZE[0]},H={SIZE[1]},Unit=pixel}}"
    return [
        "-XMP-GCamera:MicroVideo=1",
        "-XMP-GCamera:MicroVideoOffset=4000",
        "-XMP-dc:Subject=Kim",
        "-IPTC:Keywords=Kim",
        "-Artist=Kim",
        "-GPSLatitude=51.5",
        "-GPSLatitudeRef=N",
        "-Orientation#=3",
        f"-XMP-mwg-rs:RegionInfo={{{size},RegionList=[{{{area},Name=Anna,Type=Face}}]}}",
    ]


def filled(work: Path, name: str, *options: str) -> Path:
    """A batch over all the files, into a folder."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    x, y, width, height = HOLE
    mask[y : y + height, x : x + width] = 255
    Image.fromarray(mask).save(work / "mask.png")
    program = [sys.executable, ROOT / "main.py", "batch", work / "in", "--masks", work / "mask.png"]
    run(*program, "-o", work / name, "--model", "prior", "--name", "{name}", *options)
    return work / name


def said_of(path: Path) -> dict[str, Any]:
    """What ExifTool says of a file, by tag."""
    return json.loads(run("exiftool", "-j", "-n", "-struct", path))[0]


def pixels_of(path: Path) -> np.ndarray:
    """A JPEG's pixels by libjpeg's own program."""
    data = np.frombuffer(run("djpeg", path), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def check_exiftool(work: Path, out: Path) -> None:
    before, after = said_of(work / "in/exiftool.jpg"), said_of(out / "exiftool.jpg.jpg")
    assert before["MicroVideo"] == 1
    assert not [tag for tag in after if "MicroVideo" in tag], after
    for tag in ("Subject", "Keywords", "Artist", "GPSLatitude"):
        assert after[tag] == before[tag], tag
    assert after["Orientation"] == 1
    area = after["RegionInfo"]["RegionList"][0]["Area"]
    assert (round(area["X"], 3), round(area["Y"], 3)) == (0.75, 0.6), area
    warned = run("exiftool", "-validate", "-warning", "-a", out / "exiftool.jpg.jpg").decode()
    usual = run("exiftool", "-validate", "-warning", "-a", work / "in/exiftool.jpg").decode()
    assert set(warned.splitlines()) <= set(usual.splitlines()), warned


def check_jpeg(work: Path, out: Path) -> None:
    before = pixels_of(work / "in/plain.jpg")
    for kind in ("plain", "progressive"):
        after = pixels_of(out / f"{kind}.jpg.jpg")
        assert np.array_equal(after[FAR], before[FAR]), kind
        assert not np.array_equal(after, before), kind
    lines = [json.loads(line) for line in (out / "mien-batch.jsonl").read_text().splitlines()]
    line = next(line for line in lines if line["photo"] == "arithmetic.jpg")
    assert line["outside"] == "re-encoded"
    assert "JPEG with arithmetic coding" in line["note"], line["note"]


def check_jxl(work: Path, out: Path) -> None:
    # The JPEG that is in it comes back as the one that Mien saves of that JPEG.
    run("djxl", out / "from-jpeg.jxl.jxl", work / "back.jpg", "--quiet")
    back, straight = pixels_of(work / "back.jpg"), pixels_of(out / "plain.jpg.jpg")
    assert np.array_equal(back, straight)
    assert b"reconstruction" in run("jxlinfo", out / "from-jpeg.jxl.jxl")
    about = run("jxlinfo", out / "deep.jxl.jxl").decode()
    assert "16-bit RGB" in about, about
    assert "sRGB transfer function" in about, about
    run("djxl", out / "deep.jxl.jxl", work / "deep.png", "--quiet")
    one = cv2.imread(str(work / "deep.png"), cv2.IMREAD_UNCHANGED)
    other = cv2.imread(str(work / "in/deep.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(one[FAR], other[FAR])


def check_heic(work: Path, out: Path) -> None:
    with Image.open(out / "p3.heic.png") as image:
        assert image.info["icc_profile"] == p3()
    assert said_of(out / "p3.heic.png")["Artist"] == "Kim"
    written = filled(work, "as-jxl", "--format", "jxl")
    about = run("jxlinfo", written / "p3.heic.jxl").decode()
    assert "P3 primaries" in about, about


def main() -> None:
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing: apt-get install {package}")
    with tempfile.TemporaryDirectory() as own:
        work = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(own)
        (work / "in").mkdir(parents=True, exist_ok=True)
        made(work / "in")
        out = filled(work, "out")
        checks: list[Callable[[Path, Path], None]]
        checks = [check_exiftool, check_jpeg, check_jxl, check_heic]
        for check in checks:
            check(work, out)
            print(f"{check.__name__.removeprefix('check_')}: holds")


if __name__ == "__main__":
    main()
