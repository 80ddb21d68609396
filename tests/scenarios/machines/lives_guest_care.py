"""What about guests begins and must end: luggage, advice, opinions, wishes, questions, passes, reminders, numbers, faults."""

from __future__ import annotations

from typing import Any

from services.guest_care import machine
from tests.scenarios.machines.walks import Act, Edge, House, Life, Proof, Row, Verb, after, step
from tests.scenarios.over_http import clockwork, utc

DESK, GUIDE, LOBBY, NURSE, DOCTOR, TILL, LEAD = (
    "bai.lan", "yao.jing", "su.qi", "mo.xiao", "dr.lin", "fang.li", "gao.wen",
)  # fmt: skip
NOW = "2026-12-07 10:00"
ROOM = "guest_care"


def listed(path: str) -> Any:
    """The row, as the list of its kind shows it."""
    return lambda house, code: house.one(LEAD, f"{ROOM}/{path}/", code)


def made(path: str, by: str = DESK, **body: Any) -> Any:
    return lambda house: str(house.who(by).does(f"{ROOM}/{path}/", site=house.site, **body)["code"])


def about_a_guest(path: str, by: str, **body: Any) -> Any:
    """Something about a guest who waits."""

    def put(house: House) -> str:
        visit = house.walks_in(house.patient("阮欣"))
        return str(house.who(by).does(f"{ROOM}/visits/{visit}/{path}/", **body)["code"])

    return put


def verb(path: str, by: str, stranger: str = "", **more: Any) -> Verb:
    return Verb(by=by, path=f"{ROOM}/{path}/", stranger=stranger, **more)


def kept(moment: str, task: tuple[str, str] = ("", ""), **facts: Any) -> Proof:
    """The moment is stamped, these facts are kept, and the task that asked for it is closed."""

    def proof(house: House, code: str, row: Row) -> None:
        assert row[moment] == utc(NOW)
        assert {name: row[name] for name in facts} == facts
        assert not task[0] or not house.tasks(*task)

    return proof


def led_in(path: str) -> Act:
    """The guest of the row is led in, and the room hears of it."""

    def act(house: House, code: str) -> None:
        house.leads_in(str(listed(path)(house, code)["visit"]), "1")
        clockwork()

    return act


def gone(path: str) -> Act:
    """The guest of the row leaves unseen, and the room hears of it."""

    def act(house: House, code: str) -> None:
        visit = listed(path)(house, code)["visit"]
        house.who(DESK).does(f"reception/visits/{visit}/left-unseen/", reason="等不及")
        clockwork()

    return act


# --- custody, advice, opinions, wishes --------------------------------------------------------------------------------

piece = made("luggage", tag="A7", description="红色行李箱", owner="阮欣")
to_desk = step(f"{ROOM}/luggage/{{code}}/desk/", LOBBY)
give_back = step(f"{ROOM}/luggage/{{code}}/return/", DESK, returned_to="阮父")
LUGGAGE = Life(
    machine=machine.LUGGAGE,
    moment=NOW,
    ledger=("FD-017",),
    reads=listed("luggage"),
    puts={"taken": piece, "at_desk": after(piece, to_desk), "returned": after(piece, give_back)},
    verbs={
        "to the desk": verb("luggage/{code}/desk", LOBBY, DOCTOR),
        "give back": verb("luggage/{code}/return", DESK, DOCTOR, body={"returned_to": "阮父"}),
    },
    edges=(
        Edge(source="taken", target="at_desk", verb="to the desk", proof=kept("at_desk_at")),
        Edge(
            source=("taken", "at_desk"),
            target="returned",
            verb="give back",
            proof=kept("returned_at", returned_by_name="白岚"),
        ),
    ),
)

FOLLOW_UP = (DESK, "guest_care.follow_up")
seeker = made(
    "advice", question="种植多少钱", answer="已转咨询师", name="路人", phone="13900008888", follow_up_on="2026-12-08"
)
ADVICE = Life(
    machine=machine.ADVICE,
    moment=NOW,
    ledger=("FD-033",),
    reads=listed("advice"),
    puts={
        "follow_up": seeker,
        "done": after(seeker, step(f"{ROOM}/advice/{{code}}/followed/", DESK, result="约周五")),
    },
    verbs={"followed up": verb("advice/{code}/followed", DESK, DOCTOR, body={"result": "约周五"})},
    edges=(
        Edge(
            source="follow_up",
            target="done",
            verb="followed up",
            proof=kept("followed_at", FOLLOW_UP, result="约周五"),
        ),
    ),
)

