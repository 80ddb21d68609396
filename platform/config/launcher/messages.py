"""Catalogues of messages: compiled from ``*.po`` without the system's gettext."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polib

from config.launcher.console import say
from config.launcher.paths import ROOT
from config.launcher.system import Stamp, digest_of, locked

_PRUNED = {"node_modules", "__pycache__", "var", "frontend", "tests"}


def catalogues() -> Iterator[Path]:
    """Every ``LC_MESSAGES/*.po`` of the checkout."""
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(name for name in names if name not in _PRUNED and not name.startswith("."))
        if Path(folder).name == "LC_MESSAGES":
            yield from (Path(folder, name) for name in sorted(files) if name.endswith(".po"))


def ensure_messages(var: Path) -> int:
    """Compile the catalogues whose text has changed; returns how many were compiled."""
    compiled = 0
    with locked(var / "stamps" / "messages.lock"):
        for source in catalogues():
            target = source.with_suffix(".mo")
            stamp = Stamp(var / "stamps" / "messages" / str(source.relative_to(ROOT)).replace(os.sep, "."))
            wanted = digest_of([source])
            if target.exists() and stamp.current(wanted):
                continue
            draft = target.with_name(f".{target.name}.{os.getpid()}")
            polib.pofile(str(source)).save_as_mofile(str(draft))
            draft.replace(target)
            stamp.set(wanted)
            compiled += 1
    if compiled:
        say(f"Compiled {compiled} message catalogues")
    return compiled
