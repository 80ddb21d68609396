"""Recording a treatment of a tooth."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dental.teeth import SURFACES
from services.catalogue.models import Item


class ToothForm(forms.Form):
    """Tooth, surfaces and item."""

    tooth = forms.IntegerField(label=_("Tooth (FDI)"), min_value=11, max_value=85)
    surfaces = forms.MultipleChoiceField(
        label=_("Surfaces"),
        choices=[(letter, letter) for letter in SURFACES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    item = forms.ModelChoiceField(Item.objects.none(), label=_("Item"), to_field_name="code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = Item.objects.filter(vertical="dental", is_active=True)
        self.fields["item"].label_from_instance = lambda item: item.name
