"""What the program remembers between starts; QSettings underneath."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

RECENT = 10


class Settings:
    """Typed access; an unreadable value counts as never set."""

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store or QSettings("Mien", "Mien")

    def text(self, key: str, default: str = "") -> str:
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def number(self, key: str, default: float) -> float:
        try:
            number = float(self._store.value(key, default))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return default
        return number if math.isfinite(number) else default

    def flag(self, key: str, default: bool) -> bool:
        value = self._store.value(key, default)
        return value if isinstance(value, bool) else str(value).lower() == "true"

    def state(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def keep(self, key: str, value: object) -> None:
        self._store.setValue(key, value)

    def recent(self) -> list[Path]:
        """Photos opened last, newest first, those that still exist."""
        value = self._store.value("recent", [])
        names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [Path(name) for name in names if Path(name).is_file()]

    def add_recent(self, path: Path) -> None:
        paths = [path, *(other for other in self.recent() if other != path)]
        self._store.setValue("recent", [str(p) for p in paths[:RECENT]])
