"""How figures are written, and the body of the matrix as HTML.

The body has up to 1,200 cells; a template would spend most of the page's time on them. Everything that comes from data
goes through ``escape`` here, once per row or column.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kernel import money
from kernel.registry import Kpi
from services.headquarters.matrix import Cell, Matrix, Row


def written(kpi: Kpi, value: float | None) -> str:
    """A value with its usual precision, without its unit: 1,284 · 6.6 % · 1,050.30 · 12 min."""
    if value is None:
        return "—"
    if kpi.unit == "percent":
        return f"{value:.1f} %"
    if kpi.unit == "fen":
        return money.yuan(round(value), grouped=True)
    if kpi.unit == "minutes":
        return f"{value:.1f}"
    return f"{value:,.0f}"


def basis(kpi: Kpi, cell: Cell) -> str:
    """What a value is made of: x/n below a hundred events, else n."""
    if kpi.aggregate == "ratio" and cell.denominator:
        return f"{cell.numerator:,}/{cell.denominator:,}" if cell.numerator < 100 else f"n {cell.denominator:,}"
    if kpi.aggregate == "mean":
        return f"n {cell.denominator or 0:,}"
    return _("%(days)s d") % {"days": cell.days}


def matrix_body(matrix: Matrix) -> SafeString:
    """The rows of the matrix."""
    words = {"na": escape(_("n/a")), "missing": escape(_("no data")), "few": escape(_("few"))}
    marks = {
        (
            good,
            up,
        ): f'<span class="mx-mark mx-{"good" if good else "bad"}"><span aria-hidden="true">{"▲" if up else "▼"}</span> {escape(_("improving") if good else _("look"))}</span>'
        for good in (True, False)
        for up in (True, False)
    }
    width = len(matrix.sites) + 2
    out: list[str] = []
    for label, rows in matrix.sections:
        out.append(f'<tr class="mx-group"><th scope="rowgroup" colspan="{width}">{escape(label)}</th></tr>')
        out.extend(_row(matrix, row, words, marks) for row in rows)
    return mark_safe("".join(out))  # noqa: S308  # built of escaped parts above


def _row(matrix: Matrix, row: Row, words: dict[str, str], marks: dict[tuple[bool, bool], str]) -> str:
    kpi = row.kpi
    unit = {"percent": "%", "fen": _("yuan"), "minutes": _("min"), "count": _("count")}[kpi.unit]
    wish = {"up": _("high is good"), "down": _("low is good"), None: ""}[kpi.direction]
    about = " · ".join(part for part in (unit, wish, f"v{kpi.version}") if part)
    href = escape(reverse("headquarters:figure", args=[kpi.key]))
    query = f"?period={matrix.period.key}&amp;month={matrix.period.last:%Y-%m}"
    chain = row.chain
    whole = (
        f'<span class="mx-value">{written(kpi, chain.value)}</span><span class="mx-basis">{escape(_chain_basis(kpi, row))}</span>'
        if chain.kind == "value"
        else f'<span class="mx-na">{words["missing"]}</span>'
    )
    parts = [
        (
            f'<tr data-row><th scope="row" class="mx-name"><a href="{href}{query}" title="{escape(kpi.definition)}" data-row-open>{escape(kpi.label)}</a>'
            f'<span class="mx-about">{escape(about)}</span></th><td class="mx-chain num">{whole}</td>'
        )
    ]
    for cell in row.cells:
        parts.append(_cell(kpi, cell, query, words, marks))
    parts.append("</tr>")
    return "".join(parts)


def _chain_basis(kpi: Kpi, row: Row) -> str:
    said = basis(kpi, row.chain) if kpi.aggregate in ("ratio", "mean") else ""
    sites = _("%(reporting)s/%(all)s sites") % {"reporting": row.reporting, "all": row.applicable}
    return f"{said} · {sites}" if said else sites


def _cell(kpi: Kpi, cell: Cell, query: str, words: dict[str, str], marks: dict[tuple[bool, bool], str]) -> str:
    if cell.kind in ("na", "missing"):
        return f'<td class="mx-{cell.kind}"><span class="mx-na">{words[cell.kind]}</span></td>'
    tone = "" if cell.mark is None else " mx-is-good" if cell.mark.good else " mx-is-bad"
    mark = "" if cell.mark is None else marks[cell.mark.good, cell.mark.up]
    if cell.kind == "few":
        mark = f'<span class="mx-few">{words["few"]}</span>'
    spark = (
        f'<svg class="mx-spark" viewBox="0 0 34 14" width="34" height="14" aria-hidden="true"><path d="{cell.spark}"/></svg>'
        if cell.spark
        else ""
    )
    assert cell.site is not None
    return (
        f'<td class="num mx-cell{tone}"><a href="/headquarters/sites/{cell.site.code}/{kpi.key}/{query}">'
        f'<span class="mx-line">{mark}<span class="mx-value">{written(kpi, cell.value)}</span></span>'
        f'<span class="mx-line">{spark}<span class="mx-basis">{escape(basis(kpi, cell))}</span></span></a></td>'
    )
