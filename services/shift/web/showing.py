"""What the pages of this room share: their parts, what the reader may, a form that comes back with what was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import pgettext

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, next_path, redirect_after_post, render_page
from services.policy import gates
from services.shift.opening import OPENED
from services.sites.models import Site
from services.sites.web.current import site_for

WORDS = ("sheet", "arrive", "open", "meet", "register", "leave_post", "cashier_area", "hand_over", "receive", "resolve",
         "answer_incident", "clean", "zones", "contacts", "manage")  # fmt: skip
PER_PAGE = 50


def parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages of the room as tabs; the sheet names patients and is not for everybody."""
    labels = {
        "today": pgettext("shift", "Today"),
        "meeting": pgettext("shift", "Morning meeting"),
        "items": pgettext("shift", "In and out"),
        "visitors": pgettext("shift", "Visitors"),
        "posts": pgettext("shift", "Posts"),
        "cashier-area": pgettext("shift", "Cashier area"),
        "broadcasts": pgettext("shift", "Broadcasts"),
        "hygiene": pgettext("shift", "Hygiene"),
        "incidents": pgettext("shift", "Disturbances"),
        "errands": pgettext("shift", "Errands"),
        "handovers": pgettext("shift", "Hand-over"),
    }
    return [
        {"key": key, "label": label, "url": reverse(f"shift:{key}")}
        for key, label in labels.items()
        if key != "meeting" or request.actor.can("shift.sheet")
    ]


def may(request: HttpRequest, site: Site) -> dict[str, bool]:
    """What the reader may do at ``site``."""
    return {word: holds(request.actor, f"shift.{word}", site=site.code) for word in WORDS} | {
        "assign": holds(request.actor, "tasks.assign", site=site.code),
        "override": gates.may_override(request.actor, OPENED, site),
    }


def paged(request: HttpRequest, rows: Any) -> Any:
    """One page of a list."""
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def filled_in(
    request: HttpRequest,
    form: forms.BaseForm,
    act: Callable[[dict[str, Any]], str],
    again: Callable[..., HttpResponse],
    back: str,
) -> HttpResponse:
    """Read the form and act; with what is missing or refused the page comes again with what was typed."""
    if not form.is_valid():
        return again(form=form, status=422)
    try:
        said = act(dict(form.cleaned_data))
    except DomainError as error:
        if getattr(request, "htmx", None):
            raise
        for field, messages in error.fields.items():
            for message in messages:
                form.add_error(field if field in form.fields else None, str(message))
        return again(form=form, status=error.status, refusal=None if error.fields else error)
    flash(request, said)
    return redirect_after_post(request, next_path(request, back))


def register(
    request: HttpRequest,
    *,
    key: str,
    form_class: Callable[..., forms.BaseForm],
    rows: Callable[[Site], Any],
    act: Callable[[Site, dict[str, Any]], str],
    **more: Any,
) -> HttpResponse:
    """A register's page: the quick entry on top, its lines below; a POST writes one more line."""
    site = site_for(request, "shift.view")

    def show(form: Any = None, status: int = 200, refusal: DomainError | None = None) -> HttpResponse:
        given = form or form_class(site=site)
        return show_register(request, site, key, given, rows(site), status=status, refusal=refusal, **more)

    if request.method != "POST":
        return show()
    form = form_class(request.POST, site=site)
    return filled_in(request, form, lambda data: act(site, data), show, reverse(f"shift:{key}"))


def show_register(
    request: HttpRequest, site: Site, key: str, form: Any, rows: Any, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page of a register with a form that is empty, or came back with what was wrong."""
    context = {
        "site": site,
        "parts": parts(request),
        "part": key,
        "may": may(request, site),
        "form": form,
        "rows": paged(request, rows),
        **{name: value(site) if callable(value) else value for name, value in more.items()},
    }
    return render_page(request, f"shift/{key.replace('-', '_')}.html", context, status=status)
