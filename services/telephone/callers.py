"""Who is on the phone: names as a promise needs them, and numbers in their one spelling."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from kernel.errors import RuleRefused
from services.patients.models import Patient, Sex
from services.patients.phones import canonical_phone
from services.telephone.models import NuisanceNumber

# "Mr Wang" cannot be called back: a surname with a form of address is no full name (TC-012).
FORMS_OF_ADDRESS = (
    "先生",
    "女士",
    "小姐",
    "太太",
    "夫人",
    "阿姨",
    "叔叔",
    "大爷",
    "大妈",
    "奶奶",
    "爷爷",
    "老师",
    "总",
)
LATIN_FORMS = ("mr", "mrs", "ms", "miss", "mr.", "mrs.", "ms.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as it is known. ``phone`` has its one spelling or is empty."""

    name: str = ""
    sex: str = ""
    phone: str = ""
    patient: Patient | None = None


def read_caller(*, name: str, sex: str, phone: str, patient: Patient | None = None) -> Caller:
    """What was typed, brought into its one spelling; what a known patient's file says fills the gaps.

    Raises RuleRefused (``phone_invalid``).
    """
    number = phone_of(phone)
    if patient is None:
        return Caller(name.strip(), sex if sex in Sex.values else "", number)
    return Caller(name.strip() or patient.name, sex or patient.sex, number or patient.phone, patient)


def phone_of(text: str) -> str:
    """The one spelling of a typed number, "" for none. Raises RuleRefused (``phone_invalid``)."""
    if not text.strip():
        return ""
    number = canonical_phone(text)
    if number is None:
        sentence = _("This is not a phone number. Read it back to the caller.")
        raise RuleRefused("phone_invalid", sentence, fields={"phone": [sentence]})
    return number


def require_phone(caller: Caller) -> None:
    """Raises RuleRefused (``phone_missing``)."""
    if not caller.phone:
        sentence = _("Ask for the phone number: without it nobody can be called back.")
        raise RuleRefused("phone_missing", sentence, fields={"phone": [sentence]})


def require_full_name(caller: Caller) -> None:
    """Raises RuleRefused (``full_name_missing``)."""
    if not is_full_name(caller.name):
        sentence = _("Ask for the full name: a surname alone finds nobody.")
        raise RuleRefused("full_name_missing", sentence, fields={"caller_name": [sentence]})


def is_full_name(name: str) -> bool:
    """Surname and given name, and not a surname with a form of address."""
    plain = name.strip()
    if len(plain) < 2:
        return False
    if plain.isascii():
        words = plain.lower().split()
        return len(words) > 1 and words[0] not in LATIN_FORMS
    return not plain.endswith(FORMS_OF_ADDRESS)


def is_nuisance(phone: str) -> bool:
    """Is this number (in its one spelling) marked as one that only disturbs? (TC-021)"""
    return bool(phone) and NuisanceNumber.objects.filter(phone_index__marks=phone, lifted_at__isnull=True).exists()
