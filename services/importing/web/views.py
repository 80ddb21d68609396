"""Imports: the list, uploading, one import with its report, and what is done with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from kernel import audit, clock
from kernel.errors import DomainError, RuleRefused
from kernel.identity.sign_in import require_recent_authentication
from kernel.web.views import flash, page, polled, redirect_after_post, render_page, site_code
from services.importing import actions, selectors, writing
from services.importing.kinds import in_language, kinds
from services.importing.machines import AT_WORK
from services.importing.models import ImportBatch, ImportedRow
from services.importing.web.forms import DecisionForm, UploadForm
from services.sites.selectors import sites_of

PER_PAGE = 50
RUN, UNDO = "importing.run", "importing.undo"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 10 * 1024 * 1024


@page(permission="importing.view")
def batches(request: HttpRequest) -> HttpResponse:
    rows = Paginator(selectors.batches_for(request.actor), PER_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "importing/list.html", {"rows": rows, "may_run": request.actor.can(RUN)})


@page(permission="importing.run", methods=("GET", "POST"))
def upload(request: HttpRequest) -> HttpResponse:
    """Choose site and file; the report follows."""
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        sites=sites_of(request.actor, RUN),
        initial={"site": site_code(request)},
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > MOST_BYTES:
                raise RuleRefused("file_too_large", _("The file is larger than 10 MB. Please choose a smaller one."))
            taken = actions.upload(
                by=request.actor, site=form.cleaned_data["site"], content=file.read(), name=file.name
            )
        except DomainError as error:
            form.add_error("file", str(error.message))
        else:
            return redirect_after_post(request, "importing:batch", taken.code)
    return render_page(request, "importing/new.html", {"form": form, "kinds": _sheets()}, invalid=form)


@page(permission="importing.view")
def template(request: HttpRequest) -> HttpResponse:
    """The empty workbook in the reader's language or the one that is asked for; with every sheet or the chosen one."""
    asked = request.GET.get("language", "")
    language = asked if asked in ("zh-hans", "zh-hant", "en") else translation.get_language() or "zh-hans"
    chosen = [kind for kind in kinds() if kind.key == request.GET.get("kind")]
    return _workbook(writing.template(chosen or kinds(), language), "import-template.xlsx")


@page(permission="importing.view")
def batch(request: HttpRequest, code: UUID) -> HttpResponse:
    """One import: how far it is, and its rows. Looking at rows of patients is logged; what is asked for every few seconds
    shows none."""
    found = selectors.access_batch(request.actor, code)
    return polled(request, "importing/batch.html", "importing/_batch.html", lambda: _batch(request, found))


@page(permission="importing.view")
def report(request: HttpRequest, code: UUID) -> HttpResponse:
    """The report as a workbook: everything, or one group of rows."""
    found = selectors.access_batch(request.actor, code)
    audit.record_read(by=request.actor, target=found, purpose="importing.report")
    rows = selectors.rows_of(found, show=request.GET.get("show", ""))
    return _workbook(writing.report(found, selectors.shown(rows.iterator(chunk_size=500))), f"import-{found.code}.xlsx")


