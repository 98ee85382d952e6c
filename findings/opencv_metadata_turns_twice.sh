#!/bin/sh
# One would guess: a photo read by imreadWithMetadata and written by imwriteWithMetadata, the pair
# made for keeping EXIF, looks as before.
# What happens: reading turns the pixels upright, and hands over the EXIF block with its orientation
# as it was; writing keeps that. Every portrait of a camera comes out turned once too often, and
# once more with each pass. With IMREAD_UNCHANGED, or IMREAD_IGNORE_ORIENTATION, it is right.
# Seen with: opencv-python-headless 4.14.0.94 and 5.0.0.93, Pillow 13.0.0, Python 3.11, Debian 12,
# x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check Pillow==13.0.0

cat >pass.py <<'END'
import cv2
from PIL import Image, ImageOps

ORIENTATION = 0x112
picture = Image.new("RGB", (64, 32), "red")
picture.paste("blue", (0, 0, 32, 16))  # where the upper left corner goes tells the turn
exif = Image.Exif()
exif[ORIENTATION] = 6
picture.save("camera.jpg", exif=exif, quality=95)


def seen(file):
    """What a viewer shows: its size, and where the blue corner is."""
    with Image.open(file) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
        width, height = upright.size
        corners = {"upper left": (4, 4), "upper right": (width - 4, 4),
                   "lower left": (4, height - 4), "lower right": (width - 4, height - 4)}  # fmt: skip
        blue = [n for n, at in corners.items() if upright.getpixel(at)[2] > 128]
        return upright.size, blue, opened.getexif().get(ORIENTATION)


def one_pass(source, target, flags):
    pixels, kinds, blocks = cv2.imreadWithMetadata(source, flags=flags)
    assert cv2.imwriteWithMetadata(target, pixels, kinds, blocks)


print(cv2.__version__)
one_pass("camera.jpg", "once.jpg", cv2.IMREAD_COLOR)
one_pass("once.jpg", "twice.jpg", cv2.IMREAD_COLOR)
one_pass("camera.jpg", "unchanged.jpg", cv2.IMREAD_UNCHANGED)
views = {name: seen(name + ".jpg") for name in ("camera", "once", "twice", "unchanged")}
for name, view in views.items():
    print(f"  {name}.jpg: size, blue corner, tag: {view}")
assert views["camera"] == ((32, 64), ["upper right"], 6)
assert views["unchanged"] == views["camera"]
turned = views["once"] == ((64, 32), ["lower right"], 6) and views["twice"][1] == ["lower left"]
raise SystemExit(0 if turned else "the pair keeps photos upright now")
END
for version in 4.14.0.94 5.0.0.93; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	venv/bin/python pass.py
done
