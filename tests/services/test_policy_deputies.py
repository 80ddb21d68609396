"""Who stands in is seen: on the deputies' page, and beside every exception with whom it was decided for (ledger 17 G)."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.errors import Forbidden
from services.patients import restriction
from services.policy.actions import override_gate
from services.policy.models import OverrideRecord
from tests.services.doors import SYSTEM, api, browser, person
from tests.services.flow import center, local, patient, stand_in


def test_a_deputys_exception_is_listed_with_for_whom(smile, at):
    at("2026-12-07 09:00")
    who = patient("宋倩")
    restriction.restrict_file(by=SYSTEM, patient=who, reason="纠纷", until=local("2026-12-20 09:00"))
    facts = {"gate": restriction.GATE, "subject": who, "site": center(), "reason": "急诊"}
    with pytest.raises(Forbidden):
        override_gate(by=person("ye.fan"), **facts)

    stand_in("shen.ke", "ye.fan", "clinic_director")
    record = override_gate(by=person("ye.fan"), **facts)
    own = override_gate(by=person("shen.ke"), **facts)

    assert (record.by_name, record.as_role, record.deputy_of) == ("叶帆", "clinic_director", "沈珂")
    assert own.deputy_of == ""
    page = browser("dou.heng").get("/policy/exceptions/?day=2026-12-07")
    rows = {row.record.pk: row for row in page.context["rows"]}
    assert {pk: row.record.deputy_of for pk, row in rows.items()} == {record.pk: "沈珂", own.pk: ""}
    assert "叶帆" in page.content.decode()
    listed = api("dou.heng").get("/api/v1/policy/overrides/").json()["results"]
    assert {one["deputy_of"] for one in listed} == {"沈珂", ""}
    deputies = browser("admin.smile").get("/people/deputies/").content.decode()
    assert "沈珂" in deputies
    assert "叶帆" in deputies

    # The next day it is over: the role is gone, what was decided under it stays named.
    at("2026-12-09 09:00")
    with pytest.raises(Forbidden):
        override_gate(by=person("ye.fan"), **facts)
    assert OverrideRecord.objects.get(pk=record.pk).deputy_of == "沈珂"
    assert record.review_due_at.date() == date(2026, 12, 8)
