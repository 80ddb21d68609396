"""The life of a follow-up (a17): planned by a rule, due by the clock, called, answered, given up."""

from __future__ import annotations

from datetime import date
from typing import Any

from kernel import clock, parameters
from services.followup import actions, handlers
from services.followup.machine import DUE, MACHINE, UNDONE
from services.followup.models import FollowUp, Plan
from services.patients.actions import update_contact
from tests.scenarios.machines.walks import Edge, House, Life, Row, Verb, after
from tests.scenarios.over_http import clockwork, utc
from tests.services.doors import SYSTEM, person

CALLER, DOCTOR, LEAD = "bai.lan", "dr.lin", "gao.wen"
CALL, DOCTOR_ITEM = "followup.call", "followup.doctor_item"
RULE = "recall"
DUE_ON, NEXT, LAST = "2026-12-10", "2026-12-11", "2026-12-14"
ATTEMPT, RESULT = "followup/{code}/attempts/", "followup/{code}/result/"


def read(house: House, code: str) -> Row:
    return dict(house.who(LEAD).asks(f"followup/{code}/"))


def treat(house: House, *, phone: bool = True) -> str:
    """Somebody is treated, and the rule plans a call three days later; the code of the follow-up."""
    actions.set_rule(
        by=person(LEAD), key=RULE, trigger="visit.finished", offsets=["D3"], roles=["front_desk"], label="三日回访"
    )
    facts = {} if phone else {"phone": "", "phone_absent_reason": "none"}
    patient = house.patient("韩博", **facts)
    visit = house.walks_in(patient)
    house.leads_in(visit, "1")
    house.who(DOCTOR).does(f"reception/visits/{visit}/finish/")
    clockwork()
    [planned] = house.who(LEAD).lists("followup/", patient=patient, rule=RULE)
    return str(planned["code"])


def morning(house: House, code: str) -> None:
    """The day of the call has come."""
    house.at(f"{DUE_ON} 09:00")
    handlers.open_due(date.fromisoformat(DUE_ON))


def morning_without_a_number(house: House, code: str) -> None:
    """The number was given up between plan and call."""
    patient = FollowUp.objects.select_related("plan__patient").get(code=code).plan.patient
    update_contact(by=SYSTEM, patient=patient, phone="", address="", phone_absent_reason="none")
    morning(house, code)


def due(house: House, *, phone: bool = True) -> str:
    code = treat(house, phone=phone)
    morning(house, code)
    return code


def miss(house: House, code: str) -> None:
    house.who(CALLER).does(ATTEMPT.format(code=code), reached=False)


def miss_for_three_days(house: House, code: str) -> None:
    for day in (DUE_ON, NEXT, LAST):
        house.at(f"{day} 09:30")
        miss(house, code)


def miss_the_only_time(house: House, code: str) -> None:
    """A house that tries on one day alone."""
    parameters.set_parameter(by=SYSTEM, key="followup_attempts", value=1)
    miss(house, code)


def says(result: str, **more: Any) -> Any:
    return lambda house, code: house.who(CALLER).does(RESULT.format(code=code), result=result, **more)


def give_up(house: House, code: str) -> None:
    house.who(LEAD).does(f"followup/{code}/cancel/", reason="患者去世")


def treatment_was_later(house: House, code: str) -> None:
    """What the call counts from is dated anew by the room that planned it."""
    plan = Plan.objects.select_related("site", "patient", "doctor").get(followups__code=code)
    actions.plan_from(
        by=SYSTEM, trigger="visit.finished", source_key=plan.source_key, site=plan.site, patient=plan.patient,
        anchor_on=date(2026, 12, 11), doctor=plan.doctor, room=plan.room,
    )  # fmt: skip


def no_number(house: House) -> str:
    return due(house, phone=False)


def a_new_number(house: House, code: str) -> dict[str, Any]:
    return {"phone": "13699990000"}


def calls(house: House, row: Row) -> list[dict[str, Any]]:
    """The open calls of this rule about the patient; the call of the same day is another one."""
    return [task for task in house.tasks(CALLER, CALL, row["patient"]) if "三日回访" in task["title"]]


def is_in_the_inbox(house: House, code: str, row: Row) -> None:
    [task] = calls(house, row)
    assert (row["due_at"], task["due_at"]) == (utc(f"{DUE_ON} 17:30"), utc(f"{DUE_ON} 17:30"))


def comes_back(house: House, code: str, row: Row) -> None:
    [task] = calls(house, row)
    assert task["due_at"] == utc(f"{NEXT} 17:30"), "again on the next opening day"


def is_off_the_inbox(house: House, code: str, row: Row) -> None:
    assert row["closed_at"] == clock.now().isoformat().replace("+00:00", "Z")
    assert not calls(house, row)
    assert not house.tasks(DOCTOR, DOCTOR_ITEM, row["patient"])


