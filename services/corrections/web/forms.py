"""Forms of the correction book."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import AmountInput, FenField, SegmentedRadios
from services.cashier.models import ReceiptLine
from services.cashier.taking import HandedOver
from services.cashier.web.forms import MoneyForm
from services.corrections.models import Correction


class EntryForm(MoneyForm):
    """What was wrong, and what is to stand instead. Amounts are typed in yuan and cleaned to integer fen."""

    kind = forms.ChoiceField(label=_("Kind of error"), choices=Correction.Cause.choices, widget=SegmentedRadios)
    cause = forms.CharField(label=_("Cause of the error"), max_length=300)
    wrong = forms.CharField(label=_("Wrong content"), max_length=300)
    right = forms.CharField(label=_("Correct content"), max_length=300)
    record_number = forms.CharField(label=_("Record number of the right patient"), max_length=24, required=False)
    tendered_fen = FenField(label=_("Handed over"), min_value=0, required=False)
    changes_money = forms.BooleanField(label=_("Paid by something else than the receipt says"), required=False)
    changes_owed = forms.BooleanField(label=_("Owed on something else than the receipt says"), required=False)

    def __init__(self, *args: Any, rows: list[ReceiptLine], due_fen: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows, self.due_fen = rows, due_fen
        for row in rows:
            self.fields[f"owed_{row.line.code}"] = FenField(
                label=_("Owed on %(item)s") % {"item": row.line.item_name},
                min_value=0,
                max_value=row.received_fen + row.owed_fen,
                required=False,
                initial=row.owed_fen,
                widget=AmountInput(attrs={"class": "control num"}),
            )

    def owed(self) -> dict[UUID, int] | None:
        """What stays owed by line, if it is to change."""
        if not self.cleaned_data.get("changes_owed"):
            return None
        return {row.line.code: self.cleaned_data.get(f"owed_{row.line.code}") or 0 for row in self.rows}

    def payments(self) -> list[HandedOver]:
        """How it was paid, if that is to change; an amount left empty is all that was received."""
        if not self.cleaned_data.get("changes_money"):
            return []
        owed = self.owed()
        total = sum(row.received_fen + row.owed_fen for row in self.rows)
        due = self.due_fen if owed is None else total - sum(owed.values())
        return [one for one in self.handed_over(exact_fen=due) if one.fen]


class OpinionForm(forms.Form):
    """What the supervisor compared, or why not."""

    opinion = forms.CharField(label=_("Verification"), max_length=300, required=False)
