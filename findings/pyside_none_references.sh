#!/bin/sh
# One would guess: calling a setter of Qt a few hundred times leaves Python's None as it was.
# What happens: each call of a wrapped function that returns nothing takes a reference from None
# that it never gave. On Python 3.11 the count falls by one a call (a program that paints loses
# thousands a second, and Python ends when none is left); 6.11 does not do it. From Python 3.12 on
# None is immortal and the same wheel is harmless, so that tests there say nothing.
# Seen with: PySide6-Essentials 6.11.3 and 6.12.0, Python 3.11, Debian 12, x86-64. Needs Python 3.11.
# Only three hundred calls are counted, and the references are given back at the end.
set -eu
python=${PYTHON:-python3.11}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv

cat >count.py <<'END'
import ctypes
import platform
import sys

import PySide6
from PySide6.QtCore import QObject, QRect

thing, rectangle = QObject(), QRect()
calls = {
    "QObject.setObjectName": lambda: thing.setObjectName("name"),
    "QRect.setWidth": lambda: rectangle.setWidth(3),
    "QObject.blockSignals (returns a bool)": lambda: thing.blockSignals(False),
    "list.append (Python's own)": lambda: [].append(1),
}
print("PySide6", PySide6.__version__, "Python", platform.python_version())
for name, call in calls.items():
    before = sys.getrefcount(None)
    for _ in range(100):
        call()
    lost = before - sys.getrefcount(None)
    print(f"  100 calls of {name}: {lost} references of None lost")
    for _ in range(lost):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
    expected = 100 if sys.argv[1] == "6.12.0" and name.startswith(("QObject.set", "QRect")) else 0
    if abs(lost - expected) > 5:
        raise SystemExit("another count than expected")
END
for version in 6.11.3 6.12.0; do
	venv/bin/pip install -q --disable-pip-version-check "PySide6-Essentials==$version"
	venv/bin/python count.py "$version"
done
