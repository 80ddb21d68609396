"""The life of a visit (a1), and with it of a chair (a5): who waits, who is led in, when the chair is free again."""

from __future__ import annotations

from typing import Any

from services.appointments.actions import book_appointment, write_card
from services.reception.machine import HOLDS_CHAIR, MACHINE, UNSEEN
from services.reception.models import Visit
from tests.scenarios.machines.walks import Edge, House, Life, Row, Verb, after
from tests.scenarios.over_http import clockwork, moment, utc
from tests.services.doors import person
from tests.services.flow import local
from tests.services.till import PRICES, item

DESK, ATTENDANT, DOCTOR, TILL, LEAD, NURSE = "bai.lan", "su.qi", "dr.lin", "fang.li", "gao.wen", "mo.xiao"
NOW = "2026-12-08 10:00"
EXPLAIN, EMERGENCY = "reception.explain_wait", "reception.emergency"
VISITS = "reception/visits/{code}/"
ENDED = ("rebooked", "left_unseen")
SEEN = tuple(state for state in MACHINE.states if state not in UNSEEN)


def read(house: House, code: str) -> Row:
    return house.visit(code, by=LEAD)


def does(name: str, by: str, **body: Any) -> Any:
    return lambda house, code: house.who(by).does(VISITS.format(code=code) + f"{name}/", **body)


def arrive(house: House) -> str:
    return house.walks_in(house.patient("王南"), registered=False)


def register(house: House) -> str:
    return house.walks_in(house.patient("王南"))


def to_chair_one(house: House, code: str) -> dict[str, Any]:
    return {"chair": house.chair("1")}


def lead_in(house: House, code: str) -> None:
    house.leads_in(code, "1", by=ATTENDANT)


def sign_slip(house: House, code: str) -> None:
    house.who(DOCTOR).does(
        "cashier/slips/", site=house.site, patient=read(house, code)["patient"], visit=code,
        lines=[{"item": str(item("scaling").code)}],
    )  # fmt: skip


def pay(house: House, code: str) -> None:
    till = house.who(TILL)
    [slip] = till.lists("cashier/slips/", visit=code, state="issued")
    till.does(f"cashier/slips/{slip['code']}/charge/", tender="cash", tendered_fen=PRICES["scaling"][2])


announce, announce_long = does("announce", DESK, minutes=10), does("announce", DESK, minutes=40)
in_chair, finish, leave = does("in-chair", NURSE), does("finish", DOCTOR), does("leave", ATTENDANT)
rebook = does("rebook", DESK, starts_at=moment("2026-12-11 15:00"))
left_unseen, close = does("left-unseen", DESK, reason="等不及"), does("close", DESK)
TO_THE_DOOR = (lead_in, in_chair, finish, leave)


def asked_and_seated(house: House, code: str) -> None:
    """A long wait was announced: before the patient is asked there is no seat."""
    announce_long(house, code)
    desk = house.who(DESK)
    assert desk.is_refused(f"reception/visits/{code}/seat/", "wait_opinion_missing")["facts"]["limit"] == 15
    desk.does(f"reception/visits/{code}/opinion/", opinion="stay", education_topic="刷牙方法")


def close_by_the_next_booking(house: House, code: str) -> None:
    """The card of the visit is booked: the visit was waiting for nothing else."""
    visit = Visit.objects.select_related("site", "patient", "doctor").get(code=code)
    card = write_card(
        by=person(DOCTOR), site=visit.site, patient=visit.patient, doctor=visit.doctor, visit_code=visit.code, units=2
    )
    assert card.state == "open"
    book_appointment(
        by=person(DESK), site=visit.site, patient=visit.patient, doctor=visit.doctor, starts_at=local("2026-12-11 10:00"),
        units=2, card=card,
    )  # fmt: skip
    clockwork()


def chair_line(house: House) -> dict[str, Any]:
    """Whoever is led to chair 1 next: let in, or refused with the reason."""
    other = house.walks_in(house.patient("下一位"), doctor="020")
    answer = house.who(ATTENDANT).tries(f"reception/visits/{other}/lead-in/", chair=house.chair("1"))
    return {"status": answer.status_code, **answer.json()}


def waits_under_watch(house: House, code: str, row: Row) -> None:
    assert row["registered_at"] == utc(NOW)
    house.at("2026-12-08 10:20:00")
    clockwork()
    assert not house.tasks("yao.jing", EXPLAIN, row["patient"])
    house.at("2026-12-08 10:20:01")
    clockwork()
    assert house.tasks("yao.jing", EXPLAIN, row["patient"]), "nobody explained within 20 minutes"


def holds_the_chair(house: House, code: str, row: Row) -> None:
    assert row["led_in_at"] == utc(NOW)
    refused = chair_line(house)
    assert (refused["status"], refused["code"], refused["facts"]["occupied_by"]) == (409, "chair_not_free", code)
    house.at("2026-12-08 10:30")
    clockwork()
    assert not house.tasks("yao.jing", EXPLAIN, row["patient"]), "the wait is over"


def frees_the_chair(house: House, code: str, row: Row) -> None:
    assert row["left_at"] == utc(NOW)
    assert chair_line(house)["status"] == 200


def still_holds_the_chair(house: House, code: str, row: Row) -> None:
    assert row["finished_at"] == utc(NOW)
    refused = chair_line(house)
    assert (refused["code"], refused["facts"]["state"]) == ("chair_not_free", "finished")


