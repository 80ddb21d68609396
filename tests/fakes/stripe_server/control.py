"""``/_control``: what a test or the demo tells the server, JSON in and out. No part of Stripe."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from stripe_server import passing
from stripe_server.delivery import Courier
from stripe_server.shop import Shop, public
from stripe_server.wire import StripeFailure, refused


@dataclass(slots=True)
class Failures:
    """Answers to give instead of working: ``{"path": "/v1/invoices", "method": "POST", "times": 2, "status": 500}``.

    ``after`` = true does the work first and then loses the answer, as a broken line does.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, path: str) -> dict[str, Any] | None:
        """The failure planned for this call, counted down."""
        with self.lock:
            for row in self.rows:
                if path.startswith(row.get("path", "/")) and row.get("method", method) == method and row["times"] > 0:
                    row["times"] -= 1
                    return row
        return None


def failure_of(row: dict[str, Any]) -> StripeFailure:
    """The planned answer."""
    return StripeFailure(
        int(row.get("status", 500)),
        row.get("message", "An error on our side."),
        kind=row.get("type", "api_error"),
        code=row.get("code"),
    )


class Control:
    """The control calls."""

    def __init__(self, shop: Shop, courier: Courier, failures: Failures) -> None:
        self.shop = shop
        self.courier = courier
        self.failures = failures

    def call(self, method: str, path: str, data: dict[str, Any]) -> Any:
        """Answer ``/_control<path>``."""
        if method == "GET" and path in ("", "/"):
            return self.courier.state() | {"now": self.shop.moments.server(), "failures": self.failures.rows}
        if method == "GET" and path == "/deliveries":
            return self._deliveries()
        known = {
            "/webhooks": self._webhooks,
            "/deliver": self._deliver,
            "/flush": self._flush,
            "/failures": self._failures,
            "/clock": self._clock,
            "/tick": self._tick,
            "/retries": self._retries,
            "/reset": self._reset,
        }
        if method != "POST" or path not in known:
            raise refused(f"No such control: {method} {path}")
        return known[path](data)

    def _deliveries(self) -> list[dict[str, Any]]:
        with self.shop.store.lock:
            rows = self.shop.store.connection.execute(
                "SELECT id, event, attempt, state, status, detail FROM deliveries ORDER BY id"
            ).fetchall()
            return [
                dict(zip(("id", "event", "attempt", "state", "status", "detail"), row, strict=True))
                | {"type": (self.shop.store.find(row[1]) or {}).get("type")}
                for row in rows
            ]

    def _webhooks(self, data: dict[str, Any]) -> Any:
        for name, value in data.items():
            if not hasattr(self.courier.manners, name):
                raise refused(f"Unknown setting {name}")
            setattr(self.courier.manners, name, value)
        self.courier.wake.set()
        return self.courier.state()

    def _deliver(self, data: dict[str, Any]) -> Any:
        """Send named events now: ``{"events": [id, …], "times": 50, "parallel": true}``; answers the statuses."""
        jobs = [event for event in data["events"] for _ in range(int(data.get("times", 1)))]
        results: list[int | None] = [None] * len(jobs)

        def send(index: int) -> None:
            results[index] = self.courier.post(jobs[index])[0]

        if data.get("parallel"):
            threads = [threading.Thread(target=send, args=(index,)) for index in range(len(jobs))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        else:
            for index in range(len(jobs)):
                send(index)
        return {"statuses": results}

    def _flush(self, data: dict[str, Any]) -> Any:
        """Attempt everything that waits, now; ``{"drop": true}`` forgets it instead."""
        if data.get("drop"):
            with self.shop.store.lock:
                self.shop.store.connection.execute("UPDATE deliveries SET state = 'dropped' WHERE state = 'waiting'")
            return self.courier.state()
        return {"attempts": self.courier.send_due(everything=True)} | self.courier.state()

    def _failures(self, data: dict[str, Any]) -> Any:
        if data.get("clear"):
            self.failures.rows.clear()
        elif data:
            self.failures.rows.append({"times": 1} | data)
        return self.failures.rows

    def _clock(self, data: dict[str, Any]) -> Any:
        """Move the server's time: ``{"offset": seconds}``, ``{"advance": seconds}``; then catch up."""
        if "offset" in data:
            self.shop.moments.offset = float(data["offset"])
        if "advance" in data:
            self.shop.moments.offset += float(data["advance"])
        return self._tick({})

    def _tick(self, data: dict[str, Any]) -> Any:
        with self.shop.store.transaction():
            done = passing.catch_up(self.shop, self.shop.moments.server(), None)
        return {"now": self.shop.moments.server(), "done": done}

    def _retries(self, data: dict[str, Any]) -> Any:
        """What a subscription becomes after the last retry: past_due, unpaid or canceled."""
        self.shop.after_final_attempt = data["then"]
        return public(data)

    def _reset(self, data: dict[str, Any]) -> Any:
        self.shop.store.wipe()
        self.failures.rows.clear()
        return {}
