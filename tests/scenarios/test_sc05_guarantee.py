"""SC-05: one year of guarantee over a leap day.

"A complaint case is opened with links to visit, tooth and doctor" (CP-030) belongs to the room of complaints; here the
report to the clinic director stands for it.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, moment

FILLED = "2028-02-29"
# Within the year, the day after it, the last and the first day without the grace of 30 days.
ROSTER = ("2029-02-28", "2029-03-01", "2029-03-02", "2029-03-30", "2029-03-31")


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Dr Lin filled tooth 36 of Han Bo on the leap day; he and Dr Zhao are on duty a year later."""
    house = filled_on(FILLED, at)
    plan(house, "011", ROSTER)
    plan(house, "014", ROSTER)
    return house


def filled_on(day: str, at: Any) -> Clinic:
    at(f"{day} 10:00")
    house = Clinic()
    house.han = house.patient("韩博", sex="male")  # type: ignore[attr-defined]
    house.treated = house.who("dr.lin").does(  # type: ignore[attr-defined]
        f"dental/patients/{house.han}/teeth/",
        site=house.site,
        item=house.item("dental-filling"),
        tooth=36,  # type: ignore[attr-defined]
    )
    return house


def plan(clinic: Clinic, number: str, days: tuple[str, ...]) -> None:
    """Gao Wen puts a doctor into the roster."""
    rooms = {"011": "1", "014": "5"}
    for day in days:
        clinic.who("gao.wen").does(
            "staff/shifts/", site=clinic.site, staff=clinic.staff(number), chair=clinic.chair(rooms[number]),
            starts_at=moment(f"{day} 08:30"), ends_at=moment(f"{day} 12:00"),
        )  # fmt: skip


def guarantee(clinic: Clinic, tooth: int = 36) -> dict[str, Any]:
    path = f"dental/patients/{clinic.han}/warranty/"  # type: ignore[attr-defined]
    return dict(clinic.who("dr.lin").asks(path, tooth=tooth, item=clinic.item("dental-filling")))


def visit_class(clinic: Clinic, tooth: int = 36) -> str:
    path = f"dental/patients/{clinic.han}/visit-class/"  # type: ignore[attr-defined]
    return str(clinic.who("dr.lin").asks(path, tooth=tooth, item=clinic.item("dental-filling"))["visit_class"])


def redo_booking(clinic: Clinic, starts_at: str, **more: Any) -> dict[str, Any]:
    """What the desk sends for a problem with the tooth that was filled; nobody is named unless ``doctor`` is."""
    return {
        "site": clinic.site, "patient": clinic.han, "earlier": clinic.treated["code"], "units": 2,  # type: ignore[attr-defined]
        "starts_at": moment(starts_at), **more,
    }  # fmt: skip


@pytest.mark.ledger("DE-003", "DE-009", "AP-024", "FU-017", "CA-045")
def test_on_the_clamped_anniversary_the_redo_is_free_and_the_day_after_it_is_not(clinic: Clinic, at: Any) -> None:
    lin, treated = clinic.who("dr.lin"), clinic.treated  # type: ignore[attr-defined]
    redo = {"path": f"dental/treatments/{treated['code']}/redo/", "site": clinic.site}

    at("2029-03-01 09:00")
    past = guarantee(clinic)
    assert (past["valid"], past["until"]) == (False, "2029-02-28")
    assert (past["original_doctor_first"], past["original_doctor_until"]) == (True, "2029-03-30")
    assert visit_class(clinic) == "return"
    lin.is_refused(code="warranty_over", status=422, **redo)

    at("2029-02-28 09:00")
    valid = guarantee(clinic)
    assert (valid["valid"], valid["until"], valid["original"]) == (True, "2029-02-28", treated["code"])
    chosen = clinic.who("bai.lan").does("appointments/", **redo_booking(clinic, "2029-02-28 11:00"))
    assert chosen["doctor"] == clinic.staff("011")
    assert visit_class(clinic) == "return"
    done = lin.does(**redo)
    assert done["treatment"]["redo_of"] == treated["code"]
    [line] = clinic.who("fang.li").asks(f"cashier/slips/{done['slip']}/")["lines"]
    assert (line["amount_fen"], line["zero_reason"]) == (0, "warranty")


@pytest.mark.ledger("DE-002", "DE-003", "AP-024", "FU-017")
@pytest.mark.parametrize("day,first", [("2029-03-30", True), ("2029-03-31", False)])
def test_the_original_doctor_is_first_until_the_grace_is_over(clinic: Clinic, at: Any, day: str, first: bool) -> None:
    at(f"{day} 09:00")
    assert guarantee(clinic)["original_doctor_first"] is first
    assert visit_class(clinic) == "return"
    assert visit_class(clinic, tooth=46) == "first"


@pytest.mark.ledger("DE-009", "FU-017")
@pytest.mark.parametrize(
    "day,until,grace",
    [
        ("2026-12-31", "2027-12-31", "2028-01-30"),
        ("2027-02-28", "2028-02-28", "2028-03-29"),
        ("2027-03-01", "2028-03-01", "2028-03-31"),
    ],
)
def test_other_anniversaries(smile: Any, at: Any, day: str, until: str, grace: str) -> None:
    clinic = filled_on(day, at)
    found = guarantee(clinic)
    assert (found["valid"], found["until"], found["original_doctor_until"]) == (True, until, grace)
    at(f"{until} 23:59")
    assert guarantee(clinic)["valid"] is True
    at.advance(minutes=1)
    assert guarantee(clinic)["valid"] is False


@pytest.mark.ledger("AP-024")
def test_declining_dr_lin_needs_its_reason_and_reaches_the_director(clinic: Clinic, at: Any) -> None:
    at("2029-03-01 09:00")
    bai = clinic.who("bai.lan")
    booked = bai.does("appointments/", **redo_booking(clinic, "2029-03-02 10:00"))
    assert booked["doctor"] == clinic.staff("011")
    move = {"starts_at": moment("2029-03-02 10:00"), "doctor": clinic.staff("014")}
    path = f"appointments/{booked['code']}/move/"
    for blank in ("", "   "):
        assert bai.tries(path, version=booked["version"], **move, reason=blank).status_code == 400
    bai.is_refused(
        "appointments/", "original_doctor_reason_missing",
        **redo_booking(clinic, "2029-03-02 11:00", doctor=clinic.staff("014")),
    )  # fmt: skip
    assert not clinic.who("shen.ke").inbox("appointments.original_declined")

    moved = bai.does(path, version=booked["version"], **move, reason="疼痛被忽视")
    assert moved["doctor"] == clinic.staff("014")
    [line] = bai.lists(f"appointments/{booked['code']}/moves/")
    assert (line["old_doctor"], line["reason"]) == (clinic.staff("011"), "疼痛被忽视")
    [report] = clinic.who("shen.ke").inbox("appointments.original_declined")
    assert report["subject"] == clinic.han  # type: ignore[attr-defined]
