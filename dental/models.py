"""What was done to which tooth, and for how long it is guaranteed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from dental.teeth import TEETH
from kernel.ids import CodeModel
from services.patients.models import Patient
from services.records.models import Treatment


class ToothTreatment(CodeModel):
    """A treatment of one tooth. ``warranty_until`` is its last day under guarantee; a redo names its original."""

    treatment = models.OneToOneField(Treatment, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    tooth = models.PositiveSmallIntegerField()
    surfaces = models.CharField(max_length=5, blank=True)
    performed_on = models.DateField()
    warranty_until = models.DateField()
    redo_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="redos")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(tooth__in=sorted(TEETH)), name="dental_tooth_fdi"),
            models.CheckConstraint(condition=Q(warranty_until__gte=F("performed_on")), name="dental_warranty_order"),
        ]
        indexes = [models.Index(fields=["patient", "tooth", "-performed_on"], name="dental_tooth_history")]
