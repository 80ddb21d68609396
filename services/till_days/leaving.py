"""A cashier who leaves the house in the middle of a shift (CA-039): asked, approved before leaving, out and in noted."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, NotFound, RuleRefused
from services.shift.incidents import report_incident
from services.shift.models import Absence
from services.shift.posts import accompanied_by, at_post
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_of
from services.tasks.actions import open_task, settle_task
from services.till_days.machines import LEAVE
from services.till_days.models import Leave

ASKED = "till_days.leave_asked"


@action(permission="till_days.work")
def ask_leave(*, by: Actor, site: Site, reason: str) -> Leave:
    """Ask the supervisor to leave the house during the shift. Raises RuleRefused (``reason_missing``), Forbidden
    (``person_needed``), Conflict (``leave_open``)."""
    staff = _person(by)
    if len(reason.strip()) < 2:
        sentence = _("Say why you leave.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if Leave.objects.filter(staff=staff, state__in=("asked", "approved", "out", "unapproved")).exists():
        raise Conflict("leave_open", _("You have asked already, or are noted as out."))
    made = Leave.objects.create(
        site=site, staff=staff, reason=reason.strip()[:200], asked_at=clock.now(), asked_by=by.code
    )
    audit.record(by=by, verb="till_days.leave_asked", target=made, site=site.code)
    open_task(
        by=by,
        kind=ASKED,
        key=str(made.code),
        room="till_days",
        title=gettext_noop("%(name)s asks to leave the house: %(reason)s"),
        args={"name": staff.name, "reason": made.reason},
        icon="sign",
        due_at=made.asked_at,
        roles=("supervisor",),
        site=site,
        url=("till_days:leaves",),
        closed_in_inbox=False,
    )
    return made


@action(permission="till_days.approve")
def decide_leave(*, by: Actor, site: Site, leave: Leave, approve: bool) -> Leave:
    """The supervisor lets the cashier go, or not. Raises Forbidden (``own_request``), Conflict (``invalid_transition``)."""
    _at(leave, site)
    LEAVE.move(leave, "approved" if approve else "refused", by=by)
    settle_task(by=by, kind=ASKED, key=str(leave.code), result=leave.state)
    return leave


@action(permission="till_days.work")
def go_out(*, by: Actor, site: Site, leave: Leave) -> Leave:
    """Out, now. Without the approval that is an incident, and noted as one. The only person at the desk does not go.

    Raises Forbidden (``not_your_leave``), Conflict (``accompanies_somebody``, ``only_person_at_desk``,
    ``invalid_transition``).
    """
    _at(leave, site)
    staff = _person(by)
    if leave.staff_id != staff.pk:
        raise Forbidden("not_your_leave", _("Somebody else asked for this."))
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if accompanied_by(staff):
        raise Conflict(
            "accompanies_somebody", _("Somebody is in the cashier area with you. Note that they are out first.")
        )
    out = set(Leave.objects.filter(site=site, state__in=("out", "unapproved")).values_list("staff_id", flat=True))
    others = (at_post(site, Absence.Post.CASHIER) | at_post(site, Absence.Post.DESK)) - {staff.pk} - out
    if not others:
        raise Conflict(
            "only_person_at_desk",
            _("Nobody else is at the desk. Wait until a colleague is there."),
            cures=[Cure(_("Ask a colleague to cover"))],
        )
    fresh = Leave.objects.select_for_update().get(pk=leave.pk)
    allowed = fresh.state == "approved"
    LEAVE.move(leave, "out" if allowed else "unapproved", by=by)
    if not allowed:
        report_incident(
            by=Actor.system("till"),
            site=site,
            place=_("Till"),
            words=_("%(name)s left the house without approval.") % {"name": staff.name},
        )
    return leave


@action(permission="till_days.work")
def come_in(*, by: Actor, site: Site, leave: Leave) -> Leave:
    """Back in the house. Raises Conflict (``invalid_transition``)."""
    _at(leave, site)
    LEAVE.move(leave, "back", by=by)
    settle_task(by=by, kind=ASKED, key=str(leave.code), result="back")
    return leave


def _person(by: Actor) -> StaffMember:
    staff = staff_of(by)
    if staff is None:
        raise Forbidden("person_needed", _("Only who works here leaves a post."))
    return staff


def _at(leave: Leave, site: Site) -> None:
    if leave.site_id != site.pk:
        raise NotFound("leave_not_found", _("There is no such request."))
