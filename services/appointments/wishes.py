"""What a patient wishes of a doctor: who fits, and whether it was granted (AP-023, AP-034)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import clock
from kernel.errors import RuleRefused
from services.appointments.models import Appointment
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at

Wish = Appointment.Preference
# Ages in whole years, the first included and the last not; None is open.
AGE_BANDS: dict[str, tuple[int | None, int | None, str | Promise]] = {
    "under_35": (None, 35, gettext_lazy("under 35")),
    "35_to_49": (35, 50, gettext_lazy("35 to 49")),
    "from_50": (50, None, gettext_lazy("50 and older")),
}
NEEDS_VALUE = (Wish.AGE, Wish.TITLE, Wish.SPECIALTY)


def check(wish: str, value: str) -> None:
    """Can the wish be judged at all? Raises RuleRefused (``wish_value_missing``)."""
    if wish in NEEDS_VALUE and (not value or (wish == Wish.AGE and value not in AGE_BANDS)):
        raise RuleRefused(
            "wish_value_missing",
            _("Say which age, title or specialty the patient wishes."),
            fields={"wish_value": [_("Required")]},
        )


def fits(doctor: StaffMember, wish: str, value: str, day: date) -> bool:
    """Is ``doctor`` what was wished for, on ``day``? Whose year of birth is unknown fits no age."""
    if wish in (Wish.FEMALE, Wish.MALE):
        return doctor.gender == wish
    if wish == Wish.TITLE:
        return doctor.title == value
    if wish == Wish.SPECIALTY:
        return value in doctor.specialties
    if wish == Wish.DOCTOR:
        return not value or str(doctor.code) == value
    if wish == Wish.AGE:
        lowest, below, _label = AGE_BANDS[value]
        if doctor.birth_year is None:
            return False
        age = day.year - doctor.birth_year
        return (lowest is None or age >= lowest) and (below is None or age < below)
    return True


def fitting(doctors: Iterable[StaffMember], wish: str, value: str, day: date) -> list[StaffMember]:
    """Those of ``doctors`` who fit, in their order."""
    return [doctor for doctor in doctors if fits(doctor, wish, value, day)]


def outcome(doctor: StaffMember, wish: str, value: str, refusal: str, day: date) -> dict[str, str]:
    """What is stored of a wish: nothing without one, "satisfied", or "refused" with its reason.

    Raises RuleRefused (``wish_value_missing``, ``wish_refusal_missing``).
    """
    if not wish:
        return {"wish_value": "", "wish_outcome": "", "wish_refusal": ""}
    check(wish, value)
    if fits(doctor, wish, value, day):
        return {"wish_value": value, "wish_outcome": Appointment.Outcome.SATISFIED, "wish_refusal": ""}
    if not refusal:
        raise RuleRefused(
            "wish_refusal_missing",
            _("%(name)s is not what the patient wished for. Say why it cannot be granted.") % {"name": doctor.name},
            fields={"wish_refusal": [_("Required")]},
        )
    return {"wish_value": value, "wish_outcome": Appointment.Outcome.REFUSED, "wish_refusal": refusal}


def words_of(wish: str, value: str) -> str:
    """A wish in words: "age 50 and older"."""
    if not wish:
        return ""
    label = str(Wish(wish).label)
    if wish == Wish.AGE and value in AGE_BANDS:
        return f"{label} {AGE_BANDS[value][2]}"
    if wish == Wish.DOCTOR:
        return label
    return f"{label} {value}".strip()


def choices_at(site: Site) -> list[tuple[str, str]]:
    """What a wish can name at ``site``: age bands, and the titles and specialties of its doctors."""
    titles: set[str] = set()
    specialties: set[str] = set()
    for title, special in doctors_at(site).values_list("title", "specialties"):
        titles |= {title} if title else set()
        specialties |= set(special)
    bands = [(key, str(label)) for key, (_low, _high, label) in AGE_BANDS.items()]
    return [*bands, *((one, one) for one in sorted(titles)), *((one, one) for one in sorted(specialties))]


@dataclass(frozen=True, slots=True)
class Granted:
    """Wishes of one kind in a period: how many were told, and how many of them granted."""

    wish: str
    told: int
    satisfied: int

    @property
    def label(self) -> str | Promise:
        """The kind in words."""
        return Wish(self.wish).label

    @property
    def percent(self) -> int:
        """Granted ones in whole per cent."""
        return round(100 * self.satisfied / self.told)


def wishes_between(site: Site, first: date, last: date) -> list[Granted]:
    """Wishes of the bookings made from ``first`` to ``last`` by kind (AP-034); one query."""
    start, end = clock.day_bounds(first, site.timezone)[0], clock.day_bounds(last, site.timezone)[1]
    rows = (
        Appointment.objects.filter(site=site, booked_at__gte=start, booked_at__lt=end)
        .exclude(wish_outcome="")
        .order_by("preference")
        .values("preference")
        .annotate(told=Count("pk"), satisfied=Count("pk", filter=Q(wish_outcome=Appointment.Outcome.SATISFIED)))
    )
    return [Granted(row["preference"], row["told"], row["satisfied"]) for row in rows]


def code_of(text: str) -> UUID | None:
    """A code typed or chosen; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
