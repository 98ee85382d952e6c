#!/bin/sh
# One would guess: a newer OpenCV runs a network at least as fast as an older one.
# What happens: the wheels of 4.13 and 4.14 run 1 x 1, strided and dilated convolutions in
# 1.5 to 2 times the time of 4.11 and 4.12, on one and the same processor; plain 3 x 3 ones
# (Winograd) are as fast as before, so that a benchmark of those alone shows nothing.
# Seen with: opencv-python-headless 4.11.0.86, 4.12.0.88, 4.13.0.92, 4.14.0.94, Python 3.11,
# Debian 12, x86-64 with AVX2, one thread. The time of each is counted in its own 3 x 3 ones.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2

cat >measure.py <<'END'
import sys
import time

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

cv2.setNumThreads(1)
random = np.random.default_rng(0)


def milliseconds(channels, kernel, stride, dilation, side):
    weight = random.normal(0, 0.05, (channels, channels, kernel, kernel)).astype(np.float32)
    layer = helper.make_node(
        "Conv", ["x", "w"], ["y"], kernel_shape=[kernel] * 2, strides=[stride] * 2,
        dilations=[dilation] * 2, pads=[dilation * (kernel // 2)] * 4,
    )  # fmt: skip
    shapes = [[1, channels, size, size] for size in (side, side // stride)]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip("xy", shapes)]
    graph = helper.make_graph(
        [layer], "one", ends[:1], ends[1:], [numpy_helper.from_array(weight, "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    picture = random.normal(size=shapes[0]).astype(np.float32)
    taken = []
    for _ in range(60):
        net.setInput(picture)
        start = time.process_time()
        net.forward()
        taken.append(time.process_time() - start)
    return 1000 * min(taken)


plain = milliseconds(64, 3, 1, 1, 128)
others = {"1 x 1": (256, 1, 1, 1, 64), "strided": (64, 3, 2, 1, 128), "dilated": (64, 3, 1, 4, 64)}
ratios = {name: milliseconds(*layer) / plain for name, layer in others.items()}
print(cv2.__version__, f"3 x 3: {plain:.1f} ms;", {n: f"{r:.2f} of it" for n, r in ratios.items()})
print(*ratios.values(), file=open(sys.argv[1], "w"))
END
for version in 4.11.0.86 4.12.0.88 4.13.0.92 4.14.0.94; do
	venv/bin/pip install -q --disable-pip-version-check "opencv-python-headless==$version"
	OMP_NUM_THREADS=1 venv/bin/python measure.py "$version.txt"
done
venv/bin/python - <<'END'
old, _, _, new = ([float(n) for n in open(f"{v}.txt").read().split()]
                  for v in ("4.11.0.86", "4.12.0.88", "4.13.0.92", "4.14.0.94"))  # fmt: skip
times = [b / a for a, b in zip(old, new)]
print("4.14 over 4.11:", [round(t, 2) for t in times])
raise SystemExit(0 if min(times) > 1.25 else "no slower now")
END
