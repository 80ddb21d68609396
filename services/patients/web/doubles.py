"""Pairs of files that may be one person: told apart with a reason, and that taken back."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients import doubles, listing, merging, reading, selectors
from services.patients.web.keeping import PER_PAGE, keeping_tabs


class DistinguishForm(forms.Form):
    """How it is known that two files are two people."""

    reason = forms.CharField(label=_("How you know that they are two people"), max_length=300)


@page(permission="patients.merge")
def proposed(request: HttpRequest) -> HttpResponse:
    """Files that may be one person, what was merged, and what is known to be two people."""
    pairs = doubles.proposed_pairs()
    apart = list(doubles.distinctions()[:PER_PAGE])
    seen = [patient for pair in pairs for patient in pair[:2]]
    seen += [patient for row in apart for patient in (row.first, row.second)]
    shown = {patient.pk: patient for patient in listing.listed(request.actor, seen)}
    pairs = [(shown[one.pk], shown[other.pk], shared) for one, other, shared in pairs]
    for row in apart:
        row.first, row.second = shown[row.first_id], shown[row.second_id]
    reading.note_listing(request.actor, {patient.pk: patient for patient in seen}.values())
    now = clock.now()
    context = {
        "pairs": pairs,
        "merges": [
            {"merge": one, "may_undo": one.undone_at is None and merging.undo_until(one) >= now}
            for one in merging.recent_merges()[:PER_PAGE]
        ],
        "apart": apart,
        "tabs": keeping_tabs(request, "doubles"),
    }
    return render_page(request, "patients/doubles.html", context)


@page(permission="patients.merge", methods=("GET", "POST"))
def distinguish(request: HttpRequest, code: UUID, other: UUID) -> HttpResponse:
    """The two files of a pair are two people, and how one knows."""
    one = selectors.access_patient(request.actor, code, "patients.merge")
    two = selectors.access_patient(request.actor, other, "patients.merge")
    form = DistinguishForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            doubles.distinguish_patients(by=request.actor, one=one, other=two, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Two people; the pair is proposed no more"))
            return redirect_after_post(request, "patients:doubles")
    context = {"pair": (one, two), "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "patients/distinguish.html", context, status=status, invalid=form)


@page(permission="patients.merge", methods=("POST",))
def distinction_undo(request: HttpRequest, code: UUID) -> HttpResponse:
    doubles.undo_distinction(by=request.actor, distinction=doubles.access_distinction(request.actor, code))
    flash(request, _("Taken back; the pair is proposed again"))
    return redirect_after_post(request, "patients:doubles")
