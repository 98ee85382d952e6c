"""What can be looked at while a training runs: TensorBoard scalars and sheets of sample fills."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from training.faces import FaceShards
from training.masks import draw_hole

SHOWN = ("centre", "mouth", "one_eye", "glasses", "strokes", "lower_face")


class Sheets:
    """Events of one run: scalars, and a sheet of (photo, hole, fill) for six fixed faces."""

    def __init__(self, run: Path, shards: FaceShards, side: int) -> None:
        self._writer = SummaryWriter(str(run / "events"))
        crops, holes = [], []
        for number, kind in enumerate(SHOWN):
            index = number * max(1, len(shards) // len(SHOWN)) % len(shards)
            mesh = shards.mesh_in_crop(index, side)
            crops.append(torch.from_numpy(shards.crop(index, side)).permute(2, 0, 1))
            rng = np.random.default_rng((7, number))
            hole = draw_hole(kind, side, rng, mesh)
            holes.append(torch.from_numpy(hole.astype(np.float32))[None])
        self._crops = torch.stack(crops).float() / 127.5 - 1
        self._holes = torch.stack(holes)

    def scalars(self, row: dict[str, Any]) -> None:
        """One log row: every number but the step, by its name."""
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(name, value, row["step"])

    def fills(
        self, step: int, device: torch.device, fill: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        """Fill the fixed faces one by one and add the sheet."""
        rows = []
        for crop, hole in zip(self._crops, self._holes, strict=True):
            output = fill(crop[None].to(device), hole[None].to(device))[0].float().cpu()
            rows.append(torch.cat([crop, crop * (1 - hole), output.clamp(-1, 1)], 2))
        # True colours: a fixed mapping of [-1, 1], never stretched to the sheet's own range.
        sheet = (torch.cat(rows, 1) + 1) / 2
        self._writer.add_image("fills", (sheet.clamp(0, 1) * 255).byte(), step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
