"""Looking through entries, late entries, retention, and the figures of where patients come from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from kernel import access, clock, parameters
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.patients.reading import note_listing, note_read
from services.patients.selectors import by_record_number
from services.records import customers, retention, reviewing, selectors
from services.records.models import EntryReview
from services.records.web.forms import AnswerForm, HoldForm, ObjectionForm
from services.sites.models import Site
from services.sites.selectors import working_site

PER_PAGE = 50


@page(permission="records.review")
def worklist(request: HttpRequest) -> HttpResponse:
    site = _site(request)
    labels = {
        "entered": _("To be looked through"),
        "returned": pgettext("review", "Returned"),
        "reviewed": pgettext("review", "Looked through"),
    }
    show = request.GET.get("show", "")
    show = show if show in labels else "entered"
    found = reviewing.worklist(request.actor, site, state=show)
    rows = Paginator(found if show == "entered" else found.order_by("-reviewed_at", "-id"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    note_listing(request.actor, [row.patient for row in rows.object_list])
    here = reverse("records:worklist")
    context = {
        "site": site,
        "show": show,
        "tabs": [{"key": key, "label": label, "url": f"{here}?show={key}"} for key, label in labels.items()],
        "page_of_rows": rows,
        "rows": rows.object_list,
        "parts": parts(request),
    }
    return render_page(request, "records/worklist.html", context)


@page(permission="records.view")
def review(request: HttpRequest, code: UUID) -> HttpResponse:
    return render_page(request, "records/review.html", _review(request, reviewing.access_review(request.actor, code)))


@page(permission="records.review", methods=("POST",))
def accept(request: HttpRequest, code: UUID) -> HttpResponse:
    reviewing.accept_entry(by=request.actor, review=reviewing.access_review(request.actor, code))
    flash(request, _("Looked through"))
    return _next_entry(request)


@page(permission="records.review", methods=("POST",))
def give_back(request: HttpRequest, code: UUID) -> HttpResponse:
    found = reviewing.access_review(request.actor, code)
    form = ObjectionForm(request.POST)
    if not form.is_valid():
        return render_page(request, "records/review.html", _review(request, found, form), invalid=form)
    reviewing.return_entry(by=request.actor, review=found, **form.cleaned_data)
    flash(request, _("Returned; whoever entered it has a task"))
    return _next_entry(request)


@page(permission="records.write", methods=("POST",))
def again(request: HttpRequest, code: UUID) -> HttpResponse:
    found = reviewing.access_review(request.actor, code)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return render_page(request, "records/review.html", _review(request, found, form), invalid=form)
    reviewing.enter_again(by=request.actor, review=found, **form.cleaned_data)
    flash(request, _("Entered again; it will be looked through"))
    return redirect_after_post(request, "records:review", found.code)


@page(permission="records.review")
def late(request: HttpRequest) -> HttpResponse:
    """What was entered after it was due, month by month (CR-002)."""
    site = _site(request)
    today = clock.today(site.timezone)
    first = _month(request.GET.get("month", ""), today)
    last = min(today, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))
    times = reviewing.entry_times(request.actor, site, first, last)
    note_listing(request.actor, [row.patient for row in times.late])
    context = {
        "site": site,
        "first": first,
        "last": last,
        "before": f"{first - timedelta(days=1):%Y-%m}",
        "after": f"{last + timedelta(days=1):%Y-%m}" if last < today else "",
        "times": times,
        "parts": parts(request),
    }
    return render_page(request, "records/late.html", context)


@page(permission="records.keep", methods=("GET", "POST"))
def retained(request: HttpRequest) -> HttpResponse:
    form = HoldForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        try:
            patient = by_record_number(request.actor, facts.pop("record_number").strip())
            retention.hold_file(by=request.actor, patient=patient, **facts)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("The file is kept longer"))
            return redirect_after_post(request, "records:retention")
    rows = retention.expired(request.actor)
    note_listing(request.actor, [row.patient for row in rows])
    context = {
        "rows": rows,
        "years": parameters.value("record_retention_years"),
        "form": form,
        "refusal": refusal,
        "parts": parts(request),
    }
    status = refusal.status if refusal else 200
    return render_page(request, "records/retention.html", context, status=status, invalid=form)


@page(permission="records.figures")
def figures(request: HttpRequest) -> HttpResponse:
    spans = {30: _("30 days"), 90: _("90 days"), 365: _("a year")}
    days = {"30": 30, "365": 365}.get(request.GET.get("days", ""), 90)
    here = reverse("records:figures")
    today = clock.today()
    first = today - timedelta(days=days - 1)
    known = customers.lifecycle(request.actor)
    context = {
        "sources": customers.media_sources(request.actor, first, today),
        "span": f"{first:%Y-%m-%d} – {today:%Y-%m-%d}",
        "spans": [{"key": key, "label": label, "url": f"{here}?days={key}"} for key, label in spans.items()],
        "days": days,
        "lifecycle": known,
        "standing": [
            {"label": pgettext("lifecycle", "Potential"), "value": known.potential},
            {"label": pgettext("lifecycle", "Existing"), "value": known.existing},
            {"label": pgettext("lifecycle", "Loyal"), "value": known.loyal},
        ],
        "parts": parts(request),
    }
    return render_page(request, "records/figures.html", context)


def parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages about all charts that this person may see."""
    known = (
        ("worklist", _("To be looked through"), "clipboard", "records.review"),
        ("late", _("Entered late"), "clock", "records.review"),
        ("retention", _("Retention"), "lock", "records.keep"),
        ("figures", _("Where patients come from"), "chart", "records.figures"),
    )
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"records:{key}")}
        for key, label, icon, word in known
        if request.actor.can(word)
    ]


