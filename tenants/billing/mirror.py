"""Copying what Stripe says into the mirror, so that any order of its events ends in the same rows (PL-003).

Each mirrored object remembers the moment of the newest event applied to it. An event from before that moment is
ignored. One from after it brings its own snapshot, unless something else of the account happened later still: then,
and where two events carry the same second, the order says nothing and the object is read again at Stripe. What Stripe
does not know any more is decided by rank, which is at least the same for everybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel import clock
from tenants.billing import catalogue, gateway
from tenants.billing.models import BillingAccount, Collection, InvoiceMirror, PublishedPrice, Subscription, WebhookEvent
from tenants.billing.periods import from_stripe, moment_of

Row = dict[str, Any]
Outcome = WebhookEvent.Outcome

SUBSCRIPTION_RANK = (
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "unpaid",
    "paused",
    "canceled",
)
INVOICE_RANK = ("draft", "open", "uncollectible", "void", "paid")
PAID_EVENTS = ("invoice.paid", "invoice.payment_succeeded")
CARD_EVENTS = ("customer.updated", "payment_method.attached", "payment_method.detached", "payment_method.updated")


def concerns(kind: str) -> bool:
    """Is there anything to do for an event of this type?"""
    return (
        (kind.startswith(("customer.subscription.", "invoice.")) and not kind.startswith("invoice.upcoming"))
        or kind == "checkout.session.completed"
        or kind in CARD_EVENTS
    )  # fmt: skip


def account_of(event: Row) -> BillingAccount | None:
    """The account an event is about: by its customer, its subscription, or the code we gave to Stripe."""
    row = event["data"]["object"]
    customer = row["id"] if row.get("object") == "customer" else row.get("customer")
    if isinstance(customer, dict):
        customer = customer.get("id")
    if customer:
        found = BillingAccount.objects.filter(stripe_customer=customer).first()
        if found:
            return found
    subscription = row["id"] if row.get("object") == "subscription" else _subscription_of(row)
    if subscription:
        mirrored = Subscription.objects.select_related("account").filter(stripe_id=subscription).first()
        if mirrored:
            return mirrored.account
    return None


def reread(account: BillingAccount, event: Row) -> Row:
    """Read at Stripe what the event alone does not tell: ``{"subscription": …, "invoice": …, "card": …}``.

    Called before the lock is taken; ``apply`` decides under the lock what of it counts.
    """
    kind, row = event["type"], event["data"]["object"]
    if kind in CARD_EVENTS:
        return {"card": gateway.payment_method(str(account.stripe_customer))} if account.stripe_customer else {}
    if kind == "checkout.session.completed":
        return {"subscription": gateway.subscription(row["subscription"])} if row.get("subscription") else {}
    happened = _moment(event)
    if kind.startswith("customer.subscription."):
        known = Subscription.objects.filter(stripe_id=row["id"]).first()
        if known and happened < known.stamp:
            return {}
        if (known and happened == known.stamp) or happened < newest(account):
            return {"subscription": gateway.subscription(row["id"])}
        return {}
    known_invoice = InvoiceMirror.objects.filter(stripe_id=row["id"]).first()
    if known_invoice and happened < known_invoice.stamp:
        return {}
    found: Row = {}
    if kind == "invoice.payment_failed" or kind in PAID_EVENTS or (known_invoice and happened == known_invoice.stamp):
        # A failure's reason stands in no event; and a payment may or may not have healed the subscription.
        found["invoice"] = gateway.invoice(row["id"])
    subscription = _subscription_of(row)
    if kind in PAID_EVENTS and subscription:
        found["subscription"] = gateway.subscription(subscription)
    return found


def newest(account: BillingAccount) -> datetime:
    """The moment of the newest event applied to any object of the account."""
    stamps = list(InvoiceMirror.objects.filter(account=account).order_by("-stamp").values_list("stamp", flat=True)[:1])
    stamps += Subscription.objects.filter(account=account).values_list("stamp", flat=True)
    return max(stamps, default=datetime.min.replace(tzinfo=clock.now().tzinfo))


def apply(account: BillingAccount, event: Row, fresh: Row) -> str:
    """Write one event into the mirror. The caller holds the account's lock. Returns the outcome."""
    kind, row, happened = event["type"], event["data"]["object"], _moment(event)
    if "card" in fresh:
        account.payment_method = fresh["card"]
        account.save(update_fields=["payment_method"])
        return Outcome.APPLIED
    if kind in CARD_EVENTS:
        return Outcome.UNKNOWN_TYPE
    if kind == "checkout.session.completed":
        if fresh.get("subscription"):
            keep_subscription(account, fresh["subscription"], happened)
        return Outcome.APPLIED
    if kind.startswith("customer.subscription."):
        return _apply_subscription(account, row, fresh.get("subscription"), happened)
    outcome = _apply_invoice(account, kind, row, fresh.get("invoice"), happened)
    if fresh.get("subscription"):
        keep_subscription(account, fresh["subscription"], happened)
    return outcome


