"""Reading patients: finding them by what people type, and what is known of one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel import clock, parameters, registry
from kernel.access import holds
from kernel.context import Actor
from kernel.crypto import blind_candidates
from kernel.errors import NotFound
from services.patients.models import ContactChange, Patient, PatientRelation
from services.patients.phones import canonical_phone
from services.patients.restriction import require_open
from services.staff.names import Reading, normalise_query, read_name

MINOR_UNTIL = 18
ELDER_FROM = 70
# So many are looked at per way of reading a query before the best are chosen.
CANDIDATES = 40
SHORTEST_INNER = 3
LAST_DIGITS = 4
SHORTEST_PHONE = 7
# A stated age gives a year of birth that may be one off.
YEAR_TOLERANCE = 1


@dataclass(frozen=True, slots=True)
class PresentState:
    """Where a patient is at this moment, as some room knows: a key of ``kernel.web.states`` and words beside it."""

    key: str
    words: str = ""


def access_patient(actor: Actor, code: UUID, word: str = "patients.view", *, even_restricted: bool = False) -> Patient:
    """The patient ``code``, if ``actor`` holds ``word``. A patient belongs to the whole business, not to one branch.

    A file that was merged leads to the one that took it over. Opening the file is logged by ``reading.note_read``.
    ``even_restricted``: for those who restrict, lift, or open it with a reason.

    Raises NotFound (``patient_not_found``), Forbidden (``file_restricted``).
    """
    rows = Patient.objects.select_related("site", "merged_into__site").filter(withdrawn_at__isnull=True)
    found = rows.filter(code=code).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("patient_not_found", _("There is no such patient."))
    found = found.merged_into or found
    if not even_restricted:
        require_open(actor, found)
    return found


def by_record_number(actor: Actor, number: str, word: str = "patients.view") -> Patient:
    """The patient with this record number, as it is written, if ``actor`` holds ``word``.

    A merged file's number leads to the one that took it over. Raises NotFound (``patient_not_found``), Forbidden
    (``file_restricted``).
    """
    rows = Patient.objects.select_related("merged_into").filter(withdrawn_at__isnull=True)
    found = rows.filter(record_number__iexact=number).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("patient_not_found", _("No file has this record number."))
    found = found.merged_into or found
    require_open(actor, found)
    return found


def access_relation(actor: Actor, patient: Patient, code: UUID, word: str = "patients.edit") -> PatientRelation:
    """The relation ``code`` of ``patient``, if ``actor`` holds ``word``. Raises NotFound (``relation_not_found``)."""
    rows = PatientRelation.objects.filter(patient=patient, code=code).select_related("patient")
    found = rows.first() if holds(actor, word) else None
    if found is None:
        raise NotFound("relation_not_found", _("This relative is not in the file."))
    return found


def newest(site: Any = None) -> QuerySet[Patient]:
    """The files registered last, at ``site`` or everywhere."""
    rows = Patient.objects.filter(merged_into__isnull=True, withdrawn_at__isnull=True)
    rows = rows.select_related("site").order_by("-created_at", "-id")
    return rows if site is None else rows.filter(site=site)


def find_patients(query: str, *, limit: int = 20) -> list[Patient]:
    """The patients that ``query`` means, best first, in one or two queries over indexes.

    Understood are: name or its beginning, given name, pinyin, initials, the last four digits of the phone, the whole
    phone in any spelling, the record number with or without letters and zeros. Two steps, so that neither a frequent
    surname nor a rare part of a name reads the table: first the beginnings, each cut off by its own index; only when
    they leave room, what lies inside, by trigrams. Who was found by a phone brings the family along, which may share it.
    """
    wanted = normalise_query(query)
    if not wanted:
        return []
    found = {patient.pk: patient for patient in _beginning(wanted, query)}
    if len(found) < limit and len(wanted) > 1:
        for patient in _inside(wanted):
            found.setdefault(patient.pk, patient)
    # What was merged is left out here and not in the questions: there it would keep the planner from the indexes.
    standing = [one for one in found.values() if one.merged_into_id is None and one.withdrawn_at is None]
    return sorted(standing, key=lambda patient: _rank(patient, wanted))[:limit]


def _beginning(wanted: str, query: str) -> QuerySet[Patient]:
    rows = Patient.objects.order_by()
    branches: list[QuerySet[Patient]] = []
    if wanted.isdigit() or query.strip().startswith("+"):
        if len(wanted) == LAST_DIGITS:
            branches += _by_phone(rows, "phone_last_four__marks", wanted)
        phone = canonical_phone(query) if len(wanted) >= SHORTEST_PHONE else None
        if phone:
            branches += _by_phone(rows, "phone_index__marks", phone)
    elif wanted.isascii():
        branches = [
            rows.filter(initials__startswith=wanted).order_by("initials", "-id"),
            rows.filter(pinyin__startswith=wanted).order_by("pinyin", "-id"),
        ]
    else:
        branches = [rows.filter(name__startswith=wanted).order_by("name", "-id")]
    if not branches:
        return rows.none()
    first, *others = [branch[:CANDIDATES] for branch in branches]
    return first.union(*others, all=True) if others else first


def _by_phone(rows: QuerySet[Patient], lookup: str, value: str) -> list[QuerySet[Patient]]:
    """Who has the phone, and their relatives in either direction."""
    relations = PatientRelation.objects.order_by()
    return [
        rows.filter(**{lookup: value}),
        rows.filter(pk__in=relations.filter(**{f"patient__{lookup}": value}).values("relative")),
        rows.filter(pk__in=relations.filter(**{f"relative__{lookup}": value}).values("patient")),
    ]


def _inside(wanted: str) -> QuerySet[Patient]:
    """Words of a file that begin with ``wanted``, and from three characters on also those that hold it."""
    pattern = wanted if len(wanted) >= SHORTEST_INNER else f" {wanted}"
    return Patient.objects.filter(search_words__contains=pattern).order_by()[: CANDIDATES * 2]


def _rank(patient: Patient, wanted: str) -> tuple[int, str, int]:
    exact = wanted in (patient.initials, patient.pinyin, normalise_query(patient.name))
    number = normalise_query(patient.record_number)
    if exact or number.endswith(wanted) or number.lstrip("abcdefghijklmnopqrstuvwxyz0") == wanted:
        return (0, patient.pinyin, -patient.pk)
    begins = patient.initials.startswith(wanted) or patient.pinyin.startswith(wanted) or patient.name.startswith(wanted)
    return (1 if begins else 2, patient.pinyin, -patient.pk)


def search_words_of(name: str, record_number: str) -> str:
    """What a search for this file may begin with, each word after a space."""
    number = normalise_query(record_number)
    digits = re.sub(r"\D", "", record_number)
    words = (*read_name(name).words, number, digits, digits.lstrip("0"))
    return " " + " ".join(dict.fromkeys(word for word in words if word))


def possible_duplicates(
    *, name: str, birth_year: int | None, exact_year: bool, phone: str = "", besides: Patient | None = None
) -> list[tuple[Patient, tuple[str, ...]]]:
    """Files that may be the same person, with what they share: "phone", or "name" with the year of birth (FD-012).

    A year from a stated age may be one off on either side. A name in Latin letters matches a Chinese one that is
    read the same.
    """
    wanted = Described(name, birth_year, exact_year, phone)
    reading = read_name(name)
    alike = Q(pk__in=[])
    if birth_year is not None:
        years = (birth_year - YEAR_TOLERANCE, birth_year + YEAR_TOLERANCE)
        alike |= (Q(name=name.strip()) | Q(pinyin=reading.pinyin)) & Q(birth_year__range=years)
    if phone:
        alike |= Q(phone_index__marks=phone)
    rows = _living().filter(alike).select_related("site")
    if besides is not None:
        rows = rows.exclude(pk=besides.pk)
    return _sharing(wanted, reading, rows.order_by("-created_at")[:100])


@dataclass(frozen=True, slots=True)
class Described:
    """Somebody who may have a file already, as somebody else describes them; the year is exact with a date of birth."""

    name: str
    birth_year: int | None
    exact_year: bool
    phone: str = ""


def possible_duplicates_of(wanted: Sequence[Described]) -> list[list[tuple[Patient, tuple[str, ...]]]]:
    """``possible_duplicates`` of many people at once, each in the place of ``wanted``: two queries for all of them."""
    readings = [read_name(one.name) for one in wanted]
    years = [one.birth_year for one in wanted if one.birth_year is not None]
    by_name: dict[str, list[Patient]] = defaultdict(list)
    if years:
        names = Q(pinyin__in={reading.pinyin for reading in readings}) | Q(
            name__in={one.name.strip() for one in wanted}
        )
        span = (min(years) - YEAR_TOLERANCE, max(years) + YEAR_TOLERANCE)
        for patient in _living().filter(names, birth_year__range=span).order_by("-created_at"):
            for name in {patient.pinyin, patient.name}:
                by_name[name].append(patient)
    by_phone: dict[str, list[Patient]] = defaultdict(list)
    marks = {mark for one in wanted for mark in blind_candidates("phone", one.phone)}
    if marks:
        for patient in _living().filter(phone_index__in=marks).order_by("-created_at"):
            by_phone[patient.phone].append(patient)
    found = []
    for one, reading in zip(wanted, readings, strict=True):
        near = [*(by_phone[one.phone] if one.phone else ()), *by_name[reading.pinyin], *by_name[one.name.strip()]]
        found.append(_sharing(one, reading, {patient.pk: patient for patient in near}.values()))
    return found


def sharing(wanted: Described, rows: Iterable[Patient]) -> list[tuple[Patient, tuple[str, ...]]]:
    """Those of ``rows``, read from the database or about to be written, that may be this person, as above."""
    reading = read_name(wanted.name)
    near = [row for row in rows if row.pinyin == reading.pinyin or (wanted.phone and row.phone == wanted.phone)]
    return _sharing(wanted, reading, near)


def _living() -> QuerySet[Patient]:
    return Patient.objects.filter(merged_into__isnull=True, withdrawn_at__isnull=True)


def _sharing(wanted: Described, reading: Reading, rows: Iterable[Patient]) -> list[tuple[Patient, tuple[str, ...]]]:
    found = []
    for patient in rows:
        shared = []
        if wanted.phone and patient.phone == wanted.phone:
            shared.append("phone")
        year = wanted.birth_year
        if year is not None and _same_name(patient, reading.name) and _same_year(patient, year, wanted.exact_year):
            shared.append("name")
        if shared:
            found.append((patient, tuple(shared)))
    return sorted(found, key=lambda pair: "phone" not in pair[1])[:10]


def _same_name(patient: Patient, plain: str) -> bool:
    own = normalise_query(patient.name)
    return own == plain or own.isascii() != plain.isascii()


def _same_year(patient: Patient, birth_year: int, exact_year: bool) -> bool:
    if exact_year and not patient.birth_is_approximate:
        return patient.birth_year == birth_year
    return abs(patient.birth_year - birth_year) <= YEAR_TOLERANCE


def is_minor(patient: Patient, day: date) -> bool:
    """Does somebody else decide for the patient on ``day``? (CR-023) A stated age counts as a year less."""
    return patient.age_on(day) - (1 if patient.birth_is_approximate else 0) < MINOR_UNTIL


def is_elder(patient: Patient, day: date) -> bool:
    """Is the patient old enough that somebody may come along? (CR-023)"""
    return patient.age_on(day) >= ELDER_FROM


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of a file is there, and what is missing (CR-001)."""

    have: int
    total: int
    missing: tuple[str | Promise, ...]


