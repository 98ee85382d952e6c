#!/bin/sh
# One would guess: a picture whose colours are not sRGB says so in what Pillow opens, whichever way its
# file says it: by a profile, or by the code points that AVIF, HEIC and PNG have for it.
# What happens: of an AVIF that names Display P3 by code points (nclx) nothing is left: no profile, no
# entry in `info`. Saved again, as AVIF or anything else, it is the same numbers taken for sRGB, and
# paler. A PNG's cICP chunk goes the same way.
# Seen with: Pillow 12.0.0 and 13.0.0, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv

cat >read.py <<'END'
import io
import struct
import zlib

import PIL
from PIL import Image

red = Image.new("RGB", (64, 64), (230, 40, 40))
file = io.BytesIO()
red.save(file, "AVIF", quality=95)
data = bytearray(file.getvalue())
place = data.find(b"colrnclx") + 8
data[place : place + 4] = struct.pack(">HH", 12, 13)  # Display P3 with sRGB's curve
with Image.open(io.BytesIO(data)) as image:
    image.load()
    told = set(image.info) - {"exif", "xmp", "duration", "timestamp"}
    again = io.BytesIO()
    image.save(again, "AVIF", quality=95)
points = struct.unpack_from(">HH", again.getvalue(), again.getvalue().find(b"colrnclx") + 8)
file = io.BytesIO()
red.save(file, "PNG")
png, chunk = file.getvalue(), b"cICP" + bytes([12, 13, 0, 1])
chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
with Image.open(io.BytesIO(png[:33] + chunk + png[33:])) as image:
    image.load()
    of_png = set(image.info)
print(PIL.__version__, "AVIF in P3 says:", told or "nothing", "and saved again code points", *points)
print("  PNG in P3 says:", of_png or "nothing")
raise SystemExit(0 if not told and points[0] != 12 and not of_png else "they are told now")
END
for version in 12.0.0 13.0.0; do
	venv/bin/pip install -q --disable-pip-version-check "Pillow==$version"
	venv/bin/python read.py
done
