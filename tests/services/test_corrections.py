"""The correction book: somebody else signs, somebody else changes, once; closed days stay as they were (a7)."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from openpyxl import load_workbook

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from kernel.parameters import set_parameter
from services.books.actions import close_day
from services.books.models import Account, Entry
from services.books.selectors import balance, day_book, expected_in_till, paid_for
from services.cashier import actions as till
from services.cashier import kpis, selectors
from services.cashier.models import Arrear, Payment, Receipt, ReceiptVoid
from services.cashier.taking import HandedOver
from services.corrections import actions
from services.corrections.models import Correction
from services.records.customers import revenue_of
from services.shift.leftovers import gathered
from services.tasks.models import Task
from tests.services.doors import SYSTEM, browser, person, statements
from tests.services.flow import center, patient
from tests.services.money_back import asked, through
from tests.services.till import charged, line_of, paper, signed

DAY = date(2026, 12, 14)
MOST_STATEMENTS = 20


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def written(receipt: Receipt, *, by: str = "fang.li", **more) -> Correction:
    """What the cashier has signed: paid by WeChat Pay, not in cash."""
    said = {"kind": "tender", "cause": "按错付款方式", "wrong": "现金", "right": "微信支付"}
    if not {"patient", "owed", "payments"} & more.keys():
        more["payments"] = [HandedOver(tender="wechat_pay", fen=receipt.received_fen, reference="4200-1")]
    return actions.write_entry(by=person(by), site=receipt.site, receipt=receipt, **(said | more))


def verified(entry: Correction, *, by: str = "gao.wen") -> Correction:
    """The supervisor has signed."""
    return actions.verify(by=person(by), site=entry.site, entry=entry, opinion="核对收款记录")


def applied(entry: Correction, *, by: str = "gao.wen") -> Receipt:
    """The data are changed."""
    return actions.apply(by=person(by), site=entry.site, entry=entry)


def refused(code: str, act, error: type[DomainError] = RuleRefused) -> None:
    """``act`` is refused with ``code``, changes no receipt, no book and no entry, and is audited."""
    models = (Receipt, ReceiptVoid, Payment, Arrear, Entry, Correction)

    def there() -> list:
        return [
            [model.objects.count() for model in models],
            list(Correction.objects.order_by("pk").values_list("state", "version")),
        ]

    before = there()
    with pytest.raises(error, match=code):
        act()
    assert there() == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("CA-018", "CA-019", "CA-020", "CA-021", "CA-022", "CA-052")
def test_a_wrong_tender_is_written_verified_applied_acknowledged_and_ticked(at):
    receipt = charged(signed(patient("梁博"), "film"))
    at("2026-12-14 16:10")
    entry = written(receipt)
    # Nothing has changed yet, and nothing does without the supervisor.
    assert (Receipt.objects.count(), ReceiptVoid.objects.count()) == (1, 0)
    refused("not_verified", lambda: applied(entry))
    refused("permission_denied", lambda: verified(entry, by="fang.li"), Forbidden)
    assert Task.objects.get(kind=actions.VERIFY).roles == ["supervisor"]
    verified(entry)
    refused("not_the_editor", lambda: applied(entry, by="rong.an"), Forbidden)
    new = applied(entry)

    old = Receipt.objects.get(pk=receipt.pk)
    assert (old.number, old.void.number, old.void.by_name) == ("C-2026-000001", entry.number, person("gao.wen").name)
    assert (new.number, new.replaces_id, new.received_fen) == ("C-2026-000002", old.pk, 12_000)
    assert paper(old)["payments"][0]["tender"] == "cash"
    said = paper(new)
    assert (said["replaces"], said["cashier"]) == (old.number, person("fang.li").name)
    assert said["payments"][0]["tender"] == "wechat_pay"
    assert new.payments.get().tender == "wechat_pay"
    refused("already_applied", lambda: applied(entry), Conflict)
    refused("same_person_twice", acknowledging_by_whoever_verified(entry))
    actions.acknowledge(by=person("rong.an"), site=center(), entry=entry)

    kept = Correction.objects.get()
    assert (kept.state, kept.acknowledged_by_name) == ("ticked", person("rong.an").name)
    assert kept.ticked_at is not None
    assert (kept.before["payments"][0]["tender"], kept.change["payments"][0]["tender"]) == ("cash", "wechat_pay")
    assert actions._hash(actions.content_of(kept)) == kept.content_hash
    refused("already_applied", lambda: applied(kept), Conflict)
    refused("invalid_transition", lambda: verified(kept), Conflict)
    assert not Task.objects.filter(room="corrections", state="open").exists()
    # In the books the cash has gone where it never was, and nobody got anything back.
    book = day_book(center(), DAY)
    assert {way: fen for way, fen in book.taken.items() if fen} == {"wechat_pay": 12_000}
    assert (book.received_fen, book.refunded_fen) == (12_000, 0)
    assert (book.categories["treatment"].gross_fen, book.categories["treatment"].refunded_fen) == (12_000, 0)
    assert (expected_in_till(center(), "cash"), expected_in_till(center(), "wechat_pay")) == (0, 12_000)
    assert Entry.objects.get(reverses__isnull=False).reverses.source == old.code
    assert kpis.takings(center(), DAY).numerator == 12_000
    assert revenue_of([old.patient_id]) == {old.patient_id: 12_000}
    assert selectors.day_totals(person("fang.li"), center(), DAY) == {"wechat_pay": 12_000}


def acknowledging_by_whoever_verified(entry: Correction):
    def act() -> None:
        assign_role(
            by=SYSTEM, user=User.objects.get(username="gao.wen"), role=Role.objects.get(slug="higher_supervisor")
        )
        actions.acknowledge(by=person("gao.wen"), site=center(), entry=entry)

    return act


@pytest.mark.ledger("CA-018", "CA-019")
def test_only_the_cashier_who_erred_writes_and_never_signs_as_supervisor():
    receipt = charged(signed(patient("梁博"), "film"))
    for name, role in (("ren.tao", "cashier"), ("fang.li", "supervisor"), ("fang.li", "higher_supervisor")):
        assign_role(by=SYSTEM, user=User.objects.get(username=name), role=Role.objects.get(slug=role))
    refused("not_your_receipt", lambda: written(receipt, by="ren.tao"))
    refused("words_missing", lambda: written(receipt, cause=" "))
    refused("kind_unknown", lambda: written(receipt, kind="?"))
    refused("nothing_to_correct", lambda: written(receipt, owed={}))
    refused("nothing_to_correct", lambda: written(receipt, payments=[HandedOver(tender="cash", fen=12_000)]))
    refused(
        "too_little_tendered",
        lambda: written(receipt, payments=[HandedOver(tender="alipay", fen=11_999, reference="2026-1")]),
    )
    entry = written(receipt)
    refused("correction_open", lambda: written(receipt), Conflict)
    refused("own_correction", lambda: verified(entry, by="fang.li"))
    verified(entry)
    refused("own_correction", lambda: applied(entry, by="fang.li"))
    with pytest.raises(IntegrityError, match="corrections_correction_two_people"), transaction.atomic():
        Correction.objects.update(verified_by=entry.cashier)


@pytest.mark.ledger("CA-019")
def test_a_rejected_entry_changes_nothing_and_another_may_be_written():
    receipt = charged(signed(patient("梁博"), "film"))
    entry = written(receipt)
    refused("reason_missing", lambda: actions.reject(by=person("gao.wen"), site=center(), entry=entry, opinion=" "))
    actions.reject(by=person("gao.wen"), site=center(), entry=entry, opinion="收款机显示现金")
    refused("invalid_transition", lambda: verified(entry), Conflict)
    refused("invalid_transition", lambda: applied(entry), Conflict)
    assert Task.objects.get(kind=actions.ANSWER).roles == ["cashier"]
    assert written(receipt).state == "drafted"


@pytest.mark.ledger("CA-023")
def test_the_house_may_have_the_higher_supervisor_change_the_data():
    set_parameter(by=SYSTEM, key="correction_editor", value="higher_supervisor", effective_from=clock.now())
    entry = verified(written(charged(signed(patient("梁博"), "film"))))
    assert Task.objects.get(kind=actions.APPLY).roles == ["higher_supervisor"]
    refused("not_the_editor", lambda: applied(entry), Forbidden)
    applied(entry, by="rong.an")
    actions.acknowledge(by=person("rong.an"), site=center(), entry=entry)
    assert Correction.objects.get().state == "ticked"


@pytest.mark.ledger("CA-021", "CA-022")
def test_a_further_error_is_a_new_entry_that_names_the_former():
    receipt = charged(signed(patient("梁博"), "film"))
    first = verified(written(receipt))
    second_receipt = applied(first)
    refused("already_applied", lambda: written(receipt), Conflict)
    again = written(second_receipt, payments=[HandedOver(tender="alipay", fen=12_000, reference="2026-2")])
    assert again.former == first
    third = applied(verified(again))
    assert (third.number, third.replaces_id) == ("C-2026-000003", second_receipt.pk)
    line = line_of(receipt.slip, "film").code
    assert {way: fen for way, fen in paid_for([line])[line].items() if fen} == {"alipay": 12_000}


@pytest.mark.ledger("CA-022", "CA-047")
def test_what_was_owed_on_the_wrong_item_moves_and_earlier_days_stay(at):
    slip = signed(patient("梁博"))
    receipt = charged(slip, owed={"filling": 20_000})
    close_day(by=SYSTEM, site=center(), day=DAY)
    before = day_book(center(), DAY), kpis.takings(center(), DAY), kpis.arrears(center(), DAY)
    at("2026-12-16 09:00")
    scaling = line_of(slip, "scaling").code
    refused("correction_adds_up_wrong", lambda: written(receipt, kind="split", owed={scaling: 10_000}))
    refused("owed_more_than_item", lambda: written(receipt, kind="split", owed={scaling: 30_001}))
    entry = written(receipt, kind="split", wrong="补牙欠 200", right="洁牙欠 200", owed={scaling: 20_000})
    new = applied(verified(entry))

    assert (day_book(center(), DAY), kpis.takings(center(), DAY), kpis.arrears(center(), DAY)) == before
    later = date(2026, 12, 16)
    book = day_book(center(), later)
    assert {key: one.net_fen for key, one in book.categories.items()} == {"scaling": -20_000, "treatment": 20_000}
    assert (book.received_fen, book.refunded_fen, book.owed_added_fen) == (0, 0, 0)
    assert balance(Account.OWED, site=center()) == 20_000
    [arrear] = Arrear.objects.filter(settled_at__isnull=True)
    assert (arrear.line.code, arrear.owed_fen, arrear.receipt_id) == (scaling, 20_000, new.pk)
    assert kpis.arrears(center(), later).numerator == 20_000
    till.settle_arrear(
        by=person("fang.li"), site=center(), arrear=arrear, amount_fen=20_000,
        handed_over=[HandedOver(tender="cash", fen=20_000)],
    )  # fmt: skip
    assert (kpis.arrears(center(), later).numerator, balance(Account.OWED, site=center())) == (0, 0)
    # What has been paid of it since, or gone back, is corrected no more.
    refused("receipt_settled_since", lambda: written(new, kind="split", owed={}, payments=[
        HandedOver(tender="cash", fen=168_000)]), Conflict)  # fmt: skip
    settlement = Receipt.objects.get(slip__isnull=True)
    refused("settlement_stays", lambda: written(settlement, patient=patient("何青"), kind="patient"))
    assert applied(verified(written(settlement))).payments.get().tender == "wechat_pay"
    assert (kpis.arrears(center(), later).numerator, balance(Account.OWED, site=center())) == (0, 0)


@pytest.mark.ledger("CA-022")
def test_patients_mixed_up_get_their_own_receipt():
    wrong, right = patient("梁博"), patient("梁波")
    receipt = charged(signed(wrong, "film"))
    new = applied(verified(written(receipt, kind="patient", wrong="梁博", right="梁波", patient=right)))
    assert (new.patient_id, paper(new)["patient"]) == (right.pk, "梁波")
    assert revenue_of([wrong.pk, right.pk]) == {right.pk: 12_000}


def test_what_has_gone_back_is_corrected_no_more_and_a_voucher_is_not_taken_twice():
    receipt = charged(signed(patient("宋倩")))
    through(asked(receipt))
    refused("receipt_refunded", lambda: written(receipt), Conflict)
    slip = signed(patient("何青"), "film")
    by_voucher = till.charge(
        by=person("fang.li"), site=center(), slip=slip,
        handed_over=[HandedOver(tender="voucher", fen=12_000, reference="MT-77")],
    )  # fmt: skip
    new = applied(verified(written(by_voucher, kind="patient", patient=patient("何清"))))
    assert new.payments.get().reference == "MT-77"
    again = signed(patient("何青"), "film")
    with pytest.raises(Conflict, match="voucher_used"):
        till.charge(
            by=person("fang.li"), site=center(), slip=again,
            handed_over=[HandedOver(tender="voucher", fen=12_000, reference="MT-77")],
        )  # fmt: skip


@pytest.mark.ledger("CA-019")
def test_an_entry_nobody_signed_blocks_the_close(at):
    entry = written(charged(signed(patient("梁博"), "film")))

    def blocking() -> list:
        return [one for one in gathered(center(), DAY) if one.source == "corrections.unsigned"]

    assert blocking()[0].blocks
    verified(entry)
    assert blocking()[0].path == "/corrections/"
    applied(entry)
    assert blocking() == []
    assert [one for one in gathered(center(), DAY - timedelta(days=1)) if one.source == "corrections.unsigned"] == []


def test_every_page_of_an_entry_leads_to_the_next_step():
    receipt = charged(signed(patient("梁博"), "film"))
    cashier, supervisor, higher = browser("fang.li"), browser("gao.wen"), browser("rong.an")
    write = f"/corrections/receipts/{receipt.code}/"
    assert write in cashier.get(f"/cashier/receipts/{receipt.code}/").content.decode()
    assert write not in supervisor.get(f"/cashier/receipts/{receipt.code}/").content.decode()
    assert cashier.get(write).status_code == 200
    said = {"kind": "tender", "cause": "按错", "wrong": "现金", "right": "微信"}
    assert cashier.post(write, {**said, "tender": "wechat_pay"}).status_code == 422
    without = {**said, "changes_money": "on", "tender": "wechat_pay"}
    assert cashier.post(write, without).status_code == 422
    made = cashier.post(write, {**without, "reference": "4200-1"})
    entry = Correction.objects.get()
    here = f"/corrections/{entry.code}/"
    assert made["Location"] == here
    assert f'action="{here}verify/"' not in cashier.get(here).content.decode()
    assert f'action="{here}verify/"' in supervisor.get(here).content.decode()
    assert supervisor.post(f"{here}verify/", {"answer": "yes"})["Location"] == here
    assert supervisor.post(f"{here}apply/")["Location"] == here
    assert supervisor.post(f"{here}apply/").status_code == 409
    new = Receipt.objects.get(replaces__isnull=False)
    assert new.number in cashier.get(f"/cashier/receipts/{receipt.code}/").content.decode()
    assert receipt.number in cashier.get(f"/cashier/receipts/{new.code}/").content.decode()
    assert higher.post(f"{here}acknowledge/")["Location"] == here
    cashier.get("/corrections/")
    assert statements(lambda: cashier.get("/corrections/")) <= MOST_STATEMENTS
    page = cashier.get("/corrections/?state=ticked").content.decode()
    for words in ("梁博", "按错", person("rong.an").name, "√"):
        assert words in page
    assert "梁博" not in cashier.get("/corrections/?until=2026-12-13").content.decode()
    sheet = load_workbook(io.BytesIO(cashier.get("/corrections/book.xlsx").content)).active
    [head, row] = list(sheet.iter_rows(values_only=True))
    assert (len(head), row[2], row[3], row[11]) == (12, "梁博", "按错", "√")
    assert browser("bai.lan").get("/corrections/").status_code == 403
