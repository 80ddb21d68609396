"""Walking through every URL of a host: the routes, rows to ask for, calls that reach as far as they can."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from rest_framework import serializers

from aesthetics.actions import record_procedure
from aesthetics.models import ProcedureTemplate
from config.demo.cast import HOUSES
from config.urls import tenant_urlconf
from dermatology.actions import classify
from dermatology.watching import report_change
from escort.actions import take_enquiry
from escort.models import Hospital
from kernel import clock
from kernel.api.filters import Code
from kernel.context import Actor
from kernel.errors import DomainError
from kernel.identity.actions import assign_role, create_user, enrol_second_factor, register_desk
from kernel.identity.models import Role, User
from kernel.identity.sessions import SECOND_FACTOR
from kernel.identity.standing import actor_for_user
from kernel.ids import uuid7
from kernel.outbox import Event
from kernel.tenancy import TenantContext, activate
from services.appointments.actions import book_appointment, write_card
from services.appointments.group_slots import Search, Wanted
from services.appointments.groups import book_group
from services.appointments.links import send_link
from services.appointments.models import Appointment
from services.appointments.referrals import register_referral
from services.appointments.remote import request_consultation
from services.appointments.sessions import plan_session
from services.appointments.today import arrange, ask_duty_doctor, note_told, note_unplanned
from services.cashier.actions import SlipLine, charge, issue_slip, sell_goods
from services.cashier.dispatch import issue_dispatch_slip
from services.cashier.models import ChargeSlip, Receipt
from services.cashier.taking import HandedOver
from services.catalogue.models import Item
from services.charts.actions import log_print, request_release
from services.complaints import cases as complaint_cases
from services.complaints import remedies as complaint_remedies
from services.complaints import results as complaint_results
from services.complaints.intake import Speaker, collect_feedback, receive_complaint
from services.confidentiality.actions import publish_document, register_device
from services.consents.actions import disclose
from services.consultation.actions import open_consultation, recommend
from services.consultation.knowledge import add_question
from services.consultation.machines import CONSULTATION
from services.consultation.talks import ask_doctor, note_question
from services.consultation.transfers import pass_on
from services.corrections.actions import write_entry
from services.equipment import actions as equipment
from services.equipment.damage import report_damage
from services.equipment.models import DeviceType
from services.guest_care import actions as guest_care
from services.guest_care import enquiries, queue, wishes
from services.headquarters.doctors import open_calendar
from services.headquarters.publishing import publish_rules
from services.importing.actions import upload
from services.intake.actions import start_sheet
from services.intake.handover import mark_special
from services.inventory import counting, expiry, kit, packs, supply
from services.outage.actions import declare_window, issue_block
from services.outage.desks import keep_at_desk
from services.patients.actions import register_patient
from services.patients.doubles import distinguish_patients
from services.patients.families import register_relative
from services.patients.models import Patient
from services.payments.acquirers import BillLine
from services.payments.bills import match as match_bill
from services.payments.models import GiveBack, PaymentAttempt
from services.prepaid import actions as prepaid
from services.prepaid import lasting
from services.prepaid.ending import ask_refund as ask_refund_of_prepaid
from services.prepaid.models import Holding
from services.reception.actions import check_in
from services.reception.models import Visit
from services.records.actions import add_note, record_treatment
from services.refunds.actions import Wanted as Refunded
from services.refunds.actions import give_opinion, request_refund, sign_as_payee
from services.refunds.actions import pay as pay_refund
from services.refunds.actions import seal as seal_refund
from services.refunds.identity import Shown
from services.refunds.models import Refund
from services.rules.handlers import take_in_publication
from services.shift.desk import log_broadcast, register_item, register_visitor
from services.shift.handlers import plan_days
from services.shift.handover import begin_hand_over
from services.shift.incidents import raise_ticket, report_incident
from services.shift.models import SiteDay
from services.sites.models import Site
from services.staff.models import StaffMember
from services.sterilisation import actions as sterilisation
from services.tasks.actions import open_task
from services.telephone.actions import log_call
from services.telephone.courtesy import order_calls
from services.till_days.deposits import enter_deposit
from services.till_days.models import DifferenceCase, Leave
from services.till_days.opening import open_till
from services.till_days.petty import ask as ask_for_cash
from services.till_days.readiness import admit
from services.treatment_area.actions import refuse_companion
from services.treatment_area.rounds import note_patrol, raise_priority, report_concern
from services.vip.actions import propose as propose_card
from services.vip.actions import register_cards
from services.vip.measures import set_measure
from services.vip.vouchers import enter_voucher, set_package
from tests.services.workbooks import workbook

BY = Actor.system("test")
SECRET = "JBSWY3DPEHPK3PXP"
# What ends the walker's own session or changes what the walk stands on.
LEFT_OUT = re.compile(
    r"logout|accounts/(login|demo|password|second-factor|reauthenticate|inactive|email|confirm)|_gallery|static/"
)
SAMPLES = {"UUIDConverter": "", "IntConverter": "1", "SlugConverter": "visits", "StringConverter": "x"}


@dataclass(frozen=True)
class Route:
    """A URL pattern: its text with converters, their names and kinds, and the view behind it."""

    text: str
    converters: tuple[tuple[str, str], ...]
    view: Any

    @property
    def is_api(self) -> bool:
        return self.text.startswith("api/v1/")

    @property
    def room(self) -> str:
        """The first part of the path that names a room."""
        return self.text.removeprefix("api/v1/").partition("/")[0]

    def filled(self, code: UUID) -> str:
        path = self.text
        for name, kind in self.converters:
            path = re.sub(rf"<(?:\w+:)?{name}>", SAMPLES.get(kind, "x") or str(code), path)
        return "/" + path


def routes_of(urlconf: str) -> list[Route]:
    """All routes of a URL configuration, libraries' own included. Fails for one that it cannot walk."""

    def walk(resolver: URLResolver, prefix: str, before: tuple[tuple[str, str], ...]) -> Iterator[Route]:
        for pattern in resolver.url_patterns:
            assert isinstance(pattern.pattern, RoutePattern), f"{pattern.pattern} cannot be walked"
            here = before + tuple((name, type(one).__name__) for name, one in pattern.pattern.converters.items())
            text = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, text, here)
            elif isinstance(pattern, URLPattern):
                yield Route(text, here, pattern.callback)

    return [route for route in walk(get_resolver(urlconf), "", ()) if not LEFT_OUT.search(route.text)]


