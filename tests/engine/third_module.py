"""A program with a third module, as it is when engine/modules has one more file and line.

Prints one JSON object of what the command line and a fill know of it. Run by test_third_module.py
in a process of its own: the modules are read when the program is loaded. tests/gui/third_window.py
opens the editor with it.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch

from engine.generator.branches import BLOCKS, CHANNELS, Hints
from engine.modules import registry
from engine.modules.module import Module, Row, wish


# What would be engine/modules/age.py.
@dataclass(frozen=True)
class AgeWish:
    age: str = wish(
        "keep",
        "keep, off, young or old.",
        choices=("keep", "off", "young", "old"),
        title="Age asked for",
    )
    years: float = wish(1.0, "How much of it.", bounds=(0, 2), title="Years", scales="age")


class AgeBranch(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.film = torch.nn.Parameter(torch.full((1, BLOCKS, 2, CHANNELS), 1.0))

    def forward(self, age, *, rows: slice, columns: slice, side: int) -> Hints:
        return Hints(film=self.film * age.view(-1, 1, 1, 1))


class Age(Module):
    name, key, title, menu = "age", "age", "Age", "&Age module"
    off = MappingProxyType({"age": "off"})
    wish = AgeWish
    row = Row("Age", "How old the face looks", lambda reading: reading.figures.get("age"))

    def see(self, sight) -> None:
        sight.further["age"] = sight.crop.mean((1, 2, 3)) / 2 + 0.5

    def condition(self, sight, wishes):
        return ({"young": torch.zeros(1), "old": torch.ones(1)}.get(wishes.age, torch.zeros(1)),)

    def branch(self, stride: int):
        return AgeBranch()

    def reading(self, sight, filled, wishes):
        return {"figures": {"age": float(sight.further["age"][0])}}


# What would be two lines of engine/modules/registry.py.
registry.MODULES = (*registry.MODULES, Age())
registry.Wishes = dataclass(frozen=True)(
    type(
        "Wishes",
        (registry.Wishes, AgeWish),
        {"__module__": "engine.modules.registry"},
    )
)


def told(folder: Path) -> dict:
    import contextlib
    import io

    import cv2
    import numpy as np

    from engine.fill.networks import load_networks
    from engine.fill.pipeline import fill_crop
    from engine.inpaint import FillOptions
    from engine.modules.options import as_arguments
    from engine.photo import open_photo
    from main import main

    portrait = Path("resources/samples/portrait.jpg")

    def said(*arguments: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert main(list(arguments)) == 0
        return out.getvalue()

    mask = np.asarray(open_photo("resources/samples/portrait-mask.png").rgb8[..., 0])
    cv2.imwrite(str(folder / "mask.png"), mask)
    files = (str(portrait), "--mask", str(folder / "mask.png"), "-o", str(folder / "out.png"))
    filled = said("inpaint", *files, "--model", "prior", "--age", "old", "--json")

    networks = load_networks("default", "cpu")
    crop, hole = np.full((256, 256, 3), 0.5, np.float32), np.zeros((256, 256), bool)
    hole[120:160, 100:160] = True
    networks.branches.add_module("age", AgeBranch())
    pixels = {}
    for age in ("off", "young", "old"):
        guidance = networks.look(crop, hole, None, FillOptions(age=age))
        pixels[age] = fill_crop(networks, crop, hole, guidance)
    apart = {age: float(np.abs(pixels[age] - pixels["off"])[hole].mean()) for age in pixels}
    return {
        "help": "--age" in said("inpaint", "--help") and "--age" in said("batch", "--help"),
        "readings": json.loads(filled)["readings"],
        "arguments": as_arguments(FillOptions(age="young")),
        "apart": apart,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(told(Path(folder))))
