"""Who may come in with a guest (QU-011, CR-023, ledger 17): a rule of the visit's date, the birth date and the relation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from kernel import clock, parameters
from services.patients.models import Patient
from services.reception.models import Visit
from services.treatment_area.models import AccompanyingRelative, Ground

Relation = AccompanyingRelative.Relation
FAMILY = frozenset(
    {
        Relation.MOTHER, Relation.FATHER, Relation.GUARDIAN, Relation.SPOUSE, Relation.CHILD, Relation.SIBLING,
        Relation.GRANDPARENT, Relation.GRANDCHILD, Relation.RELATIVE,
    }
)  # fmt: skip
GUARDIANS = frozenset({Relation.MOTHER, Relation.FATHER, Relation.GUARDIAN, Relation.GRANDPARENT})
# Grounds that are the relation itself.
BY_RELATION = {Ground.INTERPRETER: Relation.INTERPRETER, Ground.HIRED: Relation.HIRED}
# Grounds that follow from the guest's age alone; nobody claims them.
BY_AGE = (Ground.CHILD, Ground.ELDER, Ground.MINOR)
OF_AGE = 18


@dataclass(frozen=True, slots=True)
class Judgement:
    """``ground`` admits the relative; empty: ``code`` and ``message`` say why not."""

    ground: str = ""
    code: str = ""
    message: str = ""


def visit_day(visit: Visit) -> date:
    """The local day on which the guest came: the age counts on it, however late it is afterwards."""
    return clock.local(visit.arrived_at, visit.site.timezone).date()


def age_span(patient: Patient, day: date) -> tuple[int, int]:
    """(youngest, oldest) whole years that the patient may have on ``day``: the same twice with a birth date.

    A birth year alone comes from a stated age and may be one year too late, and the birthday is unknown: so the age may
    lie one year to either side.
    """
    if patient.birth_date is not None:
        age = patient.age_on(day)
        return age, age
    years = day.year - patient.birth_year
    return max(0, years - 1), max(0, years + 1)


def age_ground(visit: Visit) -> str:
    """``child`` or ``elder`` if the guest has the manual's exemption on the visit's date for certain, else nothing."""
    youngest, oldest = age_span(visit.patient, visit_day(visit))
    if oldest <= _limit("companion_child_max_age", visit):
        return Ground.CHILD
    return Ground.ELDER if youngest >= _limit("companion_elder_min_age", visit) else ""


def age_is_unproven(visit: Visit) -> bool:
    """Would a known date of birth decide it? Until it is known the relative stays outside."""
    youngest, oldest = age_span(visit.patient, visit_day(visit))
    child, elder = _limit("companion_child_max_age", visit), _limit("companion_elder_min_age", visit)
    return youngest <= child < oldest or youngest < elder <= oldest


def other_grounds(visit: Visit) -> list[str]:
    """What the tenant admits beside the manual's two ages."""
    return list(parameters.value("companion_grounds", site=visit.site, at=visit.arrived_at))


def judge(visit: Visit, *, relation: str, ground: str = "") -> Judgement:
    """May somebody of this ``relation`` come in? ``ground`` is what is claimed beside the age (empty: nothing).

    Codes: ``companion_not_exempt``, ``companion_age_unproven``, ``companion_not_family``, ``companion_ground_not_admitted``,
    ``companion_not_the_ground``.
    """
    if ground and ground not in BY_AGE:
        return _claimed(visit, relation, ground)
    by_age = age_ground(visit)
    if by_age:
        if relation in FAMILY:
            return Judgement(by_age)
        return Judgement(code="companion_not_family", message=_("Only a member of the family may come in."))
    oldest = age_span(visit.patient, visit_day(visit))[1]
    if oldest < OF_AGE and relation in GUARDIANS and Ground.MINOR in other_grounds(visit):
        return Judgement(Ground.MINOR)
    facts = {
        "child": _limit("companion_child_max_age", visit),
        "elder": _limit("companion_elder_min_age", visit),
    }
    if age_is_unproven(visit):
        return Judgement(
            code="companion_age_unproven",
            message=_(
                "Only the year of birth is known, so it is not certain that the guest is %(child)s or younger or "
                "%(elder)s or older. Enter the date of birth from a document first."
            )
            % facts,
        )
    return Judgement(
        code="companion_not_exempt",
        message=_(
            "Family and friends stay in the waiting area: on the day of the visit the guest is neither %(child)s or "
            "younger nor %(elder)s or older."
        )
        % facts,
    )


def _claimed(visit: Visit, relation: str, ground: str) -> Judgement:
    if ground not in other_grounds(visit):
        return Judgement(
            code="companion_ground_not_admitted", message=_("This ground lets nobody into the treatment area here.")
        )
    wanted = BY_RELATION.get(Ground(ground))
    if wanted is not None and relation != wanted:
        return Judgement(
            code="companion_not_the_ground", message=_("This ground is for the interpreter or hired companion alone.")
        )
    return Judgement(ground)


def _limit(key: str, visit: Visit) -> int:
    return int(parameters.value(key, site=visit.site, at=visit.arrived_at))
