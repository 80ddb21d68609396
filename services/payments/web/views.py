"""Pages of wallet payments: scanning, one payment until its result is known, the lists, and the bills."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.cashier.access import access_slip
from services.payments import actions, bills, selectors
from services.payments.machines import ATTEMPT, LIVE, WAITING
from services.payments.web.forms import DayForm, ReasonForm, ScanForm
from services.sites.web.current import site_for

PER_PAGE = 100


@page(permission={"GET": "payments.take", "POST": "payments.take"}, methods=("GET", "POST"))
def start(request: HttpRequest, code: UUID) -> HttpResponse:
    """Scan the payer's code for a slip; the acquirer's answer, if it comes in time, is on the next page."""
    slip = access_slip(request.actor, code, "payments.take")
    form = ScanForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = actions.start_attempt(
            by=request.actor,
            site=slip.site,
            slip=slip,
            payer_code=form.cleaned_data["payer_code"],
            coupons=form.coupons(),
        )
        return redirect_after_post(request, "payments:attempt", made.code)
    total = sum(line.amount_fen for line in slip.lines.all())
    return render_page(request, "payments/start.html", {"slip": slip, "form": form, "total_fen": total}, invalid=form)


@page(permission="payments.view")
def attempt(request: HttpRequest, code: UUID) -> HttpResponse:
    """One payment; the page asks until its result is known."""

    def context() -> dict[str, object]:
        found = selectors.access_attempt(request.actor, code)
        may = request.actor.can("payments.take", site=found.site.code)
        return {
            "attempt": found,
            "live": found.state in LIVE,
            "may_stop": may and found.state in WAITING,
            "may_again": may and found.state in ("failed", "reversed") and found.slip.state == "issued",
        }

    return polled(request, "payments/attempt.html", "payments/_attempt.html", context)


@page(permission="payments.take", methods=("POST",))
def stop(request: HttpRequest, code: UUID) -> HttpResponse:
    """Nobody waits any longer: it shall not have happened."""
    found = selectors.access_attempt(request.actor, code, "payments.take")
    actions.stop_attempt(by=request.actor, site=found.site, attempt=found)
    return redirect_after_post(request, "payments:attempt", code)


@page(permission="payments.view")
def attempts(request: HttpRequest) -> HttpResponse:
    """Wallet payments, the latest first; by state."""
    here, show = reverse("payments:attempts"), request.GET.get("state", "")
    rows = selectors.attempts(request.actor)
    if show in ATTEMPT.states:
        rows = rows.filter(state=show)
    tabs: list[dict[str, object]] = [{"key": "", "label": _("All"), "url": here}]
    tabs += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in ATTEMPT.choices]
    context = {"rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")), "tabs": tabs, "show": show}
    return render_page(request, "payments/attempts.html", context)


@page(permission="payments.view")
def refunds(request: HttpRequest) -> HttpResponse:
    """Money on its way back by the route it came, the latest first."""
    rows = Paginator(selectors.given_back(request.actor), PER_PAGE).get_page(request.GET.get("page"))
    return render_page(
        request, "payments/refunds.html", {"rows": rows, "may_match": request.actor.can("payments.match")}
    )


@page(permission="payments.match", methods=("POST",))
def again(request: HttpRequest, code: UUID) -> HttpResponse:
    """Ask once more for a refund that the acquirer refused."""
    found = selectors.access_give_back(request.actor, code, "payments.match")
    actions.send_again(by=request.actor, site=found.site, give_back=found)
    flash(request, _("Sent again"))
    return redirect_after_post(request, "payments:refunds")


@page(permission="payments.view")
def bill_list(request: HttpRequest) -> HttpResponse:
    """The matched bills, the latest first."""
    return _bills(request, DayForm())


def _bills(request: HttpRequest, form: DayForm) -> HttpResponse:
    rows = Paginator(selectors.bills(request.actor), PER_PAGE).get_page(request.GET.get("page"))
    context = {"rows": rows, "form": form, "may_match": request.actor.can("payments.match")}
    return render_page(request, "payments/bills.html", context, invalid=form)


@page(permission="payments.match", methods=("POST",))
def fetch(request: HttpRequest) -> HttpResponse:
    """Fetch and match the bill of a day now."""
    form = DayForm(request.POST)
    if not form.is_valid():
        return _bills(request, form)
    bills.ask_for_bill(by=request.actor, site=site_for(request, "payments.match"), day=form.cleaned_data["day"])
    flash(request, _("The bill has been asked for"))
    return redirect_after_post(request, "payments:bills")


@page(permission="payments.view")
def bill(request: HttpRequest, code: UUID) -> HttpResponse:
    """One bill: its sums, and where it differs."""
    found = selectors.access_bill(request.actor, code)
    rows = list(found.differences.order_by("resolved_at", "id")[:300])
    context = {
        "bill": found,
        "rows": rows,
        "net_fen": found.paid_fen - found.returned_fen - found.fee_fen,
        "may_match": request.actor.can("payments.match", site=found.site.code),
    }
    return render_page(request, "payments/bill.html", context)


@page(permission="payments.match", methods=("POST",))
def resolve(request: HttpRequest, code: UUID) -> HttpResponse:
    """Say why bill and house differ."""
    found = selectors.access_difference(request.actor, code)
    form = ReasonForm(request.POST)
    form.is_valid()
    bills.resolve(by=request.actor, site=found.site, difference=found, reason=form.cleaned_data.get("reason", ""))
    flash(request, _("Resolved"))
    return redirect_after_post(request, "payments:bill", found.bill.code)