def routes(tenant: TenantContext) -> list[Route]:
    return routes_of(tenant_urlconf(tenant.family, tenant.verticals))


def words_of(slug: str) -> tuple[str, ...]:
    """Words that nobody outside of this house may read."""
    return (HOUSES[slug].canary, HOUSES[slug].name)


def plant(tenant: TenantContext, *, word: str = "", site_slug: str = "") -> dict[str, UUID]:
    """Put a word into rows of every room that the tenant has; the code of one row of each kind, by model label.

    The canary of the house by default, into its people's names too. A room whose rules refuse the row (a house without
    chairs has no bookings) goes without.
    """
    own = not word
    word = word or HOUSES[tenant.slug].canary
    with activate(tenant):
        site = Site.objects.filter(**({"slug": site_slug} if site_slug else {})).first()
        if tenant.family == "headquarters":
            open_calendar(by=BY, label=word)
            publish_rules(by=BY, title=word, rules=[{"key": "override_minutes", "value": 10}])
        elif own:
            # What headquarters published belongs to the whole house: between its sites it is no secret.
            _plant_publication(word)
        if own:
            for user in User.objects.all():
                user.display_name = f"{user.display_name}{word}"[:80]
                user.save(update_fields=["display_name"])
        if site is not None:
            _plant_at(site, word, name=f"{word}甲" if own else "路人甲", own=own)
        codes: dict[str, UUID] = {}
        tables = set(connection.introspection.table_names())
        for model in apps.get_models():
            if model._meta.db_table in tables and any(one.name == "code" for one in model._meta.fields):
                rows = model._base_manager.order_by("-pk")
                if not own and any(one.name == "site" for one in model._meta.fields):
                    rows = rows.filter(site=site)
                if (row := rows.first()) is not None and isinstance(row.code, UUID):
                    codes[model._meta.label_lower] = row.code
        return codes


def _plant_publication(word: str) -> None:
    """A publication as it arrives from headquarters."""
    now = clock.now()
    rules = [{"key": "override_minutes", "value": 10, "locked": False, "withdrawn": False}]
    said = {
        "publication": str(uuid7()), "title": word, "rules": rules, "effective_from": now.isoformat(),
        "published_at": now.isoformat(),
    }  # fmt: skip
    with transaction.atomic():
        take_in_publication(
            Event(
                code=uuid7(), type="headquarters.rules_published", key="walk", payload=said, occurred_at=now, request_id="",
                source=uuid7(),
            )
        )  # fmt: skip


