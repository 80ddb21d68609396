"""Forms of the till. Amounts are typed in yuan and cleaned to integer fen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.web.fields import AmountInput, FenField, SegmentedRadios
from services.books.models import Tender
from services.cashier.models import ChargeLine, ZeroReason
from services.cashier.receipts import offered_tenders
from services.cashier.taking import HandedOver
from services.catalogue.models import Item
from services.catalogue.selectors import items
from services.discounts.actions import Wanted
from services.patients.models import Patient
from services.sites.models import Site


class SlipLineForm(forms.Form):
    """One line of a slip: what, how many, where, and why it is free if it is."""

    item = forms.ModelChoiceField(Item.objects.none(), label=_("Item"), to_field_name="code")
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=99, initial=1)
    remark = forms.CharField(label=_("Region"), max_length=60, required=False)
    zero_reason = forms.ChoiceField(
        label=_("Free because"), choices=[("", _("not free")), *ZeroReason.choices], required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["item"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = items()
        choice.label_from_instance = lambda item: item.name  # type: ignore[method-assign, assignment]


# The keys of the till: they work while an amount is being typed, because amounts take digits only.
TENDER_KEYS = {
    Tender.CASH: "X",
    Tender.DEBIT_CARD: "J",
    Tender.CREDIT_CARD: "D",
    Tender.WECHAT_PAY: "V",
    Tender.ALIPAY: "A",
    Tender.BANK_TRANSFER: "T",
    Tender.STORED_VALUE: "Q",
    Tender.INSURANCE_FUND: "U",
    Tender.INSURANCE_ACCOUNT: "I",
    Tender.VOUCHER: "Y",
}

SlipLines = formset_factory(SlipLineForm, extra=3, min_num=1, max_num=12, validate_min=True)


class MoneyForm(forms.Form):
    """By what is paid: one tender, and a second one for what the first does not cover."""

    tender = forms.ChoiceField(
        label=_("Paid by"), choices=Tender.choices, widget=SegmentedRadios(keys=TENDER_KEYS), initial=Tender.CASH
    )
    tendered_fen = FenField(label=_("Handed over"), min_value=0)
    card_number = forms.CharField(label=_("Card: last four digits"), max_length=4, required=False)
    reference = forms.CharField(
        label=_("Number of the transaction, settlement or voucher"), max_length=64, required=False
    )
    second_tender = forms.ChoiceField(label=_("and by"), choices=[("", "—"), *Tender.choices], required=False)
    second_fen = FenField(label=_("Handed over"), min_value=0, required=False)
    second_card_number = forms.CharField(label=_("Card: last four digits"), max_length=4, required=False)
    second_reference = forms.CharField(
        label=_("Number of the transaction, settlement or voucher"), max_length=64, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = offered_tenders()
        self.fields["tender"].choices = offered  # type: ignore[attr-defined]
        self.fields["second_tender"].choices = [("", "—"), *offered]  # type: ignore[attr-defined]

    def handed_over(self, exact_fen: int = 0) -> list[HandedOver]:
        """What the payer gives; an amount left empty is ``exact_fen``."""
        data = self.cleaned_data
        first = data.get("tendered_fen")
        found = [
            HandedOver(
                tender=data.get("tender") or Tender.CASH,
                fen=exact_fen if first is None else first,
                card_number=data.get("card_number") or "",
                reference=data.get("reference") or "",
            )
        ]
        if data.get("second_tender"):
            found.append(
                HandedOver(
                    tender=data["second_tender"],
                    fen=data.get("second_fen") or 0,
                    card_number=data.get("second_card_number") or "",
                    reference=data.get("second_reference") or "",
                )
            )
        return found


class ChargeForm(MoneyForm):
    """Taking in money for a slip: discounts, tenders, and on which items the rest stays owed."""

    coupon = forms.CharField(label=_("Coupon"), max_length=120, required=False)

    def __init__(
        self, *args: Any, lines: list[ChargeLine], offers: Mapping[UUID, list[tuple[str, str]]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            if line.amount_fen:
                self.fields[f"owed_{line.code}"] = FenField(
                    label=_("Owed on %(item)s") % {"item": line.item_name},
                    min_value=0,
                    max_value=line.amount_fen,
                    required=False,
                    widget=AmountInput(attrs={"class": "control num"}),
                )
            if offers.get(line.code):
                self.fields[f"discount_{line.code}"] = forms.ChoiceField(
                    label=f"{line.item_name} {line.remark}".strip(),
                    choices=[("", _("full price")), *offers[line.code]],
                    required=False,
                )

    def owed(self) -> dict[UUID, int]:
        """The named arrears: line code → fen."""
        found = {line.code: self.cleaned_data.get(f"owed_{line.code}") or 0 for line in self.lines}
        return {code: amount for code, amount in found.items() if amount}

    def coupons(self) -> list[str]:
        """The numbers typed or scanned, apart by spaces or commas."""
        return [one for one in re.split(r"[\s,，、]+", self.cleaned_data.get("coupon") or "") if one]

    def discounts(self) -> list[Wanted]:
        """What was chosen per line."""
        found = []
        for line in self.lines:
            kind, _sep, code = (self.cleaned_data.get(f"discount_{line.code}") or "").partition(":")
            if code:
                found.append(Wanted(line=line.code, **{kind: UUID(code)}))
        return found


class AskForm(forms.Form):
    """A discount that the finance policy does not know. The rate is what is paid of the price, in percent."""

    line = forms.UUIDField(widget=forms.Select)
    rate_percent = forms.IntegerField(label=_("Paid of the price, in %"), min_value=1, max_value=99)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class SettleForm(MoneyForm):
    """Taking in money owed from before."""

    amount_fen = FenField(label=_("Amount"), min_value=1)
    tendered_fen = FenField(label=_("Handed over"), min_value=0, required=False)
    field_order = ["tender", "amount_fen", "tendered_fen"]


class DispatchForm(forms.Form):
    """A dispatch slip: the colleague's own file, one item, and today's price or nothing."""

    PRICE, FREE = "price", "free"

    patient = forms.ModelChoiceField(Patient.objects.none(), label=_("Own file"), to_field_name="code")
    item = forms.ModelChoiceField(Item.objects.none(), label=_("Item"), to_field_name="code")
    fee = forms.ChoiceField(
        label=_("Fee"),
        choices=[(PRICE, _("today's price")), (FREE, _("free of charge"))],
        widget=SegmentedRadios,
        initial=PRICE,
    )

    def __init__(self, *args: Any, files: list[Patient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own, goods = self.fields["patient"], self.fields["item"]
        assert isinstance(own, forms.ModelChoiceField)
        assert isinstance(goods, forms.ModelChoiceField)
        own.queryset = Patient.objects.filter(pk__in=[one.pk for one in files])
        own.label_from_instance = lambda one: f"{one.record_number} {one.name}"  # type: ignore[method-assign, assignment]
        if len(files) == 1:
            own.initial = files[0].code
        goods.queryset = items()
        goods.label_from_instance = lambda item: item.name  # type: ignore[method-assign, assignment]

    def fee_fen(self, site: Site) -> int:
        """What the chosen item costs today in fen, or 0; an item without a price is refused by the action."""
        price = self.cleaned_data["item"].price_on(clock.today(site.timezone))
        return price or 0 if self.cleaned_data["fee"] == self.PRICE else 0
