"""What the clock and events do in an escort agency."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop as _

from escort.models import Companion, Order, Qualification
from escort.selectors import FEEDBACK, order_of
from escort.service import reopen_if_nobody_is_left
from kernel import clock, messaging
from kernel.context import Actor
from kernel.messaging.models import Message
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.confidentiality.models import Agreement
from services.followup.models import FollowUp
from services.tasks.actions import open_task

NOT_SATISFIED = (FollowUp.Satisfaction.MIXED, FollowUp.Satisfaction.DISSATISFIED)


def expire_offers(timer: Timer) -> None:
    """Open offers past their moment end as expired; with the last one the order returns to the manager (ES-023)."""
    order = Order.objects.select_for_update(of=("self",)).get(code=timer.payload["order"])
    now = clock.now()
    order.offers.filter(state="open", expires_at__lte=now).update(state="expired", answered_at=now)
    reopen_if_nobody_is_left(order)


def enquiry_waits(timer: Timer) -> None:
    """An enquiry that nobody passed on in time becomes the manager's task (ES-006)."""
    order = Order.objects.select_related("site", "patient").get(code=timer.payload["order"])
    if order.state == "enquiry":
        _manager_task(order, "escort.enquiry_waits", _("Enquiry not passed on in time"))


def report_due(timer: Timer) -> None:
    """A service without its report after the limit becomes the manager's task (ES-033)."""
    order = Order.objects.select_related("site", "patient").get(code=timer.payload["order"])
    if order.state == "service_ended":
        _manager_task(order, "escort.report_overdue", _("Service report overdue"))


def agreement_changed(event: Event) -> None:
    """A companion signed the confidentiality agreement, or it ended: the dispatch gate knows its days (CR-017)."""
    agreement = Agreement.objects.select_related("staff", "text_signed").get(code=event.payload["agreement"])
    companion = Companion.objects.filter(staff=agreement.staff).first()
    if companion is None:
        return
    paper: dict[str, Any] = {
        "companion": companion,
        "kind": Qualification.Kind.CONFIDENTIALITY,
        "number": str(agreement.code),
    }
    if agreement.last_day < agreement.signed_on:
        Qualification.objects.filter(**paper).delete()
        return
    days = {"valid_from": agreement.signed_on, "valid_until": agreement.last_day}
    Qualification.objects.update_or_create(**paper, defaults=days)


def feedback_came(event: Event) -> None:
    """A client who is not satisfied with the service is told to the manager at once (FU-014, ES-032)."""
    if event.payload["rule"] != FEEDBACK:
        return
    followup = FollowUp.objects.select_related("plan").get(code=event.payload["followup"])
    order = order_of(followup)
    if order is not None and followup.satisfaction in NOT_SATISFIED:
        _manager_task(order, "escort.not_satisfied", _("The client is not satisfied with the service"))


def tell_customer_late(event: Event) -> None:
    """Whoever ordered hears that the companion came late, once (ES-014)."""
    order = Order.objects.select_related("site", "hospital").get(code=event.payload["order"])
    local = clock.local(order.starts_at, order.site.timezone)
    messaging.send(
        channel=Message.Channel.SMS,
        to=order.customer_phone,
        template="escort_late",
        context={
            "site": order.site.name,
            "time": f"{local:%H:%M}",
            "minutes": event.payload["minutes"],
            "phone": order.site.phone,
        },
        key=f"escort-late:{order.code}",
    )


def _manager_task(order: Order, kind: str, title: str) -> None:
    open_task(
        by=Actor.system("timers"),
        kind=kind,
        key=str(order.code),
        room="escort",
        title=title,
        due_at=clock.now(),
        roles=("escort_manager",),
        site=order.site,
        subject=("patient", order.patient.code),
        icon="walk",
        url=("escort:order", str(order.code)),
        closed_in_inbox=True,
    )
