"""Time passes: trials end, periods renew, drafts are finalised, charges are retried, invoices become overdue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stripe_server import checkout, invoicing, subscriptions
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import new_id, refused, whole

INCOMPLETE_SECONDS = 23 * 3_600
STEPS_AT_MOST = 2_000
Step = tuple[int, Callable[[], Any]]


def catch_up(shop: Shop, until: int, clock: str | None) -> int:
    """Do what fell due up to ``until`` for the objects of one test clock (None: of the server's time), in order."""
    done = 0
    while done < STEPS_AT_MOST:
        steps = [step for step in _steps(shop, clock) if step[0] <= until]
        if not steps:
            return done
        moment, work = min(steps, key=lambda step: step[0])
        with shop.moments.at(max(moment, 1)):
            work()
        done += 1
    return done


def _steps(shop: Shop, clock: str | None) -> list[Step]:
    steps: list[Step] = []
    for sub in shop.store.every("subscription", test_clock=clock):
        if sub["status"] in ("active", "past_due", "unpaid", "trialing", "incomplete"):
            steps += _of_subscription(shop, sub)
    for invoice in shop.store.every("invoice", test_clock=clock):
        if invoice["status"] in ("draft", "open"):
            steps += _of_invoice(shop, invoice)
    if clock is None:
        for session in shop.store.every("checkout.session", status="open"):
            steps.append((session["expires_at"], lambda row=session: checkout.expire(shop, row["id"])))
    return steps


def _of_subscription(shop: Shop, sub: Row) -> list[Step]:
    end = subscriptions.period_of(sub)[1]
    if sub["status"] == "incomplete":
        return [(sub["created"] + INCOMPLETE_SECONDS, lambda: _expire(shop, sub["id"]))]
    if sub["cancel_at_period_end"] or (sub["cancel_at"] and sub["cancel_at"] <= end):
        return [
            (
                min(sub["cancel_at"] or end, end),
                lambda: subscriptions.end(shop, _again(shop, sub), "cancellation_requested"),
            )
        ]
    if sub["status"] == "trialing":
        steps: list[Step] = [(sub["trial_end"], lambda: subscriptions.start_after_trial(shop, _again(shop, sub)))]
        if not sub.get("_warned"):
            steps.append((sub["trial_end"] - 3 * 86_400, lambda: _warn(shop, sub)))
        return steps
    return [(end, lambda: subscriptions.renew(shop, _again(shop, sub)))]


def _again(shop: Shop, sub: Row) -> Row:
    return shop.store.get("subscription", sub["id"])


def _warn(shop: Shop, sub: Row) -> None:
    row = shop.store.put(_again(shop, sub) | {"_warned": True})
    shop.emit("customer.subscription.trial_will_end", row)


def _expire(shop: Shop, identifier: str) -> None:
    before = shop.store.get("subscription", identifier)
    sub = shop.store.put(before | {"status": "incomplete_expired", "ended_at": shop.now(before)})
    for invoice in shop.store.every("invoice", _subscription=identifier, status="open"):
        shop.store.put(invoice | {"status": "void"})
    shop.emit("customer.subscription.updated", sub, before)


def _of_invoice(shop: Shop, invoice: Row) -> list[Step]:
    identifier = invoice["id"]
    if invoice["status"] == "draft":
        if not invoice["auto_advance"]:
            return []
        return [(invoice["automatically_finalizes_at"], lambda: _finalize(shop, invoice))]
    steps: list[Step] = []
    if (
        invoice["collection_method"] == "charge_automatically"
        and invoice["next_payment_attempt"]
        and invoice["auto_advance"]
    ):
        steps.append((invoice["next_payment_attempt"], lambda: invoicing.attempt(shop, identifier)))
    if invoice["due_date"] and not invoice.get("_overdue"):
        steps.append((invoice["due_date"], lambda: _overdue(shop, identifier)))
    return steps


def _finalize(shop: Shop, invoice: Row) -> None:
    if invoice["collection_method"] == "send_invoice":
        invoicing.send(shop, invoice["id"])
    else:
        invoicing.finalize(shop, invoice["id"])


def _overdue(shop: Shop, identifier: str) -> None:
    """A sent invoice passed its due date: the subscription it is the latest of becomes past due."""
    invoice = shop.store.put(shop.store.get("invoice", identifier) | {"_overdue": True})
    shop.emit("invoice.overdue", invoice)
    sub = shop.store.find(invoice["_subscription"]) if invoice["_subscription"] else None
    if sub and sub["latest_invoice"] == identifier and sub["status"] == "active":
        row = shop.store.put(sub | {"status": "past_due"})
        shop.emit("customer.subscription.updated", row, sub)


def create_clock(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/test_helpers/test_clocks."""
    frozen = whole(params, "frozen_time")
    if frozen is None:
        raise refused("Missing required param: frozen_time.", "frozen_time", "parameter_missing")
    return shop.store.put(
        {
            "id": new_id("clock"),
            "object": "test_helpers.test_clock",
            "created": shop.now(),
            "deletes_after": shop.now() + 30 * 86_400,
            "frozen_time": frozen,
            "livemode": False,
            "name": params.get("name"),
            "status": "ready",
            "status_details": {},
        }
    )


def advance_clock(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/test_helpers/test_clocks/{id}/advance; done when the answer arrives (Stripe takes a while)."""
    clock = shop.store.get("test_helpers.test_clock", identifier)
    target = whole(params, "frozen_time") or 0
    if target <= clock["frozen_time"]:
        raise refused("The test clock can only be advanced forward.", "frozen_time")
    catch_up(shop, target, identifier)
    shop.store.put(clock | {"frozen_time": target})
    shop.emit("test_helpers.test_clock.ready", clock | {"frozen_time": target})
    return clock | {"frozen_time": target, "status": "advancing"}


def delete_clock(shop: Shop, identifier: str) -> Row:
    """DELETE: the clock and what lived in it."""
    shop.store.get("test_helpers.test_clock", identifier)
    for kind in ("customer", "subscription", "invoice", "invoiceitem"):
        for row in shop.store.every(kind, test_clock=identifier):
            shop.store.remove(row["id"])
    shop.store.remove(identifier)
    return {"id": identifier, "object": "test_helpers.test_clock", "deleted": True}