@page(permission=RUN, methods=("POST",))
def start(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_batch(request.actor, code, RUN)
    require_recent_authentication(request, second_factor=True)
    actions.start(by=request.actor, batch=found, version=_version(request))
    flash(request, _("The import has begun"))
    return redirect_after_post(request, "importing:batch", code)


@page(permission=UNDO, methods=("POST",))
def undo(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_batch(request.actor, code, UNDO)
    require_recent_authentication(request, second_factor=True)
    actions.undo(by=request.actor, batch=found, version=_version(request))
    flash(request, _("The import is being taken back"))
    return redirect_after_post(request, "importing:batch", code)


@page(permission=RUN, methods=("POST",))
def give_up(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_batch(request.actor, code, RUN)
    actions.give_up(by=request.actor, batch=found, version=_version(request))
    flash(request, _("Given up; what was read is deleted"))
    return redirect_after_post(request, "importing:list")


@page(permission=RUN, methods=("POST",))
def decide(request: HttpRequest, code: UUID) -> HttpResponse:
    """What one likely double is."""
    row = selectors.access_row(request.actor, code, RUN)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise RuleRefused("decision_unknown", _("Choose what to do with this row."))
    actions.decide(by=request.actor, row=row, **form.cleaned_data)
    return redirect_after_post(request, f"{reverse('importing:batch', args=[row.batch.code])}?show=double")


@page(permission=RUN, methods=("POST",))
def decide_all(request: HttpRequest, code: UUID) -> HttpResponse:
    """The same answer for every likely double that is still open."""
    found = selectors.access_batch(request.actor, code, RUN)
    count = actions.decide_all(by=request.actor, batch=found, decision=request.POST.get("decision", ""))
    flash(request, ngettext("%(count)s row decided", "%(count)s rows decided", count) % {"count": count})
    return redirect_after_post(request, "importing:batch", code)


def _version(request: HttpRequest) -> int | None:
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else None


def _workbook(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _sheets() -> list[dict[str, Any]]:
    return [
        {"key": kind.key, "label": kind.label, "required": [in_language(one) for one in kind.columns if one.required]}
        for kind in kinds()
    ]


def _batch(request: HttpRequest, found: ImportBatch) -> dict[str, Any]:
    at_work = found.state in AT_WORK
    polls = bool(getattr(request, "htmx", None)) or "X-Poll" in request.headers
    if not at_work and not polls:
        audit.record_read(by=request.actor, target=found, purpose="importing.report")
    here = reverse("importing:batch", args=[found.code])
    counts = {key: getattr(found, f"{key}_count") for key in selectors.GROUPS}
    show = request.GET.get("show", "")
    if show == "all":
        show = ""
    elif show not in selectors.GROUPS:
        show = next((key for key in ("double", "faulty", "stays") if counts[key]), "")
    labels = {
        "": (pgettext("import rows", "All"), found.total),
        **{key: (label, counts[key]) for key, label in _labels().items() if counts[key] or key == show},
    }
    sheets = [] if at_work or polls else selectors.sheets_of(found)
    kind = request.GET.get("kind", "")
    sheet = next((one for one in sheets if one.key == kind), None)
    rows = Paginator(selectors.rows_of(found, show=show, kind=sheet.key if sheet else ""), PER_PAGE).get_page(
        request.GET.get("page")
    )
    until = selectors.undo_until(found)
    live = counts["imported"] + counts["stays"]
    can = request.actor.can
    return {
        "batch": found,
        "counts": counts,
        "show": show,
        "tabs": [
            {"key": key, "label": label, "count": count, "url": f"{here}?show={key or 'all'}"}
            for key, (label, count) in labels.items()
        ],
        "sheet": sheet,
        "sheets": _by_sheet(sheets, here, {key: label for key, (label, _count) in labels.items() if key}),
        "groups": [label for key, (label, _count) in labels.items() if key],
        "page_of_rows": rows,
        "rows": [] if at_work or polls else selectors.shown(rows.object_list),
        "at_work": at_work,
        "polls": polls,
        "here": here,
        "progress": found.total - _left(found, counts),
        "twin": selectors.twin_of(found),
        "until": until,
        "decisions": ImportedRow.Decision.choices,
        "may_start": found.state in ("checked", "done") and counts["ready"] > 0 and can(RUN, site=found.site.code),
        "may_decide": found.state in ("checked", "done") and can(RUN, site=found.site.code),
        "may_undo": found.state in ("done", "undone") and live > 0 and until is not None and clock.now() <= until
        and can(UNDO, site=found.site.code),
        "may_give_up": found.state in ("reading", "checked") and can(RUN, site=found.site.code),
        "may_run": can(RUN),
    }  # fmt: skip


def _by_sheet(sheets: list[selectors.SheetCounts], here: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    """A line for each sheet: its rows, and those of each group that the file has, each leading to its rows."""
    return [
        {
            "name": one.name,
            "total": one.total,
            "url": f"{here}?show=all&kind={one.key}",
            "cells": [
                {"key": key, "count": one.groups[key], "url": f"{here}?show={key}&kind={one.key}"} for key in labels
            ],
        }
        for one in sheets
    ]


def _left(found: ImportBatch, counts: dict[str, int]) -> int:
    """How many rows the present work still has before it."""
    if found.state == "undoing":
        return counts["imported"]
    if found.state == "reading":
        return found.rows.filter(state=ImportedRow.State.STAGED).count()
    return counts["ready"]


def _labels() -> dict[str, str]:
    return {
        "ready": pgettext("import rows", "Ready"),
        "double": pgettext("import rows", "Likely doubles"),
        "faulty": pgettext("import rows", "Faulty"),
        "imported": pgettext("import rows", "Imported"),
        "left_out": pgettext("import rows", "Left out"),
        "undone": pgettext("import rows", "Taken back"),
        "stays": pgettext("import rows", "Stays"),
    }
