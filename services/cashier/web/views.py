"""The till's pages: what waits, charging, receipts, arrears; and the doctor's slip."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import RuleRefused
from kernel.web.views import code_or_404, flash, next_path, page, polled, redirect_after_post, render_page
from services.appointments.selectors import next_of_patient
from services.books.actions import business_day
from services.books.selectors import day_book
from services.cashier import actions, dispatch, selectors
from services.cashier.access import access_arrear, access_receipt, access_slip
from services.cashier.models import ChargeLine, ChargeSlip, Receipt
from services.cashier.preview import paper_preview, preview
from services.cashier.receipts import is_reported
from services.cashier.web.forms import AskForm, ChargeForm, SettleForm, SlipLines
from services.discounts.actions import ask_approval
from services.discounts.selectors import offers_for, requests_of
from services.patients.selectors import access_patient
from services.reception.selectors import access_visit
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import staff_of

# So many receipts of the day stand on the till's page; the total counts all of them.
SHOWN = 50
# So many who come next stand below a charge.
NEXT_SHOWN = 3


@page(permission="cashier.charge")
def till(request: HttpRequest) -> HttpResponse:
    """Signed slips that wait, and what was taken in today."""

    def context() -> dict[str, object]:
        site = site_for(request, "cashier.charge")
        day = clock.today(site.timezone)
        receipts = list(selectors.receipts_of_day(request.actor, site, day))
        book = day_book(site, business_day(site))
        return {
            "site": site,
            "slips": list(selectors.waiting_slips(request.actor, site)),
            "receipts": receipts[:SHOWN],
            "receipts_total": len(receipts),
            "total_fen": book.received_fen,
            "refunded_fen": book.refunded_fen,
            "net_fen": book.received_fen - book.refunded_fen,
            "may_see_dispatch": request.actor.can(dispatch.SEE, site=site.code),
        }

    return polled(request, "cashier/till.html", "cashier/_till.html", context)


@page(permission={"GET": "cashier.issue_slip", "POST": "cashier.issue_slip"}, methods=("GET", "POST"))
def new_slip(request: HttpRequest) -> HttpResponse:
    """The treating doctor signs what shall be charged."""
    patient = access_patient(request.actor, code_or_404(request.GET.get("patient") or request.POST.get("patient", "")))
    visit = request.GET.get("visit") or request.POST.get("visit") or ""
    stay = access_visit(request.actor, code_or_404(visit)) if visit else None
    lines = SlipLines(request.POST if request.method == "POST" else None)
    if request.method == "POST" and lines.is_valid():
        drafts = [
            actions.SlipLine(**{name: data[name] for name in ("item", "quantity", "remark", "zero_reason")})
            for data in lines.cleaned_data
            if data.get("item")
        ]
        slip = actions.issue_slip(
            by=request.actor,
            site=stay.site if stay else site_for(request, "cashier.issue_slip"),
            patient=patient,
            doctor=_doctor(request),
            lines=drafts,
            visit_code=stay.code if stay else None,
        )
        flash(request, _("Slip %(number)s is at the till") % {"number": slip.number})
        return redirect_after_post(request, "reception:doctor")
    context = {"patient": patient, "visit": visit, "lines": lines}
    return render_page(request, "cashier/new_slip.html", context, status=422 if lines.is_bound else 200)


def _doctor(request: HttpRequest) -> StaffMember:
    staff = staff_of(request.actor)
    if staff is None:
        raise RuleRefused("slip_not_the_doctor", _("A charge slip is signed by the treating doctor."))
    return staff


def _may_report(request: HttpRequest, found: Receipt) -> bool:
    """Is something owed here that the supervisor was not told of yet?"""
    owes = any(row.settled_at is None and row.voided_at is None for row in found.arrears.all())
    return owes and request.actor.can("cashier.charge", site=found.site.code) and not is_reported(found)


def _till(request: HttpRequest) -> str:
    """The way back to the till for whoever works there."""
    return reverse("cashier:till") if request.actor.can("cashier.charge") else ""


@page(permission={"GET": "cashier.charge", "POST": "cashier.charge"}, methods=("GET", "POST"))
def charge(request: HttpRequest, code: UUID) -> HttpResponse:
    """Charge one slip; what is free is closed without money."""
    slip = access_slip(request.actor, code, "cashier.charge")
    lines = list(slip.lines.select_related("item__category"))
    total = sum(line.amount_fen for line in lines)
    offers = offers_for(request.actor, lines, clock.today(slip.site.timezone))
    form = ChargeForm(
        request.POST if request.method == "POST" else None, lines=lines, offers=offers, initial={"tendered_fen": total}
    )
    if request.method == "POST" and total == 0:
        receipt = actions.close_zero_bill(by=request.actor, site=slip.site, slip=slip)
        return redirect_after_post(request, "cashier:receipt", receipt.code)
    if request.method == "POST" and form.is_valid():
        receipt = actions.charge(
            by=request.actor,
            site=slip.site,
            slip=slip,
            handed_over=form.handed_over(),
            owed=form.owed(),
            discounts=form.discounts(),
            coupons=form.coupons(),
        )
        flash(request, _("Receipt %(number)s") % {"number": receipt.number})
        return redirect_after_post(request, "cashier:receipt", receipt.code)
    others = [one for one in selectors.waiting_slips(request.actor, slip.site)[: NEXT_SHOWN + 1] if one.pk != slip.pk]
    context = {
        **_entered(request, slip, lines, form),
        "total_fen": total,
        "form": form,
        "owed_fields": [(line, form[f"owed_{line.code}"]) for line in lines if line.amount_fen],
        "discount_fields": [form[f"discount_{line.code}"] for line in lines if f"discount_{line.code}" in form.fields],
        "requests": list(requests_of(slip.code)),
        "others": others[:NEXT_SHOWN],
    }
    return render_page(request, "cashier/charge.html", context, invalid=form)


@page(permission="cashier.charge", methods=("POST",))
def ask_discount(request: HttpRequest, code: UUID) -> HttpResponse:
    """Ask for a discount that the finance policy does not know; the supervisor decides."""
    slip = access_slip(request.actor, code, "cashier.charge")
    form = AskForm(request.POST)
    line = slip.lines.select_related("item").filter(code=form.cleaned_data["line"]).first() if form.is_valid() else None
    if line is None:
        raise RuleRefused("request_incomplete", _("Say on which item, how much of the price is paid, and why."))
    ask_approval(
        by=request.actor,
        site=slip.site,
        slip_code=slip.code,
        line=line,
        rate_bp=form.cleaned_data["rate_percent"] * 100,
        reason=form.cleaned_data["reason"],
    )
    flash(request, _("The supervisor has been asked"))
    return redirect_after_post(request, "cashier:charge", slip.code)


@page(permission="cashier.charge")
def charge_preview(request: HttpRequest, code: UUID) -> HttpResponse:
    """What the receipt would say with what is entered so far; nothing is stored."""
    slip = access_slip(request.actor, code, "cashier.charge")
    lines = list(slip.lines.select_related("item__category"))
    offers = offers_for(request.actor, lines, clock.today(slip.site.timezone))
    form = ChargeForm(request.GET, lines=lines, offers=offers)
    form.is_valid()
    return render_page(request, "cashier/_preview.html", _entered(request, slip, lines, form))


def _entered(request: HttpRequest, slip: ChargeSlip, lines: list[ChargeLine], form: ChargeForm) -> dict[str, Any]:
    """The sums, the receipt on paper and the words for the patient, from what the form holds."""
    typed = form.cleaned_data if form.is_bound and hasattr(form, "cleaned_data") else {}
    sums = preview(
        slip,
        lines,
        by=request.actor,
        handed_over=form.handed_over() if typed.get("tendered_fen") is not None else None,
        owed=form.owed() if typed else {},
        discounts=form.discounts() if typed else (),
        coupons=form.coupons() if typed else (),
    )
    return {
        "slip": slip,
        "sums": sums,
        "paper": paper_preview(slip, sums, cashier=request.actor.name),
        "next_booked": next_of_patient(slip.patient),
        "age": slip.patient.age_on(clock.today(slip.site.timezone)),
    }


@page(permission="cashier.issue_slip", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    """The doctor takes a slip back before it is charged."""
    slip = access_slip(request.actor, code, "cashier.issue_slip")
    actions.withdraw_slip(by=request.actor, site=slip.site, slip=slip)
    flash(request, _("Slip %(number)s withdrawn") % {"number": slip.number})
    return redirect_after_post(request, "cashier:of-patient", slip.patient.code)


@page(permission="cashier.view")
def receipt(request: HttpRequest, code: UUID) -> HttpResponse:
    """One receipt: what it says, its PDF, and what comes next."""
    found = access_receipt(request.actor, code)
    return render_page(
        request,
        "cashier/receipt.html",
        {
            "receipt": found,
            "back": _till(request) or reverse("cashier:of-patient", args=[found.patient.code]),
            "lines": list(found.lines.all()),
            "may_report": _may_report(request, found),
            "payments": list(found.payments.all()),
            "paper": json.loads(found.document.content),
            "next_booked": next_of_patient(found.patient),
            "may_book": request.actor.can("appointments.book", site=found.site.code),
        },
    )


@page(permission="cashier.view")
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's receipts, slips that wait at the till, and what is still owed."""
    patient = access_patient(request.actor, code)
    return render_page(
        request,
        "cashier/of_patient.html",
        {
            "patient": patient,
            "slips": list(selectors.waiting_slips(request.actor, patient=patient, word="cashier.view")),
            "receipts": list(selectors.receipts(request.actor).filter(patient=patient)[:100]),
            "arrears": list(selectors.open_arrears(request.actor, patient)),
        },
    )


