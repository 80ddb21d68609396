"""Files that may be one person: which pairs are proposed, and which somebody knows to be two people."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.access import holds
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.patients.models import Patient, PatientDistinction
from services.sites.locking import lock_version

SHOWN = 50


@action(permission="patients.merge")
def distinguish_patients(*, by: Actor, one: Patient, other: Patient, reason: str) -> PatientDistinction:
    """Say that two files are two people: the pair is proposed no more, and not merged, until somebody takes this back.

    Raises RuleRefused (``reason_required``, ``same_file``), Conflict (``already_merged``, ``already_distinguished``).
    """
    if not reason.strip():
        sentence = _("Say how you know that they are two people.")
        raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
    if one.pk == other.pk:
        raise RuleRefused("same_file", _("Choose two different files."))
    one, other = lock_both(one, other)
    if one.merged_into_id is not None or other.merged_into_id is not None:
        raise Conflict("already_merged", _("One of these files was merged already."))
    if distinction_between(one, other) is not None:
        raise Conflict("already_distinguished", _("These files are known to be two people already."))
    first, second = sorted((one, other), key=lambda row: row.pk)
    row = PatientDistinction.objects.create(
        first=first,
        second=second,
        reason=reason.strip(),
        said_at=clock.now(),
        said_by_id=by.user_id,
        said_by_name=by.name,
    )
    audit.record(by=by, verb="patients.distinguished", target=first, other=second.code, distinction=row.code)
    return row


@action(permission="patients.merge")
def undo_distinction(*, by: Actor, distinction: PatientDistinction) -> PatientDistinction:
    """Take it back that two files are two people: the pair is proposed again. Raises Conflict (``already_undone``)."""
    row = PatientDistinction.objects.select_for_update(of=("self",)).select_related("first", "second")
    found = row.get(pk=distinction.pk)
    if found.undone_at is not None:
        raise Conflict("already_undone", _("This was taken back already."))
    found.undone_at, found.undone_by_name = clock.now(), by.name
    found.bump({"undone_at", "undone_by_name"})
    audit.record(
        by=by, verb="patients.distinction_undone", target=found.first, other=found.second.code, distinction=found.code
    )
    return found


def distinction_between(one: Patient, other: Patient) -> PatientDistinction | None:
    """What says that these two files are two people, if somebody said so and nobody took it back."""
    first, second = sorted((one.pk, other.pk))
    return PatientDistinction.objects.filter(first_id=first, second_id=second, undone_at__isnull=True).first()


def distinctions() -> QuerySet[PatientDistinction]:
    """The pairs known to be two people, taken back or not, the latest first."""
    return PatientDistinction.objects.select_related("first", "second").order_by("-said_at", "-id")


def access_distinction(actor: Actor, code: UUID) -> PatientDistinction:
    """What was said of a pair, by its code from outside. Raises NotFound (``distinction_not_found``)."""
    found = distinctions().filter(code=code).first() if holds(actor, "patients.merge") else None
    if found is None:
        raise NotFound("distinction_not_found", _("There is no such pair."))
    return found


def proposed_pairs(*, limit: int = SHOWN) -> list[tuple[Patient, Patient, tuple[str, ...]]]:
    """Pairs of files that may be one person, the older one first, with what they share.

    A name that is read the same with the same year of birth counts; a shared phone alone is a family. Each file is
    proposed with the oldest one from which nobody has told it apart.
    """
    apart = set(PatientDistinction.objects.filter(undone_at__isnull=True).values_list("first_id", "second_id"))
    rows = Patient.objects.filter(merged_into__isnull=True, withdrawn_at__isnull=True)
    alike = rows.order_by().values("pinyin", "birth_year").annotate(n=Count("id")).filter(n__gt=1)
    wanted = Q(pk__in=[])
    # Whatever stands apart may fill a group each; so many more are looked at.
    for group in alike[: limit + len(apart)]:
        wanted |= Q(pinyin=group["pinyin"], birth_year=group["birth_year"])
    groups: dict[tuple[str, int], list[Patient]] = {}
    for patient in rows.filter(wanted).select_related("site").order_by("created_at", "id"):
        groups.setdefault((patient.pinyin, patient.birth_year), []).append(patient)
    pairs: list[tuple[Patient, Patient, tuple[str, ...]]] = []
    for files in groups.values():
        for place, other in enumerate(files):
            open_ones = (one for one in files[:place] if (min(one.pk, other.pk), max(one.pk, other.pk)) not in apart)
            first = next(open_ones, None)
            if first is not None:
                phone = bool(first.phone_index) and first.phone_index == other.phone_index
                pairs.append((first, other, ("phone", "name") if phone else ("name",)))
    return sorted(pairs, key=lambda pair: "phone" not in pair[2])[:limit]


def lock_both(one: Patient, other: Patient) -> tuple[Patient, Patient]:
    """Both files under their locks, always in the same order."""
    rows = {row.pk: lock_version(row, None) for row in sorted((one, other), key=lambda row: row.pk)}
    return rows[one.pk], rows[other.pk]
