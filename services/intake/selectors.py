"""Reading the first visit: forms, whose form stands where, what was answered, and today's work of the desk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from kernel import access, clock
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.web.formatting import masked_phone
from kernel.web.views import site_code
from services.appointments.models import Appointment
from services.intake import definitions
from services.intake.machine import OPEN, WITH_THE_DESK
from services.intake.models import FormDefinition, FormVersion, HandOver, IntakeSheet, Signature
from services.patients.models import Patient
from services.patients.selectors import is_minor
from services.reception import waits
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.sites.models import Site
from services.sites.selectors import day_bounds, today, working_site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at

VIEW = "intake.view"
JOINED = ("site", "patient__site", "visit__doctor", "appointment__doctor", "form__form")
GONE = ("rebooked", "left_unseen")
# Tabs of the work list, in the order of the work.
WAITS_FOR_DESK = ("missing", *WITH_THE_DESK)
STAGES = ("missing", "filling", "to_sign", "signed", "handed_over", "acknowledged")


# --- forms ------------------------------------------------------------------------------------------------------------


def access_form(actor: Actor, code: UUID) -> FormDefinition:
    """The form behind a code from outside. Raises NotFound (``form_not_found``)."""
    found = FormDefinition.objects.filter(code=code).first() if holds(actor, VIEW) else None
    if found is None:
        raise NotFound("form_not_found", _("There is no such form."))
    return found


def forms() -> QuerySet[FormDefinition]:
    """Every form of the tenant."""
    return FormDefinition.objects.order_by("vertical", "key")


def form_in_use(vertical: str) -> FormDefinition | None:
    """The first-visit form of a line of business."""
    return FormDefinition.objects.filter(vertical=vertical, is_active=True).first()


def newest_version(form: FormDefinition) -> FormVersion:
    """The wording that a form begun now gets."""
    found = form.versions.order_by("-number").first()
    if found is None:
        raise NotFound("form_not_found", _("There is no such form."))
    return found


def vertical_of(visit: Visit | None, appointment: Appointment | None) -> str:
    """The line of business of a visit or a booking; the only one where nothing else says it."""
    if visit is not None:
        return visit.vertical or waits.only_vertical()
    item = appointment.item if appointment is not None else None
    return (item.vertical if item is not None else "") or waits.only_vertical()


# --- sheets -----------------------------------------------------------------------------------------------------------


def sheets_for(actor: Actor, word: str = VIEW) -> QuerySet[IntakeSheet]:
    """The forms at the sites where ``actor`` holds ``word``."""
    rows = IntakeSheet.objects.select_related(*JOINED).prefetch_related("findings", "hand_overs__receiver")
    return access.accessible(rows, actor, word)


def access_sheet(actor: Actor, code: UUID) -> IntakeSheet:
    """The form behind a code from outside. Raises NotFound (``sheet_not_found``)."""
    found = sheets_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("sheet_not_found", _("There is no such first-visit form."))
    return found


def access_hand_over(actor: Actor, code: UUID) -> HandOver:
    """The hand-over behind a code from outside. Raises NotFound (``hand_over_not_found``)."""
    rows = HandOver.objects.select_related("site", "receiver__user", "sheet__patient")
    found = access.accessible(rows, actor, VIEW).filter(code=code).first()
    if found is None:
        raise NotFound("hand_over_not_found", _("There is no such hand-over."))
    return found


def by_link(token: str) -> IntakeSheet:
    """The form that a tablet's link opens, while it is valid. Raises NotFound (``link_ended``)."""
    found = (
        IntakeSheet.objects.select_related(*JOINED)
        .filter(link_hash=hash_of(token), link_until__gt=clock.now(), state__in=("filling", "to_sign"))
        .first()
    )
    if found is None:
        raise NotFound("link_ended", _("This link has ended. Please ask at the front desk."))
    return found


def hash_of(token: str) -> str:
    """What is kept of a link."""
    return hashlib.sha256(token.encode()).hexdigest()


def begun(patient: Patient, *, visit: Visit | None, appointment: Appointment | None) -> IntakeSheet | None:
    """The form that was begun for this visit or booking already."""
    wanted = Q(pk__in=[])
    if visit is not None:
        wanted |= Q(visit=visit) | Q(visit__isnull=True, site=visit.site, state__in=OPEN)
    if appointment is not None:
        wanted |= Q(appointment=appointment)
    rows = IntakeSheet.objects.select_related(*JOINED).filter(wanted, patient=patient)
    return rows.order_by("visit_id", "-started_at").first()


