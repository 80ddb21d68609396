"""What every test may use. The fixtures live in ``tests/harness``, one module per subject."""

pytest_plugins = [
    "tests.harness.database",
    "tests.harness.network",
    "tests.harness.clock",
    "tests.harness.tenants",
    "tests.harness.product",
    "tests.harness.browser",
    "tests.harness.bench",
]
