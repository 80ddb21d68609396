"""Loaded first in a test run (``-p``): starts the servers before anything reads the settings that name them."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

from config.launcher.testbed import Testbed

_testbed: Testbed | None = None


def testbed() -> Testbed:
    """The servers of this run."""
    assert _testbed is not None, "the test run has not begun"
    return _testbed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the run."""
    parser.addoption("--new-template", action="store_true", help="build the template database of the tests anew")


# A wrapper, because pytest-django reads the settings in the same hook and asks to be first.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> Generator[None, Any, Any]:
    """Start the servers, or find those that the process started which controls the run."""
    global _testbed
    if not {"-h", "--help", "-V", "--version", "--markers", "--fixtures"} & set(args):
        _testbed = Testbed(worker=os.environ.get("PYTEST_XDIST_WORKER", "main"))
        _testbed.start()
        if "--new-template" in args and _testbed.owner:
            _testbed.drop_template()
    return (yield)


def pytest_unconfigure() -> None:
    """Give the servers back when the last line is printed."""
    if _testbed is not None:
        _testbed.stop()
