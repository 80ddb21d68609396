"""Pages beside the cards: a patient's VIP tab, partners' vouchers, and the measures told to leaving patients."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.sites.choosing import offer
from services.sites.web.current import site_for
from services.vip import actions, measures, selectors, vouchers
from services.vip.web.forms import CheckForm, EndForm, MeasureForm, PackageForm, PatientCardForm, VoucherForm
from services.vip.web.views import PER_PAGE, parts


@page(permission={"GET": "vip.view", "POST": "vip.issue"}, methods=("GET", "POST"))
def patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's cards; a blank is proposed for them."""
    found = access_patient(request.actor, code)
    if request.method == "POST":
        site = site_for(request, "vip.issue")
        form = PatientCardForm(request.POST)
        offer(form, "card", selectors.blanks(request.actor, site))
        if not form.is_valid():
            return _patient(request, code, card_form=form)
        made = actions.propose(by=request.actor, site=site, patient=found, **form.cleaned_data)
        flash(request, _("The chief physician has it"))
        return redirect_after_post(request, "vip:card", made.code)
    return _patient(request, code)


@page(permission="vip.tell", methods=("POST",))
def tell(request: HttpRequest, code: UUID) -> HttpResponse:
    """The leaving patient was told what counts today."""
    found = access_patient(request.actor, code)
    measures.tell_measures(by=request.actor, site=site_for(request, "vip.tell"), patient=found)
    flash(request, _("Noted"))
    return redirect_after_post(request, "vip:patient", code)


@page(permission="vip.use", methods=("POST",))
def check(request: HttpRequest, code: UUID) -> HttpResponse:
    """Is whoever shows a partner's voucher its cardholder?"""
    found = access_patient(request.actor, code)
    form = CheckForm(request.POST)
    if not form.is_valid():
        return _patient(request, code, check_form=form)
    said = dict(form.cleaned_data)
    in_person = said.pop("shown_by") == "holder"
    vouchers.check_holder(
        by=request.actor, site=site_for(request, "vip.use"), patient=found, in_person=in_person, **said
    )
    flash(request, _("The cardholder is here; the till may take the voucher today"))
    return redirect_after_post(request, "vip:patient", code)


@page(permission={"GET": "vip.view", "POST": "vip.manage"}, methods=("GET", "POST"))
def voucher_list(request: HttpRequest) -> HttpResponse:
    """Cardholders whom partners named, and what became of their vouchers."""
    form = VoucherForm(request.POST if request.method == "POST" else None)
    offer(form, "package", selectors.packages())
    if request.method == "POST" and form.is_valid():
        made = vouchers.enter_voucher(by=request.actor, **form.cleaned_data)
        flash(request, _("Voucher %(number)s") % {"number": made.number})
        return redirect_after_post(request, "vip:vouchers")
    return _vouchers(request, voucher_form=form)


@page(permission="vip.manage", methods=("POST",))
def package_new(request: HttpRequest) -> HttpResponse:
    """Another package of a partner."""
    form = PackageForm(request.POST)
    if not form.is_valid():
        return _vouchers(request, package_form=form, status=422)
    vouchers.set_package(by=request.actor, **form.cleaned_data)
    flash(request, _("Entered"))
    return redirect_after_post(request, "vip:vouchers")


@page(permission="vip.manage", methods=("POST",))
def voucher_withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    """A voucher counts no more."""
    vouchers.withdraw_voucher(by=request.actor, voucher=selectors.access_voucher(request.actor, code, "vip.manage"))
    flash(request, _("Withdrawn"))
    return redirect_after_post(request, "vip:vouchers")


@page(permission={"GET": "vip.view", "POST": "vip.manage"}, methods=("GET", "POST"))
def measure_list(request: HttpRequest) -> HttpResponse:
    """The convenience and discount measures that leaving patients are told."""
    form = MeasureForm(request.POST if request.method == "POST" else None, initial={"starts_on": clock.today()})
    if request.method == "POST" and form.is_valid():
        measures.set_measure(by=request.actor, **form.cleaned_data)
        flash(request, _("The list has another line"))
        return redirect_after_post(request, "vip:measures")
    context = {
        "parts": parts(),
        "rows": Paginator(selectors.measures(), PER_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "end_form": EndForm(initial={"ends_on": clock.today()}),
        "may_manage": request.actor.can("vip.manage"),
    }
    return render_page(request, "vip/measures.html", context, invalid=form)


@page(permission="vip.manage", methods=("POST",))
def measure_end(request: HttpRequest, code: UUID) -> HttpResponse:
    """A measure counts until a day."""
    measure = selectors.access_measure(request.actor, code, "vip.manage")
    form = EndForm(request.POST)
    if form.is_valid():
        measures.end_measure(by=request.actor, measure=measure, **form.cleaned_data)
        flash(request, _("Ended"))
    return redirect_after_post(request, "vip:measures")


# --- parts ------------------------------------------------------------------------------------------------------------


def _patient(request: HttpRequest, code: UUID, **given: Any) -> HttpResponse:
    found, site = access_patient(request.actor, code), site_for(request, "vip.view")
    note_listing(request.actor, [found])
    card_form = PatientCardForm()
    offer(card_form, "card", selectors.blanks(request.actor, site))
    context = {
        "patient": found,
        "cards": selectors.cards(request.actor).filter(patient=found),
        "told": selectors.told(request.actor, found)[:20],
        "measures": selectors.measures(clock.today(site.timezone)),
        "card_form": card_form,
        "check_form": CheckForm(initial={"name": found.name}),
        "may_issue": holds(request.actor, "vip.issue", site=site.code),
        "may_use": holds(request.actor, "vip.use", site=site.code),
        "may_tell": holds(request.actor, "vip.tell", site=site.code),
        **given,
    }
    return render_page(request, "vip/patient.html", context, status=422 if given else 200)


def _vouchers(request: HttpRequest, *, status: int = 200, **given: Any) -> HttpResponse:
    voucher_form = VoucherForm()
    offer(voucher_form, "package", selectors.packages())
    context = {
        "parts": parts(),
        "rows": Paginator(selectors.vouchers(request.actor), PER_PAGE).get_page(request.GET.get("page")),
        "voucher_form": voucher_form,
        "package_form": PackageForm(initial={"starts_on": clock.today()}),
        "may_manage": request.actor.can("vip.manage"),
        **given,
    }
    return render_page(request, "vip/vouchers.html", context, status=status, invalid=given.get("voucher_form"))
