"""Which device the networks run on, and how exactly they calculate there."""

from __future__ import annotations

from engine.base.errors import MienError

DEVICES = ("auto", "cpu", "cuda", "mps")
# auto: what is fastest here, to within one grey level; exact: float32, whatever else a processor
# can do.
AUTO, EXACT = "auto", "exact"
PRECISIONS = (AUTO, EXACT)
FLOAT32, BFLOAT16 = "float32", "bfloat16"  # what was calculated in
TORCH, CV2 = "torch", "cv2"  # and by what


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


def check_precision(name: str) -> None:
    """Raise MienError for a word that is no precision."""
    if name not in PRECISIONS:
        raise MienError(f"'{name}' is not a precision; choose one of {', '.join(PRECISIONS)}.")


def has_bfloat16() -> bool:
    """Whether the processor calculates in bfloat16 itself: AVX512-BF16 or AMX, as torch sees them.
    Emulated, it is slower than float32. False where torch cannot tell."""
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    checks = [getattr(torch.cpu, name, None) for name in names]
    return any(check() for check in checks if check is not None)


def available_devices() -> list[str]:
    """The devices that can be chosen here, "cpu" always among them."""
    import torch

    devices = ["cpu"]
    if torch.cuda.is_available():
        devices.append("cuda")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices
