#!/bin/sh
# One would guess: autocast("cpu") calculates matrix inverses and solves in float32, all of them, and
# a function is protected as its documented alias is.
# What happens: which names are protected is a matter of their age. Within autocast A.T @ A is
# bfloat16; pinverse, triangular_solve, lu, inv and solve take it and calculate in float32, while
# torch.linalg.pinv (of which pinverse is the alias), solve_triangular, lu_factor, det and slogdet
# raise. Renaming a deprecated call to the new one breaks training on the CPU, and outside
# autocast every test passes.
# Seen with: torch 2.13.0 (CPU), Python 3.11, Debian 12, x86-64. On Linux the default wheel brings
# CUDA with it (some gigabytes); the behaviour of its CPU part is what counts here.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check torch==2.13.0 numpy==2.3.5

cat >solve.py <<'END'
import warnings

import torch

warnings.simplefilter("ignore")  # the old names are deprecated
torch.manual_seed(0)
observations = torch.randn(64, 8)
# Old and new names of one and the same calculation.
pairs = {
    "pinverse": torch.pinverse,
    "linalg.pinv": torch.linalg.pinv,
    "triangular_solve": lambda m: torch.triangular_solve(m, m)[0],
    "linalg.solve_triangular": lambda m: torch.linalg.solve_triangular(m, m, upper=True),
    "lu": lambda m: torch.lu(m)[0],
    "linalg.lu_factor": lambda m: torch.linalg.lu_factor(m)[0],
}
others = {
    "linalg.inv": torch.linalg.inv,
    "linalg.solve": lambda m: torch.linalg.solve(m, m),
    "linalg.cholesky": lambda m: torch.linalg.cholesky(m),
    "linalg.det": torch.linalg.det,
    "linalg.slogdet": lambda m: torch.linalg.slogdet(m)[1],
}


def outcome(function, matrix):
    try:
        return str(function(matrix).dtype).removeprefix("torch.")
    except (RuntimeError, NotImplementedError) as error:
        return "raises " + type(error).__name__


print("torch", torch.__version__)
refused = []
for name, function in (pairs | others).items():
    outside = outcome(function, observations.T @ observations)
    with torch.autocast("cpu", torch.bfloat16):
        inside = outcome(function, observations.T @ observations)
    print(f"  {name:24} outside {outside}, within autocast {inside}")
    assert outside == "float32"
    refused += [name] if "raises" in inside else []
expected = [*list(pairs)[1::2], "linalg.det", "linalg.slogdet"]
raise SystemExit(0 if refused == expected else "other names are protected now")
END
OMP_NUM_THREADS=1 venv/bin/python solve.py
