"""The first twelve figures, each computed by hand from a day that was lived through actions (settled 38)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models import F

from aesthetics.actions import record_procedure
from aesthetics.models import ProcedureTemplate
from escort import service
from kernel import clock, registry, timers
from kernel.ids import uuid7
from kernel.outbox import relay_pending
from kernel.outbox.models import OutboxEvent
from kernel.registry import Fact
from kernel.timers.models import Timer
from services.appointments import actions as bookings
from services.cashier.actions import settle_arrear
from services.cashier.taking import HandedOver
from services.followup import actions as calls
from services.followup.handlers import open_due
from services.followup.models import FollowUp
from services.headquarters.handlers import take_in_day
from services.headquarters.matrix import build_matrix, period
from services.kpis import selectors
from services.kpis.actions import active_kpis, compute, measure, measuring_later
from services.kpis.handlers import measure_recent
from services.kpis.models import DailyFact, DayPush
from services.patients.reading import note_read
from services.reception import actions as desk
from services.reception.models import Visit, WaitExplanation
from services.sites.models import Site
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.figures import Branch
from tests.services.flow import booked, center, chair, clockwork, patient, walked_in
from tests.services.till import charged, signed
from tests.verticals import agency

REASON = WaitExplanation.Reason.values[0]
DOCTORS = {"011": "dr.lin", "020": "dr.xu", "014": "dr.zhao"}
MONDAY = date(2026, 12, 7)
FIRST_TWELVE = (
    "visits", "first_visit_share", "no_show", "median_wait", "unexplained_waits", "reminders_completed",
    "followups_on_time", "takings", "arrears", "escort_on_time", "escort_time_to_accept", "postop_on_time",
)  # fmt: skip


@pytest.fixture
def monday(smile, at):
    at("2026-12-07 08:30")
    return at


def fact_of(key: str, day: date = MONDAY, site: Site | None = None) -> Fact | None:
    """The figure as its definition computes it."""
    return compute(next(kpi for kpi in active_kpis() if kpi.key == key), site or center(), day)


def parts(fact: Fact | None) -> tuple[int, int | None, int] | None:
    return None if fact is None else (fact.numerator, fact.denominator, fact.n)


def shown(key: str, day: date = MONDAY, until: date | None = None) -> float | None:
    """The figure as the branch reads it over a period."""
    rows = selectors.figures(person("gao.wen"), site=center(), start=day, end=until or day)
    return next(figure.value for figure in rows if figure.kpi.key == key)


def led_in(who: Visit, room: str) -> Visit:
    return desk.lead_in(by=person("su.qi"), visit=who, chair=chair(room))


# --- the definitions --------------------------------------------------------------------------------------------------


@pytest.mark.ledger("HQ-002")
def test_the_first_twelve_are_there_once_each_with_version_and_definition(smile):
    known = {kpi.key: kpi for room in registry.rooms() for kpi in room.kpis}
    assert set(FIRST_TWELVE) <= set(known)
    assert len([kpi for room in registry.rooms() for kpi in room.kpis]) == len(known)
    for key in FIRST_TWELVE:
        assert known[key].version >= 1
        assert str(known[key].definition).strip()


@pytest.mark.ledger("HQ-004")
def test_a_day_without_anything_is_no_zero(monday):
    for key in ("visits", "first_visit_share", "no_show", "median_wait", "unexplained_waits", "reminders_completed"):
        assert fact_of(key) is None, key
    for key in ("followups_on_time", "takings", "arrears"):
        assert fact_of(key) is None, key
    measure(center(), MONDAY)
    assert set(DailyFact.objects.values_list("key", flat=True)) <= {"gate_overrides"}
    assert shown("takings") is None
    # What another line of business measures does not exist here at all.
    assert {"escort_on_time", "escort_time_to_accept", "postop_on_time"}.isdisjoint(kpi.key for kpi in active_kpis())


# --- the front desk ---------------------------------------------------------------------------------------------------


def test_visits_and_first_visits(monday, at):
    known = patient("老客")
    at("2026-12-04 10:00")
    old = walked_in(known)
    Visit.objects.filter(pk=old.pk).update(state="closed")
    at("2026-12-07 09:00")
    for who in (known, patient("甲"), patient("乙"), patient("丙")):
        walked_in(who)

    assert parts(fact_of("visits")) == (4, None, 4)
    assert parts(fact_of("first_visit_share")) == (3, 4, 4)
    measure(center(), MONDAY)
    assert shown("first_visit_share") == 75.0


@pytest.mark.ledger("QU-018")
def test_the_median_wait_of_a_day_and_of_several(monday, at):
    for number, (minutes, doctor, room) in enumerate([(5, "011", "1"), (10, "020", "2"), (24, "005", "3")]):
        at("2026-12-07 09:00")
        visit = walked_in(patient(f"甲{number}"), doctor=doctor)
        at.advance(minutes=minutes)
        led_in(visit, room)
    at("2026-12-08 09:00")
    visit = walked_in(patient("乙"), doctor="014")
    at.advance(minutes=18)
    led_in(visit, "5")

    assert parts(fact_of("median_wait")) == (30, 3, 3)
    tuesday = MONDAY + timedelta(days=1)
    for day in (MONDAY, tuesday):
        measure(center(), day)
    assert shown("median_wait") == 10.0
    # Three patients at 10 minutes and one at 18.
    assert shown("median_wait", MONDAY, tuesday) == 12.0


@pytest.mark.ledger("QU-004")
@pytest.mark.parametrize(
    ("waited", "explained_at", "breach"),
    [("20:00", None, 0), ("20:01", None, 1), ("25:00", "20:30", 0), ("25:00", "after", 1)],
)
def test_a_wait_of_exactly_twenty_minutes_is_no_breach(monday, at, waited, explained_at, breach):
    at("2026-12-07 09:00:00")
    visit, other = walked_in(patient("陈雨")), walked_in(patient("何静"), doctor="020")
    led_in(other, "2")
    words = {"by": person("yao.jing"), "reason": REASON, "words": "医生上一台手术还没结束"}
    if explained_at and explained_at != "after":
        at(f"2026-12-07 09:{explained_at}")
        clockwork()
        desk.explain_wait(visit=visit, **words)
    at(f"2026-12-07 09:{waited}")
    clockwork()
    led_in(visit, "1")
    if explained_at == "after":
        at.advance(minutes=1)
        desk.explain_wait(visit=visit, **words)

    assert parts(fact_of("unexplained_waits")) == (breach, 2, 2)


# --- bookings and calls -----------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-040")
def test_no_shows_and_confirmations(monday, at):
    desk_ = person("bai.lan")
    kept, gone, missed, late = (booked(patient(f"人{hour}"), f"2026-12-09 {hour}:00") for hour in (10, 11, 14, 15))
    at("2026-12-08 10:00")
    bookings.record_confirmation(by=desk_, appointment=kept, result="confirmed")
    bookings.cancel_appointment(by=desk_, appointment=gone, reason="ill")
    at("2026-12-09 10:00")
    bookings.mark_arrived(by=desk_, appointment=kept)
    bookings.mark_completed(by=desk_, appointment=kept)
    at("2026-12-09 16:00")
    bookings.mark_no_show(by=desk_, appointment=missed)

    wednesday = date(2026, 12, 9)
    assert parts(fact_of("no_show", wednesday)) == (1, 3, 3), "what is still open does not count"
    assert late.state != "no_show"
    # Due on the 8th: one in time, one never answered; the cancelled and the missed booking withdrew theirs.
    assert parts(fact_of("reminders_completed", date(2026, 12, 8))) == (1, 2, 2)
    measure(center(), wednesday)
    assert shown("no_show", wednesday) == pytest.approx(100 / 3)


@pytest.mark.ledger("FU-020")
def test_follow_ups_count_on_time_only_on_their_day(monday, at):
    for name, doctor, room in (("甲", "011", "1"), ("乙", "020", "2"), ("丙", "014", "5")):
        visit = led_in(walked_in(patient(name), doctor=doctor), room)
        desk.finish_treatment(by=person(DOCTORS[doctor]), visit=visit)
    clockwork()
    due = list(FollowUp.objects.filter(due_on=MONDAY).order_by("id"))
    assert len(due) == 3
    caller = person("gao.wen")
    at("2026-12-07 18:00")
    calls.close_with_result(by=caller, followup=due[0], result=FollowUp.Result.FINE)
    calls.cancel_followup(by=caller, followup=due[2], reason="moved away")
    assert parts(fact_of("followups_on_time")) == (1, 2, 2)
    at("2026-12-08 09:00")
    calls.close_with_result(by=caller, followup=due[1], result=FollowUp.Result.FINE)
    assert parts(fact_of("followups_on_time")) == (1, 2, 2), "the next morning is late"


# --- money ------------------------------------------------------------------------------------------------------------


def test_takings_count_on_the_day_of_the_payment_and_arrears_as_they_stood(monday, at):
    slip = signed(patient("梁博"))
    at("2026-12-08 23:59:59")
    arrear = charged(slip, owed={"filling": 50_000}).arrears.get()
    at("2026-12-09 00:00:00")
    cash = HandedOver(tender="cash", fen=50_000)
    settle_arrear(by=person("fang.li"), site=center(), arrear=arrear, amount_fen=50_000, handed_over=[cash])

    eighth, ninth, tenth = (date(2026, 12, day) for day in (8, 9, 10))
    assert fact_of("takings", MONDAY) is None, "signed, not paid"
    assert parts(fact_of("takings", eighth)) == (118_000, None, 1)
    assert parts(fact_of("takings", ninth)) == (50_000, None, 1)
    assert fact_of("takings", tenth) is None
    assert parts(fact_of("arrears", eighth)) == (50_000, None, 1)
    assert parts(fact_of("arrears", ninth)) == (0, None, 0), "nobody owes: measured, and zero"
    for day in (eighth, ninth):
        measure(center(), day)
    assert shown("takings", eighth, ninth) == 168_000
    assert shown("arrears", eighth) == 50_000
    assert shown("arrears", eighth, ninth) == 0, "a state counts as it stood last, it is not added up"


@pytest.mark.ledger("CA-017")
def test_the_median_wait_at_the_till_counts_signed_slips_and_no_goods(monday, at):
    # Given three slips signed at nine, charged after 4, 10 and 30 minutes, and one that waits still
    waiting = []
    for number in range(4):
        at("2026-12-07 09:00")
        waiting.append(signed(patient(f"甲{number}")))
    for slip, minute in zip(waiting, (4, 10, 30), strict=False):
        at(f"2026-12-07 09:{minute:02d}")
        charged(slip)

    # Then the median of the day is that of the three; the next day has none until the fourth is charged
    assert parts(fact_of("till_wait")) == (30, 3, 3)
    assert fact_of("till_wait", MONDAY + timedelta(days=1)) is None
    measure(center(), MONDAY)
    assert shown("till_wait") == 10.0


# --- dirty days -------------------------------------------------------------------------------------------------------


def measured() -> set[date]:
    return set(DailyFact.objects.filter(key__in=FIRST_TWELVE).values_list("day", flat=True))


def test_only_the_days_that_something_touched_are_measured_again(monday, at):
    clockwork()
    for model in (DailyFact, DayPush):
        model.objects.all().delete()
    walked_in(patient("陈雨"))
    booked(patient("何静"), "2026-12-09 10:00")
    at.advance(seconds=2)
    clockwork()
    at.advance(seconds=2)
    clockwork()

    assert measured() == {MONDAY}
    assert set(DayPush.objects.values_list("day", flat=True)) == {MONDAY, date(2026, 12, 9)}
    assert shown("visits") == 1


def test_several_changes_are_measured_once_and_a_figure_that_is_gone_goes(monday, at):
    for name in ("甲", "乙", "丙"):
        walked_in(patient(name))
    while relay_pending().more:
        pass
    assert Timer.objects.filter(kind="kpis.measure", key=f"{center().code}:{MONDAY}").count() == 1
    at.advance(seconds=2)
    timers.fire_due()
    assert shown("visits") == 3

    earlier = {name: F(name) - timedelta(days=3) for name in ("arrived_at", "registered_at")}
    Visit.objects.update(**earlier)
    measure(center(), MONDAY)
    assert shown("visits") is None
    assert not DailyFact.objects.filter(key="visits", day=MONDAY).exists()


def test_only_a_change_travels_to_headquarters_and_no_patient_with_it(monday, at):
    walked_in(patient("蓝鲸壹"))
    pushes = OutboxEvent.objects.filter(type="kpis.day_measured")
    measure(center(), MONDAY)
    before = pushes.count()
    assert before >= 1
    assert measure(center(), MONDAY) == 0
    assert pushes.count() == before
    walked_in(patient("何静"), doctor="020")
    measure(center(), MONDAY)
    assert pushes.count() == before + 1

    event = pushes.latest("pk")
    assert event.to == "headquarters"
    assert event.payload["facts"]["visits"] == [1, 2, None, 2]
    assert set(event.payload) == {"tenant", "site", "day", "measured_at", "applicable", "facts"}
    assert "蓝鲸壹" not in str(event.payload)
    assert "escort_on_time" not in event.payload["applicable"]


def test_every_night_the_last_three_days_are_measured_whatever_happened(monday, at):
    with measuring_later():
        walked_in(patient("陈雨"))
        measure_recent(date(2026, 12, 8))
    assert not DailyFact.objects.filter(key="visits").exists()
    at("2026-12-08 02:00")
    measure_recent(date(2026, 12, 8))
    assert shown("visits") == 1
    days = set(DayPush.objects.filter(site=center()).values_list("day", flat=True))
    assert {date(2026, 12, 5), date(2026, 12, 6), MONDAY} <= days


# --- doors ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def lived(monday, at):
    """A Monday with visits, money and what is owed, measured; and an old version of one figure beside it."""
    for number, room in enumerate(("1", "2", "3")):
        led_in(walked_in(patient(f"患者{number}"), doctor=("011", "020", "005")[number]), room)
    charged(signed(patient("梁博")), owed={"filling": 50_000})
    measure(center(), MONDAY)
    DailyFact.objects.create(
        site=center(), day=MONDAY, key="median_wait", version=1, numerator=987_654, denominator=None, n=1,
        computed_at=DailyFact.objects.first().computed_at,
    )  # fmt: skip
    return at


def test_the_pages_show_a_month_and_the_days_of_a_figure(lived):
    web = browser("gao.wen")
    page = web.get("/kpis/?month=2026-12").content.decode()
    assert "1,180.00" in page
    assert "500.00" in page
    assert "987,654" not in page
    empty = web.get("/kpis/?month=2026-10").content.decode()
    assert "1,180.00" not in empty
    assert "—" in empty
    days = web.get("/kpis/takings/?month=2026-12")
    assert days.status_code == 200
    assert "1,180.00" in days.content.decode()
    assert "987,654" not in web.get("/kpis/median_wait/?month=2026-12").content.decode()
    assert web.get("/kpis/nothing/").status_code == 404
    assert web.get("/kpis/escort_on_time/").status_code == 404
    for month in ("0001-01", "9999-12", "2026-13", "abc", ""):
        assert web.get(f"/kpis/?month={month}").status_code == 200, month
        assert web.get(f"/kpis/takings/?month={month}").status_code == 200, month


def test_the_api_gives_parts_and_value(lived):
    client = api("gao.wen")
    url = f"/api/v1/kpis/?site={center().code}&from={MONDAY}&until={MONDAY}"
    rows = {row["key"]: row for row in client.get(url).json()["results"]}
    assert (rows["takings"]["value"], rows["takings"]["n"]) == (118_000, 1)
    assert (rows["visits"]["value"], rows["first_visit_share"]["value"]) == (3, 100.0)
    assert rows["no_show"]["value"] is None
    assert client.get("/api/v1/kpis/").status_code == 400
    assert client.get(f"{url}&from=2024-01-01").status_code == 400
    wrong = client.get(f"/api/v1/kpis/?site={center().code}&from=2026-12-08&until=2026-12-07")
    assert wrong.json()["code"] == "period_invalid"


def test_who_sees_figures_and_of_which_site(lived, api_for):
    url = f"/api/v1/kpis/?site={center().code}"
    assert api("bai.lan").get(url).status_code == 403
    assert browser("bai.lan").get("/kpis/").status_code == 403
    assert api(None).get(url).status_code == 401
    assert api_for("liu.yin", "willow").get(url).status_code == 404
    assert SYSTEM.can("kpis.view")


def test_the_queries_do_not_depend_on_days_or_figures(lived):
    web = browser("gao.wen")
    web.get("/kpis/")
    few = statements(lambda: web.get("/kpis/?month=2026-12"))
    for back in range(1, 6):
        DailyFact.objects.bulk_create(
            DailyFact(
                site=center(), day=MONDAY - timedelta(days=back), key=kpi.key, version=kpi.version, numerator=1,
                denominator=2, n=2, computed_at=DailyFact.objects.first().computed_at,
            )
            for kpi in active_kpis()
        )  # fmt: skip
    assert statements(lambda: web.get("/kpis/?month=2026-12")) == few <= 12


# --- the other lines of business --------------------------------------------------------------------------------------


@pytest.mark.ledger("ES-014")
def test_an_escort_agency_measures_punctuality_and_the_wait_for_an_answer(peiban, at):
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    first, second = agency.agreed(), agency.agreed(starts="2026-12-31 13:30", ends="2026-12-31 16:30")
    orders = []
    for username, order, minutes in (("ming.yu", first, 7), ("rui.xin", second, 12)):
        at("2026-12-30 15:00")
        (offer,) = agency.offered(username, order=order)
        at.advance(minutes=minutes)
        service.accept_offer(by=agency.actor(username), offer=offer)
        order.refresh_from_db()
        orders.append(service.prepare(by=agency.actor(username), order=order, **agency.PREPARATION))
    for username, order, when in zip(
        ("ming.yu", "rui.xin"), orders, ("2026-12-31 07:45", "2026-12-31 13:55"), strict=True
    ):
        at(when)
        service.check_in(by=agency.actor(username), order=order, key=uuid7(), happened_at=clock.now(), place="东门")

    site, accepted, served = orders[0].site, date(2026, 12, 30), date(2026, 12, 31)
    assert parts(fact_of("escort_time_to_accept", accepted, site)) == (19, 2, 2)
    assert fact_of("escort_time_to_accept", served, site) is None
    assert parts(fact_of("escort_on_time", served, site)) == (1, 2, 2)
    assert fact_of("escort_on_time", accepted, site) is None
    assert "postop_on_time" not in {kpi.key for kpi in active_kpis()}


@pytest.mark.ledger("HQ-004")
def test_what_an_agency_does_not_have_is_not_applicable_and_what_it_did_not_measure_is_missing(peiban, at, working_for):
    at("2026-12-30 15:00")
    Timer.objects.filter(kind__startswith="daily:").delete()
    order = agency.agreed()
    (offer,) = agency.offered("ming.yu", order=order)
    service.accept_offer(by=agency.actor("ming.yu"), offer=offer)
    measure(order.site, date(2026, 12, 30))
    event = OutboxEvent.objects.filter(type="kpis.day_measured").latest("id").as_event()

    with working_for("orchid"):
        # A clinic of the chain has what the agency lacks: those are rows of the matrix.
        Branch("牙").tells(takings=(900, None, 1), arrears=(0, None, 0), visits=(3, None, 3), no_show=(0, 9, 9))
        take_in_day(event)
        rows = build_matrix(period=period("month", "2026-12", date(2026, 12, 30))).rows
        kinds = {row.kpi.key: cell.kind for row in rows for cell in row.cells if cell.site.code == order.site.code}
    assert {kinds[key] for key in ("takings", "arrears", "visits", "no_show")} == {"na"}
    assert (kinds["escort_time_to_accept"], kinds["escort_on_time"]) == ("value", "missing")


@pytest.mark.ledger("AE-015")
def test_an_aesthetic_clinic_measures_its_post_op_calls(lumen, at):
    at("2026-12-17 14:00")
    site = Site.objects.get(slug="lake")
    for who in [patient(name, site=site) for name in ("甲", "乙", "丙")]:
        note_read(person("dr.kang"), who, part="chart")
        record_procedure(
            by=person("dr.kang"), site=site, patient=who, doctor=staff("051"),
            template=ProcedureTemplate.objects.get(key="eyelid"),
        )  # fmt: skip
    at("2026-12-18 06:00")
    open_due(date(2026, 12, 18))
    due = list(FollowUp.objects.filter(due_on=date(2026, 12, 18)).order_by("id"))
    assert len(due) == 3
    caller = person("jin.ya")
    at("2026-12-18 15:00")
    calls.close_with_result(by=caller, followup=due[0], result=FollowUp.Result.FINE)
    calls.cancel_followup(by=person("bo.yan"), followup=due[2], reason="moved away")
    at("2026-12-19 09:00")
    calls.close_with_result(by=caller, followup=due[1], result=FollowUp.Result.FINE)

    assert parts(fact_of("postop_on_time", date(2026, 12, 18), site)) == (1, 2, 2)
    assert fact_of("postop_on_time", date(2026, 12, 19), site) is None
    assert "escort_on_time" not in {kpi.key for kpi in active_kpis()}