def _plant_at(site: Site, word: str, *, name: str, own: bool) -> None:
    colleague = StaffMember.objects.filter(user__isnull=False, sites=site).first()
    if colleague is not None:
        _plant_dispatch_slip(site, colleague, word)
    with suppress(DomainError):
        _plant_stock(site, word, own=own)
    patient = register_patient(
        by=BY, site=site, name=name, sex="female", stated_age=40, phone="13911113333", address=f"{name}路 1 号",
        occupation=name, confirmed_new=True,
    )  # fmt: skip
    open_task(
        by=BY, kind="walk.look", key=word, room="tasks", title=word, detail=word, site=site,
        due_at=clock.now() + timedelta(hours=1), roles=list(Role.objects.values_list("slug", flat=True)),
    )  # fmt: skip
    with suppress(DomainError):
        log_call(
            by=BY, site=site, direction="in", purpose="consultation", outcome="will_call_back", caller_name=name,
            phone="13911115555", summary=word, reachable=word,
        )  # fmt: skip
        log_call(
            by=BY, site=site, direction="in", purpose="find_person", outcome="message", caller_name=name,
            caller_sex="female", phone="13911115555", summary=word, recipient=colleague,
        )  # fmt: skip
    with suppress(DomainError):
        plan_days(clock.today())
        register_item(by=BY, site=site, direction="in", kind="goods", what=word, party=name, receiver=name, remark=word)
        log_broadcast(by=BY, site=site, kind="notice", text=word, requested_by=name)
        report_incident(by=BY, site=site, place=word, words=word, persons=name)
        raise_ticket(by=BY, site=site, words=word)
        if colleague is not None:
            register_visitor(by=BY, site=site, name=name, purpose=word, host=colleague, company=word)
        day = SiteDay.objects.filter(site=site).first()
        if day is not None:
            begin_hand_over(by=BY, site=site, day=day)
    if colleague is not None:
        with suppress(DomainError):
            register_device(by=BY, site=site, kind="medium", label=word, serial=word[:60], holder=colleague,
                            encryption="encrypted")  # fmt: skip
            if own:
                # What the house publishes for a role is read at all of its sites: between them it is no secret.
                publish_document(by=BY, title=word, kind="secret", text=word, audience=["front_desk"])
    with suppress(DomainError):
        _plant_sterilisation(site, word)
        _plant_equipment(site, word)
    hospital = Hospital.objects.first()
    if hospital is not None:
        with suppress(DomainError):
            take_enquiry(
                by=BY, site=site, patient=patient, customer_name=name, customer_phone="13911114444", hospital=hospital,
                item=Item.objects.filter(vertical="escort").order_by("id").first(), pickup_place=word,
                starts_at=clock.now() + timedelta(days=2), ends_at=clock.now() + timedelta(days=2, hours=4), needs=word,
            )  # fmt: skip
    _plant_consultations(site, word, name=name, own=own)
    _plant_complaints(site, patient, colleague, word, name=name)
    with suppress(DomainError):
        declare_window(by=BY, site=site, since=clock.now() - timedelta(hours=1), until=clock.now(), reason=word)
        issue_block(by=BY, site=site, size=1)
        keep_at_desk(by=BY, site=site, desk=register_desk(by=BY, name=word, site_code=site.code)[0])
    doctor = StaffMember.objects.filter(is_doctor=True, sites=site).first()
    if doctor is None:
        return
    item = Item.objects.order_by("id").first()
    if item is None:
        return
    with suppress(DomainError):
        visit = check_in(by=BY, site=site, patient=patient, doctor=doctor, complaint=word)
        report_change(by=BY, site=site, visit=visit, words=word)
        raise_priority(by=BY, visit=visit, reason="ill", condition=word)
        sheet = start_sheet(by=BY, site=site, visit=visit)
        # What is special about a patient is told at every site that treats them.
        mark_special(by=BY, sheet=sheet, words=word if own else "…")
        refuse_companion(by=BY, visit=visit, name=word, relation="mother", refusal="second", words=word)
        report_concern(by=BY, site=site, kind="other", words=word, visit=visit)
        note_patrol(by=BY, site=site, needs=word)
        _plant_guest_care(site, visit, doctor, word)
    with suppress(DomainError):
        tomorrow = (clock.local(clock.now(), site.timezone) + timedelta(days=1)).replace(hour=15, minute=0)
        book_appointment(
            by=BY, site=site, patient=patient, doctor=doctor, starts_at=tomorrow, units=1, complaint=word, note=word
        )
    _plant_arrangement(site, patient, doctor, word)
    _plant_beside_bookings(site, patient, doctor, word)
    _plant_vip(site, doctor, word, own=own)
    _plant_prepaid(site, patient, doctor, item, word, own=own)
    # A chart belongs to the patient, who may be treated at every site of the tenant: between sites it is no secret.
    charted = word if own else "…"
    with suppress(DomainError):
        record_treatment(by=BY, site=site, patient=patient, doctor=doctor, item=item, note=charted)
        add_note(by=BY, site=site, patient=patient, author=doctor, text=charted)
    with suppress(DomainError):
        request_release(by=BY, site=site, patient=patient, kind="original", reason=word)
        log_print(by=BY, site=site, patient=patient, act="look_up", requester=word, purpose="treatment")
        disclose(by=BY, site=site, patient=patient, recipient=word, what=word, reason="emergency", words=word)
    signer = actor_for_user(doctor.user) if doctor.user else BY
    with suppress(DomainError):
        slip = issue_slip(
            by=signer, site=site, patient=patient, doctor=doctor, lines=[SlipLine(item=item, remark=word)]
        )
        issue_slip(by=signer, site=site, patient=patient, doctor=doctor, lines=[SlipLine(item=item, remark=word)])
        receipt = charge(by=BY, site=site, slip=slip, handed_over=[HandedOver(tender="cash", fen=item_total(slip))])
        _plant_money_back(site, patient, doctor, signer, receipt, word, charted)
    with suppress(DomainError):
        _plant_till_day(site, doctor, word)
    _plant_lines_of_business(site, patient, doctor, word)


