"""Filters and ordering by white list: what may be asked is declared, and nothing of the request reaches a lookup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NoReturn
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from kernel.errors import Malformed

Lookup = str | Callable[[QuerySet[Any], Any], QuerySet[Any]] | None
PAGING = frozenset({"page", "page_size"})
LONGEST = 200


class Parameter:
    """A query parameter: its name, the lookup it stands for (or a callable), and how its text is read."""

    schema: Mapping[str, Any] = {"type": "string"}

    def __init__(self, name: str, lookup: Lookup, *, help: str = "") -> None:  # noqa: A002
        self.name, self.lookup, self.help = name, lookup, help

    def read(self, query: QueryDict) -> Any:
        """The value in ``query``, None when it is absent or empty. Raises Malformed."""
        text = query.get(self.name, "")
        if not text:
            return None
        if len(text) > LONGEST or "\x00" in text:
            self.refuse(_("This value is too long or holds characters that are not accepted."))
        return self.parse(text)

    def parse(self, text: str) -> Any:
        """The value that ``text`` means. Raises Malformed."""
        return text

    def apply(self, queryset: QuerySet[Any], query: QueryDict) -> QuerySet[Any]:
        """``queryset`` narrowed to what ``query`` asks for."""
        value = self.read(query)
        if value is None or self.lookup is None:
            return queryset
        return self.lookup(queryset, value) if callable(self.lookup) else queryset.filter(**{self.lookup: value})

    def refuse(self, sentence: str) -> NoReturn:
        """Raise the Malformed that names this parameter."""
        raise Malformed(
            "invalid_parameter", _("A parameter of the address is not valid."), fields={self.name: [sentence]}
        )


class Text(Parameter):
    """Free text."""


class Code(Parameter):
    """The code of a row."""

    schema = {"type": "string", "format": "uuid"}

    def parse(self, text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError:
            self.refuse(_("This is not a code."))


class Choice(Parameter):
    """One of a few words."""

    def __init__(self, name: str, lookup: Lookup, choices: Sequence[str], *, help: str = "") -> None:  # noqa: A002
        super().__init__(name, lookup, help=help)
        self.choices = tuple(choices)
        self.schema = {"type": "string", "enum": list(self.choices)}

    def parse(self, text: str) -> str:
        if text not in self.choices:
            self.refuse(_("Choose one of: %(choices)s.") % {"choices": ", ".join(self.choices)})
        return text


class Flag(Parameter):
    """True or false."""

    schema = {"type": "boolean"}

    def parse(self, text: str) -> bool:
        if text not in {"true", "false", "1", "0"}:
            self.refuse(_("Say true or false."))
        return text in {"true", "1"}


class Number(Parameter):
    """A whole number within bounds."""

    def __init__(self, name: str, lookup: Lookup, *, minimum: int, maximum: int, help: str = "") -> None:  # noqa: A002
        super().__init__(name, lookup, help=help)
        self.minimum, self.maximum = minimum, maximum
        self.schema = {"type": "integer", "minimum": minimum, "maximum": maximum}

    def parse(self, text: str) -> int:
        if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19):
            self.refuse(_("This is not a whole number."))
        value = int(text)
        if not self.minimum <= value <= self.maximum:
            self.refuse(
                _("The number must lie between %(least)s and %(most)s.") % {"least": self.minimum, "most": self.maximum}
            )
        return value


class Day(Parameter):
    """A calendar day."""

    schema = {"type": "string", "format": "date"}

    def parse(self, text: str) -> date:
        try:
            day = parse_date(text)
        except ValueError:
            day = None
        if day is None or not 1900 <= day.year <= 2200:
            self.refuse(_("This is not a day, for example 2026-12-01."))
        return day


class Moment(Parameter):
    """A moment with its offset."""

    schema = {"type": "string", "format": "date-time"}

    def parse(self, text: str) -> datetime:
        try:
            # In an address an unescaped plus arrives as a blank.
            moment = parse_datetime(text.replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not 1900 < moment.year < 2200:
            self.refuse(_("This is not a moment with its time zone, for example 2026-12-01T09:00:00+08:00."))
        return moment.astimezone(UTC)


class Filters:
    """What may be asked of a list.

    ``Filters(Code("site", "site__code"), Day("from", "day__gte"), ordering={"day": "day"}, default="-day")``; apply it
    with ``self.filtered(queryset)`` in an ``ApiView``. Rows that are equal keep a stable order by key.
    """

    def __init__(self, *parameters: Parameter, ordering: Mapping[str, str] | None = None, default: str = "") -> None:
        self.parameters = parameters
        self.ordering = dict(ordering or {})
        self.default = default
        if default and default.lstrip("-") not in self.ordering:
            raise ValueError(f"the default order {default!r} is not among the declared ones")

    @property
    def order_choices(self) -> list[str]:
        """The words that ``ordering`` may say."""
        return [sign + name for name in self.ordering for sign in ("", "-")]

    def check(self, query: QueryDict) -> None:
        """Raise Malformed for a parameter that is not declared."""
        known = {parameter.name for parameter in self.parameters} | PAGING | ({"ordering"} if self.ordering else set())
        strangers = sorted(set(query) - known)
        if strangers:
            raise Malformed(
                "unknown_parameter",
                _("A parameter of the address is not known here."),
                fields={name[:80]: [_("This parameter is not known.")] for name in strangers[:20]},
            )

    def apply(self, queryset: QuerySet[Any], request: Request) -> QuerySet[Any]:
        """``queryset`` as the request asks for it. Raises Malformed (400)."""
        query = request.query_params
        self.check(query)
        for parameter in self.parameters:
            queryset = parameter.apply(queryset, query)
        if not self.ordering:
            return queryset
        wanted = query.get("ordering") or self.default
        if not wanted:
            return queryset
        name, sign = wanted.lstrip("-"), "-" if wanted.startswith("-") else ""
        if name not in self.ordering or wanted not in self.order_choices:
            raise Malformed(
                "invalid_parameter",
                _("A parameter of the address is not valid."),
                fields={"ordering": [_("Choose one of: %(choices)s.") % {"choices": ", ".join(self.order_choices)}]},
            )
        return queryset.order_by(f"{sign}{self.ordering[name]}", f"{sign}pk")
