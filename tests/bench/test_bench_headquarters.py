"""The matrix of a chain: a window of 40 figures × 30 sites out of 100 and out of 1,000 sites, turn by turn."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from statistics import median
from typing import Any

import pytest
from django.db import connection
from django.utils.functional import Promise

from kernel import clock, registry
from kernel.ids import uuid7
from kernel.registry import Kpi
from kernel.tenancy import activate
from services.headquarters import definitions
from services.headquarters.models import BranchSite, BranchTenant, SiteDay
from services.headquarters.rollups import SPARK_MONTHS, shifted, spark_path
from tenants.selectors import context_for
from tests.harness.bench import Budget, p95, sized, taking_turns

FIGURES = 40
SITES_PER_TENANT = 5
FEW, SOME, MANY = 10, 100, sized(1_000, 200)
LAST = date(2026, 12, 1)
TURNS = sized(60, 10)


def _invented(number: int, group: str | Promise) -> Kpi:
    """A definition that no room has: every second one a rate, because rates are judged and counts are not."""
    rate = number % 2 == 0
    return Kpi(
        key=f"bench-{number}", label=f"指标 {number}", unit="percent" if rate else "count", version=1, compute="",
        definition="", order=1_000 + number, direction="down" if rate else "up", aggregate="ratio" if rate else "sum",
        group=group,
    )  # fmt: skip


@pytest.fixture
def forty(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Kpi]]:
    """Forty definitions: those of the build, filled up for as long as the test runs."""
    real = registry.rooms()
    known = sorted((kpi for room in real for kpi in room.kpis), key=lambda kpi: kpi.order)[:FIGURES]
    known += [_invented(number, "Bench") for number in range(FIGURES - len(known))]
    room = registry.Room(key="bench", label="Bench", kpis=tuple(known))
    definitions.definitions.cache_clear()
    monkeypatch.setattr(registry, "rooms", lambda: (room,))
    assert len(definitions.definitions()) == FIGURES
    monkeypatch.undo()
    yield known
    definitions.definitions.cache_clear()


def _chain(figures: list[Kpi], sites: int) -> None:
    """Fill the headquarters of the current tenant with ``sites`` sites and 13 months of every figure at each."""
    dice, present = random.Random(11), clock.now()
    BranchSite.objects.all().delete()
    BranchTenant.objects.all().delete()
    keys = [kpi.key for kpi in figures]
    tenants = BranchTenant.objects.bulk_create(
        BranchTenant(
            slug=f"b{number}", name=f"门诊 {number:03d}", verticals=["dental"], applicable=keys, described_at=present
        )
        for number in range(-(-sites // SITES_PER_TENANT))
    )
    rows = BranchSite.objects.bulk_create(
        BranchSite(
            code=uuid7(), tenant=tenants[number // SITES_PER_TENANT], name=f"院区 {number}", short_name=f"院区{number}",
            order=number % SITES_PER_TENANT, first_day=date(2025, 12, 1), last_day=date(2026, 12, 31),
        )
        for number in range(sites)
    )  # fmt: skip
    SiteDay.objects.create(site=rows[0], day=LAST, measured_at=present)
    sparks = [spark_path([100 + dice.gauss(0, 9) for _month in range(SPARK_MONTHS)]) for _drawn in range(64)]
    with connection.cursor() as cursor:
        for step in range(SPARK_MONTHS):
            # A rate of about one in ten with its noise: a few sites lie outside of the limits, as in a real chain.
            cursor.execute(
                """
                INSERT INTO headquarters_sitemonth
                    (site_id, month, key, version, numerator, denominator, n, days, spark)
                SELECT site.id, %s, kpi.key, kpi.version,
                       CASE WHEN kpi.rate THEN drawn.n / 10 + (drawn.noise %% 9) - 4 ELSE drawn.n END,
                       CASE WHEN kpi.rate THEN drawn.n END, drawn.n, 30, (%s::text[])[1 + drawn.noise %% 64]
                FROM headquarters_branchsite site
                CROSS JOIN unnest(%s::text[], %s::int[], %s::bool[]) AS kpi(key, version, rate)
                CROSS JOIN LATERAL (
                    SELECT 120 + abs(hashtext(site.id || kpi.key)) %% 400 AS n,
                           abs(hashtext(kpi.key || site.id || %s)) %% 1000 AS noise
                ) AS drawn
                """,
                [
                    shifted(LAST, -step), sparks, keys, [kpi.version for kpi in figures],
                    [kpi.aggregate in ("ratio", "mean") for kpi in figures], str(step),
                ],
            )  # fmt: skip
        cursor.execute(import_module("services.headquarters.migrations.0002_quarters_and_years").FILL)
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE headquarters_sitemonth, headquarters_sitespan, headquarters_branchsite, headquarters_branchtenant"
        )


@pytest.mark.bench
def test_the_matrix_of_a_thousand_sites(
    own_database: str, forty: list[Kpi], client_for: Callable[..., Any], budget: Budget
) -> None:
    """Two headquarters of one database: one chain has ten times the sites of the other. The windows are equally wide."""
    small, large = context_for(slug="bamboo"), context_for(slug="orchid")
    for tenant, sites in ((small, FEW), (large, MANY)):
        with activate(tenant):
            _chain(forty, sites)
    browsers = {tenant.slug: client_for(_analyst(tenant), tenant) for tenant in (small, large)}

    def page(slug: str, period: str = "month", window: int = 2) -> Callable[[], None]:
        def read() -> None:
            answer = browsers[slug].get(f"/headquarters/?month=2026-12&period={period}&window={window}")
            assert answer.status_code == 200

        return read

    assert browsers["orchid"].get("/headquarters/?month=2026-12").content.count(b"mx-cell") == FIGURES * 30
    [ten] = taking_turns(TURNS // 2, page("bamboo"))
    with activate(small):
        _chain(forty, SOME)
    hundred, thousand, year = taking_turns(TURNS, page("bamboo"), page("orchid"), page("orchid", "year"))

    size = f"{FIGURES} figures × 30 sites"
    budget.figure(f"HQ matrix p95, {FEW} sites", p95(ten) * 1000, promised=150, unit="ms")
    budget.figure(f"HQ matrix p95, {SOME} sites", p95(hundred) * 1000, promised=150, unit="ms", note=size)
    budget.figure(f"HQ matrix p95, {MANY} sites", p95(thousand) * 1000, promised=150, unit="ms", note=size)
    budget.figure(f"HQ matrix p95, {MANY} sites, a year", p95(year) * 1000, promised=300, unit="ms", note=size)
    budget("HQ matrix, a year : a month", median(year) / median(thousand), at_most=2, unit="x", note=f"{MANY:,} sites")
    budget(
        f"HQ matrix, {MANY:,} : {SOME} sites", median(thousand) / median(hundred), at_most=2, unit="x", note="medians"
    )


def _analyst(tenant: Any) -> str:
    from django.contrib.auth import get_user_model

    with activate(tenant):
        users = get_user_model().objects.filter(assignments__role__slug="hq_analyst", is_active=True)
        return str(users.values_list("username", flat=True).first())
