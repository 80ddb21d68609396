"""Whatever is refused stands in the audit: by an action, by a page's or an operation's word, by a closed file."""

from __future__ import annotations

from typing import Any

import pytest

from kernel import clock
from kernel.audit.models import AuditEntry
from services.patients import restriction
from services.shift.models import SiteDay
from services.shift.opening import plan_day
from tests.services.doors import SYSTEM, api, browser, person
from tests.services.flow import center, local, patient


@pytest.fixture(autouse=True)
def morning(smile: Any, at: Any) -> None:
    at("2026-12-07 08:00")


def refusals(**facts: Any) -> list[AuditEntry]:
    """What the audit says of refusals, the latest last."""
    return list(AuditEntry.objects.filter(verb="refused", **facts).order_by("id"))


def test_a_page_that_is_not_theirs_is_audited_with_the_word_that_is_missing() -> None:
    day = plan_day(by=SYSTEM, site=center(), day=clock.today(center().timezone))
    assert isinstance(day, SiteDay)
    answer = browser("bai.lan").post(f"/shift/days/{day.code}/override/", {"reason": "钥匙不在"})
    assert answer.status_code == 403
    (entry,) = refusals()
    assert (entry.data["code"], entry.data["action"]) == ("permission_denied", "shift:override")
    assert entry.data["facts"] == {"permission": "policy.override"}
    assert (entry.actor_name, entry.request_id) == ("bai.lan", answer.headers["X-Request-Id"])


def test_a_refusal_of_an_action_is_written_once() -> None:
    day = plan_day(by=SYSTEM, site=center(), day=clock.today(center().timezone))
    assert day is not None
    answer = browser("dr.lin").post(
        f"/shift/days/{day.code}/override/", {"reason": "钥匙不在"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 403
    (entry,) = refusals()
    assert entry.data["code"] == "override_not_yours"


def test_an_operation_that_is_not_theirs_is_audited() -> None:
    assert api("bai.lan").post("/api/v1/patients/restrictions/", {}).status_code in (403, 405)
    assert api("bai.lan").get("/api/v1/patients/restrictions/").status_code == 403
    (entry,) = refusals(data__facts__permission="patients.restrict")
    assert entry.actor_name == "bai.lan"


@pytest.mark.ledger("CR-006")
def test_who_tries_to_open_a_restricted_file_is_audited() -> None:
    who = patient("陈雨")
    restriction.restrict_file(by=person("dou.heng"), patient=who, reason="纠纷", until=local("2026-12-31 18:00"))
    desk = browser("bai.lan").get(f"/patients/{who.code}/")
    assert desk.status_code == 403
    assert "/exception/" not in desk.content.decode()  # what is not theirs is not offered
    assert api("dr.lin").get(f"/api/v1/patients/{who.code}/").status_code == 403
    assert [entry.actor_name for entry in refusals(data__code="file_restricted")] == ["bai.lan", "dr.lin"]


def test_what_is_missing_is_no_refusal() -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    assert browser("bai.lan").get(f"/patients/{nobody}/").status_code == 404
    assert api("bai.lan").get(f"/api/v1/patients/{nobody}/").status_code == 404
    assert not refusals()
