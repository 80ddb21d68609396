"""An event as handlers see it, in the tenant that emitted it or at its headquarters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``key`` names the thing it happened to; ``source`` is the code of the emitting tenant.

    The same event may be delivered more than once; each handler's effects happen once all the same.
    """

    code: UUID
    type: str
    key: str
    payload: Mapping[str, Any]
    occurred_at: datetime
    request_id: str
    source: UUID

    def as_json(self) -> dict[str, Any]:
        """For the way to another process."""
        return {
            "code": str(self.code),
            "type": self.type,
            "key": self.key,
            "payload": dict(self.payload),
            "occurred_at": self.occurred_at.isoformat(),
            "request_id": self.request_id,
            "source": str(self.source),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """What ``as_json`` made. Raises KeyError and ValueError for anything else."""
        return cls(
            code=UUID(value["code"]),
            type=value["type"],
            key=value["key"],
            payload=value["payload"],
            occurred_at=datetime.fromisoformat(value["occurred_at"]),
            request_id=value["request_id"],
            source=UUID(value["source"]),
        )
