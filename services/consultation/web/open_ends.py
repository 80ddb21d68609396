"""What others have to do: doctors who answer, departments that settle."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.consultation import selectors, talks, transfers
from services.consultation.machines import is_doctors
from services.consultation.models import DoctorTalk, Transfer
from services.consultation.web.forms import DoctorAnswerForm, SettleForm, ToldForm
from services.consultation.web.views import PER_PAGE, area_tabs, show_on_fields


@page(permission="consultation.view")
def talk(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_talk(request.actor, code)
    return render_page(request, "consultation/talk.html", _talk(request, found))


@page(permission="consultation.consult", methods=("POST",))
def talk_lead(request: HttpRequest, code: UUID) -> HttpResponse:
    talks.lead_to_doctor(by=request.actor, talk=selectors.access_talk(request.actor, code))
    flash(request, _("Noted: the customer is with the doctor"))
    return redirect_after_post(request, "consultation:talk", code)


@page(permission="consultation.answer", methods=("POST",))
def talk_answer(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_talk(request.actor, code)
    form = DoctorAnswerForm(request.POST)
    if not form.is_valid():
        return render_page(request, "consultation/talk.html", _talk(request, found, answer_form=form), invalid=form)
    talks.give_answer(by=request.actor, talk=found, **form.cleaned_data)
    flash(request, _("The consultant brings it to the customer"))
    return redirect_after_post(request, "consultation:talk", code)


@page(permission="consultation.consult", methods=("POST",))
def talk_told(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_talk(request.actor, code)
    form = ToldForm(request.POST)
    form.is_valid()
    try:
        talks.bring_back(by=request.actor, talk=found, **form.cleaned_data)
    except DomainError as error:
        show_on_fields(form, error)
        again = selectors.access_talk(request.actor, code)
        context = _talk(request, again, told_form=form)
        return render_page(request, "consultation/talk.html", context, status=error.status)
    flash(request, _("The customer has the answer"))
    return redirect_after_post(request, "consultation:consultation", found.consultation.code)


@page(permission="consultation.handle")
def transfer_list(request: HttpRequest) -> HttpResponse:
    show = "settled" if request.GET.get("show") == "settled" else "open"
    here = reverse("consultation:transfers")
    rows = Paginator(selectors.transfers_listed(request.actor, show=show), PER_PAGE).get_page(request.GET.get("page"))
    known = transfers.departments()
    context = {
        "show": show,
        "tabs": [
            {"key": "open", "label": _("Open"), "url": here},
            {"key": "settled", "label": _("Settled"), "url": f"{here}?show=settled"},
        ],
        "page_of_rows": rows,
        "rows": [(row, known[row.department].label if row.department in known else row.department) for row in rows],
        "parts": area_tabs("transfers") if request.actor.can("consultation.view") else [],
    }
    return render_page(request, "consultation/transfers.html", context)


@page(permission="consultation.handle")
def transfer(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_transfer(request.actor, code)
    return render_page(request, "consultation/transfer.html", _transfer(request, found))


@page(permission="consultation.handle", methods=("POST",))
def transfer_take(request: HttpRequest, code: UUID) -> HttpResponse:
    transfers.take_transfer(by=request.actor, transfer=selectors.access_transfer(request.actor, code))
    flash(request, _("You take care of it"))
    return redirect_after_post(request, "consultation:transfer", code)


@page(permission="consultation.handle", methods=("POST",))
def transfer_settle(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_transfer(request.actor, code)
    form = SettleForm(request.POST)
    if not form.is_valid():
        return render_page(request, "consultation/transfer.html", _transfer(request, found, form=form), invalid=form)
    transfers.settle_transfer(by=request.actor, transfer=found, **form.cleaned_data)
    flash(request, _("Settled"))
    return redirect_after_post(request, "consultation:transfers")


def _talk(request: HttpRequest, found: DoctorTalk, **given: Any) -> dict[str, Any]:
    consults = holds(request.actor, "consultation.consult", site=found.site.code)
    ready = found.state == "led" or (found.state == "asked" and found.mode == DoctorTalk.Mode.REMOTE)
    return {
        "talk": found,
        "consultation": found.consultation,
        "site": found.site,
        "may_lead": consults and found.state == "asked" and found.mode == DoctorTalk.Mode.FACE_TO_FACE,
        "may_answer": ready and is_doctors(found, request.actor) and request.actor.can("consultation.answer"),
        "may_tell": consults and found.state == "answered",
        "answer_form": DoctorAnswerForm(),
        "told_form": ToldForm(),
        **given,
    }


def _transfer(request: HttpRequest, found: Transfer, *, form: SettleForm | None = None) -> dict[str, Any]:
    handles = holds(request.actor, "consultation.handle", site=found.site.code)
    known = transfers.departments().get(found.department)
    return {
        "transfer": found,
        "department": known.label if known is not None else found.department,
        "site": found.site,
        "form": form or SettleForm(),
        "may_take": handles and found.state == "passed_on",
        "may_settle": handles and found.state != "settled",
        "may_see_consultation": found.consultation is not None and holds(request.actor, selectors.VIEW, site=found.site.code),
        "may_see_patient": found.patient is not None and holds(request.actor, "patients.view"),
    }  # fmt: skip
