"""What makes a bill cheaper: the finance policy, a coupon once, or somebody else's word (CA-005, CA-006, SC-11)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, NotFound, RuleRefused
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from services.books.models import Account
from services.books.selectors import balance, day_book
from services.cashier.models import Payment, Receipt
from services.catalogue.models import Category
from services.discounts import actions
from services.discounts.actions import Wanted
from services.discounts.models import Coupon, DiscountApproval, DiscountPolicy, Placement
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person
from tests.services.flow import center, patient
from tests.services.till import charged, item, line_of, paper, signed

DAY = date(2026, 12, 14)


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def policy(**more) -> DiscountPolicy:
    """A line of the finance policy: ten percent off a filling, with a coupon."""
    given = {"item": item("filling"), "rate_bp": 9_000, "coupon_only": True, "starts_on": DAY} | more
    return actions.set_policy(by=SYSTEM, name_zh="补牙九折", **given)


def coupon(number: str = "C-0451", **more) -> Coupon:
    """A coupon of that line."""
    return actions.issue_coupon(by=SYSTEM, policy=more.pop("policy", None) or policy(), number=number, **more)


def refused(code: str, act, error: type[DomainError] = RuleRefused) -> None:
    """``act`` is refused with ``code``, charges nothing, uses nothing up, and is audited."""
    models = (Receipt, Payment, Placement)
    before = [model.objects.count() for model in models]
    states = list(Coupon.objects.order_by("pk").values_list("state", flat=True))
    with pytest.raises(error, match=code):
        act()
    assert [model.objects.count() for model in models] == before
    assert list(Coupon.objects.order_by("pk").values_list("state", flat=True)) == states
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("CA-005", "CA-007", "CA-014", "CA-056")
def test_sc11_a_coupon_on_the_filling_cash_with_change_and_the_rest_owed_on_it():
    # Given scaling 300.00, film 120.00, filling 1,260.00 and a coupon of ten percent on fillings
    coupon()
    slip = signed(patient("梁博"))

    # When 1,050.30 are paid of 1,100.00 and the rest stays owed on the filling
    receipt = charged(slip, coupons=["c-0451"], tendered_fen=110_000, owed={"filling": 50_370})

    # Then everything adds up, on paper and by item
    assert (receipt.receivable_fen, receipt.discount_fen) == (168_000, 12_600)
    assert (receipt.received_fen, receipt.owed_fen) == (105_030, 50_370)
    assert receipt.payments.get().change_fen == 4_970
    filling = receipt.lines.get(line=line_of(slip, "filling"))
    assert (filling.discount_fen, filling.rate_bp, filling.received_fen, filling.owed_fen) == (
        12_600, 9_000, 63_030, 50_370,
    )  # fmt: skip
    said = paper(receipt)
    assert said["capitals"] == "人民币壹仟零伍拾元零叁角整"
    assert (said["receivable"], said["after_discount"], said["rate"]) == ("1,680.00", "1,554.00", "90%")
    assert said["coupons"] == ["C-0451"]
    assert [row["rate"] for row in said["lines"]] == ["100%", "100%", "90%"]
    # And the books have each category's own money
    book = day_book(center(), DAY)
    assert {key: total.net_fen for key, total in book.categories.items()} == {"scaling": 30_000, "treatment": 75_030}
    assert (book.received_fen, book.owed_added_fen) == (105_030, 50_370)
    assert balance(Account.OWED, site=center()) == 50_370
    used = Coupon.objects.get()
    assert (used.state, used.receipt_number) == ("used", receipt.number)


@pytest.mark.ledger("CA-005")
def test_a_coupon_is_taken_once_by_its_owner_for_its_item_and_in_time(at):
    line = policy(ends_on=date(2026, 12, 20))
    coupon("C-1", policy=line)
    coupon("C-2", policy=line, patient=patient("宋倩"))
    coupon("C-3", policy=line, valid_until=DAY)
    charged(signed(patient("梁博"), "filling"), coupons=["C-1"], tendered_fen=113_400)

    again = signed(patient("梁博"), "filling")
    refused("coupon_used", lambda: charged(again, coupons=["C-1"]), Conflict)
    refused("coupon_not_found", lambda: charged(again, coupons=["C-9"]), NotFound)
    refused("coupon_of_somebody_else", lambda: charged(again, coupons=["C-2"]))
    refused("coupon_fits_nothing", lambda: charged(signed(patient("梁博"), "film"), coupons=["C-3"]))
    at("2026-12-15 09:00")
    refused("coupon_expired", lambda: charged(again, coupons=["C-3"]))
    actions.withdraw_coupon(by=SYSTEM, coupon=Coupon.objects.get(number="C-3"))
    refused("coupon_used", lambda: charged(again, coupons=["C-3"]), Conflict)


@pytest.mark.ledger("CA-006")
def test_only_what_the_policy_says_is_granted_and_only_by_whom_it_names(at):
    # Given: cashiers may take a fifth off scaling until Friday, supervisors off everything
    mine = policy(item=item("scaling"), rate_bp=8_000, coupon_only=False, roles=["cashier"], ends_on=date(2026, 12, 18))
    theirs = policy(item=None, rate_bp=5_000, coupon_only=False, roles=["supervisor"])
    treatment = policy(
        item=None,
        category=Category.objects.get(key="treatment"),
        rate_bp=9_500,
        coupon_only=False,
        roles=["cashier"],
    )
    slip = signed(patient("梁博"))
    scaling, film, filling = (line_of(slip, name).code for name in ("scaling", "film", "filling"))

    refused("discount_not_in_policy", lambda: charged(slip, discounts=[Wanted(line=film, policy=mine.code)]))
    refused("discount_not_yours", lambda: charged(slip, discounts=[Wanted(line=film, policy=theirs.code)]))
    refused("policy_not_found", lambda: charged(slip, discounts=[Wanted(line=film, policy=uuid4())]), NotFound)
    refused("line_not_found", lambda: charged(slip, discounts=[Wanted(line=uuid4(), policy=mine.code)]), NotFound)
    coupon("C-7")
    both = [Wanted(line=filling, policy=treatment.code)]
    refused("discounts_add_up", lambda: charged(slip, discounts=both, coupons=["C-7"]))

    receipt = charged(
        slip, discounts=[Wanted(line=scaling, policy=mine.code), *both], tendered_fen=24_000 + 12_000 + 119_700
    )
    assert receipt.discount_fen == 6_000 + 6_300
    assert set(Placement.objects.values_list("rate_bp", flat=True)) == {8_000, 9_500}

    later = signed(patient("宋倩"), "scaling")
    at("2026-12-19 09:00")
    wanted = [Wanted(line=line_of(later, "scaling").code, policy=mine.code)]
    refused("discount_not_in_policy", lambda: charged(later, discounts=wanted))


@pytest.mark.ledger("CA-006")
def test_outside_the_policy_somebody_else_approves_once():
    slip = signed(patient("梁博"), "scaling")
    line = slip.lines.get()
    asked = actions.ask_approval(
        by=person("fang.li"), site=center(), slip_code=slip.code, line=line, rate_bp=8_000, reason="老客户"
    )
    wanted = [Wanted(line=line.code, approval=asked.code)]
    refused("discount_not_approved", lambda: charged(slip, discounts=wanted))
    refused("approval_open", lambda: actions.ask_approval(
        by=person("fang.li"), site=center(), slip_code=slip.code, line=line, rate_bp=7_000, reason="再试"
    ), Conflict)  # fmt: skip
    assert Task.objects.get(kind=actions.ASKED).state == "open"

    actions.decide(by=person("gao.wen"), site=center(), approval=asked, approve=True)

    assert Task.objects.get(kind=actions.ASKED).state == "done"
    receipt = charged(slip, discounts=wanted, tendered_fen=24_000)
    assert (receipt.discount_fen, Placement.objects.get().granted_by_name) == (6_000, person("gao.wen").name)
    assert DiscountApproval.objects.get().state == "used"


@pytest.mark.ledger("CA-006")
def test_nobody_approves_what_they_asked_for_and_a_no_says_why():
    slip = signed(patient("梁博"), "scaling")
    assign_role(by=SYSTEM, user=User.objects.get(username="gao.wen"), role=Role.objects.get(slug="cashier"))
    asked = actions.ask_approval(
        by=person("gao.wen"), site=center(), slip_code=slip.code, line=slip.lines.get(), rate_bp=8_000, reason="老客户"
    )
    decision = {"site": center(), "approval": asked}
    refused("own_request", lambda: actions.decide(by=person("gao.wen"), approve=True, **decision))
    refused("reason_missing", lambda: actions.decide(by=SYSTEM, approve=False, **decision))
    assert actions.decide(by=SYSTEM, approve=False, words="没有理由", **decision).state == "refused"


def test_a_policy_has_a_rate_a_period_and_somebody_who_grants_it():
    for rate in (0, 10_000):
        refused("rate_invalid", lambda rate=rate: policy(rate_bp=rate))
    refused("granted_by_nobody", lambda: policy(coupon_only=False))
    refused("period_inverted", lambda: policy(ends_on=DAY - timedelta(days=1)))
    refused("scope_ambiguous", lambda: policy(category=Category.objects.get(key="treatment")))
    line = policy()
    coupon("C-1", policy=line)
    refused("coupon_exists", lambda: coupon("c-1 ", policy=line), Conflict)


def test_the_till_sees_what_a_coupon_does_before_it_charges():
    coupon()
    slip = signed(patient("梁博"))
    till = browser("fang.li")
    shown = till.get(
        f"/cashier/slips/{slip.code}/preview/", {"tender": "cash", "tendered_fen": "1554", "coupon": "C-0451"}
    )
    assert "1,554.00" in shown.content.decode()
    wrong = till.get(
        f"/cashier/slips/{slip.code}/preview/", {"tender": "cash", "tendered_fen": "1554", "coupon": "C-9"}
    )
    assert "C-9" in wrong.content.decode()
    assert Coupon.objects.get().state == "issued"

    paid = till.post(f"/cashier/slips/{slip.code}/", {"tender": "cash", "tendered_fen": "1554", "coupon": "C-0451"})

    assert paid.status_code == 303
    assert Receipt.objects.get().discount_fen == 12_600


def test_pages_and_operations_of_discounts():
    dean, desk = browser("dou.heng"), browser("fang.li")
    body = {"name_zh": "洁牙八折", "rate_bp": "80", "roles": ["cashier"], "starts_on": "2026-12-14"}
    assert dean.post("/discounts/", body | {"item": str(item("scaling").code)}).status_code == 303
    made = DiscountPolicy.objects.get()
    assert (made.rate_bp, made.roles) == (8_000, ["cashier"])
    assert desk.post("/discounts/", body).status_code == 403
    slip = signed(patient("梁博"), "scaling")
    assert made.name in desk.get(f"/cashier/slips/{slip.code}/").content.decode()
    asked = {"line": str(slip.lines.get().code), "rate_percent": "70", "reason": "老客户"}
    assert desk.post(f"/cashier/slips/{slip.code}/ask-discount/", asked).status_code == 303
    one = DiscountApproval.objects.get()
    supervisor = browser("gao.wen")
    assert "老客户" in supervisor.get(f"/discounts/requests/{one.code}/").content.decode()
    assert supervisor.post(f"/discounts/requests/{one.code}/decide/", {"answer": "yes"}).status_code == 303
    till = api("fang.li")
    charge = {
        "payments": [
            {"tender": "cash", "tendered_fen": 20_000},
            {"tender": "debit_card", "tendered_fen": 11_000, "card_last_four": "4417"},
        ],
        "discounts": [{"line": asked["line"], "approval": str(one.code)}],
    }
    answer = till.post(f"/api/v1/cashier/slips/{slip.code}/charge/", charge)
    assert answer.status_code == 201, answer.content
    assert [(row["tender"], row["amount_fen"], row["change_fen"]) for row in answer.json()["payments"]] == [
        ("cash", 10_000, 10_000),
        ("debit_card", 11_000, 0),
    ]
    neither = till.post(f"/api/v1/cashier/slips/{slip.code}/charge/", {"tendered_fen": 1})
    assert neither.status_code in (400, 422)
