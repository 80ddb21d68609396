"""Forms of VIP cards, vouchers and measures."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import DateField, SegmentedRadios
from services.sites.choosing import CodeChoiceField, offer
from services.sites.models import Site
from services.staff.selectors import staff_at
from services.vip.models import Reason


class RangeForm(forms.Form):
    """A range of blank cards and who keeps them."""

    first = forms.CharField(label=_("First serial"), max_length=40)
    last = forms.CharField(label=_("Last serial"), max_length=40, required=False)
    custodian = CodeChoiceField(describe=lambda one: f"{one.number} {one.name}", label=_("Custodian"))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "custodian", staff_at(site).select_related("user"))


class ProposeForm(forms.Form):
    """For whom a blank is, and why."""

    holder_name = forms.CharField(label=_("VIP name"), max_length=80)
    reason = forms.ChoiceField(label=_("Reason"), choices=Reason.choices, widget=SegmentedRadios)
    words = forms.CharField(label=_("Reason in words"), max_length=200, required=False)


class PatientCardForm(forms.Form):
    """A blank for a patient, and why."""

    card = CodeChoiceField(describe=lambda one: one.serial, label=_("Card serial no."))
    reason = forms.ChoiceField(label=_("Reason"), choices=Reason.choices, widget=SegmentedRadios)
    words = forms.CharField(label=_("Reason in words"), max_length=200, required=False)


class ReplaceForm(forms.Form):
    """The blank that takes the place of a lost card."""

    blank = CodeChoiceField(describe=lambda one: one.serial, label=_("New card"))


class WordsForm(forms.Form):
    words = forms.CharField(label=_("Reason"), max_length=200, required=False)


class UseForm(forms.Form):
    serial = forms.CharField(label=_("Card serial no."), max_length=40)


class PackageForm(forms.Form):
    """What a partner gives its cardholders."""

    partner = forms.CharField(label=_("Partner"), max_length=80)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=80)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    starts_on = DateField(label=pgettext_lazy("period", "From"))
    ends_on = DateField(label=pgettext_lazy("period", "Until"), required=False)


class MeasureForm(forms.Form):
    """A line of the list of measures."""

    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=80)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    starts_on = DateField(label=pgettext_lazy("period", "From"))
    ends_on = DateField(label=pgettext_lazy("period", "Until"), required=False)


class EndForm(forms.Form):
    ends_on = DateField(label=_("Last day"))


class VoucherForm(forms.Form):
    """A cardholder whom a partner names."""

    package = CodeChoiceField(describe=lambda one: f"{one.partner} · {one.name}", label=_("Package"))
    number = forms.CharField(label=pgettext_lazy("voucher", "Number"), max_length=40)
    holder_name = forms.CharField(label=_("Cardholder"), max_length=80)
    id_number = forms.CharField(label=_("ID number"), max_length=40, required=False)
    phone_last_four = forms.RegexField(r"^[0-9]{4}$", label=_("Last four digits of the phone"), required=False)


class CheckForm(forms.Form):
    """Who shows a voucher."""

    number = forms.CharField(label=pgettext_lazy("voucher", "Number"), max_length=40)
    shown_by = forms.ChoiceField(
        label=_("Shown by"),
        choices=[("holder", _("the cardholder in person")), ("family", _("family or friends"))],
        widget=SegmentedRadios,
    )
    name = forms.CharField(label=_("Name"), max_length=80)
    id_number = forms.CharField(label=_("ID number"), max_length=40, required=False)
    phone_last_four = forms.RegexField(r"^[0-9]{4}$", label=_("Last four digits of the phone"), required=False)
