"""The class of a dental visit: proposed from the history, confirmed at registration, counted by doctor."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dental import actions as teeth
from dental import selectors
from dental.classes import SPECIALIST_SLOT, propose_for_tooth
from dental.models import ClassDecision
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.tenancy import TenantContext
from services.appointments.actions import write_card
from services.appointments.originals import earlier_treatments
from services.catalogue.models import Item
from services.patients.models import Patient
from services.reception import actions
from services.reception.classes import classify_visit
from services.reception.models import Visit
from services.tasks.models import Task
from tests.services.doors import api, browser, person, staff, statements
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in

LEAP_DAY = "2028-02-29"


@pytest.fixture(autouse=True)
def leap_day(smile: TenantContext, at: Any) -> Any:
    at(f"{LEAP_DAY} 10:00")
    return at


def item(key: str = "dental-filling") -> Item:
    return Item.objects.get(key=key)


def filled(who: Patient, tooth: int = 36, key: str = "dental-filling", **facts: Any) -> None:
    teeth.record_tooth_treatment(
        by=person("dr.lin"), site=center(), patient=who, doctor=staff("011"), item=item(key), tooth=tooth, **facts
    )


def proposed(who: Patient, day: str, tooth: int | None = None, key: str = "") -> tuple[str, str]:
    found = propose_for_tooth(who, date.fromisoformat(day), tooth=tooth, item=item(key) if key else None)
    return found.visit_class, found.because


def seated(visit: Visit) -> Visit:
    actions.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    return actions.seat_in_chair(by=person("mo.xiao"), visit=visit)


# --- what the history proposes ----------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-002", "DE-003")
@pytest.mark.parametrize(
    "day,tooth,key,wanted",
    [
        ("2029-02-27", 46, "dental-crown", ("return", "within_year")),
        # The anniversary of a leap day is the last of February: a year ago, and another tooth.
        ("2029-02-28", 46, "dental-filling", ("first", "other_after_year")),
        ("2029-02-28", 36, "dental-filling", ("return", "same_tooth_item")),
        ("2029-03-01", 36, "dental-filling", ("return", "same_tooth_item")),
        ("2029-03-31", 36, "dental-filling", ("return", "same_tooth_item")),
        ("2029-03-31", 36, "dental-crown", ("first", "other_after_year")),
        ("2029-03-31", 46, "dental-filling", ("first", "other_after_year")),
        ("2029-03-31", 46, "", ("first", "other_after_year")),
        ("2029-03-31", 36, "", ("return", "same_as_far_as_known")),
        ("2029-03-31", None, "dental-filling", ("return", "same_as_far_as_known")),
        ("2029-03-31", None, "dental-crown", ("first", "other_after_year")),
        ("2029-03-31", None, "", ("first", "unknown_after_year")),
    ],
)
def test_the_class_follows_from_time_tooth_and_item(
    day: str, tooth: int | None, key: str, wanted: tuple[str, str]
) -> None:
    """SC-05: Dr Lin filled tooth 36 of Han Bo on 2028-02-29; the same tooth and item is never a first visit."""
    han = patient("韩博")
    filled(han)
    assert proposed(han, day, tooth, key) == wanted


@pytest.mark.ledger("DE-002")
def test_who_was_never_treated_here_comes_for_the_first_time(leap_day: Any) -> None:
    """Nor is somebody a returning patient whose only treatment was struck through."""
    from services.records.actions import void_treatment
    from services.records.models import Treatment

    han = patient("韩博")
    assert proposed(han, LEAP_DAY) == ("first", "never_treated")
    filled(han)
    assert proposed(han, LEAP_DAY) == ("return", "within_year")
    void_treatment(by=person("dr.lin"), treatment=Treatment.objects.get(), reason="wrong patient")
    assert proposed(han, LEAP_DAY) == ("first", "never_treated")


@pytest.mark.ledger("DE-005", "DE-007")
def test_an_orthodontic_item_and_an_examination_speak_for_themselves() -> None:
    han = patient("韩博")
    assert proposed(han, LEAP_DAY, None, "dental-orthodontic-visit") == ("orthodontic", "orthodontic_item")
    assert proposed(han, LEAP_DAY, None, "dental-free-exam") == ("examination", "examination_item")


@pytest.mark.ledger("DE-003")
def test_what_was_booked_from_the_last_card_goes_on_after_more_than_a_year(leap_day: Any) -> None:
    """Given a treatment whose next visit was put off for more than a year, then it is a return visit all the same."""
    leap_day("2026-12-07 08:30")
    han, he = patient("韩博"), patient("何静")
    for who in (han, he):
        filled(who, performed_at=local("2025-11-20 10:00"))
    card = write_card(by=person("dr.lin"), site=center(), patient=han, doctor=staff("011"))
    row = booked(han, "2026-12-07 09:00", item=item("dental-crown"), card=card)
    plain = booked(he, "2026-12-07 10:00", item=item("dental-crown"))
    visit = actions.check_in(by=person("bai.lan"), site=center(), appointment=row)
    other = actions.check_in(by=person("bai.lan"), site=center(), appointment=plain)

    assert visit.visit_class == "return"
    assert ClassDecision.objects.get(visit=visit).because == "continuing"
    assert other.visit_class == "first"


def test_many_bookings_are_judged_in_a_few_queries(leap_day: Any) -> None:
    leap_day("2026-12-07 08:30")

    web = browser("bai.lan")

    def opened() -> int:
        return statements(lambda: web.get("/reception/check-in/"))

    times = ("10:00", "11:00", "14:00", "15:00")
    keys = ("dental-crown", "dental-scaling", "dental-filling", "dental-panoramic")
    booked(patient("甲"), "2026-12-07 09:00", item=item("dental-crown"))
    opened()
    few = opened()
    for number, name in enumerate(("乙", "丙", "丁", "戊")):
        who = patient(name)
        filled(who)
        booked(who, f"2026-12-07 {times[number]}", item=item(keys[number]))
    assert opened() <= few <= 22
    page = web.get("/reception/check-in/").content.decode()
    assert page.count("复诊") + page.count("Return visit") >= 4


# --- confirmed by the desk --------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-001")
def test_every_registered_visit_has_a_class_with_who_confirmed_it() -> None:
    visit = walked_in(patient("韩博"))
    decision = ClassDecision.objects.get(visit=visit)
    assert visit.visit_class == "first"
    assert (decision.proposed, decision.because, decision.decided_by_id) == (
        "first", "never_treated", person("bai.lan").user_id,
    )  # fmt: skip

    chosen = walked_in(patient("何静"), visit_class="consultation")
    assert (chosen.visit_class, ClassDecision.objects.get(visit=chosen).proposed) == ("consultation", "first")
    with pytest.raises(RuleRefused) as refused:
        walked_in(patient("乙"), visit_class="holiday")
    assert refused.value.code == "unknown_visit_class"


@pytest.mark.ledger("DE-006")
def test_exempt_needs_its_reason_and_nothing_else_has_one() -> None:
    visit = walked_in(patient("韩博"))
    desk = api("bai.lan")
    path = f"/api/v1/reception/visits/{visit.code}/class/"
    for said, code in (
        ({"visit_class": "exempt"}, "class_reason_missing"),
        ({"visit_class": "exempt", "reason": "no_wish"}, "class_reason_missing"),
        ({"visit_class": "return", "reason": "primary_tooth"}, "class_reason_unasked"),
        ({"visit_class": "other"}, "unknown_visit_class"),
    ):
        refused = desk.post(path, said)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    visit.refresh_from_db()
    assert visit.visit_class == "first"

    done = desk.post(path, {"visit_class": "exempt", "reason": "primary_tooth"})
    assert (done.status_code, done.json()["visit_class"]) == (200, "exempt")
    assert [row.visit_class for row in selectors.decisions_of(visit)] == ["exempt", "first"]
    assert ClassDecision.objects.first().exempt_reason == "primary_tooth"
    with pytest.raises(IntegrityError, match="dental_exempt_reason"), transaction.atomic():
        ClassDecision.objects.create(
            visit=visit, visit_class="exempt", decided_at=visit.arrived_at, decided_by_name="x"
        )
    asked = desk.get(path).json()
    assert (asked["visit_class"], asked["proposed"], asked["because"]) == ("exempt", "first", "never_treated")


@pytest.mark.ledger("DE-001")
def test_a_treatment_is_not_finished_before_its_visit_has_a_class() -> None:
    """Given a visit from before the classes, then the doctor chooses one and goes on."""
    visit = seated(walked_in(patient("韩博")))
    Visit.objects.filter(pk=visit.pk).update(visit_class="")
    with pytest.raises(RuleRefused) as refused:
        actions.finish_treatment(by=person("dr.lin"), visit=visit)
    assert refused.value.code == "visit_class_missing"
    assert str(visit.code) in refused.value.cures[0].url
    assert AuditEntry.objects.filter(verb="refused", data__code="visit_class_missing").count() == 1

    classify_visit(by=person("dr.lin"), visit=visit, visit_class="return")
    assert actions.finish_treatment(by=person("dr.lin"), visit=visit).state == "finished"


def test_who_may_say_the_class_and_until_when() -> None:
    visit = walked_in(patient("韩博"))
    with pytest.raises(Forbidden):
        classify_visit(by=person("fang.li"), visit=visit, visit_class="return")
    actions.leave_unseen(by=person("bai.lan"), visit=visit, reason="tired")
    with pytest.raises(Conflict) as refused:
        classify_visit(by=person("bai.lan"), visit=visit, visit_class="return")
    assert refused.value.code == "visit_over"


@pytest.mark.ledger("DE-001", "DE-006")
def test_the_pages_of_the_desk_show_the_proposal_and_take_another_class(leap_day: Any) -> None:
    han = patient("韩博")
    filled(han)
    desk = browser("bai.lan")
    form = desk.get(f"/reception/check-in/?patient={han.code}").content.decode()
    assert LEAP_DAY in form  # the sentence that says why
    said = {"patient": str(han.code), "doctor": str(staff("011").code), "complaint": "痛"}
    refused = desk.post("/reception/check-in/", said | {"visit_class": "exempt"})
    assert refused.status_code == 422
    assert not Visit.objects.exists()
    assert desk.post("/reception/check-in/", said).status_code == 303
    visit = Visit.objects.get()
    assert visit.visit_class == "return"

    path = f"/reception/visits/{visit.code}/class/"
    assert desk.post(path, {"visit_class": "exempt"}).status_code == 422
    assert desk.post(path, {"visit_class": "exempt", "visit_class_reason": "unsound_wish"}).status_code == 303
    visit.refresh_from_db()
    assert visit.visit_class == "exempt"
    assert f'action="{path}"' in desk.get(f"/reception/visits/{visit.code}/").content.decode()


@pytest.mark.ledger("DE-007")
def test_an_orthodontic_visit_asks_for_the_specialists_time_until_it_is_booked(leap_day: Any) -> None:
    """Given a wish for braces examined by Dr Lin, the desk looks for a time with Dr Xie; her own patients need none."""
    leap_day("2026-12-07 08:40")
    han = patient("韩博")
    visit = walked_in(han, visit_class="orthodontic")
    task = Task.objects.get(kind=SPECIALIST_SLOT, key=str(visit.code))
    assert (task.state, "front_desk" in task.roles) == ("open", True)
    walked_in(patient("何静"), doctor="023", visit_class="orthodontic")
    assert Task.objects.filter(kind=SPECIALIST_SLOT).count() == 1

    booked(han, "2026-12-07 15:00", doctor="014")
    clockwork()
    task.refresh_from_db()
    assert task.state == "open"
    booked(han, "2026-12-07 16:00", doctor="023", chair=chair("3"))
    clockwork()
    task.refresh_from_db()
    assert (task.state, task.result) == ("done", "booked")


# --- figures and ports ------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-008")
def test_classes_are_counted_by_doctor(leap_day: Any) -> None:
    """Whoever left unseen does not count, nor does another month."""
    walked_in(patient("甲"))
    walked_in(patient("乙"))
    walked_in(patient("丙"), visit_class="consultation")
    walked_in(patient("丁"), doctor="014", visit_class="exempt", visit_class_reason="consulted")
    gone = walked_in(patient("戊"))
    actions.leave_unseen(by=person("bai.lan"), visit=gone, reason="tired")
    leap_day("2028-03-01 10:00")
    walked_in(patient("己"))

    answer = api("gao.wen").get(
        "/api/v1/dental/visit-classes/", {"site": str(center().code), "first": "2028-02-01", "last": "2028-02-29"}
    )
    assert answer.status_code == 200
    assert [(row["number"], row["counts"], row["total"]) for row in answer.json()["results"]] == [
        ("011", {"first": 2, "consultation": 1}, 3),
        ("014", {"exempt": 1}, 1),
    ]
    page = browser("gao.wen").get("/dental/visit-classes/?first=2028-02-01&last=2028-02-29")
    assert page.status_code == 200
    assert "林医生" in page.content.decode()
    assert browser("gao.wen").get("/dental/visit-classes/?first=2028-02-01&last=2030-02-01").status_code == 422
    assert api("bai.lan").get("/api/v1/dental/visit-classes/").status_code == 403


@pytest.mark.ledger("AP-042", "DE-009")
def test_whoever_books_is_told_the_original_doctor_until_the_grace_is_over(leap_day: Any) -> None:
    """SC-05: within the guarantee and 30 days longer Dr Lin is the first choice, on 2029-03-31 not any more."""
    han = patient("韩博")
    filled(han)
    for day, wanted in (("2029-02-28", 1), ("2029-03-30", 1), ("2029-03-31", 0)):
        leap_day(f"{day} 09:00")
        found = earlier_treatments(han, date.fromisoformat(day))
        assert [earlier.doctor for earlier in found] == [staff("011")] * wanted, day
        drawer = browser("bai.lan").get(f"/appointments/new/?patient={han.code}").content.decode()
        assert ("林医生 2029-02-28" in drawer) == bool(wanted)


@pytest.mark.ledger("DE-002")
def test_the_page_and_the_api_say_what_another_tooth_would_be(leap_day: Any) -> None:
    han = patient("韩博")
    filled(han)
    leap_day("2029-03-31 09:00")
    asked = api("dr.lin").get(f"/api/v1/dental/patients/{han.code}/visit-class/", {"tooth": 46})
    assert asked.json()["visit_class"] == "first"
    same = {"tooth": 36, "item": str(item().code)}
    assert api("dr.lin").get(f"/api/v1/dental/patients/{han.code}/visit-class/", same).json()["visit_class"] == "return"
    page = browser("dr.lin").get(f"/dental/patients/{han.code}/?tooth=46").content.decode()
    assert asked.json()["why"][:10] in page or "2028-02-29" in page
