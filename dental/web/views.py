"""The chart of teeth of one patient: history, guarantee, recording, free redo."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dental import actions, selectors
from dental.teeth import TEETH
from dental.web.forms import ToothForm
from kernel import clock
from kernel.errors import RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import staff_of


@page(permission={"GET": "dental.view", "POST": "dental.treat"}, methods=("GET", "POST"))
def teeth(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's teeth; the treating doctor records here."""
    patient = access_patient(request.actor, code)
    wanted = request.GET.get("tooth", "")
    chosen = int(wanted) if wanted.isascii() and wanted.isdigit() and int(wanted) in TEETH else None
    form = ToothForm(request.POST or None, initial={"tooth": chosen})
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
    rows = selectors.history(request.actor, patient)
    note_read(request.actor, patient, part="teeth")
    today = clock.today()
    return render_page(
        request,
        "dental/teeth.html",
        {
            "patient": patient,
            "form": form,
            "chart": selectors.chart(rows),
            "chosen": chosen,
            "rows": rows,
            "today": today,
            "may_treat": request.actor.can("dental.treat"),
        },
        invalid=form,
    )


@page(permission="dental.treat", methods=("POST",))
def redo(request: HttpRequest, code: UUID) -> HttpResponse:
    """Redo a treatment under guarantee: free of charge, linked to the original."""
    original = selectors.access_tooth_treatment(request.actor, code)
    _redo, slip = actions.redo_under_warranty(
        by=request.actor, site=site_for(request, "dental.treat"), original=original, doctor=_doctor(request)
    )
    flash(request, _("Redo recorded; slip %(number)s is free of charge") % {"number": slip.number})
    return redirect_after_post(request, "dental:teeth", original.patient.code)


def _doctor(request: HttpRequest) -> StaffMember:
    doctor = staff_of(request.actor)  # type: ignore[attr-defined]
    if doctor is None:
        raise RuleRefused("not_a_doctor", _("Treatments are recorded by the treating doctor."))
    return doctor
