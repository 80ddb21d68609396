"""The questions about health that a dentist needs answered before treating, and the alerts that follow (DE-014)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from dental.models import HealthQuestionnaire
from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.calendars import add_months_clamped
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.patients.models import Patient, Sex
from services.sites.models import Site

QUESTIONS: Mapping[str, str | Promise] = {
    "heart": pgettext_lazy("health", "Heart disease or pacemaker"),
    "blood_pressure": pgettext_lazy("health", "High blood pressure"),
    "diabetes": pgettext_lazy("health", "Diabetes"),
    "bleeding": pgettext_lazy("health", "Bleeds long, blood disease"),
    "infection": pgettext_lazy("health", "Hepatitis or another infection"),
    "epilepsy": pgettext_lazy("health", "Epilepsy or fainting"),
    "allergy": pgettext_lazy("health", "Allergy, also to medicine or anaesthetics"),
    "medication": pgettext_lazy("health", "Takes medicine now"),
    "pregnancy": pgettext_lazy("health", "Pregnant or menstruating"),
    "other": pgettext_lazy("health", "Something else a doctor should know"),
}
# A bare yes helps nobody here: the words are needed.
NEEDS_WORDS = ("allergy", "medication", "other")
NOT_ASKED_OF_MEN = ("pregnancy",)
LONGEST = 120


def questions_for(patient: Patient) -> dict[str, str | Promise]:
    """The questions that this patient is asked, in their order."""
    left_out = NOT_ASKED_OF_MEN if patient.sex == Sex.MALE else ()
    return {key: label for key, label in QUESTIONS.items() if key not in left_out}


@action(permission="dental.ask_health")
def record_questionnaire(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    answers: Mapping[str, str | None],
    visit_code: UUID | None = None,
    asked_by: str = "",
) -> HealthQuestionnaire:
    """Keep what a patient answered: every question, ``None`` for no, the words (may be "") for yes. ``asked_by`` names who
    asked where the answers come from a form.

    Raises RuleRefused (``question_unknown``, ``question_unanswered``, ``words_missing``).
    """
    asked = questions_for(patient)
    if set(answers) - set(asked):
        raise RuleRefused("question_unknown", _("This question is not on the sheet."))
    left = {key: [_("Required")] for key in asked if key not in answers}
    if left:
        raise RuleRefused("question_unanswered", _("Every question needs an answer, also a no."), fields=left)
    said = {key: None if answer is None else answer.strip()[:LONGEST] for key, answer in answers.items()}
    bare = {f"{key}_words": [_("Say which.")] for key in NEEDS_WORDS if said.get(key) == ""}
    if bare:
        raise RuleRefused("words_missing", _("A yes to this question needs its words."), fields=bare)
    row = HealthQuestionnaire.objects.create(
        patient=patient,
        site=site,
        visit_code=visit_code,
        answers=json.dumps(said, ensure_ascii=False),
        asked_at=clock.now(),
        asked_by_id=by.user_id,
        asked_by_name=asked_by or by.name,
    )
    audit.record(by=by, verb="dental.health_asked", target=row, site=site.code, patient=patient.code)
    return row


@dataclass(frozen=True, slots=True)
class Health:
    """The latest answers: the yeses with their words, when they were given and to whom, and whether to ask again."""

    alerts: tuple[tuple[str, str], ...]
    asked_at: datetime
    asked_by: str
    outdated: bool


def latest(patient: Patient, day: date) -> Health | None:
    """What the patient answered last; None when nobody has asked. Outdated after ``health_questions_months``."""
    row = HealthQuestionnaire.objects.filter(patient=patient).select_related("site").first()
    if row is None:
        return None
    said: dict[str, str | None] = json.loads(row.answers)
    alerts = tuple((key, said[key] or "") for key in QUESTIONS if said.get(key) is not None)
    asked_on = clock.local(row.asked_at, row.site.timezone).date()
    months = parameters.value("health_questions_months", site=row.site)
    return Health(alerts, row.asked_at, row.asked_by_name, day > add_months_clamped(asked_on, months))
