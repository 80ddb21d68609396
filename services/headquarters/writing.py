"""How figures are written, and the body of the matrix as HTML.

The body has up to 1,200 cells; a template would spend most of the page's time on them. Everything that comes from data
goes through ``escape`` here, once per row or column.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    words: dict[str, str] = {"na": escape(_("n/a")), "missing": escape(_("no data")), "few": escape(_("few"))}
    marks = {
        (
            good,
            up,
        ): f'<span class="mx-mark mx-{"good" if good else "bad"}"><span aria-hidden="true">{"▲" if up else "▼"}</span> {escape(_("improving") if good else _("look"))}</span>'
        for good in (True, False)
        for up in (True, False)
    }
    width = len(matrix.sites) + 2
    edges = {group.sites[0].pk for group in matrix.groups}
    out: list[str] = []
    number = 0
    for label, rows in matrix.sections:
        out.append(
            f'<tr class="mx-group"><th scope="rowgroup" colspan="{width}"><span>{escape(label)}</span></th></tr>'
        )
        for row in rows:
            number += 1
            out.append(_row(matrix, row, number, edges, words, marks))
    return mark_safe("".join(out))  # noqa: S308  # built of escaped parts above


def about(kpi: Kpi) -> str:
    """Unit, wished direction and version of a figure: "% · low is good · v2"."""
    unit = {"percent": "%", "fen": _("yuan"), "minutes": _("min"), "count": _("count")}[kpi.unit]
    wish = {"up": _("high is good"), "down": _("low is good"), None: ""}[kpi.direction]
    return " · ".join(part for part in (unit, wish, f"v{kpi.version}") if part)


def how_to_read(kpi: Kpi) -> str:
    """How a figure is judged, in one sentence."""
    if kpi.aggregate == "ratio" and kpi.direction is not None:
        return _(
            "Marked outside the 99.8 % limits around the chain; fewer than one expected case is shown, not judged."
        )
    return _("Shown without a judgement: there is nothing to compare it with.")


def _row(
    matrix: Matrix,
    row: Row,
    number: int,
    edges: set[int],
    words: dict[str, str],
    marks: dict[tuple[bool, bool], str],
) -> str:
    kpi = row.kpi
    href = escape(reverse("headquarters:figure", args=[kpi.key]))
    query = f"?period={matrix.period.key}&amp;month={matrix.period.last:%Y-%m}"
    chain = row.chain
    whole = (
        f'<span class="mx-value">{written(kpi, chain.value)}</span>{_chain_basis(kpi, row)}'
        if chain.kind == "value"
        else f'<span class="mx-na">{words[chain.kind]}</span>'
    )
    parts = [
        (
            f'<tr data-row><th scope="row" class="mx-name">'
            f'<a id="mx-{number}-0" href="{href}{query}" data-row-open data-definition="mx-def-{number}">{escape(kpi.label)}</a>'
            f'<span class="mx-about">{escape(about(kpi))}</span>{_definition(row, number)}</th>'
            f'<td class="mx-chain">{whole}</td>'
        )
    ]
    for column, cell in enumerate(row.cells, start=1):
        edge = " mx-group-start" if cell.site is not None and cell.site.pk in edges else ""
        parts.append(_cell(kpi, cell, query, f"mx-{number}-{column}", edge, words, marks))
    parts.append("</tr>")
    return "".join(parts)


def _definition(row: Row, number: int) -> str:
    """What a figure counts, for the box that opens on hover, focus or D."""
    kpi = row.kpi
    lines = (
        (_("Counts"), str(kpi.definition)),
        (_("Sites"), _("%(reporting)s of %(all)s reported") % {"reporting": row.reporting, "all": row.applicable}),
        (_("Reading"), how_to_read(kpi)),
    )
    said = "".join(f"<dt>{escape(word)}</dt><dd>{escape(text)}</dd>" for word, text in lines)
    clause = f"<span>{escape(_('Clause'))} {escape(kpi.clause)}</span>" if kpi.clause else "<span></span>"
    return (
        f'<div class="mx-def" id="mx-def-{number}" popover="manual"><p class="mx-def-title"><strong>{escape(kpi.label)}</strong> '
        f'<span class="badge tone-plain">{escape(about(kpi))}</span></p><dl>{said}</dl>'
        f'<p class="mx-def-foot">{clause}<span class="keys-item"><kbd>D</kbd> <kbd>Esc</kbd></span></p></div>'
    )


def _chain_basis(kpi: Kpi, row: Row) -> str:
    """The chain's second line: what the value is made of, or how many sites are still missing from it."""
    if row.reporting < row.applicable:
        said = _("%(reporting)s/%(all)s sites") % {"reporting": row.reporting, "all": row.applicable}
        return f'<span class="mx-basis mx-short">{escape(said)}</span>'
    if kpi.aggregate in ("ratio", "mean"):
        return f'<span class="mx-basis">{escape(basis(kpi, row.chain))}</span>'
    said = ngettext("%(n)s site", "%(n)s sites", row.reporting) % {"n": row.reporting}
    return f'<span class="mx-basis">{escape(said)}</span>'


def _cell(
    kpi: Kpi,
    cell: Cell,
    query: str,
    name: str,
    edge: str,
    words: dict[str, str],
    marks: dict[tuple[bool, bool], str],
) -> str:
    if cell.kind in ("na", "missing"):
        return (
            f'<td class="mx-cell mx-{cell.kind}{edge}" id="{name}" tabindex="-1"><span>{words[cell.kind]}</span></td>'
        )
    assert cell.site is not None
    to = f"/headquarters/sites/{cell.site.code}/{kpi.key}/{query}"
    if cell.kind == "few":
        # A sensitive figure of a handful of cases could point at a person: the cell says that it is small, no more.
        return (
            f'<td class="mx-cell{edge}"><a id="{name}" tabindex="-1" href="{to}">'
            f'<span class="mx-line"><span class="mx-few">{words["few"]}</span></span></a></td>'
        )
    tone = "" if cell.mark is None else " mx-is-good" if cell.mark.good else " mx-is-bad"
    mark = "" if cell.mark is None else marks[cell.mark.good, cell.mark.up]
    spark = (
        f'<svg class="mx-spark" viewBox="0 0 34 14" width="34" height="14" aria-hidden="true"><path d="{cell.spark}"/></svg>'
        if cell.spark
        else ""
    )
    return (
        f'<td class="mx-cell{tone}{edge}"><a id="{name}" tabindex="-1" href="{to}">'
        f'<span class="mx-line">{mark}<span class="mx-value">{written(kpi, cell.value)}</span></span>'
        f'<span class="mx-line">{spark}<span class="mx-basis">{escape(basis(kpi, cell))}</span></span></a></td>'
    )
