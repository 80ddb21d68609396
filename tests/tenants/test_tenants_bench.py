"""Budgets of the tenants' floor, each a ratio (or a count of seconds that is part of the promise) measured in one run."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

import kernel.numbering.migrations
from kernel import clock
from tenants import middleware
from tenants.database import roles
from tenants.database.base import tenant_role
from tenants.directory import context_for, public_schema
from tenants.models import Chain, Domain, SchemaStatus, Tenant
from tenants.provisioning import blueprint, migrating
from tests.tenants.new_tenants import new_slug

pytestmark = [pytest.mark.bench, pytest.mark.usefixtures("own_database")]

TENANTS = 200
APP = "numbering"
MODEL = next(iter(apps.get_app_config(APP).get_models()))


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def replay_one() -> str:
    """Schema, tables, role and grants of one more tenant, as the job makes them."""
    slug = new_slug()
    with transaction.atomic():
        blueprint.replay(f"t_{slug}", mark="bench")
        migrating.note_current(f"t_{slug}", blueprint.migrations_hash())
    roles.ensure_role(tenant_role(slug))
    roles.grant_schema(f"t_{slug}", tenant_role(slug))
    roles.grant_shared(tenant_role(slug))
    return slug


def migrate_one() -> str:
    """The same by running the migrations."""
    slug = new_slug()
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "t_{slug}"')
    blueprint.migrate_schema(f"t_{slug}")
    return slug


def test_a_new_tenant_by_replay(budget: Callable[..., None]) -> None:
    with connection.as_owner(), blueprint.in_public():
        blueprint.record_blueprint()
        replay_one()
        replayed = statistics.median(seconds(replay_one) for _turn in range(5))
        migrated = min(seconds(migrate_one) for _turn in range(2))
    budget(
        "new tenant, replay : migrations",
        replayed / migrated,
        at_most=0.1,
        unit="x",
        note=f"{replayed:.2f} s against {migrated:.2f} s",
    )


@pytest.fixture
def many(own_database: str) -> list[str]:
    """Two hundred tenants with nothing in them."""
    present = clock.now()
    with connection.as_owner(), blueprint.in_public():
        blueprint.record_blueprint()
        chain = Chain.objects.create(name="Bench", created_at=present)
        slugs = [replay_one() for _number in range(TENANTS)]
        for slug in slugs:
            tenant = Tenant.objects.create(
                chain=chain, slug=slug, schema_name=f"t_{slug}", name=slug, kind="clinic",
                database_role=tenant_role(slug), state=Tenant.State.ACTIVE, created_at=present,
            )  # fmt: skip
            Domain.objects.create(tenant=tenant, domain=f"{slug}.localhost", is_primary=True)
    return slugs


@pytest.fixture
def one_more_column(tmp_path: Path, settings: Any) -> Iterator[None]:
    """The code of a release that adds a column to a table of every tenant."""
    package = tmp_path / f"next_{new_slug()}"
    shutil.copytree(Path(kernel.numbering.migrations.__file__).parent, package)
    last = max(path.stem for path in package.glob("0*.py"))
    (package / "0900_next.py").write_text(
        "from django.db import migrations, models\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('{APP}', '{last}')]\n"
        f"    operations = [migrations.AddField('{MODEL.__name__}', 'colour',"
        " models.CharField(max_length=9, default='green'))]\n"
    )
    sys.path.insert(0, str(tmp_path))
    settings.MIGRATION_MODULES = {APP: package.name}
    yield
    settings.MIGRATION_MODULES = {}
    sys.path.remove(str(tmp_path))


def test_migrating_two_hundred_tenants(
    many: list[str], request: pytest.FixtureRequest, budget: Callable[..., None]
) -> None:
    migrating.migrate_database()
    nothing = min(seconds(migrating.migrate_database) for _turn in range(3))
    budget("migrate, nothing to do", nothing, at_most=0.5, unit="s", note=f"{TENANTS} tenants and the cast")

    request.getfixturevalue("one_more_column")
    with connection.as_owner(), blueprint.in_public():
        # Recorded beforehand: it is the price of new tenants, not of these.
        blueprint.record_blueprint()
        stock = statistics.median(seconds(lambda slug=slug: blueprint.migrate_schema(f"t_{slug}")) for slug in many[:5])
        for slug in many[:5]:
            migrating.note_current(f"t_{slug}", blueprint.migrations_hash())
    began = time.perf_counter()
    report = migrating.migrate_database()
    took = time.perf_counter() - began
    assert len(report.migrated) >= TENANTS - 5
    assert not report.failed
    by_stock = stock * len(report.migrated)
    budget(
        "migrate, one column : one by one",
        took / by_stock,
        at_most=0.02,
        unit="x",
        note=f"{took:.2f} s against {by_stock:.0f} s for {len(report.migrated)} tenants",
    )
    with public_schema():
        assert (
            not SchemaStatus.objects.exclude(migrations_hash=blueprint.migrations_hash())
            .exclude(schema_name="public")
            .exists()
        )


def test_what_tenancy_costs_a_page(budget: Callable[..., None]) -> None:
    """The same page with the middleware's work and without it, turn by turn."""
    tenant = context_for(slug="smile")
    client = Client(HTTP_HOST="smile.localhost")
    page = "/accounts/login/"
    real = middleware.TenantMiddleware.__call__

    def without(self: middleware.TenantMiddleware, request: Any) -> Any:
        request.tenant = tenant
        request.urlconf = self.tenant_urlconf(tenant.family, tenant.verticals)
        return self.get_response(request)

    def timed(call: Any) -> float:
        middleware.TenantMiddleware.__call__ = call
        try:
            connection.set_tenant(tenant)
            return seconds(lambda: client.get(page))
        finally:
            middleware.TenantMiddleware.__call__ = real

    for _turn in range(20):
        timed(real), timed(without)
    pairs = [(timed(real), timed(without)) for _turn in range(300)]
    ratio = statistics.median(one for one, _other in pairs) / statistics.median(other for _one, other in pairs)
    budget("a page with tenancy : without", ratio, at_most=1.10, unit="x")
