"""Pages of refunds: the register, a refund with its steps, its beginning, and the page under a secret address."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from kernel import clock, limits, parameters
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.identity.sign_in import client_address, require_recent_authentication
from kernel.limits import Limit
from kernel.money import yuan
from kernel.web.views import flash, page, public_page, redirect_after_post, render_page
from services.appointments.links import masked_name
from services.books.models import Tender
from services.documents.workbook import download
from services.documents.workbook import workbook as workbook_of
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.refunds import actions, links, paper, routes, selectors
from services.refunds.machines import REFUND
from services.refunds.models import Refund, RefundSignature
from services.refunds.web.forms import BeginForm, ConfirmForm, OpinionForm, PayeeForm, PayForm, ReasonForm
from services.refunds.web.steps import steps_of
from services.sites.web.current import site_for
from services.staff.selectors import staff_of

PER_PAGE = 100
MOST_IN_WORKBOOK = 5000
# Many patients share the address of a house or a network.
PER_ADDRESS = Limit("refund-confirmation", 60, 600)


@page(permission="refunds.view")
def register(request: HttpRequest) -> HttpResponse:
    """The refund register, the latest line first; by state and span."""
    show, first, last = asked(request)
    rows = Paginator(narrowed(request), PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list])
    here = reverse("refunds:register")
    tabs: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in REFUND.choices]
    lines = [{"refund": row, "names": _names(row)} for row in rows.object_list]
    context = {"rows": rows, "lines": lines, "tabs": tabs, "show": show, "first": first, "last": last}
    return render_page(request, "refunds/register.html", context)


@page(permission="refunds.view")
def workbook(request: HttpRequest) -> HttpResponse:
    """The register with its columns as a workbook (14)."""
    rows = list(narrowed(request)[:MOST_IN_WORKBOOK])
    note_listing(request.actor, [row.patient for row in rows])
    headings = [
        _("Number"), _("Refund date"), _("Patient"), _("Detailed reason"), _("First visit"), _("Total amount"),
        _("Amount to refund"), _("Doctor"), _("Supervisor"), _("Payer"), _("Payee"), _("State"),
    ]  # fmt: skip
    lines = []
    for row in rows:
        names = _names(row)
        lines.append(
            [
                row.number, row.refund_on, row.patient.name, row.reason, row.first_visit_on, Decimal(row.paid_total_fen) / 100,
                Decimal(row.amount_fen) / 100, names["doctor"], names["supervisor"], names["payer"], names["payee"],
                str(row.get_state_display()),
            ]
        )  # fmt: skip
    return download(workbook_of(_("Refund register"), headings, lines), "refunds.xlsx")


@page(permission={"GET": "refunds.request", "POST": "refunds.request"}, methods=("GET", "POST"))
def begin(request: HttpRequest, code: UUID) -> HttpResponse:
    """The doctor fills in register and form at once, and signs."""
    patient = access_patient(request.actor, code)
    site = site_for(request, "refunds.request")
    items = selectors.items_of(request.actor, site, patient)
    form = BeginForm(request.POST if request.method == "POST" else None, items=items)
    if request.method == "POST" and form.is_valid():
        doctor = staff_of(request.actor)
        if doctor is None:
            raise RuleRefused("refund_not_the_doctor", _("A change or refund is begun and signed by a doctor."))
        made = actions.request_refund(
            by=request.actor,
            site=site,
            patient=patient,
            doctor=doctor,
            reason=form.cleaned_data["reason"],
            wanted=form.wanted(),
        )
        flash(request, _("Signed; the supervisor has it"))
        return redirect_after_post(request, "refunds:refund", made.code)
    note_listing(request.actor, [patient])
    context = {
        "patient": patient,
        "site": site,
        "form": form,
        "first_visit_on": actions.first_visit(patient, clock.today(site.timezone), site),
        "today": clock.today(site.timezone),
        "lines": [(one, form[f"amount_{one.line.code}"], form[f"text_{one.line.code}"]) for one in items],
        "earlier": list(selectors.refunds(request.actor).filter(patient=patient)[:20]),
    }
    return render_page(request, "refunds/begin.html", context, invalid=form)


@page(permission="refunds.view")
def refund(request: HttpRequest, code: UUID) -> HttpResponse:
    """One refund: its steps, and the form beside them."""
    return _shown(request, code)


@page(permission="refunds.approve", methods=("POST",))
def opinion(request: HttpRequest, code: UUID) -> HttpResponse:
    """The supervisor signs with an opinion, for or against."""
    found = selectors.access_refund(request.actor, code, "refunds.approve")
    form = OpinionForm(request.POST)
    if not form.is_valid():
        return _shown(request, code, opinion_form=form)
    require_recent_authentication(request, second_factor=True)
    actions.give_opinion(
        by=request.actor,
        site=found.site,
        refund=found,
        approve=request.POST.get("answer") == "yes",
        **form.cleaned_data,
    )
    flash(request, _("Signed"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.request", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    """The doctor takes it back before money moved."""
    found = selectors.access_refund(request.actor, code, "refunds.request")
    actions.withdraw(by=request.actor, site=found.site, refund=found)
    flash(request, _("Withdrawn"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.pay", methods=("POST",))
def pay(request: HttpRequest, code: UUID) -> HttpResponse:
    """The cashier signs as payer, and the money leaves."""
    found = selectors.access_refund(request.actor, code, "refunds.pay")
    form = PayForm(request.POST, others=_others(found))
    if not form.is_valid():
        return _shown(request, code, pay_form=form)
    require_recent_authentication(request)
    actions.pay(by=request.actor, site=found.site, refund=found, shown=form.shown())
    flash(request, _("Paid and signed; now the payee signs"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.pay", methods=("POST",))
def put_off(request: HttpRequest, code: UUID) -> HttpResponse:
    """Not today, and why."""
    found = selectors.access_refund(request.actor, code, "refunds.pay")
    actions.put_off(by=request.actor, site=found.site, refund=found, reason=request.POST.get("reason", ""))
    flash(request, _("Put off"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.pay", methods=("POST",))
def take_back(request: HttpRequest, code: UUID) -> HttpResponse:
    """The payee did not sign, the money is back."""
    found = selectors.access_refund(request.actor, code, "refunds.pay")
    actions.take_back(by=request.actor, site=found.site, refund=found)
    flash(request, _("Taken back; it waits for its payment again"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.pay", methods=("POST",))
def payee(request: HttpRequest, code: UUID) -> HttpResponse:
    """The payee signs at the till."""
    found = selectors.access_refund(request.actor, code, "refunds.pay")
    form = PayeeForm(request.POST)
    if not form.is_valid():
        return _shown(request, code, payee_form=form)
    actions.sign_as_payee(by=request.actor, site=found.site, refund=found, **form.cleaned_data)
    flash(request, _("Signed for"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.pay", methods=("POST",))
def send_link(request: HttpRequest, code: UUID) -> HttpResponse:
    """Text the patient an address under which they confirm."""
    found = selectors.access_refund(request.actor, code, "refunds.pay")
    links.send_link(by=request.actor, site=found.site, refund=found)
    flash(request, _("The link is on its way"))
    return redirect_after_post(request, "refunds:refund", code)


@page(permission="refunds.pay", methods=("POST",))
def seal(request: HttpRequest, code: UUID) -> HttpResponse:
    """“Cash paid” of today, once; the chart is noted."""
    found = selectors.access_refund(request.actor, code, "refunds.pay")
    actions.seal(by=request.actor, site=found.site, refund=found)
    flash(request, _("Sealed and noted in the chart"))
    return redirect_after_post(request, "refunds:refund", code)


@public_page(
    reason="the secret of the address is the proof, and it shows no more than amount, way and site",
    methods=("GET", "POST"),
)
def confirm(request: HttpRequest, code: UUID, secret: str) -> HttpResponse:
    """The patient confirms on their own phone that the money goes back the way it came."""
    limits.consume((PER_ADDRESS, client_address(request)))
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        links.confirm(by=Actor.public("refund-link"), code=code, secret=secret, **form.cleaned_data)
        return redirect_after_post(request, "refunds:confirm", code, secret)
    link = links.open_link(code, secret)
    found = link.payout.refund
    context = {
        "link": link,
        "site": found.site,
        "who": masked_name(found.patient.name),
        "amount_fen": found.amount_fen,
        "number": found.number,
        "ways": [(Tender(part.tender).label, part.amount_fen) for part in link.payout.parts.all()],
        "form": form,
    }
    response = render_page(request, "refunds/confirm.html", context, invalid=form)
    # The address holds the secret: it goes to nobody by a link from here.
    response["Referrer-Policy"] = "no-referrer"
    return response


# --- parts ------------------------------------------------------------------------------------------------------------


def asked(request: HttpRequest) -> tuple[str, date | None, date | None]:
    """The state and the span that an address asks for."""

    def day(name: str) -> date | None:
        try:
            return parse_date(request.GET.get(name, ""))
        except ValueError:
            return None

    state = request.GET.get("state", "")
    return (state if state in REFUND.states else ""), day("from"), day("until")


def narrowed(request: HttpRequest) -> QuerySet[Refund]:
    """The lines of the register that the address asks for."""
    state, first, last = asked(request)
    rows = selectors.refunds(request.actor)
    if state:
        rows = rows.filter(state=state)
    if first is not None:
        rows = rows.filter(refund_on__gte=first)
    if last is not None:
        rows = rows.filter(refund_on__lte=last)
    return rows


def _names(row: Refund) -> dict[str, str]:
    """Who signed which part; an empty part is not signed."""
    payout = selectors.standing(row)
    kept = (None, payout.pk if payout is not None else None)
    names = dict.fromkeys(RefundSignature.Part.values, "")
    return names | {one.part: one.name for one in row.signatures.all() if one.payout_id in kept}


def _others(found: Refund) -> bool:
    return bool(parameters.value("refund_guardian_allowed", site=found.site))


def _shown(request: HttpRequest, code: UUID, **given: Any) -> HttpResponse:
    found = selectors.access_refund(request.actor, code)
    note_listing(request.actor, [found.patient])
    payout = selectors.standing(found)
    actor, site = request.actor, found.site
    lines = list(found.lines.all())
    left = routes.refundable(row.line.code for row in lines)
    back = routes.refunded(row.line.code for row in lines)
    left_fen, back_fen = sum(left.values()), sum(back.values())
    paid = payout is not None
    may = {word: holds(actor, f"refunds.{word}", site=site.code) for word in ("request", "approve", "pay")}
    not_twice = actor.code not in (found.doctor_by, found.supervisor_by)
    context = {
        "refund": found,
        "site": site,
        "payout": payout,
        "lines": lines,
        "steps": steps_of(found),
        "paper": paper.said(found, payout, clock.today(site.timezone) if found.state == "received" else _sealed(found)),
        "sums": [
            {"label": _("Paid"), "value": yuan(left_fen + back_fen, grouped=True)},
            {"label": _("Gone back"), "value": yuan(back_fen, grouped=True)},
            {"label": _("Refundable"), "value": yuan(left_fen, grouped=True)},
            {"label": _("This refund"), "value": yuan(found.amount_fen, grouped=True), "tone": "ok"},
            {"label": _("Left after it"), "value": yuan(left_fen - (0 if paid else found.amount_fen), grouped=True)},
        ],
        "may_approve": found.state == "filled" and may["approve"] and actor.code != found.doctor_by,
        "may_withdraw": found.state in ("filled", "ready") and may["request"] and actor.code == found.doctor_by,
        "may_pay": found.state == "ready" and may["pay"] and not_twice,
        "may_sign": found.state == "paid" and may["pay"],
        "may_seal": found.state == "received" and may["pay"],
        "may_link": payout is not None
        and found.state == "paid"
        and may["pay"]
        and bool(parameters.value("refund_confirm_by_link", site=site))
        and not paper.is_cash(payout)
        and payout.payee == "patient",
        "opinion_form": OpinionForm(),
        "pay_form": PayForm(others=_others(found)),
        "put_off_form": ReasonForm(),
        "payee_form": PayeeForm(),
        "others": _others(found),
        "ways": [(Tender(part.tender).label, part.amount_fen) for part in payout.parts.all()] if payout else [],
        "in_the_way": found.state in ("filled", "ready", "paid", "received"),
        **given,
    }
    for step in context["steps"]:
        if step["state"] == "now":
            step["body"] = render_to_string("refunds/_now.html", context, request=request)
    return render_page(request, "refunds/refund.html", context, status=422 if given else 200)


def _sealed(found: Refund) -> date | None:
    if not found.amount_fen or found.noted_at is None:
        return None
    return clock.local(found.noted_at, found.site.timezone).date()
