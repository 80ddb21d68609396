"""Forms of the order desk and of the companion's phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from escort.models import Hospital
from kernel.web.fields import FenField, SiteDateTimeField
from services.catalogue.models import Item


class OrderForm(forms.Form):
    """An enquiry: who, where, when, what for."""

    patient = forms.UUIDField(label=_("Client (from search)"), widget=forms.HiddenInput)
    customer_name = forms.CharField(label=_("Who orders"), max_length=40)
    customer_phone = forms.CharField(label=_("Phone"), max_length=20)
    hospital = forms.ModelChoiceField(Hospital.objects.none(), label=_("Hospital"), to_field_name="code")
    department = forms.CharField(label=_("Department"), max_length=60, required=False)
    item = forms.ModelChoiceField(Item.objects.none(), label=_("Service"), to_field_name="code")
    pickup_place = forms.CharField(label=_("Meeting place"), max_length=120)
    starts_at = SiteDateTimeField(label=_("From"))
    ends_at = SiteDateTimeField(label=_("Until"))
    needs = forms.CharField(label=_("What the client needs"), widget=forms.Textarea(attrs={"rows": 3}), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hospital"].queryset = Hospital.objects.order_by("city", "name")
        self.fields["hospital"].label_from_instance = lambda hospital: f"{hospital.name} · {hospital.city}"
        self.fields["item"].queryset = Item.objects.filter(vertical="escort", is_active=True)
        self.fields["item"].label_from_instance = lambda item: item.name


class AgreementForm(forms.Form):
    """Price and terms of an agreement."""

    price_fen = FenField(label=_("Price"), min_value=0)
    cancellation_terms = forms.CharField(label=_("Cancellation terms"), max_length=200, required=False)


class PreparationForm(forms.Form):
    """The steps before a service."""

    contacted_note = forms.CharField(
        label=_("Talked to the client: condition, needs, history"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    registration_number = forms.CharField(label=_("Registration number"), max_length=40, required=False)
    route = forms.CharField(label=_("Route in the hospital"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    reconfirmed = forms.BooleanField(label=_("Time and place confirmed again with the client"), required=False)


class MomentForm(forms.Form):
    """A step of the service as the phone tells it: its own key and its own time (empty: now)."""

    key = forms.UUIDField(required=False)
    happened_at = SiteDateTimeField(required=False)
    place = forms.CharField(max_length=120, required=False)
    note = forms.CharField(max_length=2000, required=False)


class ReportForm(forms.Form):
    """The service report."""

    text = forms.CharField(label=_("What was done, what the doctor said"), widget=forms.Textarea(attrs={"rows": 6}))
    client_condition = forms.CharField(
        label=_("How the client was at the end"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
