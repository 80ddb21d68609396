"""Several people booked at once: all or nothing, one message, one confirmation (ledger 17 "Families and groups")."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from kernel import clock
from kernel.errors import Conflict, RuleRefused, StaleVersion
from kernel.messaging.models import Message
from services.appointments import actions, groups, reminders, selectors
from services.appointments.group_slots import Common, Search, Wanted
from services.appointments.models import Appointment, BookingGroup
from services.patients.actions import add_relation, update_patient
from services.tasks.models import Task
from tests.kernel.probes import at_once
from tests.services.doors import SYSTEM, browser, person, staff
from tests.services.flow import SHANGHAI, booked, center, local, patient

BAI, REN = "bai.lan", "ren.tao"
TEN = "2026-12-09 10:00"
SIDE, ROW = BookingGroup.Arrangement


@pytest.fixture
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 09:00")
    return at


def family(*names: str) -> list[Any]:
    """Relatives of the first one, who pays for the others."""
    first, *others = [patient(name) for name in names]
    for other in others:
        add_relation(by=SYSTEM, patient=other, relative=first, kind="mother", is_payer=True)
    return [first, *others]


def together(people: list[Any], *doctors: str | None, at: str = TEN, by: str = BAI, **more: Any) -> BookingGroup:
    wanted = [Wanted(who, 2, staff(number) if number else None) for who, number in zip(people, doctors, strict=True)]
    return groups.book_group(
        by=person(by), site=center(), wanted=wanted, starts_at=local(at), **({"contact": people[0]} | more)
    )


def times(group: BookingGroup) -> list[tuple[str, str, str]]:
    return [
        (f"{clock.local(one.starts_at, SHANGHAI):%d %H:%M}", one.doctor.number, one.patient.name)
        for one in selectors.visits_of(group)
    ]


def open_confirmations() -> list[Task]:
    return list(Task.objects.filter(kind=reminders.CONFIRM, state__in=("open", "taken")))


# --- the common time --------------------------------------------------------------------------------------------------


def test_side_by_side_or_one_after_the_other(tuesday):
    one, two, three = family("孟兰", "孟小宝", "孟小贝")
    side = together([one, two, three], "011", "020", "011")
    assert times(side) == [("09 10:00", "011", "孟兰"), ("09 10:00", "020", "孟小宝"), ("09 10:30", "011", "孟小贝")]
    anybody = together([patient("甲"), patient("乙")], None, "011", at="2026-12-09 11:00")
    assert len({(row.doctor_id, row.chair_id) for row in selectors.visits_of(anybody)}) == 2
    assert len({row.starts_at for row in selectors.visits_of(anybody)}) == 1
    after = together([patient("丙"), patient("丁")], "011", "020", at="2026-12-09 14:00", arrangement=ROW)
    assert [time for time, _doctor, _name in times(after)] == ["09 14:00", "09 14:30"]

    # What is offered can be booked as it stands.
    wanted = [Wanted(patient("戊"), 2, staff("011")), Wanted(patient("己"), 2, staff("020"))]
    offered = Search(center(), wanted, SIDE, after=clock.now()).best()
    assert len(offered) == 6
    assert all(isinstance(one, Common) and len(one.slots) == 2 for one in offered)
    taken = groups.book_group(
        by=person(BAI), site=center(), wanted=wanted, starts_at=offered[0].starts_at, contact=wanted[0].patient
    )
    assert [row.starts_at for row in selectors.visits_of(taken)] == [slot.starts_at for slot in offered[0].slots]


def test_one_taken_place_refuses_all_and_names_the_next_common_time(tuesday):
    booked(patient("先来"), TEN, doctor="020")
    one, two = family("孟兰", "孟小宝")
    before = (Appointment.objects.count(), Task.objects.count(), Message.objects.count())

    with pytest.raises(Conflict) as refusal:
        together([one, two], "011", "020")

    assert refusal.value.code == "group_conflict"
    assert "孟小宝" in str(refusal.value.message)
    assert (Appointment.objects.count(), Task.objects.count(), Message.objects.count()) == before
    assert not BookingGroup.objects.exists()
    assert refusal.value.facts["next_starts_at"] == local("2026-12-09 10:30").astimezone(UTC).isoformat()
    assert len(times(together([one, two], "011", "020", at="2026-12-09 10:30"))) == 2


@pytest.mark.parametrize(
    ("people", "more", "code"),
    [
        (["甲"], {}, "group_too_small"),
        (["甲", "甲"], {}, "member_twice"),
        (["甲", "乙"], {"contact": None}, "group_contact_missing"),
        (
            ["甲", "乙"],
            {"contact": None, "name": "公司", "contact_name": "人事", "contact_phone": "x"},
            "phone_invalid",
        ),
        (["甲", "乙"], {"at": "2026-12-09 10:07"}, "start_not_on_unit"),
        (["甲", "乙"], {"at": "2026-12-07 10:00"}, "slot_in_the_past"),
    ],
)
def test_what_is_no_group_is_refused(tuesday, people, more, code):
    known = {name: patient(name) for name in dict.fromkeys(people)}
    with pytest.raises(RuleRefused) as refusal:
        together([known[name] for name in people], *("011", "020")[: len(people)], **more)
    assert refusal.value.code == code
    assert not Appointment.objects.exists()


# --- one message, one confirmation ------------------------------------------------------------------------------------


def test_one_receipt_and_one_confirmation_for_all_which_follow_every_change(tuesday):
    one, two, three = family("孟兰", "孟小宝", "孟小贝")
    group = together([one, two, three], "011", "020", "014")

    [message] = Message.objects.all()
    assert (message.to, message.template) == (one.phone, "group_receipt")
    assert all(name in message.body for name in ("孟兰", "孟小宝", "孟小贝"))
    [task] = open_confirmations()
    assert (task.subject_code, task.url_args) == (one.code, [str(group.code)])

    # One of them comes later: the list is told anew, once.
    second = Appointment.objects.get(patient=two)
    actions.move_appointment(by=person(BAI), appointment=second, starts_at=local("2026-12-09 15:00"), reason="school")
    assert Message.objects.get(pk=message.pk).state == "withdrawn"
    [message] = Message.objects.filter(state="queued")
    assert "15:00" in message.body
    [task] = open_confirmations()

    # One does not come at all; the others are asked once, and it is over when each has an answer.
    third = Appointment.objects.get(patient=three)
    actions.cancel_appointment(by=person(BAI), appointment=third, reason="ill")
    [message] = Message.objects.filter(state="queued")
    assert "孟小贝" not in message.body
    actions.record_confirmation(by=person(BAI), appointment=Appointment.objects.get(patient=one), result="confirmed")
    [task] = open_confirmations()
    groups.confirm_group(by=person(BAI), group=group, result="confirmed")
    task.refresh_from_db()
    assert (task.state, task.result) == ("done", "confirmed")
    assert {row.state for row in selectors.visits_of(group)} == {"confirmed", "cancelled"}
    assert not open_confirmations()

    # Who pays and wants no messages gets none; somebody without a file speaks for a group with a name.
    one = update_patient(by=SYSTEM, patient=one, message_consent=False)
    together([patient("甲"), one], "011", "020", at="2026-12-10 10:00", contact=one)
    assert Message.objects.filter(state="queued").count() == 1
    firm = together(
        [patient("乙"), patient("丙")], "011", "020", at="2026-12-10 14:00", contact=None, name="华兴公司",
        contact_name="人事林", contact_phone="021 6288 0000",
    )  # fmt: skip
    assert [one.to for one in Message.objects.filter(state="queued").order_by("-id")[:1]] == [firm.contact_phone]


def test_a_group_moves_and_goes_as_a_whole(tuesday):
    one, two = family("孟兰", "孟小宝")
    group = together([one, two], "011", "011", arrangement=ROW)
    booked(patient("先来"), "2026-12-09 11:30", doctor="011")

    # Half an hour later each takes the place of the one before.
    groups.move_group(by=person(BAI), group=group, starts_at=local("2026-12-09 10:30"), reason="traffic")
    assert times(group) == [("09 10:30", "011", "孟兰"), ("09 11:00", "011", "孟小宝")]
    assert [row.moves.count() for row in selectors.visits_of(group)] == [1, 1]
    # One of the group, one of who came first.
    assert Message.objects.filter(state="queued").count() == len(open_confirmations()) == 2

    with pytest.raises(Conflict) as refusal:
        groups.move_group(by=person(BAI), group=group, starts_at=local("2026-12-09 11:00"), reason="later")
    assert refusal.value.code == "group_conflict"
    assert times(group)[0][0] == "09 10:30"
    with pytest.raises(StaleVersion):
        groups.cancel_group(by=person(BAI), group=group, reason="ill", version=1)
    with pytest.raises(RuleRefused):
        groups.cancel_group(by=person(BAI), group=group, reason=" ")
    groups.cancel_group(by=person(BAI), group=group, reason="ill")
    assert {row.state for row in selectors.visits_of(group)} == {"cancelled"}
    assert Message.objects.filter(state="queued").count() == len(open_confirmations()) == 1
    with pytest.raises(Conflict) as over:
        groups.confirm_group(by=person(BAI), group=group, result="confirmed")
    assert over.value.code == "group_over"


def test_two_desks_book_two_groups_at_once_and_exactly_one_gets_the_time(own_database, smile, at):
    at("2026-12-08 08:30")
    people = [patient(f"患者{number}") for number in range(4)]

    def trying(pair: list[Any], doctors: tuple[str, str], by: str) -> Any:
        def run() -> object:
            try:
                return together(pair, *doctors, by=by)
            except Conflict as refusal:
                return refusal

        return run

    # They want the same two doctors in opposite order: nobody may wait in a circle.
    results = at_once(smile, trying(people[:2], ("011", "020"), BAI), trying(people[2:], ("020", "011"), REN))

    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(refused) == 1
    assert (refused[0].code, refused[0].facts["next_starts_at"]) == (
        "group_conflict",
        local("2026-12-09 10:30").astimezone(UTC).isoformat(),
    )
    assert (BookingGroup.objects.count(), Appointment.objects.count(), Message.objects.count()) == (1, 2, 1)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_desk_books_a_family_on_one_page(tuesday, django_assert_max_num_queries):
    one, two = family("孟兰", "孟小宝")
    friend = patient("朋友")
    desk, url = browser(BAI), "/appointments/groups/new/"
    assert "group-q" in desk.get(url).content.decode()
    opened = desk.get(f"{url}?family={one.code}")
    assert [row.patient for row in opened.context["rows"]] == [one, two]
    assert opened.context["form"]["contact"].value() == one.code
    assert len(opened.context["proposals"]) == 6

    typed = {
        "member": [one.code, two.code], "doctor": [staff("011").code, staff("020").code], "units": ["2", "2"],
        "item": ["", ""], "arrangement": "side_by_side", "channel": "phone", "contact": str(one.code),
    }  # fmt: skip
    added = desk.post(url, {**typed, "patient": friend.code})
    assert [row.patient for row in added.context["rows"]] == [one, two, friend]
    assert not Appointment.objects.exists()
    without = desk.post(url, {**typed, "drop": two.code})
    assert [row.patient for row in without.context["rows"]] == [one]
    offered = desk.get("/appointments/groups/slots/", {**typed, "arrangement": "in_a_row"}).context["proposals"]
    assert offered[0].slots[1].starts_at == offered[0].slots[0].ends_at

    booked(friend, TEN, doctor="020")
    clash = desk.post(url, {**typed, "day": "2026-12-09", "time": "10:00"})
    assert clash.status_code == 409
    following = clash.context["following"]
    assert f'value="{following}"' in clash.content.decode()
    answer = desk.post(url, {**typed, "slot": following})
    assert answer.status_code == 303
    group = BookingGroup.objects.get()
    assert answer["Location"] == f"/appointments/groups/{group.code}/"
    assert len(times(group)) == 2

    with django_assert_max_num_queries(30):
        shown = desk.get(answer["Location"])
    assert [row.patient for row in shown.context["visits"]] == [one, two]
    assert desk.post(f"{answer['Location']}confirm/", {"result": "confirmed"}).status_code == 303
    moved = desk.post(f"{answer['Location']}move/", {"slot": local("2026-12-10 14:00").isoformat(), "reason": "ill",
                      "asked_by": "patient"})  # fmt: skip
    assert moved.status_code == 303
    assert times(group)[0][0] == "10 14:00"
    member = selectors.visits_of(group)[0]
    assert answer["Location"] in desk.get(f"/appointments/{member.code}/").content.decode()
    assert desk.post(f"{answer['Location']}cancel/", {"reason": ""}).status_code == 422
    assert desk.post(f"{answer['Location']}cancel/", {"reason": "ill"}).status_code == 303
    assert browser("su.qi").post(f"{answer['Location']}cancel/", {"reason": "ill"}).status_code == 403
    assert browser("luo.ping").get(answer["Location"]).status_code == 404


@pytest.mark.ledger("AP-004")
def test_a_visit_of_the_group_closes_the_card_of_its_patient_and_doctor(tuesday):
    """Given open cards of two doctors, when the group is booked with one of them, then that card is closed and no other."""
    one, two = family("孟兰", "孟小宝")
    card, other = (
        actions.write_card(by=person("dr.lin"), site=center(), patient=one, doctor=staff(number))
        for number in ("011", "020")
    )
    group = together([one, two], "011", "020")
    card.refresh_from_db()
    other.refresh_from_db()
    assert (card.state, other.state) == ("booked", "open")
    assert card.appointment == next(row for row in selectors.visits_of(group) if row.patient == one)