def sheet_of(visit: Visit) -> IntakeSheet | None:
    """The form of a visit, also one that began with the booking and is not joined with the visit yet."""
    rows = IntakeSheet.objects.select_related(*JOINED).prefetch_related("findings", "hand_overs__receiver")
    wanted = Q(visit=visit) | Q(visit__isnull=True, patient=visit.patient, site=visit.site, state__in=OPEN)
    return rows.filter(wanted).order_by("visit_id", "-started_at").first()


def latest_of(patient: Patient) -> IntakeSheet | None:
    """The last form of a patient that was not given up."""
    rows = IntakeSheet.objects.select_related(*JOINED).prefetch_related("findings", "hand_overs__receiver")
    return rows.filter(patient=patient).exclude(state="dropped").order_by("-started_at", "-id").first()


def answers_of(sheet: IntakeSheet) -> definitions.Answers:
    """What was answered so far, by question."""
    found: definitions.Answers = json.loads(sheet.answers) if sheet.answers else {}
    return found


def signature_of(sheet: IntakeSheet) -> Signature | None:
    """The signature, if there is one."""
    return Signature.objects.filter(sheet=sheet).first()


def signer_names(sheet: IntakeSheet) -> dict[str, str]:
    """Whose name stands under a drawn signature, by who signs: the patient's, and that of the one legal guardian whom the
    file knows. Empty where it knows none, or several: then who signs writes the name."""
    guardians = [one.display_name for one in sheet.patient.relations.select_related("relative") if one.is_guardian]
    return {
        Signature.Signer.PATIENT.value: sheet.patient.name,
        Signature.Signer.GUARDIAN.value: guardians[0] if len(guardians) == 1 else "",
    }


def signer_of(sheet: IntakeSheet) -> str:
    """Who signs this form today: for a minor the legal guardian."""
    who = Signature.Signer.GUARDIAN if is_minor(sheet.patient, today(sheet.site)) else Signature.Signer.PATIENT
    return who.value


def is_intact(signature: Signature) -> bool:
    """Is what was signed still what was signed?"""
    return hashlib.sha256(signature.text.encode()).hexdigest() == signature.text_hash


def text_of(sheet: IntakeSheet, *, at: datetime) -> dict[str, Any]:
    """What the visitor signs, as plain words in the language of the country: never rewritten by a later wording."""
    patient = sheet.patient
    day = clock.local(at, sheet.site.timezone).date()
    with translation.override("zh-hans"):
        return {
            "form": sheet.form.form.title_zh,
            "number": sheet.form.number,
            "patient": patient.name,
            "sex": str(patient.get_sex_display()),
            "age": patient.age_on(day),
            "phone": masked_phone(patient.phone) if patient.phone else "",
            "items": [[question, answer] for _key, question, answer in lines(sheet)],
        }


def lines(sheet: IntakeSheet) -> list[tuple[str, str, str]]:
    """(key, question, answer) in the reader's language."""
    return list(definitions.in_words(sheet.form.content, sheet.patient, answers_of(sheet)))


def printed(sheet: IntakeSheet, signature: Signature) -> dict[str, Any]:
    """The paper of a signed form: registration, enquiry, what is special, who filled it in, signature and time."""
    zone = sheet.site.timezone
    special = {one.question for one in sheet.findings.all()}
    text = json.loads(signature.text)
    keys = [key for key, _question, _answer in lines(sheet)]
    with translation.override("zh-hans"):
        filler = str(sheet.get_filler_display())
        signer = str(signature.get_signer_display())
    return {
        "business": sheet.site.name,
        "record_number": sheet.patient.record_number,
        "visited": f"{clock.local(sheet.started_at, zone):%Y-%m-%d %H:%M}",
        "form": text["form"],
        "number": text["number"],
        "patient": text["patient"],
        "sex": text["sex"],
        "age": text["age"],
        "phone": text["phone"],
        "items": [
            {"question": question, "answer": answer, "special": key in special}
            for key, (question, answer) in zip(keys, text["items"], strict=True)
        ],
        "filler": filler,
        "checked_by": sheet.checked_by_name,
        "signer": signer,
        "signer_name": signature.signer_name,
        "strokes": json.loads(signature.strokes) if signature.strokes else [],
        "signed": f"{clock.local(signature.signed_at, zone):%Y-%m-%d %H:%M:%S}",
        "hash": signature.text_hash,
    }


# --- people -----------------------------------------------------------------------------------------------------------


def receivers_at(site: Site) -> list[StaffMember]:
    """Who may be handed a first visit at ``site``: doctors, assistants and consultants with an account."""
    rows = staff_at(site).filter(user__is_active=True).select_related("user")
    consulting = Q(user__assignments__role__slug="consultant")
    return list(rows.filter(Q(is_doctor=True) | Q(is_assistant=True) | consulting).distinct())


