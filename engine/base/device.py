"""Which device the networks run on."""

from __future__ import annotations

from engine.base.errors import MienError

DEVICES = ("auto", "cpu", "cuda", "mps")


def check_device(name: str) -> None:
    """Raise MienError for a word that is no device, before torch is loaded to look for it."""
    if name not in DEVICES:
        raise MienError(f"'{name}' is not a device; choose one of {', '.join(DEVICES)}.")


def choose_device(name: str = "auto") -> str:
    """The device to use: "cpu", "cuda" or "mps".

    auto takes CUDA, then MPS, then the CPU. Raises MienError for a device this machine lacks.
    """
    check_device(name)
    import torch

    present = available_devices()
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if device in present)
    if name not in present:
        build = torch.__version__
        raise MienError(f"This machine has no {name} device for torch {build}; use --device auto.")
    return name


def available_devices() -> list[str]:
    """The devices that can be chosen here, "cpu" always among them."""
    import torch

    devices = ["cpu"]
    if torch.cuda.is_available():
        devices.append("cuda")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices
