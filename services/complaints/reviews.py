"""The analysis of a period: causes and measures by category, put to work and watched (CP-018)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, calendars, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.complaints import selectors, ways
from services.complaints.machines import COMPLAINT
from services.complaints.models import Finding, Review
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

REVIEW, MEASURE = "complaints.review", "complaints.measure"
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found about one category, and who puts which measure to work until when."""

    category: str
    cause: str
    measure: str
    responsible: StaffMember
    due_on: date


@action(permission="complaints.analyse")
def analyse(*, by: Actor, site: Site, first: date, last: date, findings: Sequence[Found], common: str = "") -> Review:
    """Analyse the closed cases of a period: every category that has some gets its cause and its measure. The cases are
    analysed from then on; each measure is a task of who is responsible.

    Raises RuleRefused (``period_strange``, ``nothing_to_analyse``, ``finding_missing``, ``finding_incomplete``), Conflict
    (``reviewed_already``).
    """
    if last < first or last > clock.today(site.timezone):
        raise RuleRefused(
            "period_strange", _("Choose a period that has passed."), fields={"last": [_("Choose an earlier day.")]}
        )
    if Review.objects.filter(site=site, first=first, last=last).exists():
        raise Conflict("reviewed_already", _("This period is analysed already."))
    cases = selectors.to_analyse(site, first, last)
    if not cases:
        raise RuleRefused("nothing_to_analyse", _("No case was closed in this period that is not analysed yet."))
    given = {one.category: one for one in findings}
    missing = sorted(str(ways.category_label(key)) for key in cases if key not in given)
    if missing:
        raise RuleRefused(
            "finding_missing",
            _("Cause and measure are missing for: %(categories)s.") % {"categories": "、".join(missing)},
        )
    if not all(one.cause.strip() and one.measure.strip() for one in given.values()):
        raise RuleRefused("finding_incomplete", _("Write cause and measure for every category."))
    review = Review.objects.create(
        site=site,
        first=first,
        last=last,
        cases=sum(len(some) for some in cases.values()),
        common=common.strip(),
        at=clock.now(),
        by_name=by.name,
    )
    for key, some in cases.items():
        found = given[key]
        row = Finding.objects.create(
            review=review,
            category=key,
            cases=len(some),
            repeats=sum(one.repeat_of_id is not None for one in some),
            overdue=sum(one.overdue_at is not None for one in some),
            cause=found.cause.strip(),
            measure=found.measure.strip(),
            responsible=found.responsible,
            due_on=found.due_on,
        )
        for one in some:
            COMPLAINT.move(one, "analysed", by=by)
        _ask_for_measure(by, row)
    settle_task(by=by, kind=REVIEW, key=f"{site.code}:{first:%Y-%m-%d}", result="analysed")
    audit.record(by=by, verb="complaints.analysed", target=review, site=site.code, cases=review.cases)
    return review


@action(permission=None, reason="who is responsible for a measure says that it is done; a selector lets nobody else in")
def finish_measure(*, by: Actor, finding: Finding, words: str) -> Finding:
    """The measure works now; what comes again is counted from here on. Raises RuleRefused (``words_missing``), Conflict
    (``measure_done``)."""
    found = Finding.objects.select_for_update(of=("self",)).select_related("review__site").get(pk=finding.pk)
    if found.done_on is not None:
        raise Conflict("measure_done", _("This measure is done already."))
    if not words.strip():
        sentence = _("Write what was put to work.")
        raise RuleRefused("words_missing", sentence, fields={"words": [sentence]})
    site = found.review.site
    found.done_on, found.done_words = clock.today(site.timezone), words.strip()[:300]
    found.bump({"done_on", "done_words"})
    settle_task(by=by, kind=MEASURE, key=str(found.code), result="done")
    audit.record(by=by, verb="complaints.measure_done", target=found, site=site.code)
    return found


@action(permission=None, reason="the clock asks when a period is over")
def ask_for_review(*, by: Actor, site: Site, today: date) -> None:
    """On the first day after a period, ask for its analysis, where cases were closed in it."""
    months = MONTHS[parameters.value("complaint_review_interval", site=site)]
    if today.day != 1 or (today.month - 1) % months:
        return
    first, last = calendars.add_months_clamped(today, -months), today - timedelta(days=1)
    if not selectors.to_analyse(site, first, last):
        return
    open_task(
        by=by,
        kind=REVIEW,
        key=f"{site.code}:{first:%Y-%m-%d}",
        room="complaints",
        title=gettext_noop("Analyse the complaints from %(first_on)s to %(last_on)s"),
        args={"first_on": first, "last_on": last},
        icon="complaint",
        due_at=clock.now() + timedelta(days=7),
        roles=("quality", "clinic_director"),
        escalates_at=clock.now() + timedelta(days=7),
        escalates_to=("dean",),
        site=site,
        url=("complaints:reviews",),
        closed_in_inbox=False,
    )


def _ask_for_measure(by: Actor, row: Finding) -> None:
    site = row.review.site
    due = max(clock.day_bounds(row.due_on, site.timezone)[1], clock.now())
    open_task(
        by=by,
        kind=MEASURE,
        key=str(row.code),
        room="complaints",
        title=gettext_noop("Put a measure against complaints to work"),
        detail=gettext_noop("Until %(due_on)s"),
        args={"due_on": row.due_on},
        icon="complaint",
        due_at=due,
        assignee=row.responsible.user,
        roles=("clinic_director",) if row.responsible.user is None else (),
        escalates_at=due,
        escalates_to=("quality", "clinic_director"),
        site=site,
        url=("complaints:measure", str(row.code)),
        closed_in_inbox=False,
    )
