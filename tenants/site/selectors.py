"""Reads of the public site. It shows names and addresses of tenants, and never who works there."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from kernel import registry
from tenants.directory import PLATFORM
from tenants.models import RESERVED_SLUGS, Domain, SignUpRequest, Tenant, is_slug

FOUND_AT_MOST = 5
SHORTEST_QUERY = 2


@dataclass(frozen=True, slots=True)
class House:
    """A tenant as the sign-in finder shows it."""

    name: str
    host: str
    kind: str


def find_houses(query: str, *, at_most: int = FOUND_AT_MOST) -> list[House]:
    """Tenants whose subdomain, host name or name is (or contains) what somebody typed; the exact ones first.

    Fewer than two characters find nothing, so that nobody leafs through the customers.
    """
    text = " ".join(query.split())[:80]
    if len(text) < SHORTEST_QUERY:
        return []
    host = text.lower().removeprefix("https://").removeprefix("http://").partition("/")[0].partition(":")[0]
    slug = host.removesuffix(f".{settings.BASE_DOMAIN}")
    exact = Q(slug=slug) | Q(domains__domain=host) | Q(name__iexact=text)
    closeness = Case(When(exact, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = (
        _open_houses()
        .filter(exact | Q(name__icontains=text))
        .annotate(closeness=closeness)
        .order_by("closeness", "name", "id")
        .values_list("pk", flat=True)
    )
    order = list(dict.fromkeys(found[: at_most * 3]))[:at_most]
    rows = {tenant.pk: tenant for tenant in _open_houses().prefetch_related("domains").filter(pk__in=order)}
    return [_house(rows[pk]) for pk in order]


def all_houses() -> list[House]:
    """Every tenant; only a demonstration shows them."""
    return [_house(tenant) for tenant in _open_houses().prefetch_related("domains").order_by("chain__name", "name")]


def slug_is_free(slug: str) -> bool:
    """May somebody new take this subdomain?"""
    if slug in RESERVED_SLUGS or not is_slug(slug):
        return False
    taken = (
        Tenant.objects.filter(slug=slug).exists()
        or Domain.objects.filter(domain=f"{slug}.{settings.BASE_DOMAIN}").exists()
    )
    return not taken and not SignUpRequest.objects.filter(slug=slug, state=SignUpRequest.State.OPEN).exists()


def sign_up_request(code: UUID) -> SignUpRequest | None:
    """The request behind somebody's link; None for a link that leads nowhere."""
    return SignUpRequest.objects.select_related("job__tenant").filter(code=code).first()


def _open_houses() -> QuerySet[Tenant]:
    hidden = [key for key, kind in registry.kinds().items() if kind.family == PLATFORM]
    return Tenant.objects.exclude(state=Tenant.State.PROVISIONING).exclude(kind__in=hidden)


def _house(tenant: Tenant) -> House:
    primary = next((row.domain for row in tenant.domains.all() if row.is_primary), None)
    return House(
        name=tenant.name,
        host=primary or f"{tenant.slug}.{settings.BASE_DOMAIN}",
        kind=str(registry.kind(tenant.kind).label),
    )
