"""Shared desks: several people, one computer, each under their own name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kernel import limits
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Malformed
from kernel.identity import actions, selectors, sessions
from kernel.identity.models import Desk, DeskVisit, User
from kernel.identity.tokens import machine_now
from kernel.tenancy import TenantContext
from tests.kernel.people import BY, PASSWORD, browser, code, is_signed_in, person, sign_in, signed_in

PIN = "7294"


@pytest.fixture(autouse=True)
def no_counters() -> None:
    """Counters of one test are no business of the next."""
    limits._store().flushdb()


@pytest.fixture
def desk(smile: TenantContext) -> Client:
    """The browser of a registered desk, nobody signed in."""
    admin = signed_in(person("ada.admin", "tenant_admin", second_factor=True), smile, second_factor=True)
    answer = admin.post("/people/desks/", {"name": "Front desk", "site_code": ""})
    assert answer.status_code == 303
    fresh = browser(smile)
    fresh.cookies["desk"] = admin.cookies["desk"].value
    return fresh


def with_pin(username: str, *roles: str, **options: Any) -> User:
    """Somebody who has chosen a PIN."""
    from tests.kernel.people import actor

    user = person(username, *roles, **options)
    actions.set_pin(by=actor(user), user=user, pin=PIN)
    return user


def leave_alone(client: Client, seconds: int = 61) -> None:
    """Let time pass at the desk."""
    session = client.session
    session[sessions.SEEN] = sessions.machine_seconds() - seconds
    session.save()


def go_on(client: Client, who: str, pin: str = PIN, **more: str) -> Any:
    """Change over."""
    return client.post("/accounts/desk/", {"who": who, "pin": pin, **more})


def name_of(client: Client) -> str:
    """Who works in this browser."""
    return str(client.get("/api/v1/auth/me/").json().get("username", ""))


def test_people_change_over_by_pin_after_a_full_sign_in_of_the_day(smile: TenantContext, desk: Client) -> None:
    with_pin("ben.desk")
    with_pin("fay.till")

    assert go_on(desk, "ben.desk").status_code == 422
    sign_in(desk, "ben.desk")
    sign_in_over = browser(smile)
    sign_in_over.cookies["desk"] = desk.cookies["desk"].value
    sign_in(sign_in_over, "fay.till")

    assert name_of(desk) == "ben.desk"
    before = desk.cookies["session"].value
    assert go_on(desk, "FAY.TILL", next="/accounts/security/")["Location"] == "/accounts/security/"
    assert name_of(desk) == "fay.till"
    assert desk.cookies["session"].value != before
    entry = AuditEntry.objects.get(verb="identity.changed_over")
    assert entry.actor_name == "fay.till"
    assert go_on(desk, "ben.desk").status_code == 303
    assert name_of(desk) == "ben.desk"


def test_a_desk_locks_itself_and_keeps_what_was_open(smile: TenantContext, desk: Client) -> None:
    with_pin("ben.desk")
    sign_in(desk, "ben.desk")
    leave_alone(desk, 59)
    assert desk.get("/accounts/security/").status_code == 200

    leave_alone(desk)
    locked = desk.get("/accounts/security/?tab=2")
    assert locked["Location"] == "/accounts/desk/?next=%2Faccounts%2Fsecurity%2F%3Ftab%3D2"
    poll = desk.get("/accounts/security/", headers={"HX-Request": "true", "HX-Current-URL": "http://x/board/"})
    assert poll["HX-Redirect"] == "/accounts/desk/?next=%2Fboard%2F"
    assert desk.get("/api/v1/auth/me/").json()["code"] == "desk_locked"
    assert b"ben.desk" in desk.get("/accounts/desk/").content

    session = desk.cookies["session"].value
    assert go_on(desk, "ben.desk").status_code == 303
    assert desk.cookies["session"].value == session
    assert desk.get("/accounts/security/").status_code == 200


def test_locking_at_once(smile: TenantContext, desk: Client) -> None:
    with_pin("ben.desk")
    sign_in(desk, "ben.desk")

    assert desk.post("/accounts/desk/lock/", {"next": "/board/"})["Location"] == "/accounts/desk/?next=%2Fboard%2F"
    assert desk.get("/accounts/security/").status_code == 302


def test_elsewhere_neither_lock_nor_pin_exists(smile: TenantContext, desk: Client) -> None:
    user = with_pin("ben.desk")
    sign_in(desk, "ben.desk")

    home = signed_in(user, smile)
    leave_alone(home, 120)
    assert is_signed_in(home)
    nobody = browser(smile)
    assert go_on(nobody, "ben.desk")["Location"] == "/accounts/login/"
    nobody.cookies["desk"] = f"{Desk.objects.get().code}.guessed-secret"
    assert go_on(nobody, "ben.desk")["Location"] == "/accounts/login/"


def test_five_wrong_pins_close_it_for_this_person(smile: TenantContext, desk: Client) -> None:
    with_pin("ben.desk")
    with_pin("fay.till")
    for username in ("fay.till", "ben.desk"):
        desk.post("/accounts/logout/")
        sign_in(desk, username)
    for number in range(5):
        assert go_on(desk, "fay.till", f"000{number}").status_code == 422

    assert go_on(desk, "fay.till").status_code == 429
    assert go_on(desk, "ben.desk").status_code == 303
    desk.post("/accounts/logout/")
    assert sign_in(desk, "fay.till").status_code == 302


def test_the_working_day_the_password_and_leaving_end_it(smile: TenantContext, desk: Client) -> None:
    user = with_pin("ben.desk")

    def may_go_on() -> bool:
        desk.post("/accounts/logout/")
        limits._store().flushdb()
        return go_on(desk, "ben.desk").status_code == 303

    sign_in(desk, "ben.desk")
    assert may_go_on()
    DeskVisit.objects.update(signed_in_at=machine_now() - timedelta(hours=14, minutes=1))
    assert not may_go_on()

    sign_in(desk, "ben.desk")
    assert may_go_on()
    actions.end_sessions(by=BY, user=user)
    assert not may_go_on()

    sign_in(desk, "ben.desk")
    assert may_go_on()
    actions.deactivate_user(by=BY, user=user, reason="left")
    assert not may_go_on()


def test_changing_over_does_not_prolong_the_day(smile: TenantContext, desk: Client) -> None:
    with_pin("ben.desk")
    sign_in(desk, "ben.desk")
    began = machine_now() - timedelta(hours=13)
    DeskVisit.objects.update(signed_in_at=began)

    desk.post("/accounts/logout/")
    go_on(desk, "ben.desk")

    assert DeskVisit.objects.get().signed_in_at == began


def test_a_pin_signs_slips_but_not_what_needs_the_second_factor(smile: TenantContext, desk: Client) -> None:
    other = person("cora.plain")
    user = User.objects.get(username="ada.admin")
    User.objects.filter(pk=user.pk).update(pin="")
    from tests.kernel.people import actor

    actions.set_pin(by=actor(user), user=user, pin=PIN)
    sign_in(desk, "ada.admin")
    desk.post("/accounts/second-factor/", {"code": code(steps=1)})
    desk.post("/accounts/logout/")

    assert go_on(desk, "ada.admin").status_code == 303
    # No set-up page: the registered desk and the sign-in of the day stand for the second factor.
    assert desk.get("/people/").status_code == 200
    refused = desk.post(f"/people/{other.code}/roles/", {"role": "billing_admin"})
    assert refused.status_code == 403
    assert b"/accounts/second-factor/confirm/" in refused.content
    assert desk.get("/accounts/pin/").status_code == 403


def test_proofs_by_pin(smile: TenantContext, rf: Any) -> None:
    from kernel.identity.sign_in import recently_confirmed

    request = rf.get("/")
    now = sessions.machine_seconds()
    request.session = {sessions.CONFIRMED: now - 3600, sessions.CONFIRMED_BY_PIN: now - 10}

    assert recently_confirmed(request)
    assert not recently_confirmed(request, by_pin=False)
    assert not recently_confirmed(request, second_factor=True)


def test_a_badge_changes_over_without_pin(smile: TenantContext, desk: Client) -> None:
    user, other = with_pin("ben.desk"), with_pin("fay.till")
    actions.set_badge(by=BY, user=user, badge="0004417731")
    with pytest.raises(Conflict):
        actions.set_badge(by=BY, user=other, badge="0004417731")
    assert "0004417731" not in User.objects.get(pk=user.pk).badge_hash
    sign_in(desk, "ben.desk")
    desk.post("/accounts/logout/")
    sign_in(desk, "fay.till")

    assert go_on(desk, "0004417731", "").status_code == 303
    assert name_of(desk) == "ben.desk"


def test_a_revoked_desk_signs_everybody_out(smile: TenantContext, desk: Client) -> None:
    with_pin("ben.desk")
    sign_in(desk, "ben.desk")

    actions.revoke_desk(by=BY, desk=Desk.objects.get())

    assert not is_signed_in(desk)
    assert go_on(desk, "ben.desk")["Location"] == "/accounts/login/"


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "1111", "1234", "9876", "１２３４"])
def test_weak_pins_are_refused(smile: TenantContext, pin: str) -> None:
    from tests.kernel.people import actor

    user = person("ben.desk")
    with pytest.raises(Malformed):
        actions.set_pin(by=actor(user), user=user, pin=pin)
    assert User.objects.get(pk=user.pk).pin == ""


def test_choosing_a_pin_by_the_page(smile: TenantContext) -> None:
    user = person("ben.desk")
    client = signed_in(user, smile)

    assert client.post("/accounts/pin/", {"pin": "1234"}).status_code == 422
    assert client.post("/accounts/pin/", {"pin": PIN}).status_code == 303
    stored = User.objects.get(pk=user.pk).pin
    assert stored
    assert PIN not in stored
    assert client.post("/accounts/pin/", {"pin": ""}).status_code == 303
    assert User.objects.get(pk=user.pk).pin == ""
    assert PASSWORD


@pytest.mark.ledger("PL-001")
def test_desks_belong_to_who_looks_after_people_where_they_stand(smile: TenantContext) -> None:
    """Given desks of two sites and one of the whole house, an administrator of one site sees, makes and revokes its own."""
    here, there = [site for site, _name in selectors.site_choices()][:2]
    near, far, common = (
        actions.register_desk(by=BY, name=name, site_code=code)[0]
        for name, code in (("Near", here), ("Far", there), ("Common", None))
    )
    of_one_site = person("site.admin", "tenant_admin", site=here, second_factor=True)
    of_the_house = person("house.admin", "tenant_admin", second_factor=True)
    admin = signed_in(of_one_site, smile, second_factor=True)

    page = admin.get("/people/desks/").content.decode()
    assert ("Near" in page, "Far" in page, "Common" in page) == (True, False, False)
    for desk in (far, common):
        assert admin.post(f"/people/desks/{desk.code}/revoke/").status_code == 404
    assert admin.post("/people/desks/", {"name": "New", "site_code": str(there)}).status_code == 403
    refused = admin.post("/people/desks/", {"name": "New", "site_code": ""})
    assert refused.status_code == 422
    assert 'data-code="desk_site_missing"' in refused.content.decode()
    assert Desk.objects.filter(revoked_at__isnull=True).count() == 3
    assert admin.post("/people/desks/", {"name": "New", "site_code": str(here)}).status_code == 303
    assert admin.post(f"/people/desks/{near.code}/revoke/").status_code == 303

    page = signed_in(of_the_house, smile, second_factor=True).get("/people/desks/").content.decode()
    assert ("Far" in page, "Common" in page, "New" in page) == (True, True, True)