def completeness(patient: Patient) -> Completeness:
    """The gaps of a file, in the order in which they matter."""
    facts: tuple[tuple[str | Promise, object], ...] = (
        (pgettext_lazy("gap", "phone"), patient.phone_index),
        (pgettext_lazy("gap", "date of birth"), patient.birth_date),
        (pgettext_lazy("gap", "address"), patient.address),
        (pgettext_lazy("gap", "consent to messages"), patient.message_consent is not None),
        (pgettext_lazy("gap", "occupation"), patient.occupation),
        (pgettext_lazy("gap", "how they heard of us"), patient.media_source),
        (pgettext_lazy("gap", "form of address"), patient.form_of_address),
    )
    always = 3  # name, sex and year of birth cannot be missing
    missing = tuple(label for label, value in facts if not value)
    return Completeness(have=always + len(facts) - len(missing), total=always + len(facts), missing=missing)


def profile_asked_at(patient: Patient) -> datetime:
    """When somebody last asked for the contact data, at the latest at registration."""
    return patient.contact_verified_at or patient.created_at


def is_stale(patient: Patient) -> bool:
    """Is it time to ask for the contact data again (CR-004)?"""
    return profile_asked_at(patient) < clock.now() - timedelta(days=parameters.value("profile_refresh_days"))


