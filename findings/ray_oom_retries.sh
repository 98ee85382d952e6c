#!/bin/sh
# One would guess: a task with max_retries=1 is tried twice at most, whatever ends its worker.
# What happens: that holds for a worker that dies by itself. One that Ray's own memory monitor ends,
# because its machine runs short, does not count: such a task is tried for ever, each time after a
# longer pause, and whoever waits for it never hears. RAY_task_oom_retries=1 in the environment of the
# program that sends the task, before it joins, makes it end; the default is -1.
# Seen with: Ray 2.60.0, Python 3.11, Debian 12, x86-64. Takes three minutes and up to 3 GB of memory
# more than what is in use.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check ray==2.60.0 numpy==2.3.5 psutil==7.1.3

cat >try.py <<'END'
import os
import sys
import time
from pathlib import Path

import psutil

memory = psutil.virtual_memory()
# Room for a gigabyte and a half beside what is in use now.
limit = (memory.total - memory.available + 1.5e9) / memory.total
os.environ |= {
    "RAY_memory_usage_threshold": f"{limit:.3f}",
    "RAY_memory_monitor_refresh_ms": "100",
    "RAY_USAGE_STATS_ENABLED": "0",
}
if len(sys.argv) > 1:
    os.environ["RAY_task_oom_retries"] = sys.argv[1]
import numpy as np
import ray

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR",
         object_store_memory=100 * 2**20)  # fmt: skip
place = Path(sys.argv[0]).resolve().parent / f"tries{len(sys.argv)}"
place.mkdir()


@ray.remote(max_retries=1)
def dies():
    (place / f"dies{time.time_ns()}").touch()
    os._exit(9)


@ray.remote(max_retries=1)
def greedy():
    (place / f"greedy{time.time_ns()}").touch()
    held = []
    for _ in range(24):  # 3 GB, slowly
        held.append(np.ones(2**24))
        time.sleep(0.15)
    return "it was done"


def tell(*words):
    with Path("told").open("a") as file:
        print(*words, file=file)


def tried(task, seconds):
    name = task._function_name.rpartition(".")[2]
    ready, _ = ray.wait([task.remote()], timeout=seconds)
    count = len(list(place.glob(f"{name}*")))
    tell(f"  {name}: tried {count} times,", "given up" if ready else f"not given up in {seconds} s")
    return count, bool(ready)


tell("Ray", ray.__version__, "RAY_task_oom_retries:", *sys.argv[1:] or ["-1, the default"])
own, (greed, ended) = tried(dies, 60), tried(greedy, 70)
ray.shutdown()
assert own == (2, True), "a worker that dies by itself is tried otherwise"
as_described = (greed > 2 and not ended) if len(sys.argv) == 1 else (greed == 2 and ended)
raise SystemExit(0 if as_described else "tasks that take too much memory end otherwise now")
END
# Ray writes pages of its own beside what is told.
for retries in "" 1; do
	venv/bin/python try.py $retries >ray.log 2>&1 || { cat ray.log told; exit 1; }
done
cat told
