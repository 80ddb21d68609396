"""Every URL and operation of every host, asked with ids of another tenant: no word of that tenant may come back.

A status code proves nothing, so each tenant's rows carry a canary word that no other tenant has, and the walk looks for
foreign canaries in every byte that leaves the product.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from config.demo.cast import HOUSES
from config.urls import tenant_urlconf
from kernel.context import Actor
from kernel.identity.actions import assign_role, create_user, enrol_second_factor
from kernel.identity.models import Role, User
from kernel.identity.sessions import SECOND_FACTOR
from kernel.tenancy import TenantContext, activate
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.sites.models import Site
from tenants.selectors import context_for

BY = Actor.system("test")
SECRET = "JBSWY3DPEHPK3PXP"
# Rows that a code in a URL usually stands for; each route is asked with one of each.
ASKED_FOR = (
    "patients.Patient", "sites.Site", "sites.Room", "staff.StaffMember", "catalogue.Item", "identity.User", "identity.Role",
    "escort.Companion", "tasks.Task",
)  # fmt: skip
# What ends the walker's own session or changes what the walk stands on.
LEFT_OUT = re.compile(
    r"logout|accounts/(login|demo|password|second-factor|reauthenticate|inactive|email|confirm)|_gallery|static/"
)
PAIRS = (
    ("smile", "willow"),
    ("willow", "smile"),
    ("peiban", "heron"),
    ("heron", "peiban"),
    ("orchid", "bamboo"),
    ("bamboo", "orchid"),
)


@dataclass(frozen=True)
class Route:
    """A URL pattern: its text with converters, and the converters' names."""

    text: str
    converters: tuple[tuple[str, str], ...]

    def filled(self, code: UUID) -> str:
        path = self.text
        for name, converter in self.converters:
            value = {
                "UUIDConverter": str(code),
                "IntConverter": "1",
                "SlugConverter": "visits",
                "StringConverter": "x",
            }.get(converter, "x")
            path = re.sub(rf"<(?:\w+:)?{name}>", value, path)
        return "/" + path


def routes(family: str, verticals: frozenset[str]) -> list[Route]:
    """All routes of a tenant, libraries' own included."""

    def walk(resolver: URLResolver, prefix: str, before: tuple[tuple[str, str], ...]) -> Iterator[Route]:
        for pattern in resolver.url_patterns:
            if not isinstance(pattern.pattern, RoutePattern):
                continue
            here = before + tuple(
                (name, type(converter).__name__) for name, converter in pattern.pattern.converters.items()
            )
            text = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, text, here)
            elif isinstance(pattern, URLPattern):
                yield Route(text, here)

    return [
        route
        for route in walk(get_resolver(tenant_urlconf(family, verticals)), "", ())
        if not LEFT_OUT.search(route.text)
    ]


def plant(tenant: TenantContext) -> dict[str, UUID]:
    """Put the canary into the tenant's rows; the code of one row of each kind."""
    canary = HOUSES[tenant.slug].canary
    with activate(tenant):
        site = Site.objects.first()
        if site is not None:
            register_patient(
                by=BY, site=site, name=f"{canary}甲", sex="female", stated_age=40, phone="13911113333", address=f"{canary}路 1 号",
                occupation=canary, confirmed_new=True,
            )  # fmt: skip
        for user in User.objects.all():
            user.display_name = f"{user.display_name}{canary}"[:80]
            user.save(update_fields=["display_name"])
        codes = {}
        for label in ASKED_FOR:
            if apps.is_installed(label.split(".")[0]) or True:
                try:
                    model = apps.get_model(label)
                except LookupError:
                    continue
                row = model._base_manager.order_by("-id").first()
                if row is not None:
                    codes[label] = row.code
        return codes


def walker(tenant: TenantContext) -> Client:
    """Somebody who holds every role of the tenant, signed in."""
    with activate(tenant):
        user = create_user(by=BY, username="walker", display_name="Walker", password="a long walk home 1")
        for role in Role.objects.all():
            assign_role(by=BY, user=user, role=role)
        enrol_second_factor(by=BY, user=user, secret=SECRET)
        client = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}", raise_request_exception=False)
        client.force_login(User.objects.get(pk=user.pk))
        session = client.session
        session[SECOND_FACTOR] = str(user.code)
        session.save()
    return client


def words_of(slug: str) -> tuple[str, ...]:
    house = HOUSES[slug]
    return (house.canary, house.name)


