"""The till's pages: what waits, charging, receipts, arrears; and the doctor's slip."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock, money
from kernel.capitals import capital_amount
from kernel.errors import RuleRefused
from kernel.web.views import code_or_404, flash, page, polled, redirect_after_post, render_page
from services.cashier import actions, selectors
from services.cashier.access import access_arrear, access_receipt, access_slip
from services.cashier.web.forms import ChargeForm, SettleForm, SlipLines
from services.patients.selectors import access_patient
from services.sites.web.current import site_for
from services.staff.selectors import staff_of


@page(permission="cashier.charge")
def till(request: HttpRequest) -> HttpResponse:
    """Signed slips that wait, and what was taken in today."""

    def context() -> dict[str, object]:
        site = site_for(request, "cashier.charge")
        day = clock.today(site.timezone)
        totals = selectors.day_totals(request.actor, site, day)
        return {
            "site": site,
            "slips": list(selectors.waiting_slips(request.actor, site)),
            "receipts": list(selectors.receipts_of_day(request.actor, site, day)[:50]),
            "totals": totals,
            "total_fen": sum(row["total_fen"] for row in totals),  # type: ignore[misc]
        }

    return polled(request, "cashier/till.html", "cashier/_till.html", context)


@page(permission={"GET": "cashier.issue_slip", "POST": "cashier.issue_slip"}, methods=("GET", "POST"))
def new_slip(request: HttpRequest) -> HttpResponse:
    """The treating doctor signs what shall be charged."""
    patient = access_patient(request.actor, code_or_404(request.GET.get("patient") or request.POST.get("patient", "")))
    visit = request.GET.get("visit") or request.POST.get("visit") or ""
    lines = SlipLines(request.POST or None)
    if request.method == "POST" and lines.is_valid():
        drafts = [
            actions.SlipLine(**{name: data[name] for name in ("item", "quantity", "remark", "zero_reason")})
            for data in lines.cleaned_data
            if data.get("item")
        ]
        slip = actions.issue_slip(
            by=request.actor,
            site=site_for(request, "cashier.issue_slip"),
            patient=patient,
            doctor=_doctor(request),
            lines=drafts,
            visit_code=code_or_404(visit) if visit else None,
        )
        flash(request, _("Slip %(number)s is at the till") % {"number": slip.number})
        return redirect_after_post(
            request,
            "cashier:charge" if request.actor.can("cashier.charge") else "reception:doctor",
            *([slip.code] if request.actor.can("cashier.charge") else []),
        )
    return render_page(
        request, "cashier/new_slip.html", {"patient": patient, "visit": visit, "lines": lines}, invalid=lines
    )


def _doctor(request: HttpRequest) -> object:
    staff = staff_of(request.actor)
    if staff is None:
        raise RuleRefused("slip_not_the_doctor", _("A charge slip is signed by the treating doctor."))
    return staff


@page(permission={"GET": "cashier.charge", "POST": "cashier.charge"}, methods=("GET", "POST"))
def charge(request: HttpRequest, code: UUID) -> HttpResponse:
    """Charge one slip; what is free is closed without money."""
    slip = access_slip(request.actor, code, "cashier.charge")
    lines = list(slip.lines.all())
    total = sum(line.amount_fen for line in lines)
    form = ChargeForm(request.POST or None, lines=lines, initial={"tendered_fen": total})
    if request.method == "POST" and total == 0:
        receipt = actions.close_zero_bill(by=request.actor, site=slip.site, slip=slip)
        return redirect_after_post(request, "cashier:receipt", receipt.code)
    if request.method == "POST" and form.is_valid():
        receipt = actions.charge(
            by=request.actor,
            site=slip.site,
            slip=slip,
            tender=form.cleaned_data["tender"],
            tendered_fen=form.cleaned_data["tendered_fen"],
            card_number=form.cleaned_data["card_number"],
            owed=form.owed(),
        )
        flash(request, _("Receipt %(number)s") % {"number": receipt.number})
        return redirect_after_post(request, "cashier:receipt", receipt.code)
    context = {
        "slip": slip,
        "lines": lines,
        "total_fen": total,
        "capitals": capital_amount(total, currency=True),
        "form": form,
    }
    return render_page(request, "cashier/charge.html", context, invalid=form)


@page(permission="cashier.issue_slip", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    """The doctor takes a slip back before it is charged."""
    slip = access_slip(request.actor, code, "cashier.issue_slip")
    actions.withdraw_slip(by=request.actor, slip=slip)
    flash(request, _("Slip %(number)s withdrawn") % {"number": slip.number})
    return redirect_after_post(request, "/")


@page(permission="cashier.view")
def receipt(request: HttpRequest, code: UUID) -> HttpResponse:
    """One receipt: what it says, its PDF, and what comes next."""
    found = access_receipt(request.actor, code)
    paid = found.payments.first()
    return render_page(
        request,
        "cashier/receipt.html",
        {
            "receipt": found,
            "lines": list(found.lines.all()),
            "payment": paid,
            "capitals": capital_amount(found.received_fen, currency=True),
            "change": money.yuan(paid.change_fen, grouped=True) if paid else "",
        },
    )


@page(permission="cashier.view")
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's receipts and what is still owed."""
    patient = access_patient(request.actor, code)
    receipts = patient.receipts.select_related("site").order_by("-issued_at")[:100]
    allowed = [row for row in receipts if request.actor.can("cashier.view", site=row.site.code)]
    return render_page(
        request,
        "cashier/of_patient.html",
        {"patient": patient, "receipts": allowed, "arrears": selectors.open_arrears(request.actor, patient)},
    )


@page(permission="cashier.view")
def arrears(request: HttpRequest) -> HttpResponse:
    """The arrears register: what is owed on which item since when (CA-008)."""
    rows = list(selectors.open_arrears(request.actor)[:300])
    return render_page(request, "cashier/arrears.html", {"rows": rows, "total_fen": sum(row.rest_fen for row in rows)})


@page(permission={"GET": "cashier.charge", "POST": "cashier.charge"}, methods=("GET", "POST"))
def settle(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take in what was owed."""
    arrear = access_arrear(request.actor, code, "cashier.charge")
    rest = arrear.owed_fen - arrear.settled_fen
    form = SettleForm(request.POST or None, initial={"amount_fen": rest})
    if request.method == "POST" and form.is_valid():
        actions.settle_arrear(by=request.actor, site=arrear.site, arrear=arrear, **form.cleaned_data)
        flash(request, _("Taken in"))
        return redirect_after_post(request, "cashier:arrears")
    return render_page(request, "cashier/settle.html", {"arrear": arrear, "rest_fen": rest, "form": form}, invalid=form)
