"""What lives and ends beside the chair: a relative inside, a silent note, a concern, a mark of a guest who needs help."""

from __future__ import annotations

from typing import Any

from services.treatment_area import machine
from services.treatment_area.models import AccompanyingRelative
from tests.scenarios.machines.walks import Act, Edge, House, Life, Row, Verb, after, step
from tests.scenarios.over_http import clockwork, utc

DESK, GUIDE, ATTENDANT, NURSE, HEAD, DOCTOR, OTHER, LEAD = (
    "bai.lan", "yao.jing", "su.qi", "mo.xiao", "mei.hua", "dr.lin", "dr.xu", "gao.wen",
)  # fmt: skip
NOW = "2026-12-07 10:00"
ROOM = "treatment_area"


def verb(path: str, by: str, stranger: str = "", **more: Any) -> Verb:
    return Verb(by=by, path=f"{ROOM}/{path}/", stranger=stranger, **more)


def listed(path: str) -> Any:
    return lambda house, code: house.one(LEAD, f"{ROOM}/{path}/", code)


# --- a relative inside ------------------------------------------------------------------------------------------------


def read_relative(house: House, code: str) -> Row:
    visit = AccompanyingRelative.objects.get(code=code).visit.code
    return house.one(LEAD, f"{ROOM}/visits/{visit}/relatives/", code)


def child(house: House) -> str:
    """A guest of eleven sits inside."""
    visit = house.walks_in(house.patient("阮欣", birth_date="2015-03-01"))
    house.leads_in(visit, "1")
    return visit


def inside(house: House) -> str:
    visit = child(house)
    relatives = f"{ROOM}/visits/{visit}/relatives/"
    mother = house.who(ATTENDANT).does(relatives, name="阮母", relation="mother")
    assert (mother["in_at"], mother["ground"]) == (utc(NOW), "child")
    house.who(ATTENDANT).is_refused(relatives, "companion_limit", 409, name="阮父", relation="father")
    return str(mother["code"])


def outside(house: House) -> str:
    visit = child(house)
    path = f"{ROOM}/visits/{visit}/relatives/refused/"
    father = house.who(ATTENDANT).does(path, name="阮父", relation="father", refusal="second", words="在候诊区等候")
    assert (father["in_at"], father["note"]) == (None, "在候诊区等候")
    return str(father["code"])


def the_guest_leaves(house: House, code: str) -> None:
    visit = AccompanyingRelative.objects.get(code=code).visit.code
    house.who(DOCTOR).does(f"reception/visits/{visit}/finish/")
    house.who(ATTENDANT).does(f"reception/visits/{visit}/leave/")
    clockwork()


def is_out(house: House, code: str, row: Row) -> None:
    assert row["out_at"] == utc(NOW)


RELATIVE = Life(
    machine=machine.RELATIVE,
    moment=NOW,
    ledger=("QU-011", "QU-023"),
    reads=read_relative,
    puts={
        "inside": inside,
        "refused": outside,
        "out": after(inside, step(f"{ROOM}/relatives/{{code}}/out/", ATTENDANT)),
    },
    verbs={"out": verb("relatives/{code}/out", ATTENDANT, DOCTOR)},
    edges=(
        Edge(source="inside", target="out", verb="out", proof=is_out),
        Edge(source="inside", target="out", act=the_guest_leaves, proof=is_out),
    ),
    # Whoever asks is let in or kept outside in the same breath.
    passing=("asked",),
    born=(("asked", "inside"), ("asked", "refused")),
)


# --- a silent note ----------------------------------------------------------------------------------------------------

TO_DOCTOR, TO_NURSE, UNANSWERED = (f"{ROOM}.note", f"{ROOM}.note_nurse", f"{ROOM}.note_unanswered")


def send(house: House) -> str:
    """Dr Lin treats somebody; the attendant tells him silently who waits."""
    house.occupies("1")
    visit = house.walks_in(house.patient("田原"))
    note = house.who(ATTENDANT).does(f"{ROOM}/visits/{visit}/notes/", text="田女士想先咨询")
    assert house.tasks(DOCTOR, TO_DOCTOR)
    return str(note["code"])


def nobody_answers(house: House, code: str) -> None:
    house.at("2026-12-07 10:05")
    clockwork()


def is_with_the_head_nurse(house: House, code: str, row: Row) -> None:
    assert row["escalated_at"] == utc("2026-12-07 10:05")
    assert house.tasks(HEAD, UNANSWERED)


def is_answered(house: House, code: str, row: Row) -> None:
    assert (row["reply"], row["replied_by_name"]) == ("稍后到", "林医生")
    asks_nobody(house, code, row)


def is_withdrawn(house: House, code: str, row: Row) -> None:
    assert row["withdrawn_at"] is not None
    asks_nobody(house, code, row)


def asks_nobody(house: House, code: str, row: Row) -> None:
    assert not house.tasks(DOCTOR, TO_DOCTOR) + house.tasks(NURSE, TO_NURSE) + house.tasks(HEAD, UNANSWERED)
    house.at("2026-12-07 10:30")
    clockwork()
    assert not house.tasks(HEAD, UNANSWERED), "no timer is left that asks again"


