"""What events and the clock do to follow-ups."""

from __future__ import annotations

from datetime import date, datetime

from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from services.catalogue.models import Item
from services.followup import actions, holding
from services.followup.models import FollowUp
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember

ENGINE = Actor.system("follow-up")


def plan(event: Event) -> None:
    """Start what the rules say after an event.

    Its payload names ``site`` and ``patient`` by code, may name ``doctor``, ``vertical`` and the local ``day`` to count
    from (else the moment of the event counts). The event's key is the thing: telling it again moves, never doubles. A
    treatment is a thing of its own, with its ``item``.
    """
    payload = event.payload
    site = Site.objects.filter(code=payload["site"]).first() if payload.get("site") else None
    patient = Patient.objects.filter(code=payload["patient"]).first() if payload.get("patient") else None
    if site is None or patient is None:
        return
    doctor = StaffMember.objects.filter(code=payload["doctor"]).first() if payload.get("doctor") else None
    item = Item.objects.filter(code=payload["item"]).first() if payload.get("item") else None
    actions.plan_from(
        by=ENGINE,
        trigger=event.type,
        source_key=_source(event),
        site=site,
        patient=patient,
        anchor_on=_anchor(event, site),
        doctor=doctor,
        room=payload.get("vertical") or "",
        item=item,
    )


def drop(event: Event) -> None:
    """A treatment was struck through: nobody is asked how it went."""
    actions.drop_plans(by=ENGINE, source_key=_source(event), reason=holding.STRUCK_THROUGH)


def open_due(day: date) -> None:
    """Every morning: what is due by ``day`` enters the inbox; what a stop left behind too."""
    waiting = FollowUp.objects.filter(state="planned", due_on__lte=day).select_related("plan__site", "plan__patient")
    for followup in waiting:
        actions.make_due(by=ENGINE, followup=followup)


def _anchor(event: Event, site: Site) -> date:
    if event.payload.get("day"):
        return date.fromisoformat(event.payload["day"])
    at = event.payload.get("at") or event.payload.get("performed_at")
    return clock.local(datetime.fromisoformat(at) if at else event.occurred_at, site.timezone).date()


def _source(event: Event) -> str:
    return f"treatment:{event.payload['treatment']}" if event.payload.get("treatment") else event.key
