"""What another department has to do: passed on with a time, tracked until it is settled (CS-011, CS-012, CS-016)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy

from kernel import audit, clock, outbox, parameters, registry
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.consultation.actions import LEADERS, within_open_hours
from services.consultation.machines import TRANSFER
from services.consultation.models import Consultation, Transfer
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

SLOT = "consultation.departments"
TASK = "consultation.transfer"


@dataclass(frozen=True, slots=True)
class Department:
    """Where something is passed on to, and whose task it becomes there."""

    key: str
    label: str | Promise
    roles: tuple[str, ...]


DEPARTMENTS = (
    Department("doctors", pgettext_lazy("department", "doctors"), ("doctor_supervisor", "chief_physician")),
    Department("nursing", pgettext_lazy("department", "nursing"), ("head_nurse",)),
    Department("desk", pgettext_lazy("department", "front desk"), ("front_desk", "guide")),
    Department(
        "customer_service", pgettext_lazy("department", "customer service"), ("customer_service", "service_supervisor")
    ),
    Department("finance", pgettext_lazy("department", "finance"), ("finance", "supervisor")),
    Department("quality", pgettext_lazy("department", "marketing and quality"), ("quality", "clinic_director")),
    Department("management", pgettext_lazy("department", "management"), ("clinic_director", "dean")),
)


def departments() -> dict[str, Department]:
    """The departments of the active rooms by key; a line of business adds its own through the slot."""
    return {
        department.key: department
        for room in registry.active_rooms()
        for path in room.slots.get(SLOT, ())
        for department in import_string(path)
    }


@action(permission="consultation.consult")
def pass_on(
    *,
    by: Actor,
    kind: str,
    department: str,
    matter: str,
    consultation: Consultation | None = None,
    site: Site | None = None,
    patient: Patient | None = None,
) -> Transfer:
    """Pass a question, a problem, a suggestion, feedback, a complaint or a matter of fees on to a department. It is due
    after ``consultation_transfer_hours`` open hours; the consultant hears what was done.

    Raises RuleRefused (``kind_unknown``, ``department_unknown``, ``matter_missing``).
    """
    place = consultation.site if consultation is not None else site
    assert place is not None
    return _pass_on(
        by, place, kind=kind, department=department, matter=matter, consultation=consultation,
        patient=consultation.patient if consultation is not None else patient,
    )  # fmt: skip


@action(permission=None, reason="a follow-up call in which a suggestion was made carries its own word")
def pass_on_heard(
    *, by: Actor, site: Site, patient: Patient, kind: str, department: str, matter: str, source_key: str
) -> Transfer:
    """Pass on what a customer said elsewhere (FU-011); hearing of it twice passes it on once."""
    known = Transfer.objects.filter(source_key=source_key).first()
    if known is not None:
        return known
    return _pass_on(
        by, site, kind=kind, department=department, matter=matter, consultation=None, patient=patient,
        source_key=source_key,
    )  # fmt: skip


@action(permission="consultation.handle")
def take_transfer(*, by: Actor, transfer: Transfer) -> Transfer:
    """Somebody of the department takes care of it. Raises Conflict (``invalid_transition``)."""
    TRANSFER.move(transfer, "taken", by=by)
    return transfer


@action(permission="consultation.handle")
def settle_transfer(*, by: Actor, transfer: Transfer, result: str) -> Transfer:
    """What was done about it; who passed it on finds it with the consultation.

    Raises RuleRefused (``result_missing``), Conflict (``invalid_transition``).
    """
    if not result.strip():
        raise RuleRefused("result_missing", _("Write what was done."), fields={"result": [_("Required")]})
    TRANSFER.move(transfer, "settled", by=by, result=result.strip())
    settle_task(by=by, kind=TASK, key=str(transfer.code), result="settled")
    outbox.emit(
        "consultation.transfer_settled",
        key=f"transfer:{transfer.code}",
        payload={"transfer": str(transfer.code), "site": str(transfer.site.code), "kind": transfer.kind},
    )
    return transfer


def _pass_on(
    by: Actor,
    site: Site,
    *,
    kind: str,
    department: str,
    matter: str,
    consultation: Consultation | None,
    patient: Patient | None,
    source_key: str | None = None,
) -> Transfer:
    if kind not in Transfer.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose what it is."), fields={"kind": [_("Required")]})
    target = departments().get(department)
    if target is None:
        raise RuleRefused("department_unknown", _("Choose the department."), fields={"department": [_("Required")]})
    if not matter.strip():
        raise RuleRefused("matter_missing", _("Write what it is about."), fields={"matter": [_("Required")]})
    now = clock.now()
    transfer = Transfer.objects.create(
        site=site,
        consultation=consultation,
        patient=patient,
        source_key=source_key,
        kind=kind,
        department=target.key,
        roles=list(target.roles),
        matter=matter.strip(),
        passed_at=now,
        passed_by_id=by.user_id,
        passed_by_name=by.name,
        due_at=within_open_hours(site, now, parameters.value("consultation_transfer_hours", site=site)),
    )
    open_task(
        by=by,
        kind=TASK,
        key=str(transfer.code),
        room="consultation",
        title=gettext_noop("Passed on by a consultant: %(subject)s")
        if patient is not None
        else gettext_noop("Passed on by a consultant"),
        detail=gettext_noop("Passed on %(passed_at)s"),
        args={"passed_at": now},
        subject=("patient", patient.code) if patient is not None else None,
        icon="message",
        due_at=transfer.due_at,
        roles=target.roles,
        site=site,
        escalates_at=transfer.due_at,
        escalates_to=LEADERS,
        url=("consultation:transfer", str(transfer.code)),
        closed_in_inbox=False,
    )
    audit.record(
        by=by, verb="consultation.passed_on", target=transfer, site=site.code, kind=kind, department=department
    )
    return transfer
