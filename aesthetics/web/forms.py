"""Recording a procedure."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aesthetics.models import ProcedureTemplate
from kernel.web.fields import SiteDateTimeField


class ProcedureForm(forms.Form):
    """Which procedure, and when."""

    template = forms.ModelChoiceField(ProcedureTemplate.objects.none(), label=_("Procedure"), to_field_name="code")
    performed_at = SiteDateTimeField(label=_("Done at (empty: now)"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = ProcedureTemplate.objects.filter(is_active=True)
        self.fields["template"].label_from_instance = lambda template: template.name


class MoveForm(forms.Form):
    """The corrected date."""

    performed_at = SiteDateTimeField(label=_("Done at"))
