"""The demo's history is made by the product's own actions, may be loaded again, and says who may sign in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet

from config.demo import building, loading, sheet
from config.demo.cast import HOUSES, Group
from config.demo.fate import Fate
from config.demo.pace import Pace
from config.demo.persons import stranger
from config.demo.standing import is_working_time, proper_moment
from dental.models import LabModel, PreparationSet, ToothFinding
from escort.models import Offer, Order
from kernel import clock
from kernel.identity.models import User
from kernel.identity.standing import actor_for_user
from kernel.outbox.models import OutboxEvent
from kernel.tenancy import TenantContext
from kernel.timers.models import Timer
from services.appointments.models import Appointment, Referral
from services.cashier.models import ChargeSlip, Receipt
from services.charts import models as charts
from services.confidentiality.models import Agreement, Device, Education
from services.consents import models as consents
from services.consultation.models import Consultation
from services.guest_care import models as guest_care
from services.headquarters.models import SiteFact
from services.intake import models as intake
from services.kpis.models import DailyFact
from services.patients.models import Patient
from services.reception.models import Visit
from services.records import models as records
from services.shift import models as shift
from services.staff.models import StaffMember
from services.tasks.models import Task
from services.tasks.selectors import visible_tasks
from services.telephone import models as telephone
from services.till_days.models import TillDay
from services.treatment_area import models as area

# What each room shows of yesterday and today where everything is played: a name, the rows, their moment.
ROOMS: tuple[tuple[str, QuerySet[Any], str], ...] = (
    ("opening list", shift.Tick.objects.filter(purpose="opening"), "at"),
    ("closing list", shift.Tick.objects.filter(purpose="closing"), "at"),
    ("days opened", shift.SiteDay.objects.all(), "opened_at"),
    ("days closed", shift.SiteDay.objects.all(), "closed_at"),
    ("people at work", shift.Arrival.objects.all(), "at"),
    ("morning meeting", shift.Meeting.objects.filter(state="held"), "ended_at"),
    ("tills closed by two", TillDay.objects.filter(report__isnull=False), "reconciled_at"),
    ("hand-over", shift.HandOver.objects.filter(state="received"), "received_at"),
    ("what comes and goes", shift.ItemEntry.objects.all(), "at"),
    ("visitors", shift.Visitor.objects.all(), "arrived_at"),
    ("calls", telephone.Call.objects.all(), "started_at"),
    ("messages", telephone.MessageSlip.objects.all(), "taken_at"),
    ("promises", telephone.Promise.objects.all(), "made_at"),
    ("first-visit forms", intake.IntakeSheet.objects.filter(state="acknowledged"), "acknowledged_at"),
    ("consents", consents.Consent.objects.all(), "signed_at"),
    ("charts laid out", charts.PulledChart.objects.all(), "pulled_at"),
    ("charts given out", charts.ChartRelease.objects.all(), "requested_at"),
    ("charts transcribed", charts.Transcription.objects.all(), "entered_at"),
    ("guests looked after", guest_care.ServiceStep.objects.all(), "at"),
    ("luggage", guest_care.Luggage.objects.all(), "at"),
    ("questions to a doctor", guest_care.OpenQuestion.objects.all(), "at"),
    ("prices asked for", guest_care.PriceEnquiry.objects.all(), "at"),
)
# Where there are reviewers, attendants, consultants and a laboratory.
MORE_ROOMS: tuple[tuple[str, QuerySet[Any], str], ...] = (
    ("entries looked through", records.EntryReview.objects.filter(state="reviewed"), "reviewed_at"),
    ("floor register", area.FloorEntry.objects.all(), "signed_at"),
    ("rounds", area.Patrol.objects.all(), "at"),
    ("daily sheet", area.DailySheet.objects.all(), "handed_in_at"),
    ("assistants", area.Assistance.objects.all(), "at"),
    ("consultations", Consultation.objects.filter(recommendations__isnull=False), "started_at"),
    ("models of teeth", LabModel.objects.all(), "sent_at"),
    ("findings of teeth", ToothFinding.objects.all(), "noted_at"),
    ("lists for specialists", PreparationSet.objects.all(), "opened_at"),
    ("referrals", Referral.objects.all(), "registered_at"),
)
# Nobody's inbox of a morning holds more.
MOST_TASKS = 30

WorkingFor = Callable[[str], AbstractContextManager[TenantContext]]
TINY = Pace(dense={"smile/center": (5, 2), "derma/main": (3, 1)}, thin={}, history_days=2, dense_days=3, ahead_days=3)
TUESDAY = datetime(2026, 11, 3, 2, 20, tzinfo=UTC)  # 10:20, on the second day of the cast


@pytest.fixture
def own_sheet(settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DEMO_FILE = tmp_path / "demo.json"  # type: ignore[attr-defined]
    # Whoever waits for a moved clock has to wait here: a slow machine plays the same history.
    monkeypatch.setattr(loading, "SPEND_SECONDS", 3_600.0)
    return tmp_path / "demo.json"


@pytest.fixture
def played_derma(own_database: str, data: None, own_sheet: Path) -> Iterator[dict[str, object]]:
    """One clinic and an agency of the same chain, played from their foundation to Tuesday, 10:20."""
    with clock.frozen(TUESDAY, every_thread=True):
        yield loading.seed(only=["derma", "peiban"], workers=0, pace=TINY, say=lambda line: None)


@pytest.fixture
def played(own_database: str, data: None, own_sheet: Path) -> Iterator[dict[str, object]]:
    """Both clinics and an agency, played from their foundation to Tuesday, 10:20."""
    with clock.frozen(TUESDAY, every_thread=True):
        figures = loading.seed(only=["smile", "derma", "peiban"], workers=0, pace=TINY, say=lambda line: None)
        yield figures


def empty_rooms(rooms: tuple[tuple[str, QuerySet[Any], str], ...]) -> list[str]:
    """Which of ``rooms`` show nothing of yesterday and today."""
    since = TUESDAY - timedelta(hours=34)  # Monday, 00:20
    return [name for name, rows, at in rooms if not rows.filter(**{f"{at}__gte": since}).exists()]


def people_without_papers() -> set[str]:
    """Who has not signed about confidentiality, or was not instructed; and sites without a registered device."""
    people = StaffMember.objects.all()
    unsigned = people.exclude(pk__in=Agreement.objects.values("staff"))
    untaught = people.exclude(pk__in=Education.objects.values("staff"))
    sites = people.exclude(home_site__in=Device.objects.values("site"))
    return {*unsigned.values_list("name", flat=True), *untaught.values_list("name", flat=True),
            *sites.values_list("home_site__name", flat=True)}  # fmt: skip


def fullest_inbox() -> int:
    """How many open tasks the busiest person of the house sees."""
    return max(visible_tasks(actor_for_user(user)).count() for user in User.objects.filter(staff_member__isnull=False))


def test_where_the_history_ends_every_part_of_a_visit_is_there(
    played_derma: dict[str, object], working_for: WorkingFor
) -> None:
    with working_for("derma"):
        waiting = Visit.objects.filter(state__in=("registered", "waiting"))
        assert any(TUESDAY - visit.registered_at > timedelta(minutes=20) for visit in waiting if visit.registered_at)
        assert Visit.objects.filter(state="in_chair").exists()
        seen_on_monday = Visit.objects.filter(arrived_at__lt=TUESDAY - timedelta(hours=12), left_at__isnull=False)
        assert seen_on_monday.exists()
        assert not seen_on_monday.filter(settled_at=None).exists()
        assert ChargeSlip.objects.filter(state="issued").exists()
        assert Task.objects.filter(kind="reception.explain_wait", state="open").exists()
        assert DailyFact.objects.filter(key="visits").exists()
        assert Appointment.objects.filter(starts_at__gt=TUESDAY, state__in=("booked", "confirmed")).exists()
        assert not OutboxEvent.objects.exclude(state="delivered").exists()
        # What a loading process leaves out stands in the timers again.
        assert Timer.objects.filter(kind="daily:timers.prune", state="scheduled").exists()
        assert not empty_rooms(ROOMS)
        assert not people_without_papers()
        assert 0 < fullest_inbox() <= MOST_TASKS
        assert shift.SiteDay.objects.filter(day=TUESDAY.date(), state="opened").count() == 2
        # On the desk lies what has just come in.
        assert telephone.MessageSlip.objects.filter(state__in=("taken", "delivered")).exists()
        assert guest_care.Luggage.objects.exclude(state="returned").exists()
    with working_for("peiban"):
        assert not people_without_papers()
        assert Order.objects.filter(state="in_service").exists()
        assert Offer.objects.filter(state="open", expires_at__gt=TUESDAY).exists()
    with working_for("orchid"):
        assert SiteFact.objects.filter(key="visits").exists()


def test_a_house_whose_building_was_interrupted_is_finished(own_database: str, data: None, own_sheet: Path) -> None:
    with clock.frozen(TUESDAY, every_thread=True):
        twin = replace(HOUSES["heron"], slug="heronry")
        building._open(twin, Group("Bamboo Care", "default"), twin.verticals)
        assert not building.is_built(twin)

        building.build_house(twin, group=Group("Bamboo Care", "default"), roster_weeks=1)

        assert building.is_built(twin)


@pytest.mark.long
def test_a_played_demo_has_work_to_see_and_can_be_loaded_again(
    played: dict[str, object], working_for: WorkingFor, own_sheet: Path
) -> None:
    with working_for("smile"):
        visits, bookings = Visit.objects.count(), Appointment.objects.count()
        assert Visit.objects.filter(state="closed").exists()
        assert Appointment.objects.filter(starts_at__gt=TUESDAY, state__in=("booked", "confirmed")).exists()
        signed = ChargeSlip.objects.values_list("signed_by", "doctor__user__code")
        assert signed
        assert all(by == doctor for by, doctor in signed)
        assert Receipt.objects.exists()
        assert DailyFact.objects.filter(key="visits").exists()
        assert not Visit.objects.filter(arrived_at__gt=TUESDAY).exists()
        assert not empty_rooms((*ROOMS, *MORE_ROOMS))
        assert 0 < fullest_inbox() <= MOST_TASKS

    again = loading.seed(only=["smile", "derma", "peiban"], workers=0, pace=TINY, say=lambda line: None)

    with working_for("smile"):
        assert (Visit.objects.count(), Appointment.objects.count()) == (visits, bookings)
    assert again["visits"] == played["visits"]

    later = TUESDAY + timedelta(hours=1)
    loading.advance(later, workers=0)
    with working_for("smile"):
        assert (
            Visit.objects.filter(arrived_at__gt=TUESDAY).exists() or Visit.objects.filter(left_at__gt=TUESDAY).exists()
        )
    state = json.loads(own_sheet.with_name("demo-state.json").read_text())
    assert state["smile"] == later.isoformat()


@pytest.mark.long
def test_every_house_carries_its_canary_and_nobody_elses(played: dict[str, object], working_for: WorkingFor) -> None:
    for slug in ("smile", "derma"):
        with working_for(slug):
            said = " ".join(
                f"{patient.name} {patient.occupation} {patient.alert} {patient.phone}"
                for patient in Patient.objects.all()
            )
        assert HOUSES[slug].canary in said
        assert not [other for other, house in HOUSES.items() if other != slug and house.canary in said]


def test_the_sheet_says_where_and_who(data: None, own_sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    sheet.write()
    written = json.loads(own_sheet.read_text(encoding="utf-8"))
    assert set(written) == {"base_url", "tenants", "users", "stripe", "operators"}
    assert written["base_url"] == "http://localhost:8123"
    smile = written["tenants"]["smile"]
    assert (smile["host"], smile["kind"], smile["chain"]) == ("smile.localhost:8123", "clinic", "Orchid Group")
    assert (smile["verticals"], smile["timezone"]) == (["dental"], "Asia/Shanghai")
    assert {user["tenant"] for user in written["users"]} == set(HOUSES) - {"ops"}
    assert {"tenant", "username", "password", "role", "totp_secret"} == set(written["users"][0])
    secrets = {user["username"]: user["totp_secret"] for user in written["users"]}
    assert secrets["admin.smile"]
    assert secrets["bai.lan"] is None
    assert written["operators"]["users"][0]["username"] == "op.lu"
    assert written["stripe"]["webhook_secret"]


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("real", "played", "stands"),
    [
        ("2026-11-24T11:00", None, "2026-11-24T11:00"),  # open: real time
        ("2026-11-24T21:00", None, "2026-11-24T10:20"),  # evening: this morning
        ("2026-11-24T05:00", None, "2026-11-23T10:20"),  # night: yesterday's morning
        ("2026-11-22T12:00", None, "2026-11-21T10:20"),  # Sunday: Saturday's morning
        ("2026-11-22T12:00", "2026-11-21T12:30", "2026-11-21T12:31"),  # never behind what was played
        ("2026-11-22T12:00", "2026-11-21T19:00", "2026-11-23T10:20"),  # a used-up day: the next one
        ("2026-11-24T11:00", "2026-11-23T10:20", "2026-11-24T11:00"),
    ],
)
def test_the_clock_stands_where_there_is_work(real: str, played: str | None, stands: str) -> None:
    moment = proper_moment(
        present=shanghai(real), real=shanghai(real), played=shanghai(played) if played is not None else None
    )
    assert moment == shanghai(stands)


def test_sundays_and_nights_are_no_working_time() -> None:
    assert is_working_time(shanghai("2026-11-24T10:20"))
    assert not is_working_time(shanghai("2026-11-22T10:20"))
    assert not is_working_time(shanghai("2026-11-24T18:00"))


def test_a_fate_is_the_same_for_whoever_asks() -> None:
    class Booking:
        pk = 4711

    assert Fate.of_booking(Booking) == Fate.of_booking(Booking)


def test_no_two_houses_share_a_phone() -> None:
    from random import Random

    day = TUESDAY.date()
    phones = [stranger(Random(1), slug=slug, number=7, today=day).phone for slug in HOUSES]
    assert len(set(phones)) == len(phones)
    assert all(phone.startswith("199") and len(phone) == 11 for phone in phones)