def the_guest(what: str) -> Act:
    """The guest of the note is led in, or leaves."""

    def act(house: House, code: str) -> None:
        visit = str(listed("notes")(house, code)["visit"])
        if what == "is led in":
            house.leads_in(visit, "2")
        else:
            house.who(DESK).does(f"reception/visits/{visit}/left-unseen/", reason="等不及")
        clockwork()

    return act


reply = step(f"{ROOM}/notes/{{code}}/reply/", DOCTOR, reply="稍后到")
withdraw = step(f"{ROOM}/notes/{{code}}/withdraw/", ATTENDANT)
NOTE = Life(
    machine=machine.NOTE,
    moment=NOW,
    ledger=("QU-012",),
    reads=listed("notes"),
    puts={
        "sent": send,
        "escalated": after(send, nobody_answers),
        "answered": after(send, reply),
        "withdrawn": after(send, withdraw),
    },
    verbs={
        "reply": verb("notes/{code}/reply", DOCTOR, ATTENDANT, body={"reply": "稍后到"}),
        "reply for a colleague": verb("notes/{code}/reply", OTHER, body={"reply": "我来"}),
        "withdraw": verb("notes/{code}/withdraw", ATTENDANT, DOCTOR),
    },
    edges=(
        Edge(source="sent", target="escalated", act=nobody_answers, proof=is_with_the_head_nurse),
        Edge(source=machine.UNANSWERED, target="answered", verb="reply", proof=is_answered),
        Edge(source=machine.UNANSWERED, target="withdrawn", verb="withdraw", proof=is_withdrawn),
        Edge(source=machine.UNANSWERED, target="withdrawn", act=the_guest("is led in"), proof=is_withdrawn),
        Edge(source=machine.UNANSWERED, target="withdrawn", act=the_guest("leaves"), proof=is_withdrawn),
    ),
    refused={"reply for a colleague": dict.fromkeys(machine.NOTE.states, (403, "note_for_another"))},
)


# --- concerns and marks -----------------------------------------------------------------------------------------------

RESOLVE = f"{ROOM}.resolve"


def report(house: House) -> str:
    made = house.who(ATTENDANT).does(f"{ROOM}/concerns/", site=house.site, kind="long_wait", words="等了四十分钟")
    assert house.tasks(HEAD, RESOLVE)
    return str(made["code"])


def is_resolved(house: House, code: str, row: Row) -> None:
    assert (row["resolved_at"], row["resolution"], row["resolution_seconds"]) == (utc(NOW), "已道歉并安排", 0)
    assert not house.tasks(HEAD, RESOLVE)


CONCERN = Life(
    machine=machine.CONCERN,
    moment=NOW,
    ledger=("QU-006",),
    reads=listed("concerns"),
    puts={
        "open": report,
        "resolved": after(report, step(f"{ROOM}/concerns/{{code}}/resolve/", HEAD, resolution="已道歉并安排")),
    },
    verbs={"resolve": verb("concerns/{code}/resolve", HEAD, ATTENDANT, body={"resolution": "已道歉并安排"})},
    edges=(Edge(source="open", target="resolved", verb="resolve", proof=is_resolved),),
)

ACCOMPANY = f"{ROOM}.accompany"


def flag(house: House) -> str:
    visit = house.walks_in(house.patient("傅老"))
    made = house.who(DESK).does(f"{ROOM}/visits/{visit}/priority/", reason="weak", condition="行走不便")
    assert house.tasks(GUIDE, ACCOMPANY)
    return str(made["code"])


def has_left(house: House, code: str) -> None:
    visit = listed("priorities")(house, code)["visit"]
    house.who(DESK).does(f"reception/visits/{visit}/left-unseen/", reason="回家")
    clockwork()


def is_accompanied(house: House, code: str, row: Row) -> None:
    assert row["accompanied_at"] == utc(NOW)
    assert not house.tasks(GUIDE, ACCOMPANY)


def is_ended(house: House, code: str, row: Row) -> None:
    assert row["ended_at"] == utc(NOW)
    assert not house.tasks(GUIDE, ACCOMPANY)


accompany = step(f"{ROOM}/priorities/{{code}}/accompany/", GUIDE)
end = step(f"{ROOM}/priorities/{{code}}/end/", ATTENDANT)
PRIORITY = Life(
    machine=machine.PRIORITY,
    moment=NOW,
    ledger=("QU-015",),
    reads=listed("priorities"),
    puts={"raised": flag, "accompanied": after(flag, accompany), "ended": after(flag, end)},
    verbs={
        "accompany": verb("priorities/{code}/accompany", GUIDE, ATTENDANT),
        "end": verb("priorities/{code}/end", ATTENDANT, DOCTOR),
    },
    edges=(
        Edge(source="raised", target="accompanied", verb="accompany", proof=is_accompanied),
        Edge(source=("raised", "accompanied"), target="ended", verb="end", proof=is_ended),
        Edge(source=("raised", "accompanied"), target="ended", act=has_left, proof=is_ended),
    ),
)

LIVES = (RELATIVE, NOTE, CONCERN, PRIORITY)
