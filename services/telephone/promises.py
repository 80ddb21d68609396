"""Promises to customers: made with a due time, answered by who may, ended only when the customer was told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, calendars, clock, outbox, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.identity.models import User
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.tasks.actions import open_task, settle_task
from services.telephone import phrases
from services.telephone.callers import Caller, read_caller, require_full_name, require_phone
from services.telephone.machines import PROMISE
from services.telephone.models import Call, MessageSlip, Promise, Purpose

DUE = "telephone.promise_due"
# Two tasks of one promise: the answer of the superior, and telling the customer.
ANSWER, TELL = "telephone.answer", "telephone.tell"
# Both end with a call to the customer: they stand in the list of calls too (FU-019).
CALL_BACKS = (ANSWER, TELL)
SUPERIORS = ("supervisor", "service_supervisor", "duty_superior")
HIGHER = ("higher_supervisor", "clinic_director", "department_head")
DIRECTORS, DEANS = ("clinic_director",), ("dean",)
DESK = ("phone_agent", "customer_service", "front_desk")
# Moves what follows from the capture itself: it needs no word of its own.
ENGINE = Actor.system("telephone")
TO_SUPERIOR = (Promise.Kind.QUESTION, Promise.Kind.REQUEST)


@action(permission="telephone.log")
def make_promise(
    *,
    by: Actor,
    site: Site,
    kind: str,
    matter: str,
    customer_name: str = "",
    phone: str = "",
    reachable: str = "",
    alternative: str = "",
    due_at: datetime | None = None,
    patient: Patient | None = None,
    call: Call | None = None,
) -> Promise:
    """Write down what a customer may count on (TC-011, TC-012, TC-013, TC-016).

    A question and a request beyond authority go to the superior at once and are due after ``callback_due_hours`` open
    hours of the site, those of a complaint to the director; a commitment stays with ``by`` and is due at ``due_at``. The supervisor sees a late one.

    Raises RuleRefused (``full_name_missing``, ``phone_missing``, ``phone_invalid``, ``reachable_missing``,
    ``matter_missing``, ``alternative_missing``, ``due_missing``, ``due_in_the_past``, ``kind_unknown``).
    """
    if kind not in (*TO_SUPERIOR, Promise.Kind.COMMITMENT):
        raise RuleRefused("kind_unknown", _("Choose what is promised."), fields={"kind": [_("Required")]})
    caller = read_caller(name=customer_name, sex="", phone=phone, patient=patient)
    require_full_name(caller)
    require_phone(caller)
    _refuse_gaps(kind, matter=matter, reachable=reachable, alternative=alternative)
    now = clock.now()
    if kind == Promise.Kind.COMMITMENT:
        due = _typed_due(due_at, now)
    else:
        due = call_back_by(site, now)
    promise = _capture(
        by, site, caller, kind=kind, matter=matter.strip(), due_at=due, owner=by, call=call,
        reachable=reachable.strip(), alternative=alternative.strip(),
    )  # fmt: skip
    if kind in TO_SUPERIOR:
        PROMISE.move(promise, "with_superior", by=ENGINE)
        _ask_superior(by, promise)
    else:
        _ask_to_tell(by, promise, gettext_noop("You promised %(subject)s something"))
    return promise


@action(permission=None, reason="the reply of who received a message is owed by who took it; both asked for their word")
def owe_reply(*, by: Actor, slip: MessageSlip, reply: str) -> Promise:
    """The caller of ``slip`` gets ``reply``: who took the message tells them, within ``callback_due_hours`` (TC-032)."""
    caller = Caller(slip.caller_name, slip.caller_sex, slip.phone, slip.patient)
    taker = slip.taken_by
    promise = _capture(
        by, slip.site, caller, kind=Promise.Kind.REPLY, matter=slip.matter, due_at=call_back_by(slip.site, clock.now()),
        owner=Actor(kind="user", name=slip.taken_by_name, user_id=taker.pk if taker else None), call=slip.call, slip=slip,
    )  # fmt: skip
    PROMISE.move(promise, "answer_ready", by=ENGINE, answer=reply, author=by)
    _ask_to_tell(by, promise, gettext_noop("Pass the reply on to %(subject)s"))
    return promise


@action(permission="telephone.answer")
def answer_promise(*, by: Actor, promise: Promise, answer: str) -> Promise:
    """The superior gives the agent the verified answer. The customer still waits: the agent is asked to tell them.

    Raises RuleRefused (``answer_missing``), Conflict (``invalid_transition``).
    """
    if not answer.strip():
        sentence = _("Write the answer.")
        raise RuleRefused("answer_missing", sentence, fields={"answer": [sentence]})
    PROMISE.move(promise, "answer_ready", by=by, answer=answer.strip())
    settle_task(by=by, kind=ANSWER, key=str(promise.code), result="answered")
    _ask_to_tell(by, promise, gettext_noop("Tell %(subject)s the answer"))
    phrases.nudge(by=by, subject=promise, texts=(answer,))
    return promise


@action(permission=None, reason="the state machine names who may, from where it stands: agent or superior")
def tell_customer(
    *, by: Actor, promise: Promise, customer_told: bool, how: str = Promise.How.PHONE, note: str = ""
) -> Promise:
    """The customer was told: only this ends a promise (TC-011). From the superior's desk it is the superior's personal
    answer, whose words are needed. In time it is kept, later it stays broken (TC-016).

    Raises RuleRefused (``customer_not_told``, ``answer_missing``, ``how_unknown``), Forbidden
    (``transition_forbidden``), Conflict (``invalid_transition``).
    """
    if how not in Promise.How.values:
        raise RuleRefused("how_unknown", _("Choose how the customer was told."), fields={"how": [_("Required")]})
    PROMISE.move(promise, "told", by=by, customer_told=customer_told, how=how, note=note.strip())
    timers.cancel(DUE, str(promise.code))
    for kind in (ANSWER, TELL):
        settle_task(by=by, kind=kind, key=str(promise.code), result="told")
    phrases.nudge(by=by, subject=promise, texts=(note,))
    _emit(
        "telephone.promise_kept" if promise.outcome == Promise.Outcome.FULFILLED else "telephone.promise_late", promise
    )
    return promise


@action(permission=None, reason="the clock breaks what nobody kept")
def break_promise(*, by: Actor, promise: Promise) -> Promise:
    """Its time has passed and the customer was not told: broken by who owes it, and visible from now on (TC-016)."""
    promise = Promise.objects.select_for_update(of=("self",)).select_related("site").get(pk=promise.pk)
    if not promise.is_open or promise.outcome or clock.now() < promise.due_at:
        return promise
    promise.outcome, promise.outcome_at = Promise.Outcome.BROKEN, promise.due_at
    promise.outcome_by_name = promise.owner_name
    promise.bump({"outcome", "outcome_at", "outcome_by_name"})
    audit.record(by=by, verb="telephone.promise_broken", target=promise, site=promise.site.code, kind=promise.kind)
    _emit("telephone.promise_broken", promise)
    return promise


def call_back_by(site: Site, start: datetime) -> datetime:
    """When a call-back promised at ``start`` is due: ``callback_due_hours`` hours in which the site is open, in UTC; the
    same number of hours by the clock for a site that never opens."""
    minutes = parameters.value("callback_due_hours", site=site) * 60
    day = clock.local(start, site.timezone).date()
    try:
        return calendars.add_business_minutes(start, minutes, weekly_hours(site, since=day), site.timezone)
    except calendars.NeverOpen:
        return start + timedelta(minutes=minutes)


def _capture(by: Actor, site: Site, caller: Caller, *, owner: Actor, due_at: datetime, **facts: Any) -> Promise:
    promise = Promise.objects.create(
        site=site,
        patient=caller.patient,
        customer_name=caller.name,
        phone=caller.phone,
        due_at=due_at,
        owner_id=owner.user_id,
        owner_name=owner.name,
        made_at=clock.now(),
        made_by_id=owner.user_id,
        made_by_name=owner.name,
        **facts,
    )
    timers.schedule(DUE, str(promise.code), due_at)
    audit.record(by=by, verb="telephone.promised", target=promise, site=site.code, kind=promise.kind)
    return promise


def _ask_superior(by: Actor, promise: Promise) -> None:
    question = promise.kind == Promise.Kind.QUESTION
    title = gettext_noop("Answer a question by phone") if question else gettext_noop("Decide on a request by phone")
    # What angers a caller goes to the director, not to the supervisor of those who may have caused it.
    complaint = promise.call is not None and promise.call.purpose == Purpose.COMPLAINT
    roles, higher = (DIRECTORS, DEANS) if complaint else (SUPERIORS, HIGHER)
    _open(by, promise, ANSWER, title, roles=roles, escalates_to=higher)


def _ask_to_tell(by: Actor, promise: Promise, title: str) -> None:
    if promise.patient is None:
        title = gettext_noop("Tell the customer what was promised")
    agent: User | None = promise.owner if promise.owner is not None and promise.owner.is_active else None
    _open(by, promise, TELL, title, roles=DESK, assignee=agent, escalates_to=SUPERIORS)


def _open(by: Actor, promise: Promise, kind: str, title: str, **who: Any) -> None:
    open_task(
        by=by,
        kind=kind,
        key=str(promise.code),
        room="telephone",
        title=title,
        detail=gettext_noop("Promised %(made_at)s"),
        args={"made_at": promise.made_at},
        subject=("patient", promise.patient.code) if promise.patient is not None else None,
        icon="phone",
        due_at=promise.due_at,
        site=promise.site,
        escalates_at=promise.due_at,
        group="promise",
        url=("telephone:promise", str(promise.code)),
        closed_in_inbox=False,
        **who,
    )


def _typed_due(due_at: datetime | None, now: datetime) -> datetime:
    if due_at is None:
        raise RuleRefused("due_missing", _("Say until when."), fields={"due_at": [_("Required")]})
    if due_at <= now:
        sentence = _("Choose a later time.")
        raise RuleRefused("due_in_the_past", sentence, fields={"due_at": [sentence]})
    return due_at


def _refuse_gaps(kind: str, *, matter: str, reachable: str, alternative: str) -> None:
    if not matter.strip():
        raise RuleRefused("matter_missing", _("Write what it is about."), fields={"summary": [_("Required")]})
    if kind in TO_SUPERIOR and not reachable.strip():
        sentence = _("Ask whether the customer can be reached at any time, and write it down.")
        raise RuleRefused("reachable_missing", sentence, fields={"reachable": [sentence]})
    if kind == Promise.Kind.REQUEST and not alternative.strip():
        sentence = _("Offer an alternative before you forward the request, and write it down.")
        raise RuleRefused("alternative_missing", sentence, fields={"alternative": [sentence]})


def _emit(event: str, promise: Promise) -> None:
    payload = {"promise": str(promise.code), "site": str(promise.site.code), "kind": promise.kind}
    outbox.emit(event, key=str(promise.code), payload=payload)
