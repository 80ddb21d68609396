"""Asking for consent, taking it back, and telling third parties only what may be told."""

from __future__ import annotations

import hashlib
from datetime import date

from django.db.models import Max
from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from kernel.outbox import emit
from services.consents.machines import CONSENT
from services.consents.models import Consent, ConsentTemplate, Disclosure, Reason, TemplateVersion
from services.consents.selectors import latest_version
from services.patients.models import Patient, PatientRelation
from services.patients.selectors import is_minor
from services.policy import gates
from services.sites.locking import lock_version
from services.sites.models import Site

GATE = "consents.disclosure"


@action(permission="consents.manage")
def publish(*, by: Actor, template: ConsentTemplate, text: str, version: int | None = None) -> TemplateVersion:
    """Publish new words of a template. What was signed before keeps the words that were signed.

    Raises StaleVersion, RuleRefused (``text_missing``), Conflict (``text_unchanged``).
    """
    plain = text.strip().replace("\r\n", "\n")
    if not plain:
        sentence = _("A consent without words is none.")
        raise RuleRefused("text_missing", sentence, fields={"text": [sentence]})
    template = lock_version(template, version)
    latest = latest_version(template)
    if latest is not None and latest.text == plain:
        raise Conflict("text_unchanged", _("These are the words that are in force already."))
    number = (template.versions.aggregate(top=Max("number"))["top"] or 0) + 1
    published = TemplateVersion.objects.create(
        template=template,
        number=number,
        text=plain,
        text_hash=hashlib.sha256(plain.encode()).hexdigest(),
        published_at=clock.now(),
        published_by_name=by.name,
    )
    template.bump(())
    audit.record(by=by, verb="consents.published", target=template, number=number, hash=published.text_hash)
    return published


@action(permission="consents.manage")
def ensure_template(*, by: Actor, key: str, title: str, purpose: str, text: str, vertical: str = "") -> ConsentTemplate:
    """The template ``key``; made and published once, never over what a house has changed (starter content, a new form).

    Raises RuleRefused (``text_missing``, ``title_missing``, ``purpose_unknown``).
    """
    known = ConsentTemplate.objects.filter(key=key).first()
    if known is not None:
        return known
    if not title.strip():
        raise RuleRefused("title_missing", _("Give it a title."), fields={"title": [_("Give it a title.")]})
    if purpose not in ConsentTemplate.Purpose.values:
        raise RuleRefused("purpose_unknown", _("Choose what for."), fields={"purpose": [_("Choose what for.")]})
    template = ConsentTemplate.objects.create(key=key, title=title.strip(), purpose=purpose, vertical=vertical)
    publish(by=by, template=template, text=text)
    return template


@action(permission="consents.take")
def take_consent(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    version_signed: TemplateVersion,
    signer: str,
    how: str = Consent.How.PAPER,
    identity_checked: bool,
    guardian: PatientRelation | None = None,
    signer_name: str = "",
    scope: str = "",
    ends_on: date | None = None,
) -> Consent:
    """Keep that a consent was signed, with the version of its words and their hash.

    For somebody under 18 the legal guardian signs (ledger 17, minors); ``guardian`` is a relation of the file that is
    marked so. Whoever signs was identified.

    Raises RuleRefused (``identity_unchecked``, ``guardian_needed``, ``guardian_unknown``, ``signer_missing``,
    ``version_outdated``, ``ends_in_the_past``).
    """
    today = clock.today(site.timezone)
    if signer not in Consent.Signer.values or how not in Consent.How.values:
        raise RuleRefused("signer_missing", _("Say who signed."), fields={"signer": [_("Say who signed.")]})
    if not identity_checked:
        sentence = _("Check the identity of who signs first.")
        raise RuleRefused("identity_unchecked", sentence, fields={"identity_checked": [sentence]})
    if signer == Consent.Signer.PATIENT and is_minor(patient, today):
        sentence = _("The patient is under 18: the legal guardian signs.")
        raise RuleRefused("guardian_needed", sentence, fields={"signer": [sentence]})
    name, relation = _signer(patient, signer, guardian, signer_name)
    current = latest_version(version_signed.template)
    if current is None or current.pk != version_signed.pk or not version_signed.template.is_active:
        raise RuleRefused("version_outdated", _("Other words are in force by now. Load the form again."))
    if ends_on is not None and ends_on < today:
        sentence = _("Choose a later day.")
        raise RuleRefused("ends_in_the_past", sentence, fields={"ends_on": [sentence]})
    consent = Consent.objects.create(
        patient=patient,
        site=site,
        version_signed=version_signed,
        text_hash=version_signed.text_hash,
        signer=signer,
        signer_name=name,
        relation=relation,
        how=how,
        scope=scope.strip(),
        ends_on=ends_on,
        signed_at=clock.now(),
        taken_by_id=by.user_id,
        taken_by_name=by.name,
    )
    audit.record(
        by=by, verb="consents.signed", target=consent, site=site.code, patient=patient.code,
        template=version_signed.template.key, number=version_signed.number, hash=consent.text_hash,
    )  # fmt: skip
    _tell("consents.signed", consent)
    return consent