def _plant_stock(site: Site, word: str, *, own: bool) -> None:
    """Stock of a site with every paper of the month; what things are called belongs to the whole tenant."""
    today = clock.today(site.timezone)
    item = supply.ensure_item(
        by=BY, key="walk" if own else "walk-beside", name_zh=word if own else "…", unit="支", kind="material"
    )
    wanted = [supply.Wanted(item=item, quantity=1)]
    supply.plan_order(by=BY, site=site, lines=wanted, supplier=word, reason=word)
    supply.receive(by=BY, site=site, delivered=[supply.Delivered(item=item, quantity=5, lot=word[:40], price_fen=100)])
    slip = supply.request_stock(by=replace(BY, name=word), site=site, place="cashier", lines=wanted)
    supply.issue(by=BY, site=site, requisition=slip)
    supply.sign_for(by=BY, site=site, requisition=slip)
    lot = slip.issued_lots.get().lot
    counting.plan_count(by=BY, site=site, month=today)
    check = expiry.open_check(by=BY, site=site, day=today)
    if check is not None:
        expiry.confirm_lot(by=replace(BY, name=word), site=site, check=check, lot=lot.code)
    expiry.apply_for_scrap(by=BY, site=site, lot=lot, place="store", quantity=1, reason=word)
    pack = packs.open_pack(by=BY, site=site, month=today)
    packs.write_table(
        by=BY, site=site, pack=pack, kind="budget", lines=[packs.Line(item=word, quantity=1, price_fen=1, on=today)]
    )
    kit.check_kit(by=BY, site=site, remark=word)


def _plant_sterilisation(site: Site, word: str) -> None:
    """A load that failed, with its pack; out of use afterwards, so that it keeps nobody from a chair."""
    machine = sterilisation.register_steriliser(by=BY, site=site, number=word[:20], name=word, method="steam")
    held = sterilisation.register_set(by=BY, site=site, number=word[:20], name=word, packaging="pouch", contents=word)
    load = sterilisation.load_steriliser(by=BY, site=site, steriliser=machine, programme=word, sets=[held])
    sterilisation.start_load(by=BY, site=site, load=load)
    sterilisation.finish_load(by=BY, site=site, load=load, physical=True, chemical=False)
    sterilisation.set_in_use(by=BY, row=machine, in_use=False)


def _plant_equipment(site: Site, word: str) -> None:
    """A device with a fault, and a report that it was damaged."""
    kind = DeviceType.objects.get(key="x-ray")
    device = equipment.register_device(by=BY, site=site, type=kind, number=word[:20], name=word, serial=word)
    equipment.report_fault(by=BY, site=site, device=device, words=word)
    report_damage(
        by=BY, site=site, kind="damaged", instrument=word, event=word, happened_on=clock.today(site.timezone), person=word,
        device=device,
    )  # fmt: skip


def _plant_dispatch_slip(site: Site, colleague: StaffMember, word: str) -> None:
    """The head nurse lets a colleague be treated; the word is the name of who signed."""
    item = Item.objects.filter(prices__isnull=False).order_by("id").first()
    with suppress(DomainError):
        own = register_patient(
            by=BY, site=site, name=colleague.name, sex="female", stated_age=40, phone="13911116666", confirmed_new=True
        )
        if item is not None:
            issue_dispatch_slip(
                by=replace(BY, name=word), site=site, staff=colleague, patient=own, item=item, fee_fen=0
            )


def _plant_vip(site: Site, custodian: StaffMember, word: str, *, own: bool) -> None:
    """A blank of this site that waits for its signature, with a holder who has no file; and what belongs to the tenant."""
    with suppress(DomainError):
        serial = f"V-{site.pk:04d}"
        card = register_cards(by=BY, site=site, first=serial, last="", custodian=custodian)[0]
        propose_card(by=BY, site=site, card=card, holder_name=word, reason="potential", words=word)
    if own:
        # Partners and measures belong to the whole tenant: between its sites they are no secret.
        day = clock.today(site.timezone)
        package = set_package(by=BY, partner=word, name_zh=word, starts_on=day)
        set_measure(by=BY, name_zh=word, starts_on=day)
        with suppress(DomainError):
            enter_voucher(by=BY, package=package, number=word, holder_name=word, phone_last_four="4417")


