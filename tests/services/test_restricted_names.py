"""A restricted file keeps its name to itself on every list, board, sheet, search hit, inbox line and answer (CR-006)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps

from kernel import clock, context
from kernel.errors import RuleRefused
from kernel.identity.models import Role, RolePermission
from services.appointments.selectors import KEEPS_THE_DAY
from services.consultation.actions import open_consultation
from services.followup.models import FollowUp, Plan
from services.guest_care import wishes
from services.patients import restriction
from services.patients.models import Patient
from services.patients.names import nobody
from services.patients.search import find_patients
from services.reception import actions
from services.reception.models import Visit
from services.reception.selectors import ATTENDS
from services.tasks.actions import open_task
from services.telephone.actions import log_call
from services.telephone.courtesy import order_calls
from services.telephone.models import Call
from tenants.selectors import context_for
from tests.isolation.walking import Route, leaks, likeness, plant, routes
from tests.services.doors import SYSTEM, browser, person, somebody, staff, statements
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in

CANARY = "金丝雀甲"
RESTRICTS = "patients.restrict"
SEARCHES = ("/search/", "/patients/", "/api/v1/search/", "/api/v1/patients/")


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def restrict(*files: Patient) -> None:
    """Close the files until the end of the year."""
    for who in files:
        restriction.restrict_file(by=person("dou.heng"), patient=who, reason="纠纷", until=local("2026-12-31 18:00"))


def filled_house() -> Patient:
    """Rows of every room about one patient and a relative, whose name stands nowhere but in their files and in copies."""
    plant(context_for(slug="smile"), word="某事", site_slug="center")
    who = Patient.objects.get(name="路人甲")
    Patient.objects.filter(name__startswith="路人甲").update(name=CANARY)
    who.refresh_from_db()
    visit = Visit.objects.filter(patient=who).latest("pk")
    here = {"by": SYSTEM, "site": center()}
    wishes.deposit_luggage(**here, visit=visit, tag="Z9", description="箱")
    wishes.take_request(**here, visit=visit, kind="other", words="靠窗")
    log_call(
        **here, direction="in", patient=who, purpose="consultation", outcome="answered", caller_name="",
        phone="13911113333", summary="问",
    )  # fmt: skip
    open_consultation(**here, patient=who, customer_name=CANARY, channel="phone", need="问价")
    open_task(
        by=SYSTEM, kind="walk.restricted", key="1", room="tasks", title="%(subject)s waits", site=center(),
        subject=("patient", who.code), due_at=clock.now() + timedelta(hours=1),
        roles=list(Role.objects.values_list("slug", flat=True)),
    )  # fmt: skip
    clockwork()
    return who


def about(who: Patient) -> dict[str, Any]:
    """The file, and the newest row of each kind that hangs on a patient or a visit, by the label of its model."""
    codes: dict[str, Any] = {"patients.patient": who.code}
    for model in apps.get_models():
        names = {one.name for one in model._meta.fields}
        if "code" in names and {"patient", "visit", "appointment"} & names:
            row = model._base_manager.order_by("-pk").first()
            if row is not None:
                codes.setdefault(model._meta.label_lower, row.code)
    return codes


def address(route: Route, codes: dict[str, Any]) -> str:
    """A route as it is asked: with the code of the row that it most likely is about."""
    return route.filled(codes[max(codes, key=lambda label: likeness(route, label))])


def names_seen(client: Any, paths: list[str]) -> tuple[set[str], int]:
    """The addresses whose answer holds the canary, and how many gave an answer at all."""
    seen, answered = set(), 0
    client.raise_request_exception = False  # what breaks is found by the walk between tenants
    for path in paths:
        answer = client.get(path)
        answered += answer.status_code == 200
        if leaks(answer, (CANARY,)):
            seen.add(path)
    return seen, answered


@pytest.mark.slow
@pytest.mark.ledger("CR-006")
def test_no_list_of_any_room_names_a_restricted_patient(monday: Any) -> None:
    """Given rows of every room about one patient, when the file is restricted, then no page and no operation says the name:
    not to who has nothing to do with the guests of the day, and on a later day to nobody who does not restrict files."""
    who = filled_house()
    codes = about(who)
    every = routes(context_for(slug="smile"))
    lists = [address(route, codes) for route in every if not route.converters]
    # The last digits of the phone, and the number: what somebody may type who does not know the name.
    lists += [f"{page}?q={said}" for page in SEARCHES for said in ("3333", who.record_number)]
    single = [address(route, codes) for route in every if route.converters]
    knows = (*ATTENDS, *KEEPS_THE_DAY, RESTRICTS)
    apart = Role.objects.exclude(permissions__in=RolePermission.objects.filter(word__in=knows, granted=True))
    client = somebody("walker", apart.values_list("slug", flat=True), site=center())
    named, answered = names_seen(client, lists)
    assert len(named) > 15, "the rooms do show the name while nothing is restricted"
    assert answered > 60

    restrict(*Patient.objects.filter(name=CANARY))
    assert names_seen(client, [*lists, *single])[0] == set()

    monday("2026-12-10 10:05")
    others = Role.objects.exclude(permissions__in=RolePermission.objects.filter(word=RESTRICTS, granted=True))
    client = somebody("walker2", others.values_list("slug", flat=True), site=center())
    seen, answered = names_seen(client, lists)
    assert seen == set()
    assert answered > 90
    assert Patient.objects.filter(name=CANARY).count() == 3, "the patient, a relative, and whom a package went to"


@pytest.mark.ledger("CR-006")
def test_who_attends_to_the_patient_today_reads_the_name_and_nobody_else(monday: Any) -> None:
    who, other = patient(CANARY), patient("旁人")
    booked(who, "2026-12-07 15:00")
    visit = walked_in(who)
    walked_in(other, doctor="014")
    restrict(who)

    def reads(username: str, page: str) -> bool:
        said = browser(username).get(page).content.decode()
        assert "旁人" in said or page != "/reception/"
        return CANARY in said

    assert reads("bai.lan", "/reception/")  # registers guests
    assert reads("su.qi", "/reception/")  # leads them in
    assert reads("dou.heng", "/reception/")  # restricts files
    assert not reads("ye.fan", "/reception/")  # consults others
    assert not reads("rong.an", "/reception/")
    assert reads("dr.lin", "/appointments/?day=2026-12-07")  # the doctor of the visit
    assert not reads("dr.zhao", "/appointments/?day=2026-12-07")
    assert not reads("ye.fan", "/appointments/?day=2026-12-07")

    restriction.open_by_exception(
        by=person("dr.zhao"), patient=Patient.objects.get(pk=who.pk), site=center(), reason="急诊"
    )
    assert reads("dr.zhao", "/appointments/?day=2026-12-07")
    monday("2026-12-08 10:05")
    assert not reads("bai.lan", f"/reception/visits/{visit.code}/")
    assert reads("dou.heng", f"/reception/visits/{visit.code}/")


@pytest.mark.ledger("CR-006")
def test_the_inbox_calls_a_restricted_patient_by_number() -> None:
    who = patient(CANARY)
    open_task(
        by=SYSTEM, kind="walk.restricted", key="1", room="tasks", title="%(subject)s waits", site=center(),
        subject=("patient", who.code), due_at=clock.now() + timedelta(hours=1), roles=("consultant", "dean"),
    )  # fmt: skip
    assert CANARY in browser("ye.fan").get("/tasks/").content.decode()
    restrict(who)
    assert CANARY not in browser("ye.fan").get("/tasks/").content.decode()
    assert CANARY not in json.dumps(browser("ye.fan").get("/api/v1/tasks/").json(), ensure_ascii=False)
    assert CANARY in browser("dou.heng").get("/tasks/").content.decode()


@pytest.mark.ledger("CR-006")
def test_a_restricted_name_is_masked_for_the_reader_and_written_as_it_is() -> None:
    """What is shown is never stored, and a search does not give the name away."""
    who = patient(CANARY)
    restrict(who)
    reader = person("ye.fan")
    with context.read_by(reader):
        shown = Patient.objects.get(pk=who.pk)
        assert shown.name == nobody()
        shown.refresh_from_db()
        shown.occupation = "会计"
        shown.save()
        assert [hit.title for hit in find_patients(reader, who.record_number, 5)] == [nobody()]
    assert Patient.objects.get(pk=who.pk).name == CANARY
    with context.read_by(person("dou.heng")):
        assert Patient.objects.get(pk=who.pk).name == CANARY


@pytest.mark.ledger("CR-006")
def test_a_name_that_was_written_down_with_a_call_keeps_to_itself_too() -> None:
    who = patient(CANARY, phone="13912345678")
    facts = {
        "purpose": "consultation",
        "outcome": "answered",
        "caller_name": "",
        "phone": "13912345678",
        "summary": "问",
    }
    log_call(by=SYSTEM, site=center(), direction="in", patient=who, **facts)
    log_call(by=SYSTEM, site=center(), direction="in", **(facts | {"caller_name": "路人", "phone": "13912345679"}))
    restrict(who)
    with context.read_by(person("ye.fan")):
        assert {row.caller_name for row in Call.objects.all()} == {nobody(), "路人"}
    assert {row.caller_name for row in Call.objects.all()} == {CANARY, "路人"}


@pytest.mark.ledger("CR-006")
def test_restricted_rows_cost_a_list_no_statement_per_row() -> None:
    files = [patient(f"患者{number}") for number in range(8)]
    starts = ("09:00", "09:30", "10:00", "10:30", "11:00", "14:00", "14:30", "15:00")
    for who, start in zip(files, starts, strict=True):
        booked(who, f"2026-12-09 {start}")
    web = browser("bai.lan")
    page: Callable[[], Any] = lambda: web.get("/appointments/?day=2026-12-09")  # noqa: E731
    page()
    assert statements(page) <= 12
    plain = statements(page)
    restrict(files[0])
    assert statements(page) == plain  # who may be named is asked for along with the bookings
    restrict(*files[1:])
    assert statements(page) == plain
    assert "患者0" not in page().content.decode()
    again: Callable[[], Any] = lambda: web.get("/appointments/?day=2026-12-09", headers={"X-Poll": "1"})  # noqa: E731
    assert statements(again) <= 12
    other = browser("ye.fan")
    with_counts: Callable[[], Any] = lambda: other.get("/appointments/?day=2026-12-09")  # noqa: E731
    with_counts()
    assert statements(with_counts) <= 12
    listed: Callable[[], Any] = lambda: web.get("/patients/")  # noqa: E731
    listed()
    assert statements(listed) <= 12


QUEUE = "/reception/?part=queue"
BOARDS = (
    "/reception/",
    QUEUE,
    "/reception/?part=board",
    "/reception/chairs/",
    "/appointments/",
)
DOCTORS = ("/reception/doctor/", "/reception/", "/reception/chairs/", "/appointments/")


@pytest.mark.ledger("CR-006")
def test_the_boards_of_the_day_name_a_restricted_guest_to_who_works_with_them(monday: Any) -> None:
    """Given guests of one doctor in each place (in the chair, waiting behind the chair, come, still expected), when their
    files are restricted, then each board names them to who attends or keeps the day and to nobody else."""
    monday("2026-12-07 08:50")
    inside, behind, come, expected, seated = (patient(f"{CANARY}{number}") for number in range(5))
    walked_in(patient("旁人"), doctor="014")
    actions.lead_in(by=person("su.qi"), visit=walked_in(inside), chair=chair("1"))
    ahead = booked(behind, "2026-12-07 09:15")
    actions.check_in(by=person("bai.lan"), site=center(), appointment=ahead)
    actions.record_arrival(by=person("bai.lan"), site=center(), patient=come, doctor=staff("011"))
    booked(expected, "2026-12-07 15:00")
    booking = booked(seated, "2026-12-07 09:00", doctor="020", units=1)
    visit = actions.check_in(by=person("bai.lan"), site=center(), appointment=booking)
    actions.seat_in_chair(by=person("dr.xu"), visit=actions.lead_in(by=person("su.qi"), visit=visit, chair=chair("2")))

    def named(username: str, path: str) -> set[str]:
        """The last signs of the canaries on a board."""
        answer = browser(username).get(path, headers={"X-Poll": "1"} if "part=" in path else {})
        assert answer.status_code == 200, (username, path)
        return set(re.findall(f"{CANARY}([0-9])", answer.content.decode()))

    seen = {path: named("bai.lan", path) for path in BOARDS}
    mine = {path: named("dr.lin", path) for path in DOCTORS}
    assert set().union(*seen.values()) == set("01234")
    assert seen["/reception/?part=board"] == seen["/appointments/"] == set("134")
    assert seen[QUEUE] >= set("012")  # the first of them is in the chair that the next waits for
    assert mine["/reception/doctor/"] == set("013")
    restrict(*Patient.objects.filter(name__startswith=CANARY))

    # Beside the queue stand tasks, and a task names who is here, not who is expected.
    seen[QUEUE] -= {"3"}
    for path, names in seen.items():
        assert named("bai.lan", path) == names, path  # registers guests and keeps the day
        assert named("dou.heng", path) >= names, path  # restricts files
        assert named("dr.xu", path) == names & {"4"}, path  # the doctor of one of them
        assert named("ye.fan", path) == set(), path  # consults others
        assert nobody() in browser("ye.fan").get(path).content.decode(), path
    for path, names in mine.items():
        assert named("dr.lin", path) == names - {"4"}, path
        assert named("dr.zhao", path) == set(), path


@pytest.mark.ledger("CR-006")
def test_a_refusal_does_not_name_a_restricted_patient() -> None:
    """Given a patient whom the follow-up calls, when a courtesy call is ordered, then the refusal names the open file only."""
    who = patient(CANARY)
    plan = Plan.objects.create(
        rule_key="x", source_key="x", room="x", site=center(), patient=who, anchor_on=date(2026, 12, 7)
    )
    FollowUp.objects.create(plan=plan, offset="1d", due_on=date(2026, 12, 8))

    def said() -> str:
        with pytest.raises(RuleRefused) as refusal:
            order_calls(by=person("gao.wen"), site=center(), occasion="问候", patients=[who], due_on=date(2026, 12, 9))
        assert refusal.value.code == "called_by_protocol"
        return str(refusal.value.message)

    assert CANARY in said()
    restrict(who)
    who.refresh_from_db()
    assert nobody() in said()
    assert CANARY not in said()
