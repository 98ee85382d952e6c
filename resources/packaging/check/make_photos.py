"""Photos for `make package-test`, out of the sample alone: three to fill, twelve to learn from."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from PIL import Image, ImageEnhance

SAMPLES = Path(__file__).parents[2] / "samples"
FILLED, LEARNT = 3, 12


def main(target: Path) -> None:
    """Write photo.jpg, mask.png, photos/, masks/ and faces/ into `target`."""
    photo = Image.open(SAMPLES / "portrait.jpg").convert("RGB")
    mask = Image.open(SAMPLES / "portrait-mask.png").convert("L")
    for folder in ("photos/안", "masks/안", "faces"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    photo.save(target / "photo.jpg", quality=95)
    mask.save(target / "mask.png")
    for number in range(FILLED):
        name = f"안/사진 {number}" if number else "first"
        enhanced = ImageEnhance.Brightness(photo).enhance(0.8 + 0.2 * number)
        enhanced.save(target / "photos" / f"{name}.jpg", quality=95)
        mask.save(target / "masks" / f"{name}.png")
    chance = random.Random(0)
    scale = photo.width / 512
    for number in range(LEARNT):
        turned = photo.rotate(chance.uniform(-12, 12), Image.Resampling.BICUBIC)
        box = [scale * (side + chance.randint(-8, 8)) for side in (110, 10, 340, 240)]
        face = turned.crop([round(side) for side in box]).resize((320, 320))
        face = ImageEnhance.Brightness(face).enhance(chance.uniform(0.6, 1.4))
        face = ImageEnhance.Color(face).enhance(chance.uniform(0.4, 1.5))
        if number % 2:
            face = face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        face.save(target / "faces" / f"face{number:02d}.jpg", quality=95)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
