"""The beat: the process that looks every second for what is due.

The scan runs in the beat itself and not as a message each second: it does not wait behind other work, needs no broker
to find out that something is due, and leaves the queues empty while nothing is. A second beat, started for safety,
stands by: whoever holds the database's lock scans.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import Scheduler
from django.conf import settings
from django.db import close_old_connections, connection

from tenants import heartbeats, relay
from tenants.billing import deadlines
from tenants.billing.tasks import MARK, advance_billing
from tenants.directory import public_schema
from tenants.housekeeping import keep_house
from tenants.sending import send

log = structlog.get_logger(__name__)

# The worker is sent this often to keep the house, which also shows that it lives.
HOUSEKEEPING_SECONDS = 15.0
# After an error the database gets a moment.
PAUSE_SECONDS = 5.0


class Ticker:
    """Scans at most every ``TICK_SECONDS``, alone among all beats."""

    def __init__(self) -> None:
        self._next = 0.0
        self._keep_house_at = 0.0
        self._leads = False
        self._failing = False

    def tick(self) -> float:
        """Scan if it is time; returns the seconds until the next one. Never raises: the beat goes on."""
        wait = self._next - time.monotonic()
        if wait > 0:
            return wait
        pause = settings.TICK_SECONDS
        try:
            self._scan()
        except Exception as error:
            # Whatever it is, the beat of all tenants must not stop for it; a broken session is thrown away.
            connection.close()
            self._leads = False
            pause = PAUSE_SECONDS
            if not self._failing:
                log.error("tick_failed", error=type(error).__name__, exc_info=error)
            self._failing = True
        else:
            if self._failing:
                log.info("tick_back")
            self._failing = False
        self._next = time.monotonic() + pause
        return pause

    def _scan(self) -> None:
        with public_schema():
            if not self._leading():
                return
            woken = relay.scan()
            if deadlines.is_due():
                send(advance_billing, once=MARK)
        heartbeats.beat(heartbeats.TICK)
        if time.monotonic() >= self._keep_house_at:
            self._keep_house_at = time.monotonic() + HOUSEKEEPING_SECONDS
            send(keep_house, once="housekeeping", expires=HOUSEKEEPING_SECONDS)
        if woken:
            log.debug("tick", woken=woken)

    def _leading(self) -> bool:
        """Does this beat hold the lock? It belongs to the database session, so a reconnect asks for it again."""
        if connection.connection is None or not self._leads:
            close_old_connections()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(hashtext('tenants.beat'), 0)")
                leads = cursor.fetchone()[0]
            if leads and not self._leads:
                log.info("tick_leads")
            self._leads = leads
        return self._leads


class TickScheduler(Scheduler):
    """Celery's beat with the tick as its only entry; no file and no table of schedules."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ticker = Ticker()
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Nothing is sent by the calendar: what is due stands in the tenants' rows."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One turn of the beat; returns how long it may sleep."""
        return self._ticker.tick()
