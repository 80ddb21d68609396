"""Paper charts: staged for the day, copied under a stamp, given out, printed; and how doctors write theirs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.parameters.actions import set_parameter
from services.charts import actions, selectors
from services.charts.models import ChartPrint, ChartRelease, Transcription
from services.charts.room import ROOM
from services.patients.models import Patient
from services.tasks.models import Task
from services.treatment_area.models import Feedback
from tests.services.doors import SYSTEM, browser, person, statements
from tests.services.flow import booked, center, patient, walked_in

BAI, REN, GAO, DOU, FANG = "bai.lan", "ren.tao", "gao.wen", "dou.heng", "fang.li"
OPEN: set[int] = set()


def in_dispute(who: Patient) -> str | None:
    """What a till or a complaint would answer."""
    return "refund" if who.pk in OPEN else None


@pytest.fixture(autouse=True)
def wednesday(smile: Any, at: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    OPEN.clear()
    monkeypatch.setitem(ROOM.slots, "chart.holds", ("tests.services.test_charts.in_dispute",))  # type: ignore[arg-type]
    at("2026-12-16 11:00")
    return at


def rule(key: str, value: Any) -> None:
    set_parameter(by=SYSTEM, key=key, value=value)


def asked(who: Patient, kind: str = "original", **facts: Any) -> ChartRelease:
    known = {"by": person(BAI), "site": center(), "reason": "要去外院"}
    return actions.request_release(patient=who, kind=kind, **(known | facts))


def given(release: ChartRelease, **facts: Any) -> ChartRelease:
    known = {"by": person(BAI), "receiver": "patient", "receiver_name": "宋倩", "identity_checked": True}
    if release.kind == "original":
        known["return_on"] = date(2026, 12, 18)
    return actions.hand_out(release=release, **(known | facts))


# --- release ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-007", "CA-034")
def test_song_demands_the_chart_during_her_refund(wednesday: Any) -> None:
    """SC-12: refused to the desk; the supervisor's consent releases it with name and time."""
    song = patient("宋倩")
    OPEN.add(song.pk)
    release = asked(song)
    task = Task.objects.get(kind=actions.CONSENT)
    assert "supervisor" in task.roles
    with pytest.raises(Forbidden) as refused:
        given(release)
    assert refused.value.code == "consent_needed"
    with pytest.raises(Forbidden):
        actions.consent_to_release(by=person(REN), release=release)

    supervisor, desk = browser(GAO), browser(BAI)
    assert supervisor.post(f"/charts/releases/{release.code}/consent/").status_code == 303
    release.refresh_from_db()
    task.refresh_from_db()
    assert (release.decided_by_name, release.holds, task.state) == ("高文", ["refund"], Task.State.DONE)
    url = f"/charts/releases/{release.code}/hand-out/"
    facts = {"receiver": "patient", "receiver_name": "宋倩", "return_on": "2026-12-18"}
    assert desk.post(url, facts).status_code == 422  # nobody looked at her identity card
    assert desk.post(url, facts | {"return_on": "", "identity_checked": "on"}).status_code == 422
    assert desk.post(url, facts | {"identity_checked": "on"}).status_code == 303
    assert "高文" in desk.get(f"/charts/patients/{song.code}/").content.decode()

    back = Task.objects.get(kind=actions.BACK)
    with pytest.raises(Conflict):
        asked(song)
    assert desk.post(f"/charts/releases/{release.code}/take-back/").status_code == 303
    release.refresh_from_db()
    back.refresh_from_db()
    assert (release.state, release.returned_to_name, back.state) == ("returned", "白岚", Task.State.DONE)


@pytest.mark.ledger("CR-007")
def test_a_copy_is_the_patients_right_unless_the_house_asks_for_consent() -> None:
    song = patient("宋倩")
    literal = asked(song, "copy")
    with pytest.raises(Forbidden):
        given(literal)
    rule("chart_copy_consent", False)
    OPEN.add(song.pk)  # not even a dispute stands against a copy
    with pytest.raises(RuleRefused) as unchecked:
        given(literal, identity_checked=False)
    assert unchecked.value.code == "identity_unchecked"
    given(literal)
    literal.refresh_from_db()
    assert (literal.state, literal.handed_by_name, literal.decided_by_name) == ("handed_out", "白岚", "")
    with pytest.raises(Conflict) as stays:
        actions.take_back(by=person(BAI), release=literal)
    assert stays.value.code == "copy_stays"
    with pytest.raises(IntegrityError, match="charts_release_identified"), transaction.atomic():
        ChartRelease.objects.filter(pk=literal.pk).update(identity_checked=False)


