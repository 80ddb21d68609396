"""A tenant is set up by a job of steps: any may fail, or its process may die, and the job goes on where it stopped."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import psycopg
import pytest
from django.core import mail
from django.db import DatabaseError, connection, connections, transaction

from config.launcher.paths import ROOT
from config.launcher.testbed import Testbed
from kernel import tenancy
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, RuleRefused
from kernel.identity.models import Invitation, Role, User
from kernel.timers.models import DAILY_PREFIX, Timer
from tenants import directory
from tenants.database import roles
from tenants.database.base import tenant_role
from tenants.directory import context_for, public_schema
from tenants.locks import exclusive
from tenants.models import Domain, ProvisioningJob, SchemaStatus, Tenant
from tenants.provisioning import blueprint, steps
from tenants.provisioning.actions import request_tenant, run_job
from tenants.provisioning.invitation import username_from
from tests.tenants.new_tenants import SYSTEM, ask, new_slug, rows_of

pytestmark = [pytest.mark.ledger("PL-001"), pytest.mark.usefixtures("committed")]

ADMINISTRATOR = ("Chen Yu", "chen@clinic.example")


class Boom(Exception):
    """A step fails."""


def job_of(code: object) -> ProvisioningJob:
    with public_schema():
        return ProvisioningJob.objects.select_related("tenant__chain").get(code=code)


@pytest.fixture(scope="module")
def untroubled() -> dict[str, dict[str, int]]:
    """Rows per table of a tenant that was made without trouble, once it was made."""
    return {}


def is_like_an_untroubled_one(slug: str, known: dict[str, dict[str, int]]) -> bool:
    """Nothing is there twice and nothing is missing: table for table as many rows as in any other new tenant."""
    if "rows" not in known:
        job = run_job(ask(administrator=ADMINISTRATOR).code)
        known["rows"] = rows_of(context_for(slug=job.tenant.slug))
    return rows_of(context_for(slug=slug)) == known["rows"]


def test_a_new_tenant_is_complete(bed: Testbed) -> None:
    job = run_job(ask(administrator=("Chen Yu", "Chen.Yu@clinic.example")).code)

    assert job.state == ProvisioningJob.State.DONE
    assert job.steps_done == list(steps.STEPS)
    assert set(job.timings) == set(steps.STEPS)
    tenant = context_for(slug=job.tenant.slug)
    assert tenant is not None
    assert context_for(host=f"{tenant.slug}.localhost") == tenant
    with tenancy.activate(tenant):
        assert Role.objects.filter(slug="tenant_admin").exists()
        assert Timer.objects.filter(kind__startswith=DAILY_PREFIX).exists()
        invited = Invitation.objects.get()
        assert (invited.email, invited.display_name, invited.role.slug) == (
            "chen.yu@clinic.example",
            "Chen Yu",
            "tenant_admin",
        )
    with public_schema():
        assert SchemaStatus.objects.get(schema_name=tenant.schema_name).migrations_hash == blueprint.migrations_hash()
    # Whoever was invited is no business of the platform any more.
    assert "clinic.example" not in str(job_of(job.code).options)
    assert not mail.outbox  # it leaves through the tenant's own outbox


def test_running_a_finished_job_again_changes_nothing() -> None:
    job = run_job(ask(administrator=ADMINISTRATOR).code)
    tenant = context_for(slug=job.tenant.slug)
    before = rows_of(tenant)
    assert run_job(job.code).state == ProvisioningJob.State.DONE
    assert rows_of(tenant) == before


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("broken", list(steps.STEPS))
def test_failure_in_any_step_is_resumed(
    broken: str, moment: str, monkeypatch: pytest.MonkeyPatch, untroubled: dict[str, dict[str, int]]
) -> None:
    """``after`` is the harder case: the step did its work and its end was never written down."""
    job = ask(administrator=ADMINISTRATOR)
    whole = steps.STEPS[broken]

    def fails(running: ProvisioningJob) -> None:
        if moment == "after":
            whole.run(running)
        raise Boom("on purpose")

    with monkeypatch.context() as patch:
        patch.setitem(steps.STEPS, broken, dataclasses.replace(whole, run=fails))
        with pytest.raises(Boom):
            run_job(job.code)

    stopped = job_of(job.code)
    assert stopped.state == ProvisioningJob.State.FAILED
    assert stopped.error == f"{broken}: Boom: on purpose"
    done_before = list(steps.STEPS)[: list(steps.STEPS).index(broken)]
    assert stopped.steps_done == done_before
    if broken != "invitation" and (broken, moment) != ("open", "after"):
        assert context_for(slug=job.tenant.slug) is None  # nobody gets in before it is open

    finished = run_job(job.code)
    assert finished.state == ProvisioningJob.State.DONE
    assert finished.error == ""
    assert is_like_an_untroubled_one(job.tenant.slug, untroubled)


def test_failing_starter_content_leaves_no_half_content(monkeypatch: pytest.MonkeyPatch) -> None:
    from kernel import registry

    real = registry.seed_callables

    def with_a_failing_one(room: registry.Room) -> tuple[Callable[[], None], ...]:
        def fails() -> None:
            Role.objects.create(slug="half_done")
            raise Boom("seed")

        return (*real(room), fails) if room.key == "identity" else real(room)

    job = ask()
    with monkeypatch.context() as patch:
        patch.setattr(registry, "seed_callables", with_a_failing_one)
        with pytest.raises(Boom):
            run_job(job.code)
    finished = run_job(job.code)
    with tenancy.activate(directory.context_for(slug=finished.tenant.slug)):
        assert not Role.objects.filter(slug="half_done").exists()


# Either the work of the step is committed and its end not yet noted, or it is in the middle of its work.
@pytest.mark.slow
@pytest.mark.parametrize(
    "step,death",
    [
        ("schema", "steps.migrating.note_current = die"),
        ("content", "steps.STEPS[name] = dataclasses.replace(whole, run=lambda job: (whole.run(job), die()))"),
        ("open", "steps.directory.invalidate = die"),
    ],
)
def test_a_killed_process_is_taken_over(
    step: str, death: str, bed: Testbed, committed: str, untroubled: dict[str, dict[str, int]]
) -> None:
    job = ask(administrator=ADMINISTRATOR)
    script = f"""
