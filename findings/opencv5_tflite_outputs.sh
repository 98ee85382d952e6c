#!/bin/sh
# One would guess: getUnconnectedOutLayersNames() lists every output of a network, and
# forward(names) returns them, as it did in OpenCV 4.
# What happens: OpenCV 5.0's new engine keeps the last output of a TFLite file alone. A face
# detector with scores and boxes has boxes only; asking for both at once raises an error about the
# number of outputs. Each asked for by itself is still there, with 4.11's numbers, and the old
# engine (ENGINE_CLASSIC) lists both.
# Seen with: opencv-python-headless 4.11.0.86 and 5.0.0.93, Python 3.11, Debian 12, x86-64. The
# network is the short-range face detector in mediapipe 0.10.21's wheel (not installed, unpacked).
# Needs a Python for which that wheel exists, 3.11 or 3.12.
set -eu
python=${PYTHON:-python3.11}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip download -q --disable-pip-version-check --no-deps mediapipe==0.10.21
unzip -q -j mediapipe-*.whl '*/face_detection_short_range.tflite'

cat >outputs.py <<'END'
import sys

import cv2
import numpy as np

file, names = "face_detection_short_range.tflite", ("classificators", "regressors")
picture = np.random.default_rng(0).random((1, 3, 128, 128), np.float32)


def listed(net):
    return sorted(net.getUnconnectedOutLayersNames())


def together(net):
    net.setInput(picture)
    try:
        return [each.shape for each in net.forward(names)]
    except cv2.error as error:
        return "raises: " + " ".join(str(error.err).split())[:70]


net = cv2.dnn.readNetFromTFLite(file)
print(cv2.__version__, "listed:", listed(net), "both at once:", together(net))
if cv2.__version__.startswith("4"):
    assert listed(net) == list(names) and len(together(net)) == 2
else:
    assert listed(net) == ["regressors"] and "raises" in together(net)
    classic = cv2.dnn.readNetFromTFLite(file, cv2.dnn.ENGINE_CLASSIC)
    print("  ENGINE_CLASSIC:", listed(classic), together(classic))
    assert listed(classic) == list(names)
net.setInput(picture)
single = np.concatenate([net.forward(name).ravel() for name in names])
if cv2.__version__.startswith("4"):
    np.save("single.npy", single)
else:
    worst = np.abs(single - np.load("single.npy")).max()
    print(f"  one at a time: at most {worst:.1e} from 4.11")
    assert worst < 1e-2
END
for version in 4.11.0.86 5.0.0.93; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	venv/bin/python outputs.py 2>err.txt || { tail -3 err.txt >&2; exit 1; }
done
