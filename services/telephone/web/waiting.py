"""What somebody waits for: messages until they arrive, promises until the customer was told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.errors import DomainError, RuleRefused
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.telephone import messages as acts
from services.telephone import promises as promising
from services.telephone import selectors
from services.telephone.machines import is_for
from services.telephone.models import MessageSlip, Promise
from services.telephone.reading import phone_to_call
from services.telephone.web.forms import AnswerForm, MessageForm, PromiseForm, ReplyForm, ToldForm
from services.telephone.web.views import (
    PER_PAGE,
    area_tabs,
    known_patient,
    show_on_fields,
    warn_of_words,
    working_place,
)


@page(permission="telephone.view")
def messages(request: HttpRequest) -> HttpResponse:
    return polled(request, "telephone/messages.html", "telephone/_messages.html", lambda: _messages(request))


@page(permission="telephone.log", methods=("GET", "POST"))
def message_new(request: HttpRequest) -> HttpResponse:
    site = working_place(request, "telephone.log")
    patient = known_patient(request)
    form = MessageForm(request.POST or None, initial={"patient": patient.code if patient else None}, site=site)
    if request.method == "POST" and form.is_valid():
        try:
            acts.take_message(by=request.actor, site=site, **form.cleaned_data)
        except RuleRefused as error:
            show_on_fields(form, error)
        else:
            flash(request, _("The message lies in their inbox"))
            return redirect_after_post(request, "telephone:messages")
    return render_page(request, "telephone/message_new.html", {"form": form, "patient": patient}, invalid=form)


@page(permission="telephone.receive")
def message(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_slip(request.actor, code)
    return render_page(request, "telephone/message.html", _message(request, found))


@page(permission="telephone.log", methods=("POST",))
def message_deliver(request: HttpRequest, code: UUID) -> HttpResponse:
    acts.deliver_message(by=request.actor, slip=selectors.access_slip(request.actor, code))
    flash(request, _("Noted that they were told"))
    return redirect_after_post(request, "telephone:messages")


@page(permission="telephone.receive", methods=("POST",))
def message_acknowledge(request: HttpRequest, code: UUID) -> HttpResponse:
    slip = acts.acknowledge_message(by=request.actor, slip=selectors.access_slip(request.actor, code))
    flash(request, _("Acknowledged"))
    return redirect_after_post(request, "telephone:message", slip.code)


@page(permission="telephone.receive", methods=("POST",))
def message_close(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_slip(request.actor, code)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return render_page(request, "telephone/message.html", _message(request, found, form=form), invalid=form)
    acts.close_message(by=request.actor, slip=found, **form.cleaned_data)
    flash(request, _("Settled"))
    return redirect_after_post(request, "telephone:message", found.code)


@page(permission="telephone.view")
def promises(request: HttpRequest) -> HttpResponse:
    return polled(request, "telephone/promises.html", "telephone/_promises.html", lambda: _promises(request))


@page(permission="telephone.log", methods=("GET", "POST"))
def promise_new(request: HttpRequest) -> HttpResponse:
    site = working_place(request, "telephone.log")
    patient = known_patient(request)
    initial = {"patient": patient.code if patient else None, "kind": Promise.Kind.QUESTION}
    form = PromiseForm(request.POST or None, initial=initial, site=site)
    if request.method == "POST" and form.is_valid():
        try:
            made = promising.make_promise(by=request.actor, site=site, **form.cleaned_data)
        except RuleRefused as error:
            renamed = {"caller_name": "customer_name", "summary": "matter"}
            error.fields = {renamed.get(name, name): said for name, said in error.fields.items()}
            show_on_fields(form, error)
        else:
            flash(request, _("Promised; it ends when the customer was told"))
            return redirect_after_post(request, "telephone:promise", made.code)
    due = promising.call_back_by(site, clock.now())
    context = {"form": form, "patient": patient, "call_back_by": due, "site": site}
    return render_page(request, "telephone/promise_new.html", context, invalid=form)


@page(permission="telephone.view")
def promise(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_promise(request.actor, code)
    return render_page(request, "telephone/promise.html", _promise(request, found))


@page(permission="telephone.answer", methods=("POST",))
def promise_answer(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_promise(request.actor, code)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return render_page(request, "telephone/promise.html", _promise(request, found, answer_form=form), invalid=form)
    promising.answer_promise(by=request.actor, promise=found, **form.cleaned_data)
    flash(request, _("The agent has the answer; the customer still waits"))
    warn_of_words(request, form.cleaned_data["answer"])
    return redirect_after_post(request, "telephone:promise", found.code)


@page(permission="telephone.view", methods=("POST",))
def promise_told(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_promise(request.actor, code)
    form = ToldForm(request.POST)
    if not form.is_valid():
        return render_page(request, "telephone/promise.html", _promise(request, found, told_form=form), invalid=form)
    try:
        promising.tell_customer(by=request.actor, promise=found, **form.cleaned_data)
    except DomainError as error:
        again = selectors.access_promise(request.actor, code)
        context = _promise(request, again, told_form=form, refusal=error)
        return render_page(request, "telephone/promise.html", context, status=error.status)
    kept = found.outcome == Promise.Outcome.FULFILLED
    flash(request, _("Promise kept") if kept else _("The customer was told, but late; the promise stays broken"))
    warn_of_words(request, form.cleaned_data["note"])
    return redirect_after_post(request, "telephone:promises")


def _messages(request: HttpRequest) -> dict[str, Any]:
    site = working_place(request, "telephone.view")
    show = request.GET.get("show", "")
    labels = {
        "undelivered": _("Not arrived yet"),
        "mine": _("For me"),
        "open": _("Arrived, not settled"),
        "closed": _("Settled"),
    }
    show = show if show in labels else "undelivered"
    rows = Paginator(selectors.messages_listed(request.actor, site, show=show), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return {
        "site": site,
        "show": show,
        "tabs": _tabs("telephone:messages", labels, selectors.message_counts(request.actor, site)),
        "page_of_rows": rows,
        "rows": list(rows.object_list),
        "parts": area_tabs("messages"),
        "may_log": request.actor.can("telephone.log", site=site.code),
    }


def _promises(request: HttpRequest) -> dict[str, Any]:
    site = working_place(request, "telephone.view")
    show = request.GET.get("show", "")
    labels = {
        "open": _("Customer waits"),
        "superior": _("With the superior"),
        "broken": _("Broken"),
        "kept": _("Kept"),
    }
    show = show if show in labels else "open"
    rows = Paginator(selectors.promises_listed(request.actor, site, show=show), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return {
        "site": site,
        "show": show,
        "tabs": _tabs("telephone:promises", labels, selectors.promise_counts(request.actor, site)),
        "page_of_rows": rows,
        "rows": list(rows.object_list),
        "parts": area_tabs("promises"),
        "may_log": request.actor.can("telephone.log", site=site.code),
    }


def _tabs(url_name: str, labels: dict[str, str], counts: dict[str, int]) -> list[dict[str, Any]]:
    here = reverse(url_name)
    return [
        {"key": key, "label": label, "url": f"{here}?show={key}", "count": counts.get(key)}
        for key, label in labels.items()
    ]


def _message(request: HttpRequest, slip: MessageSlip, *, form: ReplyForm | None = None) -> dict[str, Any]:
    mine = is_for(slip, request.actor)
    return {
        "slip": slip,
        "phone": phone_to_call(request.actor, slip),
        "site": slip.site,
        "form": form or ReplyForm(),
        "may_deliver": slip.state == "taken"
        and not mine
        and holds(request.actor, "telephone.log", site=slip.site.code),
        "may_acknowledge": mine and slip.state in ("taken", "delivered"),
        "may_close": mine and slip.state == "acknowledged",
        "may_list": holds(request.actor, "telephone.view"),
        "reply_promise": Promise.objects.filter(slip=slip).first() if holds(request.actor, "telephone.view") else None,
    }


def _promise(request: HttpRequest, found: Promise, **given: Any) -> dict[str, Any]:
    site = found.site
    answers = holds(request.actor, "telephone.answer", site=site.code)
    tells = answers or (found.state != "with_superior" and holds(request.actor, "telephone.log", site=site.code))
    return {
        "promise": found,
        "phone": phone_to_call(request.actor, found),
        "site": site,
        "may_answer": answers and found.state == "with_superior",
        "may_tell": tells and found.is_open,
        "answer_form": given.get("answer_form") or AnswerForm(),
        "told_form": given.get("told_form") or ToldForm(),
        "refusal": given.get("refusal"),
    }
