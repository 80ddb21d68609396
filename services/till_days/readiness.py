"""Who may sit at the till (CA-035): the guarantee in the literal form, or the training and a colleague beside them."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Cure, RuleRefused
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import on_duty, staff_at, staff_of
from services.till_days.models import Admission

READINESS = "cashier_readiness"
FIRST_WEEK = timedelta(days=7)


@action(permission="till_days.admit")
def admit(
    *,
    by: Actor,
    site: Site,
    staff: StaffMember,
    guarantor: str = "",
    document: str = "",
    guaranteed_on: date | None = None,
    trained_on: date | None = None,
    first_day: date | None = None,
    companion: StaffMember | None = None,
) -> Admission:
    """Write down the guarantee, or the training and who works beside a new cashier in the first week (CA-035).

    Raises RuleRefused (``not_of_this_site``, ``admission_empty``, ``guarantee_incomplete``, ``companion_oneself``,
    ``day_in_future``, ``own_admission``).
    """
    if not staff_at(site).filter(pk=staff.pk).exists():
        raise RuleRefused("not_of_this_site", _("Name a colleague of this site."))
    if staff.user_id is not None and staff.user_id == by.user_id:
        raise RuleRefused("own_admission", _("Nobody admits themselves to the till."))
    guarantee = (guarantor.strip(), document.strip(), guaranteed_on)
    if any(guarantee) and not all(guarantee):
        raise RuleRefused("guarantee_incomplete", _("A guarantee needs guarantor, document and date."))
    if not any(guarantee) and trained_on is None:
        raise RuleRefused("admission_empty", _("Write the guarantee, or the day of the training."))
    today = clock.today(site.timezone)
    if any(day is not None and day > today for day in (guaranteed_on, trained_on)):
        raise RuleRefused("day_in_future", _("What has not happened yet admits nobody."))
    if companion is not None and companion.pk == staff.pk:
        raise RuleRefused("companion_oneself", _("Name somebody else to work beside them."))
    made = Admission.objects.create(
        staff=staff,
        guarantor=guarantor.strip()[:80],
        document=document.strip()[:120],
        guaranteed_on=guaranteed_on,
        trained_on=trained_on,
        first_day=first_day or today,
        companion=companion,
        at=clock.now(),
        by=by.code,
        by_name=by.name,
    )
    audit.record(by=by, verb="till_days.admitted", target=made, site=site.code, staff=str(staff.code))
    return made


def refuse_unready(by: Actor, site: Site) -> None:
    """Whoever is not ready takes no money. What the product does by itself is nobody at a till.

    Raises RuleRefused (``guarantee_missing``, ``training_missing``, ``second_person_needed``).
    """
    wanted = parameters.value(READINESS, site=site)
    if by.user_id is None or wanted == "off":
        return
    staff = staff_of(by)
    rows = Admission.objects.filter(staff=staff).select_related("companion") if staff is not None else ()
    if wanted == "guarantee":
        if not any(row.guaranteed_on for row in rows):
            raise RuleRefused(
                "guarantee_missing",
                _("The guarantee of this cashier is not complete: guarantor, document and date."),
                cures=[Cure(_("Complete the guarantee"), role="supervisor")],
            )
        return
    trained = next((row for row in rows if row.trained_on), None)
    if trained is None:
        raise RuleRefused(
            "training_missing",
            _("Whoever takes money has been trained at the till first."),
            cures=[Cure(_("Write down the training"), role="supervisor")],
        )
    today = clock.today(site.timezone)
    if trained.first_day is not None and today < trained.first_day + FIRST_WEEK and not _beside(trained, site, today):
        raise RuleRefused(
            "second_person_needed",
            _("In the first week a colleague works beside a new cashier. Nobody who was named is here."),
            cures=[Cure(_("Name who is here"), role="supervisor")],
        )


def _beside(row: Admission, site: Site, today: date) -> bool:
    """Is the colleague who was named here now? On a day without any roster whoever works at the site counts."""
    beside = row.companion
    if beside is None:
        return False
    roster = on_duty(site, today)
    if roster:
        return any(one.staff.pk == beside.pk and one.at(clock.now()) for one in roster)
    return staff_at(site, today).filter(pk=beside.pk).exists()
