"""The till: a signed slip, then a receipt; what stays owed has a name, and every refusal leaves everything as it was."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.db import connection

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from kernel.outbox.models import OutboxEvent
from services.cashier import actions, kpis, selectors
from services.cashier.leftovers import of_day
from services.cashier.models import Arrear, ChargeSlip, Payment, Receipt, ReceiptLine
from services.cashier.receipts import REPORT, SILENT
from services.cashier.taking import HandedOver
from services.catalogue.actions import set_price, update_item
from services.documents.models import Document
from services.reception.models import Visit
from services.sites.models import Site
from services.tasks.actions import complete_task
from services.tasks.models import Task
from services.till_days.readiness import admit
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, clockwork, patient, walked_in
from tests.services.till import charged, item, line, line_of, paper, signed

CARD = "6222021112344417"
NUMBER = re.compile(r"C-2026-0*(\d+)")


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def cash(fen: int) -> list[HandedOver]:
    """So much in notes and coins."""
    return [HandedOver(tender="cash", fen=fen)]


def everything() -> tuple[int, ...]:
    """How much there is of what a refusal must not touch."""
    models = (ChargeSlip, Receipt, ReceiptLine, Payment, Arrear, Document, Task, OutboxEvent)
    return tuple(model.objects.count() for model in models)


def refused(code: str, act, error: type[DomainError] = RuleRefused) -> None:
    """``act`` is refused with ``code``, changes nothing and is audited."""
    before, states = everything(), list(ChargeSlip.objects.order_by("pk").values_list("state", "version"))
    with pytest.raises(error, match=code):
        act()
    assert everything() == before
    assert list(ChargeSlip.objects.order_by("pk").values_list("state", "version")) == states
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


# --- the slip ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-001")
def test_only_the_treating_doctor_signs_and_prices_come_from_the_catalogue(monday):
    who = patient("梁博")
    slip = signed(who, line("scaling", quantity=2), line("filling", remark="16"))

    assert [(row.unit_price_fen, row.amount_fen) for row in slip.lines.all()] == [(30_000, 60_000), (126_000, 126_000)]
    assert slip.signed_by == person("dr.lin").code
    assert len(slip.content_hash) == 64
    assert slip.state == "issued"

    def sign(by: str, number: str) -> None:
        actions.issue_slip(by=person(by), site=center(), patient=who, doctor=staff(number), lines=[line("scaling")])

    refused("slip_not_the_doctor", lambda: sign("dr.xu", "011"))
    refused("permission_denied", lambda: sign("fang.li", "011"), Forbidden)


@pytest.mark.ledger("CA-001")
def test_nothing_is_charged_without_a_price_a_quantity_or_an_item(monday):
    who = patient("梁博")
    refused("slip_empty", lambda: actions.issue_slip(
        by=person("dr.lin"), site=center(), patient=who, doctor=staff("011"), lines=[]
    ))  # fmt: skip
    for quantity in (0, -1, 100):
        refused("quantity_invalid", lambda quantity=quantity: signed(who, line("film", quantity=quantity)))
    refused("zero_reason_unknown", lambda: signed(who, line("film", zero_reason="friend")))
    later = item("film")
    later.prices.all().delete()
    later = type(later).objects.get(pk=later.pk)
    refused("item_without_price", lambda: signed(who, actions.SlipLine(item=later)))
    gone = update_item(by=SYSTEM, item=item("filling"), is_active=False)
    refused("item_not_offered", lambda: signed(who, actions.SlipLine(item=gone)))


def test_a_slip_of_a_visit_belongs_to_its_patient_and_site(monday):
    visit, other = walked_in(patient("梁博")), patient("别人")
    assert signed(visit.patient, "film", visit_code=visit.code).visit_code == visit.code
    refused("visit_not_found", lambda: signed(other, "film", visit_code=visit.code), NotFound)


def test_a_later_price_changes_no_slip(monday, at):
    slip = signed(patient("梁博"), "scaling")
    set_price(by=SYSTEM, item=item("scaling"), price_fen=99_900, effective_from=date(2026, 12, 15))
    at("2026-12-15 09:00")

    assert charged(slip).received_fen == 30_000


def test_a_slip_is_taken_back_by_its_doctor_until_it_is_charged(monday):
    slip, other = signed(patient("梁博"), "film"), signed(patient("宋倩"), "film")
    back = {"site": center(), "slip": slip}
    refused("slip_not_the_doctor", lambda: actions.withdraw_slip(by=person("dr.xu"), **back))
    refused("permission_denied", lambda: actions.withdraw_slip(by=person("fang.li"), **back), Forbidden)

    actions.withdraw_slip(by=person("dr.lin"), **back)

    assert ChargeSlip.objects.get(pk=slip.pk).state == "withdrawn"
    refused("slip_already_charged", lambda: charged(slip), Conflict)
    charged(other)
    refused(
        "invalid_transition", lambda: actions.withdraw_slip(by=person("dr.lin"), site=center(), slip=other), Conflict
    )


# --- charging ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-002", "CA-003", "CA-004", "CA-007", "CA-014", "CA-056")
def test_sc11_a_part_payment_in_cash(monday):
    slip = signed(patient("梁博"))

    receipt = charged(slip, tendered_fen=120_000, owed={"filling": 168_000 - 105_030})

    assert (receipt.receivable_fen, receipt.received_fen, receipt.owed_fen) == (168_000, 105_030, 62_970)
    payment = receipt.payments.get()
    assert (payment.tender, payment.amount_fen, payment.tendered_fen, payment.change_fen) == (
        "cash", 105_030, 120_000, 14_970,
    )  # fmt: skip
    taken = {row.line.item.key: (row.received_fen, row.owed_fen) for row in receipt.lines.all()}
    assert taken == {"test-scaling": (30_000, 0), "test-film": (12_000, 0), "test-filling": (63_030, 62_970)}
    said = paper(receipt)
    assert said["capitals"] == "人民币壹仟零伍拾元零叁角整"
    assert {key: said[key] for key in ("receivable", "received", "owed", "owed_on")} == {
        "receivable": "1,680.00", "received": "1,050.30", "owed": "629.70", "owed_on": "树脂充填",
    }  # fmt: skip
    assert [(one["tendered"], one["change"]) for one in said["payments"]] == [("1,200.00", "149.70")]
    assert (said["patient"], said["doctor"], said["cashier"], said["date"]) == ("梁博", "林医生", "方丽", "2026-12-14")
    assert said["number"] == receipt.number
    assert ChargeSlip.objects.get(pk=slip.pk).state == "billed"


def test_a_slip_is_charged_once_and_only_at_its_site(monday):
    slip = signed(patient("梁博"), "scaling")
    charged(slip)
    refused("slip_already_charged", lambda: charged(slip), Conflict)
    other = signed(patient("宋倩"), "scaling")
    refused("permission_denied", lambda: charged(other, by="luo.ping"), Forbidden)
    refused("permission_denied", lambda: charged(other, by="dr.lin"), Forbidden)
    harbor = person("luo.ping")
    refused(
        "slip_not_found",
        lambda: actions.charge(
            by=harbor,
            site=Site.objects.get(slug="harbor"),
            slip=other,
            handed_over=cash(30_000),
        ),
        NotFound,
    )


@pytest.mark.ledger("CA-001")
def test_whoever_signed_a_slip_does_not_charge_it(monday):
    slip, other = signed(patient("梁博"), "film"), signed(patient("宋倩"), "film", doctor="dr.xu")
    assign_role(
        by=SYSTEM, user=User.objects.get(username="dr.lin"), role=Role.objects.get(slug="cashier"), site=center().code
    )

    refused("slip_signed_by_cashier", lambda: charged(slip, by="dr.lin"))
    day = date(2026, 12, 1)
    admit(by=SYSTEM, site=center(), staff=staff("011"), guarantor="林父", document="担保书", guaranteed_on=day)
    assert charged(other, by="dr.lin").received_fen == 12_000


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("owed_items_missing", {"tendered_fen": 167_999}),
        ("too_little_tendered", {"tendered_fen": 100_000, "owed": {"filling": 60_000}}),
        ("owed_more_than_item", {"owed": {"scaling": 30_001}}),
        ("owed_more_than_item", {"owed": {"scaling": -1}, "tendered_fen": 168_000}),
        ("change_only_for_cash", {"tender": "wechat_pay", "tendered_fen": 168_001}),
        ("tender_unknown", {"tender": "iou"}),
        ("reference_missing", {"tender": "wechat_pay", "reference": " "}),
        ("reference_missing", {"tender": "alipay", "reference": ""}),
        ("card_digits_missing", {"tender": "credit_card", "card_number": "44 1"}),
        ("nothing_due", {"owed": {"scaling": 30_000, "film": 12_000, "filling": 126_000}, "tendered_fen": 100}),
    ],
)
def test_refusals_of_charging_change_nothing(monday, code, how):
    slip = signed(patient("梁博"))
    refused(code, lambda: charged(slip, **how))
    assert charged(slip).number.endswith("1"), "a refusal used up a number"


def test_one_transaction_of_a_wallet_pays_one_receipt(monday):
    first, second = signed(patient("梁博"), "film"), signed(patient("宋倩"), "film")
    assert charged(first, tender="alipay", reference="2026121422001").payments.get().reference == "2026121422001"
    refused("transaction_used", lambda: charged(second, tender="alipay", reference=" 2026121422001"), Conflict)
    assert charged(second, tender="alipay", reference="2026121422002").number.endswith("2")


def test_an_owed_item_of_another_slip_is_refused(monday):
    slip, other = signed(patient("梁博")), signed(patient("宋倩"))
    foreign = line_of(other, "filling").code
    refused(
        "owed_more_than_item",
        lambda: actions.charge(
            by=person("fang.li"), site=center(), slip=slip, handed_over=cash(100_000), owed={foreign: 68_000}
        ),
    )


@pytest.mark.ledger("CA-003")
def test_a_receipt_without_its_names_is_not_issued(monday):
    slip = signed(patient("梁博"), "film")
    type(slip.doctor).objects.filter(pk=slip.doctor.pk).update(name=" ")
    refused("receipt_incomplete", lambda: charged(slip))


@pytest.mark.ledger("CA-012")
def test_of_a_card_only_its_kind_and_four_digits_are_kept(monday, caplog):
    slip = signed(patient("梁博"))
    receipt = charged(slip, tender="debit_card", card_number=f"{CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}")
    wide = charged(signed(patient("宋倩"), "film"), tender="credit_card", card_number="４４１７")
    third = signed(patient("何静"), "film")
    refused("card_digits_missing", lambda: charged(third, tender="debit_card", card_number="٤٤١٧a"))

    assert (receipt.payments.get().tender, receipt.payments.get().card_last_four) == ("debit_card", "4417")
    assert wide.payments.get().card_last_four == "4417"
    assert paper(receipt)["payments"][0]["card"] == "4417"
    assert CARD not in str(paper(receipt))
    assert CARD not in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM \"{table}\" t WHERE replace(t::text, ' ', '') LIKE %s", [f"%{CARD}%"])
            assert cursor.fetchone() == (0,), table


@pytest.mark.ledger("CA-045")
def test_a_free_bill_has_a_reason_and_moves_no_money(monday):
    slip = signed(patient("梁博"), line("filling", zero_reason="warranty"), line("film", zero_reason="exempt"))
    paid = signed(patient("宋倩"), line("filling", zero_reason="warranty"), "film")
    refused("bill_not_zero", lambda: actions.close_zero_bill(by=person("fang.li"), site=center(), slip=paid))

    receipt = actions.close_zero_bill(by=person("fang.li"), site=center(), slip=slip)

    assert (receipt.receivable_fen, receipt.received_fen, receipt.payments.count()) == (0, 0, 0)
    assert [row["zero_reason"] for row in paper(receipt)["lines"]] == ["warranty", "exempt"]
    assert paper(receipt)["capitals"] == "人民币零元整"
    assert kpis.takings(center(), date(2026, 12, 14)) is None
    assert charged(paid).received_fen == 12_000


def test_a_bill_that_stays_owed_as_a_whole_is_no_payment(monday):
    receipt = charged(signed(patient("梁博"), "film"), tender="debit_card", owed={"film": 12_000})

    assert (receipt.received_fen, receipt.owed_fen, receipt.payments.count()) == (0, 12_000, 0)
    assert receipt.arrears.get().owed_fen == 12_000


def test_charging_sends_the_visit_on(monday):
    visit = walked_in(patient("梁博"))
    Visit.objects.filter(pk=visit.pk).update(state="left")
    slip = signed(visit.patient, "film", visit_code=visit.code)
    assert Visit.objects.get(pk=visit.pk).state == "at_cashier"

    charged(slip)

    assert Visit.objects.get(pk=visit.pk).settled_at is not None


@pytest.mark.ledger("CA-048")
def test_a_visit_is_settled_when_its_last_slip_is(monday):
    # Given two slips of one visit: the film before the treatment, the filling after it
    visit = walked_in(patient("梁博"))
    charged(signed(visit.patient, "film", visit_code=visit.code))
    assert Visit.objects.get(pk=visit.pk).charged_at is not None
    filling = signed(visit.patient, "filling", visit_code=visit.code)
    scaling = signed(visit.patient, "scaling", visit_code=visit.code)
    Visit.objects.filter(pk=visit.pk).update(state="left")

    # When one of those that still wait is charged: then the other holds the visit
    charged(filling)
    stands = Visit.objects.get(pk=visit.pk)
    assert (stands.state, stands.charged_at, stands.settled_at) == ("left", None, None)

    # When the last is taken back: then nothing is left to pay
    actions.withdraw_slip(by=person("dr.lin"), site=center(), slip=scaling)
    assert Visit.objects.get(pk=visit.pk).settled_at is not None


def test_a_slip_that_was_only_taken_back_settles_nothing(monday):
    visit = walked_in(patient("梁博"))
    Visit.objects.filter(pk=visit.pk).update(state="left")
    slip = signed(visit.patient, "film", visit_code=visit.code)

    actions.withdraw_slip(by=person("dr.lin"), site=center(), slip=slip)

    stands = Visit.objects.get(pk=visit.pk)
    assert (stands.state, stands.settled_at) == ("at_cashier", None)


# --- arrears ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-008", "CA-056")
def test_arrears_belong_to_an_item_and_the_supervisor_has_them_the_same_day(monday, at):
    receipt = charged(signed(patient("梁博")), owed={"filling": 50_370})
    # The charge reports nothing by itself: it is the cashier's own act, and until then the close is blocked.
    assert not Task.objects.filter(kind=REPORT).exists()
    assert selectors.open_arrears(person("fang.li")).get().reported_at is None
    assert "cashier.arrears" in {one["source"] for one in of_day(center(), date(2026, 12, 14))}
    with pytest.raises(Forbidden):
        actions.report_arrears(by=person("dr.lin"), site=center(), receipt=receipt)
    actions.report_arrears(by=person("fang.li"), site=center(), receipt=receipt)
    with pytest.raises(Conflict) as again:
        actions.report_arrears(by=person("fang.li"), site=center(), receipt=receipt)
    assert again.value.code == "arrears_reported"
    assert "cashier.arrears" not in {one["source"] for one in of_day(center(), date(2026, 12, 14))}
    assert Task.objects.filter(kind=REPORT).count() == 1

    (arrear,) = selectors.open_arrears(person("fang.li"))
    assert (arrear.line.item_name, arrear.owed_fen, arrear.rest_fen) == ("树脂充填", 50_370, 50_370)
    assert (arrear.receipt.number, arrear.patient.name) == (receipt.number, "梁博")
    assert arrear.reported_at == receipt.issued_at
    assert arrear.seen_at is None

    task = Task.objects.get(kind=REPORT)
    assert task.roles == ["supervisor"]
    assert task.due_at.astimezone(center().timezone).date() == date(2026, 12, 14)
    assert task.args == {"owed": "503.70", "items": "树脂充填", "number": receipt.number}
    at.advance(minutes=5)
    complete_task(by=person("gao.wen"), task=task)
    assert selectors.open_arrears(person("fang.li")).get().seen_at == receipt.issued_at + timedelta(minutes=5)


@pytest.mark.ledger("CA-008")
def test_arrears_that_nobody_reported_are_with_the_supervisor_before_the_day_ends(monday, at):
    told = charged(signed(patient("宋倩")), owed={"filling": 10_000})
    silent = charged(signed(patient("梁博")), owed={"filling": 50_370})
    settled = charged(signed(patient("何青"), "film"), owed={"film": 2_000})
    actions.report_arrears(by=person("fang.li"), site=center(), receipt=told)
    actions.settle_arrear(
        by=person("fang.li"), site=center(), arrear=settled.arrears.get(), amount_fen=2_000, handed_over=cash(2_000)
    )
    at("2026-12-14 22:59")
    clockwork()
    assert not Task.objects.filter(kind=SILENT).exists()

    at("2026-12-14 23:01")
    clockwork()
    (task,) = Task.objects.filter(kind=SILENT)
    assert (task.key, task.roles, task.args["number"]) == (str(silent.code), ["supervisor"], silent.number)
    # Told of the silence is not reported: the close still waits for the cashier.
    assert "cashier.arrears" in {one["source"] for one in of_day(center(), date(2026, 12, 14))}
    actions.report_arrears(by=person("fang.li"), site=center(), receipt=silent)
    task.refresh_from_db()
    assert task.state == "done"


def test_a_full_payment_reports_nothing(monday):
    paid = charged(signed(patient("梁博")))
    with pytest.raises(RuleRefused) as nothing:
        actions.report_arrears(by=person("fang.li"), site=center(), receipt=paid)
    assert nothing.value.code == "nothing_owed"
    assert not Task.objects.filter(kind=REPORT).exists()
    assert not Arrear.objects.exists()


@pytest.mark.ledger("CA-009")
def test_sc11_later_money_settles_the_arrear_and_is_income_of_its_day(monday, at):
    first = charged(signed(patient("梁博")), owed={"filling": 50_370})
    at("2026-12-16 10:00")
    arrear = first.arrears.get()
    till = {"by": person("fang.li"), "site": center()}

    arrear = actions.settle_arrear(**till, arrear=arrear, amount_fen=20_000, handed_over=cash(30_000))
    assert (arrear.settled_fen, arrear.settled_at) == (20_000, None)
    part = Receipt.objects.latest("issued_at", "pk")
    assert (part.receivable_fen, part.received_fen, part.owed_fen) == (50_370, 20_000, 30_370)
    assert (part.payments.get().tendered_fen, part.payments.get().change_fen) == (30_000, 10_000)
    assert (paper(part)["settles"], paper(part)["doctor"]) == (first.number, "林医生")
    assert paper(part)["lines"][0]["amount"] == "503.70"

    refused("amount_more_than_owed", lambda: actions.settle_arrear(
        **till, arrear=arrear, amount_fen=30_371, handed_over=cash(30_371)
    ))  # fmt: skip
    refused(
        "amount_more_than_owed", lambda: actions.settle_arrear(**till, arrear=arrear, amount_fen=0, handed_over=cash(0))
    )
    refused("too_little_tendered", lambda: actions.settle_arrear(
        **till, arrear=arrear, amount_fen=30_370, handed_over=cash(30_000)
    ))  # fmt: skip
    refused("change_only_for_cash", lambda: actions.settle_arrear(
        **till, arrear=arrear, amount_fen=30_370, handed_over=[HandedOver(tender="alipay", fen=30_400, reference="2026-1")]
    ))  # fmt: skip

    by_card = HandedOver(tender="debit_card", fen=30_370, card_number=CARD)
    done = actions.settle_arrear(**till, arrear=arrear, amount_fen=30_370, handed_over=[by_card])
    assert done.settled_at is not None
    assert paper(Receipt.objects.latest("pk"))["owed"] == "0.00"
    assert not selectors.open_arrears(person("fang.li")).exists()
    days = [kpis.takings(center(), date(2026, 12, day)) for day in (14, 15, 16)]
    assert [fact and (fact.numerator, fact.n) for fact in days] == [(117_630, 1), None, (50_370, 2)]
    # What was received by item adds up to the money that came in.
    assert sum(ReceiptLine.objects.values_list("received_fen", flat=True)) == sum(
        Payment.objects.values_list("amount_fen", flat=True)
    )


def test_what_was_owed_on_a_day_does_not_change_with_later_money(monday, at):
    monday_, tuesday, friday = date(2026, 12, 14), date(2026, 12, 15), date(2026, 12, 18)
    assert kpis.arrears(center(), monday_) is None, "nobody was charged yet"
    arrear = charged(signed(patient("梁博")), owed={"filling": 50_370}).arrears.get()
    till = {"by": person("fang.li"), "site": center()}
    at("2026-12-15 09:00")
    actions.settle_arrear(**till, arrear=arrear, amount_fen=10_000, handed_over=cash(10_000))
    at("2026-12-18 09:00")
    actions.settle_arrear(**till, arrear=arrear, amount_fen=40_370, handed_over=cash(40_370))

    facts = [kpis.arrears(center(), day) for day in (monday_, tuesday, friday)]
    assert [fact and (fact.numerator, fact.n) for fact in facts] == [(50_370, 1), (40_370, 1), (0, 0)]
    assert kpis.arrears(center(), date(2026, 12, 11)) is None


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-055")
def test_receipt_numbers_run_without_gaps_over_the_sites_of_an_entity_and_begin_anew_with_the_year(monday, at):
    harbor = Site.objects.get(slug="harbor")
    first = charged(signed(patient("宋倩"), "film", doctor="dr.ding", site=harbor), by="luo.ping")
    assert int(NUMBER.fullmatch(first.number)[1]) == 1, "the harbor's own entity"
    Site.objects.filter(pk=harbor.pk).update(entity=center().entity)
    harbor.refresh_from_db()
    slips = [signed(patient("梁博"), "film") for _ in range(3)]
    numbers = [charged(slips[0]).number]
    slip = signed(patient("宋倩"), "film", doctor="dr.ding", site=harbor)
    numbers.append(charged(slip, by="luo.ping").number)
    numbers.append(charged(slips[1]).number)
    assert [int(NUMBER.fullmatch(number)[1]) for number in numbers] == [1, 2, 3]

    at("2026-12-31 23:59:59")
    assert charged(slips[2]).number.startswith("C-2026-")
    at("2027-01-01 00:00:00")
    assert charged(signed(patient("何静"), "film")).number.startswith("C-2027-")


# --- what is read -----------------------------------------------------------------------------------------------------


def test_the_day_adds_up_by_tender(monday, at):
    for name, tender in (("甲", "cash"), ("乙", "cash"), ("丙", "alipay")):
        charged(signed(patient(name), "film"), tender=tender)
    at("2026-12-15 00:00")
    charged(signed(patient("丁"), "film"))

    assert selectors.day_totals(person("fang.li"), center(), date(2026, 12, 14)) == {"cash": 24_000, "alipay": 12_000}
    assert selectors.receipts_of_day(person("fang.li"), center(), date(2026, 12, 14)).count() == 3
    assert not selectors.receipts_of_day(person("luo.ping"), center(), date(2026, 12, 14)).exists()