@pytest.mark.ledger("CR-008")
def test_who_keeps_the_chart_decides_unless_something_is_in_dispute() -> None:
    song = patient("宋倩")
    rule("record_custody", "patient_held")
    own = asked(song)
    OPEN.add(song.pk)
    with pytest.raises(Forbidden) as refused:
        given(own)
    assert refused.value.code == "consent_needed"
    rule("chart_original_in_dispute", "never")
    with pytest.raises(RuleRefused) as never:
        actions.consent_to_release(by=person(GAO), release=own)
    assert never.value.code == "original_in_dispute"
    OPEN.clear()
    actions.consent_to_release(by=person(GAO), release=own)
    OPEN.add(song.pk)  # the refund begins between consent and hand-out
    with pytest.raises(Conflict) as late:
        given(own)
    assert late.value.code == "consent_before_dispute"
    OPEN.clear()
    assert given(own).state == "handed_out"
    other = patient("吴飞")
    assert given(asked(other)).state == "handed_out"  # patient-held and nothing in dispute: nobody is asked


@pytest.mark.ledger("CR-007")
def test_whoever_noted_the_request_does_not_decide_on_it() -> None:
    release = asked(patient("宋倩"), by=person(GAO))
    with pytest.raises(Forbidden) as own:
        actions.consent_to_release(by=person(GAO), release=release)
    assert own.value.code == "own_request"
    assert browser(DOU).post(f"/charts/releases/{release.code}/refuse/", {"words": ""}).status_code == 422
    assert browser(DOU).post(f"/charts/releases/{release.code}/refuse/", {"words": "原件不外借"}).status_code == 303
    with pytest.raises(Conflict):
        given(release)
    assert browser(FANG).get("/charts/releases/").status_code == 403


# --- staging (FD-021) -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-021")
def test_the_days_charts_in_the_order_of_their_times_with_their_tick(wednesday: Any) -> None:
    wednesday("2026-12-14 09:00")
    later = booked(patient("吴飞"), "2026-12-16 15:00")
    first = booked(patient("陈雨"), "2026-12-16 09:00", doctor="020")
    booked(patient("朱蕾"), "2026-12-17 09:00")
    wednesday("2026-12-16 08:30")
    desk = browser(BAI)
    assert [row.appointment for row in desk.get("/charts/").context["rows"]] == [first, later]
    assert desk.post(f"/charts/appointments/{first.code}/pull/").status_code == 303
    assert desk.post(f"/charts/appointments/{first.code}/pull/").status_code == 303
    rows = selectors.staging(center(), date(2026, 12, 16))
    assert [row.pulled.pulled_by_name if row.pulled else "" for row in rows] == ["白岚", ""]
    one = statements(lambda: desk.get("/charts/"))
    booked(patient("宋倩"), "2026-12-16 16:00", doctor="020")
    assert statements(lambda: desk.get("/charts/")) == one
    assert desk.post(f"/charts/appointments/{first.code}/back/").status_code == 303
    assert not any(row.pulled for row in selectors.staging(center(), date(2026, 12, 16)))


@pytest.mark.ledger("FD-021")
def test_fewer_than_twenty_blank_records_raise_an_alert() -> None:
    desk = browser(BAI)
    assert desk.post("/charts/blanks/", {"count": "20"}).status_code == 303
    assert not Task.objects.filter(kind=actions.BLANKS).exists()
    for count in ("19", "12"):
        assert desk.post("/charts/blanks/", {"count": count}).status_code == 303
    task = Task.objects.get(kind=actions.BLANKS)
    assert (task.state, task.args["count"]) == (Task.State.OPEN, 19)
    assert desk.post("/charts/blanks/", {"count": "-1"}).status_code == 422
    assert desk.post("/charts/blanks/", {"count": "200"}).status_code == 303
    task.refresh_from_db()
    assert task.state == Task.State.DONE
    desk.post("/charts/blanks/", {"count": "3"})
    assert Task.objects.filter(kind=actions.BLANKS, state=Task.State.OPEN).count() == 1


