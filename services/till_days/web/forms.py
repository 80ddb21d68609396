"""Forms of till days. Amounts are typed in yuan and cleaned to integer fen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.money import yuan
from kernel.web.fields import AmountInput, DateField, FenField, SiteDateTimeField
from services.books.models import Tender
from services.catalogue.models import Category
from services.catalogue.starter import UNMAPPED
from services.staff.models import StaffMember
from services.till_days.counting import DENOMINATIONS, MOST_PIECES, Counted


class ColleagueField(forms.ModelChoiceField):
    """A colleague, by number and name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=StaffMember.objects.none(), to_field_name="code", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name}"


class LineField(forms.ModelChoiceField):
    """A line of the daily report, by its name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class CountForm(forms.Form):
    """Pieces of every denomination, slips and totals of the other tenders."""

    banked_fen = FenField(label=_("Already at the bank"), min_value=0, required=False, initial=0)

    def __init__(self, *args: Any, tenders: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenders = list(tenders)
        for fen in DENOMINATIONS:
            self.fields[f"n_{fen}"] = forms.IntegerField(
                label=_("%(value)s yuan") % {"value": yuan(fen)},
                min_value=0,
                max_value=MOST_PIECES,
                required=False,
                widget=forms.NumberInput(attrs={"class": "control num", "inputmode": "numeric"}),
            )
        for name in self.tenders:
            label = Tender(name).label
            self.fields[f"slips_{name}"] = forms.IntegerField(
                label=_("%(tender)s: slips") % {"tender": label}, min_value=0, max_value=100_000
            )
            self.fields[f"total_{name}"] = FenField(
                label=_("%(tender)s: total of the terminal") % {"tender": label},
                min_value=0,
                widget=AmountInput(attrs={"class": "control num"}),
            )

    def counted(self) -> Counted:
        """What was typed."""
        data = self.cleaned_data
        return Counted(
            pieces={fen: data.get(f"n_{fen}") or 0 for fen in DENOMINATIONS},
            tenders={name: (data[f"slips_{name}"], data[f"total_{name}"]) for name in self.tenders},
            banked_fen=data.get("banked_fen") or 0,
        )


class CloseForm(forms.Form):
    """Who counts a second time."""

    reconciler = ColleagueField(label=_("Who counts again"), required=False)

    def __init__(self, *args: Any, people: Iterable[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reconciler"].queryset = StaffMember.objects.select_related("user").filter(  # type: ignore[attr-defined]
            pk__in=[one.pk for one in people]
        )


class OpenForm(forms.Form):
    """The change fund."""

    float_fen = FenField(label=_("Change fund"), min_value=0)


class MapForm(forms.Form):
    """On which line of the daily report an item counts."""

    item = forms.UUIDField(widget=forms.HiddenInput)
    category = LineField(
        label=_("Line of the daily report"), queryset=Category.objects.exclude(key=UNMAPPED), to_field_name="key"
    )


class DepositForm(forms.Form):
    """A slip of the bank."""

    number = forms.CharField(label=_("Slip number"), max_length=40)
    amount_fen = FenField(label=_("Amount"), min_value=1)
    deposited_at = SiteDateTimeField(label=_("Time"))
    bank = forms.CharField(label=_("Bank"), max_length=120, required=False)
    image = forms.FileField(label=_("Picture of the slip"), required=False)

    def __init__(self, *args: Any, site: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deposited_at"] = SiteDateTimeField(label=_("Time"), timezone=site.timezone)


class CauseForm(forms.Form):
    """Cause and liable person of a difference."""

    cause = forms.CharField(label=_("Cause"), max_length=1000, required=False)
    liable = ColleagueField(label=_("Liable person"), required=False)
    investigation = forms.CharField(label=_("What was looked into"), max_length=1000, required=False)
    recovery = forms.CharField(label=_("How it is made good"), max_length=300, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["liable"].queryset = people  # type: ignore[attr-defined]


class PettyForm(forms.Form):
    """Money of the till for an expense."""

    amount_fen = FenField(label=_("Amount"), min_value=1)
    reason = forms.CharField(label=_("What for"), max_length=200)


class AdmitForm(forms.Form):
    """The guarantee, or the training and the company of the first week."""

    staff = ColleagueField(label=_("Cashier"))
    guarantor = forms.CharField(label=_("Guarantor"), max_length=80, required=False)
    document = forms.CharField(label=_("Document of the guarantee"), max_length=120, required=False)
    guaranteed_on = DateField(label=_("Guaranteed on"), required=False)
    trained_on = DateField(label=_("Trained on"), required=False)
    first_day = DateField(label=_("First day at the till"), required=False)
    companion = ColleagueField(label=_("Beside them in the first week"), required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("staff", "companion"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]


class LeaveForm(forms.Form):
    """Why somebody leaves the house."""

    reason = forms.CharField(label=_("Why"), max_length=200)
