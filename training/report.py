"""Self-contained HTML: tables, loss curves as SVG, sheets as embedded JPEGs.

One file that opens anywhere, now and in ten years: no script, no style sheet, no picture beside it.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.base.atomic import write_atomically
from training.sheets import encode

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1d2129; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .8rem; text-align: right;
  border-bottom: 1px solid #d9dde3; } td:first-child, th:first-child { text-align: left; }
img { max-width: 100%; } pre { background: #f4f5f7; padding: 1rem; overflow: auto; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } figcaption { font-size: .85rem; }
@media (prefers-color-scheme: dark) { body { color: #e4e6ea; background: #16181c; }
  td, th { border-color: #3a3f47; } pre { background: #22252b; } }
"""
_WIDTH, _HEIGHT = 320, 150  # of a curve
_POINTS = 400  # most of a curve; more are averaged


def page(title: str, sections: Sequence[str]) -> str:
    """A whole HTML document."""
    body = "\n".join(sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def write_page(path: Path, title: str, sections: Sequence[str]) -> None:
    """Write a document whole or not at all. Raises MienError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = page(title, sections).encode("utf-8")
    write_atomically(path, lambda file: file.write(data))


def section(title: str, *content: str) -> str:
    """A heading and what stands under it."""
    return f"<h2>{html.escape(title)}</h2>\n" + "\n".join(content)


def text(words: str) -> str:
    """A paragraph."""
    return f"<p>{html.escape(words)}</p>"


def code(words: str) -> str:
    """Text as it is."""
    return f"<pre>{html.escape(words)}</pre>"


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table."""
    head = "".join(f"<th>{html.escape(str(cell))}</th>" for cell in header)
    lines = [
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    ]
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "</table>"


def markdown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The same as a Markdown table."""
    lines = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in (header, *rows)]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines) + "\n"


def image(sheet: np.ndarray | bytes, caption: str) -> str:
    """A picture inside the document: H x W x 3 uint8 RGB, or the bytes of a JPEG."""
    data = sheet if isinstance(sheet, bytes) else encode(sheet, ".jpg")
    source = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
    words = html.escape(caption)
    return f'<figure><img alt="{words}" src="{source}"><figcaption>{words}</figcaption></figure>'


def curve(name: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """A figure over the steps, as inline SVG; not finite values are left out."""
    x, y = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = _thinned(x[kept]), _thinned(y[kept])
    if not len(x):
        return ""
    low, high = float(y.min()), float(y.max())
    across = (x - x.min()) / max(float(np.ptp(x)), 1e-12) * (_WIDTH - 10) + 5
    up = _HEIGHT - 25 - (y - low) / max(high - low, 1e-12) * (_HEIGHT - 45)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, up, strict=True))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'font-size="11" fill="currentColor"><text x="5" y="12">{html.escape(name)}</text>'
        f'<text x="{_WIDTH - 5}" y="12" text-anchor="end">{low:.4g} to {high:.4g}, now {y[-1]:.4g}'
        f'</text><polyline points="{points}" fill="none" stroke="#2f6fde" stroke-width="1.5"/>'
        f'<text x="5" y="{_HEIGHT - 5}">step {x[0]:.0f}</text>'
        f'<text x="{_WIDTH - 5}" y="{_HEIGHT - 5}" text-anchor="end">{x[-1]:.0f}</text></svg>'
    )


def _thinned(values: np.ndarray) -> np.ndarray:
    size = -(-len(values) // _POINTS)
    if size <= 1:
        return values
    parts = np.array_split(values, -(-len(values) // size))
    return np.array([part.mean() for part in parts])
