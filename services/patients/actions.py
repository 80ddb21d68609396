"""Writing patients' files."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, DomainError, RuleRefused
from kernel.numbering import next_number, reserve_numbers
from kernel.outbox import emit, emit_many
from services.patients import reading, selectors
from services.patients.models import ContactChange, Patient, PatientRelation, Sex
from services.patients.phones import canonical_phone
from services.patients.starter import RECORD_SERIES
from services.sites.locking import lock_version
from services.sites.models import Site
from services.staff.names import read_name

OLDEST = 130
CONTACT = ("phone", "address")
# Whatever may be written at registration and changed later, besides name, sex, age and contact.
DETAILS = (
    "id_number", "occupation", "media_source", "language", "form_of_address", "alert", "is_special",
    "message_consent", "unreachable_since",
)  # fmt: skip
# What every registration says; address and details are added.
REGISTERED = ("name", "sex", "birth_date", "stated_age", "phone", "phone_absent_reason")
CHANGEABLE = ("name", "sex", "birth_date", "stated_age", *CONTACT, "phone_absent_reason", *DETAILS)


@action(permission="patients.register")
def register_patient(
    *,
    by: Actor,
    site: Site,
    name: str,
    sex: str,
    birth_date: date | None = None,
    stated_age: int | None = None,
    phone: str = "",
    phone_absent_reason: str = "",
    address: str = "",
    confirmed_new: bool = False,
    family: Patient | None = None,
    **details: Any,
) -> Patient:
    """Open a file at ``site``: name, sex, age (a date of birth or whole years) and phone, or why there is none.

    ``details`` are those of ``DETAILS``. Files that may be the same person are proposed before a second one is opened,
    unless ``confirmed_new``; the phone of a relative whose file is ``family`` makes nobody the same person. FD-002, FD-003,
    FD-012.

    Raises RuleRefused (``name_required``, ``sex_required``, ``age_required``, ``age_impossible``,
    ``phone_or_reason_required``, ``phone_invalid``; all that is missing stands in its fields) and Conflict
    (``possible_duplicates`` with their codes).
    """
    _only(details, DETAILS)
    facts = _facts(
        site, name=name, sex=sex, birth_date=birth_date, stated_age=stated_age, phone=phone,
        phone_absent_reason=phone_absent_reason,
    )  # fmt: skip
    # The counter's row is locked until this transaction ends: of two people who register one patient at once, the
    # second one looks for duplicates after the first one's file exists.
    number = next_number(RECORD_SERIES, entity="")
    alike = selectors.possible_duplicates(
        name=facts["name"], birth_year=facts["birth_year"], exact_year=birth_date is not None, phone=facts["phone"]
    )
    if family is not None and family.phone == facts["phone"]:
        alike = [(other, shared) for other, shared in alike if shared != ("phone",)]
    if alike and not confirmed_new:
        raise _duplicates(alike)
    patient = _file(site, number, facts, address=address, details=details)
    patient.save()
    audit.record(by=by, verb="patients.registered", target=patient, site=site.code, **_said(patient, alike))
    emit("patients.registered", key=str(patient.code), payload=_told(patient))
    return patient


@action(permission="patients.register")
def register_patients(*, by: Actor, site: Site, files: Sequence[Mapping[str, Any]]) -> list[Patient]:
    """Open a file for each of ``files`` in the statements of one, all of them or none: what ``register_patient`` does with
    the same keywords, for people of whom whoever calls knows that they are new here.

    Raises what ``register_patient`` raises for values that are not possible.
    """
    opened: list[Patient] = []
    described, numbers = [], reserve_numbers(RECORD_SERIES, entity="", count=len(files)) if files else []
    for given, number in zip(files, numbers, strict=True):
        details = dict(given)
        address = str(details.pop("address", ""))
        facts = _facts(site, **{name: details.pop(name) for name in REGISTERED if name in details})
        _only(details, DETAILS)
        opened.append(_file(site, number, facts, address=address, details=details))
        exact = facts["birth_date"] is not None
        described.append(selectors.Described(facts["name"], facts["birth_year"], exact, facts["phone"]))
    alike = selectors.possible_duplicates_of(described)
    Patient.objects.bulk_create(opened)
    acts = []
    for place, (patient, wanted) in enumerate(zip(opened, described, strict=True)):
        # Files of the same list count as well, in their order.
        together = [*alike[place], *selectors.sharing(wanted, opened[:place])]
        acts.append((patient, _said(patient, together)))
    audit.record_many(by=by, verb="patients.registered", acts=acts, site=site.code)
    emit_many("patients.registered", [(str(patient.code), _told(patient)) for patient in opened])
    return opened


@action(permission="patients.edit")
def update_patient(*, by: Actor, patient: Patient, version: int | None = None, **changes: Any) -> Patient:
    """Change a file; ``changes`` are those of ``CHANGEABLE``. A changed phone or address is kept with its old value,
    the time and who changed it (FD-011).

    Raises StaleVersion and what ``register_patient`` raises for values that are not possible.
    """
    _only(changes, CHANGEABLE)
    patient = lock_version(patient, version)
    today = clock.today(patient.site.timezone)
    before = {field: getattr(patient, field) for field in CONTACT}
    facts = _changed_facts(patient, changes, today)
    changed = [field for field, value in facts.items() if getattr(patient, field) != value]
    for field in changed:
        setattr(patient, field, facts[field])
    changed += _write_details(patient, {field: value for field, value in changes.items() if field in DETAILS})
    if not changed:
        return patient
    if "name" in changed:
        _read_name(patient)
        changed += ["pinyin", "initials", "search_words"]
    contact = [field for field in CONTACT if field in changed]
    if contact:
        _keep_history(by, patient, {field: before[field] for field in contact})
        patient.contact_verified_at = clock.now()
        # A new number deserves a new try.
        patient.unreachable_since = None if "phone" in contact else patient.unreachable_since
        changed += ["contact_verified_at", "unreachable_since"]
    patient.bump(changed)
    audit.record(by=by, verb="patients.changed", target=patient, fields=sorted(set(changed)))
    emit(
        "patients.contact_changed" if contact else "patients.changed",
        key=str(patient.code),
        payload={"patient": str(patient.code), "fields": sorted(set(changed))},
    )
    return patient


@action(permission="patients.edit")
def update_contact(
    *,
    by: Actor,
    patient: Patient,
    phone: str,
    address: str,
    phone_absent_reason: str = "",
    version: int | None = None,
) -> Patient:
    """Correct phone and address of ``patient``; old and new value, time and person are kept (FD-011).

    Raises what ``update_patient`` raises.
    """
    return update_patient(
        by=by, patient=patient, version=version, phone=phone, address=address, phone_absent_reason=phone_absent_reason
    )


@action(permission="patients.edit")
def verify_contact(*, by: Actor, patient: Patient, version: int | None = None) -> Patient:
    """Note that phone and address were read out and are still right (FD-011, CR-004). Raises StaleVersion."""
    patient = lock_version(patient, version)
    patient.contact_verified_at = clock.now()
    patient.unreachable_since = None
    patient.bump(["contact_verified_at", "unreachable_since"])
    audit.record(by=by, verb="patients.contact_verified", target=patient)
    return patient


@action(permission="patients.reveal_phone", sensitive=True)
def reveal_phone(*, by: Actor, patient: Patient, purpose: str = "") -> str:
    """The whole phone of ``patient``; the look is logged with its purpose (CR-006). "" where there is none.

    Raises RuleRefused (``purpose_required``).
    """
    reading.note_read(by, patient, stated=purpose, part="phone")
    return patient.phone


@action(permission="patients.edit")
def add_relation(
    *,
    by: Actor,
    patient: Patient,
    kind: str,
    relative: Patient | None = None,
    name: str = "",
    phone: str = "",
    is_payer: bool = False,
    is_guardian: bool = False,
) -> PatientRelation:
    """Say that ``relative`` (a patient), or a person of ``name``, is the ``kind`` of ``patient``, e.g. the mother.

    A payer replaces the one before. Raises RuleRefused (``relative_required``, ``relative_is_patient``,
    ``phone_invalid``), Conflict (``relation_exists``).
    """
    patient = lock_version(patient, None)
    if relative is None and not name.strip():
        sentence = _("Name the relative, or choose a file.")
        raise RuleRefused("relative_required", sentence, fields={"name": [sentence]})
    if relative is not None and relative.pk == patient.pk:
        sentence = _("A person is no relative of themselves.")
        raise RuleRefused("relative_is_patient", sentence, fields={"relative": [sentence]})
    if relative is not None and PatientRelation.objects.filter(patient=patient, relative=relative).exists():
        raise Conflict("relation_exists", _("This relative stands in the file already."))
    if is_payer:
        PatientRelation.objects.filter(patient=patient, is_payer=True).update(is_payer=False)
    relation = PatientRelation(
        patient=patient,
        relative=relative,
        name="" if relative is not None else _clean_name(name),
        phone=_phone(phone, "-")["phone"] if phone and relative is None else "",
        kind=kind,
        is_payer=is_payer,
        is_guardian=is_guardian,
    )
    relation.full_clean(validate_unique=False, validate_constraints=False)
    relation.save()
    audit.record(
        by=by,
        verb="patients.relation_added",
        target=patient,
        relation=relation.code,
        kind=kind,
        relative=relative.code if relative is not None else None,
        is_payer=is_payer,
        is_guardian=is_guardian,
    )
    return relation


@action(permission="patients.edit")
def remove_relation(*, by: Actor, relation: PatientRelation) -> None:
    """Take a relation out of the file."""
    audit.record(
        by=by, verb="patients.relation_removed", target=relation.patient, relation=relation.code, kind=relation.kind
    )
    relation.delete()


def _facts(
    site: Site,
    *,
    name: str,
    sex: str,
    birth_date: date | None = None,
    stated_age: int | None = None,
    phone: str = "",
    phone_absent_reason: str = "",
) -> dict[str, Any]:
    """Name, sex, birth and phone of a new file as they are kept; raises what is missing or not possible."""
    today = clock.today(site.timezone)
    facts: dict[str, Any] = {
        "name": _clean_name(name),
        "sex": sex,
        **_birth(birth_date, stated_age, today),
        **_phone(phone, phone_absent_reason),
    }
    _refuse_gaps(facts, today=today)
    return facts


def _file(site: Site, number: str, facts: Mapping[str, Any], *, address: str, details: Mapping[str, Any]) -> Patient:
    """A new file that is not written yet."""
    present = clock.now()
    patient = Patient(
        record_number=number,
        site=site,
        created_at=present,
        contact_verified_at=present if facts["phone"] else None,
        address=address.strip(),
        **facts,
    )
    _write_details(patient, details)
    _read_name(patient)
    return patient


def _said(patient: Patient, alike: Sequence[tuple[Patient, tuple[str, ...]]]) -> dict[str, Any]:
    """What the audit keeps of a new file."""
    confirmed = [str(other.code) for other, _shared in alike]
    return {"untraceable": patient.untraceable, "confirmed_new": confirmed}


def _told(patient: Patient) -> dict[str, str]:
    return {"patient": str(patient.code), "site": str(patient.site.code)}


def _only(given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    unknown = set(given) - set(allowed)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")


def _clean_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split())


def _birth(birth_date: date | None, stated_age: int | None, today: date) -> dict[str, Any]:
    """The date wins over an age; an age alone gives the year as "this year minus age"."""
    if birth_date is not None:
        return {"birth_date": birth_date, "birth_year": birth_date.year}
    if stated_age is not None:
        return {"birth_date": None, "birth_year": today.year - stated_age}
    return {"birth_date": None, "birth_year": None}


def _phone(phone: str, reason: str) -> dict[str, str]:
    """The phone in its one spelling, or the reason for its absence; a phone that was given needs no reason.

    Raises RuleRefused (``phone_invalid``).
    """
    if not phone.strip():
        return {"phone": "", "phone_absent_reason": reason.strip()}
    plain = canonical_phone(phone)
    if plain is None:
        sentence = _("This is no phone number. Check the digits, or leave it empty and give the reason.")
        raise RuleRefused("phone_invalid", sentence, fields={"phone": [sentence]})
    return {"phone": plain, "phone_absent_reason": ""}


def _refuse_gaps(facts: Mapping[str, Any], *, today: date) -> None:
    """Raise the first thing that is missing, with every other one in its fields."""
    gaps: dict[str, tuple[str, str]] = {}
    if not facts["name"]:
        gaps["name"] = ("name_required", _("Without a name no file can be opened."))
    if facts["sex"] not in Sex.values:
        gaps["sex"] = ("sex_required", _("Choose the sex; press 1 or 2."))
    if facts["birth_year"] is None:
        gaps["stated_age"] = ("age_required", _("Give the age or the date of birth."))
    elif not today.year - OLDEST <= facts["birth_year"] <= today.year or (facts["birth_date"] or today) > today:
        field = "birth_date" if facts["birth_date"] else "stated_age"
        gaps[field] = ("age_impossible", _("This age is not possible."))
    if not facts["phone"] and not facts["phone_absent_reason"]:
        gaps["phone"] = ("phone_or_reason_required", _("Give a phone, or say why there is none."))
    if gaps:
        code, sentence = next(iter(gaps.values()))
        raise RuleRefused(code, sentence, fields={field: [text] for field, (_code, text) in gaps.items()})


def _changed_facts(patient: Patient, changes: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Name, sex, birth, phone and address as they shall be, checked as at registration."""
    facts: dict[str, Any] = {
        "name": _clean_name(changes.get("name", patient.name)),
        "sex": changes.get("sex", patient.sex),
        "birth_date": patient.birth_date,
        "birth_year": patient.birth_year,
    }
    if changes.get("birth_date") is not None or changes.get("stated_age") is not None:
        facts |= _birth(changes.get("birth_date"), changes.get("stated_age"), today)
    facts |= _phone(
        changes.get("phone", patient.phone), changes.get("phone_absent_reason", patient.phone_absent_reason)
    )
    _refuse_gaps(facts, today=today)
    if "address" in changes:
        facts["address"] = changes["address"].strip()
    return facts