def _next_entry(request: HttpRequest) -> HttpResponse:
    """On to the next entry that waits for this person; to the list when none does."""
    following = reviewing.worklist(request.actor, _site(request), state="entered").first()
    if following is None:
        return redirect_after_post(request, "records:worklist")
    return redirect_after_post(request, "records:review", following.code)


def _site(request: HttpRequest) -> Site:
    site = working_site(request.actor, site_code(request), reviewing.WORD)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


def _month(text: str, today: date) -> date:
    """The first day of the month that an address asks for, of this month when it asks for none that has been."""
    try:
        first = parse_date(f"{text}-01") or today.replace(day=1)
    except ValueError:
        return today.replace(day=1)
    return first if date(2000, 1, 1) <= first <= today else today.replace(day=1)


def _review(request: HttpRequest, found: EntryReview, form: forms.Form | None = None) -> dict[str, Any]:
    actor = request.actor
    note_read(actor, found.patient, part="entry")
    entry = found.treatment or found.note
    assert entry is not None
    withheld = entry.is_sensitive and not selectors.may_read_sensitive(actor, found.patient)
    correction = getattr(found.note, "corrected_by", None) if found.note is not None else None
    reviews = access.holds(actor, reviewing.WORD, site=found.site.code)
    mine = found.entered_by_id == actor.user_id
    may_answer = mine and found.state == "returned" and actor.can("records.write")
    may_review = reviews and not mine and found.state == "entered"
    waiting = reviewing.waiting(actor, found.site) if may_review else 0
    return {
        "review": found,
        "withheld": withheld,
        "words": "" if withheld else found.treatment.note if found.treatment else found.note.text if found.note else "",
        "correction": "" if withheld or correction is None else correction.text,
        "may_review": may_review,
        "waiting_words": ngettext("%(n)s waits", "%(n)s wait", waiting) % {"n": waiting},
        "may_answer": may_answer,
        "form": form or (AnswerForm() if may_answer else ObjectionForm()),
        "back_url": reverse("records:worklist") if reviews else reverse("records:chart", args=[found.patient.code]),
    }