said = made("opinions", speaker="family", words="等太久")
OPINION = Life(
    machine=machine.OPINION,
    moment=NOW,
    ledger=("FD-024",),
    reads=listed("opinions"),
    puts={"taken": said, "acknowledged": after(said, step(f"{ROOM}/opinions/{{code}}/acknowledge/", LEAD))},
    verbs={"acknowledge": verb("opinions/{code}/acknowledge", LEAD, DESK, body={"remark": "当面致歉"})},
    edges=(
        Edge(
            source="taken",
            target="acknowledged",
            verb="acknowledge",
            proof=kept("acknowledged_at", (LEAD, "guest_care.opinion"), acknowledged_by_name="高文", remark="当面致歉"),
        ),
    ),
)

wish = made("requests", kind="seat", words="靠窗的座位")
CLOSE = f"{ROOM}/requests/{{code}}/close/"
NOT_HERE = {"met": False, "unmet_reason": "impossible"}
REQUEST = Life(
    machine=machine.REQUEST,
    moment=NOW,
    ledger=("FD-036",),
    reads=listed("requests"),
    puts={
        "open": wish,
        "met": after(wish, step(CLOSE, DESK, met=True)),
        "unmet": after(wish, step(CLOSE, DESK, **NOT_HERE)),
    },
    verbs={
        "met": verb("requests/{code}/close", DESK, DOCTOR, body={"met": True}),
        "not met": verb("requests/{code}/close", DESK, DOCTOR, body=NOT_HERE),
        "not met, without a reason": verb("requests/{code}/close", DESK, body={"met": False}),
    },
    edges=(
        Edge(source="open", target="met", verb="met", proof=kept("closed_at", unmet_reason="")),
        Edge(source="open", target="unmet", verb="not met", proof=kept("closed_at", unmet_reason="impossible")),
    ),
    refused={
        "not met, without a reason": dict.fromkeys(machine.REQUEST.states, (422, "unmet_reason_missing")),
    },
)


# --- questions --------------------------------------------------------------------------------------------------------


def question(house: House) -> str:
    asked = house.who(DESK).does(
        f"{ROOM}/questions/", site=house.site, doctor=house.staff("011"), question="孕期能拍片吗", guest_name="阮欣"
    )
    assert house.tasks(DOCTOR, "guest_care.answer")
    return str(asked["code"])


def is_to_be_brought_back(house: House, code: str, row: Row) -> None:
    assert (row["answered_at"], row["answer"]) == (utc(NOW), "可以，需防护")
    assert not house.tasks(DOCTOR, "guest_care.answer")
    assert house.tasks(DESK, "guest_care.bring_back"), "whoever asked brings it back"


answer = step(f"{ROOM}/questions/{{code}}/answer/", DOCTOR, answer="可以，需防护")
tell = step(f"{ROOM}/questions/{{code}}/told/", DESK)
QUESTION = Life(
    machine=machine.QUESTION,
    moment=NOW,
    ledger=("FD-038", "GV-036"),
    reads=listed("questions"),
    puts={"asked": question, "answered": after(question, answer), "told": after(question, answer, tell)},
    verbs={
        "answer": verb("questions/{code}/answer", DOCTOR, DESK, body={"answer": "可以，需防护"}),
        "told": verb("questions/{code}/told", DESK, DOCTOR),
        "carry over": verb(
            "questions/{code}/carry-over", LEAD, DESK, body={"until": "2026-12-09", "reason": "医生出诊"}
        ),
    },
    edges=(
        Edge(source="asked", target="answered", verb="answer", proof=is_to_be_brought_back),
        Edge(
            source="answered",
            target="told",
            verb="told",
            proof=kept("told_at", (DESK, "guest_care.bring_back")),
        ),
    ),
    stays={"carry over": ("asked", "answered")},
    refused={"carry over": {"told": (409, "question_closed")}},
)


# --- from post to post, reminders -------------------------------------------------------------------------------------

offer = about_a_guest("passes", GUIDE, from_post="lobby", to_post="desk", note="腿脚不便")
PASSED = (DESK, "guest_care.pass")
PASS = Life(
    machine=machine.PASS,
    moment=NOW,
    ledger=("FD-040",),
    reads=listed("passes"),
    puts={
        "offered": offer,
        "acknowledged": after(offer, step(f"{ROOM}/passes/{{code}}/take/", DESK)),
        "withdrawn": after(offer, step(f"{ROOM}/passes/{{code}}/withdraw/", GUIDE)),
    },
    verbs={
        "take": verb("passes/{code}/take", DESK, TILL),
        "withdraw": verb("passes/{code}/withdraw", GUIDE, TILL),
        "take what one has passed on oneself": verb("passes/{code}/take", GUIDE),
    },
    edges=(
        Edge(
            source="offered",
            target="acknowledged",
            verb="take",
            proof=kept("acknowledged_at", PASSED, acknowledged_by_name="白岚"),
        ),
        Edge(source="offered", target="withdrawn", verb="withdraw", proof=kept("withdrawn_at", PASSED)),
        Edge(source="offered", target="withdrawn", act=led_in("passes"), proof=kept("withdrawn_at", PASSED)),
        Edge(source="offered", target="withdrawn", act=gone("passes"), proof=kept("withdrawn_at", PASSED)),
    ),
    refused={"take what one has passed on oneself": {"offered": (403, "pass_not_to_oneself")}},
)

