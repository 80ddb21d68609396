"""Stock: what a charge does to it, expiry, issue slips, the count with sales during it, the kit, the pages."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from openpyxl import load_workbook

from kernel.errors import Conflict, DomainError, Forbidden
from kernel.parameters import Scope, set_parameter
from services.cashier.actions import SlipLine, sell_goods
from services.cashier.models import Receipt
from services.cashier.taking import HandedOver
from services.inventory import charging, codes, counting, expiry, handlers, kit, packs, selectors, supply
from services.inventory.models import Balance, Count, MoveKind, Movement, Requisition
from services.sites.models import Site
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, statements
from tests.services.flow import center, patient
from tests.services.stockroom import BRUSH_BARCODE, anaesthetic, brush, lies, lot
from tests.services.till import charged, item, signed


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def sell(quantity: int = 1, *, name: str = "梁博", by: str = "fang.li") -> Receipt:
    goods = brush()
    assert goods.item is not None
    return sell_goods(
        by=person(by), site=center(), patient=patient(name), goods=[SlipLine(item=goods.item, quantity=quantity)],
        handed_over=[HandedOver(tender="cash", fen=3_000 * quantity)],
    )  # fmt: skip


def refused(act) -> str:
    with pytest.raises(DomainError) as seen, transaction.atomic():
        act()
    return seen.value.code


def open_tasks(kind: str) -> list[Task]:
    return list(Task.objects.filter(kind=kind, state="open"))


# --- charging ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-053", "CA-041")
def test_a_sale_takes_what_expires_first_and_nothing_is_sold_that_is_not_there():
    late = lot(brush(), "B-2", place="cashier", quantity=2, expires="2027-06-30")
    soon = lot(brush(), "B-1", place="cashier", quantity=1, expires="2027-01-31")
    receipt = sell(2)
    assert (lies(soon, "cashier"), lies(late, "cashier")) == (0, 1)
    rows = Movement.objects.filter(kind=MoveKind.SALE)
    assert {row.reference for row in rows} == {receipt.number}
    assert {row.patient_id for row in rows} == {receipt.patient_id}
    assert refused(lambda: sell(2)) == "out_of_stock"
    assert Receipt.objects.count() == 1
    assert lies(late, "cashier") == 1


@pytest.mark.ledger("IN-007")
def test_a_lot_is_sold_on_its_last_day_and_blocked_from_midnight(monday):
    old = lot(brush(), "B-1", place="cashier", quantity=3, expires="2026-12-14")
    monday("2026-12-14 23:59:59")
    sell()
    monday("2026-12-15 00:00")
    assert refused(sell) == "lot_expired"
    assert lies(old, "cashier") == 2
    fresh = lot(brush(), "B-2", place="cashier", quantity=1, expires="2027-12-31")
    sell()
    assert (lies(old, "cashier"), lies(fresh, "cashier")) == (2, 0)


@pytest.mark.ledger("CA-053", "IN-002")
def test_a_charged_procedure_uses_its_material_up_and_a_short_room_is_reported():
    used = lot(anaesthetic(), "A-1", place="room", quantity=3, expires="2027-06-30")
    supply.set_consumption(by=SYSTEM, procedure=item("filling"), item=anaesthetic(), quantity=2)
    receipt = charged(signed(patient("梁博"), "filling"))
    assert lies(used, "room") == 1
    assert open_tasks("inventory.stock_out") == []
    charged(signed(patient("何青"), "filling"))
    assert lies(used, "room") == 0, "the patient is charged whatever the books of the room say"
    assert len(open_tasks("inventory.stock_out")) == 1
    assert statements(lambda: list(selectors.used_on(used))) == 1
    page = api("mei.hua").get(f"/api/v1/inventory/lots/{used.code}/patients/").json()["patients"]
    assert [row["quantity"] for row in page] == [-2, -1]
    assert page[0]["patient"] == str(receipt.patient.code)


@pytest.mark.ledger("CA-053")
def test_goods_come_back_into_their_lot_and_no_more_than_were_sold():
    sold = lot(brush(), "B-1", place="cashier", quantity=3, expires="2027-06-30")
    line = sell(2).lines.get().line.code
    back = {"by": person("fang.li"), "site": center(), "line": line}
    charging.take_back_goods(**back, quantity=1)
    assert lies(sold, "cashier") == 2
    assert refused(lambda: charging.take_back_goods(**back, quantity=2)) == "more_than_sold"
    assert lies(sold, "cashier") == 2


@pytest.mark.ledger("IN-001")
def test_the_database_keeps_no_negative_stock():
    row = lot(brush(), "B-1", place="cashier", quantity=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Balance.objects.filter(lot=row).update(quantity=-1)


@pytest.mark.ledger("IN-001")
def test_below_the_minimum_the_cashier_draws_and_both_sign_the_issue_slip():
    lot(brush(), "B-1", place="cashier", quantity=3)
    store = lot(brush(), "S-1", place="store", quantity=10)
    supply.set_minimum(by=person("mei.hua"), site=center(), item=brush(), place="cashier", quantity=3)
    sell()
    assert [task.roles for task in open_tasks("inventory.below_minimum")] == [["cashier"]]
    cashier, nurse = person("fang.li"), person("mei.hua")
    slip = supply.request_stock(
        by=cashier, site=center(), place="cashier", lines=[supply.Wanted(item=brush(), quantity=4)]
    )
    step = {"site": center(), "requisition": slip}
    with pytest.raises(Forbidden):
        supply.issue(by=cashier, **step)
    supply.issue(by=nurse, **step)
    assert (lies(store, "store"), lies(store, "cashier")) == (6, 0)
    assert refused(lambda: supply.sign_for(by=nurse, **step)) == "same_person_twice"
    supply.sign_for(by=cashier, **step)
    assert (lies(store, "store"), lies(store, "cashier")) == (6, 4)
    assert open_tasks("inventory.below_minimum") == []
    signed_by = Requisition.objects.get()
    assert (signed_by.issued_by, signed_by.received_by) == (nurse.code, cashier.code)
    again = supply.request_stock(
        by=cashier, site=center(), place="cashier", lines=[supply.Wanted(item=brush(), quantity=6)]
    )
    supply.issue(by=nurse, site=center(), requisition=again)
    supply.send_back(by=cashier, site=center(), requisition=again)
    assert (lies(store, "store"), lies(store, "cashier")) == (6, 4)


@pytest.mark.ledger("IN-006", "IN-013")
def test_an_order_is_received_with_lot_and_expiry_and_never_more_than_was_ordered():
    nurse = person("mei.hua")
    order = supply.plan_order(
        by=nurse, site=center(), lines=[supply.Wanted(item=anaesthetic(), quantity=10, price_fen=1_200)]
    )
    came = {"item": anaesthetic(), "lot": "L-9", "price_fen": 1_200, "expires_on": date(2028, 1, 31)}
    of_order = {"by": nurse, "site": center(), "order": order}
    first = [supply.Delivered(**came, quantity=6)]
    assert refused(lambda: supply.receive(**of_order, delivered=first)) == "order_not_placed"
    supply.place_order(by=nurse, site=center(), order=order)
    supply.receive(**of_order, delivered=first)
    assert (
        refused(lambda: supply.receive(**of_order, delivered=[supply.Delivered(**came, quantity=5)]))
        == "more_than_ordered"
    )
    other_day = supply.Delivered(**{**came, "expires_on": date(2028, 2, 1)}, quantity=1)
    assert refused(lambda: supply.receive(by=nurse, site=center(), delivered=[other_day])) == "lot_differs"
    supply.receive(**of_order, delivered=[supply.Delivered(**came, quantity=4)])
    order.refresh_from_db()
    assert order.state == "received"
    charts = supply.ensure_item(by=SYSTEM, key="test-charts", name_zh="空白病历", unit="份", kind="stationery")
    blank = {"item": charts, "lot": "1-20", "price_fen": 10, "quantity": 20}
    bare = supply.Delivered(**blank)
    assert refused(lambda: supply.receive(by=nurse, site=center(), delivered=[bare])) == "serials_invalid"
    supply.receive(by=nurse, site=center(), delivered=[supply.Delivered(**blank, serial_from=1, serial_until=20)])
    twice = supply.Delivered(**{**blank, "lot": "20-39"}, serial_from=20, serial_until=39)
    assert refused(lambda: supply.receive(by=nurse, site=center(), delivered=[twice])) == "serials_invalid"


# --- count ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("IN-003", "IN-004", "CA-042", "CA-043")
def test_a_count_with_sales_during_it_and_its_way_to_the_settled_month(monday):
    one = lot(brush(), "B-1", place="cashier", quantity=10, expires="2027-06-30", price_fen=1_000)
    handlers.morning(date(2026, 12, 14))
    count = Count.objects.get(site=center())
    assert (count.planned_on, count.state) == (date(2026, 12, 25), "planned")
    handlers.morning(date(2026, 12, 15))
    assert Count.objects.filter(site=center()).count() == 1
    cashier, nurse = person("fang.li"), person("mei.hua")
    of = {"site": center(), "count": count}
    assert refused(lambda: counting.precount(by=cashier, **of, counted={})) == "count_lines_blank"
    counting.precount(by=cashier, **of, counted={one.code: 10})
    assert refused(lambda: counting.begin_count(by=cashier, **of)) == "count_too_early"
    monday("2026-12-25 09:00")
    counting.begin_count(by=cashier, **of)
    sell()
    line = counting.enter_line(by=cashier, **of, lot=one.code, actual=8)
    assert (line.book, line.difference) == (9, -1)
    sell()
    two = lot(brush(), "B-2", place="cashier", quantity=5)
    assert refused(lambda: counting.hand_over_count(by=cashier, **of)) == "count_lines_blank"
    counting.enter_line(by=cashier, **of, lot=two.code, actual=5)
    counting.hand_over_count(by=cashier, **of)
    count.refresh_from_db()
    assert (count.variance_quantity, count.variance_fen) == (-1, -1_000)
    with pytest.raises(Forbidden):
        counting.accept_count(by=cashier, **of)
    assert refused(lambda: counting.ask_recount(by=nurse, **of, reason=" ")) == "reason_missing"
    counting.ask_recount(by=nurse, **of, reason="少一支")
    assert count.lines.filter(actual__isnull=True).count() == 2
    counting.enter_line(by=cashier, **of, lot=one.code, actual=7)
    counting.enter_line(by=cashier, **of, lot=two.code, actual=5)
    counting.hand_over_count(by=cashier, **of)
    counting.accept_count(by=nurse, **of)
    assert (lies(one, "cashier"), lies(two, "cashier")) == (7, 5)
    assert Movement.objects.get(kind=MoveKind.COUNT).quantity == -1
    counting.settle_month(by=cashier, **of)
    month = counting.month_of(count)
    assert (month.sold, month.variance, month.closing) == (2, -1, 12)
    with pytest.raises(Conflict):
        counting.settle_month(by=cashier, **of)


@pytest.mark.ledger("IN-003")
def test_the_precount_is_before_the_day_and_the_calendar_may_move_it(monday):
    one = lot(brush(), "B-1", place="cashier", quantity=1)
    set_parameter(by=SYSTEM, key="count_override", value=["2026-12-23"], scope=Scope.tenant())
    count = counting.plan_count(by=SYSTEM, site=center(), month=date(2026, 12, 1))
    assert count is not None
    assert count.planned_on == date(2026, 12, 23)
    monday("2026-12-23 00:00")
    act = {"by": person("fang.li"), "site": center(), "count": count, "counted": {one.code: 1}}
    assert refused(lambda: counting.precount(**act)) == "precount_too_late"
    monday("2026-12-22 23:59")
    counting.precount(**act)


# --- month end and kit ------------------------------------------------------------------------------------------------


@pytest.mark.ledger("IN-007")
def test_every_lot_is_confirmed_and_scrap_is_the_deans():
    old = lot(anaesthetic(), "L-7", place="store", quantity=5, expires="2026-12-10")
    lot(anaesthetic(), "L-8", place="store", quantity=5, expires="2027-03-01")
    nurse, dean = person("mei.hua"), person("dou.heng")
    check = expiry.open_check(by=SYSTEM, site=center(), day=date(2026, 12, 31))
    assert check is not None
    said = expiry.confirm_lot(by=nurse, site=center(), check=check, lot=old.code)
    assert said.finding == "expired"
    assert refused(lambda: expiry.close_check(by=nurse, site=center(), check=check)) == "lots_unconfirmed"
    for one in expiry.lots_here(center()):
        expiry.confirm_lot(by=nurse, site=center(), check=check, lot=one.code)
    expiry.close_check(by=nurse, site=center(), check=check)
    ask = {"by": nurse, "site": center(), "lot": old, "place": "store", "reason": "过期"}
    assert refused(lambda: expiry.apply_for_scrap(**ask, quantity=6)) == "out_of_stock"
    scrap = expiry.apply_for_scrap(**ask, quantity=3)
    assert refused(lambda: expiry.apply_for_scrap(**ask, quantity=3)) == "out_of_stock", "three are applied for already"
    with pytest.raises(Forbidden):
        expiry.decide_scrap(by=nurse, site=center(), scrap=scrap, approve=True)
    answer = {"by": dean, "site": center(), "scrap": scrap}
    assert refused(lambda: expiry.decide_scrap(**answer, approve=False, opinion="")) == "reason_missing"
    expiry.decide_scrap(**answer, approve=True)
    assert (scrap.state, lies(old, "store")) == ("written_off", 2)
    assert Movement.objects.get(kind=MoveKind.WRITE_OFF).reference == scrap.number


@pytest.mark.ledger("IN-012")
def test_the_kit_alarms_in_the_minute_of_use_and_is_looked_through(monday):
    adrenaline = supply.ensure_item(by=SYSTEM, key="test-adrenaline", name_zh="肾上腺素", unit="支", kind="medicine")
    ampoules = lot(adrenaline, "AD-1", place="kit", quantity=2, expires="2026-12-20")
    supply.set_minimum(by=person("mei.hua"), site=center(), item=adrenaline, place="kit", quantity=2)
    assert open_tasks("inventory.kit_deficit") == []
    supply.use(by=person("mo.xiao"), site=center(), place="kit", item=adrenaline, quantity=1)
    alarm = open_tasks("inventory.kit_deficit")
    assert [task.roles for task in alarm] == [["head_nurse"]]
    assert (alarm[0].opened_at - Movement.objects.latest("pk").at).total_seconds() < 60
    lot(adrenaline, "AD-2", place="kit", quantity=1, expires="2026-12-20")
    assert open_tasks("inventory.kit_deficit") == []
    assert kit.check_kit(by=person("mo.xiao"), site=center()).complete is not False
    monday("2026-12-21 06:00")
    handlers.morning(date(2026, 12, 21))
    assert len(open_tasks("inventory.kit_deficit")) == 1, "what expired overnight is not ready"
    assert len(open_tasks("inventory.kit_check")) == 1
    assert kit.check_kit(by=person("mo.xiao"), site=center()).complete is False
    assert open_tasks("inventory.kit_check") == []
    assert lies(ampoules, "kit") == 1


@pytest.mark.ledger("IN-005")
def test_purchase_and_requisition_tables_come_from_the_books(monday):
    nurse = person("mei.hua")
    supply.receive(
        by=nurse, site=center(),
        delivered=[supply.Delivered(item=anaesthetic(), quantity=6, lot="L-9", price_fen=1_200, expires_on=date(2028, 1, 31))],
    )  # fmt: skip
    monday("2027-01-04 09:00")
    pack = packs.open_pack(by=SYSTEM, site=center(), month=date(2027, 1, 4))
    table = packs.write_table(by=nurse, site=center(), pack=pack, kind="purchase", lines=None)
    assert [(line.item, line.quantity, line.amount_fen) for line in table.lines.all()] == [("阿替卡因", 6, 7_200)]
    assert (
        refused(lambda: packs.write_table(by=nurse, site=center(), pack=pack, kind="budget", lines=None))
        == "lines_missing"
    )


# --- codes and doors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lot_number", "day"),
    [
        ("6901234567892", "", None),
        ("0106901234567892" + "17270228" + "10L-7", "L-7", date(2027, 2, 28)),
        ("]d20106901234567892" + "10L-7\x1d" + "17270200", "L-7", date(2027, 2, 28)),
        ("(01)06901234567892(17)270331(10)L-8", "L-8", date(2027, 3, 31)),
    ],
)
def test_a_scanned_package_is_found_with_lot_and_expiry(text, lot_number, day):
    known = brush()
    read = codes.read_code(text)
    assert (read.lot, read.expires_on) == (lot_number, day)
    assert codes.find_stock(text) == known
    assert codes.find_stock(text.replace("6901234567892", "6901234567885")) is None


@pytest.mark.ledger("CA-053", "CA-001")
def test_goods_are_sold_with_scanner_and_keyboard_only():
    known = lot(brush(), "B-1", place="cashier", quantity=2)
    who = patient("梁博")
    cashier = browser("fang.li")
    found = cashier.get("/cashier/goods/", {"q": who.record_number})
    assert found.status_code == 302
    once = cashier.get(f"{found.url}&q={BRUSH_BARCODE}")
    twice = cashier.get(f"{once.url}&q={BRUSH_BARCODE}")
    page = cashier.get(twice.url).content.decode()
    assert "60.00" in page
    assert brush().item is not None
    form = {"patient": str(who.code), "i": f"{brush().item.code}:2", "tender": "cash", "tendered_fen": "100"}
    over = cashier.post("/cashier/goods/", form | {"i": f"{brush().item.code}:3"})
    assert over.status_code == 422
    assert 'data-code="out_of_stock"' in over.content.decode()
    assert not Receipt.objects.exists()
    done = cashier.post("/cashier/goods/", form)
    receipt = Receipt.objects.get()
    assert (done.status_code, done.url) == (303, f"/cashier/receipts/{receipt.code}/")
    assert lies(known, "cashier") == 0
    assert browser("dr.lin").get("/cashier/goods/").status_code == 403


@pytest.mark.ledger("IN-003", "IN-007", "IN-005")
def test_the_pages_and_their_workbooks():
    one = lot(brush(), "B-1", place="cashier", quantity=2, expires="2027-01-31")
    count = counting.plan_count(by=SYSTEM, site=center(), month=date(2026, 12, 1))
    check = expiry.open_check(by=SYSTEM, site=center(), day=date(2026, 12, 31))
    pack = packs.open_pack(by=SYSTEM, site=center(), month=date(2026, 12, 1))
    assert count is not None
    assert check is not None
    cashier, nurse = browser("fang.li"), browser("mei.hua")
    base = "/inventory/"
    sheet = f"{base}counts/{count.code}/"
    paths = [
        "", f"items/{brush().code}/", f"lots/{one.code}/", "requisitions/", "kit/", "counts/", f"counts/{count.code}/",
        "expiry/", f"expiry/{check.code}/", "packs/", f"packs/{pack.code}/", "stock.xlsx",
    ]  # fmt: skip
    for path in paths:
        assert nurse.get(base + path).status_code == 200, path
    assert nurse.get(base + "receive/").status_code == 200
    assert cashier.get(base + "receive/").status_code == 403
    assert browser("bai.lan").get(base).status_code == 403
    assert cashier.get(base, {"q": BRUSH_BARCODE}).url == f"/inventory/items/{brush().code}/"
    assert cashier.post(sheet, {"step": "precount", f"lot-{one.code}": "2"}).status_code == 303
    assert cashier.post(sheet, {"step": "begin"}).status_code == 422
    book = load_workbook(io.BytesIO(cashier.get(f"{sheet}sheet.xlsx").content)).active
    assert len([cell.value for cell in book[1]]) == 10
    assert [cell.value for cell in book[2]][1] == "B-1"
    posted = {"step": "purchase"}
    assert nurse.post(f"{base}packs/{pack.code}/", posted).status_code == 303
    assert nurse.post(f"{base}packs/{pack.code}/", {"step": "submit"}).status_code == 422
    assert nurse.get(f"{base}packs/{pack.code}/purchase.xlsx").status_code == 200
    assert nurse.get(f"{base}packs/{pack.code}/budget.xlsx").status_code == 404


def test_lists_ask_few_questions_whatever_they_hold():
    lot(brush(), "B-0", place="cashier", quantity=1)
    nurse = browser("mei.hua")
    nurse.get("/inventory/")
    few = statements(lambda: nurse.get("/inventory/"))
    for number in range(1, 9):
        lot(brush(), f"B-{number}", place="cashier", quantity=1)
    many = statements(lambda: nurse.get("/inventory/"))
    assert many == few
    assert many <= 12


def test_the_kept_balance_is_the_sum_of_the_movements():
    lot(brush(), "B-1", place="cashier", quantity=5)
    sell(2)
    for row in Balance.objects.all():
        moved = Movement.objects.filter(lot=row.lot, place=row.place).aggregate(total=Sum("quantity"))["total"]
        assert moved == row.quantity


def test_another_sites_papers_are_not_found():
    one = lot(brush(), "B-1", place="store", quantity=5)
    stranger = api("fang.li")
    assert stranger.get(f"/api/v1/inventory/lots/{one.code}/patients/").status_code == 403
    harbor = Site.objects.get(slug="harbor")
    with pytest.raises(DomainError) as seen:
        expiry.apply_for_scrap(by=SYSTEM, site=harbor, lot=one, place="store", quantity=1, reason="破损")
    assert seen.value.code == "stock_paper_not_found"
