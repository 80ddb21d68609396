"""What the API of importing takes and gives."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.importing.machines import BATCH
from services.importing.models import ImportedRow
from services.importing.selectors import GROUPS, shown

# A body of 2 MB holds so many letters of base64.
LONGEST = 1_900_000


class UploadIn(StrictSerializer):
    site = serializers.UUIDField()
    name = LineField(max_length=120)
    content = serializers.CharField(
        max_length=LONGEST, trim_whitespace=False, help_text="The workbook (.xlsx) in base64"
    )

    def validate_content(self, value: str) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError(_("This is no base64."), code="invalid") from error


class DecideIn(StrictSerializer):
    decision = serializers.ChoiceField(choices=ImportedRow.Decision.choices)
    candidate = serializers.UUIDField(required=False, allow_null=True, default=None)


class BatchOut(OutSerializer):
    """An import and how many of its rows stand where."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    name = serializers.CharField()
    sha256 = serializers.CharField()
    state = serializers.ChoiceField(choices=BATCH.choices)
    total = serializers.IntegerField()
    ignored_columns = serializers.ListField(child=serializers.CharField(), source="ignored")
    uploaded_at = MomentField()
    uploaded_by = serializers.CharField(source="uploaded_by_name")
    started_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True)
    undone_at = MomentField(allow_null=True)
    counts = serializers.SerializerMethodField()

    def get_counts(self, row: Any) -> dict[str, int]:
        return {key: getattr(row, f"{key}_count") for key in GROUPS}


class FaultOut(OutSerializer):
    column = serializers.CharField(allow_blank=True)
    cell = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class CandidateOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    shared = serializers.ListField(child=serializers.CharField())


class RowOut(OutSerializer):
    """A row of the file: where it stands, what is wrong with it and what helps, what it may double, what it became."""

    code = serializers.UUIDField()
    kind = serializers.CharField()
    number = serializers.IntegerField(help_text="Row of the sheet")
    state = serializers.ChoiceField(choices=ImportedRow.State.choices)
    decision = serializers.ChoiceField(choices=ImportedRow.Decision.choices, allow_blank=True)
    target = serializers.UUIDField(allow_null=True)
    faults = serializers.SerializerMethodField()
    candidates = CandidateOut(many=True)

    def get_faults(self, row: ImportedRow) -> list[dict[str, str]]:
        [one] = shown([row])
        return [{"column": column, "cell": cell, "message": words} for column, cell, words in one.faults]
