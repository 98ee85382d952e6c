"""The self-extracting .run: the script linux/install.sh, then the bundle as tar.gz.

gzip, because every Linux can unpack it; zstd and xz are not everywhere.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parent / "linux" / "install.sh"


def build(bundle: Path, target: Path, version: str) -> None:
    """Write `target`; it installs `bundle` (a folder with the program `mien` in it)."""
    archive = target.with_suffix(".tar.gz")
    packer = shutil.which("pigz") or "gzip"
    order = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner"]
    with archive.open("wb") as file:
        tar = subprocess.Popen(
            ["tar", "-C", str(bundle), *order, "-cf", "-", "."], stdout=subprocess.PIPE
        )
        subprocess.run([packer, "-9", "-n"], stdin=tar.stdout, stdout=file, check=True)
        if tar.wait():
            raise SystemExit("tar failed")
    try:
        head = header(archive, version, occupied(bundle))
        with target.open("wb") as file, archive.open("rb") as payload:
            file.write(head)
            shutil.copyfileobj(payload, file, 1 << 20)
        target.chmod(0o755)
    finally:
        archive.unlink()


def header(archive: Path, version: str, kilobytes: int) -> bytes:
    """The script with what it must know of its payload."""
    text = SCRIPT.read_text(encoding="utf-8")
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    for name, value in (
        ("VERSION", version),
        ("DIGEST", digest),
        ("LINES", str(text.count("\n"))),
        ("KILOBYTES", str(kilobytes)),
    ):
        text = text.replace(f"@{name}@", value)
    return text.encode()


def occupied(folder: Path) -> int:
    """Kilobytes on a disk with blocks of 4."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return sum(4 * -(-path.stat().st_size // 4096) for path in files)
