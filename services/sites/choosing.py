"""A form field that chooses a row by its code; a primary key never stands in a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet


class CodeChoiceField(forms.ModelChoiceField):
    """``CodeChoiceField(describe=lambda site: site.name)``; the form hands over the rows with ``offer``."""

    def __init__(self, *, describe: Callable[[Any], str], queryset: QuerySet[Any] | None = None, **kwargs: Any) -> None:
        self.describe = describe
        super().__init__(queryset, to_field_name="code", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return self.describe(obj)


def offer(form: forms.BaseForm, name: str, rows: QuerySet[Any]) -> None:
    """Let the ``CodeChoiceField`` called ``name`` choose among ``rows``."""
    field = form.fields[name]
    assert isinstance(field, CodeChoiceField)
    field.queryset = rows
