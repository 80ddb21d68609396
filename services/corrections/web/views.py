"""Pages of the correction book: the book, an entry with its signatures, and writing one from a receipt."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.identity.sign_in import require_recent_authentication
from kernel.money import yuan
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.books.models import Tender
from services.cashier.access import access_receipt
from services.cashier.models import ChargeLine
from services.corrections import actions, selectors
from services.corrections.machines import CORRECTION
from services.corrections.models import Correction
from services.corrections.web.forms import EntryForm, OpinionForm
from services.documents.workbook import download, workbook
from services.patients.models import Patient
from services.patients.reading import note_listing
from services.patients.selectors import by_record_number

PER_PAGE = 100
MOST_IN_WORKBOOK = 5000


@page(permission="corrections.view")
def book(request: HttpRequest) -> HttpResponse:
    """The book, the latest entry first; by state and span."""
    show, first, last = asked(request)
    rows = Paginator(narrowed(request), PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list])
    here = reverse("corrections:book")
    tabs: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in CORRECTION.choices]
    context = {"rows": rows, "tabs": tabs, "show": show, "first": first, "last": last}
    return render_page(request, "corrections/book.html", context)


@page(permission="corrections.view")
def workbook_of_book(request: HttpRequest) -> HttpResponse:
    """The book with its columns as a workbook (14)."""
    rows = list(narrowed(request)[:MOST_IN_WORKBOOK])
    note_listing(request.actor, [row.patient for row in rows])
    headings = [
        _("Number"), _("Time"), _("Patient"), _("Cause of the error"), _("Wrong content"), _("Correct content"),
        _("Cashier"), _("Supervisor"), _("Changed by"), _("Changed at"), _("Higher supervisor"), "√",
    ]  # fmt: skip
    lines = [
        [
            row.number, _moment(row, row.drafted_at), row.patient.name, row.cause, row.wrong, row.right,
            row.cashier_name, row.verified_by_name, row.applied_by_name, _moment(row, row.applied_at),
            row.acknowledged_by_name, "√" if row.state == "ticked" else "",
        ]
        for row in rows
    ]  # fmt: skip
    return download(workbook(_("Correction book"), headings, lines), "corrections.xlsx")


@page(permission={"GET": "corrections.write", "POST": "corrections.write"}, methods=("GET", "POST"))
def write(request: HttpRequest, code: UUID) -> HttpResponse:
    """The cashier who erred writes an entry about a receipt."""
    receipt = access_receipt(request.actor, code, "corrections.write")
    rows = list(receipt.lines.select_related("line").order_by("id"))
    form = EntryForm(request.POST if request.method == "POST" else None, rows=rows, due_fen=receipt.received_fen)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        number = data["record_number"].strip()
        made = actions.write_entry(
            by=request.actor,
            site=receipt.site,
            receipt=receipt,
            kind=data["kind"],
            cause=data["cause"],
            wrong=data["wrong"],
            right=data["right"],
            patient=by_record_number(request.actor, number) if number else None,
            owed=form.owed(),
            payments=form.payments(),
        )
        flash(request, _("Signed; the supervisor has it"))
        return redirect_after_post(request, "corrections:entry", made.code)
    context = {
        "receipt": receipt,
        "rows": rows,
        "payments": list(receipt.payments.all()),
        "form": form,
        "owed_fields": [form[f"owed_{row.line.code}"] for row in rows],
    }
    return render_page(request, "corrections/write.html", context, invalid=form)


@page(permission="corrections.view")
def entry(request: HttpRequest, code: UUID) -> HttpResponse:
    """One entry: its steps, what stood there and what stands instead."""
    return render_page(request, "corrections/entry.html", _entry(request, code))


@page(permission="corrections.verify", methods=("POST",))
def verify(request: HttpRequest, code: UUID) -> HttpResponse:
    """The supervisor signs, or rejects with a reason."""
    found = selectors.access_entry(request.actor, code, "corrections.verify")
    require_recent_authentication(request)
    form = OpinionForm(request.POST)
    words = form.cleaned_data["opinion"] if form.is_valid() else ""
    act = actions.verify if request.POST.get("answer") == "yes" else actions.reject
    act(by=request.actor, site=found.site, entry=found, opinion=words)
    flash(request, _("Signed"))
    return redirect_after_post(request, "corrections:entry", code)


@page(permission="corrections.view", methods=("POST",))
def apply(request: HttpRequest, code: UUID) -> HttpResponse:
    """Change the data, once."""
    found = selectors.access_entry(request.actor, code)
    require_recent_authentication(request)
    new = actions.apply(by=request.actor, site=found.site, entry=found)
    flash(request, _("Applied: receipt %(number)s stands instead") % {"number": new.number})
    return redirect_after_post(request, "corrections:entry", code)


@page(permission="corrections.acknowledge", methods=("POST",))
def acknowledge(request: HttpRequest, code: UUID) -> HttpResponse:
    """The higher supervisor has read it."""
    found = selectors.access_entry(request.actor, code, "corrections.acknowledge")
    require_recent_authentication(request)
    actions.acknowledge(by=request.actor, site=found.site, entry=found)
    flash(request, _("Acknowledged and ticked"))
    return redirect_after_post(request, "corrections:entry", code)


def asked(request: HttpRequest) -> tuple[str, date | None, date | None]:
    """The state and the span that an address asks for."""

    def day(name: str) -> date | None:
        try:
            return parse_date(request.GET.get(name, ""))
        except ValueError:
            return None

    state = request.GET.get("state", "")
    return (state if state in CORRECTION.states else ""), day("from"), day("until")


def narrowed(request: HttpRequest) -> QuerySet[Correction]:
    """The entries that the address asks for."""
    state, first, last = asked(request)
    rows = selectors.entries(request.actor)
    if state:
        rows = rows.filter(state=state)
    if first is not None:
        rows = rows.filter(drafted_at__gte=clock.day_bounds(first)[0])
    if last is not None:
        rows = rows.filter(drafted_at__lt=clock.day_bounds(last)[1])
    return rows


def _entry(request: HttpRequest, code: UUID) -> dict[str, Any]:
    found = selectors.access_entry(request.actor, code)
    note_listing(request.actor, [found.patient])
    actor, site = request.actor, found.site
    others = actor.code != found.cashier
    may_verify = found.state == "drafted" and others and holds(actor, "corrections.verify", site=site.code)
    may_apply = found.state == "signed" and selectors.may_apply(actor, found)
    may_acknowledge = (
        found.state == "applied"
        and holds(actor, "corrections.acknowledge", site=site.code)
        and actor.code not in (found.cashier, found.verified_by)
    )
    return {
        "entry": found,
        "site": site,
        "steps": _steps(found),
        "form": OpinionForm(),
        "may_verify": may_verify,
        "may_apply": may_apply,
        "may_acknowledge": may_acknowledge,
        "changes": [
            {"label": label, "before": _words(found.before, key), "after": _words(found.change, key)}
            for key, label in (("payments", _("Paid by")), ("owed", _("Owed")), ("patient", _("Patient")))
            if key in found.change
        ],
    }


def _words(values: dict[str, Any], key: str) -> str:
    """One part of what stood there, in words."""
    value = values.get(key)
    if not value:
        return "—"
    if key == "payments":
        return ", ".join(f"{Tender(one['tender']).label} {yuan(one['amount_fen'], grouped=True)}" for one in value)
    if key == "owed":
        names = dict(ChargeLine.objects.filter(code__in=list(value)).values_list("code", "item_name"))
        return ", ".join(f"{names.get(UUID(code), '')} {yuan(fen, grouped=True)}" for code, fen in value.items())
    return str(Patient.objects.filter(code=value).values_list("name", flat=True).first() or "—")


def _steps(found: Correction) -> list[dict[str, Any]]:
    rows = [
        (_("Cashier writes and signs"), found.cashier_name, found.drafted_at, found.content_hash, ""),
        (_("Supervisor verifies"), found.verified_by_name, found.verified_at, found.verified_hash, found.opinion),
        (_("Data changed"), found.applied_by_name, found.applied_at, "", ""),
        (_("Higher supervisor acknowledges"), found.acknowledged_by_name, found.acknowledged_at, "", ""),
    ]
    missing = [number for number, row in enumerate(rows) if row[2] is None]
    now = missing[0] if missing and found.state != "rejected" else -1
    steps = []
    for number, (title, who, at, text_hash, note) in enumerate(rows):
        refused = found.state == "rejected" and number == 1
        state = "refused" if refused else "done" if at else "now" if number == now else "locked"
        steps.append({"title": title, "who": who, "at": at, "hash": text_hash, "note": note, "state": state})
    return steps


def _moment(row: Correction, at: Any) -> str:
    return f"{clock.local(at, row.site.timezone):%Y-%m-%d %H:%M}" if at else ""