def _plant_prepaid(site: Site, patient: Patient, doctor: StaffMember, item: Item, word: str, *, own: bool) -> None:
    """Packages of a patient: one that is shared, used and lasts longer, one that went to somebody else, one that ends."""
    clerk = replace(BY, name=word)
    with suppress(DomainError):
        # What is offered belongs to the whole tenant: between its sites it is no secret.
        offer = prepaid.offer_package(
            by=BY, key=f"walk-package-{site.pk}", name_zh=word if own else "…", price_fen=10_000, gives=item, sessions=5,
            valid_days=100,
        )  # fmt: skip
        other = register_patient(
            by=BY,
            site=site,
            name=f"{patient.name}亲",
            sex="female",
            stated_age=40,
            phone="13911119999",
            confirmed_new=True,
        )
        for number in range(3):
            sell_goods(
                by=clerk, site=site, patient=patient, goods=[SlipLine(item=offer.item)],
                handed_over=[HandedOver(tender="cash", fen=10_000)],
            )  # fmt: skip
            holding = Holding.objects.filter(patient=patient).order_by("-pk").first()
            if holding is None or holding.valid_until is None:
                return
            if number == 0:
                ask_refund_of_prepaid(
                    by=actor_for_user(doctor.user) if doctor.user else BY, site=site, holding=holding, doctor=doctor,
                    cause="house", reason=word, signer_name=patient.name,
                )  # fmt: skip
            elif number == 1:
                prepaid.transfer(
                    by=clerk, site=site, holding=holding, taker=other, giver_name=patient.name, taker_name=other.name
                )
            else:
                lasting.extend(
                    by=clerk, site=site, holding=holding, until=holding.valid_until + timedelta(days=9), reason=word
                )
                prepaid.share(by=clerk, site=site, holding=holding, patient=other, signer_name=patient.name)
                visit = Visit.objects.filter(patient=patient, site=site).first()
                if visit is not None:
                    prepaid.redeem(by=clerk, site=site, holding=holding, visit=visit, signer_name=patient.name)


def _plant_complaints(site: Site, patient: Patient, colleague: StaffMember | None, word: str, *, name: str) -> None:
    """Feedback; a complaint that nobody has yet; one with evidence, a remedy and an answer, all in these words."""
    speaker = Speaker(name=name, phone="13911119999")
    collect_feedback(by=BY, site=site, kind="opinion", channel="box", words=word, speaker=speaker)
    facts = {
        "by": BY, "site": site, "channel": "desk", "category": "treatment", "matter": word, "treatment": word,
        "promised": True,
    }  # fmt: skip
    receive_complaint(**facts, speaker=speaker)
    case = receive_complaint(**facts, speaker=Speaker(patient=patient), severity="serious")
    if colleague is None:
        return
    with suppress(DomainError):
        case = complaint_cases.assign(by=BY, complaint=case, handler=colleague)
        other = StaffMember.objects.filter(user__isnull=False, sites=site).exclude(pk=colleague.pk).first()
        if other is not None:
            complaint_cases.set_team(by=BY, complaint=case, lead=colleague, members=[other])
        complaint_cases.begin(by=BY, complaint=case)
        complaint_cases.collect(by=BY, complaint=case, kind="service", words=word)
        complaint_cases.keep_principle(by=BY, complaint=case, key="mood", words=word)
        complaint_cases.determine(by=BY, complaint=case, cause=word, opinion=word, department="desk")
        complaint_remedies.offer(by=BY, complaint=case, kind="explanation", words=word)
        complaint_remedies.authorise(by=BY, complaint=case)
        complaint_results.reply(by=BY, complaint=case, words=word)


def _plant_consultations(site: Site, word: str, *, name: str, own: bool) -> None:
    """Two customers with a consultant: one waits; of one everything is noted, a doctor asked, something passed on."""
    holder = StaffMember.objects.filter(user__isnull=False, sites=site).first()
    doctor = StaffMember.objects.filter(user__isnull=False, sites=site, is_doctor=True).first()
    if own:
        # What is told to everybody belongs to the whole tenant: between its sites it is no secret.
        add_question(by=BY, question_zh=word, answer_zh=word)
    if holder is None:
        return
    facts = {"by": BY, "site": site, "channel": "phone", "need": word}
    open_consultation(**facts, customer_name=name, phone="13911117777")
    row = open_consultation(**facts, customer_name=name, phone="13911118888")
    row = CONSULTATION.move(row, "talking", by=BY, consultant=holder)
    asked = note_question(by=BY, consultation=row, text=word)
    pass_on(by=BY, consultation=row, kind="problem", department="management", matter=word)
    item = Item.objects.filter(prices__isnull=False).order_by("id").first()
    with suppress(DomainError):
        recommend(
            by=BY, consultation=row, item=item, content=word, risks=word, precautions=word,
        )  # fmt: skip
    if doctor is not None:
        ask_doctor(by=BY, consultation=row, doctor=doctor, mode="remote", question=asked)


