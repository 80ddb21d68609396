"""One running product for the stories of this folder: each plays on days of its own, in tenants that no other touches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.launcher.pytest_plugin import testbed
from config.launcher.testbed import Testbed
from tests.harness.product import LiveProduct, start_product, stop_product

HERE = Path(__file__).parent
_running: list[LiveProduct] = []


@pytest.fixture(scope="module")
def live_server_processes(bed: Testbed) -> LiveProduct:
    """The product of this folder, started by the first story and stopped after the last one."""
    if not _running:
        _running.append(start_product(bed))
    return _running[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop the product when the run leaves this folder: nothing ticks beside the tests that follow."""
    try:
        return (yield)
    finally:
        if _running and (nextitem is None or HERE not in nextitem.path.parents):
            stop_product(testbed(), _running.pop())
