"""Makes the virtual environment of a checkout. Runs under the system's Python with nothing installed.

Usage: python3 -I bootstrap.py [--lock] SET...     where SET names requirements/SET.txt

Everything is installed from locked versions with their hashes. A step is left out when it was done for the same inputs.
Registries, proxies and certificates are those of the user's own settings for pip; uv is told the same.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
TOOLS = VENV / "tools"
REQUIREMENTS = ROOT / "requirements"
OLDEST = (3, 11)
LOCKED_FOR = "3.11"


def main(arguments: list[str]) -> int:
    """Make the environment hold exactly the named sets of requirements (or more of them, if it already does)."""
    if sys.version_info < OLDEST:
        return fail(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}. "
            "Name another: make PYTHON=python3.12 …"
        )
    # Two `make` at the same time: the second waits. The lock lies on the folder itself and leaves no file behind.
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)
    if "--lock" in arguments:
        ensure_venv()
        return lock(ensure_uv())
    ensure_venv()
    ensure_packages(arguments)
    ensure_source_roots()
    return 0


def fail(text: str) -> int:
    """Print what is wrong and return an exit status."""
    print(text, file=sys.stderr)
    return 1


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"  {text}", flush=True)


def digest(*files: Path) -> str:
    """Hash of the contents of files, and of the Python that installs."""
    total = hashlib.sha256(sys.version.encode())
    for path in files:
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def python() -> Path:
    """The environment's interpreter."""
    return VENV / "bin" / "python"


def works(interpreter: Path) -> bool:
    """Whether the interpreter starts and is the version that runs now (a removed or updated Python breaks it)."""
    question = f"import sys; print(sys.version_info[:2] == {tuple(sys.version_info[:2])})"
    try:
        done = subprocess.run([interpreter, "-c", question], capture_output=True, text=True)
    except OSError:
        return False
    return done.stdout.strip() == "True"


def ensure_venv() -> None:
    """Create the virtual environment, or create it anew when its Python has gone."""
    if works(python()):
        return
    say(f"creating .venv with Python {sys.version.split()[0]}")
    if VENV.exists():
        shutil.rmtree(VENV)
    done = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if done.returncode != 0:
        # Some systems ship Python without the part that puts pip into an environment.
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV], check=True)


def ensure_uv() -> Path:
    """Install the pinned installer into a place of its own and return it."""
    wanted, stamp, uv = REQUIREMENTS / "bootstrap.txt", TOOLS / "installed", TOOLS / "bin" / "uv"
    if uv.exists() and stamp.exists() and stamp.read_text() == digest(wanted):
        return uv
    say("installing uv")
    shutil.rmtree(TOOLS, ignore_errors=True)
    for pip in ([str(python()), "-m", "pip"], [sys.executable, "-m", "pip"]):
        command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        done = subprocess.run([*command, "--target", TOOLS, "-r", wanted], capture_output=True, text=True)
        if done.returncode == 0:
            stamp.write_text(digest(wanted))
            return uv
    sys.exit(
        fail(
            f"{done.stdout}{done.stderr}\n"
            "uv could not be installed. Is there a network, and has this Python pip (python3-venv)?"
        )
    )


def installer_environment() -> dict[str, str]:
    """Tell uv what the user told pip, unless uv has settings of its own."""
    env = dict(os.environ)
    for pip_name, uv_name in (
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
        ("PIP_CERT", "SSL_CERT_FILE"),
    ):
        if env.get(pip_name):
            env.setdefault(uv_name, env[pip_name])
    env.setdefault("UV_HTTP_TIMEOUT", "180")
    return env


def ensure_packages(names: list[str]) -> None:
    """Install the named sets. An environment that holds more sets than asked for keeps them."""
    held = VENV / "installed-sets"
    known = held.read_text().split() if held.exists() else []
    if set(names) <= set(known[1:]) and known[0] == digest(*(REQUIREMENTS / f"{name}.txt" for name in known[1:])):
        return
    wanted = sorted({*names, *known[1:]})
    files = [REQUIREMENTS / f"{name}.txt" for name in wanted]
    uv, began = ensure_uv(), time.monotonic()
    say(f"installing requirements: {', '.join(wanted)}")
    command: list[str | Path] = [uv, "pip", "sync", "--quiet", "--python", python(), "--require-hashes"]
    command.append("--compile-bytecode")
    for attempt in (1, 2, 3):
        if subprocess.run([*command, *files], env=installer_environment()).returncode == 0:
            break
        if attempt == 3:
            sys.exit(fail("the requirements could not be installed"))
        say("that did not work; trying again")
        time.sleep(3 * attempt)
    held.write_text(" ".join([digest(*files), *wanted]))
    say(f"installed in {time.monotonic() - began:.1f} s")


def ensure_source_roots() -> None:
    """Put the checkout and its source root ``platform/`` on the environment's path; no package build, no network."""
    # The standard library comes first on the path, so its own module 'platform' keeps winning.
    lines = f"{ROOT}\n{ROOT / 'platform'}\n"
    for site in VENV.glob("lib/python3*/site-packages"):
        path = site / "lianzhen.pth"
        if not path.exists() or path.read_text() != lines:
            path.write_text(lines)


def lock(uv: Path) -> int:
    """Resolve every requirements/*.in anew, without addresses in the result."""
    options = [
        "--quiet",
        "--generate-hashes",
        "--universal",
        f"--python-version={LOCKED_FOR}",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-header",
    ]
    for name in ("bootstrap", "base", "embedded", "dev"):
        say(f"resolving requirements/{name}.in")
        command: list[str | Path] = [uv, "pip", "compile", f"{name}.in", "--output-file", f"{name}.txt", *options]
        if "--upgrade" in sys.argv:
            command.append("--upgrade")
        if subprocess.run(command, cwd=REQUIREMENTS, env=installer_environment()).returncode != 0:
            return fail(f"requirements/{name}.in cannot be resolved")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
