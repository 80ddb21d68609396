"""Pages of till days: the list, the guided close of a day, small expenses, who may sit at the till."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.errors import NotFound
from kernel.identity.sign_in import require_recent_authentication
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.catalogue.selectors import access_item
from services.sites.web.current import site_for
from services.staff.selectors import staff_at, staff_of
from services.till_days import (
    actions,
    blockers,
    counting,
    deposits,
    differences,
    leaving,
    opening,
    readiness,
    report,
    selectors,
)
from services.till_days import petty as small
from services.till_days.machines import DAY, RUNNING
from services.till_days.models import Admission, TillCount, TillDay
from services.till_days.web.forms import (
    AdmitForm,
    CauseForm,
    CloseForm,
    CountForm,
    DepositForm,
    LeaveForm,
    MapForm,
    OpenForm,
    PettyForm,
)
from services.till_days.web.steps import steps_of

PER_PAGE = 60


@page(permission="till_days.view")
def days(request: HttpRequest) -> HttpResponse:
    """Days of the till, the latest first; those with an open difference on a tab of their own."""
    state = request.GET.get("state", "")
    rows = selectors.days(request.actor)
    if state in DAY.states:
        rows = rows.filter(state=state)
    here = reverse("till_days:days")
    tabs = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": key, "label": str(label), "url": f"{here}?state={key}"} for key, label in DAY.choices]
    actor = request.actor
    context = {
        "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "tabs": tabs,
        "show": state,
        "may_open": actor.can("till_days.work"),
        "may_ask": actor.can("till_days.ask"),
        "may_admit": actor.can("till_days.admit"),
        "open_form": OpenForm(),
    }
    return render_page(request, "till_days/days.html", context)


@page(permission="till_days.work", methods=("POST",))
def open_today(request: HttpRequest) -> HttpResponse:
    """Open the till of the present business day."""
    form = OpenForm(request.POST)
    fund = form.cleaned_data["float_fen"] if form.is_valid() else None
    made = opening.open_till(by=request.actor, site=site_for(request, "till_days.work"), float_fen=fund)
    flash(request, _("The till is open"))
    return redirect_after_post(request, "till_days:day", made.code)


@page(permission="till_days.view")
def day(request: HttpRequest, code: UUID) -> HttpResponse:
    """The guided close: steps, blockers and count, report and bank slip."""
    return _shown(request, code)


@page(permission="till_days.work", methods=("POST",))
def count(request: HttpRequest, code: UUID) -> HttpResponse:
    """The cashier counts and signs."""
    found = selectors.access_day(request.actor, code, "till_days.work")
    form = CountForm(request.POST, tenders=counting.expected_of(found).others)
    if not form.is_valid():
        return _shown(request, code, count_form=form)
    require_recent_authentication(request)
    actions.count(by=request.actor, site=found.site, day=found, counted=form.counted())
    flash(request, _("Counted and signed"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.work", methods=("POST",))
def close(request: HttpRequest, code: UUID) -> HttpResponse:
    """Begin to close, naming who counts again."""
    found = selectors.access_day(request.actor, code, "till_days.work")
    form = CloseForm(request.POST, people=staff_at(found.site))
    chosen = form.cleaned_data["reconciler"] if form.is_valid() else None
    actions.begin_close(by=request.actor, site=found.site, day=found, reconciler=chosen)
    flash(request, _("Nothing stands against it; the second person counts"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.work", methods=("POST",))
def go_on(request: HttpRequest, code: UUID) -> HttpResponse:
    """Back from closing."""
    found = selectors.access_day(request.actor, code, "till_days.work")
    actions.go_on(by=request.actor, site=found.site, day=found)
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.reconcile", methods=("POST",))
def reconcile(request: HttpRequest, code: UUID) -> HttpResponse:
    """The second person counts and signs: closed and reported."""
    found = selectors.access_day(request.actor, code, "till_days.reconcile")
    form = CountForm(request.POST, tenders=counting.expected_of(found).others)
    if not form.is_valid():
        return _shown(request, code, count_form=form)
    require_recent_authentication(request)
    actions.reconcile(by=request.actor, site=found.site, day=found, counted=form.counted())
    flash(request, _("Signed by both; the daily report is out"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.work", methods=("POST",))
def map_item(request: HttpRequest, code: UUID) -> HttpResponse:
    """The line of the daily report for an item that stands on none."""
    found = selectors.access_day(request.actor, code, "till_days.work")
    form = MapForm(request.POST)
    if not form.is_valid():
        return _shown(request, code, map_form=form)
    item = access_item(request.actor, form.cleaned_data["item"])
    actions.map_item(by=request.actor, site=found.site, item=item, category=form.cleaned_data["category"])
    flash(request, _("It counts there from now on, and today"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.work", methods=("POST",))
def deposit(request: HttpRequest, code: UUID) -> HttpResponse:
    """A slip of the bank."""
    found = selectors.access_day(request.actor, code, "till_days.work")
    form = DepositForm(request.POST, request.FILES, site=found.site)
    if not form.is_valid():
        return _shown(request, code, deposit_form=form)
    data = dict(form.cleaned_data)
    image = data.pop("image")
    if image is not None:
        data |= {"image": image.read(), "image_name": image.name}
    deposits.enter_deposit(by=request.actor, site=found.site, day=found, **data)
    flash(request, _("The slip is entered"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.trace", methods=("POST",))
def cause(request: HttpRequest, code: UUID) -> HttpResponse:
    """Cause and liable person of the day's difference."""
    found = _case_day(request, code, "till_days.trace")
    form = CauseForm(request.POST, people=staff_at(found.site))
    if not form.is_valid():
        return _shown(request, code, cause_form=form)
    differences.state_cause(by=request.actor, site=found.site, case=found.difference, **form.cleaned_data)
    flash(request, _("Stated"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission="till_days.work", methods=("POST",))
def recover(request: HttpRequest, code: UUID) -> HttpResponse:
    """The day's difference was made good in cash."""
    found = _case_day(request, code, "till_days.work")
    differences.recover(by=request.actor, site=found.site, case=found.difference)
    flash(request, _("Booked today"))
    return redirect_after_post(request, "till_days:day", code)


@page(permission={"GET": "till_days.ask", "POST": "till_days.ask"}, methods=("GET", "POST"))
def petty(request: HttpRequest) -> HttpResponse:
    """Small expenses: ask, and see what became of it."""
    site = site_for(request, "till_days.ask")
    form = PettyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        small.ask(by=request.actor, site=site, **form.cleaned_data)
        flash(request, _("The supervisor has been asked"))
        return redirect_after_post(request, "till_days:petty")
    actor = request.actor
    context = {
        "rows": list(selectors.petty_cash(actor).filter(site=site)[:PER_PAGE]),
        "form": form,
        "may_approve": holds(actor, "till_days.approve", site=site.code),
        "may_pay": holds(actor, "till_days.work", site=site.code),
        "me": actor.code,
    }
    return render_page(request, "till_days/petty.html", context, invalid=form)


@page(permission="till_days.approve", methods=("POST",))
def decide(request: HttpRequest, code: UUID) -> HttpResponse:
    """The supervisor consents, or not."""
    found = selectors.access_petty(request.actor, code, "till_days.approve")
    small.decide(by=request.actor, site=found.site, petty=found, approve=request.POST.get("answer") == "yes")
    flash(request, _("Decided"))
    return redirect_after_post(request, "till_days:petty")


@page(permission="till_days.work", methods=("POST",))
def pay_out(request: HttpRequest, code: UUID) -> HttpResponse:
    """Paid out of today's till."""
    found = selectors.access_petty(request.actor, code, "till_days.work")
    small.pay_out(by=request.actor, site=found.site, petty=found)
    flash(request, _("Paid out"))
    return redirect_after_post(request, "till_days:petty")


@page(permission={"GET": "till_days.admit", "POST": "till_days.admit"}, methods=("GET", "POST"))
def admissions(request: HttpRequest) -> HttpResponse:
    """Who may sit at the till."""
    site = site_for(request, "till_days.admit")
    people = staff_at(site)
    form = AdmitForm(request.POST if request.method == "POST" else None, people=people)
    if request.method == "POST" and form.is_valid():
        readiness.admit(by=request.actor, site=site, **form.cleaned_data)
        flash(request, _("Written down"))
        return redirect_after_post(request, "till_days:admissions")
    rows = Admission.objects.filter(staff__in=people).select_related("staff", "companion")[:PER_PAGE]
    return render_page(request, "till_days/admissions.html", {"rows": list(rows), "form": form}, invalid=form)


@page(permission={"GET": "till_days.view", "POST": "till_days.work"}, methods=("GET", "POST"))
def leaves(request: HttpRequest) -> HttpResponse:
    """Who leaves the house during a shift: ask, and see what became of it."""
    site = site_for(request, "till_days.view")
    form = LeaveForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        leaving.ask_leave(by=request.actor, site=site, **form.cleaned_data)
        flash(request, _("The supervisor has been asked"))
        return redirect_after_post(request, "till_days:leaves")
    actor = request.actor
    mine = staff_of(actor)
    context = {
        "rows": list(selectors.leaves(actor).filter(site=site)[:PER_PAGE]),
        "form": form,
        "may_ask": holds(actor, "till_days.work", site=site.code),
        "may_approve": holds(actor, "till_days.approve", site=site.code),
        "me": mine.pk if mine is not None else None,
    }
    return render_page(request, "till_days/leaves.html", context, invalid=form)


@page(permission="till_days.approve", methods=("POST",))
def decide_leave(request: HttpRequest, code: UUID) -> HttpResponse:
    """The supervisor lets the cashier go, or not."""
    found = selectors.access_leave(request.actor, code, "till_days.approve")
    leaving.decide_leave(by=request.actor, site=found.site, leave=found, approve=request.POST.get("answer") == "yes")
    return redirect_after_post(request, "till_days:leaves")


@page(permission="till_days.work", methods=("POST",))
def go_out(request: HttpRequest, code: UUID) -> HttpResponse:
    """Out, now."""
    found = selectors.access_leave(request.actor, code, "till_days.work")
    leaving.go_out(by=request.actor, site=found.site, leave=found)
    return redirect_after_post(request, "till_days:leaves")


@page(permission="till_days.work", methods=("POST",))
def come_in(request: HttpRequest, code: UUID) -> HttpResponse:
    """Back in the house."""
    found = selectors.access_leave(request.actor, code, "till_days.work")
    leaving.come_in(by=request.actor, site=found.site, leave=found)
    return redirect_after_post(request, "till_days:leaves")


def _case_day(request: HttpRequest, code: UUID, word: str) -> TillDay:
    found = selectors.access_day(request.actor, code, word)
    if getattr(found, "difference", None) is None:
        raise NotFound("difference_not_found", _("There is no such difference."))
    return found


def _shown(request: HttpRequest, code: UUID, **given: Any) -> HttpResponse:
    found = selectors.access_day(request.actor, code)
    site, actor = found.site, request.actor
    running = found.state in RUNNING
    expected = counting.expected_of(found)
    first = counting.last_count(found)
    second = counting.last_count(found, TillCount.Part.RECONCILER)
    against = blockers.of(found, named=True) if running else []
    may = {word: holds(actor, f"till_days.{word}", site=site.code) for word in ("work", "reconcile", "trace")}
    book = report.book_of(found)
    case = getattr(found, "difference", None)
    cash_expected = found.expected_fen if found.expected_fen is not None else expected.cash_fen
    counted = deposits.counted_fen(found)
    seconds = (
        found.state == "closing" and may["reconcile"] and found.reconciler and found.reconciler.user_id == actor.user_id
    )
    context = {
        "day": found,
        "site": site,
        "running": running,
        "blockers": against,
        "unmapped": blockers.unmapped_items(site, found.day) if running else [],
        "steps": steps_of(found, against, first, second),
        "expected": expected,
        "cash_expected": cash_expected,
        "counted": counted,
        "difference": None if counted is None else counted - cash_expected,
        "first": first,
        "second": second,
        "paper": report.said(found, book, cashier=found.cashier_name or actor.name),
        "case": case,
        "missing": deposits.missing_fen(found),
        "slips": list(found.deposits.all()),
        "may_work": may["work"],
        "may_count": running and may["work"] and found.state == "open",
        "may_second": bool(seconds),
        "may_close": found.state == "open" and may["work"],
        "may_trace": case is not None and case.state == "open" and may["trace"] and actor.code != found.cashier,
        "may_recover": case is not None and case.state == "stated" and may["work"],
        "count_form": CountForm(tenders=expected.others),
        "close_form": CloseForm(people=[one for one in actions.reconcilers(site) if one.user_id != actor.user_id]),
        "map_form": MapForm(),
        "deposit_form": DepositForm(site=site, initial={"deposited_at": clock.now()}),
        "cause_form": CauseForm(people=staff_at(site)),
        **given,
    }
    form = context["count_form"]
    context["pieces"] = [form[f"n_{fen}"] for fen in counting.DENOMINATIONS]
    context["others"] = [(form[f"slips_{name}"], form[f"total_{name}"]) for name in form.tenders]
    return render_page(request, "till_days/day.html", context, status=422 if given else 200)
