"""The page under a secret address: a patient without an account comes, does not come, or asks for another time."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import limits
from kernel.context import Actor
from kernel.identity.sign_in import client_address
from kernel.limits import Limit
from kernel.web.views import flash, page, public_page, redirect_after_post, render_page
from services.appointments import links, selectors
from services.appointments.models import ConfirmationLink

# A clinic's waiting room may share one address; somebody who guesses needs more tries than this.
PER_ADDRESS = Limit("appointment-answer", 60, 600)


class AnswerForm(forms.Form):
    """The answer of the patient."""

    answer = forms.ChoiceField(choices=ConfirmationLink.Answer.choices)
    half = forms.ChoiceField(choices=[("", ""), *ConfirmationLink.Half.choices], required=False)


@public_page(reason="the secret of the address is the proof, and it shows no more than time and site", methods=("GET", "POST"))  # fmt: skip
def answer(request: HttpRequest, code: UUID, secret: str) -> HttpResponse:
    limits.consume((PER_ADDRESS, client_address(request)))
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        by = Actor.public("confirmation-link")
        links.answer_link(by=by, code=code, secret=secret, **form.cleaned_data)
        return redirect_after_post(request, "appointments:answer", code, secret)
    link = links.open_link(code, secret)
    context = {
        "link": link,
        "site": link.appointment.site,
        "starts_at": link.appointment.starts_at,
        "who": links.masked_name(link.appointment.patient.name),
        "halves": ConfirmationLink.Half.choices,
    }
    response = render_page(request, "appointments/answer.html", context, invalid=form)
    # The address holds the secret: it goes to nobody by a link from here.
    response["Referrer-Policy"] = "no-referrer"
    return response


@page(permission="appointments.confirm", methods=("POST",))
def send(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    links.send_link(by=request.actor, appointment=found)
    flash(request, _("The link is on its way; it works once, until the visit begins"))
    return redirect_after_post(request, "appointments:appointment", code)