GIVE = (NURSE, "guest_care.reminder")


def reminder(kind: str, *, does: str, stranger: str) -> Life:
    """An injection is given by who gives injections, a prescription handed over at the till too."""
    set_ = about_a_guest("reminders", DESK, kind=kind, words="术后")
    return Life(
        machine=machine.REMINDER,
        moment=NOW,
        ledger=("FD-028",),
        reads=listed("reminders"),
        puts={
            "open": set_,
            "done": after(set_, step(f"{ROOM}/reminders/{{code}}/done/", does)),
            "withdrawn": after(set_, step(f"{ROOM}/reminders/{{code}}/withdraw/", NURSE, reason="患者拒绝")),
        },
        verbs={
            "done": verb("reminders/{code}/done", does, stranger, stranger_code="permission_denied")
            if kind == "injection"
            else verb("reminders/{code}/done", does, stranger, stranger_code="transition_forbidden"),
            "withdraw": verb("reminders/{code}/withdraw", NURSE, TILL, body={"reason": "患者拒绝"}),
        },
        edges=(
            Edge(source="open", target="done", verb="done", proof=kept("closed_at", GIVE, reason="")),
            Edge(source="open", target="withdrawn", verb="withdraw", proof=kept("closed_at", GIVE, reason="患者拒绝")),
        ),
    )


INJECTION = reminder("injection", does=NURSE, stranger=TILL)
PRESCRIPTION = reminder("prescription", does=TILL, stranger=DESK)


# --- the queue --------------------------------------------------------------------------------------------------------

number = about_a_guest("ticket", DESK)
call = step(f"{ROOM}/tickets/{{code}}/call/", LOBBY)
skip = step(f"{ROOM}/tickets/{{code}}/skip/", LOBBY)
IN_QUEUE = machine.IN_QUEUE
TICKET = Life(
    machine=machine.TICKET,
    moment=NOW,
    ledger=("QU-013",),
    reads=listed("tickets"),
    puts={
        "waiting": number,
        "called": after(number, call),
        "skipped": after(number, call, skip),
        "served": after(number, led_in("tickets")),
        "void": after(number, gone("tickets")),
    },
    verbs={
        "call": verb("tickets/{code}/call", LOBBY, DOCTOR, body={"place": "1诊室"}),
        "call the next": verb(
            "tickets/next", LOBBY, DOCTOR, body=lambda house, code: {"site": house.site, "place": "1诊室"}
        ),
        "skip": verb("tickets/{code}/skip", LOBBY, DOCTOR),
    },
    edges=(
        Edge(source=("waiting", "skipped", "called"), target="called", verb="call", proof=kept("called_at")),
        Edge(source="waiting", target="called", verb="call the next", proof=kept("called_at")),
        Edge(source="called", target="skipped", verb="skip", proof=kept("called_at")),
        Edge(source=IN_QUEUE, target="served", act=led_in("tickets")),
        Edge(source=IN_QUEUE, target="void", act=gone("tickets")),
    ),
    refused={
        "call the next": {state: (409, "nobody_in_queue") for state in machine.TICKET.states if state != "waiting"},
    },
)

REPAIR = (LEAD, "guest_care.repair")
fault = made("faults", words="屏幕不亮")
FAULT = Life(
    machine=machine.FAULT,
    moment=NOW,
    ledger=("QU-013",),
    reads=listed("faults"),
    puts={"open": fault, "repaired": after(fault, step(f"{ROOM}/faults/{{code}}/repaired/", DESK))},
    verbs={"repaired": verb("faults/{code}/repaired", DESK, DOCTOR, body={"remark": "换线"})},
    edges=(Edge(source="open", target="repaired", verb="repaired", proof=kept("repaired_at", REPAIR)),),
)

LIVES = (LUGGAGE, ADVICE, OPINION, REQUEST, QUESTION, PASS, INJECTION, PRESCRIPTION, TICKET, FAULT)
