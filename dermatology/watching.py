"""Watching those who wait: a sudden change is told to the doctor at once, and the guest moved if need be (QU-014)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dermatology.machines import CHANGE
from dermatology.models import SuddenChange
from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.reception.actions import leave_unseen, lock_visit
from services.reception.machine import UNSEEN
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

WORD = "dermatology.watch"
CALL = "dermatology.call_doctor"
MACHINE_DECIDES = "the state machine names who may"
WATCH = Actor.system("emergency")
# Nobody answered for so long: the head nurse and the supervisor see it too.
ALARM_AFTER = timedelta(minutes=2)


@action(permission=WORD)
def report_change(*, by: Actor, site: Site, visit: Visit, words: str) -> SuddenChange:
    """A waiting guest is suddenly worse: the doctor is called at once, with the time. Other guests go on waiting.

    Raises RuleRefused (``words_missing``), NotFound (``visit_not_found``), Conflict (``wait_is_over``, ``change_open``).
    """
    plain = words.strip()
    if not plain:
        sentence = _("Write what changed.")
        raise RuleRefused("words_missing", sentence, fields={"words": [sentence]})
    visit = lock_visit(visit)
    if visit.site_id != site.pk:
        raise NotFound("visit_not_found", _("There is no such visit."))
    if visit.state not in UNSEEN:
        raise Conflict("wait_is_over", _("This guest does not wait any more."), state=visit.state)
    if SuddenChange.objects.filter(visit=visit, state__in=("seen", "contacted")).exists():
        raise Conflict("change_open", _("A change of this guest is being dealt with already."))
    now = clock.now()
    change = SuddenChange.objects.create(
        site=site, visit=visit, words=plain, seen_at=now, seen_by_id=by.user_id, seen_by_name=by.name
    )
    audit.record(by=by, verb="dermatology.change_seen", target=change, site=site.code, visit=visit.code)
    open_task(
        by=by,
        kind=CALL,
        key=str(change.code),
        room="dermatology",
        title=gettext_noop("Suddenly worse, come at once: %(subject)s"),
        detail=gettext_noop("Seen at %(seen_at)s"),
        args={"seen_at": now},
        subject=("patient", visit.patient.code),
        icon="sos",
        due_at=now,
        assignee=visit.doctor.user if visit.doctor is not None else None,
        roles=("doctor", "specialist"),
        escalates_at=now + ALARM_AFTER,
        escalates_to=("head_nurse", "supervisor"),
        site=site,
        url=("dermatology:changes-of", str(visit.code)),
        closed_in_inbox=False,
    )
    return change


@action(permission=None, reason=MACHINE_DECIDES)
def note_contact(*, by: Actor, change: SuddenChange, doctor: StaffMember) -> SuddenChange:
    """The doctor has been reached, now. Raises RuleRefused (``not_a_doctor``), Conflict (``invalid_transition``)."""
    if not doctor.is_doctor:
        sentence = _("Choose the doctor who was reached.")
        raise RuleRefused("not_a_doctor", sentence, fields={"doctor": [sentence]})
    CHANGE.move(change, "contacted", by=by, doctor=doctor)
    settle_task(by=by, kind=CALL, key=str(change.code), result="contacted")
    return change


@action(permission=None, reason=MACHINE_DECIDES)
def transfer(*, by: Actor, change: SuddenChange, destination: str) -> SuddenChange:
    """The guest is moved to an emergency department; the wait ends here. The doctor was contacted before.

    Raises RuleRefused (``destination_missing``), Conflict (``invalid_transition``, ``wait_is_over``).
    """
    if not destination.strip():
        sentence = _("Write where the guest is moved to.")
        raise RuleRefused("destination_missing", sentence, fields={"destination": [sentence]})
    CHANGE.move(change, "transferred", by=by, destination=destination.strip()[:80])
    visit = Visit.objects.select_related("site", "patient", "doctor").get(pk=change.visit_id)
    leave_unseen(by=WATCH, visit=visit, reason="emergency_transfer")
    return change


@action(permission=None, reason=MACHINE_DECIDES)
def settle(*, by: Actor, change: SuddenChange, outcome: str) -> SuddenChange:
    """The doctor has seen to it here; the guest goes on waiting. Raises RuleRefused (``outcome_missing``), Conflict."""
    if not outcome.strip():
        sentence = _("Write how it ended.")
        raise RuleRefused("outcome_missing", sentence, fields={"outcome": [sentence]})
    CHANGE.move(change, "settled", by=by, outcome=outcome.strip())
    return change


def changes_for(actor: Actor) -> QuerySet[SuddenChange]:
    """The sudden changes at the sites where ``actor`` watches, the latest first."""
    rows = SuddenChange.objects.select_related("site", "visit__patient", "doctor")
    return access.accessible(rows, actor, WORD)


def access_change(actor: Actor, code: UUID) -> SuddenChange:
    """The change behind a code from outside. Raises NotFound (``change_not_found``)."""
    found = changes_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("change_not_found", _("There is no such event."))
    return found
