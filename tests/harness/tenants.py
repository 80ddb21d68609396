"""The tenants of the cast, and clients that are signed in to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from kernel.identity.sessions import SECOND_FACTOR
from kernel.tenancy import TenantContext, activate
from tenants import directory
from tenants.selectors import context_for

# Fixture: slug, meaning.
TENANTS = {
    "smile": ("smile", "dental clinic of the Orchid Group, sites Center and Harbor"),
    "derma": ("derma", "dermatology hospital of the Orchid Group"),
    "lumen": ("lumen", "aesthetic clinic of the Orchid Group"),
    "peiban": ("peiban", "escort agency of the Orchid Group"),
    "orchid_hq": ("orchid", "headquarters of the Orchid Group"),
    "bamboo_hq": ("bamboo", "headquarters of Bamboo Care"),
    "willow": ("willow", "clinic of Bamboo Care"),
    "heron": ("heron", "clinic of Bamboo Care"),
    "ops": ("ops", "platform's operators"),
}


def host_of(slug: str) -> str:
    """The host name of a tenant."""
    return f"{slug}.{settings.BASE_DOMAIN}"


@pytest.fixture
def data(request: pytest.FixtureRequest) -> Iterator[None]:
    """The database, rolled back after the test, or the test's own one where it asks for ``own_database``."""
    request.getfixturevalue("own_database" if "own_database" in request.fixturenames else "db")
    # Counters of one test (failed sign-ins, limits) and tenants that it changed are no business of the next.
    cache.clear()
    directory.forget()
    yield
    directory.forget()


@pytest.fixture
def working_for(data: None) -> Callable[[str], AbstractContextManager[TenantContext]]:
    """``with working_for("smile"):`` works for that tenant inside the block."""
    return lambda slug: activate(context_for(slug=slug))


def _tenant(name: str, slug: str, meaning: str) -> Callable[..., Iterator[TenantContext]]:
    def tenant(data: None) -> Iterator[TenantContext]:
        with activate(context_for(slug=slug)) as context:
            yield context

    tenant.__doc__ = f"Work for the {meaning}."
    return pytest.fixture(name=name)(tenant)


for _name, (_slug, _meaning) in TENANTS.items():
    globals()[f"tenant_{_name}"] = _tenant(_name, _slug, _meaning)


class _StaysInTenant:
    """After its requests the test goes on in the tenant that it was in (a request ends in none)."""

    def request(self, **request: object) -> object:
        before = connection.tenant
        try:
            return super().request(**request)  # type: ignore[misc]
        finally:
            connection.set_tenant(before)


class Browser(_StaysInTenant, Client):
    """A client for pages."""


class App(_StaysInTenant, APIClient):
    """A client for the API."""


def _sign_in(client: Client, username: str | None, slug: str) -> Client:
    client.defaults["HTTP_HOST"] = host_of(slug)
    if username is not None:
        with activate(context_for(slug=slug)):
            user = get_user_model().objects.get(username=username)
            client.force_login(user)
            # As if the second factor had been given, for the roles that demand it.
            session = client.session
            session[SECOND_FACTOR] = str(user.code)
            session.save()
    return client


@pytest.fixture
def client_for(data: None) -> Callable[..., Client]:
    """``client_for("bai.lan", "smile")``: a browser signed in there; ``client_for(None, "smile")``: nobody."""

    def make(username: str | None, tenant: TenantContext | str = "smile", **options: object) -> Client:
        slug = tenant if isinstance(tenant, str) else tenant.slug
        return _sign_in(Browser(**options), username, slug)  # type: ignore[arg-type]

    return make


@pytest.fixture
def api_for(data: None) -> Callable[..., APIClient]:
    """``api_for("bai.lan", "smile")``: an API client signed in there, speaking JSON."""

    def make(username: str | None, tenant: TenantContext | str = "smile", **options: object) -> APIClient:
        slug = tenant if isinstance(tenant, str) else tenant.slug
        client = App(**options)
        client.default_format = "json"
        _sign_in(client, username, slug)
        return client

    return make
