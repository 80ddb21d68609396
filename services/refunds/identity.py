"""Who takes the money: the patient in person, or whom the parameter admits; compared with the file (CA-027)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from kernel import parameters
from kernel.errors import Cure, RuleRefused
from services.patients.models import Patient, PatientRelation
from services.patients.selectors import is_minor
from services.refunds.models import Payee, ProxyReason
from services.sites.models import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What whoever stands at the till says and shows. ``birth_date``, ``phone_last_four`` and ``id_number`` are the
    patient's; ``identity_document`` is the document of a guardian or proxy (kind and number)."""

    payee: str
    name: str
    birth_date: date | None = None
    phone_last_four: str = ""
    id_number: str = ""
    identity_document: str = ""
    proxy_reason: str = ""


def check(patient: Patient, site: Site, day: date, shown: Shown) -> str:
    """By what the person was identified ("birth_date", "phone", "id_number", joined by "+").

    Raises RuleRefused (``payee_unknown``, ``payee_not_patient``, ``guardian_not_allowed``, ``patient_is_of_age``,
    ``guardian_unknown``, ``proxy_reason_missing``, ``identity_document_missing``, ``identity_unchecked``,
    ``identity_differs``).
    """
    if shown.payee not in Payee.values:
        raise RuleRefused("payee_unknown", _("Say who takes the money."), fields={"payee": [_("Required")]})
    others = bool(parameters.value("refund_guardian_allowed", site=site))
    if shown.payee == Payee.PATIENT:
        if not same_name(shown.name, patient.name):
            raise not_patient()
        if is_minor(patient, day) and others:
            raise RuleRefused(
                "guardian_must_sign", _("The patient is under age: the legal guardian signs."),
                fields={"payee": [_("Choose the guardian.")]},
            )  # fmt: skip
    elif not others:
        raise RuleRefused(
            "guardian_not_allowed",
            _("Here only the patient in person takes the money; guardians and proxies are not admitted."),
            cures=[Cure(_("Arrange for the patient to come"))],
        )
    else:
        _somebody_else(patient, day, shown)
    return _compared(patient, shown)


def not_patient() -> RuleRefused:
    """The refusal for somebody who is not who the money belongs to."""
    return RuleRefused(
        "payee_not_patient",
        _("Only the patient in person takes the money. It stays in the till, and the try is noted."),
        cures=[Cure(_("Arrange for the patient to come"))],
        fields={"payee_name": [_("Not the name in the file.")]},
    )


def same_name(said: str, known: str) -> bool:
    """The same name, however wide its characters are and however many blanks stand between them."""

    def bare(name: str) -> str:
        return re.sub(r"[\s·•]", "", unicodedata.normalize("NFKC", name)).casefold()

    return bool(bare(said)) and bare(said) == bare(known)


def _somebody_else(patient: Patient, day: date, shown: Shown) -> None:
    if not shown.identity_document.strip():
        sentence = _("Write down the identity document of whoever takes the money.")
        raise RuleRefused("identity_document_missing", sentence, fields={"identity_document": [sentence]})
    if shown.payee == Payee.GUARDIAN:
        if not is_minor(patient, day):
            raise RuleRefused("patient_is_of_age", _("The patient is of age and comes in person, or gives a proxy."))
        guardians = PatientRelation.objects.filter(patient=patient, is_guardian=True).select_related("relative")
        if not any(same_name(shown.name, one.display_name) for one in guardians):
            raise RuleRefused(
                "guardian_unknown",
                _("This person does not stand in the file as legal guardian."),
                cures=[Cure(_("Enter the guardian in the file"), role="front_desk")],
            )
        return
    if not shown.name.strip():
        raise not_patient()
    if shown.proxy_reason not in ProxyReason.values:
        sentence = _("Say why the patient does not come.")
        raise RuleRefused("proxy_reason_missing", sentence, fields={"proxy_reason": [sentence]})


def _compared(patient: Patient, shown: Shown) -> str:
    """What of the patient was compared; one fact that differs refuses, whatever else agrees."""
    facts = {
        "birth_date": (shown.birth_date, patient.birth_date),
        "phone": (_digits(shown.phone_last_four)[-4:] or None, _digits(patient.phone)[-4:] or None),
        "id_number": (shown.id_number.strip().upper() or None, patient.id_number.upper() or None),
    }
    said = {key: pair for key, pair in facts.items() if pair[0] is not None}
    wrong = [key for key, (stated, known) in said.items() if stated != known]
    if wrong:
        raise RuleRefused(
            "identity_differs", _("This is not what stands in the patient's file. Check it again."), parts=wrong
        )
    if not said:
        raise RuleRefused(
            "identity_unchecked",
            _("Compare something of the patient with the file: date of birth, end of the phone number, or ID number."),
        )
    return "+".join(said)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
