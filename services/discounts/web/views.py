"""Pages of discounts: the finance policy, coupons, and what tills ask for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.identity.models import Role
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.discounts import actions, selectors
from services.discounts.models import percent
from services.discounts.web.forms import CouponForm, DecideForm, EndForm, PolicyForm

PER_PAGE = 100


def _parts(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"key": "policies", "label": _("Finance policy"), "url": reverse("discounts:policies")},
        {"key": "coupons", "label": _("Coupons"), "url": reverse("discounts:coupons")},
        {"key": "approvals", "label": _("Asked for at the till"), "url": reverse("discounts:approvals")},
    ]


@page(permission={"GET": "discounts.view", "POST": "discounts.manage"}, methods=("GET", "POST"))
def policy_list(request: HttpRequest) -> HttpResponse:
    """What may be cheaper and by whose word; another line of it."""
    today = clock.today()
    form = PolicyForm(request.POST if request.method == "POST" else None, initial={"starts_on": today})
    if request.method == "POST" and form.is_valid():
        actions.set_policy(by=request.actor, **form.cleaned_data)
        flash(request, _("The finance policy has another line"))
        return redirect_after_post(request, "discounts:policies")
    rows = Paginator(selectors.policies(), PER_PAGE).get_page(request.GET.get("page"))
    labels = {role.slug: role.label for role in Role.objects.all()}
    context = {
        "parts": _parts(request),
        "rows": rows,
        "lines": [
            {
                "policy": one,
                "rate": percent(one.rate_bp),
                "counts": one.counts_on(today),
                "roles": [labels.get(slug, slug) for slug in one.roles],
            }
            for one in rows.object_list
        ],
        "form": form,
        "may_manage": request.actor.can("discounts.manage"),
        "today": today,
    }
    return render_page(request, "discounts/policies.html", context, invalid=form)


@page(permission="discounts.manage", methods=("POST",))
def policy_end(request: HttpRequest, code: UUID) -> HttpResponse:
    """A line of the policy counts until a day."""
    policy = selectors.access_policy(request.actor, code, "discounts.manage")
    form = EndForm(request.POST)
    if form.is_valid():
        actions.end_policy(by=request.actor, policy=policy, **form.cleaned_data)
        flash(request, _("Ended"))
    return redirect_after_post(request, "discounts:policies")


@page(permission={"GET": "discounts.view", "POST": "discounts.manage"}, methods=("GET", "POST"))
def coupon_list(request: HttpRequest) -> HttpResponse:
    """The coupons with the receipts at whose stubs they lie; another one."""
    form = CouponForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        coupon = actions.issue_coupon(by=request.actor, **form.cleaned_data)
        flash(request, _("Coupon %(number)s") % {"number": coupon.number})
        return redirect_after_post(request, "discounts:coupons")
    context = {
        "parts": _parts(request),
        "rows": Paginator(selectors.coupons(request.actor), PER_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "may_manage": request.actor.can("discounts.manage"),
    }
    return render_page(request, "discounts/coupons.html", context, invalid=form)


@page(permission="discounts.manage", methods=("POST",))
def coupon_withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    """A coupon counts no more."""
    actions.withdraw_coupon(by=request.actor, coupon=selectors.access_coupon(request.actor, code, "discounts.manage"))
    flash(request, _("Withdrawn"))
    return redirect_after_post(request, "discounts:coupons")


@page(permission="discounts.view")
def approval_list(request: HttpRequest) -> HttpResponse:
    """What tills asked for, and what became of it."""
    rows = Paginator(selectors.approvals(request.actor), PER_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "discounts/approvals.html", {"parts": _parts(request), "rows": rows})


@page(permission="discounts.view")
def approval(request: HttpRequest, code: UUID) -> HttpResponse:
    """One request, and the decision."""
    return render_page(request, "discounts/approval.html", _approval(request, code, DecideForm()))


@page(permission="discounts.approve", methods=("POST",))
def decide(request: HttpRequest, code: UUID) -> HttpResponse:
    """Allow or refuse it."""
    found = selectors.access_approval(request.actor, code, "discounts.approve")
    form = DecideForm(request.POST)
    if form.is_valid():
        actions.decide(
            by=request.actor,
            site=found.site,
            approval=found,
            approve=request.POST.get("answer") == "yes",
            words=form.cleaned_data["words"],
        )
        flash(request, _("Decided"))
        return redirect_after_post(request, "discounts:approval", found.code)
    return render_page(request, "discounts/approval.html", _approval(request, code, form), invalid=form)


def _approval(request: HttpRequest, code: UUID, form: DecideForm) -> dict[str, Any]:
    found = selectors.access_approval(request.actor, code)
    return {
        "one": found,
        "form": form,
        "may_decide": found.state == "asked"
        and request.actor.can("discounts.approve", site=found.site.code)
        and found.asked_by != request.actor.code,
    }
