"""What this installation is: versions, devices, models. What to send with a question."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from engine.base.errors import MienError
from engine.catalogue import weights

if TYPE_CHECKING:
    from torch.nn import Module

_PACKAGES = (
    "torch",
    "opencv-python",
    "numpy",
    "Pillow",
    "tifffile",
    "imagecodecs",
    "pi-heif",
    "PyPatchMatch",
    "PySide6-Essentials",
    "qtawesome",
    "safetensors",
)
_OPTIONAL = ("rawpy", "mediapipe")


def examine() -> dict[str, Any]:
    """Plain values: mien, python, system, packages, devices, generator, modules, models."""
    from engine.base.device import available_devices, choose_device
    from engine.generator.dmfn import Dmfn
    from engine.modules.branches import Branches
    from engine.modules.registry import MODULES

    generator, branches = Dmfn(), Branches(module.key for module in MODULES)
    return {
        "mien": mien_version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "packages": {
            **{name: _version(name) or "not installed" for name in _PACKAGES},
            **{name: _version(name) or "none, optional" for name in _OPTIONAL},
        },
        "devices": available_devices(),
        "device": choose_device("auto"),
        "generator": {"parameters": _count(generator)},
        "modules": {key: _count(branch) for key, branch in branches.named_children()},
        "models": model_table(),
        "models_folder": str(weights.user_folder()),
    }


def _count(network: Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def mien_version() -> str:
    """The installed version."""
    return _version("mien") or "not installed"


def model_table() -> list[dict[str, Any]]:
    """One row a model: name, title, kind, default, state ("ok" or the sentence of what is wrong),
    sha256, bytes, figures."""
    rows = []
    for manifest in weights.installed():
        try:
            weights.verify(manifest)
            state = "ok"
        except MienError as error:
            state = str(error)
        rows.append(
            {
                "name": manifest.name,
                "title": manifest.title,
                "kind": manifest.kind,
                "default": manifest.default,
                "state": state,
                "sha256": manifest.sha256,
                "bytes": manifest.bytes,
                "native_crop": manifest.native_crop,
                "modules": manifest.modules.get("parameters", {}),
                "figures": manifest.figures,
            }
        )
    return rows


def _version(package: str) -> str | None:
    # A bundle carries the OpenCV without windows.
    for name in (package, f"{package}-headless"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None