def has_a_new_time(house: House, code: str, row: Row) -> None:
    assert (row["wait_seconds"], row["end_reason"]) in ((0, "wait_too_long"), (None, "wait_too_long"))
    [booked] = house.who(DESK).lists("appointments/", patient=row["patient"], state="booked")
    assert (booked["starts_at"], booked["channel"]) == (utc("2026-12-11 15:00"), "rebooked")


def is_not_deleted(house: House, code: str, row: Row) -> None:
    assert row["end_reason"] in ("等不及", "declined_wait")


def stamped(name: str) -> Any:
    def proof(house: House, code: str, row: Row) -> None:
        assert row[name] == utc(NOW)

    return proof


def _verb(name: str, by: str, stranger: str = "dr.xie", **more: Any) -> Verb:
    return Verb(by=by, path=VISITS + f"{name}/", stranger=stranger, **more)


OVER = dict.fromkeys(SEEN, (409, "wait_is_over"))
VISIT = Life(
    machine=MACHINE,
    moment=NOW,
    ledger=("FD-002", "QU-001", "QU-002", "QU-003", "QU-004", "QU-008", "QU-009", "QU-022", "AP-030", "CA-001"),
    reads=read,
    puts={
        "arrived": arrive,
        "registered": register,
        "waiting": after(register, announce),
        "led_in": after(register, lead_in),
        "in_chair": after(register, lead_in, in_chair),
        "finished": after(register, lead_in, in_chair, finish),
        # The doctor signed while the guest sat at the chair.
        "left": after(register, lead_in, in_chair, sign_slip, finish, leave),
        "at_cashier": after(register, *TO_THE_DOOR, sign_slip),
        "settled": after(register, *TO_THE_DOOR, sign_slip, pay),
        "closed": after(register, *TO_THE_DOOR, sign_slip, pay, close),
        "rebooked": after(register, rebook),
        "left_unseen": after(register, left_unseen),
    },
    verbs={
        "register": _verb("register", DESK),
        "announce": _verb("announce", DESK, body={"minutes": 10}),
        "announce a long wait": _verb("announce", DESK, body={"minutes": 40}),
        "stays": _verb("opinion", DESK, body={"opinion": "stay", "education_topic": "刷牙方法"}),
        "leaves": _verb("opinion", DESK, body={"opinion": "leave"}),
        "wants another time": _verb("opinion", DESK, body={"opinion": "rebook"}),
        "seat": _verb("seat", DESK),
        "explain": _verb("explanations", DESK, body={"reason": "overrun", "words": "前一位超时"}),
        "class": _verb("class", DOCTOR, stranger=TILL, body={"visit_class": "return"}),
        "lead in": _verb("lead-in", ATTENDANT, body=to_chair_one),
        "override": _verb("override", LEAD, stranger=DESK, body={"reason": "同一家人"}),
        "in the chair": _verb("in-chair", NURSE, stranger=DESK),
        "finish": _verb("finish", DOCTOR, stranger=DESK),
        "leave": _verb("leave", ATTENDANT, stranger=TILL),
        "close": _verb("close", DESK, stranger=NURSE),
        "rebook": _verb("rebook", DESK, body={"starts_at": moment("2026-12-11 15:00")}),
        "left unseen": _verb("left-unseen", DESK, body={"reason": "等不及"}),
        "emergency": _verb("emergency", DESK, body={"condition": "trauma"}),
    },
    edges=(
        Edge(source="arrived", target="registered", verb="register", proof=waits_under_watch),
        Edge(source="registered", target="waiting", verb="announce", proof=waits_under_watch),
        Edge(source="registered", target="waiting", act=asked_and_seated),
        Edge(source=("registered", "waiting"), target="led_in", verb="lead in", proof=holds_the_chair),
        Edge(source="led_in", target="in_chair", verb="in the chair", proof=stamped("in_chair_at")),
        Edge(source=("led_in", "in_chair"), target="finished", verb="finish", proof=still_holds_the_chair),
        Edge(source="finished", target="left", verb="leave", proof=frees_the_chair),
        Edge(source="left", target="at_cashier", act=sign_slip),
        Edge(source=("left", "at_cashier"), target="settled", act=pay, proof=stamped("settled_at")),
        Edge(source="settled", target="closed", verb="close", proof=stamped("closed_at")),
        Edge(source="settled", target="closed", act=close_by_the_next_booking, proof=stamped("closed_at")),
        Edge(source=UNSEEN, target="rebooked", verb="rebook", proof=has_a_new_time),
        Edge(source=UNSEEN, target="left_unseen", verb="left unseen", proof=is_not_deleted),
        Edge(source=UNSEEN, target="left_unseen", verb="leaves", proof=is_not_deleted),
    ),
    stays={
        "announce": ("arrived", "waiting"),
        "announce a long wait": ("arrived", "registered", "waiting"),
        "explain": tuple(state for state in MACHINE.states if state != "arrived"),
        "stays": ("arrived", "waiting"),
        "class": (*UNSEEN, *HOLDS_CHAIR, "left", "at_cashier", "settled"),
        "override": UNSEEN,
        "emergency": UNSEEN,
    },
    refused={
        **dict.fromkeys(
            ("announce", "announce a long wait", "override", "rebook", "left unseen", "emergency", "leaves"), OVER
        ),
        "stays": OVER | {"registered": (422, "wait_not_announced")},
        "wants another time": OVER | dict.fromkeys(UNSEEN, (422, "rebook_needs_a_time")),
        "finish": {"arrived": (422, "visit_class_missing")},
        "seat": {"registered": (422, "wait_not_announced")},
        "explain": {"arrived": (409, "never_waited")},
        "class": dict.fromkeys(("closed", *ENDED), (409, "visit_over")),
    },
)

LIVES = (VISIT,)
