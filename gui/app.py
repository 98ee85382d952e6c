"""Starting the editor."""

from __future__ import annotations

import contextlib
import sys
import traceback
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from engine.base.errors import MienError
from engine.doctor import mien_version
from gui import crash, theme
from gui.instance import Instance
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.translation import set_language
from gui.worker import Failure


def run(paths: list[Path]) -> int:
    """Open the editor with `paths` in it, each in a tab; the process's exit code. Where one runs
    already they are opened in that."""
    instance = Instance()
    if not instance.begin() and instance.hand_over(paths):
        return 0
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    dress(application)
    settings = Settings()
    set_language(settings.text("language"))
    theme.apply_theme(application, settings.text("theme", "system"))
    watch, reports = _watched()
    window = MainWindow(settings)
    window.show()
    instance.asked.connect(lambda asked: bring_forward(window, asked))
    sys.excepthook = lambda kind, error, trace: _on_crash(window, kind, error, trace)
    hints = application.styleHints()
    hints.colorSchemeChanged.connect(
        lambda _scheme: settings.text("theme", "system") == "system" and window.set_theme("system")
    )
    # After the first paint: the window must not wait for torch.
    QTimer.singleShot(0, window.editor.warm_up)
    QTimer.singleShot(0, lambda: _begin(window, reports, paths))
    code = application.exec()
    with contextlib.suppress(OSError):
        watch.end()
    instance.end()
    return code


def _watched() -> tuple[crash.Watch, list[tuple[Path, str]]]:
    """The watch, begun, and the reports of earlier starts. Neither keeps the editor from starting:
    on a full disk there are none."""
    watch, reports = crash.Watch(), []
    with contextlib.suppress(OSError, MienError):
        reports = crash.left()
    with contextlib.suppress(OSError, MienError):
        watch.begin()
    return watch, reports


def _begin(window: MainWindow, reports: list[tuple[Path, str]], paths: list[Path]) -> None:
    """The work that was kept comes first, then what is known of why it had to be."""
    window.files.recover()
    window.files.open(*paths)
    if reports:
        from gui.dialogs.crash import CrashDialog

        CrashDialog(reports, window).exec()


def bring_forward(window: MainWindow, paths: list[Path]) -> None:
    """Somebody started the editor again: its window, with what was asked for opened in it."""
    if window.isMinimized():
        window.showNormal()
    window.raise_()
    window.activateWindow()
    window.open(*paths)


def dress(application: QApplication) -> None:
    """Name, version and icon; by the desktop file's name a taskbar finds the menu's entry."""
    application.setApplicationName("Mien")
    application.setOrganizationName("Mien")
    application.setApplicationVersion(mien_version())
    application.setDesktopFileName("org.mien.Mien")
    application.setWindowIcon(theme.program_icon())


def _on_crash(window: MainWindow, kind, error, trace) -> None:
    """An error in a slot: shown, and the window goes on."""
    sys.__excepthook__(kind, error, trace)
    with contextlib.suppress(OSError, MienError):
        crash.keep(kind, error, trace)
    detail = "".join(traceback.format_exception(kind, error, trace))
    window.editor.failed.emit(Failure(f"Something went wrong inside Mien ({error}).", detail))
