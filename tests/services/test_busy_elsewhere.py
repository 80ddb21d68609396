"""One doctor in two houses of a chain: one busy calendar of opaque stretches (page 17, headquarters)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction

from kernel.busy.models import BusyTime, Calendar, Membership
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.outbox import emit, relay_pending
from kernel.outbox.models import HandledEvent
from kernel.parameters import set_parameter
from kernel.tenancy import activate
from services.appointments import actions, houses
from services.appointments.blocks import block_time, unblock_time
from services.appointments.handlers import morning_check
from services.appointments.models import Appointment
from services.appointments.slots import next_free
from services.headquarters import doctors
from services.sites.models import Site
from services.tasks.models import Task
from tenants.directory import context_for, public_schema
from tenants.models import Tenant
from tenants.provisioning.actions import suspend_tenant
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import booked, center, local, patient

DAY = "2026-12-09"
SMILE, DERMA, HQ = "smile", "derma", "orchid"


@pytest.fixture(autouse=True)
def tuesday(data, at):
    at("2026-12-08 08:30")
    return at


def within(slug: str, act: Callable[[], Any]) -> Any:
    with activate(context_for(slug=slug)):
        return act()


def opened() -> str:
    return within(HQ, lambda: doctors.open_calendar(by=SYSTEM, label="林医生")[1])


def join(slug: str, number: str, invitation: str) -> None:
    within(slug, lambda: houses.join_calendar(by=SYSTEM, staff=staff(number), invitation=invitation))


def heard(slug: str) -> None:
    """What this tenant had to say has been delivered."""

    def relay() -> None:
        while relay_pending().more:
            pass

    within(slug, relay)


def linked() -> str:
    """Doctor 011 of the one house is doctor 041 of the other."""
    invitation = opened()
    join(SMILE, "011", invitation)
    join(DERMA, "041", invitation)
    return invitation


def at_smile(at: str, **more: Any) -> Appointment:
    return within(SMILE, lambda: booked(patient("甲"), at, **more))


def at_derma(at: str, **more: Any) -> Appointment:
    def act() -> Appointment:
        site = Site.objects.get(slug="main")
        return actions.book_appointment(
            by=person("zheng.hui"), site=site, patient=patient("乙", site=site), doctor=staff("041"),
            starts_at=local(at), units=2, **more,
        )  # fmt: skip

    return within(DERMA, act)


def test_a_booking_in_one_house_is_refused_in_the_other_with_the_next_gap():
    linked()
    at_smile(f"{DAY} 10:00")
    with pytest.raises(Conflict) as refused:
        at_derma(f"{DAY} 10:15")
    assert refused.value.code == "busy_elsewhere"
    assert refused.value.facts["next_starts_at"] == local(f"{DAY} 10:30").astimezone(UTC).isoformat()
    assert within(DERMA, Appointment.objects.count) == 0
    assert at_derma(f"{DAY} 10:30").state == "booked"  # touching is not overlapping
    with pytest.raises(Conflict, match="busy_elsewhere"):
        at_smile(f"{DAY} 10:30")


def test_moving_and_cancelling_free_the_time_at_once():
    linked()
    row = at_smile(f"{DAY} 10:00")
    within(
        SMILE,
        lambda: actions.move_appointment(
            by=person("bai.lan"), appointment=row, starts_at=local(f"{DAY} 14:00"), reason="work"
        ),
    )
    at_derma(f"{DAY} 10:00")
    with pytest.raises(Conflict, match="busy_elsewhere"):
        at_derma(f"{DAY} 14:00")
    within(SMILE, lambda: actions.cancel_appointment(by=person("bai.lan"), appointment=row, reason="ill"))
    assert at_derma(f"{DAY} 14:00").state == "booked"


def test_a_refused_booking_leaves_no_busy_time():
    linked()
    at_smile(f"{DAY} 10:00")
    before = within(SMILE, BusyTime.objects.count)
    with pytest.raises(Conflict):
        at_smile(f"{DAY} 10:00")
    assert within(SMILE, BusyTime.objects.count) == before == 1


def test_blocked_times_count_until_they_are_opened():
    linked()

    def block() -> Any:
        return block_time(
            by=SYSTEM, site=center(), staff=staff("011"), starts_at=local(f"{DAY} 09:00"),
            ends_at=local(f"{DAY} 12:00"), reason="…",
        )  # fmt: skip

    row = within(SMILE, block)
    with pytest.raises(Conflict, match="busy_elsewhere"):
        at_derma(f"{DAY} 10:00")
    within(SMILE, lambda: unblock_time(by=SYSTEM, block=row))
    at_derma(f"{DAY} 10:00")
    with pytest.raises(Conflict, match="busy_elsewhere"):
        within(SMILE, block)


def test_the_way_between_the_houses_is_kept_free_on_both_sides():
    linked()
    for slug in (SMILE, DERMA):
        within(
            slug,
            lambda: set_parameter(by=SYSTEM, key="house_travel_minutes", value=30),
        )
    at_smile(f"{DAY} 10:00")
    for start in ("09:15", "10:45"):
        with pytest.raises(Conflict, match="busy_elsewhere"):
            at_derma(f"{DAY} {start}")
    at_derma(f"{DAY} 11:00")


def test_the_search_offers_the_next_gap_of_both_houses():
    linked()
    at_smile(f"{DAY} 09:00", units=4)

    def first() -> Any:
        return next_free(
            site=Site.objects.get(slug="main"), doctor=staff("041"), length=timedelta(minutes=30),
            after=local(f"{DAY} 09:00"),
        )[0].starts_at  # fmt: skip

    assert within(DERMA, first) == local(f"{DAY} 10:00")


def test_the_board_shows_when_and_nothing_else():
    linked()

    def look() -> tuple[str, int]:
        web = browser("zheng.hui")
        page = web.get("/appointments/?site=main").content.decode()
        return page, statements(lambda: web.get("/appointments/?site=main"))

    before, count = within(DERMA, look)
    assert "10:00–10:30" not in before
    for start in ("10:00", "11:00", "14:00"):
        at_smile(f"2026-12-08 {start}")
    page, again = within(DERMA, look)
    assert "10:00–10:30" in page
    assert "甲" not in page
    assert "微笑" not in page
    assert again == count  # one query, however many


def test_two_houses_at_the_same_moment(own_database):
    linked()
    for slot in ("09:00", "10:00", "11:00", "14:00"):
        results = _race(lambda slot=slot: at_smile(f"{DAY} {slot}"), lambda slot=slot: at_derma(f"{DAY} {slot}"))
        refused = [one for one in results if isinstance(one, Conflict)]
        won = [one for one in results if isinstance(one, Appointment)]
        assert (len(won), len(refused)) == (1, 1), results
        assert refused[0].code == "busy_elsewhere"
    assert within(SMILE, Appointment.objects.count) + within(DERMA, Appointment.objects.count) == 4


def _race(*acts: Callable[[], Any]) -> list[Any]:
    results: list[Any] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=20)
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    return results


def test_the_database_refuses_what_passes_by_the_rules():
    linked()
    at_smile(f"{DAY} 10:00")

    def slip() -> None:
        member = Membership.objects.get()
        with transaction.atomic():
            BusyTime.objects.create(
                calendar_id=member.calendar_id, member=member, ref=member.code,
                starts_at=local(f"{DAY} 10:15"), ends_at=local(f"{DAY} 10:45"),
            )  # fmt: skip

    with pytest.raises(IntegrityError, match="busy_never_in_two_houses"):
        within(DERMA, slip)


def test_what_was_booked_on_both_sides_before_stays_and_both_are_told():
    at_smile(f"{DAY} 10:00")
    theirs = at_derma(f"{DAY} 10:00")
    linked()
    for slug in (SMILE, DERMA):
        found = within(slug, houses.clashes)
        assert [(one.starts_at, one.booking is not None) for one in found] == [(local(f"{DAY} 10:00"), True)]
    assert within(DERMA, lambda: "data-clash" in browser("admin.derma").get("/appointments/houses/").content.decode())
    # The visit itself goes on; nothing more is booked over it.
    within(DERMA, lambda: actions.record_confirmation(by=person("zheng.hui"), appointment=theirs, result="confirmed"))
    within(DERMA, lambda: actions.cancel_appointment(by=person("zheng.hui"), appointment=theirs, reason="ill"))
    assert within(SMILE, houses.clashes) == []
    with pytest.raises(Conflict, match="busy_elsewhere"):
        at_derma(f"{DAY} 10:00")


def test_each_clash_is_a_task_of_the_desk_until_it_is_settled():
    def tasks(state: str) -> list[tuple[str, list[str]]]:
        return [(one.args["doctor"], one.roles) for one in Task.objects.filter(kind=houses.CLASH, state=state)]

    at_smile(f"{DAY} 10:00")
    theirs = at_derma(f"{DAY} 10:00")
    linked()
    # The house that joined last knows at once; the other one as soon as the news is there, without its morning check.
    assert within(DERMA, lambda: tasks("open")) == [("岑医生", ["front_desk", "guide"])]
    assert within(SMILE, lambda: tasks("open")) == []
    heard(DERMA)
    heard(DERMA)
    assert within(SMILE, lambda: tasks("open")) == [("林医生", ["front_desk", "guide"])]
    within(SMILE, lambda: morning_check(date(2026, 12, 8)))
    assert within(SMILE, lambda: tasks("open")) == [("林医生", ["front_desk", "guide"])]

    within(DERMA, lambda: actions.cancel_appointment(by=person("zheng.hui"), appointment=theirs, reason="ill"))
    heard(DERMA)
    for slug in (SMILE, DERMA):
        assert within(slug, lambda: (len(tasks("open")), len(tasks("done")))) == (0, 1), slug


def test_what_the_news_missed_the_morning_check_finds():
    def tasks() -> int:
        return Task.objects.filter(kind=houses.CLASH, state="open").count()

    at_smile(f"{DAY} 10:00")
    at_derma(f"{DAY} 10:00")
    linked()
    assert within(SMILE, tasks) == 0
    within(SMILE, lambda: morning_check(date(2026, 12, 8)))
    assert within(SMILE, tasks) == 1


def test_a_house_that_leaves_frees_its_times_and_sees_none():
    linked()
    at_smile(f"{DAY} 10:00")
    within(SMILE, lambda: houses.leave_calendar(by=SYSTEM, staff=staff("011")))
    at_derma(f"{DAY} 10:00")
    at_smile(f"{DAY} 11:00")
    assert within(SMILE, BusyTime.objects.count) == 0
    assert within(DERMA, BusyTime.objects.count) == 1


def notices() -> list[tuple[str, str, list[str]]]:
    rows = Task.objects.filter(kind=houses.ENDED).order_by("id")
    return [(row.args["doctor"], row.title, row.roles) for row in rows]


def test_the_other_house_is_told_when_one_leaves_and_learns_nothing_of_it():
    linked()
    mine = at_smile(f"{DAY} 10:00")
    within(SMILE, lambda: houses.leave_calendar(by=SYSTEM, staff=staff("011")))
    assert within(DERMA, notices) == []
    heard(SMILE)
    heard(SMILE)
    [(doctor, title, roles)] = within(DERMA, notices)
    assert (doctor, roles) == ("岑医生", ["front_desk", "guide"])
    assert "another house" in title
    assert within(SMILE, notices) == []  # it left by itself

    def all_that_is_known() -> str:
        row = Task.objects.get(kind=houses.ENDED)
        return f"{row.title}{row.detail}{row.args}{row.url_args}"

    known = within(DERMA, all_that_is_known)
    assert not any(word in known for word in ("微笑", "smile", "甲", "林医生", str(mine.code), "10:00"))
    # Leaving twice says nothing more.
    within(SMILE, lambda: houses.leave_calendar(by=SYSTEM, staff=staff("011")))
    heard(SMILE)
    assert len(within(DERMA, notices)) == 1


def test_a_house_of_another_chain_hears_nothing_even_if_an_event_names_it():
    linked()
    told = {"receivers": [{"schema": context_for(slug="willow").schema_name, "staff": "x", "own": False}]}

    def forge() -> None:
        with transaction.atomic():
            emit("busy.sharing_ended", key="forged", payload=told, to="houses")

    within(SMILE, forge)
    heard(SMILE)
    assert within("willow", lambda: HandledEvent.objects.filter(handler__endswith="on_sharing_ended").count()) == 0


def test_headquarters_that_ends_a_sharing_tells_who_is_out_and_who_stays():
    linked()

    def end() -> None:
        calendar = doctors.doctors_in_houses().get()
        member = calendar.members.get(name="林医生")
        doctors.end_membership(by=SYSTEM, member=member)

    within(HQ, end)
    heard(HQ)
    [(mine, title, _roles)] = within(SMILE, notices)
    [(theirs, other, _their_roles)] = within(DERMA, notices)
    assert (mine, theirs) == ("林医生", "岑医生")
    assert "no longer shared with other houses" in title
    assert "another house" in other

    within(HQ, lambda: doctors.close_calendar(by=SYSTEM, calendar=doctors.doctors_in_houses().get()))
    heard(HQ)
    assert [len(within(slug, notices)) for slug in (SMILE, DERMA)] == [1, 2]


def test_a_notice_closes_the_clashes_that_are_none_any_more():
    at_smile(f"{DAY} 10:00")
    at_derma(f"{DAY} 10:00")
    linked()
    heard(DERMA)

    def clashes(state: str) -> int:
        return Task.objects.filter(kind=houses.CLASH, state=state).count()

    assert within(SMILE, lambda: clashes("open")) == 1
    within(DERMA, lambda: houses.leave_calendar(by=SYSTEM, staff=staff("041")))
    heard(DERMA)
    assert within(SMILE, lambda: (clashes("open"), clashes("done"))) == (0, 1)


def test_headquarters_ends_a_membership_and_sees_no_time():
    linked()
    at_smile(f"{DAY} 10:00")

    def look() -> list[str]:
        assert BusyTime.objects.count() == 0
        calendar = doctors.doctors_in_houses().get()
        web = browser("xu.heng")
        page = web.get("/headquarters/doctors/").content.decode()
        assert "林医生" in page
        assert "岑医生" in page
        assert "10:00–10:30" not in page
        member = calendar.members.get(name="林医生")
        assert web.post(f"/headquarters/doctors/{calendar.code}/members/{member.code}/end/").status_code == 303
        return [one.name for one in doctors.doctors_in_houses().get().members.all()]

    assert within(HQ, look) == ["岑医生"]
    assert at_derma(f"{DAY} 10:00").state == "booked"


def test_a_suspended_house_holds_nobody():
    linked()
    at_smile(f"{DAY} 10:00")

    with public_schema():
        tenant = Tenant.objects.get(slug=SMILE)
    suspend_tenant(by=SYSTEM, tenant=tenant, suspended=True)
    assert at_derma(f"{DAY} 10:00").state == "booked"


def test_an_invitation_counts_in_its_chain_for_a_week_and_once_in_a_house(tuesday):
    invitation = opened()
    with pytest.raises(RuleRefused, match="invitation_unknown"):
        join("willow", "081", invitation)
    join(SMILE, "011", invitation.lower().replace("-", " "))
    with pytest.raises(Conflict, match="calendar_joined"):
        join(SMILE, "014", invitation)
    tuesday("2026-12-16 08:30")
    with pytest.raises(RuleRefused, match="invitation_unknown"):
        join(DERMA, "041", invitation)


def test_a_house_writes_no_membership_and_reads_none_of_others():
    linked()

    def forge() -> None:
        calendar = Calendar.objects.get()
        with transaction.atomic():
            Membership.objects.create(
                calendar=calendar, staff=calendar.code, name="x", house="x", schema_name="derma", headquarters_role="x",
                joined_at=calendar.opened_at,
            )  # fmt: skip

    assert within(DERMA, lambda: [one.name for one in Membership.objects.all()]) == ["岑医生"]
    assert within("willow", lambda: (Calendar.objects.count(), Membership.objects.count())) == (0, 0)
    with pytest.raises(ProgrammingError, match="row-level security"):
        within(DERMA, forge)


def test_who_may():
    with pytest.raises(Forbidden):
        within(HQ, lambda: doctors.open_calendar(by=person("shen.lan"), label="x"))
    with pytest.raises(Forbidden):
        within(SMILE, lambda: houses.join_calendar(by=person("bai.lan"), staff=staff("011"), invitation="x"))
    assert within(SMILE, lambda: browser("bai.lan").get("/appointments/houses/").status_code) == 403
    assert within(HQ, lambda: browser("shen.lan").post("/headquarters/doctors/", {"label": "x"}).status_code) == 403


def test_the_api_opens_joins_and_leaves():
    answer = within(HQ, lambda: api("xu.heng").post("/api/v1/headquarters/doctors/", {"label": "林医生"}))
    assert answer.status_code == 201
    invitation, code = answer.json()["invitation"], answer.json()["code"]
    doctor = within(SMILE, lambda: str(staff("011").code))
    client = within(SMILE, lambda: api("admin.smile"))
    joined = within(
        SMILE, lambda: client.post("/api/v1/appointments/houses/", {"staff": doctor, "invitation": invitation})
    )
    assert joined.status_code == 201
    shared = within(SMILE, lambda: client.get("/api/v1/appointments/houses/").json())
    assert [one["staff"] for one in shared["doctors"]] == [doctor]
    found = within(HQ, lambda: api("shen.lan").get("/api/v1/headquarters/doctors/").json()["results"])
    assert [one["name"] for one in found[0]["members"]] == ["林医生"]
    assert within(SMILE, lambda: client.delete(f"/api/v1/appointments/houses/{doctor}/").status_code) == 204
    assert within(HQ, lambda: api("xu.heng").delete(f"/api/v1/headquarters/doctors/{code}/").status_code) == 204
    assert within(HQ, Calendar.objects.count) == 0
