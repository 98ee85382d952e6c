#!/bin/sh
# One would guess: seamlessClone reads its mask (an input), and whoever pastes twice may hand over
# the same array twice.
# What happens: a mask of one channel is changed in the caller's array, without a word: within its
# bounding box it is then the inverse of the mask made three pixels narrower. The second paste with
# it is another picture. A mask of three channels stays as it was, and so do the photos.
# Seen with: opencv-python-headless 4.11.0.86 and 5.0.0.93, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check scikit-image==0.26.0

cat >clone.py <<'END'
import cv2
import numpy as np
from skimage import data

face = np.ascontiguousarray(data.astronaut()[40:200, 150:310])
ground = np.full((300, 300, 3), (90, 120, 150), np.uint8)
one = np.zeros(face.shape[:2], np.uint8)
one[30:130, 30:130] = 255
one[60:90, 60:90] = 0  # a hole in it
three = np.dstack([one] * 3).copy()


def paste(mask):
    return cv2.seamlessClone(face, ground, mask, (150, 150), cv2.NORMAL_CLONE)


print(cv2.__version__)
changed = {}
for channels, mask in ((1, one), (3, three)):
    photos, before = (face.copy(), ground.copy()), mask.copy()
    first = paste(mask)
    mask_after = mask.copy()
    changed[channels] = float((mask_after != before).mean())
    second = paste(mask)
    differ = float((first != second).any(2).mean())
    print(f"  {channels} channel(s): {changed[channels]:.0%} of the mask changed by the call;",
          f"the same call again differs in {differ:.0%} of the pixels")  # fmt: skip
    if channels == 1:
        box = slice(30, 130), slice(30, 130)
        inverse = 255 - cv2.erode(before, np.ones((3, 3), np.uint8), iterations=3)
        print("  now the inverse of the narrowed mask:", bool((mask_after == inverse)[box].all()))
    assert (photos[0] == face).all() and (photos[1] == ground).all()
raise SystemExit(0 if changed[1] > 0.3 and changed[3] == 0 else "the mask fares otherwise now")
END
for version in 4.11.0.86 5.0.0.93; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	venv/bin/python clone.py
done
