"""The sample that the editor begins with: the shipped portrait, wearing glasses drawn by us.

python -m training.worn_sample
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.fill import create_inpainter
from engine.photo import open_photo
from training.worn import wear

SAMPLES = Path(__file__).parents[1] / "resources" / "samples"
SEED, QUALITY = 1, 92  # of twelve the glasses that look most like somebody's


def main() -> None:
    photo = open_photo(SAMPLES / "portrait.jpg")
    (face,) = create_inpainter().find_faces(photo)
    assert face.mesh is not None
    worn = wear(photo.rgb8, face.mesh[:, :2], "clear_glasses", np.random.default_rng(SEED))
    Image.fromarray(worn.photo).save(SAMPLES / "portrait-glasses.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
