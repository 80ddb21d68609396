"""Fixtures of the kernel's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kernel.probes import FAULTS, clear


@pytest.fixture(scope="session")
def probe_tables(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tables for the probe models of two clinics in this process's database (a test with ``own_database`` makes its
    own).
    """
    from tenants.selectors import context_for
    from tests.kernel.probe_models import Person, Visit, make_tables

    with django_db_blocker.unblock():
        for slug in ("smile", "willow"):
            make_tables(context_for(slug=slug), Person, Visit)


@pytest.fixture
def quiet(working_for: Callable[..., object]) -> None:
    """The engines of the tenants are empty: no timer, event or due entry of their starter content."""
    for slug in ("smile", "willow", "orchid"):
        with working_for(slug):
            clear()


@pytest.fixture
def fault() -> Iterator[dict[str, Exception]]:
    """``fault["key"] = error`` makes the probe handler fail for that key, after its effect."""
    FAULTS.clear()
    yield FAULTS
    FAULTS.clear()
