"""Courtesy calls: a superior gives the list, agents call, every result is kept (TC-031)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.followup.machine import MACHINE
from services.followup.models import FollowUp
from services.patients.models import Patient
from services.patients.names import name_for
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task
from services.telephone.actions import log_call
from services.telephone.models import Call, CourtesyCall, CourtesyOrder, Outcome, Purpose

TASK = "telephone.courtesy"
CALLERS = ("phone_agent", "customer_service", "follow_up_caller")
# Who is about to be called by the protocol of a treatment is called by that alone (FU-010).
PROTOCOL_DAYS = 7
Result = CourtesyCall.Result


@action(permission="telephone.manage")
def order_calls(
    *, by: Actor, site: Site, occasion: str, patients: Iterable[Patient], due_on: date, words: str = ""
) -> CourtesyOrder:
    """Order that ``patients`` are called until ``due_on``; the callers of the site have the list in their inbox.

    Raises RuleRefused (``occasion_missing``, ``list_empty``, ``due_in_the_past``, ``called_by_protocol`` for patients whom
    the follow-up of a treatment calls in these days).
    """
    people = list({one.pk: one for one in patients}.values())
    if not occasion.strip():
        raise RuleRefused("occasion_missing", _("Say what the calls are for."), fields={"occasion": [_("Required")]})
    if not people:
        raise RuleRefused("list_empty", _("Choose whom to call."), fields={"numbers": [_("Required")]})
    if due_on < clock.today(site.timezone):
        sentence = _("Choose a later day.")
        raise RuleRefused("due_in_the_past", sentence, fields={"due_on": [sentence]})
    _refuse_protocol(by, people)
    order = CourtesyOrder.objects.create(
        site=site, occasion=occasion.strip()[:80], words=words.strip()[:300], due_on=due_on, ordered_at=clock.now(),
        ordered_by_id=by.user_id, ordered_by_name=by.name,
    )  # fmt: skip
    for person in people:
        CourtesyCall.objects.create(order=order, patient=person)
    due = max(clock.at_local(due_on, time(18, 0), site.timezone), clock.now() + timedelta(minutes=30))
    open_task(
        by=by,
        kind=TASK,
        key=str(order.code),
        room="telephone",
        title=gettext_noop("Courtesy calls: %(occasion)s"),
        detail=gettext_noop("%(count)s patients, ordered by %(name)s"),
        args={"occasion": order.occasion, "count": len(people), "name": by.name},
        icon="phone",
        due_at=due,
        roles=CALLERS,
        escalates_at=due,
        escalates_to=("service_supervisor", "supervisor"),
        site=site,
        url=("telephone:courtesy-order", str(order.code)),
        closed_in_inbox=False,
    )
    audit.record(by=by, verb="telephone.courtesy_ordered", target=order, site=site.code, patients=len(people))
    return order


@action(permission="telephone.log")
def note_result(*, by: Actor, site: Site, courtesy: CourtesyCall, result: str, summary: str = "") -> CourtesyCall:
    """Write down what a call of an order brought. Who was reached has the call in the log; who was not is tried again. The
    list is done when everybody has been reached or does not want such calls.

    Raises RuleRefused (``result_unknown``, ``summary_missing``), Conflict (``courtesy_done``).
    """
    if result not in Result.values:
        raise RuleRefused("result_unknown", _("Choose what the call brought."), fields={"result": [_("Required")]})
    row = (
        CourtesyCall.objects.select_for_update(of=("self",))
        .select_related("order__site", "patient")
        .get(pk=courtesy.pk)
    )
    if row.result not in ("", Result.UNREACHED):
        raise Conflict("courtesy_done", _("This patient was called already."))
    if result == Result.WISH and not summary.strip():
        raise RuleRefused("summary_missing", _("Write what it is about."), fields={"summary": [_("Required")]})
    row.tries += 1
    row.result, row.result_at, row.result_by_name = result, clock.now(), by.name
    if result != Result.UNREACHED:
        row.call = log_call(
            by=by, site=site, direction=Call.Direction.OUT, purpose=Purpose.GREETING, outcome=Outcome.ANSWERED,
            patient=row.patient, summary=summary.strip() or str(Result(result).label), courtesy=row,
        )  # fmt: skip
    row.bump({"tries", "result", "result_at", "result_by_name", "call"})
    audit.record(by=by, verb="telephone.courtesy_called", target=row, site=site.code, result=result)
    if not row.order.calls.filter(result__in=("", Result.UNREACHED)).exists():
        settle_task(by=by, kind=TASK, key=str(row.order.code), result="called")
    return row


def orders_at(actor: Actor, site: Site) -> QuerySet[CourtesyOrder]:
    """The orders of a site that ``actor`` may see, with how many there are and how many are done; one query."""
    rows = access.accessible(CourtesyOrder.objects.select_related("site"), actor, "telephone.view").filter(site=site)
    done = Q(calls__result__in=(Result.WELL, Result.WISH, Result.DECLINED))
    return rows.annotate(total=Count("calls"), done=Count("calls", filter=done)).order_by("-due_on", "-id")


def access_order(actor: Actor, code: UUID) -> CourtesyOrder:
    """The order behind a code from outside. Raises NotFound (``order_not_found``)."""
    rows = access.accessible(CourtesyOrder.objects.select_related("site"), actor, "telephone.view")
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("order_not_found", _("There is no such order."))
    return found


def access_courtesy(actor: Actor, code: UUID) -> CourtesyCall:
    """A call of an order behind a code from outside. Raises NotFound (``courtesy_not_found``)."""
    found = CourtesyCall.objects.select_related("order__site", "patient").filter(code=code).first()
    if found is None or not access.holds(actor, "telephone.view", site=found.order.site.code):
        raise NotFound("courtesy_not_found", _("There is no such call."))
    return found


def _refuse_protocol(by: Actor, people: list[Patient]) -> None:
    until = clock.today() + timedelta(days=PROTOCOL_DAYS)
    asked = FollowUp.objects.filter(plan__patient__in=people, state__in=MACHINE.open, due_on__lte=until)
    called = set(asked.values_list("plan__patient", flat=True))
    if called:
        names = [name_for(by, one) for one in people if one.pk in called]
        sentence = _("The follow-up of their treatment calls these patients in the next days: %(names)s") % {
            "names": ", ".join(names[:5])
        }
        raise RuleRefused("called_by_protocol", sentence, fields={"numbers": [sentence]})
