"""Run by test_editor.py: the editor from nothing to its first paint, then out.

Exit code 0, or 3 where torch was imported before the window was seen.
"""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.translation import set_language


class Leave(QObject):
    """Ends the process once the welcome page has been painted."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            os._exit(3 if "torch" in sys.modules else 0)
        return False


application = QApplication(sys.argv[:1])
settings = Settings()
set_language(settings.text("language"))
theme.apply_theme(application, settings.text("theme", "system"))
window = MainWindow(settings)
leave = Leave()
window.welcome.installEventFilter(leave)
window.show()
application.exec()
