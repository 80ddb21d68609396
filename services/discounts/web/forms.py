"""Forms of discounts. Rates are typed in percent of the price and cleaned to basis points."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.identity.models import Role
from kernel.web.fields import DateField
from services.catalogue.models import Category, Item
from services.catalogue.selectors import categories, items
from services.discounts.models import DiscountPolicy
from services.discounts.selectors import policies


class RateField(forms.DecimalField):
    """What is paid of the price, in percent with at most two decimals; cleaned to basis points."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=Decimal(1), max_value=Decimal(99), decimal_places=2, max_digits=4, **kwargs)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        return None if cleaned is None else int(cleaned * 100)


class NamedChoice(forms.ModelChoiceField):
    """Items and categories by their name in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class PolicyForm(forms.Form):
    """A line of the finance policy."""

    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=80)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    rate_bp = RateField(label=_("Paid of the price, in %"), help_text=_("90 means ten percent off."))
    item = NamedChoice(Item.objects.none(), label=_("Only this item"), to_field_name="code", required=False)
    category = NamedChoice(Category.objects.none(), label=_("Only this category"), to_field_name="code", required=False)
    roles = forms.MultipleChoiceField(
        label=_("Granted at the till by"), required=False, widget=forms.CheckboxSelectMultiple
    )
    coupon_only = forms.BooleanField(label=_("Only with a coupon"), required=False)
    starts_on = DateField(label=pgettext_lazy("period", "From"))
    ends_on = DateField(label=pgettext_lazy("period", "Until"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = items()  # type: ignore[attr-defined]
        self.fields["category"].queryset = categories()  # type: ignore[attr-defined]
        granting = Role.objects.filter(
            permissions__word__in=("cashier.charge", "cashier.view"), permissions__granted=True
        )
        self.fields["roles"].choices = [(role.slug, role.label) for role in granting.distinct()]  # type: ignore[attr-defined]


class EndForm(forms.Form):
    """Until when a line of the policy counts."""

    ends_on = DateField(label=_("Last day"))


class CouponForm(forms.Form):
    """A coupon that is handed out."""

    policy = NamedChoice(DiscountPolicy.objects.none(), label=_("For"), to_field_name="code", empty_label=None)
    number = forms.CharField(label=pgettext_lazy("coupon", "Number"), max_length=40)
    valid_until = DateField(label=_("Valid until"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["policy"].queryset = policies().filter(coupon_only=True)  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    """Yes or no."""

    words = forms.CharField(label=_("Opinion"), max_length=200, required=False)
