"""Everything that is kept about one patient as files: asked for by one person, released by another, for a few days.

What belongs to a patient is found the way merging finds it, by the columns that point there, so nothing that a room or a
line of business adds later is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters
from kernel.access import holds
from kernel.actions import action
from kernel.context import Actor
from kernel.crypto import BlindIndexField, EncryptedTextField
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.files.actions import store
from kernel.files.models import StoredFile
from services.patients.machines import EXPORT
from services.patients.merging import references, room_label
from services.patients.models import Patient, PatientExport, PatientMerge
from services.sites.locking import lock_version
from services.tasks.actions import open_task, settle_task

FILE_WORD = "patients.release_export"
ASK = "patients.release_export"
RELEASERS = ("supervisor", "dean")
# How rows are found again or searched, and what leads to rows of others: no data about the patient.
LEFT_OUT = ("id", "search_words", "pinyin", "initials", "version", "merged_into")


@action(permission="patients.ask_export")
def ask_export(*, by: Actor, patient: Patient, purpose: str, words: str = "") -> PatientExport:
    """Ask for an export of one file. Somebody else releases it (ledger 17).

    Raises RuleRefused (``purpose_unknown``, ``words_missing`` unless the patient asks), Conflict (``export_open``).
    """
    if purpose not in PatientExport.Purpose.values or by.user_id is None:
        raise RuleRefused("purpose_unknown", _("Choose what for."), fields={"purpose": [_("Choose what for.")]})
    if purpose != PatientExport.Purpose.PATIENT and not words.strip():
        sentence = _("Say who demands it and on what ground.")
        raise RuleRefused("words_missing", sentence, fields={"words": [sentence]})
    patient = lock_version(patient, None)
    if PatientExport.objects.filter(patient=patient, state=EXPORT.initial).exists():
        raise Conflict("export_open", _("An export of this file waits for its release already."))
    export = PatientExport.objects.create(
        patient=patient,
        purpose=purpose,
        words=words.strip(),
        asked_at=clock.now(),
        asked_by_id=by.user_id,
        asked_by_name=by.name,
    )
    open_task(
        by=by,
        kind=ASK,
        key=str(export.code),
        room="patients",
        title=gettext_noop("Release an export: %(subject)s"),
        subject=("patient", patient.code),
        group="approval",
        icon="download",
        due_at=export.asked_at + timedelta(days=1),
        roles=RELEASERS,
        url=("patients:exports",),
        closed_in_inbox=False,
    )
    audit.record(by=by, verb="patients.export_asked", target=patient, export=export.code, purpose_key=purpose)
    return export


@action(permission="patients.release_export", sensitive=True)
def release_export(*, by: Actor, export: PatientExport) -> PatientExport:
    """Write both files and let them be fetched for ``export_days``. Never by whoever asked.

    Raises Forbidden (``export_own_request``), Conflict (``invalid_transition``).
    """
    export = lock_version(export, None)
    patient = Patient.objects.select_related("site").get(pk=export.patient_id)
    expires = clock.now() + timedelta(days=parameters.value("export_days"))
    content = collected(patient)
    data = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    readable = render_to_string("patients/export_file.html", {"patient": patient, "parts": readable_parts(content)})
    files = {
        name: store(
            content=text.encode(),
            name=f"{patient.record_number}.{ending}",
            by=by,
            purpose="patient_export",
            permission=FILE_WORD,
            generated=True,
            expires_at=expires,
        )
        for name, ending, text in (("data_file", "json", data), ("readable_file", "html", readable))
    }
    EXPORT.move(export, "released", by=by, expires_at=expires, **files)
    settle_task(by=by, kind=ASK, key=str(export.code), result="released")
    audit.record(
        by=by, verb="patients.exported", target=patient, export=export.code, sha256=files["data_file"].sha256,
        rows={part: len(rows) for part, rows in content.items()},
    )  # fmt: skip
    return export


@action(permission="patients.release_export")
def refuse_export(*, by: Actor, export: PatientExport, refusal: str) -> PatientExport:
    """Refuse an export, with the reason. Raises RuleRefused (``reason_required``), Forbidden, Conflict."""
    if not refusal.strip():
        sentence = _("Say why not.")
        raise RuleRefused("reason_required", sentence, fields={"refusal": [sentence]})
    EXPORT.move(export, "refused", by=by, refusal=refusal.strip())
    settle_task(by=by, kind=ASK, key=str(export.code), result="refused")
    return export


def access_export(actor: Actor, code: UUID, word: str = "patients.release_export") -> PatientExport:
    """The request behind a code from outside. Raises NotFound (``export_not_found``)."""
    rows = PatientExport.objects.select_related("patient", "data_file", "readable_file")
    found = rows.filter(code=code).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("export_not_found", _("There is no such export."))
    return found


def exports() -> QuerySet[PatientExport]:
    """The requests, the latest first."""
    return PatientExport.objects.select_related("patient", "data_file", "readable_file")


def fetchable(export: PatientExport) -> bool:
    """Can the files still be fetched?"""
    return export.expires_at is not None and clock.now() < export.expires_at


def collected(patient: Patient) -> dict[str, list[dict[str, Any]]]:
    """Every row about ``patient`` by table, with sealed fields opened; rows that hang on such rows in the same room too."""
    content = {Patient._meta.label_lower: [_plain_row(patient)]}
    for model, column in references():
        if model in (Patient, PatientMerge):
            continue
        rows = list(model._base_manager.filter(**{column.name: patient}).order_by("pk"))
        _add(content, model, rows)
        for child, link in _children(model):
            _add(content, child, list(child._base_manager.filter(**{f"{link}__in": rows}).order_by("pk")))
    return {label: rows for label, rows in content.items() if rows}


def readable_parts(content: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """The same for people: each table under its own name, each field under its label."""
    for label, rows in content.items():
        model = apps.get_model(label)
        labels = {column.name: str(column.verbose_name) for column in model._meta.concrete_fields}
        yield {
            "title": f"{room_label(model)} · {model._meta.verbose_name}",
            "rows": [
                [(labels.get(name, name), value) for name, value in row.items() if value not in ("", None, [], {})]
                for row in rows
            ],
        }


def _children(model: type[Model]) -> Iterator[tuple[type[Model], str]]:
    for relation in model._meta.related_objects:
        child = relation.related_model
        same_room = child._meta.app_label == model._meta.app_label
        points_itself = any(c.is_relation and c.related_model is Patient for c in child._meta.concrete_fields)
        if same_room and not points_itself and child is not model:
            yield child, relation.field.name


def _add(content: dict[str, list[dict[str, Any]]], model: type[Model], rows: Iterable[Model]) -> None:
    known = content.setdefault(model._meta.label_lower, [])
    seen = {row["code"] for row in known}
    known.extend(row for row in map(_plain_row, rows) if row.get("code") not in seen)


def _plain_row(row: Model) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for column in row._meta.concrete_fields:
        if column.name in LEFT_OUT or isinstance(column, BlindIndexField):
            continue
        if column.is_relation:
            plain[column.name] = _name_of(getattr(row, column.name))
        elif isinstance(column, EncryptedTextField):
            plain[column.name] = getattr(row, column.name)
        else:
            plain[column.name] = _plain(column.value_from_object(row))
    return plain


def _name_of(row: Model | None) -> Any:
    """What people call a row that is referred to; its code where it has no name."""
    if row is None:
        return None
    for name in ("record_number", "display_name", "number", "name"):
        if isinstance(value := getattr(row, name, None), str) and value:
            return f"{value} {row.name}".strip() if name == "number" and hasattr(row, "name") else value
    return str(row.code) if hasattr(row, "code") else None


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)


def stored_files(export: PatientExport) -> list[StoredFile]:
    """The files of a released export that can still be fetched."""
    files = [export.data_file, export.readable_file] if fetchable(export) else []
    return [stored for stored in files if stored is not None]
