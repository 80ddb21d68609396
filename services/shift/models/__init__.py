"""The rows of a site's day: its lists and meeting, its registers, its hand-overs."""

from services.shift.models.day import Arrival, Attendee, Checklist, ChecklistVersion, Meeting, SiteDay, Tick
from services.shift.models.handover import Discrepancy, HandOver, PassedOn
from services.shift.models.registers import (
    Absence,
    Broadcast,
    CashierEntry,
    Errand,
    HygieneTicket,
    Incident,
    ItemEntry,
    ItemError,
    Visitor,
    Zone,
)

__all__ = [
    "Absence",
    "Arrival",
    "Attendee",
    "Broadcast",
    "CashierEntry",
    "Checklist",
    "ChecklistVersion",
    "Discrepancy",
    "Errand",
    "HandOver",
    "HygieneTicket",
    "Incident",
    "ItemEntry",
    "ItemError",
    "Meeting",
    "PassedOn",
    "SiteDay",
    "Tick",
    "Visitor",
    "Zone",
]
