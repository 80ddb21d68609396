"""The questions about health: asking them, and the latest answers."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dental import health
from dental.web.forms import HealthForm
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.selectors import today as today_at
from services.sites.web.current import site_for


@page(permission="dental.ask_health", methods=("GET", "POST"))
def questions(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's answers, and asking (again)."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    site = site_for(request, "dental.ask_health")
    form = HealthForm(request.POST or None, questions=health.questions_for(patient))
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            health.record_questionnaire(by=request.actor, site=site, patient=patient, answers=form.answers())
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Answers stored; the alerts follow from them"))
            return redirect_after_post(request, "patients:detail", patient.code)
    note_read(request.actor, patient, part="health")
    known = health.latest(patient, today_at(site))
    context = {
        "patient": patient,
        "site": site,
        "form": form,
        "refusal": refusal,
        "known": known,
        "alerts": [(health.QUESTIONS[key], words) for key, words in known.alerts] if known is not None else [],
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "dental/health.html", context, status=status, invalid=form)
