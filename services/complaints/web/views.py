"""Pages of complaints: the lists, the intake, a case with its steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import clock
from kernel.access import holds
from kernel.errors import DomainError, RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.complaints import intake, people, results, selectors, ways
from services.complaints.intake import Speaker
from services.complaints.machines import ENDED, HANDLED
from services.complaints.models import Complaint, Principle, Remedy
from services.complaints.web import forms as given
from services.complaints.web.known import known_to
from services.complaints.web.steps import steps_of
from services.patients.reading import note_listing
from services.sites.web.current import site_for

PER_PAGE = 50
SHOWS = ("open", "waiting", "overdue", "serious", "ended")


@page(permission="complaints.view")
def complaints(request: HttpRequest) -> HttpResponse:
    """The cases that the reader deals with, by tab; the figures beside the tabs are of the whole site."""
    site = site_for(request, "complaints.view")
    show = request.GET.get("show", "open")
    show = show if show in SHOWS else "open"
    category = request.GET.get("category", "")
    rows = selectors.showing(selectors.complaints(request.actor).filter(site=site), show)
    if category in ways.categories():
        rows = rows.filter(category=category)
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in listed.object_list if row.patient is not None])
    figures = selectors.counts(request.actor, site)
    here = reverse("complaints:list")
    words = {
        "open": pgettext("complaints", "Open"),
        "waiting": pgettext("complaints", "Without a handler"),
        "overdue": pgettext("complaints", "Overdue"),
        "serious": pgettext("complaints", "Serious"),
        "ended": pgettext("complaints", "Closed"),
    }
    context = {
        "site": site,
        "rows": listed,
        "lines": [{"case": row, "category": ways.category_label(row.category)} for row in listed.object_list],
        "tabs": [
            {
                "key": key,
                "label": label,
                "url": f"{here}?show={key}",
                "count": figures.get(key),
                "tone": "late" if key == "overdue" and figures.get(key) else "",
            }
            for key, label in words.items()
        ],
        "show": show,
        "category": category,
        "categories": ways.categories().values(),
        "parts": area_tabs(request),
        "ended_states": ENDED,
        "may_receive": holds(request.actor, "complaints.receive", site=site.code),
    }
    return render_page(request, "complaints/list.html", context)


@page(permission={"GET": "complaints.receive", "POST": "complaints.receive"}, methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """The one intake: what kind it is decides what is asked."""
    site = site_for(request, "complaints.receive")
    known = known_to(request, site)
    initial = {"channel": "desk", "kind": given.COMPLAINT, **known.initial}
    form = given.IntakeForm(request.POST if request.method == "POST" else None, initial=initial, site=site)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        speaker = Speaker(name=said["name"], phone=said["phone"], contact=said["contact"], patient=known.patient)
        try:
            if (said["kind"] or given.COMPLAINT) == given.COMPLAINT:
                made = intake.receive_complaint(
                    by=request.actor,
                    site=site,
                    channel=said["channel"],
                    category=said["category"],
                    speaker=speaker,
                    matter=said["matter"],
                    treatment=said["treatment"],
                    promised=said["promised"],
                    severity=said["severity"] or "ordinary",
                    vertical=said.get("vertical", ""),
                    accused=list(said["accused"]),
                    visit=known.visit,
                    source=known.source,
                    source_code=known.source_code,
                )
                flash(request, _("Received; an answer is promised"))
                if selectors.complaints(request.actor).filter(pk=made.pk).exists():
                    return redirect_after_post(request, "complaints:complaint", made.code)
                return redirect_after_post(request, "complaints:list")
            row = intake.collect_feedback(
                by=request.actor,
                site=site,
                kind=said["kind"],
                channel=said["channel"],
                words=said["matter"],
                speaker=speaker,
                visit=known.visit,
            )
            flash(request, _("Thank you: written down and passed on"))
            return redirect_after_post(request, "complaints:feedback", row.code)
        except RuleRefused as error:
            show_on_fields(form, error)
    if known.patient is not None:
        note_listing(request.actor, [known.patient])
    context = {
        "form": form,
        "site": site,
        "known": known,
        "hours": ways.reply_hours(site, known.visit.vertical if known.visit is not None else ""),
        "parts": area_tabs(request),
    }
    return render_page(request, "complaints/new.html", context, invalid=form)


@page(permission="complaints.view")
def complaint(request: HttpRequest, code: UUID) -> HttpResponse:
    """One case for those who deal with it: its steps, the present one with its form."""
    return shown(request, code)


def shown(request: HttpRequest, code: UUID, *, status: int = 200, **filled: Any) -> HttpResponse:
    """The page of a case; ``filled`` are forms that came back with errors."""
    case = selectors.access_complaint(request.actor, code)  # type: ignore[attr-defined]
    actor, site = request.actor, case.site  # type: ignore[attr-defined]
    if case.patient is not None:
        note_listing(actor, [case.patient])
    staff = people.standing(case)
    offered = list(case.remedies.select_related("staff"))
    kinds = ways.remedies()
    may = {word: holds(actor, f"complaints.{word}", site=site.code) for word in
           ("receive", "handle", "assign", "approve", "conclude", "manage")}  # fmt: skip
    handles = may["handle"] and people.is_staff(case.handler, actor)
    works = handles or (may["handle"] and any(people.is_staff(one.staff, actor) for one in staff if one.side == 1))
    called = case.state in ("satisfied", "solved_on_spot") and results.open_calls(case)
    context: dict[str, Any] = {
        "case": case,
        "site": site,
        "category": ways.category_label(case.category),
        "main": ways.MAIN[ways.categories()[case.category].main] if case.category in ways.categories() else "",
        "people": staff,
        "evidence": list(case.evidence.all()),
        "rounds": list(case.rounds.all()),
        "principles": list(case.principles.all()),
        "remedies": [{"row": one, "label": kinds.get(one.kind, one.kind)} for one in offered],
        "phone": selectors.phone_of(actor, case),
        "team_wanted": ways.way_of(case.vertical).requires_team,
        "called": called,
        "is_open": case.state not in ENDED,
        "is_handled": case.state in HANDLED,
        "late": case.overdue_at is not None,
        "may": may,
        "handles": handles,
        "works": works,
        "may_offer": handles and case.state in ("determined", "authorised", "negotiating", "mediating", "replied"),
        "may_assign": may["assign"] or (may["receive"] and case.state == "received"),
        "waits_for_approval": any(one.state == Remedy.State.PROPOSED for one in offered),
        "guide": Principle.Key.choices,
        "today": clock.today(site.timezone),
        "solve_form": given.SolveForm(),
        "assign_form": given.AssignForm(site=site, again=case.state in HANDLED),
        "team_form": given.TeamForm(site=site),
        "concerned_form": given.ConcernedForm(site=site),
        "evidence_form": given.EvidenceForm(),
        "principle_form": given.PrincipleForm(),
        "determine_form": given.DetermineForm(site=site),
        "remedy_form": given.RemedyForm(site=site),
        "decide_form": given.DecideForm(),
        "done_form": given.DoneForm(),
        "reply_form": given.ReplyForm(),
        "words_form": given.WordsForm(),
        "mediate_form": given.MediateForm(),
        "mediation_form": given.MediationResultForm(),
        "follow_up_form": given.FollowUpForm(),
        "reason_form": given.ReasonForm(),
        **filled,
    }
    steps = steps_of(case)
    for step in steps:
        if step["state"] == "now":
            step["body"] = render_to_string("complaints/_now.html", context, request=request)
    context["steps"] = steps
    return render_page(request, "complaints/complaint.html", context, status=status)


def show_on_fields(form: forms.Form, error: DomainError) -> None:
    """Put what a rule misses beside its fields; what belongs to none of them above the form."""
    for field, messages in error.fields.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, str(message))
    if not error.fields:
        form.add_error(None, str(error.message))


def area_tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The parts of the room that the reader has."""
    parts = [
        ("list", _("Complaints"), "complaint", "complaints.view"),
        ("feedbacks", _("Feedback"), "message", "complaints.view"),
        ("statistics", _("Figures"), "chart", "complaints.view"),
        ("reviews", _("Analyses"), "report", "complaints.analyse"),
        ("routes", _("Who receives them"), "people", "complaints.manage"),
    ]
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"complaints:{key}")}
        for key, label, icon, word in parts
        if holds(request.actor, word)  # type: ignore[attr-defined]
    ]


def case_of(request: HttpRequest, code: UUID) -> Complaint:
    """The case of an act."""
    return selectors.access_complaint(request.actor, code)  # type: ignore[attr-defined]
