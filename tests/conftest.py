"""What every test may use. The fixtures live in ``tests/harness``, one module per subject."""

import pytest

pytest_plugins = [
    "tests.harness.database",
    "tests.harness.network",
    "tests.harness.clock",
    "tests.harness.tenants",
    "tests.harness.product",
    "tests.harness.browser",
    "tests.harness.bench",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with the longest tests come first, so that at the end no test process waits for another's long one."""
    long = {item.path for item in items if any(item.get_closest_marker(mark) for mark in ("slow", "browser"))}
    items.sort(key=lambda item: item.path not in long)
