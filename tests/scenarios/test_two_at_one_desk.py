"""Two doctors at one PC, all day: each changes over with a PIN and signs under their own name, whatever was open before."""

from __future__ import annotations

from typing import Any

import pytest

from kernel import limits
from kernel.audit.models import AuditEntry
from kernel.identity import actions as identity
from kernel.identity.models import User
from services.cashier.models import ChargeSlip
from tests.services.doors import person
from tests.services.flow import patient
from tests.services.test_outage_desks import at_desk, shared_desk
from tests.services.till import item

PINS = {"dr.lin": "7294", "dr.xu": "3816"}
TIMES = 20


@pytest.fixture
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:00")
    limits._store().flushdb()
    return at


def test_they_change_over_twenty_times_and_no_signature_is_anothers(monday: Any) -> None:
    # Given a registered desk at which both have signed in once today
    for username, pin in PINS.items():
        identity.set_pin(by=person(username), user=User.objects.get(username=username), pin=pin)
    desk, secret = shared_desk("诊室")
    at_desk(desk, secret, "dr.lin").post("/accounts/logout/")
    pc = at_desk(desk, secret, "dr.xu")
    who, filling = patient("武飞"), item("filling")
    form = {
        "patient": str(who.code),
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "0",
        "form-0-item": str(filling.code),
        "form-0-quantity": "1",
    }
    signed = []
    for turn in range(TIMES):
        username = ("dr.lin", "dr.xu")[turn % 2]
        # The page of the one before is still open; its colleague goes on with the PIN and signs there
        changed = pc.post("/accounts/desk/", {"who": username, "pin": PINS[username], "next": "/cashier/slips/new/"})
        assert (changed.status_code, changed["Location"]) == (303, "/cashier/slips/new/")
        assert pc.get("/api/v1/auth/me/").json()["username"] == username
        assert pc.post("/cashier/slips/new/", form).status_code == 303
        signed.append(username)

    # Then every slip is signed by who stood there, and the audit says the same
    slips = list(ChargeSlip.objects.order_by("pk"))
    assert [slip.signed_by for slip in slips] == [person(username).code for username in signed]
    assert [slip.doctor.user.username for slip in slips if slip.doctor and slip.doctor.user] == signed
    entries = AuditEntry.objects.filter(verb="cashier.slip_signed").order_by("pk")
    assert [entry.actor_name for entry in entries] == signed
    assert AuditEntry.objects.filter(verb="identity.changed_over").count() == TIMES


def test_a_wrong_pin_leaves_the_desk_with_whoever_had_it_and_signs_nothing(monday: Any) -> None:
    identity.set_pin(by=person("dr.lin"), user=User.objects.get(username="dr.lin"), pin=PINS["dr.lin"])
    desk, secret = shared_desk("诊室")
    at_desk(desk, secret, "dr.lin").post("/accounts/logout/")
    pc = at_desk(desk, secret, "dr.xu")

    assert pc.post("/accounts/desk/", {"who": "dr.lin", "pin": "0007"}).status_code == 422

    assert pc.get("/api/v1/auth/me/").json()["username"] == "dr.xu"
    assert not ChargeSlip.objects.filter(signed_by=person("dr.lin").code).exists()
