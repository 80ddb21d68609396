"""Loading the demo, and playing what has happened since: each tenant in a process of its own."""

from __future__ import annotations

import fcntl
import gc
import json
import logging
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import caches
from django.db import connection, connections, transaction
from django.utils import timezone

from config.demo import sheet
from config.demo.building import build_house, is_built
from config.demo.cast import GROUPS, HOUSES, Group, House
from config.demo.engine import Timeline, settle
from config.demo.pace import PACE, Pace
from config.demo.standing import proper_moment
from config.preloading import preload
from kernel import clock, tenancy, timers
from kernel.context import Actor
from kernel.timers.models import DAILY_PREFIX, WAITING, Timer
from tenants.selectors import context_for

log = structlog.get_logger(__name__)

Say = Callable[[str], None]
# Where a child tells how far it is.
_news: SimpleQueue[str] | None = None
BY = Actor.system("demo")
# Playing on never lets anybody wait longer than this for a moved clock, in real seconds.
SPEND_SECONDS = 20.0
# Who comes back sooner finds everything as it was left: longer than the last morning's scene needs (``clinic.SCENE``).
SHORTEST_GAP = timedelta(minutes=27)
# Who was away longer finds the days before as they were.
LONGEST_GAP = timedelta(days=6)
# What went by in real time while a first history was loaded is played as well.
CATCH_UP = timedelta(minutes=1)
ROSTER_AHEAD_DAYS = 35
TELL_SECONDS = 10.0
# Daily work that finds nothing to do while a history is written; figures are measured at the end (``_measure``).
CLEARING_UP = (
    "identity.purge",
    "timers.prune",
    "api.purge_idempotency",
    "outbox.prune",
    "kpis.measure_recent",
    "importing.forget",
)
# The desk plans the days that are played with everything by itself (``frame.open_day``); the others need no lists.
PLANNED_BY_HAND = ("shift.plan",)
# What looks every day for papers, stock, cases and alarms, of which there are none before the days that are played with
# everything.
OF_WHOLE_DAYS = (
    "confidentiality.remind",
    "treatment_area.old_sheets",
    "treatment_area.assistance",
    "guest_care.unled",
    "headquarters.reach_houses",
    "dental.models_due",
    "inventory.morning",
    "equipment.plans",
    "payments.bills",
    "prepaid.compare",
    "complaints.open_reviews",
)
# The largest houses first, so that both processes are busy until the end.
WEIGHTS = ("smile", "derma", "willow", "lumen", "peiban", "heron")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One tenant's share: build it ``founded`` unless it is there, and play until ``until``."""

    slug: str
    founded: datetime
    since: datetime | None
    until: datetime
    deadline: float | None
    pace: Pace


def seed(*, only: Sequence[str] | None = None, workers: int = 2, say: Say = print, pace: Pace = PACE) -> dict[str, Any]:
    """Build what is missing of the demo, play every tenant up to the present moment, and write ``demo.json``.

    ``workers`` 0 does everything in this process. The clock is set where there is work to see (``standing``).
    Returns figures: tenants, visits, bookings, seconds.
    """
    began = time.monotonic()
    with _alone():
        state = _state()
        until = _stand(state)
        founded = _founded(until, pace)
        slugs = [slug for slug in _order() if not only or slug in only]
        known = all(is_built(HOUSES[slug]) for slug in slugs)
        deadline = time.monotonic() + SPEND_SECONDS * 3 if known else None
        ends = {slug: _end(until, _since(slug, state)) for slug in slugs}
        jobs = [
            Job(slug=slug, founded=founded, since=_since(slug, state), until=ends[slug], deadline=deadline, pace=pace)
            for slug in slugs
        ]
        zone = timezone.get_default_timezone()
        say(f"The demo plays until {clock.local(until, zone):%Y-%m-%d %H:%M} ({len(jobs)} tenants)")
        # Headquarters first: branches tell them their figures.
        early = [job for job in jobs if not _has_days(HOUSES[job.slug])]
        figures = [*_run(early, workers, say), *_run([job for job in jobs if job not in early], workers, say)]
        _open_accounts()
        if not known and clock.offset():
            # Loading has taken minutes, and nobody has seen the moved clock yet: it stands where the history ends.
            clock.set_to(until)
        state |= {one["slug"]: ends[one["slug"]].isoformat() for one in figures if "error" not in one}
        _state_file().write_text(json.dumps(state))
        sheet.write()
    if not known and clock.now() - until > CATCH_UP:
        advance(clock.now(), workers=workers)
    failed = {one["slug"]: one["error"] for one in figures if "error" in one}
    if failed:
        from tenants.management.commands._base import NotDone

        raise NotDone(f"the demo of {', '.join(failed)} could not be loaded", failed=failed)
    return {
        "tenants": len(jobs),
        "visits": sum(one.get("visits", 0) for one in figures),
        "bookings": sum(one.get("bookings", 0) for one in figures),
        "orders": sum(one.get("orders", 0) for one in figures),
        "until": until.isoformat(),
        "seconds": round(time.monotonic() - began, 1),
        "file": str(sheet.demo_file()),
    }


