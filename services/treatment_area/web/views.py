"""Pages of the treatment area: the attendant's screen, a guest, notes, concerns, the sheet of the day."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.web.slots import slot_items
from kernel.web.views import page, polled, render_page
from services.reception import selectors as reception
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for
from services.treatment_area import companions, selectors
from services.treatment_area.machine import UNANSWERED
from services.treatment_area.models import Concern, SilentNote
from services.treatment_area.web.forms import (
    AdmitForm,
    ConcernForm,
    FeedbackForm,
    NeedForm,
    NoteForm,
    PatrolForm,
    PriorityForm,
    RefuseForm,
    ReplyForm,
    ResolveForm,
    SheetForm,
    TakeOverForm,
)

WORDS = ("companions", "medical_need", "take_over", "feedback", "note", "reply", "patrol", "report", "resolve", "flag",
         "accompany", "sheet", "hand_in")  # fmt: skip
PER_PAGE = 50
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


@page(permission="treatment_area.view")
def board(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "treatment_area.view")
    template = "treatment_area/board.html"
    return polled(
        request,
        template,
        "treatment_area/_board.html",
        lambda: board_context(request, site),
        drawn_from=lambda: selectors.drawn_from(site),
    )


@page(permission="treatment_area.view")
def visit(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_visit(request.actor, code)
    return render_page(request, "treatment_area/visit.html", visit_context(request, found))


@page(permission="treatment_area.view")
def note(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_note(request.actor, code)
    return render_page(request, "treatment_area/note.html", note_context(request, found))


@page(permission="treatment_area.view")
def notes(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "treatment_area.view")

    def context() -> dict[str, Any]:
        rows = selectors.my_notes(request.actor, site)
        return {"site": site, "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))}

    return polled(request, "treatment_area/notes.html", "treatment_area/_notes.html", context)


@page(permission="treatment_area.view")
def concerns(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "treatment_area.view")
    show = "all" if request.GET.get("show") == "all" else "open"
    rows = selectors.listed_concerns(request.actor, site=site, show=show)
    here = reverse("treatment_area:concerns")
    context = {
        "site": site,
        "show": show,
        "rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "tabs": [
            {"key": "open", "label": _("To be resolved"), "url": here},
            {"key": "all", "label": _("All"), "url": f"{here}?show=all"},
        ],
    }
    return render_page(request, "treatment_area/concerns.html", context)


@page(permission="treatment_area.view")
def concern(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_concern(request.actor, code)
    return render_page(request, "treatment_area/concern.html", concern_context(request, found))


@page(permission="treatment_area.sheet")
def sheet(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "treatment_area.sheet")
    return render_page(request, "treatment_area/sheet.html", sheet_context(request, site, today(site)))


@page(permission="treatment_area.sheet")
def sheet_of(request: HttpRequest, day: str) -> HttpResponse:
    site = site_for(request, "treatment_area.sheet")
    return render_page(request, "treatment_area/sheet.html", sheet_context(request, site, day_or_404(day)))


def day_or_404(text: str) -> date:
    """A day from a URL. Raises Http404 for anything else, and for days that no clinic has."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if not EARLIEST <= day <= LATEST:
        raise Http404
    return day


def board_context(request: HttpRequest, site: Site, **given: Any) -> dict[str, Any]:
    """The attendant's screen; ``given`` are forms that came back with errors."""
    return {
        "site": site,
        "area": selectors.area(site),
        "may": _may(request, site),
        "may_lead_in": holds(request.actor, "reception.lead_in", site=site.code),
        "may_leave": holds(request.actor, "reception.leave_area", site=site.code),
        "now": clock.now(),
        "patrol_form": given.get("patrol_form") or PatrolForm(),
        "concern_form": given.get("concern_form") or ConcernForm(site=site),
    }


def flag_visits(request: HttpRequest, visits: list[Visit]) -> None:
    """Mark each guest with what other rooms still owe the guest (slot ``visits.flags``): one question for all."""
    by_key: dict[int, list[dict[str, Any]]] = {one.pk: [] for one in visits}
    for flag in slot_items("visits.flags", request, visits=visits):
        by_key[flag["visit"]].append(flag)
    for one in visits:
        one.flags = by_key[one.pk]  # type: ignore[attr-defined]


