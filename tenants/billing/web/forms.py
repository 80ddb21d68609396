"""Forms of the billing pages. The fields of an order follow the tenants and the price list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import registry
from tenants.billing import catalogue
from tenants.billing.models import Interval
from tenants.billing.plan_changes import MOST_OF_ONE, Order

SEPARATOR = "__"


class OrderForm(forms.Form):
    """Plan, rhythm, and per business: sites, verticals, seats."""

    plan = forms.ChoiceField(label=_("Plan"), choices=[(plan.key, plan.label) for plan in catalogue.PLANS.values()])
    interval = forms.ChoiceField(label=_("Billing period"), choices=Interval.choices)

    def __init__(self, data: Any, *, tenants: list[tuple[str, str]], order: Order) -> None:
        super().__init__(data, initial={"plan": order.plan, "interval": order.interval})
        self.tenants = tenants
        self.keys = _keys()
        for slug, name in tenants:
            parts = order.quantities.get(slug, {})
            for key, label in self.keys.items():
                field = _field(key, label, parts.get(key, 0))
                field.widget.attrs["aria-label"] = f"{name}: {label}"
                self.fields[self.name_of(slug, key)] = field

    @staticmethod
    def name_of(slug: str, key: str) -> str:
        """The field of one position of one business."""
        return f"{slug}{SEPARATOR}{key.replace(':', '-')}"

    def columns(self) -> list[tuple[str, Any]]:
        """The positions: the vertical each belongs to ("" for none) and its label."""
        return [(_vertical_of(key), label) for key, label in self.keys.items()]

    def rows(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Per business: its name and its fields, in the order of the columns."""
        for slug, name in self.tenants:
            yield name, [self[self.name_of(slug, key)] for key in self.keys]

    def order(self) -> Order:
        """What was filled in."""
        data = self.cleaned_data
        quantities = {
            slug: {key: int(data.get(self.name_of(slug, key)) or 0) for key in self.keys}
            for slug, _name in self.tenants
        }
        chosen = {slug: {key: number for key, number in parts.items() if number} for slug, parts in quantities.items()}
        return Order(plan=data["plan"], interval=data["interval"], quantities=chosen)


class StartForm(OrderForm):
    """A first order, and how it is paid."""

    paid_by = forms.ChoiceField(
        label=_("Payment"),
        choices=[("card", _("card, charged automatically")), ("invoice", _("invoice and bank transfer"))],
        initial="card",
        widget=forms.RadioSelect,
    )


class PayerForm(forms.Form):
    """Who stands on the invoice."""

    name = forms.CharField(label=_("Name on the invoice"), max_length=120)
    tax_number = forms.CharField(label=_("Tax number"), max_length=40, required=False)
    email = forms.EmailField(label=_("Mail address for invoices"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


class TransferForm(forms.Form):
    """A transfer on the bank statement."""

    invoice = forms.UUIDField(widget=forms.HiddenInput)
    reference = forms.CharField(label=_("Reference on the bank statement"), max_length=80)


def _keys() -> dict[str, Any]:
    """The positions that a business may order, in the order of the price list."""
    found: dict[str, Any] = {"site": _("Sites")}
    for component in catalogue.every_component():
        if component.interval == "month" and component.key.startswith(("vertical:", "seat:")):
            found[component.key] = component.label
    return found


def _field(key: str, label: Any, number: int) -> forms.Field:
    if key.startswith("vertical:"):
        tick = forms.CheckboxInput(attrs={"class": "checkbox"})
        return forms.BooleanField(label=label, required=False, initial=bool(number), widget=tick)
    box = forms.NumberInput(attrs={"class": "control num w-20", "inputmode": "numeric"})
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=MOST_OF_ONE, initial=number, widget=box
    )


def _vertical_of(key: str) -> str:
    if key.startswith("vertical:"):
        return key.removeprefix("vertical:")
    if key.startswith("seat:"):
        for vertical in registry.verticals().values():
            if key.removeprefix("seat:") in vertical.meters:
                return vertical.key
    return ""
