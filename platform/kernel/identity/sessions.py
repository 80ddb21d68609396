"""Sessions in the tenant's schema, found by a hash of the cookie.

Whoever reads the table, or a backup of it, cannot sign in with what stands there. Lifetimes of sessions follow the
machine's clock, not ``kernel.clock``: moving the clock of a demo through a day must neither sign everybody out nor keep
a session alive that nobody uses.
"""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from kernel.identity.models import Session

TENANT = "tenant"
EPOCH = "epoch"
SIGNED_IN = "signed_in_at"
SEEN = "seen_at"
DEVICE = "device"
DESK = "desk"
DESK_LOCK = "desk_lock_seconds"
SECOND_FACTOR = "second_factor"
CONFIRMED = "confirmed_at"
CONFIRMED_BY_PIN = "confirmed_by_pin_at"
CONFIRMED_BY_SECOND = "confirmed_by_second_factor_at"


# How often a session in use is written again; at a desk that locks within a minute more often.
SEEN_EVERY_SECONDS = 60
SEEN_AT_DESK_EVERY_SECONDS = 5


def row_key(session_key: str) -> str:
    """What the table knows a session by."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def session_code(key: str) -> UUID:
    """The name of a session that its owner may see; derived, so that every save keeps it."""
    return UUID(bytes=hashlib.sha256(b"code:" + key.encode()).digest()[:16], version=5)


class SessionStore(DatabaseStore):
    """Django's database store with hashed keys and with the owner of each session on its row."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(session_key=row_key(self.session_key or ""), expire_date__gt=_now()).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=row_key(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        values = {
            "session_data": self.encode(data),
            "expire_date": self.get_expiry_date(),
            "user_id": data.get(SESSION_KEY),
            "desk_id": data.get(DESK),
            "device": data.get(DEVICE, ""),
            "signed_in_at": _moment(data.get(SIGNED_IN)),
            "seen_at": _moment(data.get(SEEN)),
        }
        key = row_key(self._get_or_create_session_key())  # type: ignore[attr-defined]
        return Session(session_key=key, code=session_code(key), **values)

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """When the row may go: the idle time after it was last seen, and never later than the absolute end."""
        if kwargs or SIGNED_IN not in self:
            return super().get_expiry_date(**kwargs)
        idle = self[SEEN] + settings.SESSION_IDLE_MINUTES * 60 + SEEN_EVERY_SECONDS
        absolute = self[SIGNED_IN] + settings.SESSION_ABSOLUTE_HOURS * 3600
        return datetime.fromtimestamp(min(idle, absolute), UTC)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=row_key(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=_now()).delete()


def machine_seconds() -> int:
    """The machine's clock in whole seconds: the time of sessions, codes and limits."""
    return int(time.time())


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


BROWSERS = (
    ("Edg/", "Edge"),
    ("MicroMessenger", "WeChat"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_label(user_agent: str) -> str:
    """A short name of browser and system for the list of one's own sessions; "" for an unknown program."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)