def _apply_subscription(account: BillingAccount, row: Row, fresh: Row | None, happened: datetime) -> str:
    known = Subscription.objects.filter(account=account).first()
    if known and known.stripe_id == row["id"]:
        if happened < known.stamp:
            return Outcome.OLDER
        if fresh:
            keep_subscription(account, fresh, happened)
            return Outcome.REREAD
        if happened == known.stamp and _rank(SUBSCRIPTION_RANK, row["status"]) < _rank(SUBSCRIPTION_RANK, known.status):
            return Outcome.OLDER
    elif (
        known
        and known.status not in ("canceled", "incomplete_expired")
        and row["status"] in ("canceled", "incomplete_expired")
    ):
        return Outcome.OLDER  # a farewell of a subscription that was replaced long ago
    keep_subscription(account, fresh or row, happened)
    return Outcome.REREAD if fresh else Outcome.APPLIED


def keep_subscription(account: BillingAccount, row: Row, happened: datetime) -> Subscription:
    """Write a subscription as Stripe describes it. The moment of the mirror never goes back."""
    known = Subscription.objects.filter(account=account).first()
    same = known if known and known.stripe_id == row["id"] else None
    rows = (row.get("items") or {}).get("data")
    items = [_item(item) for item in rows] if rows else (same.items if same else [])
    _remember_prices(items)
    parts = [part for item in items if (part := catalogue.by_lookup_key(item["lookup_key"]))]
    plan = next((part.plan for part in parts if part.plan), None) or (same.plan if same else "")
    first = rows[0] if rows else {}
    ends = row.get("cancel_at")
    if row.get("cancel_at_period_end") and not ends:
        ends = first.get("current_period_end")
    stamp = max(happened, same.stamp) if same else happened
    start = from_stripe(first.get("current_period_start")) or (same.period_start if same else None)
    end = from_stripe(first.get("current_period_end")) or (same.period_end if same else None)
    found, _made = Subscription.objects.update_or_create(
        account=account,
        defaults={
            "stripe_id": row["id"],
            "status": row["status"],
            "plan": plan,
            "interval": parts[0].interval if parts else (same.interval if same else "month"),
            "items": items,
            "period_start": start,
            "period_end": end,
            "trial_end": from_stripe(row.get("trial_end")),
            "cancel_at": from_stripe(ends),
            "stamp": stamp,
        },
    )
    account.collection = row.get("collection_method") or Collection.AUTOMATIC
    if found.status == "trialing":
        account.trial_ends_at = found.trial_end
    account.save(update_fields=["collection", "trial_ends_at"])
    return found


def _item(item: Row) -> Row:
    price = item["price"]
    return {
        "id": item["id"],
        "lookup_key": price.get("lookup_key") or "",
        "price": price["id"],
        "quantity": item.get("quantity"),
    }


def _remember_prices(items: list[Row]) -> None:
    PublishedPrice.objects.bulk_create(
        [
            PublishedPrice(stripe_id=item["price"], lookup_key=item["lookup_key"])
            for item in items
            if item["lookup_key"]
        ],
        ignore_conflicts=True,
    )


