"""What patients of the tests have paid in advance: packages of ten scalings for 1,000.00, and stored value."""

from __future__ import annotations

from typing import Any

from kernel import clock
from services.books.selectors import held
from services.cashier.actions import SlipLine, sell_goods
from services.cashier.models import Receipt
from services.cashier.taking import HandedOver
from services.catalogue.models import Item
from services.patients.models import Patient
from services.prepaid import actions
from services.prepaid.ending import ask_refund
from services.prepaid.models import Ending, Holding, Offer, StatementLine, Use
from services.reception.models import Visit
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center
from tests.services.till import NUMBERS, item

PRICE = 100_000


def package_offer(
    sessions: int = 10, price_fen: int = PRICE, valid_days: int = 365, key: str = "test-package"
) -> Offer:
    """Ten scalings, which cost 300.00 each at list price, for 1,000.00."""
    found = Offer.objects.filter(item__key=key).first()
    return found or actions.offer_package(
        by=SYSTEM, key=key, name_zh="洁牙十次卡", price_fen=price_fen, gives=item("scaling"), sessions=sessions,
        valid_days=valid_days,
    )  # fmt: skip


def top_up_offer() -> Offer:
    """Stored value in pieces of 100.00."""
    found = Offer.objects.filter(item__key="test-top-up").first()
    return found or actions.offer_stored_value(by=SYSTEM, key="test-top-up", name_zh="储值", price_fen=10_000)


def bought(who: Patient, thing: Item, quantity: int = 1, *, tender: str = "cash", by: str = "fang.li") -> Receipt:
    """Sold over the counter, paid exactly."""
    due = thing.price_on(thing.prices.first().effective_from) * quantity
    given = HandedOver(tender=tender, fen=due, card_number="4417" if "card" in tender else "", reference="T1")
    return sell_goods(
        by=person(by), site=center(), patient=who, goods=[SlipLine(item=thing, quantity=quantity)], handed_over=[given]
    )


def package(who: Patient, **more: Any) -> Holding:
    """A package of the patient."""
    offer = {name: more.pop(name) for name in ("sessions", "price_fen", "valid_days", "key") if name in more}
    receipt = bought(who, package_offer(**offer).item, **more)
    return Holding.objects.get(line__slip=receipt.slip)


def stored(who: Patient, hundreds: int = 5, **more: Any) -> Holding:
    """Stored value of the patient, topped up by so many hundreds."""
    receipt = bought(who, top_up_offer().item, hundreds, **more)
    return StatementLine.objects.get(line__slip=receipt.slip).holding


def came(who: Patient) -> Visit:
    """A visit of today that is over, as often as wanted."""
    now = clock.now()
    return Visit.objects.create(
        site=center(), patient=who, doctor=staff("011"), arrived_at=now, registered_at=now, ended_at=now, state="closed"
    )


def used(holding: Holding, visit: Visit | None = None, *, by: str = "fang.li", **more: Any) -> Use:
    """A session at a visit of the holder (a new one)."""
    at = visit or came(holding.patient)
    given = {"signer_name": at.patient.name} | more
    return actions.redeem(by=person(by), site=center(), holding=holding, visit=at, **given)


def asked_back(holding: Holding, *, cause: str = "patient", doctor: str = "dr.lin", **more: Any) -> Ending:
    """The holder wants the money; the doctor has signed."""
    given = {"signer_name": holding.patient.name, "reason": "不想继续"} | more
    return ask_refund(
        by=person(doctor), site=center(), holding=holding, doctor=staff(NUMBERS[doctor]), cause=cause, **given
    )


def balance(holding: Holding) -> int:
    """What the books say of it, in fen; its statement must say the same."""
    worth = held([holding.code])[holding.code]
    assert holding.statement.order_by("-number").first().balance_fen == worth
    return worth


def sessions(holding: Holding) -> int:
    """How many are left."""
    return holding.statement.order_by("-number").first().sessions_left
