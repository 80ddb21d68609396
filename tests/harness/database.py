"""Databases of the tests: copies of a template that holds every schema and the cast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections

from config.launcher.pytest_plugin import testbed
from config.launcher.testbed import Testbed


@pytest.fixture(scope="session")
def bed() -> Testbed:
    """The servers of this run."""
    return testbed()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, bed: Testbed) -> Iterator[None]:
    """Give this process a fresh copy; its name stood in the settings from the beginning."""
    bed.create(bed.database, bed.folder)
    yield
    connections.close_all()
    bed.drop(bed.database, bed.folder)


@pytest.fixture
def own_database(django_db_setup: None, bed: Testbed, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own, in which everything is really committed: for races, provisioning and owner mode.

    Never together with ``db``. (Django's flush after a transactional test would empty the public tables and leave the
    rows of the tenants.)
    """
    name, folder, _ = bed.another()
    bed.create(name, folder)
    settings = connections["default"].settings_dict
    before = settings["NAME"]
    connections.close_all()
    settings["NAME"] = name
    with django_db_blocker.unblock():
        yield name
        connections.close_all()
    settings["NAME"] = before
    bed.drop(name, folder)
