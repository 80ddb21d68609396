"""One spelling per phone number, however it was typed."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumberFormat

HOME = "CN"
HOME_CODE = 86


def canonical_phone(text: str) -> str | None:
    """The one spelling under which a phone is stored: digits for a number of the country, +code and digits for others.

    "+86 138-0000-4417", "０１３８ …" and "138 0000 4417" are the same number. None for what cannot be one.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = re.sub(r"\D", "", plain)
    if digits.startswith("00"):
        plain = "+" + digits[2:]
    try:
        number = phonenumbers.parse(plain, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if number.country_code == HOME_CODE:
        return re.sub(r"\D", "", phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def last_four(phone: str) -> str:
    """The digits by which people at the desk tell numbers apart."""
    return re.sub(r"\D", "", phone)[-4:]
