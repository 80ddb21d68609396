"""A durable instrument is damaged or lost: report, preliminary opinion, decision, what was done (IN-008, a12)."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, numbering
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import NotFound, RuleRefused
from services.equipment.actions import needed
from services.equipment.machines import DAMAGE, DEVICE
from services.equipment.models import DamageReport, Device
from services.sites.locking import lock_version
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

OPINION, DECISION, EXECUTION = "equipment.opinion", "equipment.decision", "equipment.execution"


@action(permission="equipment.report")
def report_damage(
    *,
    by: Actor,
    site: Site,
    kind: str,
    instrument: str,
    event: str,
    happened_on: date,
    person: str = "",
    device: Device | None = None,
) -> DamageReport:
    """Report that an instrument is damaged or lost; the head nurse has it at once.

    Raises RuleRefused (``instrument_missing``, ``event_missing``, ``unknown_damage``, ``happened_in_future``), NotFound
    (``device_not_found``) for a device of another site.
    """
    if kind not in DamageReport.Kind.values:
        raise RuleRefused("unknown_damage", _("Damaged or lost?"), fields={"kind": [_("Required")]})
    if device is not None and device.site_id != site.pk:
        raise NotFound("device_not_found", _("There is no such device."))
    instrument = needed(
        instrument or (device.name if device is not None else ""), "instrument", "instrument_missing",
        _("Name the instrument."), 120,
    )  # fmt: skip
    event = needed(event, "event", "event_missing", _("Write what happened."), 500)
    today = clock.today(site.timezone)
    if happened_on > today:
        sentence = _("What has not happened yet is not recorded.")
        raise RuleRefused("happened_in_future", sentence, fields={"happened_on": [sentence]})
    number = numbering.next_number("equipment.damage", entity=str(site.code), period=f"{today:%Y}")
    row = DamageReport.objects.create(
        site=site, number=f"D-{number}", device=device, instrument=instrument, kind=kind,
        happened_on=happened_on, event=event, person=person.strip()[:80], reported_by=by.code, reported_by_name=by.name,
        reported_at=clock.now(),
    )  # fmt: skip
    audit.record(by=by, verb="equipment.damage_reported", target=row, site=site.code, kind=kind)
    _ask(by, row, OPINION, gettext_noop("Give your opinion on damage or loss %(number)s"), ("head_nurse",))
    return row


@action(permission="equipment.judge")
def give_opinion(*, by: Actor, site: Site, report: DamageReport, opinion: str) -> DamageReport:
    """The head nurse's preliminary opinion, without which the dean gets nothing to decide.

    Raises RuleRefused (``opinion_missing``), Conflict (``invalid_transition``).
    """
    opinion = needed(opinion, "opinion", "opinion_missing", _("Write your opinion."), 500)
    DAMAGE.move(report, "judged", by=by, opinion=opinion)
    settle_task(by=by, kind=OPINION, key=str(report.code), result="judged")
    _ask(by, report, DECISION, gettext_noop("Decide about damage or loss %(number)s"), ("dean",))
    return report


@action(permission="equipment.decide")
def decide(*, by: Actor, site: Site, report: DamageReport, outcome: str, decision: str) -> DamageReport:
    """The dean decides; never who reported it or gave the opinion.

    Raises RuleRefused (``opinion_first``, ``own_report``, ``unknown_outcome``, ``decision_missing``), Conflict
    (``invalid_transition``).
    """
    lock_version(report, None)
    report.refresh_from_db()
    if report.state == "reported":
        raise RuleRefused("opinion_first", _("The head nurse's preliminary opinion comes first."))
    if outcome not in DamageReport.Outcome.values:
        raise RuleRefused("unknown_outcome", _("Choose what follows."), fields={"outcome": [_("Required")]})
    decision = needed(decision, "decision", "decision_missing", _("Write the decision."), 500)
    DAMAGE.move(report, "decided", by=by, outcome=outcome, decision=decision)
    settle_task(by=by, kind=DECISION, key=str(report.code), result=outcome)
    _ask(by, report, EXECUTION, gettext_noop("Carry out the decision on %(number)s"), ("head_nurse",))
    return report


@action(permission="equipment.judge")
def execute(*, by: Actor, site: Site, report: DamageReport, done: str) -> DamageReport:
    """What was decided is carried out; a device that is written off leaves the register.

    Raises RuleRefused (``done_missing``), Conflict (``invalid_transition``).
    """
    done = needed(done, "done", "done_missing", _("Write what was done."))
    DAMAGE.move(report, "executed", by=by, done=done)
    if report.outcome == DamageReport.Outcome.WRITE_OFF and report.device is not None:
        device = Device.objects.select_related("site").get(pk=report.device.pk)
        if device.state != "written_off":
            DEVICE.move(device, "written_off", by=by)
    settle_task(by=by, kind=EXECUTION, key=str(report.code), result="executed")
    return report


def _ask(by: Actor, row: DamageReport, kind: str, title: str, roles: tuple[str, ...]) -> None:
    open_task(
        by=by,
        kind=kind,
        key=str(row.code),
        room="equipment",
        title=title,
        args={"number": row.number},
        icon="warn",
        due_at=clock.now() + timedelta(hours=24),
        roles=roles,
        group="approval" if kind == DECISION else "due",
        site=row.site,
        url=("equipment:damage-report", str(row.code)),
        closed_in_inbox=False,
    )
