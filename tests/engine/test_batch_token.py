"""A cluster that wants a token is said to, in one sentence (with a stand-in for Ray)."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from engine.base.errors import MienError
from engine.batch.cluster import RETRIES, _connected

OOM_RETRIES = "RAY_task_oom_retries"


class AuthenticationError(Exception):
    """Ray's own: no ConnectionError."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthenticationError("no token was found.\nmore"), "'auto' wants a token: put the one"),
        (ConnectionError("Failed to connect\nmore"), r"answers at 'auto' \(Failed to connect\); "),
    ],
)
def test_a_missing_token_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def init(**_: object) -> None:
        raise error

    ray = SimpleNamespace(
        init=init,
        is_initialized=lambda: False,
        exceptions=SimpleNamespace(AuthenticationError=AuthenticationError),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setenv(OOM_RETRIES, "")  # put back at the end
    monkeypatch.delenv(OOM_RETRIES)
    with pytest.raises(MienError, match=words) as told:
        _connected("auto")
    # What the cluster's memory monitor ends is tried no oftener than what dies by itself.
    assert os.environ[OOM_RETRIES] == str(RETRIES)
    assert "RAY_AUTH_MODE=token" in str(told.value)
    assert "\n" not in str(told.value)
