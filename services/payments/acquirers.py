"""The port to the acquirer: what the room asks of it, and the client that speaks its signed HTTP interface.

``settings.ACQUIRER`` names the class. Whoever talks to it stands outside of any transaction: a line may take seconds, and rows
are not held meanwhile.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import requests
import structlog
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from kernel import clock

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 3
# The day of the acquirer, whatever zone a site lies in.
ITS_ZONE = ZoneInfo("Asia/Shanghai")


class Outcome(StrEnum):
    """What is known after a call. ``UNKNOWN``: the acquirer may or may not have done it. ``MISSING``: it knows of nothing."""

    PAID = "paid"
    PAYING = "paying"
    FAILED = "failed"
    UNKNOWN = "unknown"
    MISSING = "missing"
    REVERSED = "reversed"
    REFUNDED = "refunded"
    REFUNDING = "refunding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The acquirer's answer; ``error`` is its own code."""

    outcome: Outcome
    transaction_id: str = ""
    amount_fen: int = 0
    at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line of the acquirer's bill. ``number``: its transaction for a payment, our refund number for a refund. Fen."""

    what: str
    number: str
    tender: str
    amount_fen: int
    fee_fen: int


class Unreachable(Exception):
    """No answer, or none that can be trusted."""


class Acquirer(Protocol):
    """What an acquirer does. The same number twice takes or gives money once."""

    def pay(self, *, merchant: str, number: str, tender: str, amount_fen: int, payer_code: str) -> Answer:
        """Take money from the code that the payer shows."""

    def query(self, *, merchant: str, number: str) -> Answer:
        """What became of a payment."""

    def reverse(self, *, merchant: str, number: str) -> Answer:
        """Let a payment not have happened: closed, or given back in full."""

    def refund(self, *, merchant: str, number: str, refund_number: str, amount_fen: int) -> Answer:
        """Give back part of a payment; asked again it says how far that is."""

    def bill(self, *, merchant: str, day: date) -> list[BillLine]:
        """The bill of a day. Raises Unreachable."""


def acquirer() -> Acquirer | None:
    """The acquirer that the settings name; None where none is set up."""
    return import_string(settings.ACQUIRER)() if settings.ACQUIRER_URL else None


class HttpAcquirer:
    """Signed JSON over HTTP at ``ACQUIRER_URL``: HMAC-SHA256 with ``ACQUIRER_KEY`` over what is sent, and over each answer."""

    def pay(self, *, merchant: str, number: str, tender: str, amount_fen: int, payer_code: str) -> Answer:
        """Only an error that the acquirer itself states means that nothing was taken."""
        said = {"out_trade_no": number, "channel": tender, "amount_fen": amount_fen, "payer_code": payer_code}
        return self._state("POST", "/v1/pay", merchant, said, failing=True)

    def query(self, *, merchant: str, number: str) -> Answer:
        """Whatever goes wrong here leaves the payment where it is."""
        return self._state("GET", f"/v1/orders/{number}", merchant)

    def reverse(self, *, merchant: str, number: str) -> Answer:
        """Reversed only when the acquirer says so."""
        return self._state("POST", "/v1/reverse", merchant, {"out_trade_no": number})

    def refund(self, *, merchant: str, number: str, refund_number: str, amount_fen: int) -> Answer:
        """The states of a refund are called like those of a payment; here they mean money that went back."""
        said = {"out_trade_no": number, "out_refund_no": refund_number, "amount_fen": amount_fen}
        answer = self._state("POST", "/v1/refund", merchant, said, failing=True)
        names = {Outcome.PAID: Outcome.REFUNDED, Outcome.PAYING: Outcome.REFUNDING}
        return Answer(outcome=names.get(answer.outcome, answer.outcome), at=answer.at, error=answer.error)

    def bill(self, *, merchant: str, day: date) -> list[BillLine]:
        """The CSV of a day, line by line."""
        text = self._call("GET", f"/v1/bills/{day.isoformat()}", merchant)
        reader = csv.DictReader(io.StringIO(text))
        if not {"kind", "transaction_id", "amount_fen", "fee_fen"} <= set(reader.fieldnames or ()):
            # An error is no empty bill.
            raise Unreachable("the bill cannot be read")
        try:
            return [
                BillLine(
                    what=row["kind"],
                    number=row["transaction_id"] if row["kind"] == "pay" else row["out_refund_no"],
                    tender=row["channel"],
                    amount_fen=int(row["amount_fen"]),
                    fee_fen=int(row["fee_fen"]),
                )
                for row in reader
            ]
        except (KeyError, ValueError) as error:
            raise Unreachable("the bill cannot be read") from error

    def _state(
        self, method: str, path: str, merchant: str, said: dict[str, Any] | None = None, *, failing: bool = False
    ) -> Answer:
        try:
            row = json.loads(self._call(method, path, merchant, said))
            if error := str(row.get("error", "")):
                if error == "ORDERNOTEXIST" and not failing:
                    return Answer(outcome=Outcome.MISSING, error=error)
                uncertain = not failing or error in ("SYSTEMERROR", "OUT_TRADE_NO_USED")
                return Answer(outcome=Outcome.UNKNOWN if uncertain else Outcome.FAILED, error=error[:60])
            names = {
                "SUCCESS": Outcome.PAID,
                "USERPAYING": Outcome.PAYING,
                "PROCESSING": Outcome.PAYING,
                "REVOKED": Outcome.REVERSED,
            }
            return Answer(
                outcome=names.get(row["state"], Outcome.UNKNOWN),
                transaction_id=str(row.get("transaction_id", ""))[:64],
                amount_fen=int(row["amount_fen"]),
                at=datetime.fromisoformat(row["finished_at"]).replace(tzinfo=ITS_ZONE),
            )
        except (Unreachable, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("acquirer_unclear", path=path.rpartition("/")[0], error=str(error)[:200])
            return Answer(outcome=Outcome.UNKNOWN, error="no_answer")

    def _call(self, method: str, path: str, merchant: str, said: dict[str, Any] | None = None) -> str:
        """The text of an answer whose signature is right. Raises Unreachable, and RuntimeError inside a transaction."""
        if connection.in_atomic_block:
            raise RuntimeError("nobody waits for an acquirer while a transaction holds rows")
        body = json.dumps(said, separators=(",", ":")) if said is not None else ""
        stamp, nonce = f"{clock.local(clock.now(), ITS_ZONE):%Y-%m-%dT%H:%M:%S}", secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "X-Merchant": merchant,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": _signature(method, path, merchant, stamp, nonce, body),
        }
        try:
            answer = requests.request(
                method,
                settings.ACQUIRER_URL.rstrip("/") + path,
                data=body.encode(),
                headers=headers,
                timeout=(CONNECT_SECONDS, settings.ACQUIRER_READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unreachable(type(error).__name__) from error
        text = answer.content.decode("utf-8", "replace")
        if not hmac.compare_digest(_signature(nonce, text), answer.headers.get("X-Signature", "")):
            raise Unreachable("the answer is not signed by the acquirer")
        if answer.status_code >= 400:
            raise Unreachable(f"status {answer.status_code}")
        return text


def _signature(*parts: str) -> str:
    return hmac.new(settings.ACQUIRER_KEY.encode(), "\n".join((*parts, "")).encode(), hashlib.sha256).hexdigest()
