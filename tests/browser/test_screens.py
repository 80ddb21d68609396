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
POPULATED = """
import json
from datetime import timedelta
from django.db import transaction
from kernel import clock
from kernel.ids import uuid7
from services.cashier.actions import SlipLine, charge, issue_slip
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
codes["receipt"] = charge(by=person("fang.li"), site=center(), slip=paid, tender="cash", tendered_fen=100_000,
                          owed={first.code: 38_000}).code
codes["slip"] = slip("阮心", "dental-scaling", "dental-filling").code
codes["slip_for"] = inside.patient.code
with transaction.atomic():
    measure(center(), clock.today(center().timezone))
codes["site"] = center().code

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
