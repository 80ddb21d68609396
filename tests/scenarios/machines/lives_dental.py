"""The lives of a model at the laboratory (a14) and of a list of preparation."""

from __future__ import annotations

from datetime import date
from typing import Any

from dental import handlers
from dental.machines import AWAITED, LAB_MODEL, PREPARATION
from dental.models import PreparationSet
from dental.preparation import LISTS
from kernel import clock
from tests.scenarios.machines.walks import Edge, House, Life, Row, Verb, after, step
from tests.scenarios.over_http import utc

DESK, DOCTOR, NURSE, LEAD = "bai.lan", "dr.lin", "mo.xiao", "gao.wen"
NOW = "2026-12-07 09:00"
OVERDUE, LOST = "dental.model_overdue", "dental.model_lost"
MODELS = "dental/models/{code}/"
SENDING = {"lab": "明德技工所", "handler": "小周", "due_on": "2026-12-11"}
WHY = {"reason": "边缘不密合"}


# --- models -----------------------------------------------------------------------------------------------------------


def read(house: House, code: str) -> Row:
    return dict(house.who(LEAD).asks(MODELS.format(code=code)))


def order(house: House) -> str:
    made = house.who(DOCTOR).does(
        "dental/models/", site=house.site, patient=house.patient("韩博"), doctor=house.staff("011"), work="crown",
        teeth=[36], impression_on="2026-12-07",
    )  # fmt: skip
    return str(made["code"])


def takes(name: str, by: str, **body: Any) -> Any:
    return step(f"{MODELS}{name}/", by, **body)


def model_verb(name: str, by: str, stranger: str = "", **more: Any) -> Verb:
    return Verb(by=by, path=f"{MODELS}{name}/", stranger=stranger, **more)


def comes_back_late(house: House, code: str) -> None:
    """The laboratory is a day late: the desk is warned until the model is here."""
    house.at("2026-12-12 08:00")
    handlers.models_due(date(2026, 12, 12))
    assert house.tasks(DESK, OVERDUE)
    takes("receive", DESK, handler="小周")(house, code)
    assert not house.tasks(DESK, OVERDUE)


def is_sent(house: House, code: str, row: Row) -> None:
    assert (row["sent_at"], row["lab"], row["due_on"]) == (utc(NOW), "明德技工所", "2026-12-11")


def stamped(name: str) -> Any:
    def proof(house: House, code: str, row: Row) -> None:
        assert row[name] == clock.now().isoformat().replace("+00:00", "Z")

    return proof


def is_one_round_more(house: House, code: str, row: Row) -> None:
    assert (row["round"], row["due_on"], row["sent_at"], row["received_at"]) == (2, None, None, None)
    assert not house.tasks(LEAD, LOST)


def is_looked_for(house: House, code: str, row: Row) -> None:
    [task] = house.tasks(LEAD, LOST)
    assert (task["subject"], task["due_at"]) == (row["patient"], utc("2026-12-07 13:00")), "the same shift"


