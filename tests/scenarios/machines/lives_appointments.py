"""The lives of a booking and of what goes on beside it (a3, a4, a33, AP-028, AP-031)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from kernel import clock
from services.appointments import handlers
from services.appointments.lifecycles import ARRANGEMENT, REFERRAL, REMOTE
from services.appointments.machine import MACHINE
from services.staff.actions import change_shift, plan_shift
from services.staff.models import DutyShift
from tests.scenarios.machines.walks import Edge, House, Life, Row, Verb, after, step
from tests.scenarios.over_http import clockwork, moment, utc
from tests.services.doors import SYSTEM, staff
from tests.services.flow import center, chair, local

DESK, LEAD, DOCTOR = "bai.lan", "gao.wen", "dr.lin"
CONFIRM, AFFECTED, NO_SHOW = "appointments.confirm", "appointments.affected", "appointments.no_show"
AWAITED = ("booked", "confirmed", "unreachable", "affected")
BEGUN = ("arrived", "in_service", "completed")
VISIT, DAY, AFTERWARDS = "2026-12-09 10:00", "2026-12-09 09:55", "2026-12-10 08:00"


# --- bookings ---------------------------------------------------------------------------------------------------------


def read(house: House, code: str) -> Row:
    return dict(house.who(LEAD).asks(f"appointments/{code}/"))


def book(house: House) -> str:
    return str(house.books(house.patient("陆英"), VISIT)["code"])


def answered(result: str) -> Any:
    def put(house: House) -> str:
        code = book(house)
        house.who(DESK).does(f"appointments/{code}/confirm/", result=result)
        return code

    return put


def change_roster(house: House, code: str, *, rest: bool = True) -> None:
    """The morning of the doctor becomes a day off, or is a morning in the clinic again."""
    morning = DutyShift.objects.get(staff=staff("011"), starts_at=local("2026-12-09 08:30"))
    kind: dict[str, Any] = {"kind": "rest"} if rest else {"kind": "clinic", "chair": chair("1")}
    change_shift(by=SYSTEM, site=center(), shift=morning, starts_at=morning.starts_at, ends_at=morning.ends_at, **kind)
    clockwork()


def affected(house: House) -> str:
    code = book(house)
    change_roster(house, code)
    return code


def visit_of(house: House, code: str) -> str:
    [visit] = house.who(LEAD).lists("reception/visits/", patient=read(house, code)["patient"])
    return str(visit["code"])


def comes(house: House, code: str) -> None:
    house.at(DAY)
    house.checks_in({"code": code})


def begins(house: House, code: str) -> None:
    visit = visit_of(house, code)
    house.leads_in(visit, "1")
    house.who("mo.xiao").does(f"reception/visits/{visit}/in-chair/")


def ends(house: House, code: str) -> None:
    visit = visit_of(house, code)
    if house.visit(visit)["state"] == "registered":
        house.leads_in(visit, "1")
    house.who(DOCTOR).does(f"reception/visits/{visit}/finish/")
    house.who("su.qi").does(f"reception/visits/{visit}/leave/")


def stays_away(house: House, code: str) -> None:
    house.at(AFTERWARDS)
    house.who(DESK).does(f"appointments/{code}/no-show/")


def morning_check(house: House, code: str) -> None:
    house.at(AFTERWARDS)
    handlers.morning_check(date(2026, 12, 10))


def cancel(house: House, code: str) -> None:
    house.who(DESK).does(f"appointments/{code}/cancel/", version=read(house, code)["version"], reason="出差")


def is_confirmed(house: House, code: str, row: Row) -> None:
    assert row["confirmed_at"] == utc("2026-12-08 10:00")
    assert not house.tasks(DESK, CONFIRM, row["patient"])


def is_asked_again(house: House, code: str, row: Row) -> None:
    [attempt] = house.tasks(DESK, CONFIRM, row["patient"])
    assert attempt["state"] == "open"


def is_moved(house: House, code: str, row: Row) -> None:
    assert (row["starts_at"], row["confirmed_at"]) == (utc("2026-12-11 10:00"), None)
    [old] = house.who(DESK).lists(f"appointments/{code}/moves/")
    assert (old["old_starts_at"], old["new_starts_at"], old["reason"]) == (utc(VISIT), row["starts_at"], "改期")
    [asked] = house.tasks(DESK, CONFIRM, row["patient"])
    assert asked["due_at"] == utc("2026-12-10 17:30"), "the old reminder is gone; the new one is due the day before"
    assert not house.tasks(DESK, AFFECTED, row["patient"])


def is_to_be_told(house: House, code: str, row: Row) -> None:
    assert house.tasks(DESK, AFFECTED, row["patient"])
    assert row["affected_told_at"] is None


def is_cancelled(house: House, code: str, row: Row) -> None:
    assert (row["cancelled_at"], row["cancel_reason"]) == (utc("2026-12-08 10:00"), "出差")
    for kind in (CONFIRM, AFFECTED):
        assert not house.tasks(DESK, kind, row["patient"])


def is_here(house: House, code: str, row: Row) -> None:
    assert row["arrived_at"] == utc(DAY)
    assert not house.tasks(DESK, CONFIRM, row["patient"])


def is_missed(house: House, code: str, row: Row) -> None:
    assert not house.tasks(DESK, CONFIRM, row["patient"])
    [task] = house.tasks(DESK, NO_SHOW, row["patient"])
    assert task["due_at"] == utc("2026-12-10 12:00")


def told_and_confirmed(house: House, code: str) -> None:
    desk = house.who(DESK)
    assert desk.does(f"appointments/{code}/told/")["affected_told_at"] == utc("2026-12-08 10:00")
    assert not house.tasks(DESK, AFFECTED, read(house, code)["patient"])
    desk.does(f"appointments/{code}/confirm/", result="confirmed")


def confirmed_before_the_roster_changed(house: House, code: str) -> None:
    """Confirmed on Tuesday; the roster goes and comes back on Wednesday: what was said on Tuesday was said then."""
    change_roster(house, code, rest=False)
    house.who(DESK).does(f"appointments/{code}/confirm/", result="confirmed")
    house.at("2026-12-09 08:00")
    change_roster(house, code)
    assert read(house, code)["state"] == "affected"
    change_roster(house, code, rest=False)


APPOINTMENT = Life(
    machine=MACHINE,
    moment="2026-12-08 10:00",
    ledger=("AP-013", "AP-016", "AP-017", "AP-018", "AP-020", "AP-040", "FU-022"),
    reads=read,
    puts={
        "booked": book,
        "confirmed": answered("confirmed"),
        "unreachable": answered("unreachable"),
        "affected": affected,
        "arrived": after(book, comes),
        "in_service": after(book, comes, begins),
        "completed": after(book, comes, begins, ends),
        "cancelled": after(book, cancel),
        "no_show": after(book, stays_away),
    },
    verbs={
        "confirm": Verb(by=DESK, path="appointments/{code}/confirm/", body={"result": "confirmed"}, stranger="mo.xiao"),
        "not reached": Verb(
            by=DESK, path="appointments/{code}/confirm/", body={"result": "unreachable"}, stranger="mo.xiao"
        ),
        "move": Verb(
            by=DESK,
            path="appointments/{code}/move/",
            body={"starts_at": moment("2026-12-11 10:00"), "reason": "改期"},
            versioned=True,
            stranger="su.qi",
        ),
        "cancel": Verb(
            by=DESK, path="appointments/{code}/cancel/", body={"reason": "出差"}, versioned=True, stranger="su.qi"
        ),
        "check in": Verb(
            by=DESK,
            path="reception/visits/",
            body=lambda house, code: {"site": house.site, "appointment": code},
            stranger="dr.lin",
        ),
        "told of the roster": Verb(by=DESK, path="appointments/{code}/told/", stranger="mo.xiao"),
        "no-show": Verb(by=DESK, path="appointments/{code}/no-show/", stranger="ye.fan"),
    },
    edges=(
        Edge(source=("booked", "unreachable"), target="confirmed", verb="confirm", proof=is_confirmed),
        Edge(source="affected", target="confirmed", act=told_and_confirmed, proof=is_confirmed),
        Edge(source="affected", target="confirmed", act=confirmed_before_the_roster_changed, proof=is_confirmed),
        Edge(source="booked", target="unreachable", verb="not reached", proof=is_asked_again),
        Edge(source=AWAITED, target="booked", verb="move", proof=is_moved),
        Edge(source="affected", target="booked", act=lambda house, code: change_roster(house, code, rest=False)),
        Edge(source=("booked", "confirmed", "unreachable"), target="affected", act=change_roster, proof=is_to_be_told),
        Edge(source=AWAITED, target="cancelled", verb="cancel", proof=is_cancelled),
        Edge(
            source="arrived",
            target="cancelled",
            act=lambda house, code: house.who(DESK).does(
                f"reception/visits/{visit_of(house, code)}/left-unseen/", reason="等不及"
            ),
        ),
        Edge(source=AWAITED, target="arrived", act=comes, proof=is_here),
        Edge(source=AWAITED, target="arrived", verb="check in"),
        Edge(source="arrived", target="in_service", act=begins),
        Edge(source=("arrived", "in_service"), target="completed", act=ends),
        Edge(source=AWAITED, target="no_show", act=stays_away, proof=is_missed),
        Edge(source=AWAITED, target="no_show", act=morning_check, proof=is_missed),
    ),
    stays={
        "confirm": ("confirmed",),
        "not reached": ("unreachable", "affected"),
        "told of the roster": ("affected",),
    },
    refused={
        "confirm": {"affected": (422, "roster_not_told")},
        "cancel": {"arrived": (409, "patient_is_here")},
        "told of the roster": {state: (409, "not_affected") for state in MACHINE.states if state != "affected"},
        "no-show": dict.fromkeys(AWAITED, (422, "visit_to_come")),
        "check in": dict.fromkeys(("arrived", "in_service"), (409, "already_here")),
    },
)


# --- booked for today -------------------------------------------------------------------------------------------------

TODAY = "2026-12-09 09:00"
ASKED, DIFFICULT, KNOW = "appointments.arrange", "appointments.arrange_difficult", "appointments.day_patient"


def read_arrangement(house: House, code: str) -> Row:
    return dict(house.who(LEAD).asks(f"appointments/arrangements/{code}/"))


def ask(house: House) -> str:
    """Dr Xie has administration duty; the desk asks."""
    DutyShift.objects.filter(staff=staff("023"), starts_at__lt=local("2026-12-10 00:00")).delete()
    plan_shift(
        by=SYSTEM, site=center(), staff=staff("023"), starts_at=local("2026-12-09 08:30"),
        ends_at=local("2026-12-09 18:00"), kind="administration",
    )  # fmt: skip
    booked = house.books(house.patient("今天"), "2026-12-09 15:00")
    asked = house.who(DESK).does(f"appointments/{booked['code']}/arrange/")
    assert house.tasks("dr.xie", ASKED, booked["patient"])
    return str(asked["code"])


ARRANGED = step("appointments/arrangements/{code}/arranged/", LEAD)
TOLD = step("appointments/arrangements/{code}/told/", DESK)
KNOWS = step("appointments/arrangements/{code}/acknowledged/", DOCTOR)
HARD = step("appointments/arrangements/{code}/difficult/", DESK, difficulty="当天已满")


def knows_twice(first: Any, second: Any) -> Any:
    def act(house: House, code: str) -> None:
        first(house, code)
        assert read_arrangement(house, code)["state"] == "arranged", "one of two is not enough"
        second(house, code)

    return act


def at_the_director(house: House, code: str, row: Row) -> None:
    assert house.tasks("shen.ke", DIFFICULT)
    assert not house.tasks("dr.xie", ASKED)


def at_the_doctor(house: House, code: str, row: Row) -> None:
    assert (row["arranged_at"], row["arranged_by_name"]) == (utc(TODAY), "高文")
    assert house.tasks(DOCTOR, KNOW)
    assert not house.tasks("dr.xie", ASKED) + house.tasks("shen.ke", DIFFICULT)


def is_informed(house: House, code: str, row: Row) -> None:
    assert (row["told_at"], row["acknowledged_at"]) == (utc(TODAY), utc(TODAY))
    assert not house.tasks(DOCTOR, KNOW)


ARRANGE = Life(
    machine=ARRANGEMENT,
    moment=TODAY,
    ledger=("AP-031",),
    reads=read_arrangement,
    puts={
        "asked": ask,
        "difficult": after(ask, HARD),
        "arranged": after(ask, ARRANGED),
        "informed": after(ask, ARRANGED, TOLD, KNOWS),
    },
    verbs={
        "arranged": Verb(
            by=LEAD,
            path="appointments/arrangements/{code}/arranged/",
            stranger="su.qi",
            stranger_code="transition_forbidden",
        ),
        "difficult": Verb(
            by=DESK,
            path="appointments/arrangements/{code}/difficult/",
            body={"difficulty": "当天已满"},
            stranger="su.qi",
            stranger_code="transition_forbidden",
        ),
        "told": Verb(by=DESK, path="appointments/arrangements/{code}/told/"),
        "acknowledged": Verb(by=DOCTOR, path="appointments/arrangements/{code}/acknowledged/"),
    },
    edges=(
        Edge(source="asked", target="difficult", verb="difficult", proof=at_the_director),
        Edge(source=("asked", "difficult"), target="arranged", verb="arranged", proof=at_the_doctor),
        Edge(source="arranged", target="informed", act=knows_twice(TOLD, KNOWS), proof=is_informed),
        Edge(source="arranged", target="informed", act=knows_twice(KNOWS, TOLD), proof=is_informed),
    ),
    stays={"told": ("arranged", "informed"), "acknowledged": ("arranged", "informed")},
    refused={verb: dict.fromkeys(("asked", "difficult"), (409, "not_arranged")) for verb in ("told", "acknowledged")},
)


# --- referrals --------------------------------------------------------------------------------------------------------


def read_referral(house: House, code: str) -> Row:
    return dict(house.who(LEAD).asks(f"appointments/referrals/{code}/"))


def register(house: House) -> str:
    made = house.who(DESK).does(
        "appointments/referrals/", site=house.site, patient=house.patient("林希"), from_doctor=house.staff("011"),
        to_doctor=house.staff("020"), question="做什么还不清楚",
    )  # fmt: skip
    assert house.tasks(DOCTOR, "appointments.referral_open", made["patient"])
    return str(made["code"])


def details(house: House, code: str) -> dict[str, Any]:
    return {"item": house.item("dental-filling"), "charge_fen": 126_000, "no_next_reason": "一次完成"}


def settle(house: House, code: str) -> None:
    house.who(DESK).does(f"appointments/referrals/{code}/settle/", **details(house, code))


def is_off_the_list(house: House, code: str, row: Row) -> None:
    assert row["settled_at"] == utc("2026-12-08 10:00")
    assert not house.tasks(DOCTOR, "appointments.referral_open", row["patient"])


WITHDRAW = step("appointments/referrals/{code}/withdraw/", DESK, reason="病人改主意")
REFER = Life(
    machine=REFERRAL,
    moment="2026-12-08 10:00",
    ledger=("AP-028",),
    reads=read_referral,
    puts={"open": register, "settled": after(register, settle), "withdrawn": after(register, WITHDRAW)},
    verbs={
        "settle": Verb(
            by=DESK,
            path="appointments/referrals/{code}/settle/",
            body=details,
            stranger="su.qi",
            stranger_code="transition_forbidden",
        ),
        "settle in part": Verb(by=DESK, path="appointments/referrals/{code}/settle/", body={"charge_fen": 100}),
        "withdraw": Verb(
            by=DESK,
            path="appointments/referrals/{code}/withdraw/",
            body={"reason": "病人改主意"},
            stranger="su.qi",
            stranger_code="transition_forbidden",
        ),
    },
    edges=(
        Edge(source="open", target="settled", verb="settle", proof=is_off_the_list),
        Edge(source="open", target="withdrawn", verb="withdraw", proof=is_off_the_list),
    ),
    refused={"settle in part": {"open": (422, "referral_incomplete")}},
)


# --- consultations over distance --------------------------------------------------------------------------------------

HOLD = "appointments.remote_hold"
REASON = {"reason": "患者取消"}


def read_consultation(house: House, code: str) -> Row:
    return dict(house.who(LEAD).asks(f"appointments/consultations/{code}/"))


def request(house: House, *, name: str = "远程", consent: bool = True) -> str:
    made = house.who(DOCTOR).does(
        "appointments/consultations/", site=house.site, patient=house.patient(name), doctor=house.staff("011"),
        partner="省口腔医院", question="能否保留 36？", consent=consent,
    )  # fmt: skip
    return str(made["code"])


def consented_then_accepted(house: House, code: str) -> None:
    """Without the patient's consent no data leave the house."""
    unasked = request(house, name="未同意", consent=False)
    refusal = "appointments/consultations/{}/accept/"
    house.who(DOCTOR).is_refused(refusal.format(unasked), "consent_missing", partner_doctor="许教授")
    house.who(DOCTOR).does(f"appointments/consultations/{unasked}/consent/")
    house.who(DOCTOR).does(refusal.format(unasked), partner_doctor="许教授")
    house.who(DOCTOR).does(refusal.format(code), partner_doctor="许教授")


