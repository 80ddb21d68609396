"""Words of the till in templates."""

from __future__ import annotations

from django import template

from services.books.models import Tender

register = template.Library()


@register.filter
def tender_word(key: str) -> str:
    """How a tender is called in the language of the page; "" for what is not known."""
    return str(Tender(key).label) if key in Tender.values else ""
