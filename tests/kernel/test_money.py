"""Money: whole fen, parsed exactly, rounded in one place (PL-016)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import money

AMOUNTS = st.integers(min_value=-(10**13), max_value=10**13)


@pytest.mark.ledger("PL-016")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1050.30", 105030),
        ("0", 0),
        ("0.05", 5),
        ("8.5", 850),
        ("-600.00", -60000),
        ("+1", 100),
        ("¥1,680.00", 168000),
        ("￥ 1".replace(" ", ""), 100),
        (" 12 ", 1200),
        (1554, 155400),
        (Decimal("503.70"), 50370),
        (Decimal("1E+2"), 10000),
    ],
)
def test_an_amount_in_yuan_becomes_whole_fen(text, expected):
    assert money.fen(text) == expected


@pytest.mark.ledger("PL-016")
@pytest.mark.parametrize(
    "text",
    ["", "abc", "1.005", "1,50", "1.2.3", "1e3", "--1", "NaN", "١", 0.1, True, None, Decimal("NaN"), Decimal("0.001")],
)
def test_what_is_no_exact_amount_is_refused(text):
    with pytest.raises(money.InvalidAmount):
        money.fen(text)


@given(AMOUNTS)
def test_writing_and_reading_an_amount_changes_nothing(amount):
    assert money.fen(money.yuan(amount)) == amount
    assert money.fen(money.yuan(amount, grouped=True)) == amount


@pytest.mark.parametrize(("amount", "text"), [(105030, "1,050.30"), (-5, "-0.05"), (0, "0.00")])
def test_yuan_are_written_with_two_decimals(amount, text):
    assert money.yuan(amount, grouped=True) == text


@pytest.mark.ledger("PL-016")
@pytest.mark.parametrize(
    ("amount", "basis_points", "expected"),
    [(126000, 9000, 113400), (5, 5000, 3), (-5, 5000, -3), (1, 4999, 0), (333, 10_000, 333), (0, 5000, 0)],
)
def test_a_rate_rounds_halves_away_from_zero(amount, basis_points, expected):
    assert money.rate_of(amount, basis_points) == expected


@given(AMOUNTS, st.integers(min_value=0, max_value=20_000))
def test_a_refund_mirrors_its_charge(amount, basis_points):
    assert money.rate_of(-amount, basis_points) == -money.rate_of(amount, basis_points)


@given(AMOUNTS, st.decimals(min_value=0, max_value=1000, places=2))
def test_a_quantity_rounds_like_decimal_half_up(amount, quantity):
    exact = Decimal(amount) * quantity
    assert abs(Decimal(money.times(amount, quantity)) - exact) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [(100, [1, 1, 1], [34, 33, 33]), (-100, [1, 1, 1], [-34, -33, -33]), (10, [0, 0], [5, 5]), (7, [0, 3], [0, 7])],
)
def test_an_amount_is_split_by_largest_remainder(amount, weights, parts):
    assert money.allocate(amount, weights) == parts


@given(AMOUNTS, st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=20))
def test_the_parts_of_a_split_add_up_and_stay_within_one_fen(amount, weights):
    parts = money.allocate(amount, weights)
    assert sum(parts) == amount
    if total := sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * total - amount * weight) < total


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_a_split_without_sound_weights_is_refused(weights):
    with pytest.raises(ValueError):
        money.allocate(100, weights)
