"""The browser side: installed from its lock file and built into ``var/frontend`` when its sources have changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from config.launcher.console import run, step
from config.launcher.node import find_node
from config.launcher.paths import FRONTEND, ROOT
from config.launcher.system import Stamp, digest_of, locked

# Tailwind finds the classes it must make in these files too.
_STYLED = ("platform/kernel", "platform/config", "tenants", "services", "dental", "dermatology", "aesthetics", "escort")
_STYLED_SUFFIXES = {".html", ".py", ".svg"}


def build_dir(var: Path) -> Path:
    """Where the build lies (``FRONTEND_DIR`` of the settings)."""
    return var / "frontend"


def manifest(var: Path) -> Path:
    """The build's list of files."""
    return build_dir(var) / ".vite" / "manifest.json"


def ensure_frontend(var: Path) -> Path:
    """Install and build what has changed, and return the folder of the build."""
    target, log = build_dir(var), var / "log" / "build.log"
    if not (FRONTEND / "package.json").exists():
        return target
    stamps = var / "stamps"
    lock_file = FRONTEND / "package-lock.json"
    installed, built = Stamp(FRONTEND / "node_modules" / ".installed"), Stamp(stamps / "frontend")
    # The packages lie in the checkout, so builds for different var folders must not install at the same time.
    with locked(FRONTEND):
        packages = digest_of([lock_file])
        sources = digest_of(_sources())
        if built.current(sources) and manifest(var).exists():
            return target
        node = find_node()
        if not installed.current(packages):
            with step("Installing the front-end packages"):
                node.install(FRONTEND, log=log)
            installed.set(packages)
        with step("Building the front end"):
            draft = target.with_name("frontend.new")
            run(
                [*node.npm, "run", "build", "--", "--outDir", str(draft), "--emptyOutDir"],
                cwd=FRONTEND,
                env=node.environment(),
                log=log,
                failure="the front end cannot be built",
                timeout=600,
            )
            shutil.rmtree(target, ignore_errors=True)
            draft.rename(target)
        built.set(sources)
    return target


def _sources() -> list[Path]:
    found = [FRONTEND]
    for name in _STYLED:
        found += [
            path
            for path in (ROOT / name).rglob("*")
            if path.suffix in _STYLED_SUFFIXES and "migrations" not in path.parts
        ]
    return found
