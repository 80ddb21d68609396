"""Forms of packages and stored value."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import DateField, FenField, SegmentedRadios
from services.prepaid.models import Cause
from services.sites.choosing import CodeChoiceField


class PackageForm(forms.Form):
    """A package that is offered."""

    key = forms.SlugField(label=_("Key"), max_length=60)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=80)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    price_fen = FenField(label=_("Price"))
    gives = CodeChoiceField(describe=lambda one: one.name, label=_("Item"))
    sessions = forms.IntegerField(label=_("Sessions"), min_value=1, max_value=500)
    valid_days = forms.IntegerField(label=_("Valid for days"), min_value=1, max_value=3650)


class StoredValueForm(forms.Form):
    """Stored value in pieces of an amount."""

    key = forms.SlugField(label=_("Key"), max_length=60)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=80)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    price_fen = FenField(label=_("Amount of one piece"))


class UseForm(forms.Form):
    """A session at a visit, signed for."""

    holding = CodeChoiceField(describe=lambda one: f"{one.number} {one.name} × {one.sessions_left}", label=_("Package"))
    signer_name = forms.CharField(label=_("The patient signs"), max_length=80)


class ExtendForm(forms.Form):
    until = DateField(label=_("New last day"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ShareForm(forms.Form):
    """With whom the holder shares it."""

    record_number = forms.CharField(label=_("Record number of the other patient"), max_length=40)
    signer_name = forms.CharField(label=_("The holder signs"), max_length=80)


class TransferForm(forms.Form):
    """To whom a package goes."""

    record_number = forms.CharField(label=_("Record number of the other patient"), max_length=40)
    giver_name = forms.CharField(label=_("The holder signs"), max_length=80)
    taker_name = forms.CharField(label=_("The new holder signs"), max_length=80)


class RefundForm(forms.Form):
    """The holder wants the money."""

    cause = forms.ChoiceField(label=_("Cause"), choices=Cause.choices, widget=SegmentedRadios)
    reason = forms.CharField(label=_("Detailed reason"), max_length=400)
    amount_fen = FenField(label=_("Amount (stored value only; empty: all)"), required=False)
    signer_name = forms.CharField(label=_("The holder signs"), max_length=80)
