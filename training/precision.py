"""The precision of a training; emulated, bfloat16 is slower than float32."""

from __future__ import annotations

from engine.base.device import choose_device, has_bfloat16

FULL, MIXED = "32-true", "bf16-mixed"


def fitting(wanted: str, device: str) -> str:
    """The precision asked for, or full float32 where this computer gains nothing from less.

    device: auto, cpu, cuda or mps. Raises MienError for a device that is missing.
    """
    if wanted == MIXED and choose_device(device) == "cpu" and not has_bfloat16():
        return FULL
    return wanted
