"""Many at once over one package and one stored value: neither gives more than it holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.errors import DomainError
from services.books.models import Account, Movement
from services.cashier.actions import charge
from services.cashier.taking import HandedOver
from services.prepaid import actions
from services.prepaid.models import Holding, StatementLine, Use
from services.records.actions import record_treatment
from tests.kernel.probes import at_once
from tests.services.advance import asked_back, balance, package, sessions, stored
from tests.services.doors import person, staff
from tests.services.flow import center, patient, walked_in
from tests.services.till import item, signed


@pytest.fixture(autouse=True)
def monday(own_database, smile, at):
    at("2026-12-14 10:00")
    return at


def outcome(act: Callable[[], object]) -> Callable[[], object]:
    """The refusal instead of a raise, so that every thread has an answer."""

    def run() -> object:
        try:
            return act()
        except DomainError as refusal:
            return refusal

    return run


def codes(results: list[object]) -> list[str]:
    """What came of each: "" or the code of its refusal; anything else is a fault."""
    broken = [one for one in results if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    return sorted(one.code if isinstance(one, DomainError) else "" for one in results)


def test_a_visit_takes_one_session_however_many_write_it_down(smile):
    su = patient("苏琪")
    holding, visit, by = package(su), walked_in(su), person("fang.li")

    def use() -> object:
        return actions.redeem(
            by=by, site=center(), holding=Holding.objects.get(pk=holding.pk), visit=visit, signer_name="苏琪"
        )

    results = at_once(smile, *[outcome(use)] * 8)
    assert codes(results) == [""] + ["session_used_already"] * 7
    assert (sessions(holding), balance(holding), Use.objects.count()) == (9, 90_000, 1)


def test_a_treatment_is_paid_by_one_of_two_packages(smile):
    su = patient("苏琪")
    both, visit, by = [package(su), package(su)], walked_in(su), person("fang.li")
    done = record_treatment(
        by=person("dr.lin"), site=center(), patient=su, doctor=staff("011"), item=item("scaling"), visit_code=visit.code
    )

    def use(holding: Holding) -> Callable[[], object]:
        return outcome(
            lambda: actions.redeem(
                by=by, site=center(), holding=holding, visit=visit, signer_name="苏琪", treatment=done
            )
        )

    results = at_once(smile, *[use(one) for one in both])
    assert codes(results) == ["", "session_used_already"]
    assert sum(sessions(one) for one in both) == 19
    assert Use.objects.get().treatment == done


@pytest.mark.slow
def test_of_a_shared_package_no_more_sessions_go_than_it_has(smile):
    holder = patient("苏琪")
    holding, by = package(holder, sessions=3, price_fen=10_000, key="test-three"), person("fang.li")
    visits = []
    for number in range(8):
        relative = patient(f"苏{'一二三四五六七八'[number]}")
        actions.share(by=by, site=center(), holding=holding, patient=relative, signer_name="苏琪")
        visits.append(walked_in(relative))

    def use(visit: object) -> Callable[[], object]:
        return outcome(
            lambda: actions.redeem(
                by=by, site=center(), holding=Holding.objects.get(pk=holding.pk), visit=visit,
                signer_name=visit.patient.name,
            )
        )  # fmt: skip

    results = at_once(smile, *[use(one) for one in visits])
    assert codes(results) == [""] * 3 + ["holding_rests"] * 5
    assert (sessions(holding), balance(holding)) == (0, 0)


def test_tills_that_spend_one_stored_value_at_once_spend_what_is_there(smile):
    su = patient("苏琪")
    holding, by = stored(su, 10), person("fang.li")
    slips = [signed(su, "scaling") for _ in range(8)]

    def spend(slip: object) -> Callable[[], object]:
        return outcome(
            lambda: charge(by=by, site=center(), slip=slip, handed_over=[HandedOver(tender="stored_value", fen=30_000)])
        )

    results = at_once(smile, *[spend(one) for one in slips])
    assert codes(results) == [""] * 3 + ["stored_value_short"] * 5
    assert balance(holding) == 10_000
    assert Movement.objects.filter(debit=Account.PREPAID).count() == 3
    assert list(StatementLine.objects.filter(holding=holding).values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_refund_and_a_use_at_once_do_not_both_have_the_money(smile):
    su = patient("苏琪")
    holding, visit = package(su), walked_in(su)
    by = person("fang.li")
    results = at_once(
        smile,
        outcome(lambda: asked_back(Holding.objects.get(pk=holding.pk))),
        outcome(lambda: actions.redeem(
            by=by, site=center(), holding=Holding.objects.get(pk=holding.pk), visit=visit, signer_name="苏琪")),
    )  # fmt: skip
    found = codes(results)
    row = Holding.objects.get(pk=holding.pk).endings.get()
    # Whoever came first: the refund is of what was left then.
    assert found in (["", ""], ["", "holding_rests"])
    assert row.amount_fen == balance(holding) == 100_000 - 10_000 * Use.objects.count()