def visit_context(request: HttpRequest, found: Visit, **given: Any) -> dict[str, Any]:
    """Everything about one guest beside the chair; ``given`` are forms that came back with errors, and a refusal."""
    site = found.site
    stay = selectors.stay(found)
    inside, waits = found.state in HOLDS_CHAIR, found.state in UNSEEN
    flag_visits(request, [found])
    day = companions.visit_day(found)
    youngest, oldest = companions.age_span(found.patient, day)
    return {
        "visit": found,
        "site": site,
        "look": reception.LOOKS[found.state],
        "stay": stay,
        "inside": inside,
        "waits": waits,
        "here": inside or waits,
        "may": _may(request, site),
        "age": str(oldest) if youngest == oldest else f"{youngest}–{oldest}",
        "exemption": companions.age_ground(found),
        "unproven": companions.age_is_unproven(found),
        "open_need": any(getattr(one, "relative", None) is None for one in stay.needs),
        "doctor_busy": waits and selectors.chair_is_taken(found),
        "unanswered": [one for one in stay.notes if one.state in UNANSWERED],
        "admit_form": given.get("admit_form") or AdmitForm(visit=found, by=request.actor),
        "refuse_form": given.get("refuse_form") or RefuseForm(auto_id="refuse_%s"),
        "need_form": given.get("need_form") or NeedForm(auto_id="need_%s"),
        "take_over_form": given.get("take_over_form") or TakeOverForm(),
        "feedback_form": given.get("feedback_form") or FeedbackForm(auto_id="feedback_%s"),
        "note_form": given.get("note_form") or NoteForm(),
        "priority_form": given.get("priority_form") or PriorityForm(auto_id="priority_%s"),
        "refusal": given.get("refusal"),
    }


def note_context(request: HttpRequest, found: SilentNote, **given: Any) -> dict[str, Any]:
    """One silent note and its answer."""
    may = _may(request, found.site)
    is_open = found.state in UNANSWERED
    return {
        "note": found,
        "site": found.site,
        "may_reply": may["reply"] and is_open,
        "may_withdraw": may["note"] and is_open,
        "reply_form": given.get("reply_form") or ReplyForm(),
    }


def concern_context(request: HttpRequest, found: Concern, **given: Any) -> dict[str, Any]:
    """One concern and what was done."""
    return {
        "concern": found,
        "site": found.site,
        "may_resolve": _may(request, found.site)["resolve"] and found.state == "open",
        "resolve_form": given.get("resolve_form") or ResolveForm(),
    }


def sheet_context(request: HttpRequest, site: Site, day: date, **given: Any) -> dict[str, Any]:
    """The sheet of a day, its signature, and the days before it."""
    handed = selectors.sheet_of(site, day)
    computed = selectors.day_sheet(site, day)
    figures = handed.figures if handed is not None else computed.figures()
    return {
        "site": site,
        "day": day,
        "sheet": computed,
        "handed": handed,
        "figures": [(label, figures[key]) for key, label in figure_labels().items() if key in figures],
        "due_at": handed.due_at if handed is not None else selectors.sheet_due_at(site, day),
        "days": selectors.sheets(site),
        "may_hand_in": _may(request, site)["hand_in"] and handed is None and day <= today(site),
        "sheet_form": given.get("sheet_form") or SheetForm(),
    }


def figure_labels() -> dict[str, str]:
    """What the counts of a sheet are called, in the order of the sheet."""
    return {
        "led_in": _("Guests led in"),
        "left": _("Guests who left"),
        "signed": _("Signed by a nurse"),
        "companions": _("Relatives inside"),
        "refused": _("Relatives kept outside"),
        "reception_good": _("Received to standard"),
        "reception_poor": _("Not received to standard"),
        "chart_written": _("Chart written"),
        "chart_missing": _("Chart missing"),
        "notes": _("Silent notes"),
        "notes_escalated": _("Notes answered too late"),
        "patrols": _("Rounds"),
        "concerns": _("Complaints and special cases"),
        "concerns_open": _("of them open"),
        "waits_asked": _("Waits over the time announced without asking"),
        "waits_explained": _("Long waits, explained"),
        "waits_unexplained": _("Long waits, unexplained"),
    }


def _may(request: HttpRequest, site: Site) -> dict[str, bool]:
    return {word: holds(request.actor, f"treatment_area.{word}", site=site.code) for word in WORDS}
