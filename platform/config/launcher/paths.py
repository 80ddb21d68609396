"""Where things lie: the checkout, and the folder that everything a run writes goes to."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FRONTEND = ROOT / "frontend"


def var_dir() -> Path:
    """Return the folder for everything a run writes: ``LIANZHEN_VAR``, else ``var/`` of the checkout."""
    given = os.environ.get("LIANZHEN_VAR")
    return Path(given).expanduser().resolve() if given else ROOT / "var"


def private_dir(path: Path) -> Path:
    """Create ``path`` for this user only and return it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
