"""What is still open when a shift ends, gathered from all rooms.

A room fills the slot ``shift.leftovers`` with a callable ``(site, day) -> list of mappings``, one per kind of thing:

``source``  a stable name, "telephone.messages" · ``title``  a sentence with a count and no name, in the reader's language ·
``keys``  codes of the open rows · ``cure``  the step that heals it · ``url``  a url name and its arguments ·
``part``  "work" (default), "reminder" or "problem": the last two stand on the sheet of the morning meeting as well ·
``money``  True for what blocks the close and is cured, never passed on (ledger 17 "Close").

The callable answers with nothing where nothing is open. Rooms need not know this one for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import registry
from services.shift.models import (
    Absence,
    CashierEntry,
    Checklist,
    Discrepancy,
    Errand,
    HandOver,
    HygieneTicket,
    Incident,
    PassedOn,
    SiteDay,
    Tick,
    Visitor,
)
from services.sites.models import Site
from services.tasks.models import Task

SLOT = "shift.leftovers"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One kind of thing that is open, and the step that heals it. ``reason``: it has been passed on with this reason."""

    source: str
    title: str
    keys: tuple[str, ...]
    cure: str
    url: tuple[str, ...] = ()
    part: str = "work"
    money: bool = False
    reason: str = ""

    @property
    def path(self) -> str:
        """Where it is cured; empty when its room has no page for it here."""
        try:
            return reverse(self.url[0], args=self.url[1:]) if self.url else ""
        except NoReverseMatch:
            return ""

    @property
    def blocks(self) -> bool:
        """Does it still stand against the close?"""
        return self.money or not self.reason


def gathered(site: Site, day: date, *, passed: Iterable[PassedOn] = ()) -> list[Leftover]:
    """What every active room says is open at ``site`` on ``day``, money first. What ``passed`` covers carries its reason."""
    reasons: dict[str, list[PassedOn]] = {}
    for row in passed:
        reasons.setdefault(row.source, []).append(row)
    found = []
    for room in registry.active_rooms():
        for path in room.slots.get(SLOT, ()):
            for given in import_string(path)(site, day) or ():
                found.append(_read(given, reasons))
    return sorted(found, key=lambda one: not one.money)


def blocking(site: Site, day: date, handover: HandOver) -> list[Leftover]:
    """What stands against signing ``handover`` as the close of the day: money, and what has no reason yet."""
    return [one for one in gathered(site, day, passed=handover.passed_on.all()) if one.blocks]


def _read(given: Mapping[str, Any], reasons: Mapping[str, list[PassedOn]]) -> Leftover:
    keys = tuple(str(key) for key in given["keys"])
    covered = next((row.reason for row in reasons.get(given["source"], ()) if set(keys) <= set(row.keys)), "")
    return Leftover(
        source=given["source"],
        title=str(given["title"]),
        keys=keys,
        cure=str(given["cure"]),
        url=tuple(given.get("url", ())),
        part=given.get("part", "work"),
        money=bool(given.get("money", False)),
        reason=covered,
    )


def own(site: Site, day: date) -> list[dict[str, Any]]:
    """What this room itself leaves open: the cashier area, the day and its lists, people away, visitors, duties, errands,
    disturbances, dirt, discrepancies."""
    found: list[dict[str, Any]] = []

    def add(source: str, keys: Iterable[Any], title: str, cure: str, url: tuple[str, ...], **more: Any) -> None:
        codes = [str(key) for key in keys]
        if codes:
            found.append(
                {
                    "source": f"shift.{source}",
                    "keys": codes,
                    "title": title % {"n": len(codes)},
                    "cure": cure,
                    "url": url,
                    **more,
                }
            )

    inside = _codes(CashierEntry.objects.filter(site=site, state="inside"))
    add("cashier_area", inside, ngettext("%(n)s person is in the cashier area", "%(n)s people are in the cashier area", len(inside)),
        _("Note the exit"), ("shift:cashier-area",), money=True)  # fmt: skip
    unopened = _codes(SiteDay.objects.filter(site=site, day=day, state__in=["planned", "in_progress"]))
    add("not_opened", unopened, _("The site was never opened today"), _("Open it, or say why not"), ("shift:today",))
    unticked = _codes(
        Tick.objects.filter(day__site=site, day__day=day, result="", purpose__in=_UNTIL_CLOSE, mandatory=True)
    )
    add("items", unticked, ngettext("%(n)s item of today's lists is unanswered", "%(n)s items of today's lists are unanswered", len(unticked)),
        _("Tick them, or say why not"), ("shift:today",))  # fmt: skip
    away = _codes(Absence.objects.filter(site=site, state="away"))
    add("away", away, ngettext("%(n)s person is noted as away", "%(n)s people are noted as away", len(away)),
        _("Note that they are back"), ("shift:posts",))  # fmt: skip
    visitors = _codes(Visitor.objects.filter(site=site).exclude(state="left"))
    add("visitors", visitors, ngettext("%(n)s visitor is in the house", "%(n)s visitors are in the house", len(visitors)),
        _("Note when they left"), ("shift:visitors",))  # fmt: skip
    duties = _codes(Task.objects.filter(site=site, kind="shift.duty", state__in=["open", "sleeping"]))
    add("duties", duties, ngettext("%(n)s duty of the day is not done", "%(n)s duties of the day are not done", len(duties)),
        _("Do them and tick them off"), ("tasks:my-day",))  # fmt: skip
    errands = _codes(Errand.objects.filter(site=site, state="open"))
    add("errands", errands, ngettext("%(n)s errand is open", "%(n)s errands are open", len(errands)),
        _("Write the result"), ("shift:errands",))  # fmt: skip
    tickets = _codes(HygieneTicket.objects.filter(site=site, state="open"))
    add("hygiene", tickets, ngettext("%(n)s hygiene ticket is open", "%(n)s hygiene tickets are open", len(tickets)),
        _("Clean, and close it"), ("shift:hygiene",))  # fmt: skip
    incidents = _codes(Incident.objects.filter(site=site).exclude(state="closed"))
    add("incidents", incidents, ngettext("%(n)s disturbance is not closed", "%(n)s disturbances are not closed", len(incidents)),
        _("Write the outcome"), ("shift:incidents",), part="problem")  # fmt: skip
    issues = _codes(Discrepancy.objects.filter(site=site, state="open"))
    add("discrepancies", issues, ngettext("%(n)s discrepancy of a hand-over is open", "%(n)s discrepancies of hand-overs are open", len(issues)),
        _("Find out, and write it down"), ("shift:handovers",), part="problem")  # fmt: skip
    return found


_UNTIL_CLOSE = (Checklist.Purpose.CHECKS, Checklist.Purpose.CLOSING)


def _codes(rows: Any) -> list[Any]:
    return list(rows.order_by("pk").values_list("code", flat=True))
