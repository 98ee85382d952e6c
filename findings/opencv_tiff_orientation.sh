#!/bin/sh
# One would guess: imread opens a TIFF with an orientation tag as it opens a JPEG with one: turned,
# or as it lies with IMREAD_IGNORE_ORIENTATION; and imread of a file is imdecode of its bytes.
# What happens: for the four orientations that exchange width and height (5 to 8, every portrait of
# a camera) imread returns None for a whole and valid file, with every flag, the one that is to
# ignore the tag included. imdecode of the same bytes returns the photo, rightly turned.
# Seen with: opencv-python-headless 4.11.0.86 and 5.0.0.93, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check tifffile==2026.3.3 Pillow==13.0.0

cat >read.py <<'END'
import cv2
import numpy as np
import tifffile
from PIL import Image, ImageOps

photo = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
flags = {
    "COLOR": cv2.IMREAD_COLOR,
    "UNCHANGED": cv2.IMREAD_UNCHANGED,
    "IGNORE_ORIENTATION": cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
}
print(cv2.__version__)
changed = False
for orientation in (1, 3, 6, 8):
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite("a.tif", photo, photometric="rgb", extratags=[tag])
    right = np.array(ImageOps.exif_transpose(Image.open("a.tif")))[..., ::-1]
    read = {name: cv2.imread("a.tif", flag) for name, flag in flags.items()}
    bytes_ = np.fromfile("a.tif", np.uint8)
    decoded = cv2.imdecode(bytes_, cv2.IMREAD_COLOR)
    shapes = {name: None if each is None else each.shape for name, each in read.items()}
    decoded_right = decoded is not None and np.array_equal(decoded, right)
    print(f"  orientation {orientation}: imread {shapes}; imdecode right: {decoded_right}")
    changed |= not decoded_right
    changed |= {each is None for each in read.values()} != {orientation > 4}
raise SystemExit("it reads otherwise now" if changed else 0)
END
for version in 4.11.0.86 5.0.0.93; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	OPENCV_LOG_LEVEL=SILENT venv/bin/python read.py
done
