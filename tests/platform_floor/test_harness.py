"""What the other tests stand on: copies of the template, tenants, signed-in clients, a clock, and no way outside."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from kernel import clock, tenancy
from kernel.tenancy import TenantContext
from tests.harness.clock import Hand
from tests.harness.network import LeavesTheMachine

Working = Callable[[str], AbstractContextManager[TenantContext]]


def _where() -> tuple[str, str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user, current_database()")
        return tuple(cursor.fetchone())


def test_a_tenant_fixture_sets_schema_and_role_together(smile: TenantContext) -> None:
    schema, role, _ = _where()

    assert (schema, role) == (smile.schema_name, smile.database_role)
    assert tenancy.current() == smile
    assert smile.profile == "literal"


def test_two_chains_are_there_with_their_people(working_for: Working) -> None:
    with working_for("smile") as smile, working_for("willow") as willow:
        assert tenancy.current() == willow
        assert smile.chain_code != willow.chain_code
    users = {}
    for slug in ("smile", "derma", "lumen", "peiban", "orchid", "bamboo", "willow", "heron"):
        with working_for(slug):
            users[slug] = set(get_user_model().objects.values_list("username", flat=True))
    assert all(users.values())
    assert "bai.lan" in users["smile"]


def _add_user(name: str) -> None:
    get_user_model().objects.create(username=name)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_leaves_nothing_behind(smile: TenantContext, turn: int) -> None:
    assert not get_user_model().objects.filter(username="visitor").exists()
    _add_user("visitor")


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_of_ones_own_commits_and_is_thrown_away(own_database: str, smile: TenantContext, turn: int) -> None:
    assert _where()[2] == own_database
    assert not connection.in_atomic_block
    assert not get_user_model().objects.filter(username="visitor").exists()
    _add_user("visitor")
    connection.close()
    assert get_user_model().objects.filter(username="visitor").exists()


def test_clients_are_signed_in_where_they_should_be(
    client_for: Callable[..., Client], api_for: Callable[..., APIClient]
) -> None:
    def place_after_home(client: Client) -> str:
        return str(client.get("/").headers.get("Location", "/"))

    assert not place_after_home(client_for("bai.lan", "smile")).startswith("/accounts/login/")
    assert place_after_home(client_for(None, "smile")).startswith("/accounts/login/")
    # The session of one tenant is worth nothing at another.
    foreign = client_for("bai.lan", "smile")
    foreign.defaults["HTTP_HOST"] = "willow.localhost"
    assert place_after_home(foreign).startswith("/accounts/login/")
    assert api_for(None, "smile").get("/api/v1/patients/").status_code == 401
    assert api_for("bai.lan", "smile").get("/api/v1/patients/").status_code != 401


def test_the_clock_stands_where_it_is_put(at: Hand) -> None:
    assert at("2026-12-07 09:20:01") == datetime(2026, 12, 7, 1, 20, 1, tzinfo=UTC)
    assert clock.now() == clock.now()
    assert at.advance(minutes=5) == datetime(2026, 12, 7, 1, 25, 1, tzinfo=UTC)
    assert at("2026-12-08 08:00") == datetime(2026, 12, 8, 0, 0, tzinfo=UTC)


def test_nothing_reaches_outside() -> None:
    with pytest.raises(LeavesTheMachine), socket.create_connection(("192.0.2.1", 80), timeout=1):
        pass
    with pytest.raises(LeavesTheMachine):
        socket.getaddrinfo("example.org", 443)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        socket.create_connection(listener.getsockname(), timeout=1).close()
