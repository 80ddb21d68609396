"""Every URL and operation of every host, asked with ids of another tenant: no word of that tenant may come back.

A status code proves nothing, so each tenant's rows carry a canary word that no other tenant has, and the walk looks for
foreign canaries in every byte that leaves the product. The same is done between two sites of one tenant, where no wall
of the database helps: there a helper that forgets to look at the site is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.tenancy import activate
from services.appointments.models import Appointment
from services.patients.models import Patient
from tenants.selectors import context_for
from tests.isolation.walking import Walk, leaks, plant, routes, routes_of, signed_in, words_of

PAIRS = (
    ("smile", "willow"),
    ("willow", "smile"),
    ("peiban", "heron"),
    ("orchid", "bamboo"),
    ("bamboo", "orchid"),
    ("ops", "smile"),
)
SECRET_OF_HARBOR = "港湾暗号"
# Houses share most of their routes: what smile was asked, the others are not asked again.
SHARE_ROUTES_WITH_SMILE = ("willow", "peiban")


@pytest.fixture(autouse=True)
def morning(data: None, at: Callable[[str], Any]) -> None:
    at("2026-12-08 10:20")


@pytest.mark.slow
@pytest.mark.ledger("PL-001")
@pytest.mark.parametrize(("own", "other"), PAIRS)
def test_no_url_answers_with_another_tenants_words(own: str, other: str) -> None:
    """Given rows with canaries on both sides, when every route is asked with foreign codes, then none comes back."""
    mine, theirs = context_for(slug=own), context_for(slug=other)
    foreign = plant(theirs)
    plant(mine)
    with activate(theirs):
        written = AuditEntry.objects.count()
    # The operators know the names of their tenants, and nothing that stands inside.
    words = words_of(other)[:1] if own == "ops" else words_of(other)
    walk = Walk(signed_in(mine), foreign, words)

    known = {route.text for route in routes(context_for(slug="smile"))} if own in SHARE_ROUTES_WITH_SMILE else set()
    left = [route for route in routes(mine) if route.text not in known]
    for route in left:
        walk.ask(route)

    assert walk.asked >= len(left)
    assert known or walk.asked > 60
    assert not walk.found, "\n".join(walk.found)
    assert not walk.broken, "\n".join(walk.broken)
    if own != "ops":
        with activate(theirs):
            assert AuditEntry.objects.count() == written


@pytest.mark.ledger("PL-001")
def test_the_base_domain_says_nothing_of_what_stands_inside() -> None:
    """The public site lists houses by name; nobody's canary is on any of its pages."""
    codes = plant(context_for(slug="smile"))
    walk = Walk(Client(HTTP_HOST=settings.BASE_DOMAIN, raise_request_exception=False), codes, words_of("smile")[:1])
    for route in routes_of(settings.PUBLIC_SCHEMA_URLCONF):
        walk.ask(route)
    assert walk.asked > 5
    assert not walk.found, "\n".join(walk.found)
    assert not walk.broken, "\n".join(walk.broken)


@pytest.mark.slow
@pytest.mark.ledger("PL-001")
def test_no_url_answers_with_another_sites_rows() -> None:
    """Given somebody with every role at one site, when all routes are asked with codes of another, then none answers."""
    smile = context_for(slug="smile")
    codes = plant(smile, word=SECRET_OF_HARBOR, site_slug="harbor")
    kinds = {"reception.visit", "appointments.appointment", "appointments.arrangement", "tasks.task"}
    assert {*kinds, "cashier.chargeslip"} <= codes.keys()
    walk = Walk(signed_in(smile, site_slug="center"), codes, (SECRET_OF_HARBOR,))

    for route in routes(smile):
        walk.ask(route)

    assert not walk.found, "\n".join(walk.found)
    assert not walk.broken, "\n".join(walk.broken)


def test_the_walk_notices_a_helper_that_forgets_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with a helper that takes any row, the words of the other site are found."""
    smile = context_for(slug="smile")
    codes = plant(smile, word=SECRET_OF_HARBOR, site_slug="harbor")
    walk = Walk(signed_in(smile, site_slug="center"), codes, (SECRET_OF_HARBOR,))
    booking = next(route for route in routes(smile) if route.text == "api/v1/appointments/<uuid:code>/")
    walk.ask(booking)
    assert walk.found == []

    def forgetful(actor: Actor, code: UUID) -> Appointment:
        found = Appointment.objects.filter(code=code).first()
        if found is None:
            raise NotFound("appointment_not_found", "There is no such booking.")
        return found

    monkeypatch.setattr("services.appointments.selectors.access_appointment", forgetful)
    walk.ask(booking)
    assert walk.found


def test_the_walk_can_see_a_canary() -> None:
    """The control: a tenant's own people do see its canary, so the walk would notice a foreign one."""
    smile = context_for(slug="smile")
    codes = plant(smile)
    client = signed_in(smile)

    response = client.get(f"/api/v1/patients/{codes['patients.patient']}/")

    assert response.status_code == 200
    assert leaks(response, words_of("smile"))


@pytest.mark.ledger("PL-001")
def test_a_foreign_code_looks_like_a_missing_one(data: None) -> None:
    """The same answer for a patient of another tenant and for one that never was (in everything but the request id)."""
    smile, willow = context_for(slug="smile"), context_for(slug="willow")
    foreign = plant(willow)["patients.patient"]
    client = signed_in(smile)

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
    client = signed_in(smile)
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
    client = signed_in(context_for(slug="smile"))
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
