"""Reading consents and disclosures."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, clock
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.consents.machines import CONSENT
from services.consents.models import Consent, ConsentTemplate, Disclosure, TemplateVersion
from services.patients.models import Patient, PatientRelation

VIEW = "consents.view"


def latest_version(template: ConsentTemplate) -> TemplateVersion | None:
    """The words in force."""
    return template.versions.order_by("-number").first()


def templates() -> QuerySet[ConsentTemplate]:
    """Every template with the number of its latest version and how often it is in force."""
    return ConsentTemplate.objects.annotate(
        latest=Max("versions__number"),
        in_force=Count("versions__consents", filter=Q(versions__consents__state=CONSENT.initial), distinct=True),
    ).order_by("purpose", "title", "id")


def versions_to_sign() -> QuerySet[TemplateVersion]:
    """The words in force of every template that is in force."""
    newest = TemplateVersion.objects.order_by("template_id", "-number").distinct("template_id").values("pk")
    rows = TemplateVersion.objects.filter(pk__in=newest, template__is_active=True).select_related("template")
    return rows.order_by("template__purpose", "template__title")


def consents_of(patient: Patient) -> QuerySet[Consent]:
    """Everything that was signed for ``patient``, the latest first."""
    return Consent.objects.filter(patient=patient).select_related("version_signed__template", "site")


def in_force(patient: Patient, purpose: str, day: date | None = None) -> QuerySet[Consent]:
    """The consents of ``patient`` to ``purpose`` that carry on ``day`` (default: today)."""
    wanted = day or clock.today(patient.site.timezone)
    rows = consents_of(patient).filter(state=CONSENT.initial, version_signed__template__purpose=purpose)
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=wanted))


def guardians_of(patient: Patient) -> QuerySet[PatientRelation]:
    """Who decides for ``patient``, as the file says."""
    return PatientRelation.objects.filter(patient=patient, is_guardian=True).select_related("relative")


def disclosures_for(actor: Actor) -> QuerySet[Disclosure]:
    """What was told to third parties at the sites where ``actor`` may see it."""
    rows = Disclosure.objects.select_related("site", "patient", "consent__version_signed__template")
    return access.accessible(rows, actor, "consents.disclose")


def access_template(actor: Actor, code: UUID, word: str = "consents.manage") -> ConsentTemplate:
    """The template behind a code from outside. Raises NotFound (``template_not_found``)."""
    found = ConsentTemplate.objects.filter(code=code).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("template_not_found", _("There is no such form."))
    return found


def access_version(actor: Actor, code: UUID) -> TemplateVersion:
    """The version behind a code from outside. Raises NotFound (``template_not_found``)."""
    rows = TemplateVersion.objects.select_related("template")
    found = rows.filter(code=code).first() if holds(actor, VIEW) else None
    if found is None:
        raise NotFound("template_not_found", _("There is no such form."))
    return found


def access_consent(actor: Actor, code: UUID, word: str = VIEW) -> Consent:
    """The consent behind a code from outside. Raises NotFound (``consent_not_found``)."""
    rows = Consent.objects.select_related("patient__site", "site", "version_signed__template")
    found = rows.filter(code=code).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("consent_not_found", _("There is no such consent."))
    return found
