"""Paper charts: pulling, counting blanks, transcribing, giving out, looking up."""

from __future__ import annotations

import hashlib
from datetime import date, time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.appointments.models import Appointment
from services.charts import custody
from services.charts.machines import RELEASE, TRANSCRIPTION
from services.charts.models import BlankStock, ChartPrint, ChartRelease, PulledChart, Transcription
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

BLANKS, CONSENT, BACK = "charts.blanks_low", "charts.consent", "charts.original_back"
DESK, SUPERVISORS = ("front_desk", "guide"), ("supervisor", "service_supervisor", "clinic_director")
MACHINE_DECIDES = "the state machine names who may"


# --- staging (FD-021) -------------------------------------------------------------------------------------------------


@action(permission="charts.stage")
def pull_chart(*, by: Actor, site: Site, appointment: Appointment) -> PulledChart:
    """Tick that the chart of a booked guest lies ready; ticking twice changes nothing."""
    pulled, created = PulledChart.objects.get_or_create(
        appointment=appointment, defaults={"site": site, "pulled_at": clock.now(), "pulled_by_name": by.name}
    )
    if created:
        audit.record(by=by, verb="charts.pulled", target=pulled, site=site.code, appointment=appointment.code)
    return pulled


@action(permission="charts.stage")
def put_back(*, by: Actor, site: Site, appointment: Appointment) -> None:
    """Take the tick away again: the chart went back to its shelf."""
    gone, _rows = PulledChart.objects.filter(appointment=appointment, site=site).delete()
    if gone:
        audit.record(by=by, verb="charts.put_back", target=None, site=site.code, appointment=appointment.code)


@action(permission="charts.stage")
def count_blanks(*, by: Actor, site: Site, count: int) -> BlankStock:
    """Write down how many blank records there are. Fewer than ``blank_records_min`` raise an alert, which ends by itself
    when there are enough again. Raises RuleRefused (``count_impossible``)."""
    if not 0 <= count <= 100_000:
        sentence = _("Count them again.")
        raise RuleRefused("count_impossible", sentence, fields={"count": [sentence]})
    now = clock.now()
    facts = {"count": count, "counted_at": now, "counted_by_name": by.name}
    BlankStock.objects.get_or_create(site=site, defaults=facts)
    stock = BlankStock.objects.select_for_update(of=("self",)).get(site=site)
    for name, value in facts.items():
        setattr(stock, name, value)
    low = count < parameters.value("blank_records_min", site=site)
    if low and not stock.alert_key:
        stock.alert_key = f"{site.code}:{stock.version}"
        open_task(
            by=by,
            kind=BLANKS,
            key=stock.alert_key,
            room="charts",
            title=gettext_noop("Order blank records: %(count)s left"),
            args={"count": count},
            icon="stock",
            due_at=now,
            roles=(*DESK, "supervisor"),
            site=site,
            url=("charts:staging",),
            closed_in_inbox=False,
        )
    elif not low and stock.alert_key:
        settle_task(by=by, kind=BLANKS, key=stock.alert_key, result="restocked")
        stock.alert_key = ""
    stock.bump()
    audit.record(by=by, verb="charts.blanks_counted", target=stock, site=site.code, count=count, low=low)
    return stock


# --- transcription (FD-022) -------------------------------------------------------------------------------------------


@action(permission="charts.transcribe")
def transcribe(*, by: Actor, site: Site, patient: Patient, written_on: date, text: str) -> Transcription:
    """Copy words of the paper chart into the file; they carry the entry stamp of ``by`` and wait for a second look.

    Raises RuleRefused (``text_missing``, ``person_needed``, ``written_in_future``).
    """
    plain = _words(text)
    if by.user_id is None:
        raise RuleRefused("person_needed", _("An entry stamp belongs to a person."))
    if written_on > clock.today(site.timezone):
        sentence = _("This day has not come yet.")
        raise RuleRefused("written_in_future", sentence, fields={"written_on": [sentence]})
    entry = Transcription.objects.create(
        site=site,
        patient=patient,
        written_on=written_on,
        text=plain,
        text_hash=_hash(plain),
        entered_at=clock.now(),
        entered_by_id=by.user_id,
        entered_by_name=by.name,
    )
    audit.record(
        by=by, verb="charts.transcribed", target=entry, site=site.code, patient=patient.code, hash=entry.text_hash
    )
    return entry


