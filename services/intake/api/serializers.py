"""What the API of the first visit takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.intake import findings, selectors
from services.intake.machine import SHEET
from services.intake.models import IntakeSheet, Signature


class AnswerIn(StrictSerializer):
    value = LineField(max_length=500, required=False, allow_blank=True, default="")
    words = LineField(max_length=120, required=False, allow_blank=True, default="")
    declined = serializers.BooleanField(required=False, default=False)


class AnswersIn(StrictSerializer):
    """Every answer so far; a question that is left out is blank."""

    answers = serializers.DictField(child=AnswerIn())
    filler = serializers.ChoiceField(choices=IntakeSheet.Filler.choices)
    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class AnswerOut(OutSerializer):
    question = serializers.CharField()
    words = serializers.CharField(help_text="The question in the reader's language")
    answer = serializers.CharField(allow_blank=True)


class FindingOut(OutSerializer):
    question = serializers.CharField(allow_blank=True, help_text="Key of the answer; empty for what was told in words")
    words = serializers.CharField()
    highlighted = serializers.BooleanField()


class HandOverOut(OutSerializer):
    code = serializers.UUIDField()
    sheet = serializers.UUIDField(source="sheet.code")
    giver_name = serializers.CharField()
    receiver = serializers.UUIDField(source="receiver.code")
    receiver_name = serializers.CharField(source="receiver.name")
    given_at = MomentField()
    heard = serializers.BooleanField(help_text="The giver says that the receiver repeated it")
    confirm_by = MomentField()
    acknowledged_at = MomentField(allow_null=True)
    breached_at = MomentField(allow_null=True)
    replaced_at = MomentField(allow_null=True)


class SheetOut(OutSerializer):
    """A first-visit form. ``missing`` names the places that a special circumstance still lacks."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    visit = serializers.SerializerMethodField()
    vertical = serializers.CharField()
    state = serializers.ChoiceField(choices=SHEET.choices)
    filler = serializers.CharField(allow_blank=True)
    started_at = MomentField()
    checked_at = MomentField(allow_null=True)
    handed_over_at = MomentField(allow_null=True)
    acknowledged_at = MomentField(allow_null=True)
    missing = serializers.SerializerMethodField()

    def get_visit(self, sheet: IntakeSheet) -> str | None:
        return str(sheet.visit.code) if sheet.visit is not None else None

    def get_missing(self, sheet: IntakeSheet) -> list[str]:
        return list(findings.places(sheet).missing)


class OneSheetOut(SheetOut):
    answers = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()
    hand_overs = HandOverOut(many=True)

    def get_answers(self, sheet: IntakeSheet) -> list[dict[str, Any]]:
        rows = [{"question": key, "words": words, "answer": said} for key, words, said in selectors.lines(sheet)]
        return list(AnswerOut(rows, many=True).data)

    def get_findings(self, sheet: IntakeSheet) -> list[dict[str, Any]]:
        rows = [
            {"question": one.key, "words": one.words, "highlighted": one.highlighted}
            for one in findings.places(sheet).found
        ]
        return list(FindingOut(rows, many=True).data)


class SignIn(StrictSerializer):
    signer = serializers.ChoiceField(choices=Signature.Signer.choices)
    signer_name = LineField(
        max_length=80, required=False, allow_blank=True, default="",
        help_text="May be left out with a drawing: then it is the name that the file knows for who signs",
    )  # fmt: skip
    strokes = LineField(
        max_length=60_000, required=False, allow_blank=True, default="",
        help_text="A drawn signature: JSON, lines of [x, y] in a field of 1000 by 300",
    )  # fmt: skip


class SpecialIn(StrictSerializer):
    """A question that was answered, or what was told in words."""

    question = LineField(max_length=40, required=False, allow_blank=True, default="")
    words = LineField(max_length=500, required=False, allow_blank=True, default="")


class AlertIn(StrictSerializer):
    text = LineField(max_length=200)


class HandOverIn(StrictSerializer):
    receiver = serializers.UUIDField()
    heard = serializers.BooleanField(required=False, default=False)
    remark = LineField(max_length=500, required=False, allow_blank=True, default="")
