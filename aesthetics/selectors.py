"""Reads of the aesthetics vertical."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aesthetics.models import Procedure, ProcedureTemplate
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.followup.models import FollowUp
from services.patients.models import Patient


def procedures(actor: Actor, patient: Patient | None = None) -> QuerySet[Procedure]:
    """Procedures, the latest first."""
    rows = accessible(Procedure.objects.all(), actor, "aesthetics.view")
    if patient is not None:
        rows = rows.filter(patient=patient)
    return rows.select_related("template", "patient", "doctor", "site")


def followups_of(procedure: Procedure) -> QuerySet[FollowUp]:
    """The post-op plan of a procedure, in the order of its days."""
    return (
        FollowUp.objects.filter(plan__source_key=procedure.source_key).select_related("plan").order_by("due_on", "id")
    )


def access_procedure(actor: Actor, code: UUID, word: str = "aesthetics.view") -> Procedure:
    """One procedure. Raises NotFound (``procedure_not_found``)."""
    rows = Procedure.objects.select_related("template", "patient", "doctor", "site")
    found = accessible(rows, actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("procedure_not_found", _("There is no such procedure."))
    return found


def access_template(actor: Actor, code: UUID) -> ProcedureTemplate:
    """One template. Raises NotFound (``template_not_found``)."""
    found = (
        ProcedureTemplate.objects.filter(code=code, is_active=True).first() if actor.can("aesthetics.view") else None
    )
    if found is None:
        raise NotFound("template_not_found", _("There is no such procedure template."))
    return found
