"""Taking in what branches measured, in the headquarters' own schema and role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max

from kernel.outbox import Event
from services.headquarters.models import BranchSite, BranchTenant, SiteDay, SiteFact
from services.headquarters.rollups import roll_up

DESCRIBED = ("name", "short_name", "city", "order")


def take_in_day(event: Event) -> None:
    """Store the figures of one site and day; a message older than what is known changes nothing.

    Messages of the same moment count in the order of their delivery: a clock may stand while figures change.
    """
    payload = event.payload
    day, measured_at = date.fromisoformat(payload["day"]), datetime.fromisoformat(payload["measured_at"])
    with connection.cursor() as cursor:
        # Two messages about one site at once would each roll up without the other.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(current_schema()))", [f"hq:{payload['site']['code']}"]
        )
    site = _site(payload, day, measured_at)
    known = SiteDay.objects.filter(site=site, day=day).first()
    if known and known.measured_at > measured_at:
        return
    SiteDay.objects.update_or_create(site=site, day=day, defaults={"measured_at": measured_at})
    facts = payload["facts"]
    gone = SiteFact.objects.filter(site=site, day=day).exclude(key__in=facts)
    keys = set(facts) | set(gone.values_list("key", flat=True))
    gone.delete()
    SiteFact.objects.bulk_create(
        [
            SiteFact(site=site, day=day, key=key, version=version, numerator=numerator, denominator=denominator, n=n)
            for key, (version, numerator, denominator, n) in facts.items()
        ],
        update_conflicts=True,
        unique_fields=["site", "key", "version", "day"],
        update_fields=["numerator", "denominator", "n"],
    )
    roll_up(site, day, keys)


def _tenant(payload: Mapping[str, Any], measured_at: datetime) -> BranchTenant:
    """The branch, described by the newest of its messages."""
    said = payload["tenant"]
    facts = {
        **{name: said[name] for name in ("slug", "name", "verticals")},
        "applicable": payload["applicable"],
        "described_at": measured_at,
    }
    tenant, created = BranchTenant.objects.get_or_create(code=said["code"], defaults=facts)
    # Its other sites tell at the same time: the older of two messages must not win.
    if not created and BranchTenant.objects.filter(pk=tenant.pk, described_at__lte=measured_at).update(**facts):
        tenant.refresh_from_db()
    return tenant


def _site(payload: Mapping[str, Any], day: date, measured_at: datetime) -> BranchSite:
    """The site, described by the newest of its messages."""
    place = payload["site"]
    tenant = _tenant(payload, measured_at)
    described = {name: place[name] for name in DESCRIBED}
    site = BranchSite.objects.filter(code=place["code"]).first()
    if site is None:
        return BranchSite.objects.create(code=place["code"], tenant=tenant, first_day=day, last_day=day, **described)
    changed = []
    newest = site.days.aggregate(newest=Max("measured_at"))["newest"]
    if newest is None or newest <= measured_at:
        changed = [name for name, value in described.items() if getattr(site, name) != value]
        for name in changed:
            setattr(site, name, described[name])
    if day < site.first_day or day > site.last_day:
        site.first_day, site.last_day = min(site.first_day, day), max(site.last_day, day)
        changed += ["first_day", "last_day"]
    if changed:
        site.save(update_fields=changed)
    return site
