#!/bin/sh
# One would guess: warpAffine and remap with INTER_LINEAR interpolate at the place asked for, and
# if not, then alike in every version.
# What happens: OpenCV 4 rounds the place to 1/32 px first and interpolates there; OpenCV 5.0
# interpolates at the place itself. The same call on the same photo gives bytes of which some 5 to
# 10 % differ, so pictures to compare with and networks fed with warped crops shift by a version.
# Seen with: opencv-python-headless 4.11.0.86, 4.14.0.94 and 5.0.0.93, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check scikit-image==0.26.0

cat >warp.py <<'END'
import cv2
import numpy as np
from skimage import data

photo = data.astronaut()
size = photo.shape[0]
turn = cv2.getRotationMatrix2D((size / 2, size / 2), 7.3, 1.03)
back = cv2.invertAffineTransform(turn)
y, x = np.mgrid[:size, :size]
at_x = back[0, 0] * x + back[0, 1] * y + back[0, 2]
at_y = back[1, 0] * x + back[1, 1] * y + back[1, 2]
inside = (at_x > 1) & (at_x < size - 2) & (at_y > 1) & (at_y < size - 2)


def bilinear(at_x, at_y):
    """The photo at these places, in float64."""
    left, top = (np.clip(np.floor(at), 0, size - 2).astype(int) for at in (at_x, at_y))
    a, b = (at_x - left)[..., None], (at_y - top)[..., None]
    upper = photo[top, left] * (1 - a) + photo[top, left + 1] * a
    lower = photo[top + 1, left] * (1 - a) + photo[top + 1, left + 1] * a
    return np.rint(upper * (1 - b) + lower * b)


def differ(first, second):
    return float((np.abs(first[inside] - second[inside].astype(float)) > 0).mean())


wanted = {
    "the place asked for": bilinear(at_x, at_y),
    "the nearest 1/32 px": bilinear(np.rint(at_x * 32) / 32, np.rint(at_y * 32) / 32),
}
print(cv2.__version__)
maps = np.float32(at_x), np.float32(at_y)
for name, got in (
    ("warpAffine", cv2.warpAffine(photo, turn, (size, size), flags=cv2.INTER_LINEAR)),
    ("remap", cv2.remap(photo, *maps, cv2.INTER_LINEAR)),
):
    shares = {place: differ(got, picture) for place, picture in wanted.items()}
    print(f"  {name}: bytes that differ from", {p: f"{s:.2%}" for p, s in shares.items()})
    exact, rounded = shares.values()
    new = cv2.__version__.startswith("5")
    assert exact < 0.005 < 0.02 < rounded if new else rounded < 0.02 < exact, "it samples otherwise"
END
for version in 4.11.0.86 4.14.0.94 5.0.0.93; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	venv/bin/python warp.py
done
