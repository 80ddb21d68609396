"""The one intake: praise, suggestion, opinion or complaint (X3); a complaint is complete or it is not accepted (CP-002)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, calendars, clock, numbering, parameters, registry, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.complaints import routing, ways
from services.complaints.machines import FEEDBACK
from services.complaints.models import Channel, Complaint, Feedback, Involved, Severity, Source
from services.patients.models import Patient
from services.patients.phones import canonical_phone
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

SORT = "complaints.sort"
REPLY_DUE, FEEDBACK_DUE = "complaints.reply_due", "complaints.feedback_due"
TO_ASSIGN = timedelta(hours=4)
REPEAT_WITHIN = timedelta(days=365)
SORTERS = ("customer_service", "service_supervisor", "supervisor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who speaks, as far as it is known. What the file of a known patient says fills the gaps."""

    name: str = ""
    phone: str = ""
    contact: str = ""
    patient: Patient | None = None


@action(permission="complaints.receive")
def receive_complaint(
    *,
    by: Actor,
    site: Site,
    channel: str,
    category: str,
    speaker: Speaker,
    matter: str,
    treatment: str,
    promised: bool,
    severity: str = Severity.ORDINARY,
    vertical: str = "",
    accused: Sequence[StaffMember] = (),
    visit: Visit | None = None,
    source: str = "",
    source_code: UUID | None = None,
    feedback: Feedback | None = None,
) -> Complaint:
    """Write a complaint down while the customer speaks (CP-002), with the promise of a reply and its deadline (CP-003).

    It goes to the roles of the matrix (CP-005), a serious one to the dean at once besides (CP-006). Who complained about
    the same within a year complains again.

    Raises RuleRefused (``channel_unknown``, ``category_unknown``, ``severity_unknown``, ``vertical_unknown``,
    ``complainant_missing``, ``contact_missing``, ``phone_invalid``, ``matter_missing``, ``treatment_missing``,
    ``promise_missing``, ``visit_of_another``).
    """
    _refuse_unknown(channel, vertical)
    if category not in ways.categories():
        raise RuleRefused("category_unknown", str(ways.UNKNOWN_CATEGORY), fields={"category": [_("Required")]})
    if severity not in Severity.values:
        raise RuleRefused("severity_unknown", _("Choose how serious it is."), fields={"severity": [_("Required")]})
    who = read_speaker(speaker, visit)
    _refuse_incomplete(who, matter, treatment, promised)
    _refuse_strange_visit(site, visit, who.patient)
    now = clock.now()
    day = clock.local(now, site.timezone).date()
    vertical = vertical or (visit.vertical if visit is not None else "")
    complaint = Complaint.objects.create(
        number=f"CP-{numbering.next_number('complaints.complaint', entity=str(site.code), period=f'{day:%Y}')}",
        site=site,
        vertical=vertical,
        channel=channel,
        category=category,
        severity=severity,
        source=source if source in Source.values else "",
        source_code=source_code,
        feedback=feedback,
        complainant_name=who.name,
        phone=who.phone,
        contact=who.contact,
        matter=matter.strip(),
        treatment=treatment.strip(),
        patient=who.patient,
        visit=visit,
        repeat_of=_earlier(who, category, now),
        received_at=now,
        receiver_id=by.user_id,
        receiver_name=by.name,
        reply_due_at=now + timedelta(hours=ways.reply_hours(site, vertical)),
        statutory_due_on=calendars.add_working_days(day, parameters.value("complaint_statutory_days", site=site)),
        limit_on=day + timedelta(days=parameters.value("complaint_limit_days", site=site)),
        routed_to=routing.routed_to(channel=channel, category=category, severity=severity, vertical=vertical),
    )
    for staff in dict.fromkeys(accused):
        Involved.objects.create(complaint=complaint, staff=staff, part=Involved.Part.ACCUSED, side=0, since_at=now)
    timers.schedule(REPLY_DUE, str(complaint.code), complaint.reply_due_at)
    audit.record(
        by=by, verb="complaints.received", target=complaint, site=site.code, channel=channel, category=category,
        severity=severity,
    )  # fmt: skip
    routing.route(by, complaint)
    if complaint.is_serious:
        routing.tell_dean(by, complaint)
    routing.tell("complaints.received", complaint)
    return complaint