@page(permission="cashier.view")
def arrears(request: HttpRequest) -> HttpResponse:
    """The arrears register: what is owed on which item since when (CA-008)."""
    rows = list(selectors.open_arrears(request.actor))
    total = sum(row.owed_fen - row.settled_fen for row in rows)
    return render_page(
        request,
        "cashier/arrears.html",
        {
            "rows": rows[:300],
            "rows_total": len(rows),
            "total_fen": total,
            "back": _till(request),
            "may_report": request.actor.can("cashier.charge"),
        },
    )


@page(permission="cashier.charge", methods=("POST",))
def report(request: HttpRequest, code: UUID) -> HttpResponse:
    """The cashier tells the supervisor what stays owed on a receipt."""
    found = access_receipt(request.actor, code, "cashier.charge")
    actions.report_arrears(by=request.actor, site=found.site, receipt=found)
    flash(request, _("Reported; the supervisor has it"))
    return redirect_after_post(request, next_path(request, reverse("cashier:arrears")))


@page(permission={"GET": "cashier.charge", "POST": "cashier.charge"}, methods=("GET", "POST"))
def settle(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take in what was owed."""
    arrear = access_arrear(request.actor, code, "cashier.charge")
    rest = arrear.owed_fen - arrear.settled_fen
    form = SettleForm(request.POST if request.method == "POST" else None, initial={"amount_fen": rest})
    if request.method == "POST" and form.is_valid():
        amount = form.cleaned_data["amount_fen"]
        actions.settle_arrear(
            by=request.actor,
            site=arrear.site,
            arrear=arrear,
            amount_fen=amount,
            handed_over=form.handed_over(exact_fen=amount),
        )
        flash(request, _("Taken in"))
        return redirect_after_post(request, "cashier:arrears")
    return render_page(request, "cashier/settle.html", {"arrear": arrear, "rest_fen": rest, "form": form}, invalid=form)