def _plant_arrangement(site: Site, patient: Patient, doctor: StaffMember, word: str) -> None:
    """A visit booked for today that somebody had to arrange; the word is the name of who arranged it and told the doctor."""
    late = clock.local(clock.now(), site.timezone).replace(hour=16, minute=0)
    with suppress(DomainError):
        row = book_appointment(
            by=BY, site=site, patient=patient, doctor=doctor, starts_at=late, units=1, complaint=word, note=word
        )
        plan = ask_duty_doctor(by=BY, appointment=row)
        arrange(by=replace(BY, name=word), arrangement=plan)
        note_told(by=replace(BY, name=word), arrangement=plan)


def _plant_beside_bookings(site: Site, patient: Patient, doctor: StaffMember, word: str) -> None:
    other = StaffMember.objects.filter(is_doctor=True, sites=site).exclude(pk=doctor.pk).first()
    with suppress(DomainError):
        request_consultation(
            by=BY,
            site=site,
            patient=patient,
            doctor=doctor,
            question=word,
            partner=word,
            partner_doctor=word,
            consent=True,
        )
    with suppress(DomainError):
        write_card(by=BY, site=site, patient=patient, doctor=doctor)
        note_unplanned(by=BY, site=site, patient=patient, purpose=word)
    if other is not None:
        with suppress(DomainError):
            register_referral(by=BY, site=site, patient=patient, from_doctor=doctor, to_doctor=other, question=word)
    with suppress(DomainError):
        order_calls(
            by=BY, site=site, occasion=word, patients=[patient], due_on=clock.today(site.timezone) + timedelta(days=1)
        )
    with suppress(DomainError):
        starts = (clock.local(clock.now(), site.timezone) + timedelta(days=40)).replace(hour=9, minute=0)
        plan_session(
            by=BY, site=site, expert=doctor, chair=None, starts_at=starts, ends_at=starts + timedelta(hours=3),
            kind="visiting", capacity=3,
        )  # fmt: skip
    with suppress(DomainError):
        relative = register_relative(
            by=BY, site=site, patient=patient, kind="sibling", shares_phone=True, name=f"{patient.name}乙", sex="male",
            stated_age=41,
        )  # fmt: skip
        # Files belong to the whole tenant: between its sites it is no secret what was said of two of them.
        distinguish_patients(by=BY, one=patient, other=relative, reason="…")
        wanted = [Wanted(patient, 1), Wanted(relative, 1)]
        common = next(Search(site, wanted, "in_a_row", after=clock.now() + timedelta(days=1)).all(), None)
        if common is not None:
            book_group(by=BY, site=site, wanted=wanted, starts_at=common.starts_at, arrangement="in_a_row", name=word,
                       contact=patient)  # fmt: skip
            # Nobody says in a group what each comes for; the newest booking still has to hold the word.
            for visit in Appointment.objects.filter(site=site, patient__in=[patient, relative], group__isnull=False):
                visit.complaint = word
                visit.save(update_fields=["complaint"])
    upload(
        by=BY, site=site, content=workbook({"患者": [["A1", word, "女", None, 40, "13900000009"]]}), name=f"{word}.xlsx"
    )
    booking = Appointment.objects.filter(site=site, patient=patient).first()
    if booking is not None:
        with suppress(DomainError):
            send_link(by=BY, appointment=booking)


def _plant_guest_care(site: Site, visit: Visit, doctor: StaffMember, word: str) -> None:
    here = {"by": BY, "site": site, "visit": visit}
    wishes.deposit_luggage(**here, tag="A1", description=word, owner=word)
    wishes.take_opinion(**here, speaker="family", words=word, speaker_name=word)
    wishes.take_request(**here, kind="other", words=word)
    wishes.ask_doctor(**here, doctor=doctor, question=word)
    wishes.note_observation(by=BY, visit=visit, words=word)
    wishes.set_reminder(by=BY, visit=visit, kind="injection", words=word)
    enquiries.log_price_enquiry(**here, question=word, outcome="exam")
    enquiries.log_advice(by=BY, site=site, question=word, answer=word, name=word)
    enquiries.record_reception(**here, name=word, age=40, contact=word, need=word)
    guest_care.pass_guest(by=BY, visit=visit, from_post="lobby", to_post="desk", note=word)
    guest_care.introduce(by=BY, visit=visit, purpose=word, nurse=doctor, precautions=word)
    queue.give_ticket(by=BY, visit=visit)
    queue.report_fault(by=BY, site=site, words=word)


