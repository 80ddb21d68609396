"""``platform/`` is a source root: never a package, and never in the way of Python's own module of that name."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {
    "config": "platform/config",
    "kernel": "platform/kernel",
    "tenants": "tenants",
    "services": "services",
    "dental": "dental",
    "dermatology": "dermatology",
    "aesthetics": "aesthetics",
    "escort": "escort",
}


def test_python_finds_its_own_platform_module() -> None:
    import platform

    standard_library = Path(importlib.import_module("os").__file__ or "").parent
    assert Path(platform.__file__).parent == standard_library


def test_a_fresh_process_finds_it_too() -> None:
    question = "import os, platform; print(os.path.dirname(os.__file__) == os.path.dirname(platform.__file__))"
    for folder in (ROOT, ROOT / "platform"):
        done = subprocess.run([sys.executable, "-c", question], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "True", folder


def test_platform_holds_no_module_of_its_own() -> None:
    assert not list((ROOT / "platform").glob("*.py"))


def test_no_tests_lie_under_platform() -> None:
    found = [
        path.relative_to(ROOT)
        for pattern in ("test_*.py", "*_test.py", "conftest.py", "tests.py", "tests")
        for path in (ROOT / "platform").rglob(pattern)
    ]
    assert found == []


def test_tests_are_no_package_and_their_names_are_unique() -> None:
    modules = sorted(path for path in (ROOT / "tests").rglob("*.py") if "__pycache__" not in path.parts)
    packages = [path for path in modules if path.name == "__init__.py" and path.parent.parts[-2:] != ("tests", "fakes")]
    names = [path.name for path in modules if path.name.startswith("test_")]
    assert [path for path in packages if "fakes" not in path.parts] == []
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize(("package", "folder"), FLOORS.items())
def test_every_floor_comes_from_this_checkout(package: str, folder: str) -> None:
    # A vertical's folder may be taken away; what is there must be ours.
    if not (ROOT / folder).exists():
        return
    module = importlib.import_module(package)
    assert Path(module.__file__ or "").resolve() == ROOT / folder / "__init__.py"
