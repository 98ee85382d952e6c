#!/bin/sh
# One would guess: `import openvino`, to run a network from a local file, opens no socket; and what
# a package declares as a dependency must not be removed.
# What happens: the import imports the converter, which reports the import through the declared
# dependency openvino-telemetry: a client id is written into the home folder and its server is
# looked up at once, without a question. Removing that package stops both, and OpenVINO runs on (it
# carries a stub for that case). It keeps still where `CI` is "true", but not where `CI` is "1".
# Seen with: openvino 2026.4.1, openvino-telemetry 2025.2.0, Python 3.11, Debian 12, x86-64.
# Needs strace and unshare. All of it runs in a network namespace without a network: what is
# counted are attempts, and nothing leaves the machine.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check openvino==2026.4.1 openvino-telemetry==2025.2.0 \
	numpy==2.4.6
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -i openvino

cat >run.py <<'END'
import time

import numpy as np
import openvino
from openvino import opset13 as ops

x = ops.parameter([1, 3], np.float32)
network = openvino.Core().compile_model(openvino.Model([ops.relu(x)], [x]), "CPU")
assert network(np.float32([[-1, 0, 2]]))[0].tolist() == [[0, 0, 2]]
time.sleep(2)
END

# attempts NAME VARIABLES...: how often it tries to connect, with an empty home.
attempts() {
	name=$1
	shift
	mkdir "home-$name"
	env -i PATH="$PATH" HOME="$dir/home-$name" "$@" unshare -rn \
		strace -f -qq -e trace=network -o "$name.trace" venv/bin/python run.py
	grep -c 'connect(.*AF_INET' "$name.trace" || :
}
plain=$(attempts plain) one=$(attempts one CI=1) true=$(attempts true CI=true)
venv/bin/pip uninstall -q -y openvino-telemetry
removed=$(attempts removed)
echo "attempts to connect: plain $plain, CI=1 $one, CI=true $true, without openvino-telemetry $removed"
echo "written into the home folder: $(cd home-plain && find . -type f | tr '\n' ' ')"
[ "$plain" -gt 0 ] && [ "$one" -gt 0 ] && [ "$true" = 0 ] && [ "$removed" = 0 ]