def _plant_money_back(
    site: Site, patient: Patient, doctor: StaffMember, signer: Actor, receipt: Receipt, word: str, charted: str
) -> None:
    """An entry in the correction book, and a refund that was paid, signed for and sealed; its reason stands in the chart."""
    lines = [row.line for row in receipt.lines.select_related("line")]
    refund = request_refund(
        by=signer, site=site, patient=patient, doctor=doctor, reason=charted * 2,
        wanted=[Refunded(line=line.code, amount_fen=1, changed_to=word) for line in lines],
    )  # fmt: skip
    give_opinion(by=BY, site=site, refund=refund, approve=True, opinion=word)
    shown = Shown(payee="patient", name=patient.name, phone_last_four=patient.phone[-4:])
    pay_refund(by=BY, site=site, refund=refund, shown=shown)
    sign_as_payee(by=BY, site=site, refund=refund, signer_name=patient.name)
    seal_refund(by=BY, site=site, refund=refund)
    slip = issue_slip(by=signer, site=site, patient=patient, doctor=doctor, lines=[SlipLine(item=lines[0].item)])
    wrong = charge(by=BY, site=site, slip=slip, handed_over=[HandedOver(tender="cash", fen=item_total(slip))])
    _plant_wallets(site, slip, refund, word)
    write_entry(
        by=BY, site=site, receipt=wrong, kind="tender", cause=word, wrong=word, right=word,
        payments=[HandedOver(tender="alipay", fen=wrong.received_fen, reference=word)],
    )  # fmt: skip


def _plant_till_day(site: Site, colleague: StaffMember, word: str) -> None:
    """The till of today with a slip of the bank, an expense that somebody asks for, and who may sit there."""
    today = open_till(by=replace(BY, name=word), site=site, float_fen=50_000)
    enter_deposit(
        by=BY, site=site, day=today, number=word, amount_fen=100, deposited_at=clock.now(), bank=word
    )  # fmt: skip
    ask_for_cash(by=replace(BY, name=word), site=site, amount_fen=100, reason=word)
    admit(by=BY, site=site, staff=colleague, guarantor=word, document=word, guaranteed_on=clock.today(site.timezone))
    DifferenceCase.objects.create(
        day=today, site=site, amount_fen=-100, by_tender={"cash": -100}, opened_at=clock.now(), investigation=word
    )
    Leave.objects.create(site=site, staff=colleague, reason=word, asked_at=clock.now(), decided_by_name=word)


def _plant_wallets(site: Site, slip: ChargeSlip, refund: Refund, word: str) -> None:
    """A wallet payment that came to nothing, money on its way back, and a bill that knows a payment the house does not."""
    attempt = PaymentAttempt.objects.create(
        site=site, slip=slip, tender="alipay", merchant=word, amount_fen=1, state="failed", by_name=word,
        started_at=clock.now(), error=word,
    )  # fmt: skip
    GiveBack.objects.create(
        attempt=attempt, payout=refund.payouts.get(), site=site, amount_fen=1, started_at=clock.now(), error=word
    )
    stray = BillLine(what="pay", number=word, tender="alipay", amount_fen=100, fee_fen=1)
    match_bill(by=BY, site=site, day=clock.today() - timedelta(days=1), lines=[stray])


def item_total(slip: ChargeSlip) -> int:
    """What a slip comes to, in fen."""
    return sum(slip.lines.values_list("amount_fen", flat=True))


def _plant_lines_of_business(site: Site, patient: Patient, doctor: StaffMember, word: str) -> None:
    """Rows of the verticals. All tables stand in every schema; a line that is off has no starter rows to build on."""
    with suppress(DomainError):
        classify(by=BY, site=site, patient=patient, doctor=doctor, illness=word, illness_class="A")
    template = ProcedureTemplate.objects.first()
    with suppress(DomainError):
        if template is not None:
            record_procedure(by=BY, site=site, patient=patient, doctor=doctor, template=template)


def signed_in(tenant: TenantContext, *, site_slug: str = "") -> Client:
    """Somebody who holds every role of the tenant (at one site, or everywhere), signed in."""
    with activate(tenant):
        user = create_user(by=BY, username="walker", display_name="Walker", password="a long walk home 1")
        site = Site.objects.get(slug=site_slug).code if site_slug else None
        for role in Role.objects.all():
            assign_role(by=BY, user=user, role=role, site=site)
        enrol_second_factor(by=BY, user=user, secret=SECRET)
        client = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}", raise_request_exception=False)
        client.force_login(User.objects.get(pk=user.pk))
        session = client.session
        session[SECOND_FACTOR] = str(user.code)
        session.save()
    return client