import dataclasses, os, signal
from tenants.provisioning import steps
name, whole = {step!r}, steps.STEPS[{step!r}]
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
{death}
steps.run_job({str(job.code)!r})
"""
    died = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", script],
        cwd=ROOT,
        env={**os.environ, **bed.environment(committed, folder=bed.folder, broker_database=0)},
        capture_output=True,
        timeout=60,
    )
    assert died.returncode == -9, died.stderr.decode()
    left = job_of(job.code)
    assert left.state == ProvisioningJob.State.RUNNING
    assert left.steps_done == list(steps.STEPS)[: list(steps.STEPS).index(step)]

    # The dead process holds no lock any more: whoever comes next goes on at once.
    assert run_job(job.code).state == ProvisioningJob.State.DONE
    assert is_like_an_untroubled_one(job.tenant.slug, untroubled)


def test_one_process_at_a_time() -> None:
    job = ask()
    with exclusive("tenants.provisioning", str(job.code)) as held:
        assert held
        with pytest.raises(Conflict) as refusal:
            run_job(job.code)
    assert refusal.value.code == "job_running"
    assert run_job(job.code).state == ProvisioningJob.State.DONE


def test_a_strangers_schema_is_never_taken_over(bed: Testbed, committed: str) -> None:
    slug = new_slug()
    with psycopg.connect(bed.server.dsn(committed), autocommit=True) as superuser:
        superuser.execute(f'CREATE SCHEMA "t_{slug}" CREATE TABLE old_patients (name text)')
    job = ask(slug)
    with pytest.raises(RuleRefused) as refusal:
        run_job(job.code)
    assert refusal.value.code == "schema_taken"
    assert context_for(slug=slug) is None


@pytest.mark.parametrize(
    "slug", ["www", "ops", "admin", "9lives", "a", "Upper", "with-dash", "with_underscore", "x" * 31, "drop;table", ""]
)
def test_unusable_subdomains_are_refused(slug: str) -> None:
    with pytest.raises(RuleRefused) as refusal:
        ask(slug) if slug else request_tenant(by=SYSTEM, slug="", name="x", kind="clinic", chain_name="x")
    assert refusal.value.code == "slug_not_usable"
    with public_schema():
        assert not Tenant.objects.filter(slug=slug).exclude(slug="ops").exists()


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"kind": "spaceship"}, "unknown_kind"),
        ({"verticals": ("astrology",)}, "unknown_vertical"),
        ({"administrator": ("Chen", "no address")}, "mail_not_usable"),
    ],
)
def test_unknown_things_are_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(RuleRefused) as refusal:
        ask(**changes)
    assert refusal.value.code == code


def test_of_two_requests_for_one_subdomain_one_wins() -> None:
    slug, outcomes, gate = new_slug(), [], threading.Barrier(6)

    def request() -> None:
        gate.wait()
        try:
            outcomes.append(ask(slug).tenant.slug)
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=request) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([slug, *["slug_taken"] * 5])
    with public_schema():
        assert Domain.objects.filter(domain=f"{slug}.localhost").count() == 1


def test_two_sites_may_make_the_same_role_at_once() -> None:
    """Roles belong to the whole cluster, so two databases meet there."""
    role, failures, gate = tenant_role(new_slug()), [], threading.Barrier(4)

    def make() -> None:
        try:
            with connection.as_owner():
                gate.wait()
                roles.ensure_role(role)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [role])
        assert cursor.fetchone() == (1,)
    with connection.as_owner():
        roles.forget_role("nowhere", role)


def test_append_only_tables_take_no_change() -> None:
    tenant = context_for(slug="smile")
    with tenancy.activate(tenant):
        with transaction.atomic():
            from kernel import audit

            audit.record(by=SYSTEM, verb="test.done", target=None)
        assert AuditEntry.objects.filter(verb="test.done").exists()
        denied = psycopg.errors.InsufficientPrivilege
        for change in (
            lambda: AuditEntry.objects.filter(verb="test.done").update(verb="test.undone"),
            lambda: AuditEntry.objects.filter(verb="test.done").delete(),
            lambda: connection.cursor().execute("TRUNCATE audit_auditentry"),
            lambda: connection.cursor().execute("ALTER TABLE audit_auditentry DISABLE TRIGGER ALL"),
        ):
            with pytest.raises(DatabaseError) as refusal, transaction.atomic():
                change()
            assert isinstance(refusal.value.__cause__, denied)
        assert AuditEntry.objects.filter(verb="test.done").exists()
        for table in sorted(roles.append_only_tables()):
            with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f'DELETE FROM "{table}"')
            assert isinstance(refusal.value.__cause__, denied), table


def test_a_wall_with_a_hole_is_found_before_the_tenant_opens(bed: Testbed, committed: str) -> None:
    job = ask()
    with psycopg.connect(bed.server.dsn(committed), autocommit=True) as superuser:
        superuser.execute("GRANT SELECT ON public.tenants_tenant TO PUBLIC")
        with pytest.raises(RuntimeError, match="can read"):
            run_job(job.code)
        superuser.execute("REVOKE SELECT ON public.tenants_tenant FROM PUBLIC")
    assert job_of(job.code).error.startswith("probe: ")
    assert context_for(slug=job.tenant.slug) is None


def test_dropping_a_tenant_takes_schema_and_role(bed: Testbed, committed: str) -> None:
    job = run_job(ask().code)
    steps.drop_schema(job.tenant)
    with psycopg.connect(bed.server.dsn(committed), autocommit=True) as superuser:
        assert not superuser.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", [job.tenant.schema_name]
        ).fetchone()
        assert not superuser.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [job.tenant.database_role]).fetchone()


@pytest.mark.parametrize(
    "mail_address,username",
    [
        ("Chen.Yu@x.example", "chen.yu"),
        ("a@x.example", "admin"),
        ("陈雨@x.example", "admin"),
        ("o'neil+x@x.example", "o.neil.x"),
    ],
)
def test_user_name_from_an_address(mail_address: str, username: str) -> None:
    assert username_from(mail_address) == username


def test_first_operator_and_known_people_are_left_alone() -> None:
    from tenants.provisioning.invitation import invite_first_administrator

    with tenancy.activate(context_for(slug="ops")):
        invite_first_administrator(name="Op", mail="second.op@platform.example")
        invite_first_administrator(name="Op", mail="Second.Op@platform.example")
        assert Invitation.objects.get(email="second.op@platform.example").role.slug == "operator"
        known = User.objects.first()
        User.objects.filter(pk=known.pk).update(email="known@platform.example")
        invite_first_administrator(name="Op", mail="known@platform.example")
        assert not Invitation.objects.filter(email="known@platform.example").exists()
