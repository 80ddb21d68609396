"""The chart of teeth of one patient: findings, history, guarantee, recording, free redo; and the classes of visits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dental import actions, selectors
from dental.classes import propose_for_tooth
from dental.models import VisitClass
from dental.pairing import pairings
from dental.teeth import LOWER_PERMANENT, LOWER_PRIMARY, TEETH
from dental.web.forms import FindingForm, PeriodForm, ToothForm
from kernel.errors import DomainError, RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.models import Patient
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.selectors import today as today_at
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import staff_of

# Two forms of one page ask for a tooth; their fields need names of their own.
FINDING = "finding"
PAIRING_DAYS = 7
DENTITIONS = {
    "permanent": gettext_lazy("permanent"),
    "mixed": gettext_lazy("mixed"),
    "primary": gettext_lazy("primary"),
}


@page(permission={"GET": "dental.view", "POST": "dental.treat"}, methods=("GET", "POST"))
def teeth(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's teeth; the treating doctor records here."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    site = site_for(request, "dental.view")
    chosen = _chosen(request)
    form = ToothForm(request.POST or None, initial={"tooth": chosen}, site=site)
    if request.method == "POST" and form.is_valid():
        row = actions.record_tooth_treatment(
            by=request.actor,
            site=site_for(request, "dental.treat"),
            patient=patient,
            doctor=_doctor(request),
            **form.cleaned_data,
        )
        flash(
            request,
            _("Tooth %(tooth)s recorded, guaranteed until %(day)s") % {"tooth": row.tooth, "day": row.warranty_until},
        )
        return redirect_after_post(request, "dental:teeth", patient.code)
    return render_page(request, "dental/teeth.html", _chart(request, patient, chosen, form=form), invalid=form)


@page(permission="dental.treat", methods=("POST",))
def finding(request: HttpRequest, code: UUID) -> HttpResponse:
    """Note what is found at a tooth."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    form = FindingForm(request.POST, prefix=FINDING)
    refusal: DomainError | None = None
    if form.is_valid():
        try:
            row = actions.note_finding(
                by=request.actor,
                site=site_for(request, "dental.treat"),
                patient=patient,
                author=_doctor(request),
                **form.cleaned_data,
            )
        except RuleRefused as error:
            refusal = error
        else:
            said = {"tooth": row.tooth, "finding": row.get_kind_display()}
            flash(request, _("Tooth %(tooth)s: %(finding)s noted") % said)
            return redirect_after_post(request, f"{reverse('dental:teeth', args=[patient.code])}?tooth={row.tooth}")
    context = _chart(request, patient, None, finding_form=form, refusal=refusal)
    status = refusal.status if refusal is not None else 200
    return render_page(request, "dental/teeth.html", context, status=status, invalid=form)


@page(permission="dental.treat", methods=("POST",))
def redo(request: HttpRequest, code: UUID) -> HttpResponse:
    """Redo a treatment under guarantee: free of charge, linked to the original."""
    original = selectors.access_tooth_treatment(request.actor, code)
    _redo, slip = actions.redo_under_warranty(
        by=request.actor, site=site_for(request, "dental.treat"), original=original, doctor=_doctor(request)
    )
    flash(request, _("Redo recorded; slip %(number)s is free of charge") % {"number": slip.number})
    return redirect_after_post(request, "dental:teeth", original.patient.code)


@page(permission="dental.view_classes")
def visit_classes(request: HttpRequest) -> HttpResponse:
    """How many visits of each class every doctor had in a period; this month by default (DE-008)."""
    site = site_for(request, "dental.view_classes")
    today = today_at(site)
    period = {"first": today.replace(day=1), "last": today}
    form = PeriodForm(request.GET if "first" in request.GET else None, initial=period)
    if form.is_bound and form.is_valid():
        period = form.cleaned_data
    rows = selectors.class_statistics(site, period["first"], period["last"])
    context = {
        "site": site,
        "form": form,
        "period": period,
        "rows": rows,
        "classes": VisitClass.labels,
        "totals": [sum(column) for column in zip(*(row.cells for row in rows), strict=True)],
        "total": sum(row.total for row in rows),
    }
    return render_page(request, "dental/visit_classes.html", context, invalid=form)


