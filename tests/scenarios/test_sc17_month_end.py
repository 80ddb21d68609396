"""SC-17: month-end expiry and the fifth, over HTTP. Equipment and sterilisation have their own rooms and tests."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.inventory.handlers import morning
from services.inventory.models import Movement
from tests.scenarios.over_http import Clinic, clockwork

API = "inventory/"


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Mei Hua has received two lots of anaesthetic; L-7 expires on the last day of February 2027, a Sunday."""
    house = Clinic()
    at("2027-02-10 10:00")
    nurse = house.who("mei.hua")
    kept = {"unit": "支", "kind": "medicine"}
    house.drug = nurse.does(API + "items/", key="sc17-anaesthetic", name_zh="麻醉剂", **kept)["code"]  # type: ignore[attr-defined]
    house.adrenaline = nurse.does(API + "items/", key="sc17-adrenaline", name_zh="肾上腺素", **kept)["code"]  # type: ignore[attr-defined]
    for number, expires in (("L-7", "2027-02-28"), ("L-8", "2027-03-31")):
        row = {"item": house.drug, "quantity": 10, "lot": number, "price_fen": 1_500, "expires_on": expires}
        nurse.does(API + "receipts/", site=house.site, delivered=[row])
    row = {"item": house.adrenaline, "quantity": 5, "lot": "AD", "price_fen": 900, "expires_on": "2028-02-28"}
    nurse.does(API + "receipts/", site=house.site, delivered=[row])
    return house


def draws(clinic: Clinic, item: str, quantity: int, place: str, *, by: str = "mo.xiao") -> dict[str, Any]:
    """A place asks the store, the store issues, the receiver signs; the slip."""
    lines = [{"item": item, "quantity": quantity}]
    slip = clinic.who(by).does(API + "requisitions/", site=clinic.site, place=place, lines=lines)["code"]
    clinic.who("mei.hua").does(f"{API}requisitions/{slip}/issue/")
    return clinic.who(by).does(f"{API}requisitions/{slip}/sign/")


def lot_of(clinic: Clinic, number: str) -> str:
    rows = clinic.who("mei.hua").lists(API + "balances/", site=clinic.site)
    return str(next(row["lot"]["code"] for row in rows if row["lot"]["number"] == number))


@pytest.mark.ledger("IN-007")
def test_on_the_last_day_both_appear_and_from_midnight_one_is_blocked(clinic: Any, at: Any) -> None:
    assert draws(clinic, clinic.drug, 1, "room")["issued_lots"][0]["lot"]["number"] == "L-7"
    at("2027-02-28 08:00")
    morning(date(2027, 2, 28))
    nurse, dean = clinic.who("mei.hua"), clinic.who("dou.heng")
    check = nurse.lists(API + "checks/")[0]
    assert check["due_on"] == "2027-02-28"
    found = {row["lot"]["number"]: row["finding"] for row in nurse.asks(f"{API}checks/{check['code']}/")["lots"]}
    assert (found["L-7"], found["L-8"], found["AD"]) == ("expiring", "expiring", "good")
    assert nurse.inbox("inventory.expiry_check")
    use = {"site": clinic.site, "place": "store", "item": clinic.drug}
    at("2027-02-28 23:59")
    assert clinic.who("mo.xiao").does(API + "uses/", **use, quantity=1)["taken"][0]["lot"]["number"] == "L-7"
    at("2027-03-01 00:00")
    assert clinic.who("mo.xiao").does(API + "uses/", **use, quantity=1)["taken"][0]["lot"]["number"] == "L-8"
    lines = [{"item": clinic.drug, "quantity": 15}]
    slip = clinic.who("mo.xiao").does(API + "requisitions/", site=clinic.site, place="room", lines=lines)["code"]
    nurse.is_refused(f"{API}requisitions/{slip}/issue/", "lot_expired")
    nurse.does(f"{API}requisitions/{slip}/decline/")

    nurse.is_refused(f"{API}checks/{check['code']}/close/", "lots_unconfirmed")
    for number in ("L-7", "L-8", "AD"):
        nurse.does(f"{API}checks/{check['code']}/lots/", lot=lot_of(clinic, number))
    assert nurse.does(f"{API}checks/{check['code']}/close/")["check"]["state"] == "checked"

    old = lot_of(clinic, "L-7")
    scrap = nurse.does(API + "scraps/", lot=old, place="store", quantity=8, reason="已过期")["code"]
    nurse.is_refused(f"{API}scraps/{scrap}/decision/", "permission_denied", 403, approve=True)
    dean.is_refused(f"{API}scraps/{scrap}/decision/", "reason_missing", approve=False)
    assert dean.does(f"{API}scraps/{scrap}/decision/", approve=True)["state"] == "written_off"
    assert Movement.objects.get(kind="write_off").quantity == -8