@action(permission=None, reason=MACHINE_DECIDES)
def verify(*, by: Actor, entry: Transcription, seen_hash: str) -> Transcription:
    """Another person compared it with the paper. Raises Forbidden (``own_entry``), Conflict (``text_changed``)."""
    TRANSCRIPTION.move(entry, "verified", by=by, seen_hash=seen_hash)
    return entry


@action(permission=None, reason=MACHINE_DECIDES)
def object_to(*, by: Actor, entry: Transcription, seen_hash: str, difference: str) -> Transcription:
    """It differs from the paper: whoever entered it puts it right.

    Raises RuleRefused (``difference_missing``), Forbidden (``own_entry``), Conflict (``text_changed``).
    """
    if not difference.strip():
        sentence = _("Say what differs.")
        raise RuleRefused("difference_missing", sentence, fields={"difference": [sentence]})
    TRANSCRIPTION.move(entry, "differs", by=by, seen_hash=seen_hash, difference=difference.strip())
    return entry


@action(permission=None, reason=MACHINE_DECIDES)
def enter_again(*, by: Actor, entry: Transcription, text: str) -> Transcription:
    """New words under a new stamp. Raises RuleRefused (``text_missing``), Forbidden (``not_your_entry``), Conflict."""
    plain = _words(text)
    TRANSCRIPTION.move(entry, "entered", by=by, text=plain, text_hash=_hash(plain), at=clock.now())
    return entry


@action(permission=None, reason=MACHINE_DECIDES)
def give_back(*, by: Actor, entry: Transcription) -> Transcription:
    """The paper chart was given back. Raises Conflict (``invalid_transition``) before it was compared."""
    TRANSCRIPTION.move(entry, "returned", by=by)
    return entry


# --- release (CR-007, CR-008) -----------------------------------------------------------------------------------------


@action(permission="charts.release")
def request_release(*, by: Actor, site: Site, patient: Patient, kind: str, reason: str = "") -> ChartRelease:
    """Note that the chart is asked for. Where the supervisor decides, they have a task at once.

    Raises RuleRefused (``kind_unknown``, ``reason_required`` for an original), Conflict (``original_is_out``).
    """
    if kind not in ChartRelease.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose what is given."), fields={"kind": [_("Choose what is given.")]})
    if kind == ChartRelease.Kind.ORIGINAL:
        if not reason.strip():
            sentence = _("Write why the patient wants the original.")
            raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
        if ChartRelease.objects.filter(patient=patient, kind=kind, state="handed_out").exists():
            raise Conflict("original_is_out", _("The original was given out already."))
    release = ChartRelease.objects.create(
        site=site,
        patient=patient,
        kind=kind,
        reason=reason.strip(),
        requested_at=clock.now(),
        requested_by_id=by.user_id,
        requested_by_name=by.name,
    )
    audit.record(by=by, verb="charts.asked_for", target=release, site=site.code, patient=patient.code, kind=kind)
    if custody.needs_consent(release):
        _ask_supervisor(by, release)
    return release


@action(permission=None, reason=MACHINE_DECIDES)
def consent_to_release(*, by: Actor, release: ChartRelease) -> ChartRelease:
    """The supervisor consents, with name and time.

    Raises Forbidden (``transition_forbidden``, ``own_request``), RuleRefused (``original_in_dispute``), Conflict.
    """
    RELEASE.move(release, "consented", by=by)
    settle_task(by=by, kind=CONSENT, key=str(release.code), result="consented")
    return release


@action(permission=None, reason=MACHINE_DECIDES)
def refuse_release(*, by: Actor, release: ChartRelease, words: str) -> ChartRelease:
    """The supervisor refuses, with the reason. Raises RuleRefused (``reason_required``), Forbidden, Conflict."""
    if not words.strip():
        sentence = _("Say why not.")
        raise RuleRefused("reason_required", sentence, fields={"words": [sentence]})
    RELEASE.move(release, "refused", by=by, words=words.strip())
    settle_task(by=by, kind=CONSENT, key=str(release.code), result="refused")
    return release


