#!/bin/sh
# One would guess: imread with IMREAD_UNCHANGED returns the four numbers of each pixel that a TIFF
# holds; or if it multiplies colour by alpha, then at every depth.
# What happens: of an 8-bit TIFF with straight alpha (ExtraSamples 2, what photo editors write) the
# colours come back multiplied by alpha; under alpha 0 they are gone. The same picture with
# 16 bits comes back as it is, and so does an 8-bit PNG: cutting out a person and pasting it works
# in one format and darkens every soft edge in the other.
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
from PIL import Image

photo = np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8)
photo[0, 0] = 200, 100, 50, 128
multiplied = photo.astype(float)
multiplied[..., :3] *= multiplied[..., 3:] / 255


def read(file):
    return cv2.imread(file, cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]


Image.fromarray(photo).save("eight.png")
tifffile.imwrite("eight.tif", photo, photometric="rgb", extrasamples=["unassalpha"])
deep = photo.astype(np.uint16) * 257
tifffile.imwrite("sixteen.tif", deep, photometric="rgb", extrasamples=["unassalpha"])

print(cv2.__version__, "written:", photo[0, 0], "in 16 bits:", deep[0, 0])
got = {name: read(name) for name in ("eight.png", "eight.tif", "sixteen.tif")}
for name, each in got.items():
    print(f"  {name}: {each[0, 0]}")
assert (np.array(Image.open("eight.tif")) == photo).all()  # the file itself is right
assert (got["eight.png"] == photo).all() and (got["sixteen.tif"] == deep).all()
apart = np.abs(got["eight.tif"] - multiplied).max()
print(f"  eight.tif is the photo multiplied by its alpha, but for {apart:.2f} levels")
raise SystemExit(0 if apart <= 1 else "it comes back otherwise now")
END
for version in 4.11.0.86 5.0.0.93; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	venv/bin/python read.py
done
