"""What the billing tests share: the stand-in for Stripe as a process, an account that pays for itself, and the post."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk
from django.conf import settings as product
from django.test import Client

from kernel.context import ALL, Actor
from kernel.tenancy import TenantContext, activate
from tenants import directory
from tenants.billing import actions, inbox
from tenants.billing.models import BillingAccount, TenantBillingOverride, WebhookEvent
from tenants.billing.plan_changes import Order
from tenants.billing.scope import public_schema
from tenants.models import Tenant
from tenants.selectors import context_for

PROGRAM = Path(__file__).resolve().parents[1] / "fakes" / "stripe_server"
SECRET = "whsec_of_the_tests"
WEBHOOK = "/billing/stripe/webhook/"
ADMIN = Actor(
    kind="user",
    name="贺敏",
    username="he.min",
    grants={"billing.view": ALL, "billing.manage": ALL, "platform.create_tenant": ALL},
)
OPERATOR = Actor(kind="user", name="陆远", username="op.lu", grants={"billing.operate": ALL})


@dataclass
class StandIn:
    """The running stand-in."""

    process: subprocess.Popen[str]
    base: str
    folder: Path

    @property
    def api(self) -> Any:
        """The real SDK, pointed at it."""
        return sdk.StripeClient("sk_test_x", base_addresses={"api": self.base}, max_network_retries=0).v1

    def control(self, where: str = "", /, **data: Any) -> Any:
        """Call ``/_control``; GET without data."""
        body = json.dumps(data).encode() if data or where else None
        request = urllib.request.Request(f"{self.base}/_control{where}", data=body, method="POST" if body else "GET")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def press(self, address: str, **form: str) -> tuple[int, str, str]:
        """Press a button of one of its pages; status, address it leads to, text."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:  # type: ignore[override]
                return None

        body = urllib.parse.urlencode(form).encode() if form else None
        try:
            with urllib.request.build_opener(Stay()).open(address, data=body, timeout=20) as answer:
                return answer.status, "", answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location", ""), error.read().decode(errors="replace")

    def live_at(self, moment: datetime) -> None:
        """Let its time be ``moment`` from now on."""
        self.control("/clock", offset=moment.timestamp() - time.time())

    def events(self, customer: str | None = None) -> list[dict[str, Any]]:
        """Everything that happened, oldest first (of one customer)."""
        rows = [event.to_dict(for_json=True) for event in self.api.events.list({"limit": 100}).auto_paging_iter()][::-1]
        return [
            row
            for row in rows
            if customer in (None, row["data"]["object"].get("customer"), row["data"]["object"]["id"])
        ]


def start_stand_in(folder: Path, port: int = 0, *extra: str) -> StandIn:
    """Start the program as anybody would."""
    command = [sys.executable, str(PROGRAM), "--port", str(port), "--data", str(folder), "--secret", SECRET, *extra]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    return StandIn(process=process, base=said.strip().rpartition(" ")[2], folder=folder)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One stand-in for the whole run; tests use customers of their own."""
    running = start_stand_in(tmp_path_factory.mktemp("stripe"))
    yield running
    running.process.terminate()
    running.process.wait(timeout=10)


@pytest.fixture
def stripe(stand_in: StandIn, settings: Any) -> Iterator[StandIn]:
    """The stand-in, known to the product, with real time and without planned mishaps."""
    settings.STRIPE_API_BASE = stand_in.base
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    stand_in.control("/clock", offset=0)
    stand_in.control("/webhooks", url="", hold=True, duplicate=0, fail=0, shuffle=False)
    yield stand_in
    stand_in.control("/clock", offset=0)


def sign(body: bytes, *, secret: str = SECRET, moment: float | None = None) -> str:
    """The header that Stripe would send."""
    return sdk.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=int(moment or time.time()))


@dataclass
class Post:
    """Brings events to the product's door, as Stripe does."""

    stripe: StandIn
    seen: set[str]

    def put(self, event: dict[str, Any], **how: Any) -> int:
        """Bring one event; the status of the answer."""
        body = json.dumps(event).encode()
        return self.put_raw(body, sign(body, **how))

    def put_raw(self, body: bytes, signature: str, host: str = "") -> int:
        """Bring bytes with a signature."""
        client = Client(HTTP_HOST=host or product.BASE_DOMAIN)
        answer = client.post(WEBHOOK, body, content_type="application/json", headers={"Stripe-Signature": signature})
        return answer.status_code

    def deliver(
        self, customer: str | None, *, order: Callable[[list[Any]], Sequence[Any]] = list, work: bool = True
    ) -> int:
        """Bring everything new about a customer, let the product work on it; how many events there were."""
        fresh = [event for event in self.stripe.events(customer) if event["id"] not in self.seen]
        for event in order(fresh):
            assert self.put(event) == 200
            self.seen.add(event["id"])
            if work:
                inbox.work_on(event["id"])
        if work:
            actions.advance_due()
        return len(fresh)