@action(permission="complaints.receive")
def collect_feedback(
    *,
    by: Actor,
    site: Site,
    kind: str,
    channel: str,
    words: str,
    speaker: Speaker = Speaker(),
    visit: Visit | None = None,
) -> Feedback:
    """Write praise, a suggestion or an opinion down; a name is welcome and never demanded (SV-005).

    Raises RuleRefused (``kind_unknown``, ``channel_unknown``, ``words_missing``, ``phone_invalid``, ``visit_of_another``).
    """
    if kind not in Feedback.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose what it is."), fields={"kind": [_("Required")]})
    _refuse_unknown(channel, "")
    if not words.strip():
        sentence = _("Write what was said.")
        raise RuleRefused("words_missing", sentence, fields={"matter": [sentence]})
    who = read_speaker(speaker, visit)
    _refuse_strange_visit(site, visit, who.patient)
    now = clock.now()
    day = clock.local(now, site.timezone).date()
    feedback = Feedback.objects.create(
        number=f"FB-{numbering.next_number('complaints.feedback', entity=str(site.code), period=f'{day:%Y}')}",
        site=site,
        kind=kind,
        channel=channel,
        words=words.strip(),
        customer_name=who.name,
        phone=who.phone,
        patient=who.patient,
        visit=visit,
        collected_at=now,
        collected_by_id=by.user_id,
        collected_by_name=by.name,
        due_on=calendars.add_working_days(day, parameters.value("feedback_due_days", site=site)),
    )
    audit.record(by=by, verb="complaints.collected", target=feedback, site=site.code, kind=kind, channel=channel)
    timers.schedule(FEEDBACK_DUE, str(feedback.code), clock.day_bounds(feedback.due_on, site.timezone)[1])
    open_task(
        by=by,
        kind=SORT,
        key=str(feedback.code),
        room="complaints",
        title=gettext_noop("Feedback %(number)s: to which department and person?"),
        args={"number": feedback.number},
        icon="message",
        due_at=now + TO_ASSIGN,
        roles=SORTERS,
        site=site,
        url=("complaints:feedback", str(feedback.code)),
        closed_in_inbox=False,
    )
    return feedback


@action(permission="complaints.receive")
def upgrade_feedback(
    *,
    by: Actor,
    feedback: Feedback,
    category: str,
    treatment: str,
    promised: bool,
    severity: str = Severity.ORDINARY,
    matter: str = "",
    speaker: Speaker = Speaker(),
    accused: Sequence[StaffMember] = (),
) -> Complaint:
    """What was said turns out to be a complaint: a case begins, and what was said and done about it stays (CP-027).

    Raises what ``receive_complaint`` raises, Conflict (``invalid_transition``).
    """
    FEEDBACK.move(feedback, "upgraded", by=by)
    timers.cancel(FEEDBACK_DUE, str(feedback.code))
    for kind in (SORT, "complaints.feedback"):
        settle_task(by=by, kind=kind, key=str(feedback.code), result="upgraded")
    return receive_complaint(
        by=by,
        site=feedback.site,
        channel=feedback.channel,
        category=category,
        speaker=Speaker(
            name=speaker.name or feedback.customer_name,
            phone=speaker.phone or feedback.phone,
            contact=speaker.contact,
            patient=speaker.patient or feedback.patient,
        ),
        matter=matter or feedback.words,
        treatment=treatment,
        promised=promised,
        severity=severity,
        accused=accused,
        visit=feedback.visit,
        feedback=feedback,
    )


def read_speaker(speaker: Speaker, visit: Visit | None = None) -> Speaker:
    """Who speaks, with what the file knows and the phone in its one spelling. Raises RuleRefused (``phone_invalid``)."""
    patient = speaker.patient or (visit.patient if visit is not None else None)
    number = speaker.phone.strip()
    if number:
        found = canonical_phone(number)
        if found is None:
            sentence = _("This is not a phone number. Read it back to the customer.")
            raise RuleRefused("phone_invalid", sentence, fields={"phone": [sentence]})
        number = found
    return Speaker(
        name=(speaker.name.strip() or (patient.name if patient is not None else ""))[:80],
        phone=number or (patient.phone if patient is not None else ""),
        contact=speaker.contact.strip(),
        patient=patient,
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _refuse_unknown(channel: str, vertical: str) -> None:
    if channel not in Channel.values:
        raise RuleRefused("channel_unknown", _("Choose how it reached us."), fields={"channel": [_("Required")]})
    if vertical and vertical not in {one.key for one in registry.active_verticals()}:
        raise RuleRefused("vertical_unknown", _("Choose a line of business."), fields={"vertical": [_("Required")]})


def _refuse_incomplete(who: Speaker, matter: str, treatment: str, promised: bool) -> None:
    if not who.name:
        sentence = _("Who complains? Ask for the name.")
        raise RuleRefused("complainant_missing", sentence, fields={"name": [sentence]})
    if not who.phone and not who.contact:
        sentence = _("How is the customer reached? A phone number, or another way.")
        raise RuleRefused("contact_missing", sentence, fields={"phone": [sentence]})
    if not matter.strip():
        sentence = _("Write what happened, in the customer's words.")
        raise RuleRefused("matter_missing", sentence, fields={"matter": [sentence]})
    if not treatment.strip():
        sentence = _("Write which treatment it is about and how far it is; “none” where there is none.")
        raise RuleRefused("treatment_missing", sentence, fields={"treatment": [sentence]})
    if not promised:
        sentence = _("Promise the customer a reply, and say until when.")
        raise RuleRefused("promise_missing", sentence, fields={"promised": [sentence]})


def _refuse_strange_visit(site: Site, visit: Visit | None, patient: Patient | None) -> None:
    if visit is None:
        return
    if visit.site_id != site.pk or (patient is not None and visit.patient_id != patient.pk):
        raise RuleRefused("visit_of_another", _("This visit belongs to another patient or another site."))


def _earlier(who: Speaker, category: str, now: Any) -> Complaint | None:
    """The latest complaint of the same person about the same within a year."""
    same = Q()
    if who.patient is not None:
        same |= Q(patient=who.patient)
    if who.phone:
        same |= Q(phone_index__marks=who.phone)
    if not same:
        return None
    rows = Complaint.objects.filter(same, category=category, received_at__gte=now - REPEAT_WITHIN)
    return rows.order_by("-received_at", "-id").first()