@pytest.mark.ledger("IN-005", "GV-034")
@pytest.mark.parametrize("missing", ["", "budget", "purchase", "requisition"])
def test_the_pack_of_the_fifth(clinic: Any, at: Any, missing: str) -> None:
    draws(clinic, clinic.drug, 2, "room")
    at("2027-03-01 06:00")
    morning(date(2027, 3, 1))
    nurse, dean = clinic.who("mei.hua"), clinic.who("dou.heng")
    pack = nurse.lists(API + "packs/")[0]
    at("2027-03-05 23:58")
    clockwork()
    line = {"item": "麻醉剂", "quantity": 20, "price_fen": 1_500, "reason": "治疗室", "on": "2027-03-05"}
    for kind in ("budget", "purchase", "requisition"):
        if kind != missing:
            given = {"lines": [line]} if kind == "budget" else {}
            nurse.does(f"{API}packs/{pack['code']}/tables/", kind=kind, **given)
    if not missing:
        done = nurse.does(f"{API}packs/{pack['code']}/submit/")
        assert done["state"] == "submitted"
        tables = {table["kind"]: table for table in done["tables"]}
        assert (tables["budget"]["month"], tables["purchase"]["month"]) == ("2027-03-01", "2027-02-01")
        assert [row["quantity"] for row in tables["requisition"]["lines"]] == [2]
        assert sum(row["amount_fen"] for row in tables["purchase"]["lines"]) == 34_500
    else:
        nurse.is_refused(f"{API}packs/{pack['code']}/submit/", "tables_missing")
    at("2027-03-06 00:00")
    clockwork()
    state = nurse.lists(API + "packs/")[0]["state"]
    assert state == ("overdue" if missing else "submitted")
    assert bool(dean.inbox("inventory.pack_overdue")) == bool(missing)


@pytest.mark.ledger("IN-012")
def test_one_of_two_ampoules_is_a_deficit_in_the_same_minute(clinic: Any, at: Any) -> None:
    nurse = clinic.who("mei.hua")
    draws(clinic, clinic.adrenaline, 2, "kit")
    nurse.does(f"{API}items/{clinic.adrenaline}/minimums/", site=clinic.site, place="kit", quantity=2)
    assert nurse.inbox("inventory.kit_deficit") == []
    patient = clinic.patient("宋倩")
    at("2027-02-11 11:07")
    clinic.who("mo.xiao").does(
        API + "uses/", site=clinic.site, place="kit", item=clinic.adrenaline, quantity=1, patient=patient
    )
    assert len(nurse.inbox("inventory.kit_deficit")) == 1
    kit = nurse.asks(f"{API}sites/{clinic.site}/kit/")["lines"]
    assert [(row["par"], row["ready"], row["missing"]) for row in kit] == [(2, 1, 1)]
    used = nurse.asks(f"{API}lots/{lot_of(clinic, 'AD')}/patients/")["patients"]
    assert [row["patient"] for row in used] == [patient]