def _write_details(patient: Patient, details: Mapping[str, Any]) -> list[str]:
    changed = [field for field, value in details.items() if getattr(patient, field) != value]
    for field in changed:
        setattr(patient, field, details[field])
    if "message_consent" in changed:
        patient.message_consent_at = None if patient.message_consent is None else clock.now()
        changed.append("message_consent_at")
    return changed


def _read_name(patient: Patient) -> None:
    known = read_name(patient.name)
    patient.pinyin, patient.initials = known.pinyin[:200], known.initials[:40]
    patient.search_words = selectors.search_words_of(patient.name, patient.record_number)


def _keep_history(by: Actor, patient: Patient, before: Mapping[str, str]) -> None:
    for field, old in before.items():
        ContactChange.objects.create(
            patient=patient,
            field=field,
            old_value=old,
            new_value=getattr(patient, field),
            changed_at=clock.now(),
            changed_by_id=by.user_id,
            changed_by_name=by.name,
        )


def _duplicates(alike: list[tuple[Patient, tuple[str, ...]]]) -> DomainError:
    return Conflict(
        "possible_duplicates",
        _("This may be somebody whose file exists. Open that file, or confirm that it is another person."),
        candidates=[
            {"code": str(patient.code), "record_number": patient.record_number, "shared": list(shared)}
            for patient, shared in alike
        ],
    )
