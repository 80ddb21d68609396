"""Reads of the dermatology vertical."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dermatology.models import ClassifiedPlan
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.patients.models import Patient


def running_plans(actor: Actor, patient: Patient | None = None) -> QuerySet[ClassifiedPlan]:
    """Plans that have not ended, what is due first on top."""
    rows = accessible(ClassifiedPlan.objects.filter(ended_on=None), actor, "dermatology.view")
    if patient is not None:
        rows = rows.filter(patient=patient)
    return rows.select_related("patient", "doctor", "site").order_by("next_due_on", "id")


def access_plan(actor: Actor, code: UUID, word: str = "dermatology.view") -> ClassifiedPlan:
    """One plan. Raises NotFound (``plan_not_found``)."""
    rows = ClassifiedPlan.objects.select_related("patient", "doctor__user", "site")
    found = accessible(rows, actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("plan_not_found", _("There is no such plan."))
    return found
