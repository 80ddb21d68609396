"""``make screens``: a picture of every main screen, per role, in both languages and both widths, on a populated product.

Each screen is looked at as well: axe finds nothing, nothing runs over the edge of a phone, the browser does not complain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from config.launcher.testbed import Testbed
from tests.browser.hands import behind, clock_shows, complaints, fits, violations
from tests.harness.product import LiveProduct, start_product, stop_product

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.screens

MORNING = "2026-12-07T10:20:00+08:00"
WIDTHS = {1440: 900, 375: 812}
LANGUAGES = {"zh-Hans": "zh-hans", "en": "en"}

# A morning at the center, a waiting room at the others, orders in every state at the agency. Prints the codes by name.
POPULATED = r"""
import json
from datetime import timedelta
from django.db import transaction
from kernel import clock
from kernel.ids import uuid7
from services.cashier.actions import SlipLine, charge, issue_slip
from services.cashier.taking import HandedOver
from services.catalogue.models import Item
from services.kpis.actions import measure
from services.patients.actions import register_patient
from services.reception import actions
from services.sites.models import Site
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import booked, center, chair, patient, walked_in
codes = {}

# smile
for name, at, doctor in (("邵晴", "10:30", "011"), ("顾盼", "10:30", "020"), ("乔安", "14:00", "014"), ("梁博", "15:00", "005")):
    row = booked(patient(name), f"2026-12-07 {at}", doctor=doctor, assistant=staff("201") if doctor == "011" else None)
codes["appointment"] = row.code
inside = walked_in(patient("韩博", alert="青霉素过敏"))
actions.lead_in(by=person("su.qi"), visit=inside, chair=chair("1"))
codes["patient"] = inside.patient.code
codes["visit"] = walked_in(patient("陈雨"), doctor="020").code
from dental.actions import record_tooth_treatment
for tooth, key in ((36, "dental-filling"), (11, "dental-crown")):
    record_tooth_treatment(by=person("dr.lin"), site=center(), patient=inside.patient, doctor=staff("011"),
                           item=Item.objects.get(key=key), tooth=tooth)
def slip(name, *keys):
    lines = [SlipLine(item=Item.objects.get(key=key)) for key in keys]
    return issue_slip(by=person("dr.xu"), site=center(), patient=patient(name), doctor=staff("020"), lines=lines)
paid = slip("武飞", "dental-root-canal", "dental-panoramic")
first = paid.lines.first()
codes["receipt"] = charge(by=person("fang.li"), site=center(), slip=paid, handed_over=[HandedOver(tender="cash", fen=100_000)],
                          owed={first.code: 38_000}).code
codes["slip"] = slip("阮心", "dental-scaling", "dental-filling").code
codes["slip_for"] = inside.patient.code
with transaction.atomic():
    measure(center(), clock.today(center().timezone))
codes["site"] = center().code

# smile: what is kept about a file, on paper, beside the board and at the laboratory
import re
from datetime import date
from kernel.messaging.models import Message
from services.appointments.actions import write_card
from services.appointments import blocks, groups, links, referrals, remote, sessions, specialists, today
from services.appointments.group_slots import Wanted
from services.appointments.models import Appointment
from services.charts import actions as paper
from services.consents.actions import disclose, take_consent
from services.consents.models import TemplateVersion
from services.followup.models import FollowUp
from services.patients.exporting import ask_export
from services.patients.families import register_relative
from services.patients.restriction import restrict_file
from services.records.actions import add_note
from services.records.models import EntryReview
from dental import health, lab, preparation
from dental.actions import note_finding
DESK, DOCTOR, place = person("bai.lan"), person("dr.lin"), center()
mother = patient("欧阳晓雯", phone="13912345678", alert="青霉素过敏")
child = register_relative(by=DESK, site=place, patient=mother, kind="child", name="周子墨", sex="male", stated_age=8,
                          shares_phone=True, pays=True, is_guardian=True, confirmed_new=True)
