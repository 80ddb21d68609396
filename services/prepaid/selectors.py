"""Reads of what is prepaid. Balances are added up from the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import BigIntegerField, Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from kernel import clock, parameters
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.books.models import Account, EntryKind, Movement
from services.books.selectors import balance
from services.patients.models import Patient
from services.prepaid.models import Holding, Kind, Offer, Share, StatementLine, Use
from services.reception.models import Visit
from services.sites.models import Site

SIGNED = Case(When(credit=Account.PREPAID, then=F("amount_fen")), default=-F("amount_fen"))
NO_HOLDING = "holding_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollForward:
    """What a site owes for what was prepaid over a month, in fen: opening + came in - used - refunded = closing."""

    opening_fen: int
    added_fen: int
    used_fen: int
    refunded_fen: int
    closing_fen: int


def with_balance(rows: QuerySet[Holding]) -> QuerySet[Holding]:
    """``rows`` with ``balance_fen``, added up from the books, and ``sessions_left``."""
    worth = (
        Movement.objects.filter(holding=OuterRef("code"))
        .order_by()
        .values("holding")
        .annotate(total=Sum(SIGNED))
        .values("total")
    )
    left = StatementLine.objects.filter(holding=OuterRef("pk")).order_by("-number").values("sessions_left")[:1]
    return rows.select_related("site", "patient", "gives").annotate(
        balance_fen=Coalesce(Subquery(worth, output_field=BigIntegerField()), 0),
        sessions_left=Coalesce(Subquery(left, output_field=IntegerField()), 0),
    )


def holdings(actor: Actor, word: str = "prepaid.view") -> QuerySet[Holding]:
    """Packages and stored value at the sites of ``actor``, the latest first, ``with_balance``."""
    return with_balance(accessible(Holding.objects.all(), actor, word))


def access_holding(actor: Actor, code: UUID, word: str = "prepaid.view") -> Holding:
    """A holding at a site where ``actor`` holds ``word``. Raises NotFound (``holding_not_found``)."""
    found = holdings(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound(NO_HOLDING, _("There is no such package or stored value."))
    return found


def of_patient(actor: Actor, patient: Patient) -> QuerySet[Holding]:
    """What the patient holds, and what others share with them."""
    shared = Share.objects.filter(patient=patient, ended_at__isnull=True).values("holding")
    return holdings(actor).filter(Q(patient=patient) | Q(pk__in=shared))


def usable_at(actor: Actor, visit: Visit) -> QuerySet[Holding]:
    """Packages that can be used at a visit, those that end first at the top."""
    rows = of_patient(actor, visit.patient).filter(site=visit.site, kind=Kind.PACKAGE, state="active")
    return rows.order_by("valid_until", "id")


def expiring(actor: Actor, site: Site) -> QuerySet[Holding]:
    """Packages at ``site`` whose last day comes within the days of the notice, the nearest first."""
    today = clock.today(site.timezone)
    until = today + timedelta(days=int(parameters.value("prepaid_notice_days", site=site)))
    rows = holdings(actor).filter(site=site, state="active", valid_until__range=(today, until))
    return rows.order_by("valid_until", "id")


def access_use(actor: Actor, code: UUID, word: str = "prepaid.view") -> Use:
    """A use at a site where ``actor`` holds ``word``. Raises NotFound (``use_not_found``)."""
    rows = accessible(Use.objects.select_related("holding__site", "patient"), actor, word, field="holding__site")
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("use_not_found", _("There is no such use."))
    return found


def access_share(actor: Actor, code: UUID, word: str = "prepaid.consent") -> Share:
    """A consent to share at a site where ``actor`` holds ``word``. Raises NotFound (``share_not_found``)."""
    rows = accessible(Share.objects.select_related("holding__site", "patient"), actor, word, field="holding__site")
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("share_not_found", _("There is no such consent."))
    return found


def offers(*, on_sale: bool = False) -> QuerySet[Offer]:
    """What is sold in advance, with prices; ``on_sale`` leaves out what is no longer offered."""
    rows = Offer.objects.select_related("item", "gives").prefetch_related("item__prices")
    return rows.filter(item__is_active=True) if on_sale else rows


def owed_fen(site: Site, until: date | None = None) -> int:
    """What ``site`` owes patients for what they have prepaid, in fen at the end of ``until`` (now), as the books say."""
    return -balance(Account.PREPAID, site=site, until=until)


def stated_fen(site: Site) -> int:
    """The same as the last lines of all statements say."""
    last = StatementLine.objects.filter(holding=OuterRef("pk")).order_by("-number").values("balance_fen")[:1]
    rows = Holding.objects.filter(site=site).annotate(last=Subquery(last))
    return int(rows.aggregate(total=Sum("last", default=0))["total"])


def roll_forward(site: Site, first: date) -> RollForward:
    """The month that begins on ``first``, from the books; corrections and what was taken back are netted. Two queries."""
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    rows = (
        Movement.objects.filter(site=site, day__range=(first, last), holding__isnull=False)
        .order_by()
        .values_list("kind", "debit", "credit")
        .annotate(total=Sum("amount_fen"))
    )
    added = used = refunded = 0
    for kind, debit, credit, total in rows:
        if Account.MONEY in (debit, credit):
            signed = int(total) if debit == Account.MONEY else -int(total)
            if kind == EntryKind.REFUND:
                refunded -= signed
            else:
                added += signed
        else:
            used += int(total) if debit == Account.PREPAID else -int(total)
    opening = owed_fen(site, first - timedelta(days=1))
    return RollForward(
        opening_fen=opening,
        added_fen=added,
        used_fen=used,
        refunded_fen=refunded,
        closing_fen=opening + added - used - refunded,
    )
