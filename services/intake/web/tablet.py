"""The visitor's own page: filling in and signing on a tablet or phone, by a link that the desk opened and that ends soon.

Whoever holds the link sees this one form and nothing else; nobody is signed in.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.context import Actor
from kernel.errors import DomainError
from kernel.identity.sign_in import client_address
from kernel.limits import Limit, consume
from kernel.web.views import flash, public_page, redirect_after_post, render_page
from services.intake import actions, definitions, selectors
from services.intake.models import IntakeSheet
from services.intake.web.forms import FILLER, AnswersForm, SignForm

# A whole clinic sits behind one address.
TRIES = Limit("intake-links", 120, 60)
REASON = "a visitor fills in the form that the desk opened for them; the link is known to nobody else and ends soon"


@public_page(reason=REASON, methods=("GET", "POST"))
def tablet(request: HttpRequest, token: str) -> HttpResponse:
    consume((TRIES, client_address(request)))
    sheet = selectors.by_link(token)
    visitor = Actor.public("visitor", "intake.fill")
    if sheet.state == "to_sign":
        return _sign(request, sheet, visitor)
    form = AnswersForm(request.POST or None, sheet=sheet, answers=selectors.answers_of(sheet))
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_answers(
                by=visitor,
                sheet=sheet,
                answers=form.answers(),
                filler=FILLER.PATIENT,
                version=form.cleaned_data["version"],
            )
        except DomainError as error:
            refusal = error
        else:
            left = definitions.blanks(sheet.form.content, sheet.patient, selectors.answers_of(selectors.by_link(token)))
            if not left:
                return render_page(request, "intake/tablet_done.html", {"signed": False})
            flash(request, _("Kept. %(count)s questions are still open.") % {"count": len(left)}, tone="info")
            return redirect_after_post(request, "intake:tablet", token)
    context = {**_context(sheet), "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "intake/tablet.html", context, status=status, invalid=form)


def _sign(request: HttpRequest, sheet: IntakeSheet, visitor: Actor) -> HttpResponse:
    form = SignForm(request.POST or None, sheet=sheet)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.sign_sheet(by=visitor, sheet=sheet, on_tablet=True, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            return render_page(request, "intake/tablet_done.html", {"signed": True})
    context = {**_context(sheet), "form": form, "refusal": refusal, "lines": selectors.lines(sheet)}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "intake/tablet_sign.html", context, status=status, invalid=form)


def _context(sheet: IntakeSheet) -> dict[str, Any]:
    content = sheet.form.content
    return {
        "site": sheet.site,
        "patient": sheet.patient,
        "address_form": sheet.patient.form_of_address or sheet.patient.name,
        "title": definitions.in_language({"zh": sheet.form.form.title_zh, "en": sheet.form.form.title_en}),
        "why": definitions.in_language(content.get("why", {})),
        "offers": [definitions.in_language(one) for one in content.get("offers", [])],
    }
