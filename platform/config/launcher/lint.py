"""``make lint``: formatting, linting, types, import contracts, translations and migrations, all of them in one go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.launcher import catalogues
from config.launcher.console import say
from config.launcher.paths import ROOT

_BIN = Path(sys.executable).parent
_UNREACHABLE = "postgresql://nobody@127.0.0.1:1/none"

# Title, command. The longest first, because two run at a time.
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("types", (str(_BIN / "mypy"), "--no-error-summary")),
    ("imports", (str(_BIN / "lint-imports"), "--no-cache")),
    ("migrations", (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")),
    ("lint", (str(_BIN / "ruff"), "check", ".")),
    ("format", (str(_BIN / "ruff"), "format", "--check", ".")),
    (
        "templates",
        (
            str(_BIN / "djlint"),
            "--lint",
            "--quiet",
            "platform",
            "tenants",
            "services",
            "dental",
            "dermatology",
            "aesthetics",
            "escort",
        ),
    ),
)


def lint() -> int:
    """Run every check, print what they found, and return an exit status."""
    # Reading the models needs no database; nobody's server is asked by accident.
    environment = {**os.environ, "DATABASE_URL": _UNREACHABLE, "DATABASE_ADMIN_URL": _UNREACHABLE, "DJANGO_ENV": "test"}

    def check(item: tuple[str, tuple[str, ...]]) -> bool:
        title, command = item
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return _report(title, done.stdout if done.returncode else "", time.monotonic() - began)

    with ThreadPoolExecutor(max_workers=2) as pool:
        good = list(pool.map(check, CHECKS))
    began = time.monotonic()
    good.append(_report("translations", "\n".join(catalogues.problems()), time.monotonic() - began))
    return 0 if all(good) else 1


def _report(title: str, complaint: str, seconds: float) -> bool:
    say(f"{title}: {'FAILED' if complaint else 'ok'} ({seconds:.1f} s)")
    if complaint:
        print(complaint.rstrip(), flush=True)
    return not complaint