def _apply_invoice(account: BillingAccount, kind: str, row: Row, fresh: Row | None, happened: datetime) -> str:
    known = InvoiceMirror.objects.filter(stripe_id=row["id"]).first()
    failed = happened if kind == "invoice.payment_failed" else None
    if known and failed and (known.failed_at is None or failed < known.failed_at):
        # The first failure begins the grace, whenever the word of it arrives.
        known.failed_at = failed
        known.save(update_fields=["failed_at"])
    if known and happened < known.stamp:
        return Outcome.OLDER
    row = {"status": "paid" if kind in PAID_EVENTS else "open"} | row
    tied = bool(known and happened == known.stamp)
    chosen = fresh if fresh and tied else row
    if tied and not fresh and known and _rank(INVOICE_RANK, _status(row)) < _rank(INVOICE_RANK, known.status):
        return Outcome.OLDER
    keep_invoice(account, chosen, happened, failed_at=failed, failure=failure_of(fresh or {}))
    return Outcome.REREAD if tied and fresh else Outcome.APPLIED


def keep_invoice(
    account: BillingAccount, row: Row, happened: datetime, *, failed_at: datetime | None = None, failure: str = ""
) -> InvoiceMirror | None:
    """Write an invoice as Stripe describes it; drafts are not kept."""
    known = InvoiceMirror.objects.filter(stripe_id=row["id"]).first()
    status = _status(row)
    if status == "draft" and known is None:
        return None
    total = row.get("total", row.get("amount_due", 0)) or 0
    transitions = row.get("status_transitions") or {}
    issued = transitions.get("finalized_at") or row.get("effective_at") or row.get("created")
    found, _made = InvoiceMirror.objects.update_or_create(
        stripe_id=row["id"],
        defaults={
            "account": account,
            "subscription_id_at_stripe": _subscription_of(row) or (known.subscription_id_at_stripe if known else ""),
            "number": row.get("number") or "",
            "status": status,
            "reason": row.get("billing_reason") or "",
            "collection": row.get("collection_method") or Collection.AUTOMATIC,
            "total_fen": total,
            "paid_fen": row.get("amount_paid") or 0,
            "remaining_fen": row.get("amount_remaining", 0 if status == "paid" else row.get("amount_due", total)) or 0,
            "lines": [_line(line) for line in (row.get("lines") or {}).get("data", [])]
            or (known.lines if known else []),
            "issued_at": from_stripe(issued) or happened,
            "due_at": from_stripe(row.get("due_date")),
            "paid_at": from_stripe(transitions.get("paid_at")),
            "attempts": row.get("attempt_count") or 0,
            "next_attempt_at": from_stripe(row.get("next_payment_attempt")),
            "failed_at": (known.failed_at if known else None) or failed_at,
            "failure": failure or (known.failure if known else ""),
            "hosted_url": row.get("hosted_invoice_url") or "",
            "pdf_url": row.get("invoice_pdf") or "",
            "stamp": max(happened, known.stamp) if known else happened,
        },
    )
    return found


def failure_of(row: Row) -> str:
    """Why the last charge failed, as the bank's code; empty where it did not or nobody knows."""
    for payment in ((row.get("payments") or {}).get("data") or [])[::-1]:
        intent = (payment.get("payment") or {}).get("payment_intent")
        if isinstance(intent, dict) and intent.get("last_payment_error"):
            error = intent["last_payment_error"]
            return str(error.get("decline_code") or error.get("code") or "")
    return ""


def line_of(line: Row) -> Row:
    """What is kept of an invoice line: enough to explain it."""
    return _line(line)


def _line(line: Row) -> Row:
    pricing = line.get("pricing") or {}
    details = (line.get("parent") or {}).get("subscription_item_details") or {}
    return {
        "text": line.get("description") or "",
        "price": (pricing.get("price_details") or {}).get("price") or "",
        "unit_fen": pricing.get("unit_amount_decimal"),
        "quantity": line.get("quantity"),
        "amount_fen": line["amount"],
        "start": line["period"]["start"],
        "end": line["period"]["end"],
        "proration": bool(details.get("proration")),
        "item": bool(details) and not details.get("invoice_item"),
    }


def _subscription_of(row: Row) -> str:
    details = (row.get("parent") or {}).get("subscription_details") or {}
    found = details.get("subscription") or row.get("subscription") or ""
    return found["id"] if isinstance(found, dict) else str(found)


def _status(row: Row) -> str:
    return row.get("status") or "open"


def _rank(order: tuple[str, ...], status: str) -> int:
    return order.index(status) if status in order else len(order)


def _moment(event: Row) -> datetime:
    return moment_of(event["created"])