def speakers(site: Site, language: str) -> list[StaffMember]:
    """Colleagues at ``site`` who speak the patient's language (FD-026); nobody where none is noted."""
    wanted = language.strip().casefold()
    if not wanted:
        return []
    return [one for one in staff_at(site) if wanted in {str(word).strip().casefold() for word in one.languages}]


# --- the desk's work --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A first visit of today, or one that is booked with its form begun. ``stage`` is what the desk has to do next."""

    patient: Patient
    stage: str
    at: datetime
    visit: Visit | None
    sheet: IntakeSheet | None

    @property
    def with_desk(self) -> bool:
        """Is it the desk's turn?"""
        return self.stage in WAITS_FOR_DESK and (self.visit is None or self.visit.state in UNSEEN)

    @property
    def breached(self) -> bool:
        """Was a hand-over not confirmed in time?"""
        return self.sheet is not None and any(one.breached_at for one in self.sheet.hand_overs.all())


def work_list(site: Site, day: date) -> list[Line]:
    """The first visits of the site's local ``day`` where a form is in use, and forms begun with bookings of that day:
    the desk's own turn first, then by time. Four queries, however many there are."""
    start, end = day_bounds(site, day)
    in_use = set(FormDefinition.objects.filter(is_active=True).values_list("vertical", flat=True))
    visits = (
        Visit.objects.filter(site=site, arrived_at__gte=start, arrived_at__lt=end)
        .filter(Q(is_first=True) | Q(intake_sheet__isnull=False))
        .exclude(state__in=GONE)
        .select_related("patient", "doctor", "site")
    )
    sheets = (
        IntakeSheet.objects.filter(site=site)
        .filter(
            Q(visit__arrived_at__gte=start, visit__arrived_at__lt=end)
            | Q(visit__isnull=True, appointment__starts_at__gte=start, appointment__starts_at__lt=end)
        )
        .exclude(state="dropped")
        .select_related("patient", "visit", "appointment")
        .prefetch_related("hand_overs")
    )
    by_visit, booked = {}, {}
    for sheet in sheets:
        if sheet.visit_id is not None:
            by_visit[sheet.visit_id] = sheet
        else:
            booked[sheet.patient_id] = sheet
    found = []
    for visit in visits:
        known = by_visit.get(visit.pk) or booked.pop(visit.patient_id, None)
        if known is None and (visit.vertical or waits.only_vertical()) not in in_use:
            continue
        if known is None and visit.state not in (*UNSEEN, *HOLDS_CHAIR):
            continue
        found.append(Line(visit.patient, known.state if known else "missing", visit.arrived_at, visit, known))
    for sheet in booked.values():
        if sheet.appointment is not None:
            found.append(Line(sheet.patient, sheet.state, sheet.appointment.starts_at, None, sheet))
    return sorted(found, key=lambda one: (not one.with_desk, one.at))


def due_count(request: HttpRequest) -> int:
    """How many visitors who are here wait for the desk to finish their form (the badge)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    site = working_site(actor, site_code(request), "intake.fill")
    if site is None:
        return 0
    read: tuple[Site, list[Visit]] | None = getattr(request, "desk", None)
    if read is not None and read[0].pk == site.pk:
        stages = [getattr(one, "first_visit_stage", "") for one in read[1] if one.state in UNSEEN]
        return sum(stage in WAITS_FOR_DESK for stage in stages)
    here: QuerySet[Any] = Visit.objects.filter(site=site, state__in=UNSEEN).annotate(**desk_columns())
    return here.filter(first_visit_stage__in=WAITS_FOR_DESK).count()


def desk_columns() -> dict[str, Any]:
    """``first_visit_stage`` of a visit: the state of its form, "missing" for a first visit without one, else ""."""
    vertical = Case(When(vertical="", then=Value(waits.only_vertical())), default=F("vertical"))
    in_use = FormDefinition.objects.filter(is_active=True, vertical=OuterRef("line_of_form"))
    begun = IntakeSheet.objects.filter(visit=OuterRef("pk")).values("state")[:1]
    return {
        "line_of_form": vertical,
        "first_visit_stage": Coalesce(
            Subquery(begun),
            Case(When(Q(is_first=True) & Exists(in_use), then=Value("missing")), default=Value("")),
            output_field=CharField(),
        ),
    }


def of_patient(actor: Actor, patient: Patient) -> QuerySet[IntakeSheet]:
    """The forms of a patient that ``actor`` may see, the latest first."""
    return sheets_for(actor).filter(patient=patient).order_by("-started_at", "-id")