def tomorrow(house: House, code: str) -> dict[str, Any]:
    return {"starts_at": (clock.now() + timedelta(days=1)).isoformat(), "minutes": 30}


def schedule(house: House, code: str) -> None:
    house.who(DOCTOR).does(
        f"appointments/consultations/{code}/schedule/", starts_at=moment("2026-12-09 16:00"), minutes=30
    )


def hold(house: House, code: str) -> None:
    house.at("2026-12-09 16:05")
    house.who(DOCTOR).does(f"appointments/consultations/{code}/hold/")


def is_kept_free(house: House, code: str, row: Row) -> None:
    assert house.tasks(DOCTOR, HOLD, row["patient"])
    stretch = {"doctor": house.staff("011"), "starts_at": row["starts_at"], "units": 2}
    house.who(DESK).is_refused(
        "appointments/", "booking_conflict", 409, site=house.site, patient=house.patient("别人"), **stretch
    )


def is_free_again(house: House, code: str, row: Row) -> None:
    assert (row["end_reason"], house.tasks(DOCTOR, HOLD)) == ("患者取消", [])
    house.books(house.patient("别人"), "2026-12-09 16:00")


def is_recorded(house: House, code: str, row: Row) -> None:
    assert (row["held_at"], row["recorded_at"]) == (utc("2026-12-09 16:05"), utc("2026-12-09 16:05"))
    assert not house.tasks(DOCTOR, HOLD)


