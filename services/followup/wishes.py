"""What a patient says about being called: another number or address, and no calls but those about a treatment."""

from __future__ import annotations

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from services.followup import holding
from services.followup.actions import ENGINE, lock_followup, withdraw
from services.followup.machine import MACHINE, UNDONE
from services.followup.models import FollowUp, OptOut
from services.followup.rules import rules
from services.patients.actions import update_contact
from services.patients.models import Patient
from services.sites.models import Site


@action(permission="followup.call")
def correct_contact(*, by: Actor, followup: FollowUp, phone: str, address: str) -> FollowUp:
    """Phone or address were corrected in the call: written into the file with their history, by the file's own action
    (FU-021); what is empty stays as it is. A follow-up that had no number to call is due as any other from now on.

    Raises what ``patients.actions.update_contact`` raises.
    """
    followup = lock_followup(followup)
    patient = followup.plan.patient
    update_contact(
        by=by,
        patient=patient,
        phone=phone.strip() or patient.phone,
        address=address.strip() or patient.address,
        phone_absent_reason="" if phone.strip() else patient.phone_absent_reason,
    )
    if followup.state == "no_phone" and phone.strip():
        MACHINE.move(followup, "due", by=ENGINE)
    return followup


@action(permission="followup.call")
def opt_out(*, by: Actor, patient: Patient, site: Site) -> OptOut:
    """The patient wants no calls that are not about their treatment: what is planned of such is cancelled, nothing more is
    opened, and it is counted (FU-018). Calls about a treatment stay. Saying it twice changes nothing."""
    Patient.objects.select_for_update().get(pk=patient.pk)
    found = OptOut.objects.filter(patient=patient, lifted_at__isnull=True).first()
    if found is not None:
        return found
    row = OptOut.objects.create(patient=patient, site=site, at=clock.now(), by_name=by.name)
    promotional = [rule.key for rule in rules().values() if rule.promotional]
    undone = FollowUp.objects.select_related("plan__site", "plan__patient").filter(
        plan__patient=patient, plan__rule_key__in=promotional, state__in=UNDONE
    )
    for followup in undone:
        withdraw(by, followup, holding.OPTED_OUT, moved_by=ENGINE)
    audit.record(by=by, verb="followup.opted_out", target=row, site=site.code)
    outbox.emit(
        "followup.opted_out", key=f"opt-out:{row.code}", payload={"site": str(site.code), "at": row.at.isoformat()}
    )
    return row


@action(permission="followup.call")
def opt_in(*, by: Actor, patient: Patient) -> None:
    """The patient wants to be called again; what was cancelled does not come back."""
    for row in OptOut.objects.select_for_update().filter(patient=patient, lifted_at__isnull=True):
        row.lifted_at, row.lifted_by_name = clock.now(), by.name
        row.bump({"lifted_at", "lifted_by_name"})
        audit.record(by=by, verb="followup.opted_in", target=row, site=row.site.code)
