"""Reading documents of the house, agreements, devices and education."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import DateField, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from kernel import access, clock, parameters
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.identity.models import Role
from services.confidentiality.models import (
    Agreement,
    AgreementText,
    CompanyDocument,
    Device,
    DocumentAccess,
    Education,
)
from services.staff.models import StaffMember

READ, KEEP, MANAGE = "confidentiality.read", "confidentiality.keep", "confidentiality.manage"
HOME = "home_site"


def documents_for(actor: Actor) -> QuerySet[CompanyDocument]:
    """The documents that are meant for a role of ``actor``; all of them for whoever publishes (CR-016)."""
    rows = CompanyDocument.objects.filter(withdrawn_at__isnull=True)
    if holds(actor, MANAGE):
        return rows
    if not holds(actor, READ):
        return rows.none()
    wanted = Q(pk__in=[])
    for role in actor.roles:
        wanted |= Q(audience__contains=[role])
    return rows.filter(wanted)


def accesses_of(document: CompanyDocument) -> QuerySet[DocumentAccess]:
    """Who opened or took along a document, the latest first."""
    return document.accesses.all()


def access_document(actor: Actor, code: UUID) -> CompanyDocument:
    """The document behind a code from outside. Raises NotFound (``document_not_found``), also for who is not meant."""
    found = documents_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("document_not_found", _("There is no such document."))
    return found


def current_text() -> AgreementText | None:
    """The words of the agreement that are signed now."""
    return AgreementText.objects.order_by("-number").first()


def access_text(actor: Actor, code: UUID) -> AgreementText:
    """The words behind a code from outside. Raises NotFound (``text_not_found``)."""
    found = AgreementText.objects.filter(code=code).first() if holds(actor, KEEP) else None
    if found is None:
        raise NotFound("text_not_found", _("There are no such words."))
    return found


def keepers() -> list[str]:
    """The roles that keep the registers in this house: the reminders go to them."""
    rows = Role.objects.filter(permissions__word=KEEP, permissions__granted=True)
    return list(rows.order_by("slug").values_list("slug", flat=True).distinct())


def staff_for(actor: Actor) -> QuerySet[StaffMember]:
    """The people at the sites where ``actor`` keeps the registers."""
    return access.accessible(working(clock.today()), actor, KEEP, field=HOME).order_by("number")


def agreements_for(actor: Actor) -> QuerySet[Agreement]:
    """The agreements of the people at the sites where ``actor`` keeps them."""
    rows = Agreement.objects.select_related("staff", "text_signed")
    return access.accessible(rows, actor, KEEP, field="staff__home_site")


def access_agreement(actor: Actor, code: UUID) -> Agreement:
    """The agreement behind a code from outside. Raises NotFound (``agreement_not_found``)."""
    found = agreements_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("agreement_not_found", _("There is no such agreement."))
    return found


def agreement_on(staff: StaffMember, day: date) -> Agreement | None:
    """The agreement of ``staff`` that counts on ``day`` (both ends included), if any (CR-017)."""
    rows = Agreement.objects.filter(staff=staff, signed_on__lte=day, valid_until__gte=day)
    return rows.filter(Q(ended_on__isnull=True) | Q(ended_on__gte=day)).order_by("-valid_until").first()


def devices_for(actor: Actor) -> QuerySet[Device]:
    """The devices at the sites where ``actor`` keeps the register, the next check first."""
    return access.accessible(Device.objects.select_related("site", "holder"), actor, KEEP)


def access_device(actor: Actor, code: UUID) -> Device:
    """The device behind a code from outside. Raises NotFound (``device_not_found``)."""
    found = devices_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("device_not_found", _("There is no such device."))
    return found


def education_for(actor: Actor) -> QuerySet[Education]:
    """The instructions of the people at the sites where ``actor`` keeps them, the latest first."""
    return access.accessible(Education.objects.select_related("staff"), actor, KEEP, field="staff__home_site")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one person stands: the last day of the agreement, and by when the next instruction is due."""

    staff: StaffMember
    agreed_until: date | None
    educated_on: date | None
    due_on: date

    def is_due(self, day: date) -> bool:
        """Is the instruction due on ``day``?"""
        return self.due_on <= day


def people(actor: Actor, day: date | None = None) -> list[Standing]:
    """Everybody who works at the sites of ``actor`` with agreement and education, who is due first; one query."""
    return standings(access.accessible(working(day or clock.today()), actor, KEEP, field=HOME), day or clock.today())


def working(day: date) -> QuerySet[StaffMember]:
    """Who is employed on ``day``."""
    began = Q(hired_on__isnull=True) | Q(hired_on__lte=day)
    return StaffMember.objects.filter(began, Q(left_on__isnull=True) | Q(left_on__gte=day)).select_related("home_site")


def standings(rows: QuerySet[StaffMember], day: date) -> list[Standing]:
    """How each of ``rows`` stands on ``day``, who is due first. Who was never instructed is due at once."""
    agreed = Agreement.objects.filter(staff=OuterRef("pk"), signed_on__lte=day, valid_until__gte=day)
    agreed = agreed.filter(Q(ended_on__isnull=True) | Q(ended_on__gte=day)).order_by("-valid_until")
    taught = Education.objects.filter(staff=OuterRef("pk")).order_by("-held_on")
    every = timedelta(days=parameters.value("confidentiality_education_days"))
    found = [
        Standing(one, one.agreed_until, one.educated_on, one.educated_on + every if one.educated_on else day)  # type: ignore[attr-defined]
        for one in rows.annotate(
            agreed_until=Subquery(agreed.values("valid_until")[:1], output_field=DateField()),
            educated_on=Subquery(taught.values("held_on")[:1], output_field=DateField()),
        )
    ]
    return sorted(found, key=lambda one: (one.due_on, one.staff.number))
