"""Forms of the catalogue."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from kernel import registry
from kernel.web.fields import DateField, FenField
from services.catalogue.models import Item
from services.catalogue.selectors import categories
from services.sites.choosing import CodeChoiceField, offer

key_shape = RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", _("Use lower-case letters, digits, dots and hyphens."))


def lines_of_business() -> list[tuple[str, Any]]:
    """The active lines of business, and that an item belongs to all of them."""
    return [("", _("all")), *((vertical.key, vertical.label) for vertical in registry.active_verticals())]


class ItemForm(forms.ModelForm):
    """An item; the price of a new one comes along."""

    category = CodeChoiceField(describe=lambda category: category.name, label=_("Category"))
    vertical = forms.ChoiceField(label=_("Line of business"), required=False, choices=lines_of_business)
    price = FenField(label=_("Price"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Item
        fields = (
            "name_zh", "name_en", "key", "category", "units", "is_public", "is_invasive", "is_goods", "is_active", "tax_code",
            "order",
        )  # fmt: skip
        help_texts = {
            "key": _("Stays the same for ever; reports and rules name it."),
            "is_public": _("The desk may quote it where that is allowed."),
            "is_goods": _("The cashier sells it at its list price without a doctor's slip."),
            "is_invasive": _("Patients are called on the same day, not only messaged."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "category", categories())
        if self.instance.pk:
            for name in ("key", "price", "vertical"):
                del self.fields[name]
            self.initial.update(category=self.instance.category.code, version=self.instance.version)
        else:
            del self.fields["is_active"]
            self.fields["key"].validators = [key_shape]


class PriceForm(forms.Form):
    """A price from a day on."""

    price_fen = FenField(label=_("Price"))
    effective_from = DateField(label=_("From"))
