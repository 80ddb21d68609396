"""Before a first visit is led in: its form, and the three places of what is special (FD-007, FD-009).

Reception asks through its slot ``reception.lead_in_checks``.
"""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import parameters
from kernel.context import Actor
from kernel.errors import Cure
from services.intake import findings, selectors
from services.intake.models import IntakeSheet
from services.policy import gates
from services.reception.models import Visit

SPECIAL, FORM = "intake.special", "intake.form"

Text = str | Promise
# The first place that is missing gives the refusal its code and its sentence.
REFUSALS: dict[str, tuple[str, Text]] = {
    findings.HIGHLIGHT: (
        "special_not_highlighted",
        gettext_lazy("A special circumstance of this visitor does not stand out on the form."),
    ),
    findings.ALERT: (
        "special_without_alert",
        gettext_lazy("A special circumstance of this visitor is missing in the alert."),
    ),
    findings.HAND_OVER: (
        "hand_over_not_acknowledged",
        gettext_lazy("A special circumstance of this visitor was handed over to nobody who acknowledged it."),
    ),
}
CURES: dict[str, Text] = {
    findings.HIGHLIGHT: gettext_lazy("Highlight it on the form"),
    findings.ALERT: gettext_lazy("Enter it into the alert"),
    findings.HAND_OVER: gettext_lazy("Hand it over to the doctor or assistant"),
}


def refuse_unready(*, by: Actor, visit: Visit) -> None:
    """Refuse to lead in a first visit whose form is missing where it is demanded, and anybody whose special circumstances
    lack one of their places. What is special is never overridden, not in an emergency either.

    Raises RuleRefused (``first_visit_form_missing``, ``special_not_highlighted``, ``special_without_alert``,
    ``hand_over_not_acknowledged``).
    """
    sheet = selectors.sheet_of(visit)
    refuse_without_form(by=by, visit=visit, sheet=sheet)
    if sheet is None:
        return
    places = findings.places(sheet)
    code, message = REFUSALS[places.missing[0]] if places.missing else ("", "")
    gates.check(
        SPECIAL,
        by=by,
        subject=visit,
        ok=not places.missing,
        message=message,
        cures=[Cure(CURES[one], url=_page(sheet), role="front_desk") for one in places.missing],
        code=code,
        missing=list(places.missing),
    )


def refuse_without_form(*, by: Actor, visit: Visit, sheet: IntakeSheet | None) -> None:
    """The form is checked, and handed over as far as it must, before the chair; an emergency goes first."""
    gates.check(
        FORM,
        by=by,
        subject=visit,
        ok=bool(visit.emergency)
        or not demanded(visit)
        or (sheet is not None and sheet.state in ("handed_over", "acknowledged")),
        message=_("The first-visit form was not handed over yet."),
        cures=(
            Cure(_("Open the first-visit form"), url=reverse("intake:of-visit", args=[visit.code]), role="front_desk"),
        ),
        code="first_visit_form_missing",
    )


def demanded(visit: Visit) -> bool:
    """Must this visitor's form be handed over before the chair? That of a newcomer without a booking, where the tenant
    demands it and the line of business has a form."""
    if not visit.is_first or visit.appointment_id is not None:
        return False
    if not parameters.value("first_visit_form", site=visit.site, vertical=visit.vertical or None):
        return False
    return selectors.form_in_use(selectors.vertical_of(visit, None)) is not None


def after_check_in(*, visit: Visit, may: Callable[[str], bool]) -> str | None:
    """Where the desk goes on after registering: to the form that this visitor needs before the chair."""
    if not may("intake.fill") or not demanded(visit):
        return None
    return reverse("intake:of-visit", args=[visit.code])


def _page(sheet: IntakeSheet) -> str:
    return reverse("intake:sheet", args=[sheet.code])
