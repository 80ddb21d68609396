"""Publishing and opening documents of the house, signing agreements, registering devices, keeping education."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NoReturn

from django.db.models import Max
from django.utils.translation import gettext as _

from kernel import access, audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.outbox import emit
from services.confidentiality.models import (
    Agreement,
    AgreementText,
    CompanyDocument,
    Device,
    DeviceCheck,
    DocumentAccess,
    Education,
)
from services.confidentiality.selectors import KEEP, MANAGE, READ, access_document, current_text
from services.documents.typesetting import typeset
from services.sites.locking import lock_version
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import settle_task

AGREE, CHECK, TEACH = "confidentiality.agree", "confidentiality.check", "confidentiality.teach"


# --- documents of the house (CR-016) ----------------------------------------------------------------------------------


@action(permission=MANAGE)
def publish_document(
    *, by: Actor, title: str, kind: str, text: str, audience: Iterable[str], may_download: bool = False
) -> CompanyDocument:
    """Put a document where only the roles of ``audience`` find it.

    Raises RuleRefused (``title_missing``, ``kind_unknown``, ``text_missing``, ``audience_missing``).
    """
    _need(title, "title", "title_missing", _("Give it a title."))
    if kind not in CompanyDocument.Kind.values:
        _refuse("kind", "kind_unknown", _("Choose what it is."))
    roles = _roles(audience)
    plain = _words(text)
    document = CompanyDocument.objects.create(
        title=title.strip(),
        kind=kind,
        text=plain,
        text_hash=_hash(plain),
        audience=roles,
        may_download=may_download,
        published_at=clock.now(),
        published_by_name=by.name,
    )
    audit.record(by=by, verb="confidentiality.published", target=document, roles=roles, hash=document.text_hash)
    return document


@action(permission=MANAGE)
def revise_document(
    *, by: Actor, document: CompanyDocument, text: str, audience: Iterable[str], may_download: bool, version: int | None
) -> CompanyDocument:
    """Other words, or other readers. What was opened before keeps its hash in the log.

    Raises RuleRefused (``text_missing``, ``audience_missing``), StaleVersion.
    """
    roles, plain = _roles(audience), _words(text)
    document = lock_version(document, version)
    document.text, document.text_hash = plain, _hash(plain)
    document.audience, document.may_download = roles, may_download
    document.published_at, document.published_by_name = clock.now(), by.name
    document.bump({"text", "text_hash", "audience", "may_download", "published_at", "published_by_name"})
    audit.record(by=by, verb="confidentiality.revised", target=document, roles=roles, hash=document.text_hash)
    return document


@action(permission=MANAGE)
def withdraw_document(*, by: Actor, document: CompanyDocument) -> CompanyDocument:
    """Nobody finds it any more; who had opened it stays in the log. Raises Conflict (``document_withdrawn``)."""
    document = lock_version(document, None)
    if document.withdrawn_at is not None:
        raise Conflict("document_withdrawn", _("This document was taken away already."))
    document.withdrawn_at = clock.now()
    document.bump({"withdrawn_at"})
    audit.record(by=by, verb="confidentiality.withdrawn", target=document)
    return document


@action(permission=READ)
def open_document(*, by: Actor, document: CompanyDocument) -> CompanyDocument:
    """Read a document; that it was opened is logged. Raises NotFound (``document_not_found``)."""
    return _logged(by, document, DocumentAccess.Act.OPENED)


@action(permission=READ)
def download_document(*, by: Actor, document: CompanyDocument) -> bytes:
    """The document as a PDF that bears on every page who took it along, and when.

    Raises NotFound (``document_not_found``), RuleRefused (``download_forbidden``).
    """
    if not document.may_download:
        raise RuleRefused("download_forbidden", _("This document is read here and not taken along."))
    document = _logged(by, document, DocumentAccess.Act.DOWNLOADED)
    content = {"title": document.title, "kind": document.get_kind_display(), "text": document.text, "mark": mark_of(by)}
    return typeset("confidentiality/document.typ", content, at=clock.now())


def mark_of(by: Actor) -> str:
    """The watermark: who reads, and when. A photograph of the screen tells where it came from."""
    return f"{by.name} {by.username or ''} {clock.local(clock.now()):%Y-%m-%d %H:%M}"


# --- agreements (CR-017) ----------------------------------------------------------------------------------------------


@action(permission=MANAGE)
def publish_text(*, by: Actor, text: str) -> AgreementText:
    """Publish new words of the agreement. What was signed keeps its words until it ends.

    Raises RuleRefused (``text_missing``), Conflict (``text_unchanged``).
    """
    plain = _words(text)
    latest = current_text()
    if latest is not None and latest.text == plain:
        raise Conflict("text_unchanged", _("These are the words that are in force already."))
    number = (AgreementText.objects.aggregate(top=Max("number"))["top"] or 0) + 1
    published = AgreementText.objects.create(
        number=number, text=plain, text_hash=_hash(plain), published_at=clock.now(), published_by_name=by.name
    )
    audit.record(
        by=by, verb="confidentiality.text_published", target=published, number=number, hash=published.text_hash
    )
    return published


@action(permission=None, reason="the word counts at the site of the person")
def sign_agreement(
    *, by: Actor, staff: StaffMember, text_signed: AgreementText, signed_on: date | None = None
) -> Agreement:
    """Keep that ``staff`` signed the words in force; it counts for ``confidentiality_agreement_months``.

    Whoever keeps the agreements does not witness their own. Raises Forbidden, RuleRefused (``own_agreement``,
    ``version_outdated``, ``signed_in_future``).
    """
    access.require(by, KEEP, site=staff.home_site.code)
    if by.user_id is not None and staff.user_id == by.user_id:
        raise RuleRefused("own_agreement", _("Somebody else keeps your own agreement."))
    current = current_text()
    if current is None or current.pk != text_signed.pk:
        raise RuleRefused("version_outdated", _("Other words are in force by now. Load the form again."))
    today = clock.today(staff.home_site.timezone)
    day = signed_on or today
    if day > today:
        _refuse("signed_on", "signed_in_future", _("This day has not come yet."))
    agreement = Agreement.objects.create(
        staff=staff,
        text_signed=current,
        text_hash=current.text_hash,
        signed_on=day,
        valid_until=_months_later(day, parameters.value("confidentiality_agreement_months")) - timedelta(days=1),
        witnessed_by_id=by.user_id,
        witnessed_by_name=by.name,
        recorded_at=clock.now(),
    )
    audit.record(by=by, verb="confidentiality.signed", target=agreement, staff=staff.code, number=current.number)
    for earlier in Agreement.objects.filter(staff=staff).exclude(pk=agreement.pk):
        settle_task(by=by, kind=AGREE, key=str(earlier.code), result="renewed")
    _tell("confidentiality.signed", agreement)
    return agreement


@action(permission=None, reason="the word counts at the site of the person")
def end_agreement(*, by: Actor, agreement: Agreement, reason: str, version: int | None = None) -> Agreement:
    """It counts until yesterday: from now on nothing is assigned on its ground.

    Raises Forbidden, RuleRefused (``reason_required``), StaleVersion, Conflict (``agreement_ended``).
    """
    access.require(by, KEEP, site=agreement.staff.home_site.code)
    _need(reason, "reason", "reason_required", _("Say why."))
    agreement = lock_version(agreement, version)
    if agreement.ended_on is not None:
        raise Conflict("agreement_ended", _("This agreement has ended already."))
    agreement.ended_on = clock.today(agreement.staff.home_site.timezone) - timedelta(days=1)
    agreement.end_reason = reason.strip()[:200]
    agreement.bump({"ended_on", "end_reason"})
    audit.record(by=by, verb="confidentiality.ended", target=agreement, staff=agreement.staff.code)
    settle_task(by=by, kind=AGREE, key=str(agreement.code), result="ended")
    _tell("confidentiality.ended", agreement)
    return agreement


# --- devices (CR-018) -------------------------------------------------------------------------------------------------


@action(permission=KEEP)
def register_device(
    *, by: Actor, site: Site, kind: str, label: str, serial: str, holder: StaffMember, encryption: str
) -> Device:
    """Register a device that holds data. One that is not encrypted is registered as blocked.

    Raises RuleRefused (``kind_unknown``, ``label_missing``, ``serial_missing``, ``encryption_unknown``), Conflict
    (``device_registered``).
    """
    _check_device(kind, encryption)
    _need(label, "label", "label_missing", _("Write what stands on it."))
    _need(serial, "serial", "serial_missing", _("Write its serial number."))
    today = clock.today(site.timezone)
    facts = {
        "site": site,
        "label": label.strip(),
        "holder": holder,
        "encryption": encryption,
        "state": Device.State.IN_USE if encryption == Device.Encryption.ENCRYPTED else Device.State.BLOCKED,
        "checked_on": today,
        "check_due_on": _next_check(today, site),
        "checked_by_name": by.name,
    }
    device, created = Device.objects.get_or_create(kind=kind, serial=serial.strip(), defaults=facts)
    if not created:
        raise Conflict("device_registered", _("This device is registered already."))
    _log_check(by, device)
    return device


@action(permission=None, reason="the word counts at the site of the device")
def check_device(
    *,
    by: Actor,
    device: Device,
    holder: StaffMember,
    encryption: str,
    state: str,
    version: int | None = None,
) -> Device:
    """Look at a device: who has it, whether it is encrypted, whether it is still used. The next check is planned.

    Raises Forbidden, RuleRefused (``encryption_unknown``, ``state_unknown``, ``device_not_encrypted`` for one that shall
    be in use), StaleVersion, Conflict (``device_retired``).
    """
    access.require(by, KEEP, site=device.site.code)
    _check_device(device.kind, encryption)
    if state not in Device.State.values:
        _refuse("state", "state_unknown", _("Choose what becomes of it."))
    if state == Device.State.IN_USE and encryption != Device.Encryption.ENCRYPTED:
        _refuse("encryption", "device_not_encrypted", _("Nobody works with a device that is not encrypted. Block it."))
    device = lock_version(device, version)
    if device.state == Device.State.RETIRED:
        raise Conflict("device_retired", _("This device is retired."))
    settle_task(by=by, kind=CHECK, key=check_key(device), result="checked")
    today = clock.today(device.site.timezone)
    device.holder, device.encryption, device.state = holder, encryption, state
    device.checked_on, device.check_due_on, device.checked_by_name = today, _next_check(today, device.site), by.name
    device.bump({"holder", "encryption", "state", "checked_on", "check_due_on", "checked_by_name"})
    _log_check(by, device)
    return device


def check_key(device: Device) -> str:
    """The reminder of the check that is due next."""
    return f"{device.code}:{device.check_due_on:%Y-%m-%d}"


# --- education (CR-019) -----------------------------------------------------------------------------------------------


@action(permission=None, reason="the word counts at the site of the person")
def record_education(*, by: Actor, staff: StaffMember, topic: str, held_on: date, evidence: str) -> Education:
    """Keep that ``staff`` was instructed, with the evidence. The next time is due ``confidentiality_education_days`` later.

    Raises Forbidden, RuleRefused (``topic_missing``, ``evidence_missing``, ``held_in_future``).
    """
    access.require(by, KEEP, site=staff.home_site.code)
    _need(topic, "topic", "topic_missing", _("Write what it was about."))
    _need(evidence, "evidence", "evidence_missing", _("Without evidence it does not count."))
    if held_on > clock.today(staff.home_site.timezone):
        _refuse("held_on", "held_in_future", _("This day has not come yet."))
    last = Education.objects.filter(staff=staff).order_by("-held_on").first()
    settle_task(by=by, kind=TEACH, key=teach_key(staff, last.held_on if last else None), result="taught")
    record = Education.objects.create(
        staff=staff,
        topic=topic.strip(),
        held_on=held_on,
        evidence=evidence.strip(),
        recorded_at=clock.now(),
        recorded_by_id=by.user_id,
        recorded_by_name=by.name,
    )
    audit.record(by=by, verb="confidentiality.taught", target=record, staff=staff.code)
    return record


def teach_key(staff: StaffMember, last: date | None) -> str:
    """The reminder that follows the instruction of the day ``last``."""
    return f"{staff.code}:{last or 'never'}"


# --- shared -----------------------------------------------------------------------------------------------------------


def _logged(by: Actor, document: CompanyDocument, act: DocumentAccess.Act) -> CompanyDocument:
    # Who may read is asked again: the audience may have changed since the page was drawn.
    found = access_document(by, document.code)
    DocumentAccess.objects.create(
        document=found, act=act, text_hash=found.text_hash, at=clock.now(), by_id=by.user_id, by_name=by.name
    )
    audit.record_read(by=by, target=found, purpose=f"company_document.{act}")
    return found


def _log_check(by: Actor, device: Device) -> None:
    DeviceCheck.objects.create(
        device=device,
        holder_name=device.holder.name,
        encryption=device.encryption,
        state=device.state,
        at=clock.now(),
        by_name=by.name,
    )
    audit.record(
        by=by, verb="confidentiality.device_checked", target=device, site=device.site.code, state=device.state,
        encryption=device.encryption,
    )  # fmt: skip


def _tell(event: str, agreement: Agreement) -> None:
    payload = {"agreement": str(agreement.code), "staff": str(agreement.staff.code)}
    emit(event, key=str(agreement.staff.code), payload=payload)


def _check_device(kind: str, encryption: str) -> None:
    if kind not in Device.Kind.values:
        _refuse("kind", "kind_unknown", _("Choose what it is."))
    if encryption not in Device.Encryption.values:
        _refuse("encryption", "encryption_unknown", _("Say whether it is encrypted."))


def _next_check(day: date, site: Site) -> date:
    return day + timedelta(days=parameters.value("device_check_days", site=site))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _roles(audience: Iterable[str]) -> list[str]:
    roles = sorted({role.strip() for role in audience if role.strip()})
    if not roles:
        _refuse("audience", "audience_missing", _("Choose who may read it."))
    return roles


def _words(text: str) -> str:
    plain = text.strip().replace("\r\n", "\n")
    _need(plain, "text", "text_missing", _("Write the text."))
    return plain


def _need(value: str, field: str, code: str, sentence: str) -> None:
    if not value.strip():
        _refuse(field, code, sentence)


def _refuse(field: str, code: str, sentence: str) -> NoReturn:
    raise RuleRefused(code, sentence, fields={field: [sentence]})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
