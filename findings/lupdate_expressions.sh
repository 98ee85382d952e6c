#!/bin/sh
# One would guess: pyside6-lupdate finds each literal within tr() under the class that tr() will look
# under, or warns.
# What happens: it reads lines, not expressions. After a QCoreApplication.translate() on the same
# line, a self.tr() is filed under the context "QCoreApplication.self", where the program never
# looks: translated in the file, it stays English on the screen. Of tr("a" if x else "b") only "a"
# is found. Both without a warning, and the file looks complete.
# Seen with: PySide6-Essentials 6.11.3 and 6.12.0, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check PySide6-Essentials==6.11.3

cat >window.py <<'END'
from PySide6.QtCore import QCoreApplication, QObject


class Window(QObject):
    def label(self):
        return self.tr("open") + QCoreApplication.translate("Menu", " or ") + self.tr("close")

    def state(self, on):
        return self.tr("shown" if on else "hidden")

    def apart(self):
        return self.tr("undo")
END
venv/bin/pyside6-lupdate window.py -ts window.ts

cat >translate.py <<'END'
"""Translates every entry into capitals, then runs the program with it."""

import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTranslator
from window import Window

tree = xml.parse("window.ts")
found = {}
for context in tree.iter("context"):
    for message in context.iter("message"):
        source, translation = message.find("source"), message.find("translation")
        found[source.text] = context.find("name").text
        translation.text = source.text.upper()
        del translation.attrib["type"]
tree.write("window.ts", "utf-8")
print("found, and under which context:", found)
release = Path(sys.executable).with_name("pyside6-lrelease")
subprocess.run([release, "-silent", "window.ts", "-qm", "window.qm"], check=True)

program, translator, window = QCoreApplication([]), QTranslator(), Window()
assert translator.load("window.qm")
program.installTranslator(translator)
shown = [window.label(), window.state(True), window.state(False), window.apart()]
print("on the screen, all of it translated:", shown)
assert found["close"] == "QCoreApplication.self" and "hidden" not in found
assert shown == ["OPEN OR close", "SHOWN", "hidden", "UNDO"]
END
venv/bin/python translate.py
