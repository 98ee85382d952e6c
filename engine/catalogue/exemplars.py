"""Libraries of exemplars: which are installed. What is in one: `engine.detail.exemplars`."""

from __future__ import annotations

from pathlib import Path

from engine.base.errors import MienError
from engine.catalogue.weights import MANIFEST, Manifest, installed, read_manifest

EXEMPLARS = "exemplars"  # the kind of such a model
NONE = ""  # the name that stands for no library


def installed_exemplars() -> list[Manifest]:
    """Every installed library."""
    return [manifest for manifest in installed() if manifest.kind == EXEMPLARS]


def find_exemplars(name: str) -> Manifest:
    """The library of that name. Raises MienError where there is none."""
    libraries = installed_exemplars()
    for manifest in libraries:
        if manifest.name == name:
            return manifest
    if libraries:
        names = ", ".join(manifest.name for manifest in libraries)
        raise MienError(
            f"There is no library of faces '{name}' (installed: {names}); choose one of them."
        )
    raise MienError(
        f"There is no library of faces '{name}'; make one of your photos with 'train exemplars'."
    )


def check_exemplars(name: str) -> None:
    """Raise MienError for the name of a library that there is not; NONE is no such name."""
    if name != NONE:
        find_exemplars(name)


def check_free(folder: Path) -> None:
    """Raise MienError where a library would take the place, or the name, of another kind of
    model."""
    if folder.exists() and read_manifest(folder / MANIFEST).kind != EXEMPLARS:
        raise MienError(f"{folder} is a model of another kind; give the library another name.")
    if any(one.name == folder.name and one.kind != EXEMPLARS for one in installed()):
        raise MienError(f"There is a model '{folder.name}' already; give the library another name.")
