"""The product boots, checks and migrates with no vertical, with each one alone, and with a vertical's folder gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.launcher.testbed import Testbed

ROOT = Path(settings.ROOT)
FOLDERS = ("platform", "tenants", "services", "locale", *settings.ALL_VERTICALS)
COMBINATIONS = ("", *settings.ALL_VERTICALS)
# The checkout is on the path of the interpreter; without it, a missing folder is really missing.
WITHOUT_THE_CHECKOUT = """
import runpy, sys
sys.path = [place for place in sys.path if place not in {root!r} and not place.startswith({checkout!r} + "/platform")]
sys.argv = ["manage.py", *{arguments!r}]
runpy.run_path("manage.py", run_name="__main__")
"""


def manage(*arguments: str, at: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    script = WITHOUT_THE_CHECKOUT.format(
        root=[str(ROOT), str(ROOT / "platform"), ""], checkout=str(ROOT), arguments=list(arguments)
    )
    return subprocess.run(
        [sys.executable, "-c", script] if at != ROOT else [sys.executable, "manage.py", *arguments],
        cwd=at,
        env={**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("vertical", COMBINATIONS, ids=lambda key: key or "none")
def test_it_migrates_with(vertical: str, bed: Testbed) -> None:
    """Given a new database, when the product contains only this vertical, then it migrates and opens a tenant."""
    name, folder, broker = bed.another()
    bed.create_empty(name, folder)
    try:
        given = {**bed.environment(name, folder=folder, broker_database=broker), "VERTICALS": vertical}
        migrated = manage("tenant_migrate", "--json", **given)
        assert migrated.returncode == 0, migrated.stderr[-3000:]
        assert "No changes" in manage("makemigrations", "--check", "--dry-run", **given).stdout
        switched = ["--vertical", vertical] if vertical else []
        created = manage("tenant_create", "solo", "--name", "Solo", "--chain", "Solo", *switched, "--json", **given)
        assert created.returncode == 0, created.stderr[-3000:]
        listed = manage("tenant_list", "--json", **given)
        assert '"solo"' in listed.stdout
    finally:
        bed.drop(name, folder)


@pytest.mark.parametrize("vertical", settings.ALL_VERTICALS)
def test_it_checks_with_the_folder_moved_away(vertical: str, tmp_path: Path, bed: Testbed) -> None:
    """Given a copy of the checkout without this folder, then the product still checks, and nothing imports it."""
    for folder in FOLDERS:
        if folder != vertical:
            shutil.copytree(
                ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
            )
    shutil.copy(ROOT / "manage.py", tmp_path)

    checked = manage("check", at=tmp_path)

    assert checked.returncode == 0, checked.stderr[-3000:]
    imported = manage("shell", "-v", "0", "-c", f"import {vertical}", at=tmp_path)
    assert "ModuleNotFoundError" in imported.stderr
