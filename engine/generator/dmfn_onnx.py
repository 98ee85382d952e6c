"""A Dmfn of the half grid as an ONNX graph, for back ends that run one.

The same sums in another order where that costs less. The decoder enlarges to twice the
size and then convolves 4 x 4, a third of the whole network's work. Enlarging is linear and does the
same to every channel, so rows and columns can take turns: the columns are doubled and convolved
with the kernel's four rows apart, their four results are doubled in rows, and a row of zeros and
ones shifts and adds them. That is half the products, on half as many rows. The last layer mixes its
64 channels before they are enlarged instead of after, likewise.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from engine.generator.branches import BLOCKS, CHANNELS
from engine.generator.dmfn import DILATIONS
from engine.generator.onnx_file import OnnxGraph

INPUTS = ("crop", "grid", "film")
OUTPUT = "painted"
STRIDE = 8  # crop pixels a cell of the feature grid
EPSILON = 1e-5  # of nn.InstanceNorm2d


def to_onnx(tensors: dict[str, Tensor], height: int = 256, width: int = 256) -> bytes:
    """The ONNX file of the generator with these tensors (its state, float32).

    Inputs: `crop` 1 x 4 x H x W, RGB in [-1, 1] and the hole; `grid` 1 x 256 x H/8 x W/8,
    added after e4; `film` 1 x 4096 x 1 x 1, of every block 256 factors of its output and
    256 summands. Zeros and factors of one are no hints. Output: `painted` 1 x 3 x H x W. Nothing in
    it hangs on height and width but the shapes that it declares.
    """
    return _Writer(tensors).file(height, width)


class _Writer:
    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self._arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        self._graph = OnnxGraph("generator")
        self._made: set[str] = set()

    def file(self, height: int, width: int) -> bytes:
        graph = self._graph
        x = graph.add_input("crop", (1, 4, height, width))
        graph.add_input("grid", (1, CHANNELS, height // STRIDE, width // STRIDE))
        graph.add_input("film", (1, BLOCKS * 2 * CHANNELS, 1, 1))
        graph.add_output(OUTPUT, (1, 3, height, width))
        finest = self._relu(self._conv(x, "e1.0", 2))
        finer = self._step(self._step(finest, "e2", 2), "e3")
        x = self._add(self._step(finer, "e4", 2), "grid")
        for number in range(BLOCKS):
            x = self._block(x, f"blocks.{number}")
            place = 2 * number * CHANNELS
            x = graph.add_node("Mul", [x, self._part("film", place, CHANNELS)])
            x = self._add(x, self._part("film", place + CHANNELS, CHANNELS))
        x = self._add(self._enlarge(self._step(x, "d1"), "d2"), finer)
        x = self._add(self._enlarge(x, "d3"), finest)
        graph.add_node("Tanh", [self._last_enlarged(x)], OUTPUT)
        return graph.to_bytes()

    # Of the network.

    def _step(self, x: str, name: str, stride: int = 1, place: int = 0) -> str:
        return self._relu(self._normal(self._conv(x, f"{name}.{place}", stride), f"{name}.{place}"))

    def _block(self, x: str, name: str) -> str:
        squeezed = self._step(x, f"{name}.squeeze")
        sums: list[str] = []
        for number, dilation in enumerate(DILATIONS):
            seen = self._conv(squeezed, f"{name}.dilated.{number}", dilation=dilation)
            sums.append(self._add(sums[-1], seen) if sums else seen)
        wide = self._graph.add_node("Concat", sums, axis=1)
        fused = self._conv(self._relu(self._normal(wide, f"{name}.fuse.0")), f"{name}.fuse.0")
        return self._add(x, self._normal(fused, f"{name}.fuse.0"))

    def _enlarge(self, x: str, name: str) -> str:
        """Doubled, padded by a pixel before and two behind, and convolved 4 x 4: by turns."""
        kernel = self._arrays[f"{name}.2.weight"]
        outputs, inputs, rows, columns = kernel.shape
        apart = kernel.transpose(0, 2, 1, 3).reshape(outputs * rows, inputs, 1, columns)
        x = self._weighted(self._resize(x, 1, 2), f"{name}.2.apart", apart, [0, 1, 0, 2])
        summed = np.tile(np.eye(rows, dtype=np.float32)[None, :, :, None], (outputs, 1, 1, 1))
        x = self._resize(x, 2, 1)
        x = self._weighted(x, f"{name}.2.summed", summed, [1, 0, 2, 0], f"{name}.2.bias", outputs)
        return self._step(self._relu(self._normal_of(x, outputs)), name, place=5)

    def _last_enlarged(self, x: str) -> str:
        """Doubled and convolved 3 x 3: mixed for each of the kernel's places before, put there
        and added behind."""
        kernel = self._arrays["out.weight"]
        outputs, inputs, rows, columns = kernel.shape
        places = rows * columns
        mixed = kernel.transpose(0, 2, 3, 1).reshape(outputs * places, inputs, 1, 1)
        x = self._resize(self._weighted(x, "out.mixed", mixed, [0] * 4), 2, 2)
        one = np.eye(places, dtype=np.float32).reshape(1, places, rows, columns)
        summed = np.tile(one, (outputs, 1, 1, 1))
        return self._weighted(x, "out.summed", summed, [1] * 4, "out.bias", outputs)

    # Of any network.

    def _conv(self, x: str, name: str, stride: int = 1, dilation: int = 1) -> str:
        """A convolution that keeps the size, but for its stride."""
        side = self._arrays[f"{name}.weight"].shape[-1]
        return self._graph.add_node(
            "Conv",
            [x, *self._learnt(name)],
            kernel_shape=[side, side],
            strides=[stride, stride],
            dilations=[dilation, dilation],
            pads=[dilation * (side // 2)] * 4,
        )

    def _weighted(
        self,
        x: str,
        name: str,
        kernel: np.ndarray,
        pads: list[int],
        bias: str | None = None,
        groups: int = 1,
    ) -> str:
        """A convolution with a kernel that is given. pads: top, left, bottom, right."""
        inputs = [x, self._graph.add_tensor(name, kernel)]
        if bias is not None:
            inputs.append(self._graph.add_tensor(bias, self._arrays[bias]))
        shape = list(kernel.shape[2:])
        return self._graph.add_node("Conv", inputs, kernel_shape=shape, pads=pads, group=groups)

    def _learnt(self, name: str) -> list[str]:
        names = [f"{name}.weight", f"{name}.bias"]
        return [self._graph.add_tensor(one, self._arrays[one]) for one in names]

    def _normal(self, x: str, name: str) -> str:
        """Instance normalisation of what a convolution gives."""
        return self._normal_of(x, self._arrays[f"{name}.bias"].size)

    def _normal_of(self, x: str, channels: int) -> str:
        ones = self._constant(f"ones {channels}", np.ones(channels, np.float32))
        zeros = self._constant(f"zeros {channels}", np.zeros(channels, np.float32))
        return self._graph.add_node("InstanceNormalization", [x, ones, zeros], epsilon=EPSILON)

    def _relu(self, x: str) -> str:
        return self._graph.add_node("Relu", [x])

    def _add(self, one: str, other: str) -> str:
        return self._graph.add_node("Add", [one, other])

    def _resize(self, x: str, rows: int, columns: int) -> str:
        """Bilinear, corners not aligned."""
        scales = np.array([1, 1, rows, columns], np.float32)
        return self._graph.add_node(
            "Resize",
            [x, "", self._constant(f"by {rows} x {columns}", scales)],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _part(self, x: str, start: int, count: int) -> str:
        """`count` channels from `start` on."""
        ends = [self._constant(f"at {n}", np.array([n])) for n in (start, start + count, 1)]
        return self._graph.add_node("Slice", [x, *ends])

    def _constant(self, name: str, values: np.ndarray) -> str:
        if name not in self._made:
            self._made.add(name)
            self._graph.add_tensor(name, values)
        return name