patient("欧阳晓雯", phone="13987654321", stated_age=30)
codes["mother"], codes["child"] = mother.code, child.code
closed = patient("卫青")
restrict_file(by=person("dou.heng"), patient=closed, reason="家属投诉期间，仅限院长查阅", until=clock.now() + timedelta(days=14))
codes["closed"] = closed.code
ask_export(by=DESK, patient=mother, purpose="patient")
forms = {one.template.key: one for one in TemplateVersion.objects.select_related("template")}
signed = [take_consent(by=DESK, site=place, patient=mother, version_signed=forms[key], signer="patient", identity_checked=True)
          for key in ("treatment", "disclosure")]
disclose(by=person("shen.ke"), site=place, patient=mother, recipient="市口腔医院修复科", what="全景片与治疗计划", reason="consent",
         consent=signed[1])
paper.pull_chart(by=DESK, site=place, appointment=Appointment.objects.order_by("starts_at").first())
paper.count_blanks(by=DESK, site=place, count=14)
codes["transcription"] = paper.transcribe(by=DESK, site=place, patient=mother, written_on=date(2019, 5, 6),
                                          text="46 深龋，去腐备洞，充填。").code
paper.request_release(by=DESK, site=place, patient=mother, kind="original", reason="法院调取")
paper.log_print(by=DESK, site=place, patient=mother, act="print", requester="患者本人", purpose="patient", pages=3)
at = lambda days, hour: clock.at_local(clock.today(place.timezone) + timedelta(days=days), __import__("datetime").time(hour), place.timezone)
blocks.block_time(by=person("gao.wen"), site=place, starts_at=at(2, 16), ends_at=at(2, 17), reason="科室会议", staff=staff("011"))
together = groups.book_group(by=DESK, site=place, starts_at=at(2, 10), contact=mother, wanted=[
    Wanted(patient=mother, doctor=staff("011"), units=2), Wanted(patient=child, doctor=staff("020"), units=2)])
codes["group"] = together.code
links.send_link(by=DESK, appointment=booked(patient("樊星"), "2026-12-09 15:00", doctor="014"))
codes["answer"] = re.search(r"/appointments/answer/\S+/", Message.objects.filter(template="booking_link").latest("pk").body)[0]
write_card(by=DOCTOR, site=place, patient=inside.patient, doctor=staff("011"), units=2, item=Item.objects.get(key="dental-filling"))
codes["unplanned"] = today.note_unplanned(by=DESK, site=place, patient=inside.patient, purpose="充填物脱落").code
codes["referral"] = referrals.register_referral(by=DESK, site=place, patient=mother, from_doctor=staff("011"),
                                                to_doctor=staff("023"), question="是否需要先拍侧位片？").code
sessions.plan_session(by=person("gao.wen"), site=place, expert=staff("023"), chair=None, starts_at=at(2, 18), ends_at=at(2, 20),
                      kind="visiting", capacity=8)
codes["consultation"] = remote.request_consultation(by=DOCTOR, site=place, patient=mother, doctor=staff("011"),
                                                    colleague=staff("031"), question="是否适合即刻种植？", consent=True).code
codes["case"] = specialists.note_busy_specialist(by=DESK, site=place, patient=mother, specialist=staff("023"), purpose="正畸咨询",
                                                 informed=True, estimated_minutes=40, opinion="wait").code
model = lab.order_model(by=DOCTOR, site=place, patient=mother, doctor=staff("011"), work="crown",
                        impression_on=clock.today(place.timezone), teeth=[36])
lab.send_model(by=DESK, model=model, lab="精艺义齿加工所", handler="小王", due_on=clock.today(place.timezone) + timedelta(days=5))
codes["model"] = model.code
preparation.start_preparation(by=person("mo.xiao"), site=place, patient=mother, kind="implant", specialist=staff("023"))
note_finding(by=DOCTOR, site=place, patient=mother, author=staff("011"), tooth=46, kind="caries", surfaces=["O", "M"])
add_note(by=DOCTOR, site=place, patient=mother, author=staff("011"), text="46 邻面龋坏，冷诊一过性敏感，建议充填。")
health.record_questionnaire(by=DESK, site=place, patient=mother, answers={
    key: "青霉素，皮疹" if key == "allergy" else None for key in health.questions_for(mother)})