def stale_profiles(actor: Actor) -> QuerySet[Patient]:
    """The files whose contact data nobody asked for within ``profile_refresh_days``, the oldest first (CR-004)."""
    if not holds(actor, "patients.edit"):
        return Patient.objects.none()
    before = clock.now() - timedelta(days=parameters.value("profile_refresh_days"))
    rows = newest().annotate(asked_at=Coalesce("contact_verified_at", "created_at")).filter(asked_at__lt=before)
    return rows.order_by("asked_at", "id")


def contact_history(patient: Patient) -> QuerySet[ContactChange]:
    """Every correction of phone and address, the newest first (FD-011)."""
    return ContactChange.objects.filter(patient=patient).select_related("changed_by")


def family_of(patient: Patient) -> list[PatientRelation]:
    """The relations written in the file of ``patient``."""
    return list(PatientRelation.objects.filter(patient=patient).select_related("relative"))


def named_in(patient: Patient) -> list[PatientRelation]:
    """The files of others in which ``patient`` is named as a relative."""
    return list(PatientRelation.objects.filter(relative=patient).select_related("patient"))


def payer_of(patient: Patient) -> PatientRelation | None:
    """Who pays for ``patient``, if somebody else does."""
    return PatientRelation.objects.filter(patient=patient, is_payer=True).select_related("relative").first()


@cache
def _states_of(path: str) -> Any:
    return import_string(path)


def present_states(patients: Sequence[Patient] | Iterable[Patient]) -> Mapping[int, PresentState]:
    """Where each of ``patients`` is now, by primary key, as the active rooms know; one question per room."""
    rows = list(patients)
    found: dict[int, PresentState] = {}
    if not rows:
        return found
    for room in registry.active_rooms():
        for path in room.slots.get("patient.states", ()):
            for pk, (key, words) in _states_of(path)(rows).items():
                found.setdefault(pk, PresentState(key, words))
    return found
