"""What is written beside the visit: first-visit forms, paper charts, consents, entries that are looked through, referrals,
consultations over distance."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from config.demo.house import House
from kernel import clock
from services.appointments import referrals, remote
from services.appointments.models import Referral, RemoteConsultation
from services.appointments.selectors import on_day
from services.catalogue.selectors import items, price_at
from services.charts import actions as charts
from services.charts.custody import needs_consent
from services.charts.models import ChartRelease, PulledChart, Transcription
from services.consents.actions import disclose, take_consent
from services.consents.models import Consent, TemplateVersion
from services.intake import actions as forms
from services.intake import definitions, findings, handover, selectors
from services.intake.models import IntakeSheet, Signature
from services.patients.models import Patient
from services.patients.selectors import is_minor
from services.reception.models import Visit
from services.records.models import EntryReview
from services.records.reviewing import accept_entry, enter_again, return_entry
from services.sites.models import Site
from services.staff.models import StaffMember

# So long an entry lies on the reviewers' list, and so long anything else waits for the next step.
REVIEWED_AFTER, SETTLED_AFTER = timedelta(hours=5), timedelta(minutes=40)
WORDS = {"yes_no": "no", "text": "无", "long": "无特殊", "source": "", "choice": ""}
SPECIAL_WORDS = "青霉素类过敏"


# --- first visits -----------------------------------------------------------------------------------------------------


def begin_form(clinic: House, visit: Visit) -> None:
    """Who is here for the first time without a booking fills in the form while waiting, and some of those who booked."""
    if visit.appointment_id is not None and Random(f"visit {visit.pk}:form").random() < 0.5:
        return
    by = clinic.somebody("intake.fill", visit.site, role="front_desk")
    if not visit.is_first or by is None or selectors.form_in_use(selectors.vertical_of(visit, None)) is None:
        return
    sheet = clinic.attempt(forms.start_sheet, by=by, site=visit.site, visit=visit)
    if sheet is None or sheet.state != "filling":
        return
    random = Random(f"visit {visit.pk}:answers")
    answers = _answers(sheet, random)
    clinic.attempt(
        forms.save_answers, by=by, sheet=sheet, answers=answers, filler=IntakeSheet.Filler.values[visit.pk % 2]
    )


def _answers(sheet: IntakeSheet, random: Random) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = selectors.answers_of(sheet)
    special = random.random() < 0.15
    for key, question in definitions.questions(sheet.form.content, sheet.patient).items():
        if key in known:
            continue
        value, words = WORDS[question["kind"]], ""
        if question["kind"] in ("choice", "source"):
            value = random.choice([one for one in definitions.options_of(question) if one != "walking_aid"])
        elif key == "allergy" and special:
            value, words = "yes", SPECIAL_WORDS
        known[key] = {"value": value, "words": words, "declined": False}
    return known


def finish_form(clinic: House, visit: Visit) -> None:
    """Before the chair the form is checked, signed, handed over and acknowledged; now and then it stays unfinished."""
    rows = IntakeSheet.objects.select_related("site", "patient", "visit", "appointment", "form__form")
    sheet = rows.filter(visit=visit, state="filling").first()
    by = clinic.somebody("intake.check", visit.site, role="front_desk")
    if sheet is None or by is None:
        return
    special = bool(findings.places(sheet).found)
    if not special and Random(f"visit {visit.pk}:unfinished").random() < 0.1:
        return
    checked = clinic.attempt(forms.check_sheet, by=by, sheet=sheet)
    if checked is None:
        return
    minor = is_minor(visit.patient, clock.today(visit.site.timezone))
    clinic.attempt(
        forms.sign_sheet, by=by, sheet=checked, signer_name=f"{visit.patient.name}之父" if minor else visit.patient.name,
        signer=Signature.Signer.GUARDIAN if minor else Signature.Signer.values[0],
    )  # fmt: skip
    if special:
        fresh = rows.get(pk=sheet.pk)
        for finding in fresh.findings.select_related("sheet__site", "sheet__patient"):
            clinic.attempt(handover.set_highlight, by=by, finding=finding, on=True)
        clinic.attempt(handover.enter_alert, by=by, sheet=fresh, text=SPECIAL_WORDS)
    given = clinic.attempt(handover.hand_over, by=by, sheet=rows.get(pk=sheet.pk), receiver=visit.doctor)
    if given is not None:
        clinic.attempt(handover.acknowledge, by=clinic.self_of(visit.doctor), hand_over=given)


def ask_consent(clinic: House, visit: Visit) -> None:
    """Before a treatment somebody new signs that it was explained."""
    by = clinic.somebody("consents.take", visit.site, role="nurse")
    if not visit.is_first or by is None or is_minor(visit.patient, clock.today(visit.site.timezone)):
        return
    words = TemplateVersion.objects.select_related("template").filter(template__key="treatment").first()
    if words is None or Consent.objects.filter(patient=visit.patient, version_signed=words).exists():
        return
    clinic.attempt(
        take_consent, by=by, site=visit.site, patient=visit.patient, version_signed=words, signer=Consent.Signer.PATIENT,
        identity_checked=True,
    )  # fmt: skip


# --- paper charts -----------------------------------------------------------------------------------------------------


def stage(clinic: House, site: Site, day: date) -> None:
    """The charts of the day lie ready in the order of the bookings; the last ones are fetched at noon."""
    by = clinic.somebody("charts.stage", site, role="front_desk")
    if by is None:
        return
    noon = clinic.local(day, "15:30" if clock.now() < clinic.local(day, "12:00") else "23:59")
    booked = list(on_day(site, day).filter(starts_at__lt=noon))
    lie = set(PulledChart.objects.filter(appointment__in=booked).values_list("appointment_id", flat=True))
    for appointment in booked:
        if appointment.pk not in lie:
            clinic.attempt(charts.pull_chart, by=by, site=site, appointment=appointment)


def count_blanks(clinic: House, site: Site, day: date) -> None:
    """The blank records are counted; every fifth day new ones come."""
    by = clinic.somebody("charts.stage", site, role="front_desk")
    if by is not None:
        clinic.attempt(charts.count_blanks, by=by, site=site, count=64 - day.toordinal() % 5 * 9)


def ask_for_chart(clinic: House, site: Site, day: date) -> None:
    """A patient asks for a copy; an original is asked for now and then. The log keeps who looked something up."""
    # Whoever consents is somebody else than who notes the request.
    leads = clinic.somebody("charts.consent", site, role="supervisor")
    mine = leads.user_id if leads is not None else None
    by, patient = clinic.another("charts.release", site, than=mine, roles=("front_desk",)), _recent(site, day)
    if by is None or patient is None:
        return
    original = (day.toordinal() + site.pk) % 3 == 0
    clinic.attempt(
        charts.request_release, by=by, site=site, patient=patient, kind="original" if original else "copy",
        reason="外地就医需要" if original else "",
    )  # fmt: skip
    clinic.attempt(
        charts.log_print, by=by, site=site, patient=patient, act="print", requester=patient.name, purpose="insurance", pages=3
    )  # fmt: skip


def transcribe(clinic: House, site: Site, day: date) -> None:
    """An old paper chart is copied into the file; a colleague compares it later."""
    by, patient = clinic.somebody("charts.transcribe", site, role="front_desk"), _recent(site, day)
    if by is not None and patient is not None:
        clinic.attempt(
            charts.transcribe, by=by, site=site, patient=patient, written_on=day - timedelta(days=400),
            text="主诉：左侧不适一周。处理：对症用药，嘱复诊。（据纸质病历第 2 页）",
        )  # fmt: skip


def give_charts(clinic: House, site: Site, day: date) -> None:
    """What was asked for is given out, copies compared and given back."""
    before = clock.now() - SETTLED_AFTER
    by = clinic.somebody("charts.release", site, role="front_desk")
    if by is None:
        return
    rows = ChartRelease.objects.filter(site=site, state__in=("requested", "consented"), requested_at__lt=before)
    for release in rows.select_related("site", "patient"):
        if release.state == "requested" and needs_consent(release):
            leads = clinic.another("charts.consent", site, than=release.requested_by_id, roles=("supervisor",))
            if leads is not None:
                clinic.attempt(charts.consent_to_release, by=leads, release=release)
            continue
        clinic.attempt(
            charts.hand_out, by=by, release=release, receiver="patient", receiver_name=release.patient.name,
            identity_checked=True, return_on=day + timedelta(days=7) if release.kind == "original" else None,
        )  # fmt: skip
    for entry in Transcription.objects.filter(site=site, state="entered", entered_at__lt=before).select_related("site"):
        other = clinic.another("charts.transcribe", site, than=entry.entered_by_id, roles=("guide",))
        if other is not None:
            clinic.attempt(charts.verify, by=other, entry=entry, seen_hash=entry.text_hash)


def tell_authority(clinic: House, site: Site, day: date) -> None:
    """The health authority asks about a patient; what is told is written down before."""
    by, patient = clinic.somebody("consents.disclose", site, role="clinic_director"), _recent(site, day)
    if by is not None and patient is not None and (day.toordinal() + site.pk) % 3 == 1:
        clinic.attempt(
            disclose, by=by, site=site, patient=patient, recipient="区疾病预防控制中心", what="就诊日期和诊断",
            reason="public_health", words=f"传染病报告管理规定，函〔{day:%Y}〕{day:%m%d}号",
        )  # fmt: skip


# --- entries that are looked through ----------------------------------------------------------------------------------


def review(clinic: House, site: Site, day: date) -> None:
    """Reviewers look through what was entered some hours ago; the newest entries wait."""
    before = clock.now() - REVIEWED_AFTER
    rows = EntryReview.objects.filter(site=site, state="entered", entered_at__lt=before).select_related(
        "site", "patient"
    )
    for one in rows.order_by("due_at", "id"):
        by = clinic.another("records.review", site, than=one.entered_by_id, roles=("head_nurse", "doctor_supervisor"))
        if by is None:
            return
        if one.pk % 37 == 0 and not one.returned:
            clinic.attempt(return_entry, by=by, review=one, objection="牙位与主诉不符，请核对")
        else:
            clinic.attempt(accept_entry, by=by, review=one)


def put_right(clinic: House, site: Site, day: date) -> None:
    """Whoever got an entry back puts it right before going home."""
    for one in EntryReview.objects.filter(site=site, state="returned").select_related("site", "patient"):
        by = clinic.actor_of(one.entered_by_id)
        if by is not None:
            clinic.attempt(enter_again, by=by, review=one, answer="已核对并更正")


# --- between doctors --------------------------------------------------------------------------------------------------


def refer(clinic: House, site: Site, day: date) -> None:
    """A doctor hands a patient over, and every part of it is clear: it is settled at once."""
    _refer(clinic, site, day, whole=True)


def refer_unclear(clinic: House, site: Site, day: date) -> None:
    """What it costs and when the patient comes again is not clear yet."""
    _refer(clinic, site, day, whole=False)


def _refer(clinic: House, site: Site, day: date, *, whole: bool) -> None:
    by = clinic.somebody("appointments.book", site, role="front_desk")
    visit = Visit.objects.filter(site=site, led_in_at__isnull=False).select_related("patient", "doctor").last()
    others = [one for one in _doctors(clinic, site) if visit is not None and one.pk != visit.doctor_id]
    if by is None or visit is None or not others:
        return
    item = items().order_by("id").last()
    facts: dict[str, Any] = {"question": "会诊项目和费用请医生确认"}
    if whole and item is not None:
        facts = {"item": item, "charge_fen": price_at(item, site=site) or 0, "no_next_reason": "本次处理完毕，无需再约"}
    clinic.attempt(
        referrals.register_referral, by=by, site=site, patient=visit.patient, from_doctor=visit.doctor,
        to_doctor=others[visit.pk % len(others)], visit_code=visit.code, **facts,
    )  # fmt: skip


def settle_referrals(clinic: House, site: Site, day: date) -> None:
    """What was unclear is asked and settled."""
    by = clinic.somebody("appointments.book", site, role="front_desk")
    rows = Referral.objects.filter(site=site, state="open", registered_at__lt=clock.now() - SETTLED_AFTER)
    item = items().order_by("id").last()
    for one in rows.select_related("site", "patient", "from_doctor", "to_doctor"):
        if by is not None and item is not None:
            clinic.attempt(
                referrals.settle_referral, by=by, referral=one, item=item, charge_fen=price_at(item, site=site) or 0,
                no_next_reason="医生电话随访即可",
            )  # fmt: skip


def consult(clinic: House, site: Site, day: date) -> None:
    """A doctor asks one elsewhere; the day after they talk at noon, and what it brought is written down."""
    doctors = [one for one in _doctors(clinic, site) if clinic.self_of(one).can("appointments.consult", site=site.code)]
    patient = _recent(site, day)
    if not doctors or patient is None or (day.toordinal() + site.pk) % 2:
        return
    doctor = doctors[day.toordinal() % len(doctors)]
    clinic.attempt(
        remote.request_consultation, by=clinic.self_of(doctor), site=site, patient=patient, doctor=doctor,
        question="影像见附件，是否需要转诊手术？", partner="省人民医院", partner_doctor="顾教授", consent=True,
    )  # fmt: skip


def go_on_consulting(clinic: House, site: Site, day: date) -> None:
    """A partner accepts and a time at noon of the next day is fixed; what took place is written down."""
    rows = RemoteConsultation.objects.filter(site=site, state__in=("requested", "accepted", "scheduled", "held"))
    for row in rows.select_related("site", "patient", "doctor__user", "colleague__user"):
        by = clinic.self_of(row.doctor)
        if row.state == "requested":
            clinic.attempt(remote.accept_consultation, by=by, consultation=row)
        elif row.state == "accepted":
            clinic.attempt(
                remote.schedule_consultation, by=by, consultation=row, minutes=30,
                starts_at=clinic.local(day + timedelta(days=1 if day.weekday() < 5 else 2), "12:20"),
            )  # fmt: skip
        elif row.state == "scheduled" and row.starts_at is not None and row.starts_at < clock.now():
            clinic.attempt(remote.hold_consultation, by=by, consultation=row)
        elif row.state == "held":
            clinic.attempt(remote.record_result, by=by, consultation=row, result="建议保守治疗，三个月后复查影像")


def _doctors(clinic: House, site: Site) -> list[StaffMember]:
    found: dict[int, list[StaffMember]] = getattr(clinic, "doctors", {})
    return found.get(site.pk, [])


def _recent(site: Site, day: date) -> Patient | None:
    """Somebody who was here lately."""
    visit = Visit.objects.filter(site=site, left_at__isnull=False).select_related("patient__site").order_by("-id")
    found = visit[day.toordinal() % 3 :].first()
    return found.patient if found is not None else None


def show(clinic: House, site: Site, day: date) -> None:
    """Where a stretch ends, one referral is open."""
    if not Referral.objects.filter(site=site, state="open").exists():
        refer_unclear(clinic, site, day)


DAY = (
    ("08:04", count_blanks),
    ("08:07", stage),
    ("09:46", refer_unclear),
    ("09:54", ask_for_chart),
    ("10:00", transcribe),
    ("10:50", consult),
    ("11:35", settle_referrals),
    ("11:40", give_charts),
    ("12:30", stage),
    ("12:55", go_on_consulting),
    ("13:05", review),
    ("14:50", tell_authority),
    ("15:15", refer),
    ("15:35", give_charts),
    ("17:00", go_on_consulting),
    ("17:15", give_charts),
    ("17:20", review),
    ("17:28", settle_referrals),
    ("17:35", put_right),
)