def _consultation_verb(name: str, by: str = DOCTOR, **more: Any) -> Verb:
    return Verb(by=by, path=f"appointments/consultations/{{code}}/{name}/", stranger=DESK, **more)


ACCEPT = step("appointments/consultations/{code}/accept/", DOCTOR, partner_doctor="许教授")
RECORD = step("appointments/consultations/{code}/record/", DOCTOR, result="可以保留")
CONSULT = Life(
    machine=REMOTE,
    moment="2026-12-08 10:00",
    ledger=("AP-036", "CR-005"),
    reads=read_consultation,
    puts={
        "requested": request,
        "accepted": after(request, ACCEPT),
        "scheduled": after(request, ACCEPT, schedule),
        "held": after(request, ACCEPT, schedule, hold),
        "recorded": after(request, ACCEPT, schedule, hold, RECORD),
        "refused": after(request, step("appointments/consultations/{code}/refuse/", DOCTOR, **REASON)),
        "cancelled": after(request, step("appointments/consultations/{code}/cancel/", DOCTOR, **REASON)),
    },
    verbs={
        "consent": _consultation_verb("consent"),
        "accept": _consultation_verb("accept", body={"partner_doctor": "许教授"}),
        "refuse": _consultation_verb("refuse", body=REASON),
        "schedule": _consultation_verb("schedule", body=tomorrow),
        "hold": _consultation_verb("hold"),
        "record": _consultation_verb("record", body={"result": "可以保留"}),
        "cancel": _consultation_verb("cancel", body=REASON),
    },
    edges=(
        Edge(source="requested", target="accepted", verb="accept"),
        Edge(source="requested", target="accepted", act=consented_then_accepted),
        Edge(source="requested", target="refused", verb="refuse"),
        Edge(source="accepted", target="scheduled", verb="schedule", proof=is_kept_free),
        Edge(source="scheduled", target="held", act=hold),
        Edge(source="held", target="recorded", verb="record", proof=is_recorded),
        Edge(source=("requested", "accepted", "scheduled"), target="cancelled", verb="cancel", proof=is_free_again),
    ),
    stays={"consent": ("requested", "accepted", "scheduled", "held")},
    refused={
        "consent": dict.fromkeys(("recorded", "refused", "cancelled"), (409, "consultation_over")),
        "hold": {"scheduled": (422, "consultation_to_come")},
    },
)

LIVES = (APPOINTMENT, ARRANGE, REFER, CONSULT)
