"""compare_fills.py PICTURE PICTURE...: how far the same fill by several Pythons lies apart.

Prints the greatest difference of any byte for each pair, and exits with 1 where one is above a grey
level: libraries built for another Python may round the last bit elsewhere, and no more.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

ALLOWED = 1


def main() -> int:
    pictures = {Path(name): np.asarray(Image.open(name)).astype(int) for name in sys.argv[1:]}
    worst = 0
    for (a, left), (b, right) in combinations(pictures.items(), 2):
        if left.shape != right.shape:
            print(f"{a.stem} and {b.stem}: not of one size, {left.shape} and {right.shape}")
            return 1
        apart = np.abs(left - right)
        print(f"{a.stem} and {b.stem}: {apart.max()} at most, in {(apart > 0).mean():.2%} of bytes")
        worst = max(worst, int(apart.max()))
    return int(worst > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
