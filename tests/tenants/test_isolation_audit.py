"""The audit cannot be changed by the product, and what its owner changes is found."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from config.launcher.testbed import Testbed
from kernel import audit, clock, tenancy
from kernel.audit import trail
from kernel.audit.models import AuditEntry, AuditSeal
from kernel.tenancy import TenantContext
from tenants import housekeeping
from tenants.audits import verify_tenant
from tenants.directory import context_for, public_schema
from tenants.models import AuditAnchor, Tenant
from tenants.provisioning.actions import run_job
from tests.tenants.new_tenants import SYSTEM, ask

pytestmark = [pytest.mark.ledger("PL-008"), pytest.mark.usefixtures("committed")]


INSERTED = """
INSERT INTO audit_auditentry
 (code, at, verb, actor_kind, actor_name, target_type, purpose, request_id, data, transaction_id, digest)
 SELECT gen_random_uuid(), at, 'test.forged', actor_kind, actor_name, target_type, purpose, request_id, data,
 transaction_id, digest FROM audit_auditentry WHERE verb = 'test.second'
"""


@pytest.fixture
def tenant(committed: str) -> Iterator[TenantContext]:
    """A tenant of the test's own, in its context."""
    slug = run_job(ask().code).tenant.slug
    with tenancy.activate(context_for(slug=slug)) as context:
        yield context


@pytest.fixture
def as_owner(bed: Testbed, committed: str, tenant: TenantContext) -> Iterator[Callable[..., None]]:
    """``as_owner("UPDATE …")``: what somebody with the database's superuser could do."""
    with psycopg.connect(bed.server.dsn(committed), autocommit=True) as superuser:
        superuser.execute(f'SET search_path = "{tenant.schema_name}"')
        yield lambda statement, *values: superuser.execute(statement, values or None)


def write(*verbs: str) -> list[AuditEntry]:
    return [audit.record(by=SYSTEM, verb=verb, target=None, figure=7) for verb in verbs]


def problems(tenant: TenantContext) -> list[str]:
    return list(verify_tenant(tenant).problems)


def test_an_untouched_chain_is_sound(tenant: TenantContext) -> None:
    for _turn in range(3):
        write("test.one", "test.two")
        assert trail.seal() is not None
    assert trail.seal() is None  # nothing new
    write("test.late")
    found = trail.verify()
    assert found.sound
    assert found.seals >= 3
    assert found.unsealed == 1
    assert AuditSeal.objects.order_by("number").first().previous == ""


def test_a_transaction_that_commits_late_is_never_left_out(tenant: TenantContext) -> None:
    """The seal covers whole transactions in the order in which they became visible, not rows by their number."""
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with tenancy.activate(tenant), transaction.atomic():
                write("test.slow")
                begun.set()
                may_end.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(20)
    # The quick one commits while the slow one, which is older, is still open.
    write("test.quick")
    trail.seal()
    sealed_so_far = sum(AuditSeal.objects.values_list("entries", flat=True))
    may_end.set()
    thread.join()
    trail.seal()
    assert trail.verify().sound
    assert trail.verify().unsealed == 0
    assert sum(AuditSeal.objects.values_list("entries", flat=True)) == AuditEntry.objects.count() > sealed_so_far


def test_a_rolled_back_act_leaves_no_entry_and_no_gap(tenant: TenantContext) -> None:
    with suppress(InterruptedError), transaction.atomic():
        write("test.undone")
        raise InterruptedError
    write("test.done")
    trail.seal()
    assert trail.verify().sound
    assert not AuditEntry.objects.filter(verb="test.undone").exists()


def test_sealers_at_once_make_one_chain(tenant: TenantContext) -> None:
    write(*[f"test.number{n}" for n in range(20)])
    gate, failures = threading.Barrier(5), []

    def sealer() -> None:
        try:
            with tenancy.activate(tenant):
                gate.wait()
                for _turn in range(5):
                    trail.seal()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sealer) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = trail.verify()
    assert found.sound
    assert found.unsealed == 0


