"""Two nurses at one registered computer: quick changes, signatures under the right name, drafts that find their owner."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kernel import limits
from kernel.identity import actions, drafts, handlers, sessions
from kernel.identity.models import Draft, User
from kernel.identity.tokens import machine_now
from kernel.tenancy import activate
from services.treatment_area.models import Concern, FloorEntry
from tests.harness.tenants import Browser, host_of
from tests.kernel.people import PASSWORD
from tests.services.doors import SYSTEM, browser, person
from tests.services.test_treatment_area import gone, led_in

DRAFTS = "/accounts/drafts/"
PINS = {"mo.xiao": "7294", "tang.rui": "8361"}


@pytest.fixture
def desk(smile: Any, at: Any) -> Client:
    """The browser of a registered desk at which both nurses have signed in in full today; ``tang.rui`` works there."""
    at("2026-12-07 10:00")
    limits._store().flushdb()
    registered, secret = actions.register_desk(by=SYSTEM, name="护士站")
    client = Browser()
    client.defaults["HTTP_HOST"] = host_of("smile")
    client.cookies["desk"] = f"{registered.code}.{secret}"
    for username, pin in PINS.items():
        user = User.objects.get(username=username)
        user.set_password(PASSWORD)
        user.save()
        actions.set_pin(by=person(username), user=user, pin=pin)
        client.post("/accounts/logout/")
        assert client.post("/accounts/login/", {"login": username, "password": PASSWORD}).status_code == 302
    return client


def change_over(client: Client, username: str, pin: str = "") -> Any:
    return client.post("/accounts/desk/", {"who": username, "pin": pin or PINS[username]})


def keep(client: Client, username: str, form: str, **values: str) -> Any:
    content = json.dumps({name: [text] for name, text in values.items()})
    return client.post(DRAFTS, {"form": form, "person": str(person(username).code), "content": content})


def kept(client: Client, form: str) -> dict[str, list[str]]:
    return client.get(DRAFTS, {"form": form}).json().get("values", {})  # type: ignore[no-any-return]


def test_two_people_alternate_twenty_times_and_nothing_is_mixed_up(smile, desk):
    people, seconds = list(PINS), []
    for turn in range(20):
        who, other = people[turn % 2], people[1 - turn % 2]
        began = time.perf_counter()
        assert change_over(desk, who).status_code == 303
        page = desk.get("/treatment_area/concerns/")
        seconds.append(time.perf_counter() - began)
        assert f'data-person="{person(who).code}"' in page.content.decode()

        # What this person typed at the last turn is here, what the other one typed is not.
        assert kept(desk, "call") == ({"summary": [f"{who} {turn - 2}"]} if turn >= 2 else {})
        assert keep(desk, who, "call", summary=f"{who} {turn}").status_code == 204
        # A page that the other one left open keeps nothing under this name.
        assert keep(desk, other, "call", summary="wrong").status_code == 409

        slip = {"kind": "other", "to": "head_nurse", "words": f"{who} {turn}"}
        assert desk.post("/treatment_area/concerns/report/", slip).status_code == 303
        if turn % 5 == 4:
            with activate(smile):
                visit = led_in(f"来客{turn}", "1")
            assert desk.post(f"/treatment_area/visits/{visit.code}/take-over/", {"remark": who}).status_code == 303
            with activate(smile):
                gone(visit)

    written = [(row.reported_by.username, row.words) for row in Concern.objects.order_by("id")]
    assert written == [(people[turn % 2], f"{people[turn % 2]} {turn}") for turn in range(20)]
    signed = [(row.received_by.username, row.remark) for row in FloorEntry.objects.order_by("id")]
    assert signed == [(who, who) for who in ("mo.xiao", "tang.rui", "mo.xiao", "tang.rui")]
    assert sorted(Draft.objects.values_list("user__username", "form")) == [("mo.xiao", "call"), ("tang.rui", "call")]
    assert max(seconds) < 3
    print(f"a change over with the next page: at most {max(seconds):.2f} s, on average {sum(seconds) / 20:.2f} s")


def test_a_signature_needs_the_pin_of_whoever_signs(smile, desk):
    with activate(smile):
        visit = led_in("韩博", "1")
    assert change_over(desk, "mo.xiao", PINS["tang.rui"]).status_code == 422
    assert change_over(desk, "mo.xiao").status_code == 303
    session = desk.session
    session[sessions.CONFIRMED_BY_PIN] = sessions.machine_seconds() - 301
    session.save()
    assert desk.post(f"/treatment_area/visits/{visit.code}/take-over/", {"remark": ""}).status_code == 403
    assert not FloorEntry.objects.exists()

    # A locked desk gives nothing away and takes nothing.
    keep(desk, "mo.xiao", "call", summary="种植")
    session = desk.session
    session[sessions.SEEN] = 0
    session.save()
    assert desk.get(DRAFTS, {"form": "call"}).status_code == 302
    assert keep(desk, "mo.xiao", "call", summary="other").status_code == 302
    assert change_over(desk, "mo.xiao").status_code == 303
    assert kept(desk, "call") == {"summary": ["种植"]}
    assert desk.post(f"/treatment_area/visits/{visit.code}/take-over/", {"remark": ""}).status_code == 303


def test_a_draft_is_sealed_small_and_gone_in_time(desk, monkeypatch):
    change_over(desk, "mo.xiao")
    assert keep(desk, "mo.xiao", "call", summary="种植牙", pin="7294", password="x").status_code == 204
    row = Draft.objects.get()
    assert row.user.username == "mo.xiao"
    assert "种植牙" not in Draft.objects.values_list("content", flat=True).get().token
    assert kept(desk, "call") == {"summary": ["种植牙"]}
    assert browser(None).get(DRAFTS, {"form": "call"}).status_code == 302

    mine = {"form": "call", "person": str(person("mo.xiao").code)}
    for content in ("[1]", '{"a": 1}', "nothing", json.dumps({"a": ["x" * drafts.MOST_CHARACTERS]})):
        assert desk.post(DRAFTS, {**mine, "content": content}).status_code == 400
    assert kept(desk, "call") == {"summary": ["种植牙"]}
    assert desk.post(DRAFTS, {**mine, "content": ""}).status_code == 204  # sent, or not wanted
    assert kept(desk, "call") == {}

    monkeypatch.setattr(drafts, "MOST_PER_PERSON", 3)
    for number in range(5):
        keep(desk, "mo.xiao", f"form{number}", a="x")
    assert set(Draft.objects.values_list("form", flat=True)) == {"form2", "form3", "form4"}

    Draft.objects.filter(form="form2").update(written_at=machine_now() - timedelta(hours=14, seconds=1))
    assert kept(desk, "form2") == {}
    handlers.purge(machine_now().date())
    assert set(Draft.objects.values_list("form", flat=True)) == {"form3", "form4"}
    change_over(desk, "tang.rui")
    keep(desk, "tang.rui", "call", summary="y")
    change_over(desk, "mo.xiao")
    desk.post("/accounts/logout/")
    assert list(Draft.objects.values_list("user__username", flat=True)) == ["tang.rui"]