def patient_tabs(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """The pages of this vertical about one patient."""
    tabs = [
        {"key": "teeth", "label": _("Teeth"), "url": reverse("dental:teeth", args=[patient.code])},
        {"key": "preparations", "label": _("Preparation"), "url": reverse("dental:preparations", args=[patient.code])},
    ]
    if request.actor.can("dental.view_models"):  # type: ignore[attr-defined]
        url = f"{reverse('dental:models')}?patient={patient.code}"
        tabs.append({"key": "models", "label": _("Models at the laboratory"), "url": url})
    return tabs


def _chart(request: HttpRequest, patient: Patient, chosen: int | None, **given: Any) -> dict[str, Any]:
    """Everything the page of the teeth shows; ``given`` are forms that came back, and a refusal."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = list(selectors.history(actor, patient))
    noted = list(selectors.findings(actor, patient))
    note_read(actor, patient, part="teeth")
    site = site_for(request, "dental.view")
    today = today_at(site)
    lines = selectors.chart(rows, noted)
    asked = request.GET.get("show", "")
    show = asked if asked in DENTITIONS else selectors.dentition_of(patient, today)
    chosen_tooth = next((tooth for line in lines for tooth in line if tooth.number == chosen), None)
    base = reverse("dental:teeth", args=[patient.code])
    shown = [
        line
        for number, line in enumerate(lines)
        if show == "mixed"
        or (show == "permanent") == (number in (0, 3))
        or any(tooth.treated or tooth.findings for tooth in line)
    ]
    return {
        "patient": patient,
        "form": given.get("form") or ToothForm(initial={"tooth": chosen}, site=site),
        "finding_form": given.get("finding_form") or FindingForm(initial={"tooth": chosen}, prefix=FINDING),
        "refusal": given.get("refusal"),
        "chart": shown,
        # The first line of the lower jaw.
        "gap": next(
            number for number, line in enumerate(shown) if line[0].number in (LOWER_PRIMARY[0], LOWER_PERMANENT[0])
        ),
        "show": show,
        "dentitions": [{"key": key, "label": label, "url": f"{base}?show={key}"} for key, label in DENTITIONS.items()],
        "chosen": chosen,
        "tooth": chosen_tooth,
        "proposal": propose_for_tooth(patient, today, tooth=chosen) if chosen else None,
        "rows": rows,
        "noted": [one for one in noted if chosen is None or one.tooth == chosen],
        "today": today,
        "tabs": patient_tabs(request, patient),
        "may_treat": actor.can("dental.treat"),
    }


def _chosen(request: HttpRequest) -> int | None:
    wanted = request.GET.get("tooth") or request.GET.get("go", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 and int(wanted) in TEETH else None


def _doctor(request: HttpRequest) -> StaffMember:
    doctor = staff_of(request.actor)  # type: ignore[attr-defined]
    if doctor is None:
        raise RuleRefused("not_a_doctor", _("Treatments are recorded by the treating doctor."))
    return doctor


@page(permission="appointments.write_card")
def card_guide(request: HttpRequest) -> HttpResponse:
    """How an appointment card is written (DE-013)."""
    return render_page(request, "dental/card_guide.html", {})


@page(permission="dental.view_classes")
def pairing(request: HttpRequest) -> HttpResponse:
    """Who worked four-handed with whom in the last days (DE-018)."""
    site = site_for(request, "dental.view_classes")
    last = today_at(site)
    rows = pairings(site, last - timedelta(days=PAIRING_DAYS - 1), last)
    return render_page(request, "dental/pairing.html", {"site": site, "days": PAIRING_DAYS, "rows": rows})
