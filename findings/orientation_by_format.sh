#!/bin/sh
# One would guess: a library that turns photos by their EXIF orientation does so for every format in
# which it reads EXIF, and two libraries that do it agree.
# What happens: the same photo with the same tag, saved as JPEG, PNG and WebP. Pillow's
# exif_transpose turns all three. OpenCV 4.11 turns JPEG and PNG, not WebP; 4.14 turns WebP as well.
# QImageReader with setAutoTransform(True) turns the JPEG alone. A mask drawn in a Qt view of a PNG
# lies across the photo that OpenCV reads.
# Seen with: opencv-python-headless 4.11.0.86 and 4.14.0.94, PySide6-Essentials 6.11.3, Pillow
# 13.0.0, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check Pillow==13.0.0 PySide6-Essentials==6.11.3

cat >turned.py <<'END'
import sys

import cv2
import PySide6
from PIL import Image, ImageOps
from PySide6.QtGui import QImageReader

FORMATS = ("jpg", "png", "webp")
exif = Image.Exif()
exif[0x112] = 6  # to be turned by a quarter: 64 x 32 becomes 32 x 64
for name in FORMATS:
    Image.new("RGB", (64, 32), "red").save(f"photo.{name}", exif=exif)


def pillow(file):
    return ImageOps.exif_transpose(Image.open(file)).size


def opencv(file):
    height, width = cv2.imread(file).shape[:2]
    return width, height


def qt(file):
    reader = QImageReader(file)
    reader.setAutoTransform(True)
    image = reader.read()
    return image.width(), image.height()


expected = {
    pillow: list(FORMATS),
    opencv: ["jpg", "png"] if sys.argv[1] == "4.11.0.86" else list(FORMATS),
    qt: ["jpg"],
}
print("OpenCV", cv2.__version__, "PySide6", PySide6.__version__)
for library, turns in expected.items():
    turned = [name for name in FORMATS if library(f"photo.{name}") == (32, 64)]
    print(f"  {library.__name__} turns {turned}")
    assert turned == turns, "other formats are turned now"
END
for version in 4.11.0.86 4.14.0.94; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	QT_QPA_PLATFORM=offscreen venv/bin/python turned.py "$version"
done
