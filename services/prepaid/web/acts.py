"""What is done to one package or stored value from its page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import RuleRefused
from kernel.web.views import flash, page, redirect_after_post
from services.patients.selectors import by_record_number
from services.prepaid import actions, ending, lasting, selectors
from services.prepaid.web.forms import ExtendForm, ReasonForm, RefundForm, ShareForm, TransferForm
from services.prepaid.web.views import access_for, shown
from services.staff.selectors import staff_of


@page(permission="prepaid.adjust", methods=("POST",))
def freeze(request: HttpRequest, code: UUID) -> HttpResponse:
    """It pays for nothing for a while."""
    found = access_for(request, code, "prepaid.adjust")
    lasting.freeze(by=request.actor, site=found.site, holding=found)
    flash(request, _("Frozen"))
    return redirect_after_post(request, "prepaid:holding", code)


@page(permission="prepaid.adjust", methods=("POST",))
def thaw(request: HttpRequest, code: UUID) -> HttpResponse:
    """It pays again."""
    found = access_for(request, code, "prepaid.adjust")
    lasting.thaw(by=request.actor, site=found.site, holding=found)
    flash(request, _("It can be used again"))
    return redirect_after_post(request, "prepaid:holding", code)


@page(permission="prepaid.adjust", methods=("POST",))
def extend(request: HttpRequest, code: UUID) -> HttpResponse:
    """A later last day."""
    found = access_for(request, code, "prepaid.adjust")
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return shown(request, code, extend_form=form)
    lasting.extend(by=request.actor, site=found.site, holding=found, **form.cleaned_data)
    flash(request, _("It lasts longer"))
    return redirect_after_post(request, "prepaid:holding", code)


@page(permission="prepaid.consent", methods=("POST",))
def share(request: HttpRequest, code: UUID) -> HttpResponse:
    """The holder agrees that somebody else uses it too."""
    found = access_for(request, code, "prepaid.consent")
    form = ShareForm(request.POST)
    if not form.is_valid():
        return shown(request, code, share_form=form)
    other = by_record_number(request.actor, form.cleaned_data["record_number"])
    actions.share(
        by=request.actor, site=found.site, holding=found, patient=other, signer_name=form.cleaned_data["signer_name"]
    )
    flash(request, _("Shared"))
    return redirect_after_post(request, "prepaid:holding", code)


@page(permission="prepaid.consent", methods=("POST",))
def end_share(request: HttpRequest, code: UUID) -> HttpResponse:
    """The holder shares it no more."""
    found = selectors.access_share(request.actor, code)
    actions.end_share(by=request.actor, site=found.holding.site, share=found)
    flash(request, _("Shared no more"))
    return redirect_after_post(request, "prepaid:holding", found.holding.code)


@page(permission="prepaid.consent", methods=("POST",))
def transfer(request: HttpRequest, code: UUID) -> HttpResponse:
    """A package becomes somebody else's."""
    found = access_for(request, code, "prepaid.consent")
    form = TransferForm(request.POST)
    if not form.is_valid():
        return shown(request, code, transfer_form=form)
    said = dict(form.cleaned_data)
    taker = by_record_number(request.actor, said.pop("record_number"))
    actions.transfer(by=request.actor, site=found.site, holding=found, taker=taker, **said)
    flash(request, _("Transferred"))
    return redirect_after_post(request, "prepaid:holding", code)


@page(permission="prepaid.refund", methods=("POST",))
def refund(request: HttpRequest, code: UUID) -> HttpResponse:
    """The holder wants the money: the sum is computed, and the doctor signs the refund."""
    found = access_for(request, code, "prepaid.refund")
    form = RefundForm(request.POST)
    if not form.is_valid():
        return shown(request, code, refund_form=form)
    doctor = staff_of(request.actor)
    if doctor is None:
        raise RuleRefused("refund_not_the_doctor", _("A change or refund is begun and signed by a doctor."))
    row = ending.ask_refund(by=request.actor, site=found.site, holding=found, doctor=doctor, **form.cleaned_data)
    flash(request, _("Signed; the supervisor has it"))
    return redirect_after_post(request, "refunds:refund", row.refund.code) if row.refund else shown(request, code)


@page(permission="prepaid.adjust", methods=("POST",))
def take_back(request: HttpRequest, code: UUID) -> HttpResponse:
    """A session that was written down by mistake is there again."""
    use = selectors.access_use(request.actor, code, "prepaid.adjust")
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    actions.take_back_use(by=request.actor, site=use.holding.site, use=use, reason=reason)
    flash(request, _("The session is there again"))
    return redirect_after_post(request, "prepaid:holding", use.holding.code)
