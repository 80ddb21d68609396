"""Forms of stock. Prices are typed in yuan and cleaned to integer fen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import DateField, FenField
from services.inventory.models import Place, StockItem
from services.inventory.selectors import items

MOST = 100_000


def _choice() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(StockItem.objects.none(), label=_("Item"), to_field_name="code")


class _WithItem(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["item"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = items()
        choice.label_from_instance = lambda one: f"{one.name} {one.spec}".strip()  # type: ignore[method-assign, assignment]


class ReceiveForm(_WithItem):
    """A delivery of one lot."""

    item = _choice()
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST)
    lot = forms.CharField(label=_("Lot"), max_length=40)
    expires_on = DateField(label=_("Expiry"), required=False)
    price_fen = FenField(label=_("Price of one"), min_value=0)
    serial_from = forms.IntegerField(label=_("Serial numbers from"), required=False, min_value=0, max_value=10**15)
    serial_until = forms.IntegerField(label=_("until"), required=False, min_value=0, max_value=10**15)


class RequestForm(_WithItem):
    """A place asks the store."""

    place = forms.ChoiceField(label=_("For"), choices=[one for one in Place.choices if one[0] != "store"])
    item = _choice()
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST)


class UseForm(_WithItem):
    """Something was used out of the kit or in a room."""

    item = _choice()
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST, initial=1)


class MinimumForm(forms.Form):
    place = forms.ChoiceField(label=_("Place"), choices=Place.choices)
    quantity = forms.IntegerField(label=_("Minimum"), min_value=0, max_value=MOST)


class ScrapForm(forms.Form):
    place = forms.ChoiceField(label=_("Place"), choices=Place.choices)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class BudgetLineForm(forms.Form):
    """A line of the budget table with the columns of the paper."""

    item = forms.CharField(label=_("Item"), max_length=80)
    spec = forms.CharField(label=_("Specification"), max_length=80, required=False)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MOST)
    price_fen = FenField(label=_("Price"), min_value=0)
    reason = forms.CharField(label=_("Reason or department"), max_length=120, required=False)
    on = DateField(label=_("Date"))
