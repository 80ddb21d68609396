"""The class of a visit, where its line of business has classes: proposed from the history, confirmed at registration.

A line of business puts its ``VisitClasses`` into the slot ``reception.visit_classes``. Without one, a visit's class stays
the free word that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import audit, clock, registry
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from services.appointments.models import Appointment, AppointmentCard
from services.catalogue.models import Item
from services.patients.models import Patient
from services.policy import gates
from services.reception.models import Visit

SLOT = "reception.visit_classes"
GATE = "reception.visit_class"
# After this the class is in the figures of a closed day.
SETTLED = ("closed", "rebooked", "left_unseen")

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Case:
    """Who comes for what on which local day. ``continuing``: the booking was made from the last visit's card.

    ``detail`` is the line of business's own word for the place that is to be treated, where it is known.
    """

    patient: Patient
    day: date
    item: Item | None = None
    continuing: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The class that the history speaks for, why in a stable word (``because``) and in a sentence."""

    visit_class: str
    because: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitClasses:
    """The classes of one line of business.

    ``propose`` answers for many cases at once, in a bounded number of queries. ``decided`` is told of each decision
    inside its transaction: ``(by, visit, visit_class, reason, proposal)``.
    """

    vertical: str
    classes: Mapping[str, Text]
    needs_reason: frozenset[str]
    reasons: Mapping[str, Text]
    propose: Callable[[Sequence[Case]], list[Proposal]]
    decided: Callable[[Actor, Visit, str, str, Proposal], None]


def classes_of(vertical: str) -> VisitClasses | None:
    """The classes of this line of business; None where it has none or is switched off."""
    for room in registry.active_rooms():
        for path in room.slots.get(SLOT, ()):
            found: VisitClasses = import_string(path)
            if found.vertical == vertical:
                return found
    return None


def propose_for(visit: Visit, known: VisitClasses) -> Proposal:
    """What the history proposes for a visit."""
    booking = visit.appointment
    day = clock.local(visit.arrived_at, visit.site.timezone).date()
    item = booking.item if booking is not None else None
    return known.propose([Case(visit.patient, day, item, booking is not None and _from_card([booking]) != set())])[0]


def propose_bookings(bookings: Iterable[Appointment], known: VisitClasses) -> dict[int, Proposal]:
    """What the history proposes for bookings of one line of business, by their pk."""
    rows = [one for one in bookings if one.item is None or one.item.vertical in ("", known.vertical)]
    carded = _from_card(rows)
    cases = [
        Case(one.patient, clock.local(one.starts_at, one.site.timezone).date(), one.item, one.pk in carded)
        for one in rows
    ]
    return {one.pk: proposal for one, proposal in zip(rows, known.propose(cases), strict=True)} if rows else {}


def settle(*, by: Actor, visit: Visit, wanted: str = "", reason: str = "") -> None:
    """Give a visit its class at registration: the one said, else the booked one, else what the history proposes.

    Whoever registers confirms the class that the form shows. Raises RuleRefused (``unknown_visit_class``,
    ``class_reason_missing``, ``class_reason_unasked``).
    """
    known = classes_of(visit.vertical)
    if known is None:
        if wanted and wanted != visit.visit_class:
            visit.visit_class = wanted
            visit.save(update_fields=["visit_class"])
        return
    proposal = propose_for(visit, known)
    booked = visit.visit_class if visit.visit_class in known.classes else ""
    chosen = wanted or (booked if booked not in known.needs_reason else "") or proposal.visit_class
    _decide(by, visit, known, proposal, chosen, reason)


@action(permission="reception.classify")
def classify_visit(*, by: Actor, visit: Visit, visit_class: str, reason: str = "") -> Visit:
    """Say which class a visit is of; what was said before stays in the history.

    Raises Conflict (``visit_over``, ``no_visit_classes``), RuleRefused (``unknown_visit_class``,
    ``class_reason_missing``, ``class_reason_unasked``).
    """
    visit = Visit.objects.select_for_update(of=("self",)).select_related("site", "patient", "appointment__item").get(
        pk=visit.pk
    )  # fmt: skip
    known = classes_of(visit.vertical)
    if known is None:
        raise Conflict("no_visit_classes", _("Visits of this line of business have no classes."))
    if visit.state in SETTLED:
        raise Conflict("visit_over", _("This visit is over; its class stays as it is."), state=visit.state)
    _decide(by, visit, known, propose_for(visit, known), visit_class, reason)
    return visit


def refuse_unnamed(by: Actor, visit: Visit) -> None:
    """The gate before a treatment is finished: a visit of a line of business with classes has one.

    Registration gives every visit its class, so this meets only visits from before the classes. Raises RuleRefused
    (``visit_class_missing``).
    """
    known = classes_of(visit.vertical)
    gates.check(
        GATE,
        by=by,
        subject=visit,
        ok=known is None or visit.visit_class in known.classes,
        message=_("Say first which class this visit is of."),
        cures=(Cure(_("Choose the class"), url=reverse("reception:visit", args=[visit.code]) + "#class"),),
        code="visit_class_missing",
    )


def _decide(by: Actor, visit: Visit, known: VisitClasses, proposal: Proposal, chosen: str, reason: str) -> None:
    if chosen not in known.classes:
        sentence = _("Choose one of the classes: %(classes)s.") % {
            "classes": ", ".join(str(label) for label in known.classes.values())
        }
        raise RuleRefused("unknown_visit_class", sentence, fields={"visit_class": [sentence]})
    if chosen in known.needs_reason:
        if reason not in known.reasons:
            sentence = _("“%(name)s” needs its reason.") % {"name": known.classes[chosen]}
            raise RuleRefused("class_reason_missing", sentence, fields={"visit_class_reason": [sentence]})
    elif reason:
        sentence = _("“%(name)s” has no reason; leave it empty.") % {"name": known.classes[chosen]}
        raise RuleRefused("class_reason_unasked", sentence, fields={"visit_class_reason": [sentence]})
    visit.visit_class = chosen
    visit.bump({"visit_class"})
    known.decided(by, visit, chosen, reason, proposal)
    audit.record(
        by=by, verb="reception.classified", target=visit, site=visit.site.code, visit_class=chosen,
        proposed=proposal.visit_class, because=proposal.because, reason=reason,
    )  # fmt: skip


def _from_card(bookings: Sequence[Appointment]) -> set[int]:
    rows = AppointmentCard.objects.filter(appointment__in=[one.pk for one in bookings])
    return {pk for pk in rows.values_list("appointment_id", flat=True) if pk is not None}
