"""Taking care of a guest: at the door, step by step, from post to post, to the doctor. Wishes, enquiries and the queue
have files of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from services.appointments.models import Appointment
from services.appointments.selectors import expected_on
from services.guest_care.introducing import introducing_of
from services.guest_care.machine import PASS
from services.guest_care.models import CareItem, GuestPass, Introduction, Post, ServiceStep
from services.patients.models import Patient
from services.policy import gates
from services.reception import actions as desk
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.reception.selectors import HERE
from services.reception.waits import only_vertical
from services.sites.models import Site
from services.sites.selectors import today
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, settle_task

PASSED = "guest_care.pass"
CHART = "guest_care.chart_handed"
LONGEST = 500
TAKES = {
    Post.LOBBY: ("lobby_receptionist",),
    Post.DESK: ("front_desk", "guide"),
    Post.FLOOR: ("waiting_attendant", "guide", "nurse", "assistant"),
}


def needed(text: str, field: str, sentence: str, longest: int = LONGEST) -> str:
    """What was written, without which nothing is stored. Raises RuleRefused (``<field>_missing``)."""
    if not text.strip():
        raise RuleRefused(f"{field}_missing", sentence, fields={field: [_("Required")]})
    return text.strip()[:longest]


def who(by: Actor) -> dict[str, Any]:
    """When and by whom: now, by this person."""
    return {"at": clock.now(), "by_id": by.user_id, "by_name": by.name}


def refuse_foreign_guest(site: Site, visit: Visit | None) -> None:
    """Raises RuleRefused (``guest_of_another_site``)."""
    if visit is not None and visit.site_id != site.pk:
        raise RuleRefused("guest_of_another_site", _("This guest is at another site."))


# --- at the door ------------------------------------------------------------------------------------------------------


@action(permission="guest_care.log")
def receive_at_door(
    *,
    by: Actor,
    site: Site,
    appointment: Appointment | None = None,
    patient: Patient | None = None,
    doctor: StaffMember | None = None,
) -> Visit:
    """Somebody comes in: a guest who has been here before is registered at the door, a first-visit guest is led to the
    service desk, which takes the guest over (FD-016). Without a booking the rules of assignment choose the doctor.

    Raises as ``record_arrival`` and ``register_visit`` do.
    """
    visit = desk.record_arrival(
        by=by, site=site, appointment=appointment, patient=patient, doctor=doctor, by_rule=doctor is None
    )
    if visit.is_first:
        pass_guest(by=by, visit=visit, from_post=Post.LOBBY, to_post=Post.DESK)
        return visit
    return desk.register_visit(by=by, visit=visit)


@action(permission="guest_care.log")
def receive_without_booking(*, by: Actor, site: Site, patient: Patient, told: bool) -> Visit:
    """A guest who has been here before and has no booking: found by the name or phone they wrote down, registered, and
    told to sit for a little while because nothing is booked (FD-010).

    Raises RuleRefused (``not_told``, ``guest_is_new``), Conflict (``guest_is_booked``) and as ``check_in`` does.
    """
    if not told:
        sentence = _("Tell the guest first that nothing is booked and that it takes a little while.")
        raise RuleRefused("not_told", sentence, fields={"told": [sentence]})
    if expected_on(site, today(site)).filter(patient=patient).exists():
        raise Conflict("guest_is_booked", _("This guest has a booking today. Check the booking in."))
    visit = desk.check_in(by=by, site=site, patient=patient, by_rule=True)
    if visit.is_first:
        raise RuleRefused("guest_is_new", _("This guest has not been here yet. Lead the guest to the service desk."))
    item = CareItem.objects.filter(key="no-booking", vertical="", is_active=True).first()
    if item is not None:
        ServiceStep.objects.create(site=site, visit=visit, item=item, **who(by))
    return visit


# --- step by step -----------------------------------------------------------------------------------------------------


@action(permission="guest_care.log")
def note_step(*, by: Actor, visit: Visit, item: CareItem, remark: str = "") -> ServiceStep:
    """A step of the service was done (FD-025, FD-035, QU-016). Seeing off comes after the till: also a closed visit of
    today takes it.

    Raises RuleRefused (``step_of_another_line``, ``step_before_arrival``), Conflict (``visit_is_over``, ``step_noted``).
    """
    visit = desk.lock_visit(visit)
    access.require(by, "guest_care.log", site=visit.site.code)
    if not item.is_step or not item.is_active or item.vertical not in ("", visit.vertical):
        raise RuleRefused("step_of_another_line", _("This step does not belong to this visit."))
    if item.moment == CareItem.Moment.BEFORE:
        raise RuleRefused("step_before_arrival", _("This is prepared before the guest comes."))
    if clock.local(visit.arrived_at, visit.site.timezone).date() != today(visit.site):
        raise Conflict("visit_is_over", _("This visit is over; its timeline stays as it is."))
    if not item.repeats and ServiceStep.objects.filter(visit=visit, item=item).exists():
        raise Conflict("step_noted", _("This step has been noted already."))
    step = ServiceStep.objects.create(
        site=visit.site, visit=visit, item=item, remark=remark.strip()[:LONGEST], **who(by)
    )
    audit.record(by=by, verb="guest_care.step", target=visit, site=visit.site.code, step=item.key)
    return step


@action(permission="guest_care.log")
def prepare_for(*, by: Actor, appointment: Appointment, item: CareItem) -> ServiceStep:
    """Something was made ready before the guest comes (FD-025). Afterwards it does not count.

    Raises RuleRefused (``not_prepared``), Conflict (``guest_arrived``, ``step_noted``).
    """
    appointment = (
        Appointment.objects.select_for_update(of=("self",)).select_related("site", "item").get(pk=appointment.pk)
    )
    access.require(by, "guest_care.log", site=appointment.site.code)
    line = (appointment.item.vertical if appointment.item is not None else "") or only_vertical()
    if item.moment != CareItem.Moment.BEFORE or not item.is_active or item.vertical not in ("", line):
        raise RuleRefused("not_prepared", _("This is not something that is prepared for this booking."))
    if Visit.objects.filter(appointment=appointment).exists():
        raise Conflict("guest_arrived", _("The guest is here already; this is prepared before."))
    if ServiceStep.objects.filter(appointment=appointment, item=item).exists():
        raise Conflict("step_noted", _("This step has been noted already."))
    step = ServiceStep.objects.create(site=appointment.site, appointment=appointment, item=item, **who(by))
    audit.record(by=by, verb="guest_care.prepared", target=appointment, site=appointment.site.code, step=item.key)
    return step


@action(permission="guest_care.introduce")
def introduce(
    *,
    by: Actor,
    visit: Visit,
    purpose: str,
    doctor: StaffMember | None = None,
    nurse: StaffMember | None = None,
    precautions: str = "",
    chart_handed: bool = False,
) -> Introduction:
    """Hand a guest over to the doctor: introduced to each other with the purpose in brief, the chart in both hands
    (FD-014). Where the line of business wants it, the nurse is introduced and the precautions are passed on.

    A chart that was not handed over is counted and blocks nothing. Raises RuleRefused (``purpose_missing``,
    ``nurse_missing``, ``precautions_missing``), Conflict (``guest_not_here``, ``introduced``).
    """
    visit = desk.lock_visit(visit)
    access.require(by, "guest_care.introduce", site=visit.site.code)
    if visit.state not in (*UNSEEN, *HOLDS_CHAIR):
        raise Conflict("guest_not_here", _("This guest is not here any more."), state=visit.state)
    if Introduction.objects.filter(visit=visit).exists():
        raise Conflict("introduced", _("Guest and doctor have been introduced already."))
    purpose = needed(purpose, "purpose", _("Say in brief why the guest is here."))
    rule = introducing_of(visit.vertical)
    if rule.nurse and nurse is None:
        raise RuleRefused("nurse_missing", _("Introduce the nurse too."), fields={"nurse": [_("Required")]})
    if rule.precautions:
        precautions = needed(
            precautions, "precautions", _("Pass on what is special; write “none” if there is nothing.")
        )
    introduction = Introduction.objects.create(
        site=visit.site,
        visit=visit,
        doctor=doctor or visit.doctor,
        nurse=nurse,
        purpose=purpose,
        precautions=precautions.strip()[:LONGEST],
        chart_handed=chart_handed,
        **who(by),
    )
    gates.check(
        CHART, by=by, subject=visit, ok=chart_handed, message=_("The chart was not handed over with both hands.")
    )
    audit.record(by=by, verb="guest_care.introduced", target=visit, site=visit.site.code)
    return introduction


# --- from post to post ------------------------------------------------------------------------------------------------


@action(permission="guest_care.pass")
def pass_guest(*, by: Actor, visit: Visit, from_post: str, to_post: str, note: str = "") -> GuestPass:
    """Pass a guest to another post; the colleague there acknowledges it (FD-040).

    Raises RuleRefused (``post_unknown``), Conflict (``guest_not_here``, ``pass_open``).
    """
    visit = desk.lock_visit(visit)
    access.require(by, "guest_care.pass", site=visit.site.code)
    if visit.state not in HERE:
        raise Conflict("guest_not_here", _("This guest is not here any more."), state=visit.state)
    if from_post not in Post.values or to_post not in Post.values or from_post == to_post:
        raise RuleRefused("post_unknown", _("Choose another post."), fields={"to_post": [_("Required")]})
    if GuestPass.objects.filter(visit=visit, state="offered").exists():
        raise Conflict("pass_open", _("This guest has been passed on and nobody has taken the guest yet."))
    handed = GuestPass.objects.create(
        site=visit.site, visit=visit, from_post=from_post, to_post=to_post, note=note.strip()[:LONGEST], **who(by)
    )
    audit.record(by=by, verb="guest_care.passed", target=handed, site=visit.site.code, to=to_post)
    due = handed.at + timedelta(minutes=parameters.value("pass_minutes", site=visit.site))
    open_task(
        by=by,
        kind=PASSED,
        key=str(handed.code),
        room=visit.vertical or "guest_care",
        title=gettext_noop("Take over %(subject)s"),
        detail=gettext_noop("Passed on at %(passed_at)s"),
        args={"passed_at": handed.at},
        subject=("patient", visit.patient.code),
        icon="people",
        roles=TAKES[Post(to_post)],
        site=visit.site,
        due_at=due,
        escalates_at=due,
        escalates_to=("supervisor",),
        url=("guest_care:now",),
        closed_in_inbox=False,
    )
    return handed


@action(permission="guest_care.pass")
def take_guest(*, by: Actor, handed: GuestPass) -> GuestPass:
    """The guest has arrived at one's post. Raises Forbidden (``pass_not_to_oneself``), Conflict
    (``invalid_transition``)."""
    PASS.move(handed, "acknowledged", by=by)
    settle_task(by=by, kind=PASSED, key=str(handed.code), result="acknowledged")
    return handed


@action(permission="guest_care.pass")
def withdraw_pass(*, by: Actor, handed: GuestPass) -> GuestPass:
    """The guest stays, or has gone on. Raises Conflict (``invalid_transition``)."""
    PASS.move(handed, "withdrawn", by=by)
    cancel_task(by=by, kind=PASSED, key=str(handed.code), reason="withdrawn")
    return handed


# --- what is done and said ---------------------------------------------------------------------------------------------


@action(permission="guest_care.manage")
def ensure_care_item(
    *,
    by: Actor,
    key: str,
    moment: str,
    title_zh: str,
    title_en: str = "",
    words_zh: str = "",
    words_en: str = "",
    vertical: str = "",
    is_step: bool = True,
    repeats: bool = False,
    order: int = 0,
) -> CareItem:
    """The item ``key`` of a line of business, written if it is missing (starter content); one that exists stays as the
    tenant left it. Raises RuleRefused (``moment_unknown``)."""
    if moment not in CareItem.Moment.values:
        raise RuleRefused("moment_unknown", _("Choose a moment."))
    facts = {"moment": moment, "title_zh": title_zh, "title_en": title_en, "words_zh": words_zh, "words_en": words_en,
             "is_step": is_step, "repeats": repeats, "order": order}  # fmt: skip
    item, created = CareItem.objects.get_or_create(key=key, vertical=vertical, defaults=facts)
    if created:
        audit.record(by=by, verb="guest_care.item_written", target=item, key=key)
    return item


@action(permission="guest_care.manage")
def change_care_item(
    *,
    by: Actor,
    item: CareItem,
    title_zh: str,
    title_en: str = "",
    words_zh: str = "",
    words_en: str = "",
    is_active: bool = True,
    version: int | None = None,
) -> CareItem:
    """Give an item another name or other words, or take it off. Steps that were noted keep it.

    Raises RuleRefused (``title_missing``), Conflict (``item_changed``).
    """
    item = CareItem.objects.select_for_update().get(pk=item.pk)
    if version is not None and version != item.version:
        cure = Cure(_("Read it again first."))
        raise Conflict("item_changed", _("Somebody else has changed this meanwhile."), cures=(cure,))
    item.title_zh = needed(title_zh, "title", _("Give it a name."), 60)
    item.title_en, item.words_zh, item.words_en = title_en.strip()[:60], words_zh.strip(), words_en.strip()
    item.is_active = is_active
    item.bump({"title_zh", "title_en", "words_zh", "words_en", "is_active"})
    audit.record(by=by, verb="guest_care.item_written", target=item, key=item.key)
    return item


def unique_or(refusal: Conflict, create: Any) -> Any:
    """What ``create`` stores, or the refusal where another row took its place at this moment."""
    try:
        with transaction.atomic():
            return create()
    except IntegrityError as error:
        raise refusal from error
