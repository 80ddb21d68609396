"""Taking in what branches measured, in the headquarters' own schema and role."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection

from kernel.outbox import Event
from services.headquarters.models import BranchSite, BranchTenant, SiteDay, SiteFact
from services.headquarters.rollups import roll_up


def take_in_day(event: Event) -> None:
    """Store the figures of one site and day; a message older than what is known changes nothing."""
    payload = event.payload
    day, measured_at = date.fromisoformat(payload["day"]), datetime.fromisoformat(payload["measured_at"])
    with connection.cursor() as cursor:
        # Two messages about one site at once would each roll up without the other.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(current_schema()))", [f"hq:{payload['site']['code']}"]
        )
    site = _describe(payload, day, measured_at)
    known = SiteDay.objects.filter(site=site, day=day).first()
    if known and known.measured_at >= measured_at:
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


def _describe(payload: dict[str, object], day: date, measured_at: datetime) -> BranchSite:
    said, place = payload["tenant"], payload["site"]
    tenant = BranchTenant.objects.filter(code=said["code"]).first()  # type: ignore[index]
    if tenant is None or tenant.described_at <= measured_at:
        tenant, _created = BranchTenant.objects.update_or_create(
            code=said["code"],  # type: ignore[index]
            defaults={
                "slug": said["slug"],  # type: ignore[index]
                "name": said["name"],  # type: ignore[index]
                "verticals": said["verticals"],  # type: ignore[index]
                "applicable": payload["applicable"],
                "described_at": measured_at,
            },
        )
    site = BranchSite.objects.filter(code=place["code"]).first()  # type: ignore[index]
    described = {name: place[name] for name in ("name", "short_name", "city", "order")}  # type: ignore[index]
    if site is None:
        return BranchSite.objects.create(code=place["code"], tenant=tenant, first_day=day, last_day=day, **described)  # type: ignore[index]
    changed = [name for name, value in described.items() if getattr(site, name) != value]
    for name in changed:
        setattr(site, name, described[name])
    if day < site.first_day or day > site.last_day:
        site.first_day, site.last_day = min(site.first_day, day), max(site.last_day, day)
        changed += ["first_day", "last_day"]
    if changed:
        site.save(update_fields=changed)
    return site
