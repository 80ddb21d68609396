"""Writes about the day of a site: planned by the clock, ticked by people, opened."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from kernel import audit, clock, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, RuleRefused
from kernel.identity.models import User
from kernel.identity.selectors import holders_of
from services.policy import gates
from services.policy.actions import override_gate
from services.policy.models import OverrideRecord
from services.shift.lists import filled, newest_versions
from services.shift.machines import DAY, UNOPENED
from services.shift.models import Arrival, Checklist, Meeting, SiteDay, Tick
from services.sites.models import Site
from services.sites.selectors import open_spans
from services.staff.selectors import first_shift, on_duty
from services.tasks.actions import open_task

OPENED, BEFORE_OPENING = "shift.opened", "shift.before_opening"
DUTY = "shift.duty"
# Who does a duty where nobody holds its roles: whoever is at the desk, in a small site the nurses.
ANYBODY = ("front_desk", "guide", "nurse", "assistant")
LONGEST = 500


@action(permission=None, reason="the clock plans the day of every site that opens")
def plan_day(*, by: Actor, site: Site, day: date) -> SiteDay | None:
    """Plan the lists, duties and meeting of ``site`` on its local ``day`` (GV-004, GV-006, GV-008). Asked again, the
    planned day comes back as it is. None when the site is closed on that day."""
    found = SiteDay.objects.select_related("site").filter(site=site, day=day).first()
    if found is not None:
        return found
    spans = open_spans(site, day)
    if not spans:
        return None
    planned, created = SiteDay.objects.get_or_create(
        site=site, day=day, defaults={"opens_at": spans[0][0], "closes_at": spans[-1][1], "planned_at": clock.now()}
    )
    if created:
        _fill(by, planned)
        audit.record(by=by, verb="shift.day_planned", target=planned, site=site.code, day=day.isoformat())
    return planned


@action(permission="shift.open")
def prepare_today(*, by: Actor, site: Site) -> SiteDay:
    """Plan today at once, where the clock has not: a new site, an extra opening entered this morning.

    Raises RuleRefused (``site_closed_today``).
    """
    planned = plan_day(by=by, site=site, day=clock.today(site.timezone))
    if planned is None:
        raise RuleRefused("site_closed_today", _("The site is closed today. Enter the extra opening first."))
    return planned


@action(permission="shift.open")
def answer_item(*, by: Actor, site: Site, tick: Tick, result: str, reason: str = "") -> Tick:
    """Tick an item, or say why it is not done (GV-006, GV-007). An answer may be corrected until the list is closed: the
    opening list with the opening, the others with the close.

    Raises RuleRefused (``result_unknown``, ``reason_missing``), Conflict (``list_closed``).
    """
    day = SiteDay.objects.select_for_update(of=("self",)).select_related("site").get(pk=tick.day_id)
    if result not in Tick.Result.values:
        raise RuleRefused("result_unknown", _("Say whether it is done."), fields={"result": [_("Required")]})
    reason = reason.strip()[:LONGEST]
    if result == Tick.Result.NOT_DONE and not reason:
        raise RuleRefused("reason_missing", _("Say why it is not done."), fields={"reason": [_("Required")]})
    closed = day.state == "closed" or (tick.purpose == Checklist.Purpose.OPENING and day.state == "opened")
    if closed:
        raise Conflict("list_closed", _("This list is closed."), state=day.state)
    if day.state == "planned" and tick.purpose == Checklist.Purpose.OPENING:
        DAY.move(day, "in_progress", by=by)
    tick = Tick.objects.select_for_update().get(pk=tick.pk)
    tick.result, tick.reason = result, reason if result == Tick.Result.NOT_DONE else ""
    tick.at, tick.by_id, tick.by_name = clock.now(), by.user_id, by.name
    tick.bump({"result", "reason", "at", "by", "by_name"})
    audit.record(by=by, verb="shift.item_answered", target=tick, site=site.code, key=tick.key, result=result)
    return tick


@action(permission="shift.open")
def open_site(*, by: Actor, site: Site, day: SiteDay) -> SiteDay:
    """The site is opened: every mandatory item of the opening list is ticked or has its reason (GV-007).

    What is missing stops it, unless the gate was overridden; nobody's treatment ever waits for it. Raises Conflict
    (``opening_items_missing``, ``invalid_transition``).
    """
    day = SiteDay.objects.select_for_update(of=("self",)).select_related("site").get(pk=day.pk)
    override = _ask_to_open(by, day) if day.state in UNOPENED else None
    DAY.move(day, "opened", by=by, override=override)
    _tell(day, "shift.opened", late_minutes=max(0, _minutes(day.opens_at, clock.now())))
    return day


@action(permission="policy.override")
def override_opening(*, by: Actor, site: Site, day: SiteDay, reason: str) -> OverrideRecord:
    """Let the site open once although items are unanswered, for a reason (GV-007, ledger 17 G). Raises as
    ``override_gate`` does, and Conflict (``already_opened``)."""
    if day.state not in UNOPENED:
        raise Conflict("already_opened", _("The opening list is closed already."), state=day.state)
    return override_gate(by=by, gate=OPENED, subject=day, site=site, reason=reason)


@action(permission="shift.arrive")
def note_arrival(*, by: Actor, site: Site, day: SiteDay) -> Arrival:
    """Somebody reports that they are here, in uniform and ready (GV-006). Late against ``opening_prep_minutes`` before
    their shift is kept and told to whoever reckons attendance (GV-007). A second report is the first one.

    Raises Forbidden (``person_needed``), Conflict (``day_closed``).
    """
    if by.user_id is None:
        raise Forbidden("person_needed", _("Only a person arrives."))
    if day.state == "closed":
        raise Conflict("day_closed", _("This day is closed."))
    found = Arrival.objects.filter(day=day, user_id=by.user_id).first()
    if found is not None:
        return found
    now, due = clock.now(), _due_at(by, day)
    arrival, created = Arrival.objects.get_or_create(
        day=day,
        user_id=by.user_id,
        defaults={
            "site": site, "user_name": by.name, "at": now, "due_at": due, "late_minutes": max(0, _minutes(due, now)),
        },
    )  # fmt: skip
    if created:
        audit.record(by=by, verb="shift.arrived", target=arrival, site=site.code, late=arrival.late_minutes)
        outbox.emit(
            "shift.arrived",
            key=f"arrival:{arrival.code}",
            payload={
                "arrival": str(arrival.code), "site": str(site.code), "user": str(by.code), "day": day.day.isoformat(),
                "at": now.isoformat(), "due_at": due.isoformat(), "late_minutes": arrival.late_minutes,
            },
        )  # fmt: skip
    return arrival


def note_early_guest(*, by: Actor, day: SiteDay, at: datetime) -> None:
    """A guest was registered ``at`` a moment: before the site was opened nobody is held up, it is counted (GV-007)."""
    opened = day.opened_at is not None and day.opened_at <= at
    gates.check(BEFORE_OPENING, by=by, subject=day, ok=opened, message="")


def missing_items(day: SiteDay) -> int:
    """How many mandatory items of the opening list have no answer yet."""
    rows = Tick.objects.filter(day=day, purpose=Checklist.Purpose.OPENING, mandatory=True, result="")
    return rows.count()


def _ask_to_open(by: Actor, day: SiteDay) -> OverrideRecord | None:
    missing = missing_items(day)
    message = ngettext(
        "One item of the opening list has neither a tick nor a reason.",
        "%(n)s items of the opening list have neither a tick nor a reason.",
        missing,
    ) % {"n": missing}
    return gates.check(
        OPENED,
        by=by,
        subject=day,
        ok=missing == 0,
        message=message,
        cures=(Cure(_("Tick them, or say why they are not done")),),
        code="opening_items_missing",
        refusal=Conflict,
        missing=missing,
    )


def _fill(by: Actor, planned: SiteDay) -> None:
    """The items, duties and meeting of a new day."""
    site = planned.site
    ticks: list[Tick] = []
    rostered = [one.staff.user_id for one in on_duty(site, planned.day)]
    for version in newest_versions():
        purpose = version.checklist.purpose
        for item in version.items:
            if purpose == Checklist.Purpose.DUTIES:
                words = {"duty": filled(item["zh"], site), "duty_en": filled(item["en"], site)}
                _open_duty(by, planned, rostered, item["key"], words, item["due"], item["roles"])
                continue
            ticks.append(
                Tick(
                    site=site, day=planned, purpose=purpose, key=f"{version.checklist.key}.{item['key']}"[:80],
                    position=len(ticks), text_zh=filled(item["zh"], site)[:200],
                    text_en=filled(item["en"], site)[:200], mandatory=item["mandatory"],
                )
            )  # fmt: skip
    Tick.objects.bulk_create(ticks)
    at: time = parameters.value("morning_meeting_time", site=site)
    Meeting.objects.create(site=site, day=planned, planned_at=clock.at_local(planned.day, at, site.timezone))


def _open_duty(
    by: Actor, planned: SiteDay, rostered: list[int | None], key: str, words: dict[str, str], due: str, roles: list[str]
) -> None:
    """A duty of the day as a task with its owner: who of the role is on duty first, else the role (GV-008)."""
    site = planned.site
    here = [user for role in roles for user in holders_of(role, site=site.code)]
    owner = next((user for pk in rostered for user in here if user.pk == pk), None)
    open_task(
        by=by,
        kind=DUTY,
        key=f"{site.code}:{planned.day.isoformat()}:{key}",
        room="shift",
        title=gettext_noop("Duty of the day: %(duty)s"),
        args=words,
        icon="clipboard",
        roles=tuple(roles) if here else ANYBODY,
        assignee=_account(owner),
        site=site,
        due_at=clock.at_local(planned.day, time.fromisoformat(due), site.timezone) if due else planned.closes_at,
        url=("shift:today",),
    )


def _account(user: User | None) -> User | None:
    return user if user is not None and user.is_active else None


def _due_at(by: Actor, day: SiteDay) -> datetime:
    """When ``by`` had to be ready: so many minutes before their first shift of the day, else before the opening."""
    first = first_shift(day.site, day.day, user_id=by.user_id)
    begins = first.starts_at if first is not None else day.opens_at
    return begins - timedelta(minutes=parameters.value("opening_prep_minutes", site=day.site))


def _minutes(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds()) // 60


def _tell(day: SiteDay, event: str, **more: int) -> None:
    payload = {"site": str(day.site.code), "day": day.day.isoformat(), "at": clock.now().isoformat(), **more}
    outbox.emit(event, key=f"{event}:{day.code}", payload=payload)
