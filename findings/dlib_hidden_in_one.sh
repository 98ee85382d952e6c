#!/bin/sh
# What one would guess: a face recognition network that knows people with sunglasses loses a little when
# the eyes of one of two photos are hidden, and more when they are hidden in both, for then less is seen.
# What happens: with the eyes hidden in one photo alone, two pictures of one face lie about as far apart as
# strangers do (dlib's own threshold is 0.6); with the same hidden in both they are near again, although
# nothing was added. What differs is looked at, not what is alike.
# Seen with: dlib-bin 20.0.1.post1, face_recognition_models 0.3.0, scikit-image 0.25.2 for the portrait,
# Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >look.py <<'END'
from pathlib import Path

import numpy as np
from skimage import data
from skimage.transform import rescale

import _dlib_pybind11 as dlib

models = next(Path("models").rglob("*resnet*.dat")).parent
detector = dlib.get_frontal_face_detector()
landmarks = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
network = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))


def chip(rgb):
    (face, *_) = detector(rgb, 1)
    return dlib.get_face_chip(rgb, landmarks(rgb, face), 150, 0.25)


def code(picture, hidden):
    picture = picture.copy()
    if hidden:
        picture[30:65] = (123, 117, 104)  # the eyes, in the network's own mean colour
    return np.array(network.compute_face_descriptor(picture))


one = np.ascontiguousarray(data.astronaut()[:300, 80:380])
other = rescale(one[:, ::-1], 0.8, channel_axis=2)  # mirrored, smaller, darker at one side
other = np.ascontiguousarray((other * np.linspace(0.5, 1, other.shape[1])[:, None] * 255).astype(np.uint8))
faces = chip(one), chip(other)
apart = {
    name: float(np.linalg.norm(code(faces[0], first) - code(faces[1], second)))
    for name, first, second in (
        ("nothing hidden", False, False),
        ("hidden in one", True, False),
        ("hidden in both", True, True),
    )
}
for name, distance in apart.items():
    print(f"{name}: {distance:.2f}")
as_described = apart["hidden in one"] > 1.5 * apart["hidden in both"] and apart["hidden in both"] < 0.45
raise SystemExit(0 if as_described else "both are alike now")
END
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check dlib-bin==20.0.1.post1 numpy==2.3.5 scikit-image==0.25.2 setuptools==80.9.0
venv/bin/pip download -q --disable-pip-version-check --no-deps --no-build-isolation \
	--no-binary :all: face_recognition_models==0.3.0
mkdir models
tar -xzf face_recognition_models-0.3.0.tar.gz -C models
venv/bin/python look.py
