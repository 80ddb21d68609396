"""The register of the laboratory: a model is sent, comes back, is checked and fitted, made anew or lost (a14, DE-020)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dental.machines import AWAITED, LAB_MODEL
from dental.models import LabModel, LabStep
from dental.teeth import check_teeth
from kernel import audit, calendars, clock, numbering, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.appointments.machine import AWAITED as EXPECTED
from services.appointments.models import Appointment
from services.patients.models import Patient
from services.reception.models import Visit
from services.sites.locking import lock_version
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, settle_task

OVERDUE, LATE, LOST = "dental.model_overdue", "dental.model_late", "dental.model_lost"
HANDLES = ("front_desk", "head_nurse", "assistant")
ESCALATES_TO = ("supervisor", "clinic_director")
LOOK_BACK_DAYS = 60


@action(permission="dental.order_models")
def order_model(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    work: str,
    impression_on: date,
    teeth: Iterable[int] = (),
    note: str = "",
    appointment: Appointment | None = None,
) -> LabModel:
    """Enter a model with its impression. Its case number has no gaps.

    Raises RuleRefused (``unknown_tooth``, ``unknown_lab_work``, ``tooth_missing``, ``not_a_doctor``,
    ``impression_in_future``), and as ``plan_fitting`` does.
    """
    named = check_teeth(teeth)
    if work not in LabModel.Work.values:
        raise RuleRefused("unknown_lab_work", _("Choose the work."), fields={"work": [_("Required")]})
    if not named and work not in LabModel.OF_A_JAW:
        sentence = _("Name the teeth of this work.")
        raise RuleRefused("tooth_missing", sentence, fields={"teeth": [sentence]})
    if not doctor.is_doctor:
        sentence = _("%(name)s is not entered as a doctor.") % {"name": doctor.name}
        raise RuleRefused("not_a_doctor", sentence, fields={"doctor": [sentence]})
    today = clock.today(site.timezone)
    if impression_on > today:
        sentence = _("What has not happened yet is not recorded.")
        raise RuleRefused("impression_in_future", sentence, fields={"impression_on": [sentence]})
    model = LabModel.objects.create(
        number=f"M-{numbering.next_number('dental.lab_model', entity=str(site.code), period=f'{today:%Y}')}",
        site=site, patient=patient, doctor=doctor, teeth=named, work=work, note=note.strip(),
        impression_on=impression_on,
    )  # fmt: skip
    _note(model, "created", by)
    audit.record(by=by, verb="dental.model_ordered", target=model, site=site.code, work=work)
    return plan_fitting(by=by, model=model, appointment=appointment) if appointment is not None else model


@action(permission="dental.order_models")
def plan_fitting(
    *, by: Actor, model: LabModel, appointment: Appointment | None, version: int | None = None
) -> LabModel:
    """Name the booking at which the model is to be fitted (None: not booked yet).

    Raises NotFound (``appointment_not_found``) for a booking of somebody else, RuleRefused (``fitting_not_expected``)
    for one that is over, Conflict (``model_done``), StaleVersion.
    """
    model = _locked(model, version)
    if model.state == "fitted":
        raise Conflict("model_done", _("This model is fitted already."))
    if appointment is not None:
        if (appointment.patient_id, appointment.site_id) != (model.patient_id, model.site_id):
            raise NotFound("appointment_not_found", _("There is no such booking."))
        if appointment.state not in EXPECTED:
            raise RuleRefused("fitting_not_expected", _("Choose a booking that is still to come."))
    if model.appointment is not None:
        cancel_task(by=by, kind=LATE, key=_late_key(model), reason="fitting_changed")
    model.appointment = appointment
    model.bump({"appointment"})
    watch(by=by, model=model)
    return model


@action(permission="dental.handle_models")
def send_model(*, by: Actor, model: LabModel, lab: str, handler: str, due_on: date) -> LabModel:
    """Give a model to the laboratory's handler; it is due back on ``due_on``.

    Raises RuleRefused (``lab_missing``, ``handler_missing``, ``due_in_past``), Conflict (``invalid_transition``).
    """
    lab, handler = lab.strip(), handler.strip()
    if not lab:
        raise RuleRefused("lab_missing", _("Name the laboratory."), fields={"lab": [_("Required")]})
    _need_handler(handler)
    if due_on < clock.today(model.site.timezone):
        sentence = _("The due date lies in the past.")
        raise RuleRefused("due_in_past", sentence, fields={"due_on": [sentence]})
    _move(by, model, "sent", lab=lab[:80], handler=handler, due_on=due_on)
    return model


@action(permission="dental.handle_models")
def receive_model(*, by: Actor, model: LabModel, handler: str) -> LabModel:
    """A model came back. It comes back once: a second receipt is refused.

    Raises Conflict (``model_received_already``, ``invalid_transition``), RuleRefused (``handler_missing``).
    """
    handler = handler.strip()
    _need_handler(handler)
    model = _locked(model)
    if model.state in ("received", "checked", "fitted"):
        raise Conflict("model_received_already", _("This model was received already."), state=model.state)
    _move(by, model, "received", handler=handler)
    settle_task(by=by, kind=OVERDUE, key=_round_key(model), result="received")
    return model


@action(permission="dental.order_models")
def check_model(*, by: Actor, model: LabModel) -> LabModel:
    """The model is right: it may be fitted, and the fitting may be confirmed (DE-021). Raises Conflict."""
    _move(by, model, "checked")
    if model.appointment is not None:
        settle_task(by=by, kind=LATE, key=_late_key(model), result="checked")
    return model


@action(permission="dental.order_models")
def remake_model(*, by: Actor, model: LabModel, reason: str) -> LabModel:
    """The model is not right, or gone: it is made anew, and the earlier round stays in the history.

    Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``).
    """
    reason = _reason(reason)
    model = _locked(model)
    was_lost = model.state == "lost"
    cancel_task(by=by, kind=LATE, key=_late_key(model), reason="remake")
    _move(by, model, "remake", reason=reason)
    if was_lost:
        settle_task(by=by, kind=LOST, key=f"{model.code}:{model.round - 1}", result="remade")
    watch(by=by, model=model)
    return model


@action(permission="dental.treat")
def fit_model(*, by: Actor, model: LabModel, visit: Visit | None = None) -> LabModel:
    """The model is in the patient's mouth; the visit is linked.

    Raises NotFound (``visit_not_found``) for a visit of somebody else, Conflict (``model_not_checked``,
    ``invalid_transition``).
    """
    model = _locked(model)
    if visit is not None and (visit.patient_id, visit.site_id) != (model.patient_id, model.site_id):
        raise NotFound("visit_not_found", _("There is no such visit."))
    if model.state in AWAITED:
        raise Conflict("model_not_checked", _("A model is received and checked before it is fitted."))
    _move(by, model, "fitted", visit_code=visit.code if visit is not None else None)
    return model


@action(permission="dental.handle_models")
def lose_model(*, by: Actor, model: LabModel, reason: str) -> LabModel:
    """A model cannot be found: the superiors have it among their tasks in the same shift (GV-013).

    Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``).
    """
    reason = _reason(reason)
    _move(by, model, "lost", reason=reason)
    cancel_task(by=by, kind=OVERDUE, key=_round_key(model), reason="lost")
    open_task(
        by=by,
        kind=LOST,
        key=_round_key(model),
        room="dental",
        title=gettext_noop("The model %(number)s of %(subject)s is lost: find it or have it made anew"),
        args={"number": model.number},
        subject=("patient", model.patient.code),
        icon="tooth",
        due_at=clock.now() + timedelta(hours=4),
        roles=("head_nurse", "supervisor"),
        site=model.site,
        url=("dental:model", str(model.code)),
        closed_in_inbox=False,
    )
    return model


def watch(*, by: Actor, model: LabModel) -> None:
    """Open what must be warned of today: the model is overdue, or the fitting is near and nothing lies ready.

    Asked again it opens nothing twice. "Near" begins ``lab_warning_days`` opening days before the fitting, or at once
    when the laboratory promised a later day than the fitting.
    """
    today = clock.today(model.site.timezone)
    if model.state == "sent" and model.due_on is not None and model.due_on < today:
        open_task(
            by=by,
            kind=OVERDUE,
            key=_round_key(model),
            room="dental",
            title=gettext_noop("The model %(number)s of %(subject)s is overdue at the laboratory"),
            detail=gettext_noop("%(lab)s, due on %(due_on)s"),
            args={"number": model.number, "lab": model.lab, "due_on": model.due_on},
            subject=("patient", model.patient.code),
            icon="tooth",
            due_at=clock.now(),
            roles=HANDLES,
            site=model.site,
            url=("dental:model", str(model.code)),
            closed_in_inbox=False,
        )
    if _endangers_fitting(model, today):
        booking = model.appointment
        assert booking is not None
        open_task(
            by=by,
            kind=LATE,
            key=_late_key(model),
            room="dental",
            title=gettext_noop("The model %(number)s for the fitting of %(subject)s is not ready"),
            detail=gettext_noop("Fitting %(starts_at)s with %(doctor)s: get it checked, or move the visit"),
            args={"number": model.number, "starts_at": booking.starts_at, "doctor": booking.doctor.name},
            subject=("patient", model.patient.code),
            icon="tooth",
            due_at=clock.now(),
            rank_at=booking.starts_at,
            escalates_at=max(clock.now(), booking.starts_at - timedelta(hours=20)),
            escalates_to=ESCALATES_TO,
            roles=HANDLES,
            site=model.site,
            url=("dental:model", str(model.code)),
            closed_in_inbox=False,
        )


def release_fitting(*, by: Actor, appointment: UUID) -> None:
    """A booking was given up: its models wait for another one, and nobody is warned of it any more."""
    for model in LabModel.objects.select_for_update(of=("self",)).filter(appointment__code=appointment):
        if model.state == "fitted":
            continue
        cancel_task(by=by, kind=LATE, key=_late_key(model), reason="cancelled")
        model.appointment = None
        model.bump({"appointment"})


def _endangers_fitting(model: LabModel, today: date) -> bool:
    booking = model.appointment
    if booking is None or model.state not in (*AWAITED, "lost") or booking.state not in EXPECTED:
        return False
    fitting = clock.local(booking.starts_at, model.site.timezone).date()
    if model.state == "sent" and model.due_on is not None and model.due_on > fitting:
        return True
    hours = weekly_hours(model.site, since=fitting - timedelta(days=LOOK_BACK_DAYS), until=fitting)
    near = fitting
    try:
        for _step in range(parameters.value("lab_warning_days", site=model.site)):
            near = calendars.last_opening_day_before(hours, near)
    except calendars.NeverOpen:
        return True
    return today >= near


def _move(by: Actor, model: LabModel, target: str, **facts: Any) -> None:
    """The step, and its line in the history."""
    LAB_MODEL.move(model, target, by=by, **facts)
    _note(model, target, by, **{name: value for name, value in facts.items() if name != "visit_code"})


def _note(model: LabModel, what: str, by: Actor, **facts: Any) -> None:
    LabStep.objects.create(
        model=model, what=what, round=model.round, at=clock.now(), by_id=by.user_id, by_name=by.name, **facts
    )


def _locked(model: LabModel, version: int | None = None) -> LabModel:
    lock_version(model, version)
    return LabModel.objects.select_related("site", "patient", "doctor", "appointment__doctor").get(pk=model.pk)


def _need_handler(handler: str) -> None:
    if not handler:
        sentence = _("Say who took it away or brought it.")
        raise RuleRefused("handler_missing", sentence, fields={"handler": [sentence]})


def _reason(reason: str) -> str:
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    return reason.strip()[:120]


def _round_key(model: LabModel) -> str:
    return f"{model.code}:{model.round}"


def _late_key(model: LabModel) -> str:
    booking = model.appointment
    return f"{model.code}:{model.round}:{booking.code if booking is not None else None}"
