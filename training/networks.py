"""The table of trainable networks: a further one is a row here and the recipe that it names.

Its verbs `train NAME`, `train NAME-export` and `train NAME-measure` are made from the row.
"""

from __future__ import annotations

from pathlib import Path

from training.detail.config import DetailConfig
from training.landmarks.config import LandmarkConfig
from training.locator.config import LocatorConfig
from training.outlines.config import OutlineConfig
from training.trainable import Option, Trainable

_FACES = Option("faces", Path, "A folder of prepared faces (see 'prepare').", required=True)

NETWORKS: tuple[Trainable, ...] = (
    Trainable(
        name="landmarks",
        noun="landmark network",
        config=LandmarkConfig,
        first="gcn",
        configs="gcn, cnn, or a TOML file.",
        train="Train the hole-aware landmark network",
        measure="Measure landmark networks by kind of hole, in inter-ocular units over hidden "
        "nodes.",
        sources=(_FACES,),
        kept_aside="Prepared faces no run has seen.",
        recipe="training.landmarks.recipe:LandmarkRecipe",
        compared=(
            Option(
                "faces",
                Path | None,
                "Training faces: adds the mean face and the prior's linear map.",
            ),
            Option("mediapipe", bool, "Add MediaPipe on the holed picture.", False),
        ),
    ),
    Trainable(
        name="locator",
        noun="locator",
        config=LocatorConfig,
        first="locator",
        configs="locator, or a TOML file.",
        train="Train the face locator",
        measure="Measure where a locator alone places faces, by kind of hole, on whole photos.",
        sources=(
            Option(
                "photos",
                list[Path],
                "Folders or zips of the photos that the faces come from.",
                required=True,
            ),
            _FACES,
        ),
        kept_aside="A folder or zip of photos not trained on.",
        recipe="training.locator.recipe:LocatorRecipe",
        compared=(Option("source", str | None, "Only faces of this source."),),
    ),
    Trainable(
        name="detail",
        noun="detail network",
        config=DetailConfig,
        first="detail",
        configs="detail, or a TOML file.",
        train="Train the network that paints what is finer than the crop",
        measure="Measure detail networks in the mean shape, on fills of people kept aside.",
        sources=(
            Option("fills", Path, "A folder of fills (see 'train detail-fills').", required=True),
            Option("lpips", Path, "The file of LPIPS-Alex weights.", required=True),
        ),
        kept_aside="A folder of fills of people kept aside.",
        recipe="training.detail.recipe:DetailRecipe",
        compared=(Option("lpips", Path | None, "The file of LPIPS-Alex weights."),),
    ),
    Trainable(
        name="worn",
        noun="network for what is worn",
        config=OutlineConfig,
        first="worn",
        configs="worn, or a TOML file.",
        train="Train the network that sees glasses and face masks",
        measure="Measure how many drawn things are seen, how much of them is covered, and on how "
        "many faces they are seen before they are drawn.",
        sources=(
            _FACES,
            Option(
                "scores",
                Path | None,
                "A NumPy file: how surely each face wears glasses (training.glasses); without it "
                "all are taken for bare.",
            ),
            Option("teacher", Path | None, "A run whose network outlines real glasses."),
        ),
        kept_aside="Prepared faces no run has seen.",
        recipe="training.outlines.recipe:OutlineRecipe",
    ),
)
