"""What the tests of the tenants' floor share: a database per module in which everything is really committed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection, connections

from config.launcher.testbed import Testbed
from tenants import directory


@pytest.fixture(scope="module")
def _module_database(django_db_setup: None, bed: Testbed, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    name, folder, _broker = bed.another()
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


@pytest.fixture
def committed(_module_database: str) -> Iterator[str]:
    """A database for the whole module in which nothing is rolled back; tests take tenants of their own."""
    cache.clear()
    directory.forget()
    connection.set_tenant(directory.public_context())
    yield _module_database
    connection.set_tenant(directory.public_context())
    directory.forget()
