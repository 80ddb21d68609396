"""Many tills over one card: its counter says exactly how often it was used (VP-004)."""

from __future__ import annotations

import pytest

from kernel.errors import DomainError
from kernel.parameters import set_parameter
from services.vip import actions
from services.vip.models import VipCard, VipUse
from tests.kernel.probes import at_once
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, patient
from tests.services.till import charged, signed

SO_MANY, ALLOWED = 50, 6


@pytest.fixture(autouse=True)
def monday(own_database, smile, at):
    at("2026-12-14 10:00")
    return at


def a_card(uses: int, who) -> VipCard:
    """An issued card that may be used so often."""
    set_parameter(by=SYSTEM, key="vip_card_uses", value=uses)
    fang, site = person("fang.li"), center()
    card = actions.register_cards(by=fang, site=site, first="V-0007", last="", custodian=staff("104"))[0]
    actions.propose(by=fang, site=site, card=card, patient=who, reason="special")
    actions.sign(by=person("dr.pan"), site=site, card=card)
    return actions.issue(by=fang, site=site, card=card)


def scanning(receipt):
    by, site = person("fang.li"), center()

    def run() -> object:
        try:
            return actions.use_card(by=by, site=site, serial="V-0007", receipt=receipt)
        except DomainError as refusal:
            return refusal

    return run


def codes(results: list[object]) -> list[str]:
    broken = [one for one in results if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    return [one.code for one in results if isinstance(one, DomainError)]


@pytest.mark.slow
@pytest.mark.ledger("VP-004")
def test_of_fifty_uses_at_once_exactly_the_allowed_ones_count(smile):
    who = patient("侯先生")
    card = a_card(ALLOWED, who)
    receipts = [charged(signed(who, "scaling")) for _ in range(SO_MANY)]

    results: list[object] = []
    for start in range(0, SO_MANY, 10):
        results += at_once(smile, *[scanning(receipt) for receipt in receipts[start : start + 10]])

    assert codes(results) == ["card_used_up"] * (SO_MANY - ALLOWED)
    card.refresh_from_db()
    assert (card.uses, card.state) == (ALLOWED, "used_up")
    assert sorted(VipUse.objects.values_list("number", flat=True)) == list(range(1, ALLOWED + 1))


@pytest.mark.ledger("VP-004")
def test_two_tills_that_scan_at_once_count_one_use(smile):
    who = patient("侯先生")
    card = a_card(ALLOWED, who)
    results = at_once(smile, *[scanning(charged(signed(who, "scaling")))] * 4)
    assert codes(results) == ["card_counted_already"] * 3
    card.refresh_from_db()
    assert card.uses == VipUse.objects.count() == 1
