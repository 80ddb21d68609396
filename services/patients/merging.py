"""Two files of one person become one, and apart again where it was a mistake.

Nothing is told to the other rooms one by one: whatever table points to a patient, moves. So a room that is added later
moves too, and undoing moves back exactly the rows that had moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import Count, Model, QuerySet
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.access import holds
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.outbox import emit
from kernel.registry import RoomConfig
from services.patients.models import Patient, PatientMerge, PatientRelation
from services.patients.restriction import is_restricted
from services.patients.selectors import search_words_of
from services.sites.locking import lock_version

SHOWN = 50


def references() -> Iterator[tuple[type[Model], models.Field[Any, Any]]]:
    """Every column that points to a patient, in every room and line of business. The history of merges stays."""
    for model in apps.get_models(include_auto_created=True):
        if model is PatientMerge or model._meta.proxy or not model._meta.managed:
            continue
        for column in model._meta.concrete_fields:
            if column.is_relation and column.related_model is Patient:
                yield model, column


@action(permission="patients.merge")
def merge_patients(*, by: Actor, survivor: Patient, merged: Patient, reason: str) -> PatientMerge:
    """Let ``survivor`` take over everything of ``merged``: it keeps its own data and is found by both numbers.

    Raises RuleRefused (``reason_required``, ``same_file``), Conflict (``merge_restricted``, ``already_merged``,
    ``merge_blocked`` naming what stands in both files and can exist only once).
    """
    if not reason.strip():
        sentence = _("Say how you know that it is one person.")
        raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
    if survivor.pk == merged.pk:
        raise RuleRefused("same_file", _("Choose two different files."))
    survivor, merged = _locked(survivor, merged)
    if survivor.merged_into_id is not None or merged.merged_into_id is not None:
        raise Conflict("already_merged", _("One of these files was merged already."))
    if is_restricted(survivor) or is_restricted(merged):
        raise Conflict("merge_restricted", _("A restricted file is not merged. Lift the restriction first."))
    merge = PatientMerge.objects.create(
        survivor=survivor,
        merged=merged,
        reason=reason.strip(),
        moves={},
        merged_at=clock.now(),
        merged_by_id=by.user_id,
        merged_by_name=by.name,
    )
    merge.moves = {
        f"{model._meta.label_lower}.{column.name}": moved
        for model, column in references()
        if (moved := _move(model, column, merged, survivor))
    }
    merge.save(update_fields=["moves"])
    merged.merged_into = survivor
    merged.bump({"merged_into"})
    _find_by_all_numbers(survivor)
    audit.record(
        by=by, verb="patients.merged", target=survivor, merged=merged.code, merge=merge.code,
        moved={place: len(rows) for place, rows in merge.moves.items()},
    )  # fmt: skip
    emit(
        "patients.merged",
        key=str(survivor.code),
        payload={"survivor": str(survivor.code), "merged": str(merged.code)},
    )
    return merge


@action(permission="patients.merge")
def undo_merge(*, by: Actor, merge: PatientMerge) -> PatientMerge:
    """Take a merge back within ``merge_undo_days``: the rows that had moved go back, what came later stays.

    Raises Conflict (``already_undone``, ``undo_too_late``).
    """
    survivor, merged = _locked(merge.survivor, merge.merged)
    merge = PatientMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None:
        raise Conflict("already_undone", _("This merge was taken back already."))
    if clock.now() > undo_until(merge):
        raise Conflict("undo_too_late", _("The time for taking this merge back is over."))
    if merged.merged_into_id != survivor.pk:
        raise Conflict("merged_further", _("The surviving file was merged itself since then; take that back first."))
    for model, column in references():
        rows = merge.moves.get(f"{model._meta.label_lower}.{column.name}")
        if rows:
            model._base_manager.filter(pk__in=rows, **{column.name: survivor}).update(**{column.name: merged})
    merged.merged_into = None
    merged.bump({"merged_into"})
    _find_by_all_numbers(survivor)
    merge.undone_at, merge.undone_by_name = clock.now(), by.name
    merge.bump({"undone_at", "undone_by_name"})
    audit.record(by=by, verb="patients.merge_undone", target=survivor, merged=merged.code, merge=merge.code)
    emit(
        "patients.merge_undone",
        key=str(survivor.code),
        payload={"survivor": str(survivor.code), "merged": str(merged.code)},
    )
    return merge


def undo_until(merge: PatientMerge) -> Any:
    """Until when ``merge`` can be taken back, in UTC."""
    return merge.merged_at + timedelta(days=parameters.value("merge_undo_days", at=merge.merged_at))


def room_label(model: type[Model]) -> str:
    """What people call the room whose table it is."""
    config = model._meta.app_config
    return str(config.room.label if isinstance(config, RoomConfig) else config.verbose_name)


def access_merge(actor: Actor, code: UUID) -> PatientMerge:
    """The merge behind a code from outside. Raises NotFound (``merge_not_found``)."""
    rows = PatientMerge.objects.select_related("survivor", "merged")
    found = rows.filter(code=code).first() if holds(actor, "patients.merge") else None
    if found is None:
        raise NotFound("merge_not_found", _("There is no such merge."))
    return found


def recent_merges() -> QuerySet[PatientMerge]:
    """The merges, the latest first."""
    return PatientMerge.objects.select_related("survivor", "merged").order_by("-merged_at", "-id")


def proposed_pairs(*, limit: int = SHOWN) -> list[tuple[Patient, Patient, tuple[str, ...]]]:
    """Pairs of files that may be one person, the older one first, with what they share.

    A name that is read the same with the same year of birth counts; a shared phone alone is a family.
    """
    rows = Patient.objects.filter(merged_into__isnull=True, withdrawn_at__isnull=True)
    alike = rows.order_by().values("pinyin", "birth_year").annotate(n=Count("id")).filter(n__gt=1)[:limit]
    wanted = models.Q(pk__in=[])
    for group in alike:
        wanted |= models.Q(pinyin=group["pinyin"], birth_year=group["birth_year"])
    groups: dict[tuple[str, int], list[Patient]] = {}
    for patient in rows.filter(wanted).select_related("site").order_by("created_at", "id"):
        groups.setdefault((patient.pinyin, patient.birth_year), []).append(patient)
    pairs: list[tuple[Patient, Patient, tuple[str, ...]]] = []
    for first, *others in groups.values():
        for other in others:
            phone = bool(first.phone_index) and first.phone_index == other.phone_index
            pairs.append((first, other, ("phone", "name") if phone else ("name",)))
    return sorted(pairs, key=lambda pair: "phone" not in pair[2])[:limit]


def _locked(one: Patient, other: Patient) -> tuple[Patient, Patient]:
    """Both files under their locks, always in the same order."""
    rows = {row.pk: lock_version(row, None) for row in sorted((one, other), key=lambda row: row.pk)}
    return rows[one.pk], rows[other.pk]


def _move(model: type[Model], column: models.Field[Any, Any], source: Patient, target: Patient) -> list[Any]:
    rows = model._base_manager.filter(**{column.name: source})
    if model is PatientRelation:
        rows = rows.exclude(pk__in=_relations_that_stay(source, target))
    moved = list(rows.order_by("pk").values_list("pk", flat=True))
    if moved:
        try:
            with transaction.atomic():
                model._base_manager.filter(pk__in=moved).update(**{column.name: target})
        except IntegrityError as error:
            raise Conflict(
                "merge_blocked",
                _("Both files have something that can exist only once (%(what)s). Settle one of them first.")
                % {"what": room_label(model)},
                model=model._meta.label_lower,
            ) from error
    return moved


def _relations_that_stay(source: Patient, target: Patient) -> list[int]:
    """Relations that would say twice the same, or that a person is a relative of themselves, stay with the old file."""
    taken = set(
        PatientRelation.objects.filter(patient=target, relative__isnull=False).values_list("relative", flat=True)
    )
    taken_by = set(PatientRelation.objects.filter(relative=target).values_list("patient", flat=True))
    has_payer = PatientRelation.objects.filter(patient=target, is_payer=True).exists()
    stay = []
    for row in PatientRelation.objects.filter(models.Q(patient=source) | models.Q(relative=source)):
        mine = row.patient_id == source.pk
        if (
            (mine and (row.relative_id in {*taken, target.pk} or (row.is_payer and has_payer)))
            or (not mine and row.patient_id in {*taken_by, target.pk})
        ):  # fmt: skip
            stay.append(row.pk)
    return stay


def _find_by_all_numbers(survivor: Patient) -> None:
    words = [search_words_of(survivor.name, survivor.record_number)]
    words += [search_words_of(other.name, other.record_number) for other in survivor.absorbed.order_by("id")]
    survivor.search_words = "".join(dict.fromkeys(words))
    survivor.bump({"search_words"})
