"""Libraries of the operating system that a package asks for and that are not there."""

from __future__ import annotations

import ctypes
import os
import sys

# What Qt opens a window on X11 with; it ends the program where one of them is missing.
X11_LIBRARIES = (
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-keysyms.so.1",
    "libxkbcommon-x11.so.0",
)


def missing_for_window() -> str | None:
    """The library that a window would need here and that is not there; None where all are, or the
    window does not come by X11."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    on_x11 = platform.startswith("xcb") or not (platform or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform != "linux" or not on_x11:
        return None
    for name in X11_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            return name
    return None


def missing_library(error: Exception) -> str | None:
    """The library that an import asked for and did not find, e.g. "libGL.so.1"; None where anything
    else failed."""
    # The loader's words begin with the library; of a Python module they are "No module named ...".
    library = str(error).split(":")[0]
    told = isinstance(error, ImportError) and ".so" in library and " " not in library
    return library if told else None