codes["review"] = EntryReview.objects.filter(site=place).latest("pk").code
from tests.services import complaining
codes["complaint"] = complaining.told().code
codes["received"] = complaining.complained(category="attitude", severity="serious", who=mother).code
codes["feedback"] = complaining.said("opinion").code

# smile: the close of the till, cards, and what the head nurse keeps
from services.equipment import actions as equipment
from services.equipment.models import DeviceType
from services.inventory import counting, expiry, packs, supply
from services.sterilisation import actions as sterilisation
from services.till_days.models import TillDay
from services.vip import actions as vip
MEI, FANG = person("mei.hua"), person("fang.li")
codes["till_day"] = TillDay.objects.get(site=place).code
codes["card"] = vip.register_cards(by=FANG, site=place, first="V-0001", last="V-0006", custodian=staff("104"))[0].code
vip.propose(by=FANG, site=place, card=vip.VipCard.objects.get(code=codes["card"]), holder_name="侯先生", reason="potential")
from services.cashier.actions import sell_goods
from services.prepaid import actions as prepaid
from services.prepaid.models import Holding
card = prepaid.offer_package(by=SYSTEM, key="screen-package", name_zh="洁牙十次卡", price_fen=100_000,
                             gives=Item.objects.get(key="dental-scaling"), sessions=10, valid_days=365)
value = prepaid.offer_stored_value(by=SYSTEM, key="screen-value", name_zh="储值一百元", price_fen=10_000)
for sold, quantity, fen in ((card, 1, 100_000), (value, 5, 50_000)):
    sell_goods(by=FANG, site=place, patient=inside.patient, goods=[SlipLine(item=sold.item, quantity=quantity)],
               handed_over=[HandedOver(tender="cash", fen=fen)])
codes["holding"] = Holding.objects.get(kind="package").code
prepaid.redeem(by=FANG, site=place, holding=Holding.objects.get(kind="package"), visit=inside, signer_name=inside.patient.name)
goods = supply.ensure_item(by=SYSTEM, key="screen-gloves", name_zh="一次性丁腈手套", unit="盒", kind="material")
lots = supply.receive(by=MEI, site=place, delivered=[
    supply.Delivered(item=goods, quantity=40, lot="G-26", price_fen=2_400, expires_on=date(2027, 1, 31))])
codes["stock_item"], codes["lot"] = goods.code, lots[0].lot.code
asked_for = supply.request_stock(by=FANG, site=place, place="cashier", lines=[supply.Wanted(item=goods, quantity=6)])
supply.sign_for(by=FANG, site=place, requisition=supply.issue(by=MEI, site=place, requisition=asked_for))
supply.set_minimum(by=MEI, site=place, item=goods, place="kit", quantity=2)
codes["requisition"] = asked_for.code
codes["count"] = counting.plan_count(by=SYSTEM, site=place, month=clock.today(place.timezone)).code
codes["expiry"] = expiry.open_check(by=MEI, site=place, day=clock.today(place.timezone)).code
codes["pack"] = packs.open_pack(by=SYSTEM, site=place, month=clock.today(place.timezone)).code
machine = sterilisation.register_steriliser(by=MEI, site=place, number="S-1", name="预真空压力蒸汽灭菌器", method="steam")
held = sterilisation.register_set(by=MEI, site=place, number="K-01", name="拔牙器械包", packaging="pouch", contents="牙钳、牙挺、刮匙")
load = sterilisation.load_steriliser(by=MEI, site=place, steriliser=machine, programme="134 °C", sets=[held])
sterilisation.finish_load(by=MEI, site=place, physical=True, chemical=True,
                          load=sterilisation.start_load(by=MEI, site=place, load=load))
sterilisation.release_load(by=person("tang.rui"), site=place, load=load)
codes["load"] = load.code
codes["device"] = equipment.register_device(by=MEI, site=place, type=DeviceType.objects.get(key="x-ray"), number="X-1",
                                            name="口腔全景机").code

def known(slug, site, name):
    return register_patient(by=SYSTEM, site=site, name=name, sex="female", stated_age=33, phone="13911110011", confirmed_new=True)

