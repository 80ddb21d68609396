"""Chinese capital amounts, as receipts must carry them, independent of the language of the page (PL-013).

Among the forms that the rules permit, one is chosen for good: the closing mark stands after yuan and after jiao, never
after fen; an inner gap of zeros gives one zero; a yuan digit 0 before jiao, and a jiao 0 before fen, give a zero. These
characters are the data of the notation, not text of the interface.
"""

from __future__ import annotations

_SIMPLIFIED = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")
_YUAN, _JIAO, _FEN, _EXACT, _NEGATIVE, _CURRENCY = "元", "角", "分", "整", "负", "人民币"
_TRADITIONAL = str.maketrans({"贰": "貳", "叁": "參", "陆": "陸", "万": "萬", "亿": "億", "负": "負", "币": "幣"})

# 9,999 times ten to the eighth yuan: far above any till, and the end of the plain notation.
LIMIT_FEN = 10**12 * 100


def capital_amount(fen: int, *, traditional: bool = False, currency: bool = False) -> str:
    """``fen`` in capitals, e.g. 105030 for 1,050.30 yuan.

    A net negative (a day of refunds) gets the sign in words. ``traditional`` uses traditional glyphs (a tenant's
    option); ``currency`` puts the name of the currency in front, as a printed receipt has it.

    Raises ValueError from ``LIMIT_FEN`` on.
    """
    if abs(fen) >= LIMIT_FEN:
        raise ValueError("no capital amount is defined from one trillion yuan on")
    whole, jiao, rest = abs(fen) // 100, abs(fen) // 10 % 10, abs(fen) % 10
    text = (_CURRENCY if currency else "") + (_NEGATIVE if fen < 0 else "") + _amount(whole, jiao, rest)
    return text.translate(_TRADITIONAL) if traditional else text


def _amount(whole: int, jiao: int, fen: int) -> str:
    zero = _SIMPLIFIED[0]
    text = _number(whole) + _YUAN if whole else ""
    if not jiao and not fen:
        return (text or zero + _YUAN) + _EXACT
    if jiao:
        # The gap before jiao is spoken when the digit of yuan is 0.
        text += (zero if whole and whole % 10 == 0 else "") + _SIMPLIFIED[jiao] + _JIAO
    elif whole:
        text += zero
    return text + (_SIMPLIFIED[fen] + _FEN if fen else _EXACT)


def _number(value: int) -> str:
    groups = [value // 10_000**power % 10_000 for power in range(3)]
    text, gap = "", False
    for power in (2, 1, 0):
        group = groups[power]
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1_000):
            text += _SIMPLIFIED[0]
        text += _group(group) + _GROUPS[power]
        gap = False
    return text


def _group(value: int) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text += (_SIMPLIFIED[0] if gap else "") + _SIMPLIFIED[digit] + _PLACES[place]
        gap = False
    return text