def follow_clock(move: clock.Move) -> dict[str, Any] | None:
    """The clock was moved on purpose: play what lies between, in at most ``SPEND_SECONDS``. Backwards plays nothing."""
    state = _state()
    if not state:
        return None
    return advance(move.after)


def advance(to: datetime, *, workers: int = 2) -> dict[str, Any]:
    """Play every loaded tenant from where it was played last until ``to`` (aware)."""
    with _alone():
        state = _state()
        deadline = time.monotonic() + SPEND_SECONDS
        jobs = [
            Job(slug=slug, founded=to, since=since, until=to, deadline=deadline, pace=PACE)
            for slug in _order()
            if slug in state and (since := _since(slug, state)) is not None and since < to
        ]
        figures = list(_run(jobs, workers, lambda line: None))
        state |= {one["slug"]: to.isoformat() for one in figures if "error" not in one}
        _state_file().write_text(json.dumps(state))
    return {"tenants": len(jobs), "visits": sum(one.get("visits", 0) for one in figures)}


# --- one tenant -------------------------------------------------------------------------------------------------------


def play_tenant(job: Job) -> dict[str, Any]:
    """Build and play one tenant in this process; returns its figures, or its ``error``."""
    began = time.monotonic()
    house = HOUSES[job.slug]
    try:
        built = not is_built(house)
        if built:
            with clock.frozen(job.founded):
                build_house(house, group=_group_of(house), roster_weeks=_weeks(job) if house.places else 0)
        tenant = context_for(slug=job.slug)
        assert tenant is not None
        since = job.founded + timedelta(hours=24) if built else job.since
        with tenancy.activate(tenant):
            since, refused = since or _last_moment() or job.founded, {}
            if built and not _has_days(house):
                with clock.frozen(job.until):
                    settle()
            elif since < job.until and _has_days(house):
                refused = _play(job, max(since, job.until - LONGEST_GAP) if not built else since)
            figures = _figures()
    except Exception as error:  # one house that fails must not keep the others from loading; the caller tells
        log.error("demo_failed", tenant=job.slug, error=repr(error), exc_info=error)
        return {"slug": job.slug, "error": repr(error)}
    return {"slug": job.slug, **figures, "refused": refused, "seconds": round(time.monotonic() - began, 1)}


def _play(job: Job, since: datetime) -> dict[str, int]:
    from services.kpis.actions import measuring_later

    spend = max(1.0, job.deadline - time.monotonic()) if job.deadline is not None else None
    if _news is not None:
        _prepare_statements()
    with clock.frozen(since) as frozen, measuring_later():
        timeline = Timeline(frozen, job.until, spend=spend, tell=Progress(job, since))
        _leave_out(*CLEARING_UP, *PLANNED_BY_HAND)
        _shorten_sparse_days(timeline, job.pace)
        _simulator(timeline, job.pace).plan()
        timeline.play()
        settle()
        refused = dict(timeline.refused)
        _measure(clock.local(since).date(), clock.local(job.until).date())
        settle()
        timers.ensure_daily()
    return refused


