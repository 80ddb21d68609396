"""The product boots, checks and migrates with no vertical, with each one alone, and with a vertical's folder gone."""

from __future__ import annotations

import json
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
# Several commands in one process, because each start of the product costs seconds.
COMMANDS = """
import json, sys
from django.core.management import execute_from_command_line
for arguments in json.loads(sys.argv[1]):
    execute_from_command_line(["manage.py", *arguments])
"""
# The checkout is on the path of the interpreter; without it, a missing folder is really missing.
WITHOUT_THE_CHECKOUT = """
import importlib, sys
root, vertical = sys.argv[1:]
sys.path = [".", "platform", *(place for place in sys.path if place not in ("", root) and not place.startswith(root + "/platform"))]
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
try:
    importlib.import_module(vertical)
except ModuleNotFoundError:
    print("gone")
"""


def run(script: str, *arguments: str, at: Path = ROOT, **environment: str) -> str:
    """What a script of this page prints in a process of its own; fails with its errors when it does."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=at,
        env={**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def manage(*commands: list[str], **environment: str) -> str:
    """Run management commands of the checkout one after the other."""
    return run(COMMANDS, json.dumps(commands), **environment)


@pytest.mark.slow
@pytest.mark.parametrize("vertical", COMBINATIONS, ids=lambda key: key or "none")
def test_it_migrates_with(vertical: str, bed: Testbed) -> None:
    """Given an empty database, when the product migrates with this vertical alone, then its migrations are complete,
    and it opens a tenant."""
    name, folder, broker = bed.another()
    bed.create_empty(name, folder)
    try:
        given = {**bed.environment(name, folder=folder, broker_database=broker), "VERTICALS": vertical}
        switched = ["--vertical", vertical] if vertical else []
        said = manage(
            ["tenant_migrate"],
            ["makemigrations", "--check", "--dry-run"],
            ["tenant_create", "solo", "--name", "Solo", "--chain", "Solo", *switched],
            ["tenant_list", "--json"],
            **given,
        )
        assert "No changes" in said
        assert '"solo"' in said.splitlines()[-1]
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

    said = run(WITHOUT_THE_CHECKOUT, str(ROOT), vertical, at=tmp_path)

    assert said.splitlines()[-1] == "gone"
