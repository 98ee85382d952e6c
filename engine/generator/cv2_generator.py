"""The generator on OpenCV's own networks (cv2.dnn), which come with the OpenCV that is here anyway.

A cv2 network serves one thread, and cannot be stopped within a pass. It takes windows of any size:
sizes of the graph are those of its last input.
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.base.device import CV2, FLOAT32
from engine.generator.branches import BLOCKS, CHANNELS, Hints
from engine.generator.dmfn import paint, sharpen
from engine.generator.dmfn_onnx import INPUTS, OUTPUT, STRIDE, to_onnx
from engine.nets.tensors import read_tensors


class Cv2Generator:
    """A Dmfn of the half grid in float32, ready to fill, as a back end (see
    `engine.generator.backend.Generator`).

    input: "prior" sharpens, "zero" paints. file: ONNX, of which every thread that fills makes a
    network of its own: 240 MB, most of it weights that Winograd's convolution takes transformed.
    """

    precision, backend, stride = FLOAT32, CV2, STRIDE

    def __init__(self, file: bytes, input: str) -> None:
        self.input = input
        self._file = np.frombuffer(file, np.uint8)
        self._own = threading.local()

    @classmethod
    def load(cls, path: Path, input: str) -> Cv2Generator:
        """The generator whose tensors a file holds, on the half grid."""
        return cls(to_onnx(read_tensors(path)), input)

    @torch.inference_mode()
    def paint(
        self,
        crop: Tensor,
        hole: Tensor,
        hints: Hints | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """As of the protocol; `cancel` is not looked at."""
        finish = sharpen if self.input == "prior" else paint
        return finish(self._run, crop, hole, hints)

    def _run(self, x: Tensor, hints: Hints | None) -> Tensor:
        hints = hints or Hints()
        size = (x.shape[-2] // STRIDE, x.shape[-1] // STRIDE)
        grid = np.zeros((1, CHANNELS, *size), np.float32)
        film = np.zeros((1, BLOCKS, 2, CHANNELS), np.float32)
        if hints.grid is not None:
            grid = hints.grid.float().numpy()
        if hints.film is not None:
            film = hints.film.float().numpy()
        film = film + np.array([1, 0], np.float32)[:, None]  # factors, which are told as changes
        network = self._network()
        blobs = x.numpy(), np.ascontiguousarray(grid), film.reshape(1, -1, 1, 1)
        for name, blob in zip(INPUTS, blobs, strict=True):
            network.setInput(blob, name)
        return torch.from_numpy(network.forward(OUTPUT))

    def _network(self) -> cv2.dnn.Net:
        """This thread's own."""
        if not hasattr(self._own, "network"):
            network = cv2.dnn.readNetFromONNX(self._file)
            network.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
            self._own.network = network
        return self._own.network
