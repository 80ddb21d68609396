"""Forms of refunds. Amounts are typed in yuan and cleaned to integer fen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import AmountInput, DateField, FenField, SegmentedRadios
from services.refunds.actions import Wanted
from services.refunds.identity import Shown
from services.refunds.models import Payee, ProxyReason
from services.refunds.selectors import Item


class BeginForm(forms.Form):
    """The doctor's part of register and form: the reason, and what of which item."""

    reason = forms.CharField(
        label=_("Detailed reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )  # fmt: skip

    def __init__(self, *args: Any, items: Sequence[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        for one in items:
            self.fields[f"amount_{one.line.code}"] = FenField(
                label=_("Goes back of %(item)s") % {"item": one.line.item_name},
                min_value=0,
                required=False,
                widget=AmountInput(attrs={"class": "control num"}),
            )
            self.fields[f"text_{one.line.code}"] = forms.CharField(
                label=_("New text of %(item)s") % {"item": one.line.item_name},
                max_length=120,
                required=False,
                widget=forms.TextInput(attrs={"class": "control"}),
            )

    def wanted(self) -> list[Wanted]:
        """What was filled in, line by line."""
        found = []
        for one in self.items:
            amount = self.cleaned_data.get(f"amount_{one.line.code}") or 0
            text = self.cleaned_data.get(f"text_{one.line.code}") or ""
            if amount or text:
                found.append(Wanted(line=one.line.code, amount_fen=amount, changed_to=text))
        return found


class OpinionForm(forms.Form):
    opinion = forms.CharField(label=_("Opinion"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class PayForm(forms.Form):
    """Who stands at the till, and what of the patient was compared with the file."""

    payee = forms.ChoiceField(label=_("Who takes it"), choices=Payee.choices, widget=SegmentedRadios, initial="patient")
    name = forms.CharField(
        label=_("Name, as the person says it"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    birth_date = DateField(label=_("Patient's date of birth"), required=False)
    phone_last_four = forms.RegexField(
        r"^[0-9]{4}$", label=_("Last four digits of the patient's phone"), required=False, max_length=4
    )
    id_number = forms.CharField(label=_("Patient's ID number"), max_length=40, required=False)
    identity_document = forms.CharField(
        label=_("Identity document of guardian or proxy"), max_length=120, required=False
    )
    proxy_reason = forms.ChoiceField(
        label=_("Why the patient does not come"), choices=[("", "—"), *ProxyReason.choices], required=False
    )

    def __init__(self, *args: Any, others: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not others:
            for name in ("identity_document", "proxy_reason"):
                del self.fields[name]

    def shown(self) -> Shown:
        """What the person says and shows."""
        return Shown(**{name: value for name, value in self.cleaned_data.items() if value is not None})


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class PayeeForm(forms.Form):
    """The payee signs: a name typed, or drawn."""

    signer_name = forms.CharField(
        label=_("Name of who signs"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    strokes = forms.CharField(required=False, max_length=60_000, widget=forms.HiddenInput)


class ConfirmForm(forms.Form):
    signer_name = forms.CharField(
        label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
