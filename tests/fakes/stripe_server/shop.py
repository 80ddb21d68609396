"""What every part of the server shares: the store, the time, the events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stripe_server.moments import Moments
from stripe_server.store import Row, Store
from stripe_server.wire import API_VERSION, new_id


@dataclass(slots=True)
class Shop:
    """One account of the fake. ``request`` describes the API call being answered (for events)."""

    store: Store
    moments: Moments
    public_base: str
    request: dict[str, Any] = field(default_factory=lambda: {"id": None, "idempotency_key": None})
    after_final_attempt: str = (
        "past_due"  # what a subscription becomes after the last retry: past_due, unpaid, canceled
    )

    def now(self, row: Row | None = None) -> int:
        """Now, as the object sees it (its test clock), in seconds."""
        return self.moments.of(row)

    def emit(self, kind: str, row: Row, previous: Row | None = None) -> Row:
        """Record an event about ``row``; it is delivered after the request has succeeded.

        ``previous`` is the row before the change; the fields that differ become ``previous_attributes``.
        """
        data: dict[str, Any] = {"object": public(row)}
        if previous is not None:
            before, after = public(previous), data["object"]
            data["previous_attributes"] = {key: before.get(key) for key in after if before.get(key) != after.get(key)}
        return self.store.put(
            {
                "id": new_id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now(row),
                "data": data,
                "livemode": False,
                "pending_webhooks": 1,
                "request": dict(self.request),
                "type": kind,
            }
        )


def public(value: Any) -> Any:
    """The value without the server's own notes (keys that begin with an underscore)."""
    if isinstance(value, dict):
        return {key: public(child) for key, child in value.items() if not key.startswith("_")}
    if isinstance(value, list):
        return [public(child) for child in value]
    return value
