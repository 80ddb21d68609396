"""What the API of the dental vertical takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from dental.machines import LAB_MODEL, PREPARATION
from dental.models import LabModel, PreparationSet, ToothFinding, VisitClass
from dental.preparation import ITEMS
from dental.teeth import SURFACES
from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer


class ToothIn(StrictSerializer):
    site = serializers.UUIDField()
    item = serializers.UUIDField()
    tooth = serializers.IntegerField(min_value=11, max_value=85)
    surfaces = serializers.ListField(
        child=serializers.ChoiceField(choices=SURFACES), required=False, default=list, max_length=5
    )
    helper = serializers.UUIDField(required=False, allow_null=True, default=None)
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    performed_at = MomentField(required=False, allow_null=True, default=None)


class ToothOut(OutSerializer):
    code = serializers.UUIDField()
    tooth = serializers.IntegerField()
    surfaces = serializers.CharField()
    item = serializers.UUIDField(source="treatment.item.code")
    item_name = serializers.CharField(source="treatment.item.name")
    doctor = serializers.UUIDField(source="treatment.doctor.code")
    helper = serializers.UUIDField(source="helper.code", default=None, allow_null=True)
    performed_on = DayField()
    warranty_until = DayField()
    voided_at = MomentField(source="treatment.voided_at", allow_null=True)
    redo_of = serializers.UUIDField(source="redo_of.code", default=None, allow_null=True)


class FindingIn(StrictSerializer):
    site = serializers.UUIDField()
    tooth = serializers.IntegerField(min_value=11, max_value=85)
    kind = serializers.ChoiceField(choices=ToothFinding.Kind.choices)
    surfaces = serializers.ListField(
        child=serializers.ChoiceField(choices=SURFACES), required=False, default=list, max_length=5
    )
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class FindingOut(OutSerializer):
    code = serializers.UUIDField()
    tooth = serializers.IntegerField()
    surfaces = serializers.CharField()
    kind = serializers.ChoiceField(choices=ToothFinding.Kind.choices)
    author = serializers.UUIDField(source="author.code")
    noted_at = MomentField()


class WarrantyOut(OutSerializer):
    original = serializers.UUIDField(source="original.code")
    valid = serializers.BooleanField()
    until = DayField()
    original_doctor = serializers.UUIDField(source="original_doctor.code")
    original_doctor_first = serializers.BooleanField()
    original_doctor_until = DayField()


class ProposalOut(OutSerializer):
    """The class that the history proposes, and why."""

    visit_class = serializers.ChoiceField(choices=VisitClass.choices)
    because = serializers.CharField()
    why = serializers.CharField()


class RedoIn(StrictSerializer):
    site = serializers.UUIDField()
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class RedoOut(OutSerializer):
    treatment = ToothOut()
    slip = serializers.UUIDField()


class ClassCountsOut(OutSerializer):
    doctor = serializers.CharField()
    number = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()


class ClassStatisticsOut(OutSerializer):
    first = DayField()
    last = DayField()
    results = ClassCountsOut(many=True)


class ModelIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    doctor = serializers.UUIDField()
    work = serializers.ChoiceField(choices=LabModel.Work.choices)
    teeth = serializers.ListField(
        child=serializers.IntegerField(min_value=11, max_value=85), required=False, default=list, max_length=32
    )
    impression_on = DayField()
    note = LineField(max_length=300, required=False, allow_blank=True, default="")
    appointment = serializers.UUIDField(required=False, allow_null=True, default=None)


class ModelOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    teeth = serializers.ListField(child=serializers.IntegerField())
    work = serializers.ChoiceField(choices=LabModel.Work.choices)
    state = serializers.ChoiceField(choices=LAB_MODEL.choices)
    round = serializers.IntegerField()
    impression_on = DayField()
    lab = serializers.CharField()
    due_on = DayField(allow_null=True)
    sent_at = MomentField(allow_null=True)
    received_at = MomentField(allow_null=True)
    checked_at = MomentField(allow_null=True)
    fitted_at = MomentField(allow_null=True)
    appointment = serializers.UUIDField(source="appointment.code", default=None, allow_null=True)


class SendIn(StrictSerializer):
    lab = LineField(max_length=80)
    handler = LineField(max_length=60)
    due_on = DayField()


class ReceiveIn(StrictSerializer):
    handler = LineField(max_length=60)


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=120)


class FittingIn(StrictSerializer):
    appointment = serializers.UUIDField(allow_null=True)


class FitIn(StrictSerializer):
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class PreparationIn(StrictSerializer):
    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=PreparationSet.Kind.choices)
    specialist = serializers.UUIDField()


class PreparationOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=PreparationSet.Kind.choices)
    state = serializers.ChoiceField(choices=PREPARATION.choices)
    specialist = serializers.UUIDField(source="specialist.code")
    opened_at = MomentField()
    prepared_at = MomentField(allow_null=True)
    items = serializers.SerializerMethodField()

    def get_items(self, row: PreparationSet) -> list[dict[str, object]]:
        from dental.selectors import list_lines

        return [{"item": line.item, "there": line.tick is not None} for line in list_lines(row)]


class TickIn(StrictSerializer):
    item = serializers.ChoiceField(choices=list(ITEMS.items()))
    there = serializers.BooleanField(required=False, default=True)


class HealthIn(StrictSerializer):
    """Every question: null for no, the words (may be empty) for yes."""

    site = serializers.UUIDField()
    answers = serializers.DictField(child=LineField(max_length=120, allow_blank=True, allow_null=True))
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class AlertOut(OutSerializer):
    question = serializers.CharField()
    words = serializers.CharField()


class HealthOut(OutSerializer):
    """The latest yeses with their words."""

    alerts = AlertOut(many=True)
    asked_at = MomentField()
    asked_by = serializers.CharField()
    outdated = serializers.BooleanField()
