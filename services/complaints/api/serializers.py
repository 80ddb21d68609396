"""What the API of complaints takes and gives. Money is integer fen; lists mask phones."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import DayField, FenField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.web.formatting import masked_phone
from services.complaints.cases import COLLECTED
from services.complaints.machines import COMPLAINT, FEEDBACK
from services.complaints.models import (
    Channel,
    Complaint,
    Evidence,
    Feedback,
    Involved,
    Principle,
    Remedy,
    Round,
    Severity,
    Source,
)
from services.followup.models import FollowUp


class SpeakerIn(StrictSerializer):
    name = LineField(max_length=80, required=False, allow_blank=True, default="")
    phone = LineField(max_length=30, required=False, allow_blank=True, default="")
    contact = LineField(max_length=120, required=False, allow_blank=True, default="")
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)


def words(**more: Any) -> serializers.CharField:
    return serializers.CharField(max_length=2000, **more)


class CaseIn(StrictSerializer):
    category = LineField(max_length=40)
    severity = serializers.ChoiceField(choices=Severity.choices, default="ordinary")
    treatment = words(help_text="Which treatment, how far; “none” where there is none")
    promised = serializers.BooleanField(help_text="A reply was promised to the customer")
    accused = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=20)


class ComplaintIn(CaseIn):
    site = serializers.UUIDField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    speaker = SpeakerIn()
    matter = words()
    vertical = LineField(max_length=40, required=False, allow_blank=True, default="")
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a name that DRF's own field has too
        choices=Source.choices, required=False, allow_blank=True, default=""
    )
    source_code = serializers.UUIDField(required=False, allow_null=True, default=None)


class SolutionIn(StrictSerializer):
    solution = words()


class AssignIn(StrictSerializer):
    handler = serializers.UUIDField()
    words = words(required=False, allow_blank=True, default="", help_text="For a hand-over")


class TeamIn(StrictSerializer):
    lead = serializers.UUIDField()
    members = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=20)


class StaffIn(StrictSerializer):
    staff = serializers.UUIDField()


class EvidenceIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=[one for one in Evidence.Kind.choices if one[0] in COLLECTED])
    words = words()


class PrincipleIn(StrictSerializer):
    key = serializers.ChoiceField(choices=Principle.Key.choices)
    words = words(required=False, allow_blank=True, default="")


class DetermineIn(StrictSerializer):
    cause = words()
    opinion = words()
    department = LineField(max_length=40, required=False, allow_blank=True, default="")
    responsible = serializers.UUIDField(required=False, allow_null=True, default=None)


class RemedyIn(StrictSerializer):
    kind = LineField(max_length=40)
    words = LineField(max_length=500, required=False, allow_blank=True, default="")
    amount_fen = FenField(default=0)
    staff = serializers.UUIDField(required=False, allow_null=True, default=None)
    due_on = DayField(required=False, allow_null=True, default=None)


class DecideIn(StrictSerializer):
    approve = serializers.BooleanField()
    reason = LineField(max_length=200, required=False, allow_blank=True, default="")


class DoneIn(StrictSerializer):
    done_on = DayField(required=False, allow_null=True, default=None)
    declined = serializers.BooleanField(default=False)


class ReplyIn(StrictSerializer):
    how = serializers.ChoiceField(choices=Round.How.choices, default="phone")
    words = words()


class WordsIn(StrictSerializer):
    words = words()


class ContentIn(StrictSerializer):
    words = words(required=False, allow_blank=True, default="")


class MediateIn(StrictSerializer):
    mediator = LineField(max_length=120)
    mediation_on = DayField(required=False, allow_null=True, default=None)


class ResultIn(StrictSerializer):
    result = words()


class FollowUpIn(StrictSerializer):
    satisfaction = serializers.ChoiceField(choices=FollowUp.Satisfaction.choices)
    words = words(required=False, allow_blank=True, default="")


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=300)


class PersonOut(OutSerializer):
    staff = serializers.UUIDField(source="staff.code")
    name = serializers.CharField(source="staff.name")
    part = serializers.ChoiceField(choices=Involved.Part.choices)


class RemedyOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.CharField()
    words = serializers.CharField()
    amount_fen = FenField()
    state = serializers.ChoiceField(choices=Remedy.State.choices)
    needs_approval = serializers.BooleanField()
    due_on = DayField(allow_null=True)
    told_at = MomentField(allow_null=True)
    done_on = DayField(allow_null=True)


class RoundOut(OutSerializer):
    number = serializers.IntegerField()
    how = serializers.CharField()
    words = serializers.CharField()
    told_at = MomentField()
    outcome = serializers.CharField()
    outcome_words = serializers.CharField()


class EvidenceOut(OutSerializer):
    kind = serializers.CharField()
    words = serializers.CharField()
    at = MomentField()
    by_name = serializers.CharField()


class CaseLineOut(OutSerializer):
    """A case in a list, for those who read it."""

    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    state = serializers.ChoiceField(choices=COMPLAINT.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    category = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices)
    complainant_name = serializers.CharField()
    phone = serializers.SerializerMethodField(help_text="Masked")
    patient = serializers.UUIDField(source="patient.code", allow_null=True, default=None)
    handler = serializers.UUIDField(source="handler.code", allow_null=True, default=None)
    received_at = MomentField()
    reply_due_at = MomentField()
    answered_at = MomentField(allow_null=True)
    overdue_at = MomentField(allow_null=True)
    closed_at = MomentField(allow_null=True)

    def get_phone(self, complaint: Complaint) -> str:
        return masked_phone(complaint.phone) if complaint.phone else ""


class CaseOut(CaseLineOut):
    """A case as those who deal with it read it."""

    matter = serializers.CharField()
    treatment = serializers.CharField()
    visit = serializers.UUIDField(source="visit.code", allow_null=True, default=None)
    feedback = serializers.UUIDField(source="feedback.code", allow_null=True, default=None)
    repeat_of = serializers.UUIDField(source="repeat_of.code", allow_null=True, default=None)
    limit_on = DayField()
    statutory_due_on = DayField()
    solution = serializers.CharField()
    cause = serializers.CharField()
    opinion = serializers.CharField()
    mediator = serializers.CharField()
    mediation_on = DayField(allow_null=True)
    mediation_result = serializers.CharField()
    content_at_close = serializers.BooleanField(allow_null=True)
    closing_reason = serializers.CharField()
    reopenings = serializers.IntegerField()
    people = serializers.SerializerMethodField()
    remedies = RemedyOut(many=True)
    rounds = RoundOut(many=True)
    evidence = EvidenceOut(many=True)

    def get_people(self, complaint: Complaint) -> list[dict[str, Any]]:
        rows = complaint.people.filter(until_at__isnull=True).select_related("staff")
        return list(PersonOut(rows, many=True).data)


class CountsOut(OutSerializer):
    """Figures of a site for everybody who sees the room."""

    open = serializers.IntegerField()
    waiting = serializers.IntegerField()
    overdue = serializers.IntegerField()
    serious = serializers.IntegerField()


class FeedbackIn(StrictSerializer):
    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Feedback.Kind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    words = words()
    speaker = SpeakerIn(required=False)
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class AssignFeedbackIn(StrictSerializer):
    department = LineField(max_length=40)
    responsible = serializers.UUIDField()


class MeasureIn(StrictSerializer):
    measure = words()


class AnswerIn(StrictSerializer):
    answer = words()


class ConfirmIn(StrictSerializer):
    satisfied = serializers.BooleanField(required=False, allow_null=True, default=None)


class UpgradeIn(CaseIn):
    speaker = SpeakerIn(required=False)


class FeedbackOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    kind = serializers.ChoiceField(choices=Feedback.Kind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    state = serializers.ChoiceField(choices=FEEDBACK.choices)
    words = serializers.CharField()
    customer_name = serializers.CharField()
    patient = serializers.UUIDField(source="patient.code", allow_null=True, default=None)
    department = serializers.CharField()
    responsible = serializers.UUIDField(source="responsible.code", allow_null=True, default=None)
    due_on = DayField()
    overdue_at = MomentField(allow_null=True)
    measure = serializers.CharField()
    answer = serializers.CharField()
    satisfied = serializers.BooleanField(allow_null=True)


class StateOut(OutSerializer):
    """Where a case stands after an act: whoever acted may not be among its readers any more."""

    code = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=COMPLAINT.choices)
    reply_due_at = MomentField()


class RemedyStateOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Remedy.State.choices)
    needs_approval = serializers.BooleanField()


class FeedbackStateOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=FEEDBACK.choices)


class RouteIn(StrictSerializer):
    channel = serializers.ChoiceField(choices=Channel.choices, required=False, allow_blank=True, default="")
    category = LineField(max_length=40, required=False, allow_blank=True, default="")
    severity = serializers.ChoiceField(choices=Severity.choices, required=False, allow_blank=True, default="")
    roles = serializers.ListField(child=LineField(max_length=60), min_length=1, max_length=20)


class RouteOut(OutSerializer):
    code = serializers.UUIDField()
    channel = serializers.CharField()
    category = serializers.CharField()
    severity = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class FoundIn(StrictSerializer):
    category = LineField(max_length=40)
    cause = words()
    measure = words()
    responsible = serializers.UUIDField()
    due_on = DayField()


class ReviewIn(StrictSerializer):
    site = serializers.UUIDField()
    first = DayField()
    last = DayField()
    common = words(required=False, allow_blank=True, default="")
    findings = FoundIn(many=True)


class FindingOut(OutSerializer):
    code = serializers.UUIDField()
    category = serializers.CharField()
    cases = serializers.IntegerField()
    repeats = serializers.IntegerField()
    overdue = serializers.IntegerField()
    cause = serializers.CharField()
    measure = serializers.CharField()
    responsible = serializers.UUIDField(source="responsible.code")
    due_on = DayField()
    done_on = DayField(allow_null=True)


class ReviewOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    first = DayField()
    last = DayField()
    cases = serializers.IntegerField()
    common = serializers.CharField()
    findings = FindingOut(many=True)
