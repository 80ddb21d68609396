"""SC-01: announced 15 minutes is not actual 20 minutes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, clockwork

EXPLAIN = "reception.explain_wait"
DAYS = ["2026-12-07", "2026-12-31"]  # the scenario's Monday, and the last day of the year


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Dr Lin has treated Chen Yu once before."""
    at("2026-11-23 10:00")
    house = Clinic()
    chen = house.patient("陈雨", phone="13711110001")
    house.who("dr.lin").does(
        "records/treatments/",
        patient=chen,
        site=house.site,
        doctor=house.staff("011"),
        item=house.item("dental-filling"),
    )
    house.chen = chen  # type: ignore[attr-defined]
    return house


def chen_and_wu(clinic: Clinic, day: str, at: Any) -> tuple[str, str]:
    """Both wait for Dr Lin, whose chair is occupied."""
    at(f"{day} 08:40")
    clinic.occupies("1")
    chen = clinic.books(clinic.chen, f"{day} 09:00", units=1)  # type: ignore[attr-defined]
    wu = clinic.books(clinic.patient("吴飞"), f"{day} 09:15", units=1)
    at(f"{day} 09:00:00")
    chen_visit = clinic.checks_in(chen)
    at(f"{day} 09:01:00")
    return chen_visit, clinic.checks_in(wu)


def measured(at: Any, minute: str) -> None:
    """The figures follow what happened by a second or two."""
    for second in ("00", "02"):
        at(f"{minute}:{second}")
        clockwork()


def alerted(clinic: Clinic, visit: str, by: str) -> bool:
    found = clinic.who(by).inbox(EXPLAIN)
    return any(visit in (task["subject"] or "") or visit in task["url"] for task in found)


@pytest.mark.ledger("QU-001", "QU-002", "QU-003", "QU-004", "QU-018", "QU-019", "PL-020")
@pytest.mark.parametrize("day", DAYS)
def test_explained_late_is_explained_and_fifteen_is_not_more_than_fifteen(clinic: Clinic, at: Any, day: str) -> None:
    bai, yao = clinic.who("bai.lan"), clinic.who("yao.jing")
    chen, wu = chen_and_wu(clinic, day, at)
    assert clinic.visit(chen)["visit_class"] == "return"

    bai.does(f"reception/visits/{chen}/announce/", minutes=18)
    bai.does(f"reception/visits/{wu}/announce/", minutes=15)
    bai.is_refused(f"reception/visits/{chen}/seat/", "wait_opinion_missing")
    assert (clinic.visit(chen)["state"], clinic.visit(wu)["state"]) == ("registered", "waiting")
    stays = bai.does(f"reception/visits/{chen}/opinion/", opinion="stay", education_topic="brushing")
    assert (stays["state"], stays["opinion"], stays["education_topic"]) == ("waiting", "stay", "brushing")
    assert clinic.visit(wu)["opinion"] == ""

    at(f"{day} 09:20:00")
    clockwork()
    line = next(one for one in bai.asks("reception/waiting/", site=clinic.site)["results"] if one["visit"] == chen)
    assert (line["stage"], line["needs_explanation"]) == ("ask", False)
    assert not alerted(clinic, chen, "yao.jing")
    at(f"{day} 09:20:01")
    clockwork()
    assert alerted(clinic, chen, "yao.jing")
    assert alerted(clinic, chen, "gao.wen")
    assert not alerted(clinic, wu, "yao.jing")
    assert not alerted(clinic, chen, "bai.lan")

    at(f"{day} 09:20:30")
    clinic.leads_in(wu, "2")
    at(f"{day} 09:24:00")
    note = yao.does(f"reception/visits/{chen}/explanations/", reason="overrun", words="根管治疗超时")
    assert (note["late_seconds"], note["late_note"], note["by_name"]) == (3 * 60 + 59, False, "姚静")
    at(f"{day} 09:26:00")
    clinic.leads_in(chen, "3")

    assert clinic.visit(wu)["wait_seconds"] == 19 * 60 + 30
    assert clinic.visit(chen)["wait_seconds"] == 26 * 60
    measured(at, f"{day} 09:27")
    unexplained = clinic.figure("unexplained_waits", day)
    assert (unexplained["numerator"], unexplained["denominator"]) == (0, 3)
    assert not alerted(clinic, chen, "yao.jing")
    bai.is_refused(f"reception/visits/{chen}/announce/", "wait_is_over", 409, minutes=5)


@pytest.mark.ledger("QU-004", "QU-018", "PL-020")
def test_what_nobody_explained_stays_unexplained_whatever_is_typed_later(clinic: Clinic, at: Any) -> None:
    day, bai = DAYS[0], clinic.who("bai.lan")
    chen, _wu = chen_and_wu(clinic, day, at)
    bai.does(f"reception/visits/{chen}/announce/", minutes=18)
    bai.does(f"reception/visits/{chen}/opinion/", opinion="stay", education_topic="brushing")
    at(f"{day} 09:26:00")
    clockwork()
    clinic.leads_in(chen, "3")
    measured(at, f"{day} 09:27")
    before = clinic.figure("unexplained_waits", day)
    assert before["numerator"] == 1

    at(f"{day} 17:00:00")
    note = bai.does(f"reception/visits/{chen}/explanations/", reason="overrun", words="根管治疗超时")
    assert note["late_note"] is True
    measured(at, f"{day} 17:01")
    assert clinic.figure("unexplained_waits", day) == before
