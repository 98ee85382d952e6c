"""MediaPipe's notices: kept from the error stream, which is left to everyone else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from engine.base.notices import without_notices

NOTICE = b"W0000 00:00:1795598056.144191   13239 feedback.cc:114] Feedback manager requires.\n"
ERROR = b"E0000 00:00:1795598056.144191   13239 graph.cc:12] The graph is broken.\n"


def test_only_notices_are_kept_back(capfd) -> None:
    with without_notices():
        os.write(2, NOTICE)
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"a word of another thread\n" + ERROR)
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "a word of another thread\n" + ERROR.decode()
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_two_at_once_leave_the_stream_as_it_was(capfd) -> None:
    stream = os.fstat(2)
    first, second = threading.Event(), threading.Event()

    def outlive() -> None:
        with without_notices():
            first.set()
            second.wait(10)

    thread = threading.Thread(target=outlive)
    with without_notices():  # begins first and ends first
        thread.start()
        assert first.wait(10)
    os.write(2, NOTICE)  # the other one is still inside
    second.set()
    thread.join(10)
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"
    now = os.fstat(2)
    assert (now.st_dev, now.st_ino) == (stream.st_dev, stream.st_ino)


def test_an_exception_restores_the_stream(capfd) -> None:
    try:
        with without_notices():
            os.write(2, b"before\n")
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_without_an_error_stream_it_is_silent() -> None:
    code = (
        "import os; os.close(2)\n"
        "from engine.base.notices import without_notices\n"
        "with without_notices(): print('worked', flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"worked"]


def test_the_package_says_nothing_and_leaves_the_stream_alone(astronaut, capfd) -> None:
    """In a process of its own: what is said is said once a process."""
    pytest.importorskip("mediapipe")
    code = (
        "import os, sys, threading, numpy as np\n"
        "from engine.face.finder import FaceFinder\n"
        "from engine.face.mediapipe_package import MediaPipePackage\n"
        "picture = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(512, 512, 3)\n"
        "finders = [FaceFinder(MediaPipePackage), FaceFinder(MediaPipePackage)]\n"
        "threads = [threading.Thread(target=f.find, args=(picture,)) for f in finders]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()\n"
        "print(len(finders[0].find(picture)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=astronaut.tobytes(), capture_output=True, check=True
    )
    assert done.stderr.decode().strip() == "1"