def leaks(response: Any, foreign: tuple[str, ...]) -> list[str]:
    """Foreign words in body or headers."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    said = body.decode("utf-8", "replace") + json.dumps(
        {k: str(v) for k, v in response.headers.items()}, ensure_ascii=False
    )
    return [word for word in foreign if word in said]


@pytest.mark.ledger("PL-001")
@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_no_url_answers_with_another_tenants_words(data: None, own: str, other: str) -> None:
    """Given rows with canaries on both sides, when every route is asked with foreign codes, then none comes back."""
    mine, theirs = context_for(slug=own), context_for(slug=other)
    foreign = plant(theirs)
    plant(mine)
    client = walker(mine)
    asked, found, broken = 0, [], []
    for route in routes(mine.family, mine.verticals):
        codes = list(foreign.values()) if route.converters else [next(iter(foreign.values()))]
        for number, code in enumerate(codes):
            path = route.filled(code)
            methods = ("get", "post") if number == 0 else ("get",)
            for method in methods:
                response = (
                    getattr(client, method)(
                        path,
                        data=json.dumps({}) if method == "post" and path.startswith("/api/") else {},
                        content_type="application/json"
                        if path.startswith("/api/") and method == "post"
                        else "multipart/form-data; boundary=BoUnDaRyStRiNg",
                    )
                    if method == "post"
                    else client.get(path)
                )
                asked += 1
                if leaks(response, words_of(other)):
                    found.append(f"{method} {path}: {leaks(response, words_of(other))}")
                if response.status_code >= 500:
                    broken.append(f"{method} {path}: {response.status_code}")
    assert asked > 60
    assert found == []
    assert broken == []


def test_the_walk_can_see_a_canary(data: None) -> None:
    """The control: a tenant's own people do see its canary, so the walk would notice a foreign one."""
    smile = context_for(slug="smile")
    codes = plant(smile)
    client = walker(smile)

    response = client.get(f"/api/v1/patients/{codes['patients.Patient']}/")

    assert response.status_code == 200
    assert leaks(response, words_of("smile"))


@pytest.mark.ledger("PL-001")
def test_a_foreign_code_looks_like_a_missing_one(data: None) -> None:
    """The same answer for a patient of another tenant and for one that never was (in everything but the request id)."""
    smile, willow = context_for(slug="smile"), context_for(slug="willow")
    foreign = plant(willow)["patients.Patient"]
    client = walker(smile)

    theirs = client.get(f"/api/v1/patients/{foreign}/")
    nobody = client.get(f"/api/v1/patients/{UUID(int=1 << 70)}/")

    assert theirs.status_code == nobody.status_code == 404
    drop = ("request_id", "instance")
    assert {k: v for k, v in theirs.json().items() if k not in drop} == {
        k: v for k, v in nobody.json().items() if k not in drop
    }


@pytest.mark.ledger("PL-001")
def test_a_session_of_one_tenant_is_worth_nothing_at_another(data: None) -> None:
    smile, willow = context_for(slug="smile"), context_for(slug="willow")
    plant(willow)
    client = walker(smile)
    assert client.get("/patients/").status_code == 200

    client.defaults["HTTP_HOST"] = f"willow.{settings.BASE_DOMAIN}"
    answer = client.get("/patients/")

    assert answer.status_code == 302
    assert "/accounts/login/" in answer.headers["Location"]
    with activate(willow):
        assert Patient.objects.exists()


@pytest.mark.ledger("PL-002")
def test_a_vertical_that_is_off_has_no_url(data: None) -> None:
    """smile is dental only: the other verticals' pages and operations do not exist there."""
    client = walker(context_for(slug="smile"))
    for path in (
        "/escort/",
        "/escort/board/",
        "/dermatology/",
        "/aesthetics/",
        "/api/v1/escort/orders/",
        "/api/v1/dermatology/plans/",
        "/api/v1/aesthetics/procedures/",
    ):
        assert client.get(path).status_code == 404, path
    assert client.get("/dental/patients/00000000-0000-7000-8000-000000000000/").status_code == 404


def test_an_unknown_host_says_nothing(data: None) -> None:
    for host in ("nobody.localhost", "smile.example.org", "127.0.0.1"):
        answer = Client(HTTP_HOST=host).get("/accounts/login/")
        assert answer.status_code == 404
        assert answer.content == b"404 Not Found\n"