@pytest.fixture
def post(stripe: StandIn) -> Post:
    """The postman, with nothing delivered yet."""
    return Post(stripe=stripe, seen=set())


def own_account(slug: str, *, profile: str = "literal", trial_days: int = 0) -> BillingAccount:
    """A fresh account that a tenant of the cast has for itself; its trial is over unless days are given."""
    with public_schema():
        tenant = Tenant.objects.select_related("chain").get(slug=slug)
        TenantBillingOverride.objects.filter(tenant=tenant).delete()
        account = actions.open_account(
            by=Actor.system("tests"), chain=tenant.chain, tenant=tenant, name=f"{tenant.name}账户", email="pay@example.test",
            trial_days=trial_days, profile=profile,
        )  # fmt: skip
        account.refresh_from_db()
        return account


@pytest.fixture
def account(data: None, stripe: StandIn) -> BillingAccount:
    """smile pays for itself, in the literal profile, with the price list published."""
    actions.sync_catalogue()
    return own_account("smile")


def tenant_of(slug: str) -> TenantContext:
    """The tenant as it stands now (its billing state included)."""
    directory.forget()  # inside a test's transaction nothing is committed, so nothing says that it changed
    found = context_for(slug=slug)
    assert found is not None
    return found


def fresh(account: BillingAccount) -> BillingAccount:
    """The account as it stands now."""
    with public_schema():
        return BillingAccount.objects.get(pk=account.pk)


def simple_order(slug: str = "smile", *, sites: int = 2, plan: str = "clinic", **seats: int) -> Order:
    """An order of sites and seats for one tenant."""
    parts = {"site": sites} | {f"seat:{key}": number for key, number in seats.items()}
    return Order(plan=plan, interval="month", quantities={slug: parts})


def subscribe(
    stripe: StandIn,
    post: Post,
    account: BillingAccount,
    order: Order,
    *,
    slug: str = "smile",
    card: str = "pm_card_visa",
) -> None:
    """Choose, go to the checkout page, press "pay", and let the events arrive."""
    with activate(tenant_of(slug)):
        address = actions.start_checkout(by=ADMIN, order=order, return_url=f"http://{slug}.localhost/billing/")
    status, location, text = stripe.press(address, card=card, act="pay")
    assert status == 303, text
    assert location.startswith(f"http://{slug}.localhost/billing/?checkout=done")
    post.deliver(fresh(account).stripe_customer)


def outcomes() -> list[str]:
    """What became of the stored events, in the order of arrival."""
    with public_schema():
        return list(WebhookEvent.objects.order_by("id").values_list("outcome", flat=True))


def after(account: BillingAccount, days: float) -> datetime:
    """So many days after the account was missed to be paid."""
    since = fresh(account).past_due_since
    assert since is not None
    return since + timedelta(days=days)
