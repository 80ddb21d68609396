"""The running product as processes: how soon a payment is a figure of headquarters, and what it weighs at rest."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from config.launcher.paths import ROOT
from config.launcher.postgres import HASTY, SETTINGS
from config.launcher.system import LOOPBACK
from config.launcher.testbed import Testbed
from kernel.identity.actions.proofs import issue_device_token
from kernel.identity.models import User
from kernel.tenancy import activate
from services.cashier.actions import SlipLine, issue_slip
from services.cashier.models import ChargeSlip
from services.catalogue.selectors import items
from tenants.selectors import context_for
from tests.harness.bench import Budget, p95, sized
from tests.harness.product import LiveProduct
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, patient

PAYMENTS = sized(20, 4)
MEGABYTES = 600
BUFFERS_HERE, BUFFERS_OF_THE_PRODUCT = (int(given["shared_buffers"].removesuffix("MB")) for given in (HASTY, SETTINGS))
REST_SECONDS = sized(20, 5)
HOUR = "2026-12-09T10:00:00+08:00"


@pytest.fixture
def product(
    live_server_processes: LiveProduct, django_db_setup: None, django_db_blocker: Any, at: Callable[[str], Any]
) -> Iterator[LiveProduct]:
    """The product on a Wednesday morning, and this process on the same database."""
    live_server_processes.manage("clock", "--set", HOUR)
    at("2026-12-09 10:00")
    default = connections["default"].settings_dict
    before = default["NAME"]
    connections.close_all()
    default["NAME"] = live_server_processes.database
    with django_db_blocker.unblock():
        yield live_server_processes
        connections.close_all()
    default["NAME"] = before


def _slips(count: int) -> tuple[list[ChargeSlip], str]:
    """Signed slips of one patient, and a token of the cashier."""
    doctor = staff("011")
    item = next(one for one in items() if one.price_fen)
    slips = [
        issue_slip(
            by=person(doctor.user.username), site=center(), patient=patient(f"付款{number}"), doctor=doctor,
            lines=[SlipLine(item=item)],
        )
        for number in range(count)
    ]  # fmt: skip
    _row, token = issue_device_token(
        by=SYSTEM, user=User.objects.get(username="fang.li"), name="bench", second_factor=True
    )
    return slips, token


def _pay(product: LiveProduct, token: str, slip: ChargeSlip, fen: int) -> None:
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{product.port}/api/v1/cashier/slips/{slip.code}/charge/",
        data=json.dumps({"tender": "cash", "tendered_fen": fen}).encode(),
        headers={"Host": product.host("smile"), "Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201


@pytest.mark.bench
def test_a_payment_is_a_figure_of_headquarters_within_seconds(product: LiveProduct, budget: Budget) -> None:
    """Branch, outbox, relay, measurement, outbox, relay, headquarters: every step by the real processes."""
    with activate(context_for(slug="smile")):
        slips, token = _slips(PAYMENTS)
        amounts = [slip.lines.get().amount_fen for slip in slips]
        site = center().code
    schema = context_for(slug="orchid").schema_name
    query = (
        f"SELECT n FROM {schema}.headquarters_sitefact fact JOIN {schema}.headquarters_branchsite site "
        "ON site.id = fact.site_id WHERE site.code = %s AND fact.key = 'takings' AND fact.day = '2026-12-09'"
    )
    took = []
    for number, (slip, fen) in enumerate(zip(slips, amounts, strict=True), start=1):
        _pay(product, token, slip, fen)
        began = time.perf_counter()
        product.eventually(lambda number=number: product.rows(query, site) == [(number,)], seconds=60)
        took.append(time.perf_counter() - began)

    budget.figure("payment to HQ figure p95", p95(took), promised=5, unit="s", note=f"{PAYMENTS} payments")
    budget(
        "payment to HQ figure p95 : tick", p95(took) / settings.TICK_SECONDS, at_most=5, unit="x",
        note=f"a tick is {settings.TICK_SECONDS:g} s",
    )  # fmt: skip


@pytest.mark.bench
def test_what_the_product_weighs_at_rest(product: LiveProduct, bed: Testbed, budget: Budget) -> None:
    """Proportional shares (PSS), so that what processes share counts once: product, launcher, database and broker."""
    connections.close_all()
    for slug, path in (("smile", "/accounts/login/"), ("orchid", "/accounts/login/"), ("", "/")) * 8:
        product.get(slug, path)
    launcher = subprocess.Popen(
        [sys.executable, "-c", "import config.launcher.product, time; time.sleep(600)"], cwd=ROOT
    )
    try:
        time.sleep(REST_SECONDS)
        roots = {name: product.supervisor.pid(name) for name in product.programs}
        roots |= {"database": bed.server.pid, "broker": bed.broker_endpoint.mark.pid, "launcher": launcher.pid}
        weights = {name: _pss(_with_children(pid)) / 1024 for name, pid in roots.items()}
        shared = product.supervisor.forkserver_pid
        weights["what they share"] = _pss({shared}) / 1024 if shared else 0
        # The server of the tests has larger buffers than that of `make run`, and earlier benchmarks have filled them.
        filled = _pss(_with_children(bed.server.pid), "Pss_Shmem") / 1024
        weights["database"] -= max(0, min(filled, BUFFERS_HERE) - BUFFERS_OF_THE_PRODUCT)
    finally:
        launcher.kill()
        launcher.wait()
    note = ", ".join(f"{name} {weight:.0f}" for name, weight in sorted(weights.items(), key=lambda one: -one[1]))
    budget("memory at rest", sum(weights.values()), at_most=MEGABYTES, unit="MB", note=note)


def _with_children(root: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _pss(pids: Iterable[int], line_named: str = "Pss") -> int:
    """Kilobytes that these processes take, shared pages divided among whoever shares them."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith(f"{line_named}:")), 0)
    return total
