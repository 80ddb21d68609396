"""Gapless numbers: one after the other, given back by a rollback, waiting for each other."""

from datetime import date

import pytest
from django.db import transaction

from kernel.context import Actor
from kernel.errors import Forbidden, RuleRefused
from kernel.numbering import next_number, reserve_numbers
from kernel.numbering.actions import set_number_format
from kernel.numbering.models import NumberSeries
from kernel.numbering.patterns import period_of
from tests.kernel.probes import at_once

SYSTEM = Actor.system("test")


def take(series: str = "receipt", entity: str = "e1", **options: object) -> str:
    with transaction.atomic():
        return next_number(series, entity=entity, **options)


def test_numbers_follow_each_other_per_series_entity_and_period(smile):
    assert [take(), take(), take()] == ["000001", "000002", "000003"]
    assert take(entity="e2") == "000001"
    assert take("invoice") == "000001"
    assert take(period="2026") == "2026-000001"
    assert take() == "000004"


def test_a_rollback_gives_the_number_back(own_database, smile):
    with pytest.raises(RuntimeError):
        next_number("receipt", entity="e1")
    assert take() == "000001"

    def take_and_fail() -> None:
        take()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        take_and_fail()
    assert take() == "000002"


@pytest.mark.ledger("CA-003")
def test_documents_at_once_leave_no_gap_and_share_no_number(own_database, smile):
    def ten() -> list[str]:
        return [take() for _number in range(10)]

    results = at_once(smile, *[ten] * 5)
    numbers = sorted(number for result in results for number in result)
    assert numbers == [f"{number:06d}" for number in range(1, 51)]


def test_a_block_of_emergency_numbers_is_reserved_in_one_piece(smile):
    take()
    assert reserve_numbers("receipt", entity="e1", count=3) == ["000002", "000003", "000004"]
    assert take() == "000005"
    with pytest.raises(ValueError):
        reserve_numbers("receipt", entity="e1", count=0)


def test_a_series_may_begin_again_with_its_period(smile, at):
    set_number_format(by=SYSTEM, series="receipt", pattern="R{period}/{number:4}", reset="year")
    set_number_format(by=SYSTEM, series="receipt", entity="e9", pattern="{entity}-{number}")
    at("2026-12-31 23:59:59")
    assert [take(), take()] == ["R2026/0001", "R2026/0002"]
    at("2027-01-01 00:00:00")
    assert take() == "R2027/0001"
    assert take(entity="e9") == "e9-1"
    assert NumberSeries.objects.get(series="receipt", period="2026").last_number == 2


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "receipt",
        "{number}{number}",
        "{number} ",
        "{number.__class__}",
        "{number:4}{",
        "{0}",
        "{number:0}",
        "x" * 80,
    ],
)
def test_a_pattern_that_does_not_tell_numbers_apart_is_refused(smile, pattern):
    with pytest.raises(RuleRefused, match="invalid_number_pattern"):
        set_number_format(by=SYSTEM, series="receipt", pattern=pattern)


def test_a_series_with_periods_names_them_or_two_documents_share_a_number(smile):
    with pytest.raises(RuleRefused, match="without_period"):
        set_number_format(by=SYSTEM, series="receipt", pattern="{number:6}", reset="month")


def test_only_who_may_changes_how_numbers_look(smile):
    with pytest.raises(Forbidden):
        set_number_format(by=Actor(kind="user", name="Fang"), series="receipt", pattern="{number}")


@pytest.mark.parametrize(
    ("reset", "period"), [("never", ""), ("year", "2026"), ("month", "202612"), ("day", "20261214")]
)
def test_periods(reset, period):
    assert period_of(date(2026, 12, 14), reset) == period
