"""Taking a file back that nobody has worked with: it was brought along by mistake."""

from __future__ import annotations

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from services.patients.models import Patient
from services.sites.locking import lock_version

NOBODY = "—"


@action(permission="patients.merge")
def withdraw_patient(*, by: Actor, patient: Patient) -> Patient:
    """Take ``patient`` out of every list and search and delete who it was. The record number is spent and stays.

    Whether somebody has worked with the file is asked by whoever takes it back. Taken back twice it stays as it is.
    """
    patient = lock_version(patient, None)
    if patient.withdrawn_at is not None:
        return patient
    patient.withdrawn_at = clock.now()
    patient.name, patient.pinyin, patient.initials, patient.search_words = NOBODY, "", "", ""
    patient.birth_date = None
    patient.phone = patient.id_number = patient.address = patient.alert = ""
    patient.phone_absent_reason = NOBODY
    patient.occupation = patient.media_source = patient.form_of_address = ""
    patient.bump()
    audit.record(by=by, verb="patients.withdrawn", target=patient, site=patient.site.code)
    return patient