# --- transcription (FD-022) -------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-022")
def test_each_entry_carries_its_stamp_and_is_compared_by_another_person(wednesday: Any) -> None:
    who = patient("陈雨")
    desk, colleague = browser(BAI), browser(REN)
    facts = {"written_on": "2026-12-15", "text": "36 远中龋，去腐"}
    assert desk.post(f"/charts/patients/{who.code}/transcribe/", facts | {"text": ""}).status_code == 422
    assert desk.post(f"/charts/patients/{who.code}/transcribe/", facts).status_code == 303
    entry = Transcription.objects.get()
    assert entry.stamp == f"白岚 · 2026-12-16 11:00 · {entry.text_hash[:8]}"
    url = f"/charts/transcriptions/{entry.code}/"

    with pytest.raises(Forbidden) as own:
        actions.verify(by=person(BAI), entry=entry, seen_hash=entry.text_hash)
    assert own.value.code == "own_entry"
    with pytest.raises(IntegrityError, match="charts_transcription_two_people"), transaction.atomic():
        Transcription.objects.filter(pk=entry.pk).update(verified_by=entry.entered_by)
    assert colleague.post(f"{url}give-back/").status_code == 409  # not before it was compared
    seen = entry.text_hash
    assert colleague.post(f"{url}differs/", {"difference": "近中", "seen_hash": seen}).status_code == 303
    wednesday("2026-12-16 11:20")
    assert colleague.post(f"{url}again/", {"text": "x"}).status_code == 403
    assert desk.post(f"{url}again/", {"text": "36 近中龋，去腐"}).status_code == 303
    entry.refresh_from_db()
    assert entry.stamp == f"白岚 · 2026-12-16 11:20 · {entry.text_hash[:8]}"
    assert colleague.post(f"{url}verify/", {"seen_hash": seen}).status_code == 409  # other words than those compared
    assert colleague.post(f"{url}verify/", {"seen_hash": entry.text_hash}).status_code == 303
    assert desk.post(f"{url}give-back/").status_code == 303
    entry.refresh_from_db()
    assert (entry.state, entry.verified_by_name) == ("returned", "任涛")
    assert "36 近中龋" in browser("dr.lin").get(f"/records/patients/{who.code}/").content.decode()


# --- looking up (FD-023), chart writing (CR-014) ----------------------------------------------------------------------


@pytest.mark.ledger("FD-023")
def test_each_print_is_logged_with_its_requester_and_purpose() -> None:
    who = patient("陈雨")
    desk, url = browser(BAI), f"/charts/patients/{who.code}/print/"
    facts = {"act": "print", "requester": "林医生", "purpose": "treatment", "pages": "3"}
    for gap in ({"requester": ""}, {"purpose": ""}, {"pages": "0"}):
        assert desk.post(url, facts | gap).status_code == 422
    with pytest.raises(RuleRefused) as nobody:
        actions.log_print(by=person(BAI), site=center(), patient=who, act="look_up", requester=" ", purpose="treatment")
    assert nobody.value.code == "requester_missing"
    assert not ChartPrint.objects.exists()
    assert desk.post(url, facts).status_code == 303
    listed = desk.get("/charts/prints/").content.decode()
    assert "林医生" in listed
    assert "陈雨" in listed
    assert browser(FANG).post(url, facts).status_code == 403
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ChartPrint.objects.all().update(pages=1)


@pytest.mark.ledger("CR-014")
def test_how_complete_doctors_charts_were_found_by_doctor_and_day(wednesday: Any) -> None:
    for name, good, doctor in (("陈雨", True, "011"), ("吴飞", False, "011"), ("朱蕾", True, "020")):
        visit = walked_in(patient(name), doctor=doctor)
        Feedback.objects.create(site=center(), visit=visit, about="chart", is_good=good, at=visit.arrived_at)
    day = date(2026, 12, 16)
    found = selectors.chart_writing(person(GAO), center(), day, day)
    assert [(line.name, line.complete, line.incomplete) for line in found] == [("林医生", 1, 1), ("徐医生", 1, 0)]
    assert selectors.chart_writing(person(GAO), center(), date(2026, 12, 15), date(2026, 12, 15)) == []
    assert "林医生" in browser(GAO).get("/charts/writing/").content.decode()
    assert browser(BAI).get("/charts/writing/").status_code == 403
