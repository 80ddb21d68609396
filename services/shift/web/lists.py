"""The lists of the day as data: read by everybody, changed by who leads."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.shift import lists, selectors
from services.shift.models import Checklist
from services.shift.web.forms import ChecklistForm, ChecklistItems


@page(permission="shift.view")
def checklists(request: HttpRequest) -> HttpResponse:
    rows = list(Checklist.objects.all())
    return render_page(request, "shift/lists.html", {"rows": rows})


@page(permission={"GET": "shift.view", "POST": "shift.manage"}, methods=("GET", "POST"))
def checklist(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_checklist(request.actor, code)
    newest = found.versions.first()
    known = [{**item, "roles": ",".join(item["roles"])} for item in newest.items] if newest is not None else []
    form = ChecklistForm(request.POST or None, initial={"is_active": found.is_active, "version": found.version})
    rows = ChecklistItems(request.POST or None, initial=known, prefix="items")
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        items = [
            {**one, "roles": [role for role in one.get("roles", "").split(",") if role]}
            for one in rows.cleaned_data
            if one.get("zh")
        ]
        try:
            lists.write_checklist(by=request.actor, checklist=found, items=items, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Written; it counts from the next day on"))
            return redirect_after_post(request, "shift:list", code)
    context = {
        "checklist": found,
        "newest": newest,
        "form": form,
        "rows": rows,
        "duties": found.purpose == Checklist.Purpose.DUTIES,
        "refusal": refusal,
        "may_manage": holds(request.actor, "shift.manage"),
    }
    wrong = request.method == "POST"
    status = refusal.status if refusal is not None else 422 if wrong else 200
    return render_page(request, "shift/list.html", context, status=status)
