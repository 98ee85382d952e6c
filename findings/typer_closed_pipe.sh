#!/bin/sh
# One would guess: a command that has done its work and finds nobody reading what it prints ends as the
# work ended, or, with standalone_mode=False, hands the BrokenPipeError to whoever called it.
# What happens: Typer calls sys.exit(1), in both modes. `command | true` and `command | head -1` fail
# in a script with pipefail although everything was done, and the caller that asked for exceptions
# instead of exits gets a SystemExit.
# Seen with: typer 0.15.4 and 0.28.0, Python 3.11, Debian 12, x86-64.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv

cat >work.py <<'END'
import sys
from pathlib import Path

import typer

app = typer.Typer()


@app.command()
def work() -> None:
    Path("done").touch()
    for _ in range(9999):
        typer.echo("it is done, and this is a line about it")


try:
    app([], standalone_mode=False)
except BrokenPipeError:
    code = 0
except SystemExit as end:
    code = end.code
else:
    code = 0
Path("code").write_text(str(code))
sys.stderr.close()
END
for version in 0.15.4 0.28.0; do
	venv/bin/pip install -q --disable-pip-version-check --upgrade "typer==$version"
	rm -f done code
	venv/bin/python work.py 2>/dev/null | true
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -f code ] && break; sleep 0.5; done
	[ -f done ]
	echo "typer $version: the work is done, and sys.exit($(cat code)) was called"
	[ "$(cat code)" = 1 ] || { echo "it ends otherwise now"; exit 1; }
done