with activate(context_for(slug="derma")):
    from dermatology.actions import classify
    site = Site.objects.get(slug="main")
    who = known("derma", site, "冯雪梅")
    codes["derma_patient"] = who.code
    codes["plan"] = classify(by=person("dr.cen"), site=site, patient=who, doctor=staff("041"), illness="特应性皮炎", illness_class="B").code
with activate(context_for(slug="lumen")):
    from aesthetics.actions import record_procedure
    from aesthetics.models import ProcedureTemplate
    site = Site.objects.get(slug="lake")
    who = known("lumen", site, "徐贝拉")
    codes["lumen_patient"] = who.code
    from services.patients.reading import note_read
    note_read(person("dr.kang"), who, part="chart")
    codes["procedure"] = record_procedure(by=person("dr.kang"), site=site, patient=who, doctor=staff("051"),
                                          template=ProcedureTemplate.objects.get(key="eyelid")).code
with activate(context_for(slug="peiban")):
    from escort import actions as escort
    from escort import service
    from escort.models import Companion, Hospital
    site, manager = Site.objects.get(slug="first"), person("hao.zhi")
    ming = Companion.objects.get(staff__user__username="ming.yu")
    who = known("peiban", site, "葛老先生")
    def order(hour, upto):
        at = clock.at_local(clock.today(site.timezone), __import__("datetime").time(hour), site.timezone)
        row = escort.take_enquiry(
            by=person("kefu.an"), site=site, patient=who, customer_name="葛女士", customer_phone="13800001111",
            hospital=Hospital.objects.order_by("id").first(), item=Item.objects.get(key="escort-half-day"), pickup_place="东门",
            starts_at=at, ends_at=at + timedelta(hours=2))
        steps = (
            lambda: escort.forward_enquiry(by=manager, order=row),
            lambda: escort.draft_agreement(by=manager, order=row, price_fen=38_000),
            lambda: escort.sign_agreement(by=manager, order=row, party="customer"),
            lambda: escort.sign_agreement(by=manager, order=row, party="company"),
        )
        for step in steps[:upto]:
            step()
        row.refresh_from_db()
        return row
    order(16, 1)
    order(18, 2)
    codes["order"] = order(20, 4).code
    held = order(11, 4)
    [offer] = escort.offer_order(by=manager, order=held, companions=[ming])
    service.accept_offer(by=person("ming.yu"), offer=offer)
    codes["held"] = held.code
    escort.offer_order(by=manager, order=order(14, 4), companions=[ming])
    with transaction.atomic():
        measure(site, clock.today(site.timezone))
from tenants.billing.actions import open_account, sync_catalogue
from tenants.directory import public_schema
from tenants.models import Chain
sync_catalogue()
with public_schema():
    open_account(by=SYSTEM, chain=Chain.objects.get(name="Orchid Group"), name="Orchid Group", email="pay@example.test", profile="literal")