def _prepare_statements() -> None:
    """The same many hundred statements come thousands of times: let the server plan each of them once."""
    connection.close()
    connection.settings_dict["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 3}
    connection.ensure_connection()
    # The driver keeps a hundred, fewer than one visit has: each would be planned anew as soon as it came again.
    connection.connection.prepared_max = 2_000


class Progress:
    """Tells whoever waits, every few seconds, which day a tenant has reached."""

    def __init__(self, job: Job, since: datetime) -> None:
        self._job, self._since = job, since
        self._next = time.monotonic() + TELL_SECONDS

    def __call__(self, moment: datetime) -> None:
        """The stretch stands at ``moment``."""
        if _news is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + TELL_SECONDS
        share = (moment - self._since) / (self._job.until - self._since)
        _news.put(f"    {self._job.slug}: {clock.local(moment):%Y-%m-%d} ({share:.0%})")


def _shorten_sparse_days(timeline: Timeline, pace: Pace) -> None:
    """Where a stretch begins with days that are played without lists and registers, what works on these rests until the
    last of them is over."""
    zone = timezone.get_default_timezone()
    kept_from = pace.kept_from(clock.local(timeline.now, zone).date(), clock.local(timeline.until, zone).date())
    begins = clock.day_bounds(kept_from, zone)[0]
    if begins <= timeline.now:
        return
    _leave_out(*OF_WHOLE_DAYS)
    timeline.at(begins, partial(_take_up, *CLEARING_UP, *PLANNED_BY_HAND))


def _take_up(*rested: str) -> None:
    """All daily work is planned again, but for what rests through the whole stretch (``rested``)."""
    timers.ensure_daily()
    _leave_out(*rested)


def _leave_out(*names: str) -> None:
    """Let daily work rest. Nothing of a history that is written now is old enough to be thrown away, and days are planned
    by who plays them; ``ensure_daily`` plans it again."""
    kinds = [DAILY_PREFIX + name for name in names]
    with transaction.atomic():
        for kind, key in Timer.objects.filter(kind__in=kinds, state__in=WAITING).values_list("kind", "key"):
            timers.cancel(kind, key)


def _simulator(timeline: Timeline, pace: Pace) -> Any:
    if "escort" in tenancy.current().verticals:
        from config.demo.agency import Agency

        return Agency(timeline, pace)
    from config.demo.clinic import Clinic

    return Clinic(timeline, pace)


def _measure(first: date, last: date) -> None:
    """Measure every day of the stretch on which something happened, and let headquarters know."""
    from services.appointments.models import Appointment
    from services.kpis.actions import measure
    from services.sites.models import Site

    for site in Site.objects.order_by("id"):
        days = {
            clock.local(moment, site.timezone).date()
            for moment in Appointment.objects.filter(site=site).values_list("starts_at", flat=True)
        } | _order_days(site)
        for day in sorted(day for day in days if first <= day <= last):
            with transaction.atomic():
                measure(site, day)


def _order_days(site: Any) -> set[date]:
    if "escort" not in tenancy.current().verticals:
        return set()
    from escort.models import Order

    moments = Order.objects.filter(site=site).values_list("created_at", "starts_at", "ended_at")
    return {clock.local(moment, site.timezone).date() for row in moments for moment in row if moment is not None}


def _figures() -> dict[str, int]:
    from services.appointments.models import Appointment
    from services.reception.models import Visit

    found = {"visits": Visit.objects.count(), "bookings": Appointment.objects.count()}
    if "escort" in tenancy.current().verticals:
        from escort.models import Order

        found["orders"] = Order.objects.count()
    return found


def _last_moment() -> datetime | None:
    """Until when a tenant was used: the moment of its last event."""
    from kernel.outbox.models import OutboxEvent

    last = OutboxEvent.objects.order_by("-id").first()
    return last.occurred_at if last is not None else None


# --- all of them ------------------------------------------------------------------------------------------------------


def _run(jobs: Sequence[Job], workers: int, say: Say) -> Iterator[dict[str, Any]]:
    def told(figures: dict[str, Any]) -> dict[str, Any]:
        if "error" in figures:
            say(f"  {figures['slug']}: failed: {figures['error']}")
        else:
            what = ", ".join(
                f"{figures[name]} {name}" for name in ("visits", "bookings", "orders") if figures.get(name)
            )
            refused = f", refused: {figures['refused']}" if figures["refused"] else ""
            say(f"  {figures['slug']}: {what or 'ready'} ({figures['seconds']} s{refused})")
        return figures

    if workers < 1:
        yield from (told(play_tenant(job)) for job in jobs)
        return
    if not jobs:
        return
    # A child inherits the loaded product, but no open connection.
    preload()
    connections.close_all()
    caches.close_all()
    fork = multiprocessing.get_context("fork")
    news = fork.SimpleQueue()
    with fork.Pool(min(workers, len(jobs)), _begin_child, (news,), maxtasksperchild=1) as pool:
        playing = pool.imap_unordered(play_tenant, jobs)
        for _job in jobs:
            yield told(_next(playing, news, say))


def _next(playing: Any, news: SimpleQueue[str], say: Say) -> dict[str, Any]:
    """The figures of whoever is ready next; meanwhile what the others tell is said."""
    while True:
        try:
            figures: dict[str, Any] = playing.next(timeout=1.0)
            return figures
        except multiprocessing.TimeoutError:
            while not news.empty():
                say(news.get())


def _begin_child(news: SimpleQueue[str]) -> None:
    global _news
    _news = news
    # Thousands of steps: only what goes wrong is worth a line.
    logging.disable(logging.INFO)
    # A history is many small rows; looking through all of them for circles again and again finds none.
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()
    # Nobody waits for these events outside: each stretch delivers its own.
    settings.OUTBOX_WAKE = "config.demo.loading.wake_nobody"


def wake_nobody(tenant: tenancy.TenantContext) -> None:
    """What a loading process does instead of waking the worker."""


def _open_accounts() -> None:
    """Both chains have a billing account; its trial begins when the demo is loaded."""
    from tenants.billing.actions import open_account
    from tenants.directory import public_schema
    from tenants.models import Chain

    for group in GROUPS:
        with public_schema():
            chain = Chain.objects.filter(name=group.name).first()
        if chain is not None:
            open_account(
                by=BY, chain=chain, name=group.name, email=f"billing@{group.houses[0].slug}.example", profile=group.profile,
                time_zone=settings.TIME_ZONE,
            )  # fmt: skip


def _group_of(house: House) -> Group:
    return next((group for group in GROUPS if house in group.houses), Group("Lianzhen", "default"))


def _has_days(house: House) -> bool:
    return bool(house.places)


def _order() -> list[str]:
    return sorted(HOUSES, key=lambda slug: WEIGHTS.index(slug) if slug in WEIGHTS else len(WEIGHTS))


def _weeks(job: Job) -> int:
    return ((job.until - job.founded).days + ROSTER_AHEAD_DAYS) // 7 + 2


def _founded(until: datetime, pace: Pace) -> datetime:
    zone = timezone.get_default_timezone()
    day = clock.local(until, zone).date() - timedelta(days=pace.history_days + 1)
    # A Monday: the roster's first week is planned whole, and copied.
    day -= timedelta(days=day.weekday())
    return clock.at_local(day, datetime.min.time().replace(hour=7), zone)


def _end(until: datetime, since: datetime | None) -> datetime:
    return since if since is not None and since <= until < since + SHORTEST_GAP else until


def _since(slug: str, state: dict[str, str]) -> datetime | None:
    return datetime.fromisoformat(state[slug]) if slug in state else None


def _stand(state: dict[str, str]) -> datetime:
    """Let the clock stand where the demo shall be, and return the moment."""
    present, played = clock.now(), max((datetime.fromisoformat(one) for one in state.values()), default=None)
    wanted = proper_moment(present=present, real=present - clock.offset(), played=played)
    if wanted == present:
        return present
    if wanted == present - clock.offset():
        clock.real()
    else:
        clock.set_to(wanted)
    return wanted


def _state_file() -> Path:
    return sheet.demo_file().with_name("demo-state.json")


def _state() -> dict[str, str]:
    """Until when each tenant was played; only what belongs to this database counts."""
    try:
        found = json.loads(_state_file().read_text())
    except (OSError, ValueError):
        return {}
    return {slug: moment for slug, moment in found.items() if slug in HOUSES and context_for(slug=slug) is not None}


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time plays the demo."""
    path = _state_file().with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
