"""What the tests share: real photographs from installed packages, and one loaded inpainter."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as main.py does, before torch is loaded
# Workers of pytest-xdist share the processors: with two threads each, and two in every program
# that a test starts, they would wait for each other more than they compute.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from engine.face.finder import Face, FaceFinder
from engine.fill.filler import FaceInpainter
from engine.photo import Photo, open_photo

torch.set_num_threads(2)
if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: one begun last would leave the other processors idle."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True, scope="session")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the models and settings of the person who runs it."""
    home = tmp_path_factory.mktemp("home")
    os.environ["MIEN_SESSIONS"] = str(home / "sessions")
    os.environ["MIEN_MODELS"] = str(home / "models")
    os.environ["MIEN_MASKS"] = str(home / "masks")
    os.environ["MIEN_FACES"] = str(home / "faces")
    os.environ["XDG_CONFIG_HOME"] = str(home)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """512 x 512 x 3: a smiling face turned a little, and a background (NASA, public domain)."""
    from skimage import data

    return data.astronaut()


@pytest.fixture(scope="session")
def hopper() -> np.ndarray:
    """600 x 512 x 3: an old face with glasses (US Navy, public domain)."""
    import matplotlib.cbook

    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return np.asarray(Image.open(file).convert("RGB"))


@pytest.fixture(scope="session")
def astronaut_path(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut as a JPEG with EXIF and an ICC profile, in a folder with a Korean name."""
    from PIL import ImageCms

    path = tmp_path_factory.mktemp("사진") / "우주인.jpg"
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "portrait", 1
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(astronaut).save(path, quality=93, exif=exif, icc_profile=icc, dpi=(300, 300))
    return path


@pytest.fixture(scope="session")
def photo(astronaut_path: Path) -> Photo:
    return open_photo(astronaut_path)


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="session")
def face(finder: FaceFinder, photo: Photo) -> Face:
    """The astronaut's face, with its mesh."""
    found = finder.find(photo.rgb8)[0]
    assert found.mesh is not None
    return found


@pytest.fixture(scope="session")
def inpainter() -> FaceInpainter:
    return FaceInpainter()
