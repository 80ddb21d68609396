"""The exception report: what was overridden, and its next-day review."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.policy import actions, selectors
from services.policy.models import OverrideRecord
from services.policy.web.forms import ReviewForm

DAYS = 30


@page(permission="policy.view_exceptions")
def exceptions(request: HttpRequest) -> HttpResponse:
    return render_page(request, "policy/exceptions.html", _report(request))


@page(permission="policy.view_exceptions")
def exception(request: HttpRequest, code: UUID) -> HttpResponse:
    record = selectors.access_override(request.actor, code)
    return render_page(request, "policy/exceptions.html", _report(request) | _panel(request, record, ReviewForm()))


@page(permission="policy.review_exceptions", methods=("POST",))
def review(request: HttpRequest, code: UUID) -> HttpResponse:
    record = selectors.access_override(request.actor, code)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        context = _report(request) | _panel(request, record, form)
        return render_page(request, "policy/exceptions.html", context, invalid=form)
    actions.review_override(
        by=request.actor,
        record=record,
        accepted=form.cleaned_data["verdict"] == "accepted",
        note=form.cleaned_data["note"],
    )
    flash(request, _("Reviewed"))
    return redirect_after_post(request, "policy:exceptions")


def _report(request: HttpRequest) -> dict[str, Any]:
    open_only = request.GET.get("show") == "open"
    rows = selectors.exception_report(request.actor, open_only=open_only, days=DAYS)
    waiting = sum(row.record.review == OverrideRecord.Review.OPEN for row in rows)
    here = reverse("policy:exceptions")
    return {
        "rows": rows,
        "waiting": waiting,
        "days": DAYS,
        "nudges": selectors.nudges(request.actor, since=clock.today() - timedelta(days=DAYS)),
        "exclusions": selectors.exclusions(request.actor, since=clock.today() - timedelta(days=DAYS)),
        "shown": "open" if open_only else "",
        "tabs": [
            {"key": "", "label": _("All"), "url": here},
            {"key": "open", "label": _("To be reviewed"), "url": f"{here}?show=open", "count": waiting},
        ],
    }


def _panel(request: HttpRequest, record: OverrideRecord, form: ReviewForm) -> dict[str, Any]:
    [chosen] = selectors.shown([record], request.actor)
    may_review = chosen.reviewable and request.actor.can("policy.review_exceptions")
    return {"chosen": chosen, "form": form, "may_review": may_review}
