"""Drilling: one figure over all sites, one site by day. Headquarters stops there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from kernel.context import Actor
from kernel.errors import NotFound
from kernel.outbox.models import HandledEvent
from kernel.registry import Kpi
from services.headquarters.definitions import definition
from services.headquarters.matrix import Period, site_values
from services.headquarters.models import BranchSite, BranchTenant, SiteFact, SiteMonth
from services.headquarters.rollups import shifted


def access_branch_site(actor: Actor, code: UUID) -> BranchSite:
    """A site of the chain. Raises NotFound (``site_not_found``)."""
    found = (
        BranchSite.objects.select_related("tenant").filter(code=code).first()
        if actor.can("headquarters.view")
        else None
    )
    if found is None:
        raise NotFound("site_not_found", _("There is no such site."))
    return found


def access_figure(key: str) -> Kpi:
    """A figure's definition. Raises NotFound (``figure_not_found``)."""
    found = definition(key)
    if found is None:
        raise NotFound("figure_not_found", _("There is no such figure."))
    return found


def site_days(site: BranchSite, kpi: Kpi, period: Period) -> list[tuple[date, SiteFact | None]]:
    """Every day of the period with its fact, or None where nothing was measured."""
    start, end = period.months[0], shifted(period.last, 1)
    facts = {
        fact.day: fact
        for fact in SiteFact.objects.filter(site=site, key=kpi.key, version=kpi.version, day__gte=start, day__lt=end)
    }
    last = min(end - timedelta(days=1), max([site.last_day, *facts]))
    return [
        (start + timedelta(days=step), facts.get(start + timedelta(days=step)))
        for step in range((last - start).days + 1)
    ]


def site_months(site: BranchSite, kpi: Kpi, last: date, count: int = 13) -> list[tuple[date, SiteMonth | None]]:
    """The months up to ``last``, oldest first."""
    rows = {
        row.month: row
        for row in SiteMonth.objects.filter(
            site=site, key=kpi.key, version=kpi.version, month__gt=shifted(last, -count), month__lte=last
        )
    }
    return [(shifted(last, step - count + 1), rows.get(shifted(last, step - count + 1))) for step in range(count)]


def sites_of_figure(kpi: Kpi, period: Period) -> list[tuple[BranchSite, int, int | None, int]]:
    """Numerator, denominator and n of one figure at every site that reported it in the period."""
    values = site_values({kpi.key: kpi}, period)
    by_site = {site_id: parts for (site_id, _key), parts in values.items()}
    sites = BranchSite.objects.select_related("tenant").filter(pk__in=by_site).order_by("tenant__name", "order")
    return [(site, by_site[site.pk].numerator, by_site[site.pk].denominator, by_site[site.pk].n) for site in sites]


def newest_figure() -> datetime | None:
    """When the newest figure was measured."""
    return BranchTenant.objects.aggregate(newest=Max("described_at"))["newest"]


def version_of_figures() -> str:
    """Changes with every message that was taken in, also with an old one that came late."""
    return str(HandledEvent.objects.aggregate(newest=Max("pk"))["newest"])


def branches() -> list[tuple[BranchTenant, list[BranchSite]]]:
    """The chain's sites by tenant, each with the moment of the newest message about it (``heard_at``)."""
    rows = BranchSite.objects.select_related("tenant").annotate(heard_at=Max("days__measured_at"))
    found: dict[int, tuple[BranchTenant, list[BranchSite]]] = {}
    for site in rows.order_by("tenant__name", "tenant_id", "order"):
        found.setdefault(site.tenant_id, (site.tenant, []))[1].append(site)
    return list(found.values())
