"""Giving out numbers."""

from __future__ import annotations

from django.db import connection

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.numbering.models import NumberFormat, NumberSeries
from kernel.numbering.patterns import check_pattern, period_of, write

PLAIN = "{number:6}"
PLAIN_WITH_PERIOD = "{period}-{number:6}"


def next_number(series: str, *, entity: str, period: str = "") -> str:
    """The next number of ``series`` for ``entity`` (the code of a legal entity or site), as the tenant writes it.

    ``period`` chooses the counter; by default the format of the series says when it begins again, at the tenant's local
    date. The counter's row stays locked until the caller's transaction ends: a rollback gives the number back, so there
    are no gaps, and two documents at once wait for each other.

    Raises RuntimeError outside of a transaction.
    """
    return reserve_numbers(series, entity=entity, count=1, period=period)[0]


def reserve_numbers(series: str, *, entity: str, count: int, period: str = "") -> list[str]:
    """``count`` numbers in a row (a block of pre-numbered emergency receipts), as in ``next_number``."""
    if not connection.in_atomic_block:
        raise RuntimeError("a gapless number is taken in the transaction of its document")
    if count < 1:
        raise ValueError("at least one number is reserved")
    style = _format_of(series, entity)
    if not period and style:
        period = period_of(clock.today(), style.reset)
    pattern = style.pattern if style else (PLAIN_WITH_PERIOD if period else PLAIN)
    last = _take(series, entity, period, count)
    return [write(pattern, number=last - count + step, entity=entity, period=period) for step in range(1, count + 1)]


@action(permission="numbering.set_format")
def set_number_format(*, by: Actor, series: str, pattern: str, reset: str = "never", entity: str = "") -> NumberFormat:
    """Let ``series`` (of one ``entity``, or of all without a format of their own) be written as ``pattern`` from now
    on.

    Numbers that were given out stay as they are. Raises RuleRefused (``invalid_number_pattern``,
    ``number_pattern_without_period``).
    """
    check_pattern(pattern, periodic=reset != "never")
    style, _created = NumberFormat.objects.update_or_create(
        series=series, entity=entity, defaults={"pattern": pattern, "reset": reset}
    )
    audit.record(
        by=by, verb="numbering.format_set", target=style, series=series, entity=entity, pattern=pattern, reset=reset
    )
    return style


def _format_of(series: str, entity: str) -> NumberFormat | None:
    # "" sorts before every code, so the entity's own format comes first.
    return NumberFormat.objects.filter(series=series, entity__in=["", entity]).order_by("-entity").first()


def _take(series: str, entity: str, period: str, count: int) -> int:
    """Raise the counter by ``count`` and return it. One statement: its row stays locked until the transaction ends."""
    table = connection.ops.quote_name(NumberSeries._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (series, entity, period, last_number) VALUES (%s, %s, %s, %s)"  # noqa: S608
            " ON CONFLICT (series, entity, period)"
            f" DO UPDATE SET last_number = {table}.last_number + EXCLUDED.last_number"
            " RETURNING last_number",
            [series, entity, period, count],
        )
        return cursor.fetchone()[0]
