"""Writing first-visit forms: their wording, the answers, the check, the signature. Handing over: ``handover``."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from kernel import access, audit, clock, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.appointments.models import Appointment
from services.documents.actions import issue
from services.documents.signatures import read_strokes
from services.intake import definitions, findings, selectors
from services.intake.machine import FILLING, SHEET, WITH_THE_DESK
from services.intake.models import FormDefinition, FormVersion, IntakeSheet, Signature
from services.patients.actions import update_patient
from services.patients.models import Patient
from services.patients.selectors import is_minor
from services.policy.actions import override_gate
from services.policy.models import OverrideRecord
from services.reception.models import Visit
from services.sites.locking import lock_version
from services.sites.models import Site

PRINTED = "intake.form"


# --- wording ----------------------------------------------------------------------------------------------------------


@action(permission="intake.manage")
def ensure_form(
    *,
    by: Actor,
    key: str,
    vertical: str,
    title_zh: str,
    content: dict[str, Any],
    title_en: str = "",
    at_booking: bool = False,
) -> FormDefinition:
    """The form ``key`` of a line of business, written with its first version if it is missing (starter content).

    One that exists stays as the tenant left it. Raises RuleRefused (``form_malformed``).
    """
    found = FormDefinition.objects.filter(vertical=vertical, key=key).first()
    if found is not None:
        return found
    in_use = FormDefinition.objects.filter(vertical=vertical, is_active=True).exists()
    form = FormDefinition.objects.create(
        key=key, vertical=vertical, title_zh=title_zh, title_en=title_en, at_booking=at_booking, is_active=not in_use
    )
    _add_version(by, form, content)
    return form


@action(permission="intake.manage")
def write_form(*, by: Actor, form: FormDefinition, content: dict[str, Any], version: int | None = None) -> FormVersion:
    """Give a form a new wording; forms that were begun keep theirs. The same content again makes no new version.

    Raises RuleRefused (``form_malformed``), StaleVersion.
    """
    form = lock_version(form, version)
    newest = form.versions.order_by("-number").first()
    if newest is not None and newest.content_hash == definitions.content_hash(content):
        return newest
    written = _add_version(by, form, content)
    form.bump(set())
    return written


@action(permission="intake.manage")
def write_explanation(
    *,
    by: Actor,
    form: FormDefinition,
    why: Mapping[str, str],
    offers: Sequence[Mapping[str, str]],
    version: int | None = None,
) -> FormVersion:
    """Change why the data is asked for (FD-013) and what the desk offers (FD-029); the questions stay.

    Raises RuleRefused (``why_missing``), StaleVersion.
    """
    if not why.get("zh", "").strip():
        raise RuleRefused("why_missing", _("Say why the data is asked for."), fields={"why_zh": [_("Required")]})
    newest = selectors.newest_version(form)
    content = {**newest.content, "why": dict(why), "offers": [dict(one) for one in offers]}
    return write_form(by=by, form=form, content=content, version=version)


def _add_version(by: Actor, form: FormDefinition, content: dict[str, Any]) -> FormVersion:
    definitions.check_content(content)
    last = form.versions.order_by("-number").first()
    written = FormVersion.objects.create(
        form=form,
        number=last.number + 1 if last is not None else 1,
        content=content,
        content_hash=definitions.content_hash(content),
        written_at=clock.now(),
        written_by_name=by.name,
    )
    audit.record(by=by, verb="intake.form_written", target=form, key=form.key, number=written.number)
    return written


# --- a visitor's form -------------------------------------------------------------------------------------------------


@action(permission="intake.fill")
def start_sheet(
    *, by: Actor, site: Site, visit: Visit | None = None, appointment: Appointment | None = None
) -> IntakeSheet:
    """Begin the form of who is here (``visit``) or will come (``appointment``, FD-031), or return the one that was begun.

    What the file knows is filled in already. Raises RuleRefused (``nobody_named``, ``no_form``).
    """
    source = visit or appointment
    if source is None or source.site_id != site.pk:
        raise RuleRefused("nobody_named", _("Choose whose first visit this is."))
    # Two desks that begin the same form at once: the second one finds the first one's.
    patient = Patient.objects.select_for_update(no_key=True).get(pk=source.patient_id)
    found = selectors.begun(patient, visit=visit, appointment=appointment)
    if found is not None:
        return attach(by=by, sheet=found, visit=visit) if visit is not None else found
    vertical = selectors.vertical_of(visit, appointment)
    form = selectors.form_in_use(vertical)
    if form is None:
        raise RuleRefused("no_form", _("This line of business has no first-visit form."), vertical=vertical)
    newest = selectors.newest_version(form)
    answers = definitions.from_file(newest.content, patient)
    complaint = source.complaint
    for key, question in definitions.questions(newest.content, patient).items():
        if question.get("complaint") and complaint:
            answers[key] = {"value": complaint[: definitions.LONGEST[question["kind"]]], "words": "", "declined": False}
    sheet = IntakeSheet.objects.create(
        site=site,
        patient=patient,
        visit=visit,
        appointment=appointment if visit is None else visit.appointment,
        vertical=vertical,
        form=newest,
        answers=json.dumps(answers, ensure_ascii=False),
        started_at=clock.now(),
        started_by_name=by.name,
    )
    audit.record(
        by=by, verb="intake.started", target=sheet, site=site.code, patient=patient.code, at_booking=visit is None
    )
    return sheet


@action(permission="intake.fill")
def attach(*, by: Actor, sheet: IntakeSheet, visit: Visit) -> IntakeSheet:
    """Who booked has come: the form that began with the booking belongs to the visit from now on (FD-031)."""
    sheet = lock_sheet(sheet)
    if sheet.visit_id is None and sheet.patient_id == visit.patient_id and sheet.state != "dropped":
        sheet.visit = visit
        sheet.bump({"visit"})
    return sheet


@action(permission="intake.fill")
def save_answers(
    *,
    by: Actor,
    sheet: IntakeSheet,
    answers: Mapping[str, Mapping[str, Any]],
    filler: str,
    version: int | None = None,
) -> IntakeSheet:
    """Keep what was answered so far and who wrote it: the visitor, or the desk face to face (FD-008). Blanks may stay
    until the check.

    Raises Conflict (``sheet_not_open``), StaleVersion, RuleRefused (``question_unknown``, ``answer_unknown``,
    ``filler_unknown``).
    """
    sheet = lock_sheet(sheet, by=by, word="intake.fill", version=version)
    if sheet.state != FILLING:
        raise not_open(sheet)
    if filler not in IntakeSheet.Filler.values:
        raise RuleRefused("filler_unknown", _("Say who fills in the form."), fields={"filler": [_("Required")]})
    kept = definitions.clean(sheet.form.content, sheet.patient, answers)
    sheet.answers = json.dumps(kept, ensure_ascii=False)
    sheet.filler, sheet.filled_at, sheet.filled_by_name = filler, clock.now(), by.name
    if by.kind == "public":
        sheet.filled_by_name = sheet.patient.name
    sheet.bump({"answers", "filler", "filled_at", "filled_by_name"})
    audit.record(by=by, verb="intake.answered", target=sheet, site=sheet.site.code, filler=filler, answered=len(kept))
    return sheet


@action(permission="intake.check")
def check_sheet(*, by: Actor, sheet: IntakeSheet, version: int | None = None) -> IntakeSheet:
    """The recorder has read every item back and confirms that it is right (FD-005, FD-008). What is special stands out
    from now on (FD-009), and what belongs to the patient's file is written there.

    Raises RuleRefused (``blanks_left`` with every blank in its fields), StaleVersion, Conflict (``invalid_transition``).
    """
    sheet = lock_sheet(sheet, by=by, word="intake.check", version=version)
    answers = selectors.answers_of(sheet)
    missing = definitions.blanks(sheet.form.content, sheet.patient, answers)
    if sheet.state == FILLING and (missing or not sheet.filler):
        raise RuleRefused(
            "blanks_left",
            _("Complete the blanks before the form goes on: %(count)s are left.") % {"count": len(missing)}
            if missing
            else _("Fill in the form first."),
            fields=missing,
        )
    SHEET.move(sheet, "to_sign", by=by)
    for key in definitions.special_keys(sheet.form.content, sheet.patient, answers):
        findings.find(by, sheet, question=key)
    told = definitions.file_values(sheet.form.content, sheet.patient, answers)
    if told:
        update_patient(by=by, patient=sheet.patient, **told)
    # Nobody goes on writing in what was checked.
    sheet.link_hash, sheet.link_until = "", None
    sheet.bump({"link_hash", "link_until"})
    _tell("intake.checked", sheet)
    return sheet


@action(permission="intake.check")
def reopen_sheet(*, by: Actor, sheet: IntakeSheet, version: int | None = None) -> IntakeSheet:
    """Correct a form before it is signed. What was found special stays found (FD-009).

    Raises StaleVersion, Conflict (``invalid_transition``) once it is signed.
    """
    sheet = lock_sheet(sheet, by=by, word="intake.check", version=version)
    SHEET.move(sheet, FILLING, by=by)
    return sheet


@action(permission="intake.fill")
def sign_sheet(
    *,
    by: Actor,
    sheet: IntakeSheet,
    signer: str,
    signer_name: str = "",
    strokes: str = "",
    on_tablet: bool = False,
    version: int | None = None,
) -> Signature:
    """The visitor signs what was checked: a typed name, or one drawn on the screen (``strokes``), with the time (FD-007).
    The whole text, its hash and the hash of the form are kept and never change. For a minor the guardian signs. Under drawn
    lines the name may be left out where the file knows it (``selectors.signer_names``).

    Raises RuleRefused (``strokes_malformed``, ``signer_name_missing``, ``guardian_must_sign``), StaleVersion, Conflict
    (``invalid_transition``).
    """
    sheet = lock_sheet(sheet, by=by, word="intake.fill", version=version)
    drawn = read_strokes(strokes)
    name = signer_name.strip()[:80] or (selectors.signer_names(sheet).get(signer, "") if drawn else "")
    if not name:
        raise RuleRefused(
            "signer_name_missing", _("Write the name of who signs."), fields={"signer_name": [_("Required")]}
        )
    now = clock.now()
    today = clock.local(now, sheet.site.timezone).date()
    if is_minor(sheet.patient, today) and signer != Signature.Signer.GUARDIAN:
        sentence = _("The patient is under age: the legal guardian signs.")
        raise RuleRefused("guardian_must_sign", sentence, fields={"signer": [sentence]})
    SHEET.move(sheet, "signed", by=by)
    text = json.dumps(selectors.text_of(sheet, at=now), ensure_ascii=False, sort_keys=True)
    signature = Signature.objects.create(
        sheet=sheet,
        signer=signer,
        signer_name=name,
        strokes=drawn,
        text=text,
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
        form_hash=sheet.form.content_hash,
        signed_at=now,
        on_tablet=on_tablet,
        witness_name="" if by.kind == "public" else by.name,
    )
    sheet.link_hash, sheet.link_until = "", None
    sheet.bump({"link_hash", "link_until"})
    issue(
        by=by,
        kind=PRINTED,
        number=sheet.patient.record_number,
        site=sheet.site,
        subject=sheet,
        permission="intake.view",
        template="intake/form.typ",
        content=selectors.printed(sheet, signature),
    )
    audit.record(by=by, verb="intake.signed", target=sheet, site=sheet.site.code, signer=signer, drawn=bool(drawn))
    _tell("intake.signed", sheet)
    return signature


@action(permission="intake.fill", sensitive=True)
def open_link(*, by: Actor, sheet: IntakeSheet) -> str:
    """A fresh link for the visitor's tablet or phone, valid for ``intake_link_minutes``; the one before ends. Only its
    hash is kept.

    Raises Conflict (``sheet_not_open``) when there is nothing left to fill in or to sign.
    """
    sheet = lock_sheet(sheet, by=by, word="intake.fill")
    if sheet.state not in ("filling", "to_sign"):
        raise not_open(sheet)
    token = secrets.token_urlsafe(24)
    minutes = parameters.value("intake_link_minutes", site=sheet.site)
    sheet.link_hash, sheet.link_until = selectors.hash_of(token), clock.now() + timedelta(minutes=minutes)
    sheet.bump({"link_hash", "link_until"})
    audit.record(by=by, verb="intake.link_opened", target=sheet, site=sheet.site.code)
    return token


@action(permission="policy.override")
def override_gate_of(*, by: Actor, visit: Visit, gate: str, reason: str) -> OverrideRecord:
    """Let one first visit pass without its form or its signature, for a reason. What is special is never overridden.

    Raises as ``override_gate`` does.
    """
    return override_gate(by=by, gate=gate, subject=visit, site=visit.site, reason=reason)


@action(permission=None, reason="the visitor left or the booking was given up; the room says so by event")
def drop_sheet(*, by: Actor, sheet: IntakeSheet) -> IntakeSheet:
    """Nobody will come with this form any more; what was handed over stays."""
    sheet = lock_sheet(sheet)
    if sheet.state in WITH_THE_DESK:
        SHEET.move(sheet, "dropped", by=by)
    return sheet


# --- parts ------------------------------------------------------------------------------------------------------------


def lock_sheet(
    sheet: IntakeSheet, *, by: Actor | None = None, word: str = "", version: int | None = None
) -> IntakeSheet:
    """The sheet, fresh and locked, for an actor who holds ``word`` at its site. Raises StaleVersion, Forbidden."""
    found: IntakeSheet = lock_version(sheet, version)
    if by is not None:
        access.require(by, word, site=found.site.code)
    return found


def not_open(sheet: IntakeSheet) -> Conflict:
    """The refusal for a form that stands still."""
    return Conflict(
        "sheet_not_open",
        _("This form was checked already. Open it for correction first.")
        if sheet.state == "to_sign"
        else _("This form is closed; what it says stays as it is."),
        state=sheet.state,
    )


def _tell(event: str, sheet: IntakeSheet) -> None:
    """Emit what happened, in codes only."""
    outbox.emit(
        event,
        key=f"intake:{sheet.code}",
        payload={
            "sheet": str(sheet.code),
            "patient": str(sheet.patient.code),
            "site": str(sheet.site.code),
            "visit": str(sheet.visit.code) if sheet.visit is not None else None,
            "vertical": sheet.vertical,
        },
    )
