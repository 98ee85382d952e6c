#!/bin/sh
# A batch on three machines that are none: network namespaces, each with a name, an address and a Ray
# node of its own, one token for all (docs/batch.md, *More than one machine*).
#
#   sudo sh tests/bare/try_cluster.sh        needs root, iproute2, util-linux, 5 GB of memory, 5 minutes
#
# What has to hold: without the token one sentence and no batch; every machine fills; a photo that
# kills its worker is tried twice and set aside; a machine that is switched off costs nothing; the
# bytes are those of an exact local run; nothing is sent to Ray's makers. PYTHON is the Python with
# this checkout's packages (default .venv/bin/python). Ray is installed beside it for this run, or
# taken from the virtual environment that VENV names.
set -eu

project=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$project/.venv/bin/python}
[ "$(id -u)" = 0 ] || { echo "try-cluster: run it as root: it makes networks of its own." >&2; exit 1; }
work=$(mktemp -d /var/tmp/mien-cluster.XXXXXX)
net=10.77.3
end() {
	for n in 1 2 3; do
		for process in $(ip netns pids mien$n 2>/dev/null); do kill -9 "$process" 2>/dev/null || true; done
		ip netns del mien$n 2>/dev/null || true
	done
	ip link del mien0 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
step() { echo "== $(date +%H:%M:%S) $*"; }

step "Ray, and three machines"
venv=${VENV:-$work/venv}
if [ -z "${VENV:-}" ]; then
	"$python" -m venv "$venv"
	"$venv/bin/pip" install -q --disable-pip-version-check 'ray==2.60.*' 2>"$work/pip.log" || {
		cat "$work/pip.log"
		exit 1
	}
fi
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	>"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mien.pth"
ip link add mien0 type bridge
ip addr add $net.254/24 dev mien0
ip link set mien0 up
for n in 1 2 3; do
	ip netns add mien$n
	ip link add mien0.$n type veth peer name eth0 netns mien$n
	ip link set mien0.$n master mien0 up
	ip -n mien$n addr add $net.$n/24 dev eth0
	ip -n mien$n link set eth0 up
	ip -n mien$n link set lo up
done
token=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
# on N COMMAND: on that machine, under its name, as whoever has the token.
on() {
	n=$1
	shift
	ip netns exec mien$n unshare --uts sh -c 'hostname "$1"; shift; exec "$@"' - machine$n \
		env RAY_AUTH_MODE=token RAY_AUTH_TOKEN="$token" PYTHONPATH="$project" OMP_NUM_THREADS=1 \
		RAY_TMPDIR="$work/$n" "$@"
}
ray="$venv/bin/ray"
on 1 "$ray" start --head --node-ip-address=$net.1 --num-cpus=1 --disable-usage-stats \
	--include-dashboard=false --object-store-memory=100000000 --temp-dir="$work/1" >"$work/1.log" 2>&1
for n in 2 3; do
	on $n "$ray" start --address=$net.1:6379 --node-ip-address=$net.$n --num-cpus=1 \
		--disable-usage-stats --object-store-memory=100000000 >"$work/$n.log" 2>&1
done

step "without the token"
mkdir "$work/in"
cp "$project/resources/samples/portrait.jpg" "$work/in/a.jpg"
said=$(ip netns exec mien2 env RAY_AUTH_MODE=disabled PYTHONPATH="$project" timeout 120 \
	"$venv/bin/python" "$project/main.py" batch "$work/in" --part mouth -o "$work/out" \
	--ray $net.1:6379 2>&1) && { echo "it was let in: $said"; exit 1; }
# Ray itself prints a line a second while it is refused.
said=$(echo "$said" | grep -v gcs_client)
[ "$(echo "$said" | grep -c .)" = 1 ] || { echo "more than a sentence: $said"; exit 1; }
echo "$said" | grep -q "token" || { echo "no word of a token: $said"; exit 1; }
[ ! -e "$work/out/a.jpg" ]
echo "   $said"

step "with it, one photo that kills its worker, one machine switched off"
cat >"$work/three.py" <<'END'
"""Fill ten photos on the cluster and here: three.py WORK ADDRESS SAMPLE"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import ray
from PIL import Image

from engine.batch import BatchJob, MaskRule, run_batch
from engine.batch.cluster import run_on_ray
from engine.fill import create_inpainter
from engine.inpaint import FillOptions

work, address, sample = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


class Deadly:
    """The real inpainter, but for one photo, which is the end of its worker."""

    def __init__(self):
        self.own = create_inpainter()

    def find_faces(self, photo, cancel=None):
        (work / "tried" / f"{photo.size[0]}-{socket.gethostname()}-{time.time_ns()}").touch()
        if photo.size[0] == 333:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.own.find_faces(photo, cancel)

    def fill(self, request, progress=None, cancel=None):
        return self.own.fill(request, progress, cancel)


ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
(work / "tried").mkdir()
photos = work / "photos"
photos.mkdir()
with Image.open(sample) as image:
    for number in range(12):
        wide = 333 if number == 4 else 300 + number
        image.resize((wide, round(wide * image.height / image.width))).save(photos / f"{number}.png")
job = BatchJob((photos,), work / "out", MaskRule(parts=("mouth",)), FillOptions(model="prior"))
off, machines = [], Counter()


def switch_off(_status, record):
    machines[record.worker.partition(":")[0]] += record.state == "filled"
    if not off and machines["machine3"]:
        off.append(record.photo)
        for process in subprocess.check_output(["ip", "netns", "pids", "mien3"]).split():
            os.kill(int(process), signal.SIGKILL)


summary = run_on_ray(job, address, report=switch_off, create=Deadly, threads=1)
failed = [(record.photo, record.error) for record in summary.records if record.state == "failed"]
tried = Counter(path.name.partition("-")[0] for path in (work / "tried").iterdir())
print("  ", dict(+machines), "photos a machine; set aside:", *failed)
assert [name for name, _ in failed] == ["4.png"], failed
assert "on 2 workers" in failed[0][1]
assert tried["333"] == 2, tried
assert off, "the third machine filled nothing"
assert len(+machines) == 3, machines
local = replace(job, output=work / "local").exactly()
run_batch(local, create=create_inpainter)
for number in set(range(12)) - {4}:
    one, other = (folder / f"{number}.png" for folder in (job.output, local.output))
    assert one.read_bytes() == other.read_bytes(), number
print("   eleven results, the bytes of a local run")
END
on 1 timeout 500 "$venv/bin/python" "$work/three.py" "$work" $net.1:6379 \
	"$project/resources/samples/portrait.jpg" 2>"$work/three.log" || { tail -30 "$work/three.log"; exit 1; }
grep -rqs "Usage stats collection is disabled" "$work/1.log" || { echo "usage is reported"; exit 1; }
step "all of it held"