def is_with_the_doctor(house: House, code: str, row: Row) -> None:
    assert (row["result"], row["note"]) == ("problem", "咬合痛")
    [task] = house.tasks(DOCTOR, DOCTOR_ITEM, row["patient"])
    assert task["escalated_at"] is None


def is_answered(house: House, code: str, row: Row) -> None:
    assert (row["result"], row["doctor_note"]) == ("problem", "已电话说明")
    is_off_the_inbox(house, code, row)


def is_unreached(house: House, code: str, row: Row) -> None:
    assert row["result"] == "unreached", "closed, and still in every count"
    is_off_the_inbox(house, code, row)


def has_a_number(house: House, code: str, row: Row) -> None:
    assert FollowUp.objects.get(code=code).plan.patient.phone == "13699990000"
    assert calls(house, row)


def is_planned_anew(house: House, code: str, row: Row) -> None:
    assert (row["due_on"], row["due_at"]) == ("2026-12-14", None)
    assert not calls(house, row)


NOT_DUE = {state: (409, "not_due") for state in MACHINE.states if state not in DUE}
FOLLOWUP = Life(
    machine=MACHINE,
    moment="2026-12-07 10:00",
    ledger=("FU-001", "FU-006", "FU-007", "FU-008", "FU-016", "FU-018", "FU-021", "FU-022"),
    reads=read,
    puts={
        "planned": treat,
        "due": due,
        "no_phone": no_number,
        "attempting": after(due, miss),
        "with_doctor": after(due, says("problem", note="咬合痛")),
        "closed": after(due, says("fine")),
        "closed_unreached": after(due, miss_for_three_days),
        "cancelled": after(due, give_up),
    },
    verbs={
        "not reached": Verb(by=CALLER, path=ATTEMPT, body={"reached": False}, stranger="su.qi"),
        "reached": Verb(by=CALLER, path=ATTEMPT, body={"reached": True}, stranger="su.qi"),
        "fine": Verb(by=CALLER, path=RESULT, body={"result": "fine"}, stranger="su.qi"),
        "problem": Verb(by=CALLER, path=RESULT, body={"result": "problem", "note": "咬合痛"}, stranger="su.qi"),
        "severe": Verb(
            by=CALLER,
            path=RESULT,
            body={"result": "severe", "note": "肿胀发热", "refusal_reason": "人在外地"},
            stranger="su.qi",
        ),
        "severe without a return visit": Verb(by=CALLER, path=RESULT, body={"result": "severe", "note": "肿胀"}),
        "answer": Verb(by=DOCTOR, path="followup/{code}/answer/", body={"note": "已电话说明"}, stranger=CALLER),
        "cancel": Verb(by=LEAD, path="followup/{code}/cancel/", body={"reason": "患者去世"}, stranger=CALLER),
        "contact": Verb(by=CALLER, path="followup/{code}/contact/", body=a_new_number, stranger="su.qi"),
    },
    edges=(
        Edge(source="planned", target="due", act=morning, proof=is_in_the_inbox),
        Edge(source="planned", target="no_phone", act=morning_without_a_number, proof=is_in_the_inbox),
        Edge(source=("due", "no_phone"), target="attempting", verb="not reached", proof=comes_back),
        Edge(source=DUE, target="closed", verb="fine", proof=is_off_the_inbox),
        Edge(source=DUE, target="closed", verb="severe", proof=is_off_the_inbox),
        Edge(source=DUE, target="with_doctor", verb="problem", proof=is_with_the_doctor),
        Edge(source="with_doctor", target="closed", verb="answer", proof=is_answered),
        Edge(source=("due", "no_phone"), target="closed_unreached", act=miss_the_only_time, proof=is_unreached),
        Edge(source="attempting", target="closed_unreached", act=miss_for_three_days, proof=is_unreached),
        Edge(source=UNDONE, target="cancelled", verb="cancel", proof=is_off_the_inbox),
        Edge(source="no_phone", target="due", verb="contact", proof=has_a_number),
        Edge(source=DUE, target="planned", act=treatment_was_later, proof=is_planned_anew),
    ),
    stays={
        # Tried twice on one day it counts as one day.
        "not reached": ("attempting",),
        "reached": DUE,
        "contact": tuple(state for state in MACHINE.states if state != "no_phone"),
    },
    refused={
        **dict.fromkeys(("not reached", "reached", "fine", "problem", "severe"), NOT_DUE),
        "severe without a return visit": {
            **NOT_DUE,
            **dict.fromkeys(DUE, (422, "return_visit_missing")),
        },
        "answer": {state: (409, "not_with_doctor") for state in MACHINE.states if state != "with_doctor"},
    },
)


LIVES = (FOLLOWUP,)
