#!/bin/sh
# One would guess: the same picture given to an encoder at 8 and at 16 bit is the same picture in the
# file. PNG, TIFF, AVIF and JPEG 2000 written by the same package are.
# What happens: a JPEG XL of 16 bit (or of floats) says that its numbers are linear light, one of 8 bit
# that they are sRGB. Every viewer shows the deep one far too bright; the package itself, which returns
# the numbers and no word of their colours, gives them back as they were, so that a round trip is clean.
# Seen with: imagecodecs 2025.11.11 and 2026.3.6, pillow-jxl-plugin 1.3.8 on Pillow 12.0.0 as the viewer, Python 3.11,
# Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv

cat >read.py <<'END'
import io

import imagecodecs
import numpy as np
import pillow_jxl  # noqa: F401 - teaches Pillow to open them
from PIL import Image, ImageCms

grey = np.full((16, 16, 3), 128, np.uint8)
profiles = {}
for pixels in (grey, grey.astype(np.uint16) * 257):
    data = imagecodecs.jpegxl_encode(pixels, lossless=True)
    assert np.array_equal(imagecodecs.jpegxl_decode(data), pixels)
    # What the file says of its colours, as libjxl tells it to any viewer.
    icc = pillow_jxl.Decoder()(bytes(data))[3]
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    name = ImageCms.getProfileDescription(profile).strip()
    to_screen = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    shown = ImageCms.applyTransform(Image.fromarray(grey), to_screen).getpixel((8, 8))
    print(imagecodecs.__version__, pixels.dtype, name, "shown as", *shown)
    profiles[str(pixels.dtype)] = shown[0]
as_guessed = abs(profiles["uint8"] - profiles["uint16"]) < 5
raise SystemExit("both are the same picture now" if as_guessed else 0)
END
venv/bin/pip install -q --disable-pip-version-check pillow-jxl-plugin==1.3.8 Pillow==12.0.0 numpy==2.3.5
for version in 2025.11.11 2026.3.6; do
	venv/bin/pip install -q --disable-pip-version-check "imagecodecs==$version"
	venv/bin/python read.py
done
