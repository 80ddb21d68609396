"""Reads of VIP cards, vouchers and measures."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kernel.access import accessible, require
from kernel.context import Actor
from kernel.errors import NotFound
from services.patients.models import Patient
from services.sites.models import Site
from services.vip.models import Measure, MeasuresTold, PartnerPackage, VipCard, Voucher


def cards(actor: Actor, word: str = "vip.view") -> QuerySet[VipCard]:
    """The register at the sites of ``actor``, by serial."""
    rows = accessible(VipCard.objects.all(), actor, word)
    return rows.select_related("site", "custodian__user", "patient", "replaces", "replaced_by")


def blanks(actor: Actor, site: Site) -> QuerySet[VipCard]:
    """Cards in stock at ``site`` that are meant for nobody yet."""
    return cards(actor).filter(site=site, state="in_stock", reason="")


def access_card(actor: Actor, code: UUID, word: str = "vip.view") -> VipCard:
    """A card at a site where ``actor`` holds ``word``. Raises NotFound (``card_not_found``)."""
    found = cards(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("card_not_found", _("There is no such card."))
    return found


def packages(day: date | None = None) -> QuerySet[PartnerPackage]:
    """Partners' packages; with ``day`` only those that count on it."""
    rows = PartnerPackage.objects.all()
    return rows if day is None else rows.filter(_counts(day))


def access_package(actor: Actor, code: UUID, word: str = "vip.view") -> PartnerPackage:
    """A package. Raises NotFound (``package_not_found``)."""
    require(actor, word)
    found = PartnerPackage.objects.filter(code=code).first()
    if found is None:
        raise NotFound("package_not_found", _("There is no such package."))
    return found


def vouchers(actor: Actor) -> QuerySet[Voucher]:
    """Every voucher with its package, the newest first."""
    require(actor, "vip.view")
    return Voucher.objects.select_related("package", "patient", "receipt")


def access_voucher(actor: Actor, code: UUID, word: str = "vip.view") -> Voucher:
    """A voucher. Raises NotFound (``voucher_not_found``)."""
    require(actor, word)
    found = Voucher.objects.select_related("package", "patient", "receipt").filter(code=code).first()
    if found is None:
        raise NotFound("voucher_not_found", _("There is no such voucher."))
    return found


def measures(day: date | None = None) -> QuerySet[Measure]:
    """The list of measures; with ``day`` only what counts on it."""
    return Measure.objects.all() if day is None else Measure.objects.filter(_counts(day))


def access_measure(actor: Actor, code: UUID, word: str = "vip.view") -> Measure:
    """A measure. Raises NotFound (``measure_not_found``)."""
    require(actor, word)
    found = Measure.objects.filter(code=code).first()
    if found is None:
        raise NotFound("measure_not_found", _("There is no such measure."))
    return found


def told(actor: Actor, patient: Patient) -> QuerySet[MeasuresTold]:
    """When the patient was told the measures at the sites of ``actor``, the latest first."""
    return accessible(MeasuresTold.objects.filter(patient=patient), actor, "vip.view").select_related("site")


def _counts(day: date) -> Q:
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))
