"""Forms of importing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from services.importing.models import ImportedRow
from services.sites.models import Site


class UploadForm(forms.Form):
    site = forms.ModelChoiceField(
        label=_("For which site"), queryset=Site.objects.none(), to_field_name="code", empty_label=None
    )
    file = forms.FileField(
        label=_("Workbook (.xlsx)"),
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        help_text=_("Nothing is imported by uploading: you get a report first."),
    )

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        self.fields["site"].label_from_instance = lambda one: one.name  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    """What a likely double is."""

    decision = forms.ChoiceField(choices=ImportedRow.Decision.choices)
    candidate = forms.UUIDField(required=False)
