#!/bin/sh
# One would guess: FaceDetection(min_detection_confidence=0.99) returns only faces of which it is
# 99 % sure, and 0.1 nearly everything.
# What happens: the value is taken, checked, and changes nothing. The graphs in the wheel carry
# thresholds of their own (0.5 for the short range, 0.6 for the full range): a face with a score
# of 0.54 comes back at 0.99, and none below 0.5 comes back at 0.1.
# Seen with: mediapipe 0.10.21 (the last wheel with its networks), Python 3.11, Debian 12, x86-64.
# Needs Python 3.11 or 3.12.
set -eu
python=${PYTHON:-python3.11}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check mediapipe==0.10.21 scikit-image==0.26.0

cat >show.py <<'END'
import mediapipe
from skimage import data

photo = data.astronaut()
print("mediapipe", mediapipe.__version__)


def detect(picture, network, threshold):
    solution = mediapipe.solutions.face_detection.FaceDetection(threshold, network)
    with solution as detector:
        found = detector.process(picture).detections or []
    return [round(each.score[0], 3) for each in found]


changed = False
for network, name in enumerate(("short range", "full range")):
    lowest = 1.0
    # A grey block comes down over the face, and the score falls.
    for rows in range(0, 100, 5):
        picture = photo.copy()
        picture[60 : 60 + rows, 150:300] = 128
        low, middle, high = (detect(picture, network, at) for at in (0.1, 0.5, 0.99))
        changed |= not low == middle == high
        lowest = min([lowest, *high])
    print(f"{name}: the same faces at 0.1, 0.5 and 0.99; lowest score returned at 0.99: {lowest}")
    changed |= not (0.5, 0.6)[network] <= lowest < 0.9
raise SystemExit("the threshold is heeded now" if changed else 0)
END
venv/bin/python show.py 2>err.txt || { tail -3 err.txt >&2; exit 1; }
