"""What `make package-test` takes for a socket, and for writing outside the user's folders."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "resources" / "packaging" / "check"))

import read_trace
import read_xwd

HOME = "/home/someone"
SCRIPT = Path(read_trace.__file__).with_name("package_test.sh")


@pytest.mark.parametrize(
    "line",
    [
        "12 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3",
        "12 socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = -1 EAFNOSUPPORT",
        '12 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("1.1.1.1")}, 16)',
        '12 connect(3, {sa_family=AF_UNIX, sun_path="/srv/other.sock"}, 110) = 0',
        '12 openat(AT_FDCWD, "/usr/lib/mien/cache", O_WRONLY|O_CREAT, 0666) = -1 EACCES (denied)',
        '12 mkdir("/home/another/x", 0777) = 0',
        '12 openat(AT_FDCWD, "/tmpx", O_RDWR|O_CREAT, 0600) = 5',
        '12 openat(AT_FDCWD, "/home/someone2", O_RDWR|O_TMPFILE, 0600) = 5',
        '12 rename("/home/someone/a", "/srv/a") = 0',
    ],
)
def test_offences(line: str) -> None:
    assert read_trace.offences([line + "\n"], HOME) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "12 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3",
        '12 connect(3, {sa_family=AF_UNIX, sun_path=@"/tmp/.X11-unix/X7"}, 20) = 0',
        '12 connect(3, {sa_family=AF_UNIX, sun_path="/run/user/1000/bus"}, 110) = 0',
        '12 openat(AT_FDCWD, "/usr/lib/mien/x.so", O_RDONLY|O_CLOEXEC) = 3',
        '12 openat(AT_FDCWD, "/home/someone/사진.png", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3',
        '12 openat(AT_FDCWD, "/tmp/x", O_RDWR|O_CREAT|O_EXCL, 0600) = 3',
        '12 openat(AT_FDCWD, "/tmp", O_RDWR|O_EXCL|O_CLOEXEC|O_TMPFILE, 0600) = 5',
        '12 unlink("/tmp/x") = 0',
        '12 openat(AT_FDCWD, "/dev/null", O_WRONLY) = 4',
        '12 mkdir("/home", 0777) = -1 EEXIST (File exists)',
    ],
)
def test_what_a_good_program_does(line: str) -> None:
    assert read_trace.offences([line + "\n"], HOME) == []


@pytest.mark.skipif(shutil.which("sh") is None, reason="package_test.sh needs a POSIX shell")
def test_a_traced_program_sees_no_ci(tmp_path: Path) -> None:
    # Libraries hold their telemetry back where CI is set: a trace with it would see no socket.
    as_user = re.search(r"^as_user\(\) \{.*?\}$", SCRIPT.read_text("utf-8"), re.M | re.S)
    assert as_user is not None
    # Instead of the bare root: the command that would run in it.
    chroot = tmp_path / "chroot"
    chroot.write_text('#!/bin/sh\nshift 2\nexec "$@"\n', "utf-8")
    chroot.chmod(0o755)
    around = dict(os.environ, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    around.update(CI="true", GITHUB_ACTIONS="true", TF_BUILD="1", root="/")
    ran = subprocess.run(
        ["sh", "-c", f"{as_user[0]}\nas_user env"],
        env=around,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.split("=")[0] for line in ran.stdout.splitlines()}
    assert "HOME" in names
    assert not names & {"CI", "GITHUB_ACTIONS", "TF_BUILD"}


@pytest.mark.parametrize("bits", [24, 32])
def test_a_screen_becomes_a_picture_and_an_empty_one_is_told(bits: int, tmp_path: Path) -> None:
    width, height = 40, 30
    rest = bytes(bits // 8 - 3)
    pixels = b"".join(bytes((n % 256, n // 256, 9)) + rest for n in range(width * height))
    row = bits // 8 * width
    header = [100, 7, 2, 24, width, height, 0, 0, 32, 0, 32, bits, row, *[0] * 12]
    dump = tmp_path / "screen.xwd"
    dump.write_bytes(struct.pack(">25I", *header) + pixels)
    assert read_xwd.main(dump, tmp_path / "a.png") == 0
    picture = read_xwd.read(dump.read_bytes())
    assert picture.size == (width, height)
    assert picture.getpixel((39, 29)) == (9, 1199 // 256, 1199 % 256)
    dump.write_bytes(struct.pack(">25I", *header) + bytes(len(pixels)))
    assert read_xwd.main(dump, tmp_path / "b.png") == 1
