"""The till while the cashier types: the server adds up what the receipt will say, and keeps nothing of it."""

from __future__ import annotations

import pytest

from services.cashier.models import Payment, Receipt
from services.cashier.preview import preview
from services.cashier.taking import HandedOver
from tests.services.doors import browser, person
from tests.services.flow import patient
from tests.services.till import line, line_of, signed


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def shown(slip, **typed: str) -> str:
    return browser("fang.li").get(f"/cashier/slips/{slip.code}/preview/", typed).content.decode()


def test_what_is_typed_is_added_up_and_nothing_of_it_is_kept():
    # Given a signed slip of 1,680.00
    slip = signed(patient("梁博"))

    # When cash is handed over that is more than due, the change and the amount in capitals follow
    more = shown(slip, tender="cash", tendered_fen="1700")
    assert "人民币壹仟陆佰捌拾元整" in more
    assert "20.00" in more

    # When less is handed over, the page says how much is missing, ready to be put on an item
    less = shown(slip, tender="cash", tendered_fen="1000.30")
    assert 'data-value="679.70"' in less

    # When the rest is named on its item, the receipt is about what is paid
    named = shown(slip, tender="cash", tendered_fen="1000.30", **{f"owed_{line_of(slip, 'filling').code}": "679.70"})
    assert "人民币壹仟元零叁角整" in named
    assert "charge-missing" not in named

    # Then no money has moved, and the slip still waits
    slip.refresh_from_db()
    assert slip.state == "issued"
    assert not Receipt.objects.exists()
    assert not Payment.objects.exists()


def test_only_cash_gives_change_and_an_item_owes_at_most_its_price():
    slip = signed(patient("梁博"), "scaling", "film")
    lines = list(slip.lines.all())

    by_card = preview(slip, lines, by=person("fang.li"), handed_over=[HandedOver(tender="debit_card", fen=50_000)])
    assert (by_card.change_fen, by_card.over_fen) == (0, 8_000)
    in_cash = preview(slip, lines, by=person("fang.li"), handed_over=[HandedOver(tender="cash", fen=50_000)])
    assert (in_cash.change_fen, in_cash.over_fen) == (8_000, 0)

    owed = preview(slip, lines, by=person("fang.li"), owed={lines[0].code: 99_999, lines[1].code: -5})
    assert (owed.owed_fen, owed.due_fen, owed.missing_fen) == (30_000, 12_000, 0)


def test_the_preview_is_for_whoever_charges_and_survives_nonsense():
    slip = signed(patient("梁博"), line("film", zero_reason="exempt"))

    assert browser("dr.lin").get(f"/cashier/slips/{slip.code}/preview/").status_code == 403
    answer = browser("fang.li").get(f"/cashier/slips/{slip.code}/preview/", {"tender": "iou", "tendered_fen": "a"})
    assert answer.status_code == 200
    assert "0.00" in answer.content.decode()
