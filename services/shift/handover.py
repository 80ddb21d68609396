"""Handing over a shift and closing the day: gathered, passed on with reasons, signed by two, worked to closure (GV-013)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.calendars import NeverOpen, next_opening_day_after
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, RuleRefused
from services.policy import gates
from services.shift.desk import needed
from services.shift.leftovers import Leftover, gathered
from services.shift.machines import DAY, DISCREPANCY, HANDOVER
from services.shift.models import Broadcast, Discrepancy, HandOver, ItemEntry, PassedOn, SiteDay, Visitor
from services.shift.posts import accompanied_by
from services.sites.models import Site
from services.sites.selectors import open_spans, weekly_hours
from services.staff.selectors import staff_of
from services.tasks.actions import open_task, settle_task

CLOSED = "shift.closed"
RECEIVE, PASSED, ISSUE = "shift.receive", "shift.passed_on", "shift.discrepancy"
LEADS = ("supervisor", "duty_superior", "clinic_director", "head_nurse")
TAKE_OVER = ("front_desk", "cashier", "guide", "nurse", "assistant")


@action(permission="shift.hand_over")
def begin_hand_over(*, by: Actor, site: Site, day: SiteDay, kind: str = HandOver.Kind.CLOSE) -> HandOver:
    """Begin a hand-over, or come back to the one that is being prepared at the site.

    Raises RuleRefused (``kind_unknown``), Conflict (``day_closed``).
    """
    if kind not in HandOver.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose change of shift or close of the day."))
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    day = SiteDay.objects.get(pk=day.pk)
    if day.state == "closed":
        raise Conflict("day_closed", _("This day is closed."))
    draft = HandOver.objects.filter(site=site, state="draft").first()
    if draft is not None:
        if (draft.day_id, draft.kind) != (day.pk, kind):
            draft.day, draft.kind = day, HandOver.Kind(kind)
            draft.bump({"day", "kind"})
        return draft
    return HandOver.objects.create(site=site, day=day, kind=kind, begun_at=clock.now(), begun_by_name=by.name)


@action(permission="shift.hand_over")
def pass_on(*, by: Actor, site: Site, handover: HandOver, source: str, reason: str) -> PassedOn:
    """What stays open of ``source`` goes to the shift lead, for this reason (GV-036, ledger 17 "Close"). It covers what
    is open now; what comes up later needs a reason of its own.

    Raises RuleRefused (``reason_missing``, ``money_is_cured``), Conflict (``nothing_open``, ``handover_signed``).
    """
    handover = _locked(handover)
    _refuse_signed(handover)
    reason = needed(reason, "reason", _("Say why it stays open."), 300)
    open_now = next((one for one in gathered(site, handover.day.day) if one.source == source), None)
    if open_now is None:
        raise Conflict("nothing_open", _("Nothing of this is open any more."))
    if open_now.money:
        raise RuleRefused(
            "money_is_cured",
            _("This is not passed on. It has to be put right."),
            cures=(_cure(open_now),),
            source=source,
        )
    row = PassedOn.objects.create(
        handover=handover,
        source=source,
        title=open_now.title[:200],
        keys=list(open_now.keys),
        reason=reason,
        at=clock.now(),
        by_name=by.name,
    )
    audit.record(
        by=by, verb="shift.passed_on", target=handover, site=site.code, source=source, count=len(open_now.keys)
    )
    return row


@action(permission="shift.hand_over")
def sign_hand_over(
    *, by: Actor, site: Site, handover: HandOver, cash_fen: int | None = None, remark: str = ""
) -> HandOver:
    """The outgoing signature. At the close of the day money must not be open, which nobody overrides, and everything else
    is cured or passed on; the site is closed by it. A change of shift is signed with what is open (GV-013, GV-036).

    Whoever accompanies somebody in the cashier area signs after they are out (GV-017).

    Raises Forbidden (``person_needed``), Conflict (``accompanies_somebody``, ``money_open``, ``leftovers_open``,
    ``invalid_transition``).
    """
    if by.user_id is None:
        raise Forbidden("person_needed", _("A signature needs a person."))
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    handover = _locked(handover)
    signer = staff_of(by)
    if signer is not None and accompanied_by(signer):
        raise Conflict(
            "accompanies_somebody", _("Somebody is in the cashier area with you. Note that they are out first.")
        )
    day = SiteDay.objects.select_for_update(of=("self",)).select_related("site").get(pk=handover.day_id)
    found = gathered(site, day.day, passed=handover.passed_on.all())
    closes = handover.kind == HandOver.Kind.CLOSE
    if closes and handover.state == "draft":
        _refuse_open(by, handover, found)
    snapshot = [{"source": one.source, "title": one.title, "count": len(one.keys), "money": one.money} for one in found]
    handover.figures = _figures(handover)
    handover.bump({"figures"})
    HANDOVER.move(handover, "given", by=by, cash_fen=cash_fen, remark=remark.strip()[:1000], snapshot=snapshot)
    if closes:
        DAY.move(day, "closed", by=by)
        _tell(handover, "shift.closed")
    _ask_to_receive(by, handover)
    if handover.passed_on.exists():
        _ask_lead(by, handover)
    return handover


@action(permission="shift.receive")
def receive_hand_over(*, by: Actor, site: Site, handover: HandOver) -> HandOver:
    """The incoming signature, by another person than who handed over (GV-013).

    Raises Forbidden (``person_needed``, ``own_hand_over``), Conflict (``invalid_transition``).
    """
    if by.user_id is None:
        raise Forbidden("person_needed", _("A signature needs a person."))
    handover = _locked(handover)
    if handover.given_by_id == by.user_id:
        raise Forbidden("own_hand_over", _("You handed it over yourself; a colleague takes it over."))
    HANDOVER.move(handover, "received", by=by)
    settle_task(by=by, kind=RECEIVE, key=str(handover.code), result="received")
    return handover


@action(permission="shift.receive")
def report_discrepancy(*, by: Actor, site: Site, handover: HandOver, words: str) -> Discrepancy:
    """Something does not agree: an issue that the leads work to its end (GV-013).

    Raises RuleRefused (``words_missing``), Conflict (``not_handed_over``).
    """
    if handover.state == "draft":
        raise Conflict("not_handed_over", _("This hand-over has not been signed yet."))
    issue = Discrepancy.objects.create(
        site=site,
        handover=handover,
        words=needed(words, "words", _("Write what does not agree."), 1000),
        at=clock.now(),
        by_name=by.name,
    )
    audit.record(by=by, verb="shift.discrepancy_reported", target=issue, site=site.code)
    open_task(
        by=by,
        kind=ISSUE,
        key=str(issue.code),
        room="shift",
        title=gettext_noop("A hand-over does not agree: find out why"),
        detail=gettext_noop("Reported at %(reported_at)s"),
        args={"reported_at": issue.at},
        icon="warn",
        due_at=issue.at,
        roles=LEADS,
        site=site,
        url=("shift:discrepancy", str(issue.code)),
        closed_in_inbox=False,
    )
    return issue


@action(permission="shift.resolve")
def resolve_discrepancy(*, by: Actor, site: Site, discrepancy: Discrepancy, resolution: str) -> Discrepancy:
    """What was found and done; the issue is closed. Raises RuleRefused (``resolution_missing``), Conflict
    (``invalid_transition``)."""
    resolution = needed(resolution, "resolution", _("Write what was found and done."), 1000)
    DISCREPANCY.move(discrepancy, "resolved", by=by, resolution=resolution)
    settle_task(by=by, kind=ISSUE, key=str(discrepancy.code), result="resolved")
    return discrepancy


def _refuse_open(by: Actor, handover: HandOver, found: list[Leftover]) -> None:
    money = [one for one in found if one.money]
    gates.check(
        CLOSED,
        by=by,
        subject=handover,
        ok=not money,
        message=_("Money is open. It has to be put right before the day is closed."),
        cures=tuple(_cure(one) for one in money),
        code="money_open",
        refusal=Conflict,
        sources=[one.source for one in money],
    )
    unreasoned = [one for one in found if one.blocks]
    if unreasoned:
        raise Conflict(
            "leftovers_open",
            ngettext(
                "One line is open: settle it, or pass it on to the shift lead with the reason.",
                "%(n)s lines are open: settle them, or pass them on to the shift lead with the reason.",
                len(unreasoned),
            )
            % {"n": len(unreasoned)},
            cures=tuple(_cure(one) for one in unreasoned[:3]),
            sources=[one.source for one in unreasoned],
        )


def _cure(one: Leftover) -> Cure:
    return Cure(one.cure, url=one.path or None)


def _figures(handover: HandOver) -> dict[str, int]:
    """The registers since the hand-over before, or since the day began."""
    before = HandOver.objects.filter(site=handover.site, given_at__isnull=False).order_by("-given_at").first()
    since = before.given_at if before is not None and before.given_at else handover.day.planned_at
    items = ItemEntry.objects.filter(site=handover.site, at__gt=since)
    counted = {f"{kind}_{way}": items.filter(kind=kind, direction=way).count()
               for kind in ItemEntry.Kind.values for way in ItemEntry.Direction.values}  # fmt: skip
    return {
        **{name: count for name, count in counted.items() if count},
        "visitors": Visitor.objects.filter(site=handover.site, arrived_at__gt=since).count(),
        "broadcasts": Broadcast.objects.filter(site=handover.site, at__gt=since).count(),
    }


def _ask_to_receive(by: Actor, handover: HandOver) -> None:
    due = clock.now()
    if handover.kind == HandOver.Kind.CLOSE:
        due = _next_opening(handover)
    open_task(
        by=by,
        kind=RECEIVE,
        key=str(handover.code),
        room="shift",
        title=gettext_noop("Take over the shift of %(day_on)s and sign"),
        args={"day_on": handover.day.day},
        icon="sign",
        due_at=due,
        roles=TAKE_OVER,
        escalates_at=due,
        escalates_to=("supervisor", "clinic_director"),
        site=handover.site,
        url=("shift:handover", str(handover.code)),
        closed_in_inbox=False,
    )


def _ask_lead(by: Actor, handover: HandOver) -> None:
    open_task(
        by=by,
        kind=PASSED,
        key=str(handover.code),
        room="shift",
        title=gettext_noop("Look after what was passed on from %(day_on)s"),
        args={"day_on": handover.day.day},
        icon="clipboard",
        due_at=_next_opening(handover),
        roles=LEADS,
        site=handover.site,
        url=("shift:handover", str(handover.code)),
    )


def _next_opening(handover: HandOver) -> Any:
    """When the site opens next after the day of ``handover``; now, where it never does."""
    site = handover.site
    try:
        day = next_opening_day_after(weekly_hours(site), handover.day.day)
    except NeverOpen:
        return clock.now()
    return open_spans(site, day)[0][0]


def _locked(handover: HandOver) -> HandOver:
    rows = HandOver.objects.select_for_update(of=("self",)).select_related("site", "day")
    return rows.get(pk=handover.pk)


def _refuse_signed(handover: HandOver) -> None:
    if handover.state != "draft":
        raise Conflict("handover_signed", _("This hand-over is signed."), state=handover.state)


def _tell(handover: HandOver, event: str) -> None:
    payload = {"site": str(handover.site.code), "day": handover.day.day.isoformat(), "handover": str(handover.code)}
    outbox.emit(event, key=f"{event}:{handover.code}", payload=payload)