@action(permission=None, reason="the state machine names who may")
def withdraw_consent(*, by: Actor, consent: Consent, words: str = "", version: int | None = None) -> Consent:
    """The patient takes a consent back; from now on nothing is told on its ground.

    Raises StaleVersion, Forbidden (``transition_forbidden``), Conflict (``invalid_transition``).
    """
    consent = lock_version(consent, version)
    CONSENT.move(consent, "withdrawn", by=by, words=words.strip())
    _tell("consents.withdrawn", consent)
    return consent


@action(permission="consents.disclose")
def disclose(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    recipient: str,
    what: str,
    reason: str,
    words: str = "",
    consent: Consent | None = None,
) -> Disclosure:
    """Write down what a third party is told about a patient, before it is told (CR-005).

    Lawful on a consent of this patient to telling third parties that is in force, or for one of the reasons of
    ``disclosure_lawful_reasons`` with its ground in words.

    Raises RuleRefused (``recipient_missing``, ``what_missing``, ``ground_missing``, ``disclosure_without_consent``).
    """
    for field, value, code in (("recipient", recipient, "recipient_missing"), ("what", what, "what_missing")):
        if not value.strip():
            sentence = _("Say to whom and what.")
            raise RuleRefused(code, sentence, fields={field: [sentence]})
    if reason not in Reason.values:
        raise RuleRefused("ground_missing", _("Choose why."), fields={"reason": [_("Choose why.")]})
    if reason != Reason.CONSENT and not words.strip():
        sentence = _("Write the ground: the number of the order, the disease, the case.")
        raise RuleRefused("ground_missing", sentence, fields={"words": [sentence]})
    if reason == Reason.CONSENT:
        if consent is not None:
            # A withdrawal that runs at this moment ends first, or waits until this is written.
            consent = lock_version(consent, None)
        ok = consent is not None and consent.patient_id == patient.pk and carries(consent, clock.today(site.timezone))
    else:
        ok, consent = reason in parameters.value("disclosure_lawful_reasons", site=site), None
    gates.check(
        GATE,
        by=by,
        subject=patient,
        ok=ok,
        code="disclosure_without_consent",
        message=_("Without a consent that is in force this may not be told to anybody."),
        cures=(Cure(_("Ask the patient for consent"), role="front_desk"),),
    )
    disclosure = Disclosure.objects.create(
        patient=patient,
        site=site,
        recipient=recipient.strip(),
        what=what.strip(),
        reason=reason,
        words=words.strip(),
        consent=consent,
        disclosed_at=clock.now(),
        by_id=by.user_id,
        by_name=by.name,
    )
    audit.record(
        by=by, verb="consents.disclosed", target=disclosure, site=site.code, patient=patient.code, reason=reason,
        consent=consent.code if consent is not None else None,
    )  # fmt: skip
    return disclosure


def carries(consent: Consent, day: date) -> bool:
    """Does ``consent`` carry a disclosure on ``day``: to third parties, signed, not withdrawn, not ended?"""
    return (
        consent.state == CONSENT.initial
        and consent.version_signed.template.purpose == ConsentTemplate.Purpose.DISCLOSURE
        and (consent.ends_on is None or day <= consent.ends_on)
    )


def _signer(patient: Patient, signer: str, guardian: PatientRelation | None, name: str) -> tuple[str, str]:
    """The name of who signs and their relation to the patient."""
    if signer == Consent.Signer.PATIENT:
        return patient.name, ""
    if signer == Consent.Signer.GUARDIAN:
        if guardian is None or guardian.patient_id != patient.pk or not guardian.is_guardian:
            sentence = _("Choose a legal guardian of the file; enter one under Family first.")
            raise RuleRefused("guardian_unknown", sentence, fields={"guardian": [sentence]})
        return guardian.display_name, guardian.kind
    if not name.strip():
        sentence = _("Write the name on the proxy.")
        raise RuleRefused("signer_missing", sentence, fields={"signer_name": [sentence]})
    return name.strip(), "proxy"


def _tell(event: str, consent: Consent) -> None:
    payload = {
        "consent": str(consent.code),
        "patient": str(consent.patient.code),
        "template": consent.version_signed.template.key,
        "purpose": consent.version_signed.template.purpose,
    }
    emit(event, key=str(consent.patient.code), payload=payload)