send, receive = takes("send", DESK, **SENDING), takes("receive", DESK, handler="小周")
check, remake = takes("check", NURSE), takes("remake", NURSE, **WHY)
RECEIVED = (409, "model_received_already")
MODEL = Life(
    machine=LAB_MODEL,
    moment=NOW,
    ledger=("DE-020", "DE-021", "GV-013"),
    reads=read,
    puts={
        "created": order,
        "sent": after(order, send),
        "received": after(order, send, receive),
        "checked": after(order, send, receive, check),
        "fitted": after(order, send, receive, check, takes("fit", DOCTOR)),
        "remake": after(order, send, receive, remake),
        "lost": after(order, takes("lose", DESK, reason="找不到")),
    },
    verbs={
        "send": model_verb("send", DESK, DOCTOR, body=SENDING),
        "receive": model_verb("receive", DESK, DOCTOR, body={"handler": "小周"}),
        "check": model_verb("check", NURSE, DESK),
        "remake": model_verb("remake", NURSE, DESK, body=WHY),
        "fit": model_verb("fit", DOCTOR, DESK),
        "lose": model_verb("lose", DESK, DOCTOR, body={"reason": "找不到"}),
        "plan the fitting": model_verb("fitting", DOCTOR, DESK, body={"appointment": None}),
    },
    edges=(
        Edge(source=("created", "remake"), target="sent", verb="send", proof=is_sent),
        Edge(source="sent", target="received", verb="receive", proof=stamped("received_at")),
        Edge(source="sent", target="received", act=comes_back_late, proof=stamped("received_at")),
        Edge(source="received", target="checked", verb="check", proof=stamped("checked_at")),
        Edge(source=("received", "checked"), target="remake", verb="remake", proof=is_one_round_more),
        Edge(source="checked", target="fitted", verb="fit", proof=stamped("fitted_at")),
        Edge(source=(*AWAITED, "checked"), target="lost", verb="lose", proof=is_looked_for),
        Edge(source="lost", target="remake", verb="remake", proof=is_one_round_more),
    ),
    stays={"plan the fitting": tuple(state for state in LAB_MODEL.states if state != "fitted")},
    refused={
        "receive": dict.fromkeys(("received", "checked", "fitted"), RECEIVED),
        "fit": dict.fromkeys(AWAITED, (409, "model_not_checked")),
        "plan the fitting": {"fitted": (409, "model_done")},
    },
)


# --- lists of preparation ---------------------------------------------------------------------------------------------

LIST = "dental/preparations/{code}/"


def read_list(house: House, code: str) -> Row:
    patient = PreparationSet.objects.get(code=code).patient.code
    return house.one(DOCTOR, f"dental/patients/{patient}/preparations/", code)


def start(house: House) -> str:
    patient = house.patient("种植")
    made = house.who(NURSE).does(
        f"dental/patients/{patient}/preparations/", site=house.site, kind="implant", specialist=house.staff("005")
    )
    return str(made["code"])


def complete(house: House, code: str) -> None:
    """One item less than all is refused by its name."""
    *most, last = LISTS["implant"]
    nurse, prepared = house.who(NURSE), f"{LIST.format(code=code)}prepared/"
    for one in most:
        nurse.does(f"{LIST.format(code=code)}tick/", item=one)
    assert nurse.is_refused(prepared, "preparation_incomplete")["facts"]["missing"] == [last]
    nurse.does(f"{LIST.format(code=code)}tick/", item=last)
    nurse.does(prepared)


def is_prepared(house: House, code: str, row: Row) -> None:
    assert row["prepared_at"] == utc(NOW)
    assert all(line["there"] for line in row["items"])


def is_missing_again(house: House, code: str, row: Row) -> None:
    assert {line["item"] for line in row["items"] if not line["there"]} == {"record"}


def list_verb(name: str, **body: Any) -> Verb:
    return Verb(by=NURSE, path=f"{LIST}{name}/", body=body, stranger=DESK)


OVER = (409, "preparation_over")
PREPARE = Life(
    machine=PREPARATION,
    moment=NOW,
    ledger=("DE-011", "DE-012"),
    reads=read_list,
    puts={
        "open": start,
        "prepared": after(start, complete),
        "withdrawn": after(start, step(f"{LIST}withdraw/", NURSE, reason="患者放弃")),
    },
    verbs={
        "tick": list_verb("tick", item="record"),
        "take the tick back": list_verb("tick", item="record", there=False),
        "prepared": list_verb("prepared"),
        "withdraw": list_verb("withdraw", reason="患者放弃"),
    },
    edges=(
        Edge(source="open", target="prepared", act=complete, proof=is_prepared),
        Edge(source="prepared", target="open", verb="take the tick back", proof=is_missing_again),
        Edge(source="open", target="withdrawn", verb="withdraw"),
    ),
    stays={"tick": ("open",), "take the tick back": ("open",)},
    refused={
        "tick": {"prepared": OVER, "withdrawn": OVER},
        "take the tick back": {"withdrawn": OVER},
        "prepared": {"open": (422, "preparation_incomplete")},
    },
)

LIVES = (MODEL, PREPARE)
