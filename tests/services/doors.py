"""Ways into a tenant for the tests of rooms: browsers, API clients and actors of the cast."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from kernel.context import Actor
from kernel.identity.actions import assign_role, create_user
from kernel.identity.models import Role, User
from kernel.identity.sessions import SECOND_FACTOR
from kernel.identity.standing import actor_for_user
from services.sites.models import Site
from services.staff.models import StaffMember

SYSTEM = Actor.system("test")


class _StayHere:
    """After a request the test goes on in the tenant that it was in."""

    def request(self, **request: Any) -> Any:
        before = connection.tenant
        try:
            return super().request(**request)  # type: ignore[misc]
        finally:
            connection.set_tenant(before)


class Browser(_StayHere, Client):
    pass


class Api(_StayHere, APIClient):
    default_format = "json"


def _enter(client: Any, username: str | None) -> Any:
    client.defaults["HTTP_HOST"] = f"{connection.tenant.slug}.{settings.BASE_DOMAIN}"
    if username is not None:
        user = User.objects.get(username=username)
        client.force_login(user)
        session = client.session
        session[SECOND_FACTOR] = str(user.code)
        session.save()
    return client


def browser(username: str | None) -> Any:
    """A browser in which this person of the current tenant has signed in, with a second factor where it is needed."""
    return _enter(Browser(), username)


def api(username: str | None) -> Any:
    """An API client of this person, speaking JSON."""
    return _enter(Api(), username)


def somebody(username: str, roles: Iterable[str], *, site: Site | None = None) -> Any:
    """The browser of a new person with these roles, at ``site`` or everywhere."""
    user = create_user(by=SYSTEM, username=username, display_name=username, password="a long walk home 1")
    for role in Role.objects.filter(slug__in=set(roles)):
        assign_role(by=SYSTEM, user=user, role=role, site=site.code if site is not None else None)
    return browser(username)


def statements(act: Callable[[], Any]) -> int:
    """How many statements ``act`` sends, without the savepoints that stand for a transaction inside a test."""
    with CaptureQueriesContext(connection) as seen:
        act()
    return sum(1 for query in seen.captured_queries if "SAVEPOINT" not in query["sql"])


def person(username: str) -> Actor:
    """The actor of somebody of the cast, as the database has them now."""
    return actor_for_user(User.objects.get(username=username))


def staff(number: str) -> StaffMember:
    """A staff member by number."""
    return StaffMember.objects.get(number=number)