def leaks(response: Any, foreign: Sequence[str]) -> list[str]:
    """Foreign words in body or headers."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    said = body.decode("utf-8", "replace") + json.dumps(
        {name: str(value) for name, value in response.headers.items()}, ensure_ascii=False
    )
    # JSON may write a word in escapes; a word in a PDF or a picture is not looked for.
    return [word for word in foreign if word in said or json.dumps(word)[1:-1] in said]


def sample(one: serializers.Field[Any, Any, Any, Any], name: str, codes: dict[str, UUID]) -> Any:
    """Something that a field accepts; a code where it asks for one."""
    if isinstance(one, serializers.UUIDField):
        return str(next((code for label, code in codes.items() if label.endswith("." + name)), code_for(name, codes)))
    if isinstance(one, serializers.ChoiceField):
        return next(iter(one.choices), "x")
    if isinstance(one, serializers.BooleanField):
        return True
    if isinstance(one, (serializers.IntegerField, serializers.FloatField)):
        return one.min_value or 1
    if isinstance(one, serializers.DateTimeField):
        return (clock.now() + timedelta(days=1)).isoformat()
    if isinstance(one, serializers.DateField):
        return clock.today().isoformat()
    if isinstance(one, serializers.ListSerializer):
        return [sample(one.child, name, codes)]
    if isinstance(one, serializers.ListField):
        return [sample(one.child, name, codes)]
    if isinstance(one, serializers.Serializer):
        return {key: sample(inner, key, codes) for key, inner in one.fields.items()}
    return "x"


def code_for(name: str, codes: dict[str, UUID]) -> UUID:
    """The row that a field of this name most likely means."""
    known = {"doctor": "staff.staffmember", "assistant": "staff.staffmember", "visit": "reception.visit"}
    return codes.get(known.get(name, ""), codes.get("patients.patient", next(iter(codes.values()))))


def likeness(route: Route, label: str) -> int:
    """How likely a route asks for a row of this model: by the word before the code, then by its room."""
    room, _dot, kind = label.partition(".")
    before = re.findall(r"([\w-]+)/<", route.text)
    return (
        4 * any(word in kind for part in before if part != route.room for word in singulars(part))
        + 2 * any(word in kind for word in singulars(route.room))
        + (room == route.room)
    )


def singulars(part: str) -> list[str]:
    """A word of a path as a model may have it in its name; short ones would be found in everything."""
    words = (part.replace("-", "").replace("_", ""), part.removesuffix("s"), part.removesuffix("es"))
    return [word for word in words if len(word) > 2]


@dataclass
class Walk:
    """Calls with foreign codes, and what came back of it."""

    client: Client
    codes: dict[str, UUID]
    foreign: tuple[str, ...]
    asked: int = 0
    found: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def ask(self, route: Route) -> None:
        """Read the route and write to it, with the codes that its room keeps and that of a patient."""
        for code in self._codes(route):
            path = route.filled(code)
            self._get(path)
            if route.is_api:
                self._api(route, path)
        path = route.filled(self._codes(route)[0])
        if not route.is_api:
            self._note("post", path, self.client.post(path, {}))
            if "/search/" in f"/{route.text}":
                for text in ("13911113333", "3333", "甲"):
                    self._note("get", f"{path}?q={text}", self.client.get(path, {"q": text}))

    def _codes(self, route: Route) -> list[UUID]:
        if not route.converters:
            return [next(iter(self.codes.values()))]
        ranked = sorted(self.codes, key=lambda label: -likeness(route, label))
        likely = [self.codes[label] for label in ranked if likeness(route, label)][:3]
        patient = [self.codes["patients.patient"]] if "patients.patient" in self.codes else []
        return list(dict.fromkeys([*likely, *patient])) or [next(iter(self.codes.values()))]

    def _get(self, path: str) -> None:
        self._note("get", path, self.client.get(path))

    def _api(self, route: Route, path: str) -> None:
        view = route.view.cls
        if view.filters is not None:
            asked = {
                one.name: str(code_for(one.name, self.codes))
                for one in view.filters.parameters
                if isinstance(one, Code)
            }
            if asked:
                self._note("get", f"{path}?…", self.client.get(path, asked))
        for method in view.permissions:
            if method in {"GET", "HEAD", "OPTIONS"}:
                continue
            known = view.inputs.get(method)
            body = {name: sample(one, name, self.codes) for name, one in known().fields.items()} if known else {}
            answer = getattr(self.client, method.lower())(
                path, json.dumps(body), content_type="application/json", headers={"If-Match": '"0-1"'}
            )
            self._note(method.lower(), path, answer)

    def _note(self, method: str, path: str, response: Any) -> None:
        self.asked += 1
        if seen := leaks(response, self.foreign):
            self.found.append(f"{method} {path}: {seen}")
        if response.status_code >= 500:
            self.broken.append(f"{method} {path}: {response.status_code}")
