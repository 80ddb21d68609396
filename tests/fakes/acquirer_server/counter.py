"""What the acquirer does: orders by payer code, queries, reversals, refunds, and the bill of a day.

The last two digits of a payer code say how the payer behaves: ``00`` declined, ``01`` types a password (paid at the second
query), ``02`` captured while the answer is lost, ``03`` never answers, ``04`` captured, and every query fails as well; any
other pays at once.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Row = dict[str, Any]
FEE_BASIS_POINTS = 60
WECHAT, ALIPAY = range(10, 16), range(25, 31)
COLUMNS = (
    "kind", "out_trade_no", "out_refund_no", "transaction_id", "channel", "amount_fen", "fee_fen", "finished_at",
)  # fmt: skip


class Refused(Exception):
    """A call that is answered with an error code, as an acquirer does."""

    def __init__(self, code: str, status: int = 200) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class Lost(Exception):
    """The work is done; the caller never hears of it."""


class Counter:
    """Orders and refunds in one SQLite file; one call at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.file = sqlite3.connect(folder / "acquirer.sqlite3", check_same_thread=False, isolation_level=None)
        self.file.execute("PRAGMA journal_mode=WAL")
        self.file.execute("CREATE TABLE IF NOT EXISTS rows (kind TEXT, no TEXT, body TEXT, PRIMARY KEY (kind, no))")
        # Days of bills that are given out with a fault: {"no", "delta_fen"} or {"no", "drop": true} or {"add": {…}}.
        self.faults: list[Row] = []
        self.slow_refunds = False

    def get(self, kind: str, no: str) -> Row | None:
        found = self.file.execute("SELECT body FROM rows WHERE kind = ? AND no = ?", (kind, no)).fetchone()
        return json.loads(found[0]) if found else None

    def put(self, kind: str, no: str, row: Row) -> Row:
        self.file.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", (kind, no, json.dumps(row)))
        return row

    def every(self, kind: str) -> list[Row]:
        rows = self.file.execute("SELECT body FROM rows WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def pay(self, merchant: str, said: Row, now: str) -> Row:
        """Take money from the payer's code, once per ``out_trade_no``."""
        no, code, amount = said["out_trade_no"], str(said["payer_code"]), int(said["amount_fen"])
        known = self.get("order", no)
        if known is not None:
            if (known["merchant"], known["amount_fen"]) != (merchant, amount):
                raise Refused("OUT_TRADE_NO_USED")
            return _public(known)
        if not code.isdigit() or not 16 <= len(code) <= 24 or int(code[:2]) not in (*WECHAT, *ALIPAY):
            raise Refused("AUTH_CODE_INVALID")
        channel = "wechat_pay" if int(code[:2]) in WECHAT else "alipay"
        if channel != said["channel"]:
            raise Refused("AUTH_CODE_INVALID")
        manner = code[-2:]
        if manner == "00":
            raise Refused("NOTENOUGH")
        row = {
            "merchant": merchant, "out_trade_no": no, "amount_fen": amount, "channel": channel, "manner": manner,
            "transaction_id": f"42{no[:26]}", "state": "USERPAYING" if manner in ("01", "03") else "SUCCESS",
            "queries": 0, "refunded_fen": 0, "finished_at": now,
        }  # fmt: skip
        self.put("order", no, row)
        if manner in ("02", "04"):
            raise Lost
        return _public(row)

    def query(self, merchant: str, no: str, now: str) -> Row:
        """What became of an order."""
        row = self._order(merchant, no)
        if row["manner"] == "04":
            raise Lost
        row["queries"] += 1
        if row["state"] == "USERPAYING" and row["manner"] == "01" and row["queries"] >= 2:
            row |= {"state": "SUCCESS", "finished_at": now}
        self.put("order", no, row)
        return _public(row)

    def reverse(self, merchant: str, no: str, now: str) -> Row:
        """Close an order that was not paid; give back the money of one that was."""
        row = self.get("order", no)
        if row is None:
            # It may still arrive: then it finds itself closed.
            row = {
                "merchant": merchant, "out_trade_no": no, "amount_fen": 0, "channel": "", "manner": "", "queries": 0,
                "transaction_id": "", "state": "REVOKED", "refunded_fen": 0, "finished_at": now,
            }  # fmt: skip
        elif row["merchant"] != merchant:
            raise Refused("ORDERNOTEXIST")
        elif row["refunded_fen"]:
            raise Refused("REVERSE_AFTER_REFUND")
        row["state"] = "REVOKED"
        return _public(self.put("order", no, row))

    def refund(self, merchant: str, said: Row, now: str) -> Row:
        """Give back part of an order, once per ``out_refund_no``; never more than was paid."""
        known = self.get("refund", said["out_refund_no"])
        if known is None:
            row, amount = self._order(merchant, said["out_trade_no"]), int(said["amount_fen"])
            if row["state"] != "SUCCESS" or row["refunded_fen"] + amount > row["amount_fen"]:
                raise Refused("REFUND_TOO_MUCH")
            row["refunded_fen"] += amount
            self.put("order", said["out_trade_no"], row)
            known = {
                "merchant": merchant, "out_trade_no": row["out_trade_no"], "out_refund_no": said["out_refund_no"],
                "transaction_id": row["transaction_id"], "channel": row["channel"], "amount_fen": amount,
                "state": "PROCESSING", "finished_at": now,
            }  # fmt: skip
        if known["state"] == "PROCESSING" and not self.slow_refunds:
            known |= {"state": "SUCCESS", "finished_at": now}
        return _public(self.put("refund", said["out_refund_no"], known))

    def bill(self, merchant: str, day: str) -> str:
        """The bill of a day of the merchant's own time, as CSV; what was reversed is not on it."""
        lines = []
        for row in self.every("order"):
            if row["state"] == "SUCCESS" and row["merchant"] == merchant and row["finished_at"].startswith(day):
                lines.append({**row, "kind": "pay", "out_refund_no": "", "fee_fen": fee(row["amount_fen"])})
        for row in self.every("refund"):
            if row["state"] == "SUCCESS" and row["merchant"] == merchant and row["finished_at"].startswith(day):
                lines.append({**row, "kind": "refund", "fee_fen": -fee(row["amount_fen"])})
        for fault in self.faults:
            found = [one for one in lines if fault.get("no") in (one["out_trade_no"], one["out_refund_no"])]
            for one in found:
                one["amount_fen"] += fault.get("delta_fen", 0)
                if fault.get("drop"):
                    lines.remove(one)
            if "add" in fault:
                lines.append({"finished_at": f"{day}T12:00:00", "fee_fen": 0, "out_refund_no": "", **fault["add"]})
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        return text.getvalue()

    def _order(self, merchant: str, no: str) -> Row:
        row = self.get("order", no)
        if row is None or row["merchant"] != merchant:
            raise Refused("ORDERNOTEXIST")
        return row


def fee(amount_fen: int) -> int:
    """What the acquirer keeps of a payment, rounded half up."""
    return (amount_fen * FEE_BASIS_POINTS + 5_000) // 10_000


def _public(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in ("manner", "queries", "merchant")}