@action(permission=None, reason=MACHINE_DECIDES)
def hand_out(
    *,
    by: Actor,
    release: ChartRelease,
    receiver: str,
    receiver_name: str,
    identity_checked: bool,
    return_on: date | None = None,
) -> ChartRelease:
    """Give it out after an identity check. A copy to the patient is their right where the house asks for no consent.

    Raises Forbidden (``consent_needed``, ``transition_forbidden``), RuleRefused (``identity_unchecked``,
    ``receiver_missing``, ``return_day_missing``, ``return_day_past``), Conflict (``consent_before_dispute``).
    """
    if receiver not in ChartRelease.Receiver.values:
        sentence = _("Say who takes it.")
        raise RuleRefused("receiver_missing", sentence, fields={"receiver": [sentence]})
    zone = release.site.timezone
    if return_on is not None and return_on < clock.today(zone):
        sentence = _("Choose a later day.")
        raise RuleRefused("return_day_past", sentence, fields={"return_on": [sentence]})
    RELEASE.move(
        release, "handed_out", by=by, receiver=receiver, receiver_name=receiver_name,
        identity_checked=identity_checked, return_on=return_on,
    )  # fmt: skip
    settle_task(by=by, kind=CONSENT, key=str(release.code), result="not_needed")
    if release.kind == ChartRelease.Kind.ORIGINAL and release.return_on is not None:
        _open(
            by, release, BACK, gettext_noop("Get the original chart back: %(subject)s"),
            due_at=clock.at_local(release.return_on, time(18), zone), roles=DESK, escalates_to=SUPERVISORS,
        )  # fmt: skip
    return release


@action(permission=None, reason=MACHINE_DECIDES)
def take_back(*, by: Actor, release: ChartRelease) -> ChartRelease:
    """The original is back. Raises Conflict (``copy_stays``, ``invalid_transition``)."""
    RELEASE.move(release, "returned", by=by)
    settle_task(by=by, kind=BACK, key=str(release.code), result="returned")
    return release


# --- looking up (FD-023) ----------------------------------------------------------------------------------------------


@action(permission="charts.print")
def log_print(
    *, by: Actor, site: Site, patient: Patient, act: str, requester: str, purpose: str, pages: int = 0
) -> ChartPrint:
    """Keep that a chart was looked up or printed, for whom and what for.

    Raises RuleRefused (``requester_missing``, ``purpose_missing``, ``pages_missing`` for a print).
    """
    if act not in ChartPrint.Act.values or purpose not in ChartPrint.Purpose.values:
        raise RuleRefused("purpose_missing", _("Choose what for."), fields={"purpose": [_("Choose what for.")]})
    if not requester.strip():
        sentence = _("Write for whom.")
        raise RuleRefused("requester_missing", sentence, fields={"requester": [sentence]})
    if act == ChartPrint.Act.PRINT and pages < 1:
        sentence = _("How many pages?")
        raise RuleRefused("pages_missing", sentence, fields={"pages": [sentence]})
    logged = ChartPrint.objects.create(
        site=site,
        patient=patient,
        act=act,
        requester=requester.strip(),
        purpose=purpose,
        pages=pages,
        at=clock.now(),
        by_id=by.user_id,
        by_name=by.name,
    )
    audit.record(
        by=by, verb="charts.printed", target=logged, site=site.code, patient=patient.code, act=act, purpose_key=purpose
    )
    return logged


def _ask_supervisor(by: Actor, release: ChartRelease) -> None:
    title = gettext_noop("A chart is asked for: %(subject)s")
    _open(by, release, CONSENT, title, due_at=clock.now(), roles=SUPERVISORS, group="approval")


def _open(by: Actor, release: ChartRelease, kind: str, title: str, *, due_at: Any, **who: Any) -> None:
    if "escalates_to" in who:
        who["escalates_at"] = due_at
    open_task(
        by=by,
        kind=kind,
        key=str(release.code),
        room="charts",
        title=title,
        subject=("patient", release.patient.code),
        icon="clipboard",
        due_at=due_at,
        site=release.site,
        url=("charts:of-patient", str(release.patient.code)),
        closed_in_inbox=False,
        **who,
    )


def _words(text: str) -> str:
    plain = text.strip().replace("\r\n", "\n")
    if not plain:
        sentence = _("Write what stands on the paper.")
        raise RuleRefused("text_missing", sentence, fields={"text": [sentence]})
    return plain


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
