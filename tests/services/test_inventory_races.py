"""Two tills and one package: what is sold once is gone."""

from __future__ import annotations

import pytest

from kernel.errors import DomainError
from services.cashier.actions import SlipLine, sell_goods
from services.cashier.models import Receipt
from services.cashier.taking import HandedOver
from services.inventory import supply
from services.inventory.models import MoveKind, Movement
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import center, patient
from tests.services.stockroom import anaesthetic, brush, lies, lot


@pytest.fixture(autouse=True)
def monday(own_database, smile, at):
    at("2026-12-14 16:00")
    return at


def trying(act):
    def run() -> object:
        try:
            return act()
        except DomainError as refusal:
            return refusal

    return run


@pytest.mark.ledger("CA-053", "IN-001")
def test_six_tills_sell_the_last_three(smile):
    goods, here, cashier = brush(), center(), person("fang.li")
    last = lot(goods, "B-1", place="cashier", quantity=3)
    people = [patient(f"患者{number}") for number in range(6)]

    def sale(who):
        return sell_goods(
            by=cashier, site=here, patient=who, goods=[SlipLine(item=goods.item)],
            handed_over=[HandedOver(tender="cash", fen=3_000)],
        )  # fmt: skip

    results = at_once(smile, *[trying(lambda who=who: sale(who)) for who in people])
    broken = [one for one in results if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    assert [one.code for one in results if isinstance(one, DomainError)] == ["out_of_stock"] * 3
    assert (Receipt.objects.count(), lies(last, "cashier")) == (3, 0)
    assert Movement.objects.filter(kind=MoveKind.SALE).count() == 3


@pytest.mark.ledger("IN-001")
def test_users_and_deliveries_of_a_new_lot_at_once_keep_the_sum(smile):
    item, here, nurse = anaesthetic(), center(), person("mei.hua")
    came = supply.Delivered(item=item, quantity=5, lot="L-1", price_fen=100)
    acts = [trying(lambda: supply.receive(by=nurse, site=here, delivered=[came])) for _ in range(4)]
    acts += [trying(lambda: supply.use(by=nurse, site=here, place="store", item=item, quantity=1)) for _ in range(4)]
    results = at_once(smile, *acts)
    broken = [one for one in results if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    used = sum(1 for one in results[4:] if not isinstance(one, DomainError))
    row = Movement.objects.first()
    assert row is not None
    assert lies(row.lot, "store") == 20 - used
