"""Run by test_engine.py: fills one face of a WIDTH x HEIGHT photo and prints what memory it took.

Linux tells it in /proc (its ru_maxrss begins at what the parent process held); macOS counts
ru_maxrss in bytes; Windows has no such figure.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from skimage import data

from engine.fill.filler import FaceInpainter
from engine.inpaint import FillOptions, FillRequest

sys.path.insert(0, str(Path(__file__).parent))
from pictures import portrait

STATUS = Path("/proc/self/status")


def peak_mib() -> float:
    """The most memory this process has held."""
    if STATUS.exists():
        (line,) = (row for row in STATUS.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(width: int, height: int) -> None:
    inpainter, options = FaceInpainter(), FillOptions(device="cpu")
    inpainter.fill(FillRequest(*portrait(data.astronaut(), 512, 512), options))
    loaded = peak_mib()
    photo, mask = portrait(data.astronaut(), width, height)
    opened = peak_mib()
    inpainter.fill(FillRequest(photo, mask, options))
    told = {"loaded_mib": loaded, "with_photo_mib": opened, "peak_mib": peak_mib()}
    print(json.dumps({key: round(value) for key, value in told.items()}))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
