"""Looking through entries, late entries, sensitive entries, retention, and where patients come from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.parameters.actions import set_parameter
from kernel.parameters.scopes import Scope
from services.catalogue.actions import ensure_item
from services.catalogue.models import Item
from services.patients.models import Patient
from services.records import actions, customers, retention, reviewing, selectors
from services.records.models import ClinicalNote, EntryReview, Treatment
from services.staff.models import StaffMember
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import center, local, patient

LIN, XU, PAN, QIN = "dr.lin", "dr.xu", "dr.pan", "qin.yu"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


@pytest.fixture
def filling() -> Item:
    return ensure_item(by=SYSTEM, key="test-filling", name_zh="试验充填", category="treatment", price_fen=42_000)


def rule(key: str, value: Any) -> None:
    set_parameter(by=SYSTEM, key=key, scope=Scope.tenant(), value=value)


def treat(who: Patient, item: Item, **facts: Any) -> Treatment:
    known = {"by": person(LIN), "site": center(), "doctor": staff("011"), "note": "远中去腐"}
    return actions.record_treatment(patient=who, item=item, **(known | facts))


def note(who: Patient, text: str, **facts: Any) -> ClinicalNote:
    return actions.add_note(
        patient=who, text=text, **({"by": person(LIN), "site": center(), "author": staff("011")} | facts)
    )


# --- review (CR-003) --------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-003")
def test_an_entry_is_looked_through_by_another_person_and_comes_back_right(filling: Item) -> None:
    who = patient("陈雨")
    treat(who, filling)
    review = EntryReview.objects.get()

    with pytest.raises(Forbidden) as refused:
        reviewing.accept_entry(by=person(LIN), review=review)
    assert refused.value.code in ("permission_denied", "transition_forbidden")
    with pytest.raises(RuleRefused) as empty:
        reviewing.return_entry(by=person(QIN), review=review, objection=" ")
    assert empty.value.code == "objection_missing"

    reviewing.return_entry(by=person(QIN), review=review, objection="牙位写错")
    task = Task.objects.get(kind=reviewing.RETURNED)
    assert task.assignee is not None
    assert task.assignee.username == LIN
    with pytest.raises(Forbidden) as stranger:
        reviewing.enter_again(by=person(XU), review=review, answer="已改")
    assert stranger.value.code == "not_your_entry"
    reviewing.enter_again(by=person(LIN), review=review, answer="已更正为近中")
    task.refresh_from_db()
    assert (review.state, task.state) == ("entered", Task.State.DONE)
    reviewing.accept_entry(by=person(QIN), review=review)

    review.refresh_from_db()
    assert (review.state, review.reviewed_by_name, review.returned) == ("reviewed", "秦宇", 1)
    with pytest.raises(Conflict):
        reviewing.accept_entry(by=person(QIN), review=review)


@pytest.mark.ledger("CR-003")
def test_nobody_looks_through_their_own_entry_not_even_the_database(filling: Item) -> None:
    treat(patient("陈雨"), filling, by=person(PAN), doctor=staff("005"))
    review = EntryReview.objects.get()
    with pytest.raises(Forbidden) as refused:
        reviewing.accept_entry(by=person(PAN), review=review)
    assert refused.value.code == "own_entry"
    assert not reviewing.worklist(person(PAN), center()).exists()
    assert reviewing.worklist(person(QIN), center()).get() == review
    with pytest.raises(IntegrityError, match="records_reviewed_by_another"), transaction.atomic():
        EntryReview.objects.filter(pk=review.pk).update(reviewed_by=review.entered_by)


@pytest.mark.ledger("CR-003")
def test_new_colleagues_risk_and_a_sample_are_looked_through(filling: Item) -> None:
    rule("review_sample_percent", 0)
    StaffMember.objects.filter(number="011").update(hired_on=date(2020, 1, 1))
    who = patient("陈雨")
    treat(who, filling)
    assert not EntryReview.objects.exists()

    note(who, "复查", is_sensitive=True)
    assert EntryReview.objects.get().basis == "risk"
    treat(who, filling, performed_at=local("2026-12-06 10:00"))  # entered a day late
    StaffMember.objects.filter(number="020").update(hired_on=date(2026, 11, 20))
    treat(who, filling, by=person(XU), doctor=staff("020"))
    assert list(EntryReview.objects.order_by("id").values_list("basis", flat=True)) == ["risk", "risk", "new_staff"]

    codes = [treat(who, filling).code for _ in range(20)]
    assert [reviewing.drawn(code, 100) for code in codes] == [True] * 20
    assert sum(reviewing.drawn(code, 50) for code in codes) not in (0, 20)
    assert [reviewing.drawn(code, 50) for code in codes] == [reviewing.drawn(code, 50) for code in codes]


def test_the_worklist_on_its_page_and_over_the_api(filling: Item) -> None:
    who = patient("陈雨")
    treat(who, filling)
    review = EntryReview.objects.get()
    lead, doctor = browser(QIN), browser(LIN)

    assert "试验充填" in lead.get("/records/review/").content.decode()
    assert doctor.get("/records/review/").status_code == 403
    url = f"/records/review/{review.code}/"
    assert lead.get(url).context["may_review"]
    assert not doctor.get(url).context["may_review"]
    assert browser(XU).get(url).status_code == 404
    assert lead.post(f"{url}return/", {"objection": ""}).status_code == 422
    assert lead.post(f"{url}return/", {"objection": "牙位写错"}).status_code == 303
    assert doctor.get(url).context["may_answer"]
    assert doctor.post(f"{url}again/", {"answer": "已更正"}).status_code == 303
    accepted = api(QIN).post(f"/api/v1/records/reviews/{review.code}/accept/")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "reviewed")
    assert api(QIN).get("/api/v1/records/reviews/?state=reviewed").json()["count"] == 1

    reader = browser(QIN)
    one = statements(lambda: reader.get("/records/review/?show=reviewed"))
    for name in ("吴飞", "朱蕾", "宋倩"):
        treat(patient(name), filling)
    EntryReview.objects.filter(state="entered").update(state="reviewed", reviewed_by=person(QIN).user_id, reviewed_at=local("2026-12-07 10:05"))  # fmt: skip
    assert statements(lambda: reader.get("/records/review/?show=reviewed")) == one


@pytest.mark.ledger("CR-002")
def test_late_entries_are_reported_with_their_share(filling: Item, monday: Any) -> None:
    who = patient("陈雨")
    treat(who, filling)
    monday("2026-12-08 00:00")
    late = treat(who, filling, performed_at=local("2026-12-07 23:00"))
    times = reviewing.entry_times(person(QIN), center(), date(2026, 12, 7), date(2026, 12, 8))
    assert (times.entered, times.late, times.on_time) == (2, (late,), 0.5)
    assert who.record_number in browser(QIN).get("/records/late/?month=2026-12").content.decode()

    rule("record_entry_due", 1)
    monday("2026-12-10 00:00")
    treat(who, filling, performed_at=local("2026-12-08 23:00"))
    treat(who, filling, performed_at=local("2026-12-09 00:00"))
    times = reviewing.entry_times(person(QIN), center(), date(2026, 12, 8), date(2026, 12, 9))
    assert (times.entered, len(times.late)) == (2, 1)


# --- sensitive results (CR-021) ---------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-021")
def test_a_sensitive_result_is_read_by_the_treating_team_only(filling: Item) -> None:
    who = patient("陈雨")
    secret = note(who, "梅毒抗体初筛阳性", is_sensitive=True)
    done = treat(who, filling, note="性病筛查", is_sensitive=True)
    chart, feed = f"/records/patients/{who.code}/", f"/api/v1/records/notes/?patient={who.code}"

    assert "梅毒" in browser(LIN).get(chart).content.decode()
    for username in (XU, "mo.xiao", "dou.heng"):
        page = browser(username).get(chart).content.decode()
        assert "梅毒" not in page
        assert "性病筛查" not in page
        assert "仅限" in page or "treating team" in page
    assert api(XU).get(feed).json()["count"] == 0
    assert api(XU).get(f"/api/v1/records/treatments/{done.code}/").status_code == 404
    with pytest.raises(NotFound):
        selectors.access_note(person(XU), secret.code)
    assert "试验充填" not in browser(XU).get(f"/patients/{who.code}/").content.decode()

    treat(who, filling, by=person(XU), doctor=staff("020"), assistant=staff("201"))
    assert "梅毒" in browser(XU).get(chart).content.decode()
    assert "梅毒" in browser("mo.xiao").get(chart).content.decode()
    assert actions.add_note(by=person(LIN), site=center(), patient=who, author=staff("011"), text="更正", corrects=secret).is_sensitive  # fmt: skip


# --- kept (CR-010) ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-010")
def test_nothing_of_a_chart_is_removed_and_it_is_found_years_later(filling: Item, monday: Any) -> None:
    who = patient("陈雨")
    done = treat(who, filling, note="36 远中合面")
    for table in ("patients_patient", "records_treatment", "records_clinicalnote", "records_entryreview"):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")

    monday("2034-03-01 09:00")
    desk = browser(LIN)
    found = desk.get(f"/patients/?q={who.record_number}").content.decode()
    assert str(who.code) in found
    assert "36 远中合面" in desk.get(f"/records/patients/{who.code}/").content.decode()
    assert str(done.code) in str(api(LIN).get(f"/api/v1/records/treatments/?patient={who.code}").json())


@pytest.mark.ledger("CR-010")
def test_a_file_is_kept_for_years_after_its_last_entry_and_longer_on_hold(filling: Item, monday: Any) -> None:
    who, other = patient("陈雨"), patient("吴飞")
    treat(who, filling)
    assert retention.keep_until(who) == date(2041, 12, 7)
    with pytest.raises(RuleRefused):
        retention.hold_file(by=person("dou.heng"), patient=who, until=date(2026, 12, 7), reason="纠纷")
    monday("2035-01-10 09:00")
    treat(who, filling)
    assert retention.keep_until(who) == date(2050, 1, 10)

    monday("2041-12-08 09:00")
    codes = [kept.patient for kept in retention.expired(person("dou.heng"))]
    assert other in codes
    assert who not in codes
    director = browser("dou.heng")
    assert director.post("/records/retention/", {"record_number": other.record_number, "until": "2045-01-01", "reason": "诉讼"}).status_code == 303  # fmt: skip
    assert retention.keep_until(other) == date(2045, 1, 1)
    assert other not in [kept.patient for kept in retention.expired(person("dou.heng"))]
    assert browser("bai.lan").get("/records/retention/").status_code == 403


# --- where they come from (CR-012, CR-013) ----------------------------------------------------------------------------


@pytest.mark.ledger("CR-012")
def test_sources_are_counted_with_who_was_treated(filling: Item) -> None:
    treat(patient("陈雨", media_source="map"), filling)
    patient("吴飞", media_source="map")
    patient("朱蕾", media_source="passing")
    today = date(2026, 12, 7)
    lines = customers.media_sources(person("dou.heng"), today, today)
    counted = {str(line.label): (line.registered, line.first_treated) for line in lines}
    assert sorted(counted.values()) == [(1, 0), (2, 1)]
    page = browser("dou.heng").get("/records/figures/")
    assert page.status_code == 200
    with pytest.raises(Forbidden):
        customers.media_sources(person("bai.lan"), today, today)


@pytest.mark.ledger("CR-013")
def test_patients_are_potential_existing_loyal_and_lost_by_parameters(filling: Item, monday: Any) -> None:
    before = customers.lifecycle(person("dou.heng"))
    once, often = patient("陈雨"), patient("吴飞")
    patient("朱蕾")
    for _time in range(4):
        treat(once, filling)  # four times on one day is one day
    for day in range(4):
        monday(f"2026-12-{8 + day:02d} 10:00")
        treat(often, filling)
    now = customers.lifecycle(person("dou.heng"))
    grown = (now.potential - before.potential, now.existing - before.existing, now.loyal - before.loyal)
    assert grown == (1, 1, 1)
    assert (now.months[0].new, now.months[0].retained, now.months[0].lost) == (2, 0, 0)
    monday("2027-01-05 10:00")
    treat(often, filling)
    assert (customers.lifecycle(person("dou.heng")).months[0].new, customers.lifecycle(person("dou.heng")).months[0].retained) == (0, 1)  # fmt: skip
    monday("2027-12-20 10:00")
    assert customers.lifecycle(person("dou.heng")).months[0].lost == 1
    rule("lost_after_days", 400)
    monday(str((date(2027, 12, 20) + timedelta(days=1)).isoformat()) + " 10:00")
    assert customers.lifecycle(person("dou.heng")).months[0].lost == 0
    rule("loyal_days", 2)
    assert customers.lifecycle(person("dou.heng")).loyal >= 1
