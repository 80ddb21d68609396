"""Pages of the emergency receipts: where each one went, and the steps that account for it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.cashier.access import access_slip
from services.cashier.selectors import receipts, waiting_slips
from services.cashier.web.forms import ChargeForm
from services.outage import actions, selectors
from services.outage.web.forms import BlockForm, ReceiptForm, VoidForm
from services.sites.web.current import site_for

SHOWN = 400
SLIPS_SHOWN = 50


@page(permission={"GET": "outage.view", "POST": "outage.issue"}, methods=("GET", "POST"))
def numbers(request: HttpRequest) -> HttpResponse:
    """Where each emergency receipt went; a POST issues a block."""
    actor = request.actor  # type: ignore[attr-defined]
    site = site_for(request, "outage.issue" if request.method == "POST" else "outage.view")
    form = BlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.issue_block(by=actor, site=site, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            flash(request, _("Issued"))
            return redirect_after_post(request, "outage:numbers")
    context = {
        "site": site,
        "form": form,
        "rows": list(selectors.numbers_at(actor, site)[:SHOWN]),
        "may_issue": holds(actor, "outage.issue", site=site.code),
        "may_account": holds(actor, "outage.receipts", site=site.code),
    }
    return render_page(request, "outage/numbers.html", context, invalid=form)


@page(permission="outage.receipts", methods=("POST",))
def written(request: HttpRequest, code: UUID) -> HttpResponse:
    number = selectors.access_number(request.actor, code)  # type: ignore[attr-defined]
    actions.note_written(by=request.actor, site=number.block.site, number=number)  # type: ignore[attr-defined]
    flash(request, _("Noted"))
    return redirect_after_post(request, "outage:numbers")


@page(permission={"GET": "outage.view", "POST": "outage.receipts"}, methods=("GET", "POST"))
def number(request: HttpRequest, code: UUID) -> HttpResponse:
    """One paper receipt and what can become of it; a POST names the receipt of the till."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.access_number(actor, code)
    site = found.block.site
    form = ReceiptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        receipt = receipts(actor).filter(site=site, number__iexact=form.cleaned_data["number"].strip()).first()
        if receipt is None:
            form.add_error("number", _("There is no such receipt."))
        else:
            try:
                actions.enter_receipt(by=actor, site=site, number=found, receipt=receipt)
            except DomainError as error:
                form.add_error(None, str(error.message))
            else:
                flash(request, _("%(number)s is entered") % {"number": found.number})
                return redirect_after_post(request, "outage:numbers")
    charges = holds(actor, "cashier.charge", site=site.code)
    context = {
        "number": found,
        "site": site,
        "form": form,
        "void_form": VoidForm(),
        "open": found.standing in ("blank", "written"),
        "may_account": holds(actor, "outage.receipts", site=site.code),
        "may_charge": charges,
        "slips": list(waiting_slips(actor, site)[:SLIPS_SHOWN]) if charges else [],
    }
    return render_page(request, "outage/number.html", context, invalid=form)


@page(permission="outage.receipts", methods=("GET", "POST"))
def charge(request: HttpRequest, code: UUID, slip: UUID) -> HttpResponse:
    """Enter a payment from paper through the till: the signed slip is charged, the paper receipt is accounted for."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.access_number(actor, code)
    signed = access_slip(actor, slip, "cashier.charge")
    lines = list(signed.lines.select_related("item__category"))
    total = sum(line.amount_fen for line in lines)
    form = ChargeForm(request.POST or None, lines=lines, offers={}, initial={"tendered_fen": total})
    if request.method == "POST" and form.is_valid():
        try:
            actions.charge_paper(
                by=actor,
                site=found.block.site,
                number=found,
                slip=signed,
                handed_over=form.handed_over(),
                owed=form.owed(),
                coupons=form.coupons(),
            )
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            flash(request, _("%(number)s is entered") % {"number": found.number})
            return redirect_after_post(request, "outage:numbers")
    context = {"number": found, "slip": signed, "lines": lines, "total_fen": total, "form": form}
    return render_page(request, "outage/charge.html", context, invalid=form)


@page(permission="outage.receipts", methods=("POST",))
def void(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_number(request.actor, code)  # type: ignore[attr-defined]
    reason = request.POST.get("reason", "")
    actions.void_number(by=request.actor, site=found.block.site, number=found, reason=reason)  # type: ignore[attr-defined]
    flash(request, _("%(number)s is void") % {"number": found.number})
    return redirect_after_post(request, "outage:numbers")
