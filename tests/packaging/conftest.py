"""The recipes lie outside any package and are run as scripts; tests import them the same way."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "resources" / "packaging"))
