"""What an emotion network is worth, by fixed protocols on faces it was not trained on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor

from engine.base.errors import MienError
from engine.face import geometry
from engine.face.emotion import EMOTIONS, mirror_mean
from training.emotion.data import LabelledFaces, decode, load_faces, open_set
from training.emotion.train import Reader, logits_of

BINS = 15
TIMED_SIDE = 256  # pixels, of the crop that reading is timed on


def measure(network: Reader, folder: Path) -> dict[str, Any]:
    """Every figure of a network in eval mode, shares in 0..1.

    FER2013's official test split: `accuracy` of the picture alone, `accuracy_mirror` of what
    `read` returns (mirror image averaged in), `classes` and `mean_class` by class, `ece` the
    expected calibration error in 15 bins, `mouth_hidden` and `eyes_hidden` with that part's box
    hidden (training.emotion.augment.PART_BOXES). `ckplus`: subjects kept aside. `jaffe`: all 213,
    aligned by MediaPipe as the program aligns a face. `ms`: one `read` of a 256 x 256 crop, the
    quickest of 40 on this machine. Sets that the folder lacks are left out. Raises MienError
    without FER2013.
    """
    # Two threads would wait for each other where anything else runs; only `ms` is timed on two.
    torch.set_num_threads(1)
    test = load_faces(folder, "test")
    figures: dict[str, Any] = {"fer2013_test": len(test)}
    alone, labels = logits_of(network, test)
    mirrored, _ = logits_of(network, test, mirror=True)
    figures["accuracy"] = _share(alone.argmax(1) == labels)
    read = mirror_mean(alone, mirrored, network.temperature)
    right = read.argmax(1) == labels
    figures["accuracy_mirror"] = _share(right)
    figures["classes"] = {
        name: _share(right[labels == number])
        for number, name in enumerate(EMOTIONS)
        if (labels == number).any()
    }
    shares = list(figures["classes"].values())
    figures["mean_class"] = round(sum(shares) / len(shares), 4)
    figures["ece"] = round(calibration_error(read, labels), 4)
    for part in ("mouth", "eyes"):
        hidden = _read(network, test, part)
        figures[f"{part}_hidden"] = _share(hidden.argmax(1) == labels)
        figures[f"{part}_hidden_ece"] = round(calibration_error(hidden, labels), 4)
    if (folder / "ckplus.zip").is_file():
        aside = load_faces(folder, "test", ("ckplus",))
        figures["ckplus"] = _share(_read(network, aside).argmax(1) == aside.labels)
        figures["ckplus_faces"] = len(aside)
    if (folder / "jaffe.zip").is_file():
        figures |= _jaffe(network, folder)
    figures["temperature"] = round(float(network.temperature), 4)
    figures["parameters"] = sum(p.numel() for p in network.parameters())
    figures["mmac"] = round(multiplications(network) / 1e6, 1)
    figures["ms"] = round(milliseconds(network), 2)
    return figures


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """Expected calibration error (Guo et al. 2017): over equal bins of confidence, the mean gap
    between confidence and accuracy, weighted by how many fall in."""
    confidence, answers = probabilities.max(1)
    right = (answers == labels).float()
    index = (confidence * bins).long().clamp_max(bins - 1)
    error = 0.0
    for number in range(bins):
        chosen = index == number
        if chosen.any():
            gap = (confidence[chosen].mean() - right[chosen].mean()).abs().item()
            error += gap * chosen.sum().item() / len(labels)
    return error


def milliseconds(network: Reader, repeats: int = 40) -> float:
    """Time of one `read` of one crop with a hole, on two threads: the quickest of all, since other
    work on the machine can only add to it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    crop = torch.zeros(1, 3, TIMED_SIDE, TIMED_SIDE)
    hole = torch.zeros(1, 1, TIMED_SIDE, TIMED_SIDE)
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        network.read(crop, hole)
        times.append(1000 * (time.perf_counter() - start))
    torch.set_num_threads(threads)
    return min(times[3:])


def multiplications(network: Reader) -> int:
    """Multiply-adds of the convolutions for one face (without its mirror image)."""
    total = 0

    def count(module: torch.nn.Module, _inputs: Any, output: Tensor) -> None:
        nonlocal total
        assert isinstance(module, torch.nn.Conv2d)
        total += output.shape[-1] * output.shape[-2] * module.weight.numel()

    hooks = [
        module.register_forward_hook(count)
        for module in network.modules()
        if isinstance(module, torch.nn.Conv2d)
    ]
    with torch.no_grad():
        network(torch.zeros(1, 2, 48, 48))
    for hook in hooks:
        hook.remove()
    return total


def _read(network: Reader, faces: LabelledFaces, part: str | None = None) -> Tensor:
    straight, _ = logits_of(network, faces, part)
    mirrored, _ = logits_of(network, faces, part, mirror=True)
    return mirror_mean(straight, mirrored, network.temperature)


def _jaffe(network: Reader, folder: Path) -> dict[str, Any]:
    from engine.face.finder import FaceFinder, FaceFrame

    finder = FaceFinder()
    archive, records = open_set(folder, "jaffe")
    right, found = 0, 0
    with archive:
        for record in records:
            picture = decode(archive.read(record["name"]))
            if picture is None:
                raise MienError(f"{record['name']} in jaffe.zip cannot be read.")
            # MediaPipe wants more than 128 pixels of a face.
            large = cv2.resize(picture, (384, 384), interpolation=cv2.INTER_CUBIC)
            rgb = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB)
            face = finder.mesh_in_frame(rgb, FaceFrame(60, 60, 264, 300))
            if face.mesh is None:
                continue
            crop = geometry.cut(rgb, geometry.frame_from_mesh(face.mesh), 128)
            tensor = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1
            answer = EMOTIONS[int(network.read(tensor).argmax())]
            right += answer == record["emotion"]
            found += 1
    finder.close()
    return {"jaffe": round(right / max(1, found), 4), "jaffe_faces": found}


def _share(right: Tensor) -> float:
    return round(right.float().mean().item(), 4)
