"""Chinese capital amounts: the vectors of the requirements, and an independent reader that must agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.capitals import LIMIT_FEN, capital_amount
from kernel.money import fen

VECTORS = [
    ("0.00", "零元整"),
    ("0.50", "伍角整"),
    ("0.05", "伍分"),
    ("8.05", "捌元零伍分"),
    ("10.00", "壹拾元整"),
    ("325.04", "叁佰贰拾伍元零肆分"),
    ("1409.50", "壹仟肆佰零玖元伍角整"),
    ("1050.30", "壹仟零伍拾元零叁角整"),
    ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
    ("6007.14", "陆仟零柒元壹角肆分"),
    ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
    ("107000.53", "壹拾万柒仟元零伍角叁分"),
    ("100000.00", "壹拾万元整"),
    ("10010000.00", "壹仟零壹万元整"),
    ("100000000.00", "壹亿元整"),
]
MORE = [
    ("100000001.00", "壹亿零壹元整"),
    ("100010000.00", "壹亿零壹万元整"),
    ("1000100000.01", "壹拾亿零壹拾万元零壹分"),
    ("20030.00", "贰万零叁拾元整"),
    ("110000.00", "壹拾壹万元整"),
    ("10.05", "壹拾元零伍分"),
    ("10.50", "壹拾元零伍角整"),
    ("0.55", "伍角伍分"),
]

DIGITS = {character: number for number, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}
GROUPS = {"万": 10**4, "亿": 10**8}


def read(text: str) -> int:
    """The fen that a capital amount says; knows nothing of how it was written."""
    total = group = digit = 0
    for character in text.removeprefix("负").removesuffix("整"):
        if character in DIGITS:
            digit = DIGITS[character]
        elif character in PLACES:
            group, digit = group + digit * PLACES[character], 0
        elif character in GROUPS:
            total, group, digit = total + (group + digit) * GROUPS[character], 0, 0
        elif character == "元":
            total, group, digit = (total + group + digit) * 100, 0, 0
        elif character == "角":
            total, digit = total + digit * 10, 0
        elif character == "分":
            total, digit = total + digit, 0
    return -total if text.startswith("负") else total


@pytest.mark.ledger("PL-013", "CA-004")
@pytest.mark.parametrize(("amount", "text"), VECTORS + MORE)
def test_an_amount_in_capitals(amount, text):
    assert capital_amount(fen(amount)) == text


@pytest.mark.ledger("PL-013")
def test_a_net_negative_says_so():
    assert capital_amount(fen("-600.00")) == "负陆佰元整"


@pytest.mark.ledger("PL-013")
def test_traditional_glyphs_are_an_option():
    assert capital_amount(fen("-236000000.63"), traditional=True) == "負貳億參仟陸佰萬元零陸角參分"


@pytest.mark.ledger("CA-003")
def test_a_printed_receipt_names_the_currency_first():
    assert capital_amount(fen("1050.30"), currency=True) == "人民币壹仟零伍拾元零叁角整"
    assert capital_amount(fen("-1.00"), currency=True, traditional=True) == "人民幣負壹元整"


@given(st.integers(min_value=-LIMIT_FEN + 1, max_value=LIMIT_FEN - 1))
def test_what_is_written_can_be_read_back(amount):
    text = capital_amount(amount)
    assert read(text) == amount
    assert "零零" not in text
    assert not text.endswith("分整")


def test_beyond_a_trillion_there_is_no_capital_amount():
    with pytest.raises(ValueError):
        capital_amount(LIMIT_FEN)
