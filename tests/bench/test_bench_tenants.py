"""The tenants' floor: a new tenant, a release over 200 of them, and what tenancy costs a page."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

import kernel.numbering.migrations
from kernel import clock
from kernel.tenancy import activate
from tenants.database import roles
from tenants.database.base import tenant_role
from tenants.directory import context_for, public_schema
from tenants.models import Chain, Domain, SchemaStatus, Tenant
from tenants.provisioning import blueprint, migrating
from tests.bench.single_schema import OneSchema, OneSchemaMiddleware, in_its_place
from tests.harness.bench import Budget, seconds, sized, taking_turns
from tests.services.doors import browser
from tests.tenants.new_tenants import new_slug

pytestmark = [pytest.mark.bench, pytest.mark.usefixtures("own_database")]

TENANTS = sized(200, 20)
APP = "numbering"
MODEL = next(iter(apps.get_app_config(APP).get_models()))


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


def stock_one() -> str:
    """The same as django-tenants does it when a tenant is saved: create the schema, run every migration."""
    slug = new_slug()
    Tenant(schema_name=f"t_{slug}", slug=slug).create_schema(check_if_exists=True, sync_schema=True, verbosity=0)
    return slug


def test_a_new_tenant_by_replay(budget: Budget) -> None:
    with connection.as_owner(), blueprint.in_public():
        blueprint.record_blueprint()
        replay_one()
        # Turn by turn, or a busy minute of the machine would meet one of them only.
        turns = [([seconds(replay_one) for _again in range(2)], seconds(stock_one)) for _turn in range(sized(2, 1))]
    replayed = statistics.median(took for both, _stock in turns for took in both)
    stock = statistics.median(took for _both, took in turns)
    note = f"{replayed:.2f} s against {stock:.2f} s"
    budget("new tenant : stock django-tenants", replayed / stock, at_most=0.1, unit="x", note=note)


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


def test_migrating_two_hundred_tenants(many: list[str], request: pytest.FixtureRequest, budget: Budget) -> None:
    migrating.migrate_database()
    nothing = min(seconds(migrating.migrate_database) for _turn in range(3))
    with connection.as_owner(), blueprint.in_public():
        looked = statistics.median(
            seconds(lambda slug=slug: blueprint.migrate_schema(f"t_{slug}")) for slug in many[:3]
        )
    note = f"{TENANTS} tenants and the cast"
    budget.figure("migrate, nothing to do", nothing, promised=0.5, unit="s", note=note)
    budget("migrate, nothing to do : one by one", nothing / (looked * TENANTS), at_most=0.02, unit="x", note=note)

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


PAGES = ("/patients/", "/appointments/", "/reception/?part=queue")


def test_what_tenancy_costs_a_page(budget: Budget, settings: Any) -> None:
    """Real pages of one clinic, with tenancy and as a product of one schema, turn by turn in one process."""
    tenant = context_for(slug="smile")
    with activate(tenant):
        cookies = browser("bai.lan").cookies
    ours = Client(HTTP_HOST="smile.localhost")
    ours.cookies = cookies
    one_schema = OneSchema(connection.settings_dict, tenant)
    OneSchemaMiddleware.tenant = tenant
    theirs = Client(HTTP_HOST="smile.localhost")
    theirs.cookies = cookies
    here = f"{OneSchemaMiddleware.__module__}.{OneSchemaMiddleware.__qualname__}"
    ordinary = settings.MIDDLEWARE
    settings.MIDDLEWARE = [here if name == "tenants.middleware.TenantMiddleware" else name for name in ordinary]
    theirs.handler.load_middleware()
    settings.MIDDLEWARE = ordinary

    def asked(client: Client, page: str) -> None:
        assert client.get(page, headers={"X-Poll": "1"} if "part=" in page else {}).status_code == 200

    def with_tenancy(page: str) -> None:
        asked(ours, page)

    def in_one_schema(page: str) -> None:
        with in_its_place(one_schema):
            asked(theirs, page)

    try:
        for page in PAGES:
            one, other = taking_turns(
                sized(200, 20), lambda page=page: with_tenancy(page), lambda page=page: in_one_schema(page), warm=10
            )
            note = f"{statistics.median(one) * 1000:.1f} ms against {statistics.median(other) * 1000:.1f} ms"
            budget(
                f"tenancy : one schema, {page}",
                statistics.median(one) / statistics.median(other),
                at_most=1.10,
                unit="x",
                note=note,
            )
    finally:
        one_schema.close()
