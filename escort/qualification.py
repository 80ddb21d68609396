"""The one question before every dispatch: may this companion take this job now? Answered with every reason (ES-004).

Asked when an order is offered (a warning that makes the offer conditional), when it is accepted and at check-in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from escort.models import Companion, Qualification
from kernel import clock, parameters

REQUIRED = (
    Qualification.Kind.CERTIFICATE,
    Qualification.Kind.CONFIDENTIALITY,
    Qualification.Kind.HEALTH,
    Qualification.Kind.CLEAN_RECORD,
)

MISSING: dict[str, str | Promise] = {
    "certificate_missing": _("The training certificate is missing."),
    "certificate_expired": _("The training certificate has expired."),
    "confidentiality_missing": _("The confidentiality agreement is not signed."),
    "confidentiality_expired": _("The confidentiality agreement has expired."),
    "health_missing": _("The health certificate is missing."),
    "health_expired": _("The health certificate has expired."),
    "clean_record_missing": _("The certificate of no criminal record is missing."),
    "clean_record_expired": _("The certificate of no criminal record has expired."),
    "induction_hours_missing": _("The induction hours are not complete."),
    "companion_not_active": _("The companion is not active."),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that stands against the job; ``code`` is stable."""

    code: str
    since: str = ""

    @property
    def text(self) -> str | Promise:
        return MISSING[self.code]


def reasons_against(
    companion: Companion, *, at: datetime, until: datetime | None = None, zone: ZoneInfo
) -> list[Reason]:
    """Every reason against ``companion`` serving between ``at`` and ``until``; empty when nothing stands against it.

    A paper must be valid on every local day of the service: valid until the 29th still covers the 29th.
    """
    found: list[Reason] = []
    if companion.state != Companion.State.ACTIVE:
        found.append(Reason("companion_not_active"))
    first, last = clock.local(at, zone).date(), clock.local(until or at, zone).date()
    papers: dict[str, list[Qualification]] = {}
    for paper in companion.qualifications.all():
        papers.setdefault(paper.kind, []).append(paper)
    for kind in REQUIRED:
        candidates = papers.get(kind, [])
        if not candidates:
            found.append(Reason(f"{kind}_missing"))
        elif not any(p.valid_from <= first and (p.valid_until is None or p.valid_until >= last) for p in candidates):
            latest = max((p.valid_until for p in candidates if p.valid_until), default=None)
            found.append(Reason(f"{kind}_expired", since=latest.isoformat() if latest else ""))
    hours = sum(paper.hours for paper in papers.get(Qualification.Kind.INDUCTION, []))
    if hours < parameters.value("escort_induction_hours", at=at):
        found.append(Reason("induction_hours_missing"))
    return found
