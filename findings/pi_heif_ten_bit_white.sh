#!/bin/sh
# One would guess: a HEIC of 10 bit read as 16 bit spans all of 16 bit, as every other reader of deep
# pictures gives it: white is 65535, opaque is 65535.
# What happens: the values are moved up by six bits and the low bits stay 0. White is 65472, and so is
# alpha: nothing of the picture is quite white or quite opaque, and written as a PNG of 16 bit it is
# transparent by a thousandth everywhere.
# Seen with: pi-heif 1.4.0, pillow-heif 1.4.0, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check pi-heif==1.4.0 pillow-heif==1.4.0 numpy==2.4.6

cat >read.py <<'END'
import io

import numpy as np
import pi_heif
import pillow_heif

white = np.full((64, 64, 4), 65535, np.uint16)
file = io.BytesIO()
pillow_heif.from_bytes("RGBA;16", (64, 64), white.tobytes()).save(file, quality=-1)
read = pi_heif.open_heif(io.BytesIO(file.getvalue()), convert_hdr_to_8bit=False)
pixels = np.asarray(read)
print(pi_heif.__version__, read.mode, "of", read.info["bit_depth"], "bit")
print("  written: 65535, 65535, 65535, 65535; read:", *pixels[32, 32])
assert read.info["bit_depth"] == 10
raise SystemExit(0 if (pixels == 65472).all() else "it comes back otherwise now")
END
venv/bin/python read.py
