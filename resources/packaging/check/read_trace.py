"""Reads what strace wrote of a program: sockets, and files written outside the user's folders.

read_trace.py TRACE --home DIR      exit code 1, and the lines, where something is wrong
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

# The display's, and the desktop's bus, which Qt asks for keyboards and file dialogs.
LOCAL = re.compile(r'sun_path=@?"(/tmp/\.X11-unix/|/run/|/var/run/)')
# Temporary files are a program's own affair; devices and proc are no files. fontconfig, for every
# program that shows text, first tries the system's cache of fonts.
HARMLESS = ("/tmp/", "/var/tmp/", "/dev/", "/proc/", "/var/cache/fontconfig")
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")


def offences(lines: Iterable[str], home: str) -> list[str]:
    """The lines that tell of a connection to anywhere but the display, or of writing elsewhere
    than below `home` and in temporary files. Attempts that the system refused count too."""
    return [line.rstrip() for line in lines if _is_network(line) or _writes_elsewhere(line, home)]


def _is_network(line: str) -> bool:
    if re.search(r"\bsocket\((AF_INET6?|AF_PACKET)\b", line):
        return True
    if re.search(r"\b(connect|bind)\(", line):
        return ("AF_UNIX" in line and not LOCAL.search(line)) or "AF_INET" in line
    return False


def _writes_elsewhere(line: str, home: str) -> bool:
    call = re.search(r"\b(openat|creat|mkdir|mkdirat|rename\w*|unlink|unlinkat)\(", line)
    if call is None or (call[1] == "openat" and not WRITES.search(line)):
        return False
    if "ENOENT" in line or "EEXIST" in line:
        return False  # nothing came of it
    paths = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    return any(
        # A file without a name (O_TMPFILE) is opened by its folder alone.
        path.startswith("/") and not f"{path}/".startswith((home.rstrip("/") + "/", *HARMLESS))
        for path in paths
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--home", required=True)
    asked = parser.parse_args()
    with asked.trace.open(encoding="utf-8", errors="replace") as file:
        found = offences(file, asked.home)
    for line in found[:40]:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