print(json.dumps({name: str(code) for name, code in codes.items()}))
"""

# Role: who, where, and the screens by name. Names in braces are codes of what stands above.
ROLES: dict[str, tuple[str | None, str, dict[str, str]]] = {
    "front-desk": (
        "bai.lan",
        "smile",
        {
            "board": "/reception/",
            "check-in": "/reception/check-in/",
            "visit": "/reception/visits/{visit}/",
            "day-board": "/appointments/",
            "booking": "/appointments/new/?patient={patient}",
            "appointment": "/appointments/{appointment}/",
            "patients": "/patients/",
            "patient": "/patients/{patient}/",
            "registration": "/patients/new/",
            "my-day": "/tasks/",
            "follow-up": "/followup/",
        },
    ),
    "attendant": ("su.qi", "smile", {"chairs": "/reception/chairs/"}),
    "doctor": (
        "dr.lin",
        "smile",
        {
            "my-patients": "/reception/doctor/",
            "teeth": "/dental/patients/{patient}/",
            "chart": "/records/patients/{patient}/",
            "slip": "/cashier/slips/new/?patient={patient}",
        },
    ),
    "cashier": (
        "fang.li",
        "smile",
        {
            "till": "/cashier/",
            "charge": "/cashier/slips/{slip}/",
            "receipt": "/cashier/receipts/{receipt}/",
            "arrears": "/cashier/arrears/",
            "dispatch": "/cashier/dispatch/",
            "goods": "/cashier/goods/?patient={patient}",
            "till-days": "/till-days/",
            "till-day": "/till-days/{till_day}/",
            "petty-cash": "/till-days/petty-cash/",
            "leaves": "/till-days/leaves/",
            "wallets": "/payments/",
            "wallet-refunds": "/payments/refunds/",
            "bills": "/payments/bills/",
            "vip": "/vip/",
            "vip-card": "/vip/cards/{card}/",
            "vouchers": "/vip/vouchers/",
            "measures": "/vip/measures/",
            "prepaid": "/prepaid/",
            "prepaid-holding": "/prepaid/holdings/{holding}/",
            "prepaid-patient": "/prepaid/patients/{patient}/",
            "prepaid-visit": "/prepaid/visits/{visit}/",
            "prepaid-offers": "/prepaid/offers/",
            "count": "/inventory/counts/{count}/",
        },
    ),
    "head-nurse": (
        "mei.hua",
        "smile",
        {
            "stock": "/inventory/",
            "stock-item": "/inventory/items/{stock_item}/",
            "lot": "/inventory/lots/{lot}/",
            "receive": "/inventory/receive/",
            "requisitions": "/inventory/requisitions/",
            "requisition": "/inventory/requisitions/{requisition}/",
            "kit": "/inventory/kit/",
            "counts": "/inventory/counts/",
            "expiry": "/inventory/expiry/{expiry}/",
            "monthly-tables": "/inventory/packs/{pack}/",
            "sterilisation": "/sterilisation/",
            "load-new": "/sterilisation/new/",
            "load": "/sterilisation/loads/{load}/",
            "labels": "/sterilisation/loads/{load}/labels/",
            "sets": "/sterilisation/stock/",
            "scan": "/sterilisation/scan/",
            "equipment": "/equipment/",
            "device": "/equipment/devices/{device}/",
            "damage": "/equipment/damage/",
        },
    ),
    "supervisor": (
        "gao.wen",
        "smile",
        {
            "my-day": "/tasks/",
            "exceptions": "/policy/exceptions/",
            "figures": "/kpis/",
            "roster": "/staff/roster/",
        },
    ),
    "complaints": (
        "shen.ke",
        "smile",
        {
            "complaints": "/complaints/",
            "intake": "/complaints/new/",
            "case": "/complaints/{complaint}/",
            "fresh-case": "/complaints/{received}/",
            "feedback": "/complaints/feedback/",
            "one-feedback": "/complaints/feedback/{feedback}/",
            "complaint-figures": "/complaints/figures/",
            "complaint-reviews": "/complaints/reviews/",
            "complaint-routes": "/complaints/routes/",
        },
    ),
    "administrator": (
        "admin.smile",
        "smile",
        {
            "sites": "/sites/",
            "site": "/sites/{site}/",
            "staff": "/staff/",
            "prices": "/catalogue/",
            "people": "/people/",
            "roles": "/people/roles/",
        },
    ),
    "dermatologist": (
        "dr.cen",
        "derma",
        {"classes": "/dermatology/", "patient": "/dermatology/patients/{derma_patient}/", "plan": "/dermatology/plans/{plan}/"},
    ),
    "aesthetic-doctor": (
        "dr.kang",
        "lumen",
        {
            "procedures": "/aesthetics/",
            "patient": "/aesthetics/patients/{lumen_patient}/",
            "procedure": "/aesthetics/procedures/{procedure}/",
        },
    ),
    "escort-manager": (
        "hao.zhi",
        "peiban",
        {
            "board": "/escort/board/",
            "order": "/escort/orders/{order}/",
            "enquiry": "/escort/orders/new/",
            "companions": "/escort/companions/",
        },
    ),
    "companion": (
        "ming.yu",
        "peiban",
        {"offers": "/escort/me/offers/", "today": "/escort/me/today/", "order": "/escort/me/orders/{held}/"},
    ),
    "analyst": (
        "shen.lan",
        "orchid",
        {
            "matrix": "/headquarters/",
            "figure": "/headquarters/figures/takings/",
            "site": "/headquarters/sites/{site}/takings/",
            "branches": "/headquarters/branches/",
        },
    ),
    "billing-administrator": ("qian.yun", "orchid", {"plan": "/billing/", "start": "/billing/start/", "invoices": "/billing/invoices/"}),
    "operator": (
        "op.lu",
        "ops",
        {
            "tenants": "/tenants/",
            "tenant": "/tenants/willow/",
            "new-tenant": "/tenants/new/",
            "jobs": "/jobs/",
            "sign-ups": "/sign-ups/",
            "dead-letters": "/dead-letters/",
            "health": "/health/",
            "accounts": "/billing/accounts/",
        },
    ),
    "visitor": (None, "", {"landing": "/", "sign-up": "/sign-up/", "finder": "/sign-in/"}),
    "files": (
        "bai.lan",
        "smile",
        {
            "file": "/patients/{mother}/",
            "family": "/patients/{mother}/family/",
            "contact": "/patients/{mother}/contact/",
            "keeping": "/patients/{mother}/keeping/",
            "exception": "/patients/{closed}/exception/",
            "out-of-date": "/patients/stale/",
            "consents": "/consents/patients/{mother}/",
            "paper-charts": "/charts/",
            "paper-chart": "/charts/patients/{mother}/",
            "transcriptions": "/charts/transcriptions/",
            "health": "/dental/patients/{mother}/health/",
            "models": "/dental/models/?show=all",
            "model": "/dental/models/{model}/",
        },
    ),
    "bookings": (
        "bai.lan",
        "smile",
        {
            "group-booking": "/appointments/groups/new/?member={mother}&member={child}",
            "group": "/appointments/groups/{group}/",
            "next-visits": "/appointments/cards/",
            "without-time": "/appointments/unplanned/",
            "specialist": "/appointments/specialist/",
            "specialist-case": "/appointments/specialist/{case}/",
            "referrals": "/appointments/referrals/",
            "referral": "/appointments/referrals/{referral}/",
            "referring": "/appointments/referrals/new/?patient={mother}",
            "doctors": "/appointments/doctors/",
            "follow-up-rules": "/followup/rules/",
        },
    ),
    "second-desk": ("ren.tao", "smile", {"transcription": "/charts/transcriptions/{transcription}/"}),
    "treating": (
        "dr.lin",
        "smile",
        {
            "chart": "/records/patients/{mother}/",
            "teeth": "/dental/patients/{mother}/?tooth=46",
            "model-new": "/dental/patients/{mother}/models/new/",
            "consultations": "/appointments/consultations/",
            "consultation": "/appointments/consultations/{consultation}/",
            "consultation-new": "/appointments/consultations/new/",
            "receipts": "/cashier/patients/{mother}/",
        },
    ),
    "assistant": ("mo.xiao", "smile", {"preparations": "/dental/patients/{mother}/preparations/"}),
    "supervising": (
        "gao.wen",
        "smile",
        {
            "exports": "/patients/exports/",
            "doubles": "/patients/doubles/",
            "keeping": "/patients/{mother}/keeping/",
            "releases": "/charts/releases/",
            "paper-chart": "/charts/patients/{mother}/",
            "prints": "/charts/prints/",
            "chart-writing": "/charts/writing/",
            "patients-figures": "/records/figures/",
            "blocked-times": "/appointments/blocks/",
            "arrival": "/appointments/unplanned/{unplanned}/",
            "follow-up-rule": "/followup/rules/dental-extraction/",
            "visit-classes": "/dental/visit-classes/",
        },
    ),
    "director": (
        "shen.ke",
        "smile",
        {
            "review": "/records/review/",
            "entry": "/records/review/{review}/",
            "late": "/records/late/",
            "retention": "/records/retention/",
            "restricted": "/patients/restricted/",
            "restricted-file": "/patients/{closed}/keeping/",
            "readers": "/patients/readers/",
            "consent-forms": "/consents/templates/",
            "disclosures": "/consents/disclosures/",
            "disclosures-of": "/consents/patients/{mother}/disclosures/",
            "sessions": "/appointments/sessions/",
            "waits": "/appointments/waits/",
            "shares": "/appointments/shares/",
        },
    ),
    "second-site": ("luo.ping", "smile", {"board": "/appointments/", "till": "/cashier/", "models": "/dental/models/", "paper-charts": "/charts/"}),
    "customer": (None, "smile", {"answer": "{answer}"}),
    "opening": (
        "bai.lan",
        "smile",
        {
            "today": "/shift/",
            "meeting": "/shift/meeting/",
            "tomorrow": "/shift/tomorrow/",
            "in-and-out": "/shift/items/",
            "hand-over": "/shift/handovers/",
        },
    ),
    "guide": (
        "yao.jing",
        "smile",
        {
            "guests": "/guest_care/",
            "guest": "/guest_care/visits/{visit}/",
            "records": "/guest_care/kept/luggage/",
            "queue": "/guest_care/queue/",
            "wall-screen": "/guest_care/queue/screen/",
            "first-visits": "/intake/",
            "first-visit": "/intake/visits/{visit}/",
        },
    ),
    "telephone": (
        "bai.lan",
        "smile",
        {
            "calls": "/telephone/",
            "call": "/telephone/new/",
            "messages": "/telephone/messages/",
            "promises": "/telephone/promises/",
            "scripts": "/telephone/scripts/",
        },
    ),
    "consultant": (
        "ye.fan",
        "smile",
        {
            "my-day": "/consultation/",
            "consultations": "/consultation/list/",
            "customer": "/consultation/new/",
            "knowledge": "/consultation/knowledge/",
            "success": "/consultation/success/",
        },
    ),
    "treatment-area": (
        "gao.wen",
        "smile",
        {
            "board": "/treatment_area/",
            "visit": "/treatment_area/visits/{visit}/",
            "assistants": "/treatment_area/assistants/",
            "sheet": "/treatment_area/sheet/",
            "checklists": "/shift/lists/",
            "promptness": "/guest_care/report/",
        },
    ),
    "nobody": (None, "smile", {"sign-in": "/accounts/login/", "missing": "/no/such/page/"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def live_server_processes(bed: Testbed) -> Iterator[LiveProduct]:
    """A product of its own, on the morning of the pictures."""
    product = start_product(bed)
    clock_shows(product, MORNING)
    yield product
    stop_product(bed, product)


@pytest.fixture(scope="module")
def codes(live_server_processes: LiveProduct) -> dict[str, str]:
    """What there is to see, by name."""
    said = behind(live_server_processes, "smile", POPULATED)
    return dict(json.loads(said.splitlines()[-1]))


@pytest.mark.parametrize("role", ROLES)
def test_screens(
    live_server_processes: LiveProduct,
    codes: dict[str, str],
    sign_in: Callable[..., Page],
    new_context: Callable[..., object],
    bed: Testbed,
    role: str,
) -> None:
    product = live_server_processes
    username, slug, screens = ROLES[role]
    page = sign_in(username, slug) if username else new_context().new_page()  # type: ignore[attr-defined]
    heard, wrong = complaints(page), []
    folder = bed.main_var / "screens" / role
    for language, code in LANGUAGES.items():
        page.context.add_cookies([{"name": "language", "value": code, "url": product.url(slug)}])
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for screen, path in screens.items():
                name = f"{screen}-{language}-{width}"
                heard.clear()
                answer = page.goto(product.url(slug, path.format(**codes)))
                page.wait_for_selector("h1, main h2, main form")
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"{name}.png", full_page=True)
                if answer is not None and answer.status != (404 if screen == "missing" else 200):
                    wrong.append(f"{name}: answer {answer.status}")
                if screen != "missing":
                    wrong += [f"{name}: {one}" for one in heard]
                wrong += [f"{name}: axe {one}" for one in violations(page)]
                if width < 768 and not fits(page):
                    wrong.append(f"{name}: runs over the edge")
    assert wrong == []
