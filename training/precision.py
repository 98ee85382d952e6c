"""Whether a processor calculates in bfloat16 itself; emulated, it is slower than float32."""

from __future__ import annotations

from engine.base.device import choose_device

FULL, MIXED = "32-true", "bf16-mixed"


def fitting(wanted: str, device: str) -> str:
    """The precision asked for, or full float32 where this computer gains nothing from less.

    device: auto, cpu, cuda or mps. Raises MienError for a device that is missing.
    """
    if wanted == MIXED and choose_device(device) == "cpu" and not _has_bfloat16():
        return FULL
    return wanted


def _has_bfloat16() -> bool:
    """AVX512-BF16 or AMX, as torch sees them; False where it cannot tell."""
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    checks = [getattr(torch.cpu, name, None) for name in names]
    return any(check() for check in checks if check is not None)
