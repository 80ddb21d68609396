"""VIP cards, partners' vouchers and the measures told to leaving patients (VP-001 to VP-008, IN-013)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext
from openpyxl import load_workbook

from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from kernel.parameters import set_parameter
from services.cashier.actions import charge
from services.cashier.models import Receipt
from services.cashier.taking import HandedOver
from services.corrections import actions as corrections
from services.discounts.actions import issue_coupon, set_policy
from services.patients.models import Patient
from services.patients.restriction import restrict_file
from services.tasks.models import Task
from services.vip import actions, measures, vouchers
from services.vip.models import MeasuresTold, VipCard, VipUse, Voucher
from tests.services.doors import SYSTEM, browser, person, staff, statements
from tests.services.flow import center, clockwork, local, patient
from tests.services.till import charged, signed

DAY = date(2026, 12, 14)


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 10:00")
    return at


def stocked(first: str = "V-0001", last: str = "V-0009") -> list[VipCard]:
    """Blank cards kept by the cashier."""
    return actions.register_cards(by=person("fang.li"), site=center(), first=first, last=last, custodian=staff("104"))


def proposed(card: VipCard, who: Patient | None = None, **more: str) -> VipCard:
    given = {"reason": "potential", "holder_name": "侯先生"} | more
    return actions.propose(by=person("fang.li"), site=center(), card=card, patient=who, **given)


def issued(card: VipCard, who: Patient | None = None) -> VipCard:
    """Proposed by the cashier, signed by the chief physician, issued by the cashier."""
    proposed(card, who)
    actions.sign(by=person("dr.pan"), site=center(), card=card)
    return actions.issue(by=person("fang.li"), site=center(), card=card)


def used(card: VipCard, receipt: Receipt, by: str = "fang.li") -> VipCard:
    return actions.use_card(by=person(by), site=center(), serial=card.serial, receipt=receipt)


def bill(who: Patient) -> Receipt:
    return charged(signed(who, "scaling"))


def said(text: str) -> str:
    """As the pages of the house say it."""
    with translation.override("zh-hans"):
        return gettext(text)


def first_sheet(content: bytes) -> list[tuple[object, ...]]:
    return list(load_workbook(io.BytesIO(content)).active.values)


def refused(code: str, act: Callable[[], object], error: type[DomainError] = RuleRefused) -> None:
    """Refused with ``code``, audited, and no card has changed."""
    before = list(VipCard.objects.order_by("pk").values_list("serial", "state", "uses", "version"))
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code
    assert list(VipCard.objects.order_by("pk").values_list("serial", "state", "uses", "version")) == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("VP-001", "IN-013")
def test_blank_cards_are_registered_by_range_once_and_have_a_custodian():
    cards = stocked()
    assert [card.serial for card in cards] == [f"V-000{number}" for number in range(1, 10)]
    assert {card.state for card in cards} == {"in_stock"}

    keep = {"by": person("fang.li"), "site": center(), "custodian": staff("104")}
    refused("serial_exists", lambda: actions.register_cards(first="V-0009", last="V-0012", **keep), Conflict)
    for first, last in (("V-0012", "V-0010"), ("V-1", "W-2"), ("V-01", "V-100"), ("卡", ""), ("V-0001", "V-0900")):
        refused("serial_range_invalid", lambda f=first, z=last: actions.register_cards(first=f, last=z, **keep))
    stranger = {**keep, "custodian": staff("301")}
    refused("custodian_not_here", lambda: actions.register_cards(first="V-0100", last="V-0101", **stranger))
    refused(
        "permission_denied",
        lambda: actions.register_cards(**{**keep, "by": person("dr.lin")}, first="X1", last=""),
        Forbidden,
    )

    moved = actions.hand_over_stock(
        by=person("gao.wen"), site=center(), first="V-0003", last="V-0005", custodian=staff("103")
    )
    assert moved == 3
    assert VipCard.objects.filter(custodian=staff("103")).count() == 3
    gone = {"first": "V-0600", "last": "", "custodian": staff("103")}
    refused("card_not_found", lambda: actions.hand_over_stock(by=person("gao.wen"), site=center(), **gone), NotFound)


@pytest.mark.ledger("VP-002", "VP-003")
def test_a_card_is_issued_with_a_reason_and_the_signature_of_the_chief_physician_who_is_not_the_cashier():
    card = stocked()[6]
    fang, pan = person("fang.li"), person("dr.pan")
    refused("vip_holder_missing", lambda: actions.issue(by=fang, site=center(), card=card))
    refused("vip_holder_missing", lambda: actions.sign(by=pan, site=center(), card=card))
    refused("vip_holder_missing", lambda: proposed(card, holder_name=" "))
    refused("vip_reason_missing", lambda: proposed(card, reason="friend"))
    proposed(card)
    task = Task.objects.get(kind=actions.SIGN)
    refused("vip_signature_missing", lambda: actions.issue(by=fang, site=center(), card=card))
    refused("permission_denied", lambda: actions.sign(by=fang, site=center(), card=card), Forbidden)

    actions.sign(by=pan, site=center(), card=card)
    refused("vip_signed_already", lambda: actions.sign(by=pan, site=center(), card=card), Conflict)
    task.refresh_from_db()
    assert task.state == "done"
    first = VipCard.objects.get(pk=card.pk).signed_hash
    # Whoever is named anew is signed for anew.
    proposed(card, holder_name="侯太太")
    refused("vip_signature_missing", lambda: actions.issue(by=fang, site=center(), card=card))
    actions.sign(by=pan, site=center(), card=card)
    assert VipCard.objects.get(pk=card.pk).signed_hash != first

    # A chief physician who also sits at the till does not issue what they signed, nor sign what they proposed.
    assign_role(by=SYSTEM, user=User.objects.get(username="dr.pan"), role=Role.objects.get(slug="cashier"))
    refused("same_person_twice", lambda: actions.issue(by=person("dr.pan"), site=center(), card=card))
    with pytest.raises(IntegrityError), transaction.atomic():
        VipCard.objects.filter(pk=card.pk).update(issued_by=pan.code)

    made = actions.issue(by=fang, site=center(), card=card)
    assert (made.state, made.holder_name, made.signed_by_name) == ("issued", "侯太太", pan.name)
    assert (made.allowed_uses, made.valid_until) == (10, date(2027, 12, 14))
    other = VipCard.objects.get(serial="V-0001")
    actions.propose(by=person("dr.pan"), site=center(), card=other, reason="special", holder_name="乔")
    refused("same_person_twice", lambda: actions.sign(by=person("dr.pan"), site=center(), card=other))
    refused("card_not_in_stock", lambda: proposed(card), Conflict)


@pytest.mark.ledger("VP-004", "VP-006")
def test_a_use_counts_once_with_a_receipt_of_the_holder_until_it_is_used_up():
    set_parameter(by=SYSTEM, key="vip_card_uses", value=2)
    liang, song = patient("梁博"), patient("宋倩")
    card = issued(stocked()[6], liang)
    first = bill(liang)
    assert (used(card, first).uses, VipCard.objects.get(pk=card.pk).state) == (1, "active")
    refused("card_counted_already", lambda: used(card, first), Conflict)
    refused("card_of_somebody_else", lambda: used(card, bill(song)))
    refused("card_not_issued", lambda: used(VipCard.objects.get(serial="V-0001"), bill(liang)), Conflict)
    refused("permission_denied", lambda: used(card, bill(liang), by="dr.lin"), Forbidden)
    elsewhere = {"by": person("fang.li"), "site": center(), "serial": "V-9999", "receipt": bill(liang)}
    refused("card_not_found", lambda: actions.use_card(**elsewhere), NotFound)

    # A coupon is taken with the bill; shown as a card it is neither counted nor consumed.
    policy = set_policy(by=SYSTEM, name_zh="九折", rate_bp=9_000, coupon_only=True, starts_on=DAY)
    coupon = issue_coupon(by=SYSTEM, policy=policy, number="C-1")
    refused("card_is_coupon", lambda: actions.use_card(**{**elsewhere, "serial": "c-1"}))
    coupon.refresh_from_db()
    assert coupon.state == "issued"
    refused("coupon_not_found", lambda: charged(signed(liang, "scaling"), coupons=[card.serial]), NotFound)

    # A receipt that stands for a corrected one is the same payment.
    given = [HandedOver(tender="alipay", fen=first.received_fen, reference="2026-1")]
    entry = corrections.write_entry(
        by=person("fang.li"), site=center(), receipt=first, kind="tender", cause="看错", wrong="现金", right="支付宝",
        payments=given,
    )  # fmt: skip
    corrections.verify(by=person("gao.wen"), site=center(), entry=entry, opinion="核对收款记录")
    corrections.apply(by=person("gao.wen"), site=center(), entry=entry)
    refused("card_counted_already", lambda: used(card, Receipt.objects.get(replaces=first)), Conflict)

    last = used(card, bill(liang))
    assert (last.uses, last.state) == (2, "used_up")
    refused("card_used_up", lambda: used(card, bill(liang)), Conflict)
    assert list(VipUse.objects.values_list("number", "receipt__patient__name")) == [(1, "梁博"), (2, "梁博")]


@pytest.mark.ledger("VP-005")
def test_lost_blocks_and_the_replacement_goes_on_with_the_history():
    liang = patient("梁博")
    cards = stocked()
    card = issued(cards[0], liang)
    used(card, bill(liang))
    here = {"by": person("fang.li"), "site": center()}
    refused("invalid_transition", lambda: actions.replace(card=card, blank=cards[1], **here), Conflict)
    actions.report_lost(card=card, words="钱包丢失", **here)
    refused("card_lost", lambda: used(card, bill(liang)), Conflict)
    refused("invalid_transition", lambda: actions.report_lost(card=card, **here), Conflict)

    new = actions.replace(card=card, blank=cards[1], **here)

    assert (new.state, new.uses, new.replaces.serial, new.patient) == ("active", 1, "V-0001", liang)
    assert (new.signed_by_name, new.reason) == (person("dr.pan").name, "potential")
    refused("card_lost", lambda: used(card, bill(liang)), Conflict)
    assert used(new, bill(liang)).uses == 2
    refused("card_not_in_stock", lambda: actions.replace(card=card, blank=new, **here), Conflict)


@pytest.mark.ledger("VP-005")
def test_the_clock_ends_a_card_and_the_supervisor_revokes_with_a_reason(at):
    set_parameter(by=SYSTEM, key="vip_card_valid_days", value=3)
    liang = patient("梁博")
    cards = stocked()
    ends, revoked = issued(cards[0], liang), issued(cards[1], liang)
    gao = {"by": person("gao.wen"), "site": center(), "card": revoked}
    refused("reason_missing", lambda: actions.revoke(words=" ", **gao))
    refused("permission_denied", lambda: actions.revoke(words="x", **{**gao, "by": person("fang.li")}), Forbidden)
    assert actions.revoke(words="转借他人", **gao).state == "revoked"
    refused("card_revoked", lambda: used(revoked, bill(liang)), Conflict)

    at("2026-12-17 23:50")
    clockwork()
    assert used(ends, bill(liang)).uses == 1
    at("2026-12-18 00:00")
    # Not valid from midnight on, whether the clock has been round or not.
    refused("card_expired", lambda: used(ends, bill(liang)), Conflict)
    clockwork()
    ends.refresh_from_db()
    assert ends.state == "expired"
    refused("card_expired", lambda: used(ends, bill(liang)), Conflict)
    revoked.refresh_from_db()
    assert revoked.state == "revoked"


# --- partners ---------------------------------------------------------------------------------------------------------

PHRASE = "This offer is for the cardholder personally, I ask for your understanding."


def claim(number: str = "BANK-1", **more: str) -> Voucher:
    package = vouchers.set_package(by=person("gao.wen"), partner="某银行", name_zh="免费洁牙", starts_on=DAY)
    given = {"holder_name": "侯先生", "id_number": "11010119800101123x", "phone_last_four": "4417"} | more
    return vouchers.enter_voucher(by=person("gao.wen"), package=package, number=number, **given)


def shown(who: Patient, **more: object) -> Voucher:
    given = {"number": "bank-1", "in_person": True, "name": "侯先生", "id_number": "11010119800101123X"} | more
    return vouchers.check_holder(by=person("fang.li"), site=center(), patient=who, **given)


def pays(who: Patient, number: str = "BANK-1", by: Actor | None = None) -> Receipt:
    given = HandedOver(tender="voucher", fen=30_000, reference=number)
    return charge(by=by or person("fang.li"), site=center(), slip=signed(who, "scaling"), handed_over=[given])


@pytest.mark.ledger("VP-007")
def test_a_partners_voucher_is_taken_from_its_cardholder_in_person_once(at):
    hou, wife = patient("侯先生"), patient("侯太太")
    voucher = claim()
    refused("voucher_holder_unchecked", lambda: pays(hou))
    for said in ({"in_person": False}, {"name": "侯太太"}):
        with pytest.raises(RuleRefused) as caught:
            shown(hou, **said)
        assert (caught.value.code, str(caught.value.message)) == ("cardholder_only", gettext(PHRASE))
    refused("cardholder_only", lambda: shown(wife))
    refused("identity_unchecked", lambda: shown(hou, id_number=""))
    refused("identity_differs", lambda: shown(hou, phone_last_four="0000"))
    refused("voucher_not_found", lambda: shown(hou, number="BANK-2"), NotFound)

    assert shown(hou).identified_by == "id_number"
    refused("cardholder_only", lambda: pays(wife))
    at("2026-12-15 10:00")
    refused("voucher_holder_unchecked", lambda: pays(hou))
    shown(hou, id_number="", phone_last_four="4417")
    receipt = pays(hou)
    voucher.refresh_from_db()
    assert (voucher.state, voucher.receipt, voucher.patient) == ("used", receipt, hou)
    refused("voucher_used", lambda: pays(hou), Conflict)
    refused("voucher_used", lambda: shown(hou), Conflict)
    # The codes of a platform are none of a partner's.
    assert pays(wife, "MT-778").received_fen == 30_000


def test_vouchers_are_entered_whole_and_once_and_count_within_their_package(at):
    voucher = claim()
    refused("voucher_exists", lambda: claim(), Conflict)
    refused("voucher_incomplete", lambda: claim("BANK-9", id_number="", phone_last_four=""))
    again = {"by": person("gao.wen"), "starts_on": DAY}
    refused("partner_missing", lambda: vouchers.set_package(partner=" ", name_zh="x", **again))
    refused(
        "period_inverted",
        lambda: vouchers.set_package(partner="x", name_zh="x", ends_on=date(2026, 12, 1), **again),
    )
    at("2026-12-13 10:00")
    refused("voucher_expired", lambda: shown(patient("侯先生")))
    vouchers.withdraw_voucher(by=person("gao.wen"), voucher=voucher)
    at("2026-12-14 10:00")
    refused("voucher_used", lambda: shown(patient("侯先生")), Conflict)


# --- measures ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("VP-008")
def test_leaving_patients_are_told_what_counts_that_day(at):
    liang, bai = patient("梁博"), person("bai.lan")
    refused("no_measures", lambda: measures.tell_measures(by=bai, site=center(), patient=liang))
    gao = person("gao.wen")
    old = measures.set_measure(by=gao, name_zh="复诊免挂号费", starts_on=DAY)
    measures.set_measure(by=gao, name_zh="老人优先", starts_on=DAY)
    measures.set_measure(by=gao, name_zh="新年八折", starts_on=date(2027, 1, 1))
    measures.end_measure(by=gao, measure=old, ends_on=DAY)
    refused("period_inverted", lambda: measures.end_measure(by=gao, measure=old, ends_on=date(2026, 12, 1)))
    refused("measure_missing", lambda: measures.set_measure(by=gao, name_zh=" ", starts_on=DAY))

    today = measures.tell_measures(by=bai, site=center(), patient=liang)
    at("2026-12-15 10:00")
    later = measures.tell_measures(by=bai, site=center(), patient=liang)

    assert sorted(today.measures) == ["复诊免挂号费", "老人优先"]
    assert later.measures == ["老人优先"]
    page = browser("bai.lan").get(f"/vip/patients/{liang.code}/").content.decode()
    assert "老人优先" in page
    assert bai.name in page


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("VP-001", "VP-002")
def test_the_register_has_its_columns_on_the_page_and_in_excel():
    desk, chief = browser("fang.li"), browser("dr.pan")
    body = {"first": "V-0001", "last": "V-0003", "custodian": str(staff("104").code), "step": "register"}
    assert desk.post("/vip/", body).status_code == 303
    assert desk.post("/vip/", body).status_code == 409
    assert desk.post("/vip/", body | {"custodian": str(staff("103").code), "step": "hand-over"}).status_code == 303
    card = VipCard.objects.get(serial="V-0001")
    here = f"/vip/cards/{card.code}/"
    assert desk.post(here, {"holder_name": "侯先生", "reason": ""}).status_code == 422
    assert desk.post(here, {"holder_name": "侯先生", "reason": "potential", "words": "企业客户"}).status_code == 303
    assert desk.post(f"{here}issue/").status_code == 422
    assert desk.post(f"{here}sign/").status_code == 403
    assert chief.post(f"{here}sign/").status_code == 303
    assert desk.post(f"{here}issue/").status_code == 303

    page = desk.get("/vip/?state=issued").content.decode()
    for word in ("V-0001", "侯先生", person("dr.pan").name, "2026", said("Chief physician's signature")):
        assert word in page
    sheet = first_sheet(desk.get("/vip/register.xlsx").content)
    assert list(sheet[0][:6]) == [
        said(word)
        for word in (
            "Card serial no.", "VIP name", "Times used", "Chief physician's signature", "Reason", "Issue date",
        )
    ]  # fmt: skip
    assert list(sheet[1][:4]) == ["V-0001", "侯先生", 0, person("dr.pan").name]

    receipt = bill(patient("侯先生"))
    assert f"/vip/receipts/{receipt.code}/" in desk.get(f"/cashier/receipts/{receipt.code}/").content.decode()
    assert desk.post(f"/vip/receipts/{receipt.code}/", {"serial": "v-0001"}).status_code == 303
    assert "V-0001" in desk.get(f"/vip/receipts/{receipt.code}/").content.decode()
    assert receipt.number in desk.get(here).content.decode()
    assert desk.post(f"{here}lost/").status_code == 303
    blank = VipCard.objects.get(serial="V-0002")
    assert desk.post(f"{here}replace/", {"blank": str(blank.code)}).status_code == 303
    supervisor = browser("gao.wen")
    assert supervisor.post(f"/vip/cards/{blank.code}/revoke/", {"words": "转借"}).status_code == 303
    assert VipCard.objects.get(pk=blank.pk).state == "revoked"


@pytest.mark.ledger("CR-006")
def test_the_register_keeps_the_name_of_a_restricted_file_to_itself():
    who = patient("金丝雀甲")
    issued(stocked()[0], who)
    desk = browser("fang.li")
    assert "金丝雀甲" in desk.get("/vip/").content.decode()
    restrict_file(by=person("dou.heng"), patient=who, reason="纠纷", until=local("2026-12-31 18:00"))
    for path in ("/vip/", f"/vip/cards/{VipCard.objects.get(patient=who).code}/"):
        page = desk.get(path).content.decode()
        assert "V-0001" in page
        assert "金丝雀甲" not in page


def test_vouchers_and_measures_have_pages():
    gao, desk = browser("gao.wen"), browser("fang.li")
    body = {"partner": "某银行", "name_zh": "免费洁牙", "starts_on": "2026-12-14"}
    assert gao.post("/vip/packages/", body).status_code == 303
    assert gao.post("/vip/packages/", {}).status_code == 422
    package = vouchers.PartnerPackage.objects.get()
    entered = {"package": str(package.code), "number": "BANK-1", "holder_name": "侯先生", "phone_last_four": "4417"}
    assert gao.post("/vip/vouchers/", entered).status_code == 303
    assert desk.post("/vip/vouchers/", entered).status_code == 403
    assert "BANK-1" in desk.get("/vip/vouchers/").content.decode()
    hou = patient("侯先生")
    shows = {"number": "BANK-1", "shown_by": "family", "name": "侯太太"}
    answer = desk.post(f"/vip/patients/{hou.code}/check/", shows)
    assert answer.status_code == 422
    assert said(PHRASE) in answer.content.decode()
    right = {"number": "BANK-1", "shown_by": "holder", "name": "侯先生", "phone_last_four": "4417"}
    assert desk.post(f"/vip/patients/{hou.code}/check/", right).status_code == 303
    assert gao.post(f"/vip/vouchers/{Voucher.objects.get().code}/withdraw/").status_code == 303
    assert gao.post("/vip/measures/", {"name_zh": "老人优先", "starts_on": "2026-12-14"}).status_code == 303
    assert "老人优先" in desk.get("/vip/measures/").content.decode()
    assert desk.post(f"/vip/patients/{hou.code}/tell/").status_code == 303
    assert MeasuresTold.objects.count() == 1
    ended = measures.Measure.objects.get()
    assert gao.post(f"/vip/measures/{ended.code}/end/", {"ends_on": "2026-12-14"}).status_code == 303
    blank = stocked()[0]
    wanted = {"card": str(blank.code), "reason": "special"}
    assert desk.post(f"/vip/patients/{hou.code}/", wanted).status_code == 303
    assert VipCard.objects.get(pk=blank.pk).patient == hou


def test_the_lists_cost_few_statements():
    cards = stocked()
    proposed(cards[0], patient("梁博"))
    claim()
    desk = browser("fang.li")
    for path in ("/vip/", "/vip/vouchers/", "/vip/measures/"):
        desk.get(path)
        count = statements(lambda path=path: desk.get(path))
        assert count <= 12, (path, count)