def test_the_product_can_change_nothing(tenant: TenantContext) -> None:
    write("test.done")
    trail.seal()
    for change in (
        lambda: AuditEntry.objects.update(verb="nothing"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditSeal.objects.update(digest="0" * 64),
        lambda: AuditSeal.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            change()
        assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)
    with public_schema(), pytest.raises(DatabaseError), transaction.atomic():
        AuditAnchor.objects.update(digest="0" * 64)


@pytest.mark.parametrize(
    "forgery,found",
    [
        ("UPDATE audit_auditentry SET verb = 'test.harmless' WHERE verb = 'test.second'", "entry {code}: was changed"),
        ("UPDATE audit_auditentry SET actor_name = 'somebody' WHERE verb = 'test.second'", "entry {code}: was changed"),
        (
            "UPDATE audit_auditentry SET at = at - interval '1 s' WHERE verb = 'test.second'",
            "entry {code}: was changed",
        ),
        ("UPDATE audit_auditentry SET data = '{{}}' WHERE verb = 'test.second'", "entry {code}: was changed"),
        ("DELETE FROM audit_auditentry WHERE verb = 'test.second'", "entries were sealed"),
        (INSERTED, "entries were sealed"),
        ("UPDATE audit_auditseal SET entries_digest = repeat('0', 64) WHERE number = 2", "seal 2: was changed"),
        ("DELETE FROM audit_auditseal WHERE number = 2", "does not follow its predecessor"),
        ("UPDATE audit_auditseal SET at = at + interval '1 day' WHERE number = 1", "seal 1: was changed"),
    ],
)
def test_what_the_owner_changes_is_found(
    forgery: str, found: str, tenant: TenantContext, as_owner: Callable[..., None]
) -> None:
    codes = {}
    for verb in ("test.first", "test.second", "test.third"):
        codes[verb] = write(verb)[0].code
        trail.seal()
    assert problems(tenant) == []
    as_owner(forgery.replace("{{}}", "{}"))
    said = problems(tenant)
    assert any(found.format(code=codes["test.second"]) in problem for problem in said), said


def test_a_forged_digest_does_not_help(tenant: TenantContext, as_owner: Callable[..., None]) -> None:
    """Whoever knows how the digest is made still breaks the seal that stands over it."""
    entry = write("test.second")[0]
    trail.seal()
    entry.refresh_from_db()
    entry.verb = "test.harmless"
    as_owner(
        "UPDATE audit_auditentry SET verb = %s, digest = %s WHERE code = %s",
        entry.verb,
        trail.digest_of(entry),
        entry.code,
    )
    assert any("entries were sealed" in problem for problem in problems(tenant))


def test_a_chain_that_was_cut_off_is_found_by_its_anchor(tenant: TenantContext, as_owner: Callable[..., None]) -> None:
    write("test.first")
    trail.seal()
    write("test.second")
    connection.set_tenant(tenant)
    housekeeping.visit(tenant, measuring=False)
    assert problems(tenant) == []
    number = AuditSeal.objects.order_by("-number").first().number
    as_owner("DELETE FROM audit_auditentry WHERE verb = 'test.second'")
    as_owner("DELETE FROM audit_auditseal WHERE number = %s", number)
    assert trail.verify().sound  # in itself
    assert problems(tenant) == [f"seal {number}: is not the one that was anchored"]


def test_anchors_are_set_once_an_hour(tenant: TenantContext) -> None:
    with public_schema():
        row = Tenant.objects.get(code=tenant.code)
        before = AuditAnchor.objects.filter(tenant=row).count()
    present = clock.now()
    for minutes in (0, 20, 59, 61):
        with clock.frozen(present + timedelta(minutes=minutes)):
            write("test.done")
            housekeeping.visit(tenant, measuring=False)
    with public_schema():
        assert AuditAnchor.objects.filter(tenant=row).count() == before + 2


def test_the_command_tells_and_fails(tenant: TenantContext, as_owner: Callable[..., None]) -> None:
    write("test.first")
    trail.seal()
    output = StringIO()
    call_command("audit_verify", tenant=tenant.slug, json=True, stdout=output)
    said = json.loads(output.getvalue().splitlines()[-1])
    assert said["ok"] is True
    assert said["tenants"][tenant.slug]["unsealed"] == 0

    as_owner("UPDATE audit_auditentry SET verb = 'test.harmless' WHERE verb = 'test.first'")
    output = StringIO()
    with pytest.raises(CommandError):
        call_command("audit_verify", json=True, stdout=output)
    said = json.loads(output.getvalue().splitlines()[-1])
    assert said["ok"] is False
    assert any("was changed" in problem for problem in said["problems"][tenant.slug])
    assert "smile" not in said["problems"]
    assert len(said["tenants"]) > 3

    with pytest.raises(CommandError, match="no tenant"):
        call_command("audit_verify", tenant="nobody", json=True, stdout=StringIO())
