"""Money goes back in the order of the signatures, once, to the patient in person, and the way it came (a8, SC-12)."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from openpyxl import load_workbook

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.identity import sessions
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from kernel.messaging.models import Message
from kernel.outbox import relay_pending
from kernel.parameters import set_parameter
from kernel.timers.models import Timer
from services.books.actions import Move, close_day, post
from services.books.models import Account, Entry, EntryKind
from services.books.selectors import day_book, expected_in_till, paid_for
from services.cashier.actions import charge
from services.cashier.taking import HandedOver
from services.charts.custody import holds_on
from services.documents.actions import print_pdf
from services.followup.holding import hold_on
from services.patients.actions import add_relation
from services.records.customers import revenue_of
from services.records.models import ClinicalNote
from services.refunds import actions, leftovers, links, routes
from services.refunds.identity import Shown
from services.refunds.models import Payout, Refund, RefundLink, RefundSignature
from services.seals.actions import apply_seal
from services.seals.models import SealUse
from services.shift.leftovers import gathered
from services.tasks.models import Task
from tests.services.doors import SYSTEM, browser, person, staff, statements
from tests.services.flow import center, clockwork, patient
from tests.services.money_back import approved, asked, herself, paid, sealed, signed_for, through
from tests.services.till import charged, line_of, signed

DAY = date(2026, 12, 16)
MOST_STATEMENTS = 22


@pytest.fixture(autouse=True)
def wednesday(smile, at):
    at("2026-12-16 10:00")
    return at


@pytest.fixture
def song():
    return patient("宋倩", phone="13800004417")


def others_admitted(value: bool = True) -> None:
    """Whether guardians and proxies may take money."""
    for key in ("refund_guardian_allowed", "refund_confirm_by_link"):
        set_parameter(by=SYSTEM, key=key, value=value, effective_from=clock.now())


def refused(code: str, act, error: type[DomainError] = RuleRefused) -> None:
    """``act`` is refused with ``code``, moves no money, signs nothing, and is audited."""
    models = (Entry, Payout, RefundSignature, SealUse, ClinicalNote)
    before = [model.objects.count() for model in models], list(Refund.objects.order_by("pk").values_list("state"))
    with pytest.raises(error, match=code):
        act()
    after = [model.objects.count() for model in models], list(Refund.objects.order_by("pk").values_list("state"))
    assert after == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("CA-024", "CA-025", "CA-026", "CA-030")
def test_the_doctor_fills_in_seven_fields_and_no_more_than_came_in(song, at):
    at("2026-12-03 09:00")
    receipt = charged(signed(song))
    at("2026-12-15 17:05")

    refused("refund_not_the_doctor", lambda: actions.request_refund(
        by=person("dr.xu"), site=center(), patient=song, doctor=staff("011"), reason="材料变更", wanted=[]))  # fmt: skip
    refused("reason_missing", lambda: asked(receipt, reason=" "))
    refused("refund_empty", lambda: asked(receipt, {"filling": 0}))
    refused("more_than_refundable", lambda: asked(receipt, {"filling": 126_001}))
    stranger = charged(signed(patient("何青"), "film"))
    stranger.patient = song
    refused("line_not_found", lambda: asked(stranger, {"film": 100}), NotFound)

    refund = asked(receipt)

    assert (refund.refund_on, refund.first_visit_on) == (date(2026, 12, 15), date(2026, 12, 3))
    assert (refund.paid_total_fen, refund.amount_fen, refund.reason) == (126_000, 60_000, "材料变更")
    assert refund.doctor.name
    assert refund.number == "RF-2026-000001"
    signature = refund.signatures.get()
    assert (signature.part, signature.by, signature.text_hash) == ("doctor", person("dr.lin").code, refund.content_hash)
    rows = list(refund.lines.select_related("line"))
    assert actions.hash_of(actions.seven_fields(Refund.objects.get(), rows)) == refund.content_hash
    [task] = Task.objects.filter(kind=actions.OPINION)
    assert task.roles == ["supervisor"]


@pytest.mark.ledger("CA-029", "CA-026")
def test_the_order_of_signing_is_kept_and_nobody_signs_twice(song):
    refund = asked(charged(signed(song)))

    refused("opinion_first", lambda: paid(refund))
    refused("opinion_missing", lambda: actions.give_opinion(
        by=person("gao.wen"), site=center(), refund=refund, approve=True, opinion=" "))  # fmt: skip
    refused("permission_denied", lambda: approved(refund, by="fang.li"), Forbidden)
    for name, role in (("dr.lin", "supervisor"), ("dr.lin", "cashier"), ("gao.wen", "cashier")):
        assign_role(by=SYSTEM, user=User.objects.get(username=name), role=Role.objects.get(slug=role))
    refused("same_person_twice", lambda: approved(refund, by="dr.lin"))
    approved(refund)
    refused("same_person_twice", lambda: paid(refund, by="dr.lin"))
    refused("same_person_twice", lambda: paid(refund, by="gao.wen"))
    refused("not_paid_yet", lambda: signed_for(refund), Conflict)
    refused("not_paid_yet", lambda: sealed(refund), Conflict)
    with pytest.raises(IntegrityError, match="refunds_refund_three_people"), transaction.atomic():
        Refund.objects.filter(pk=refund.pk).update(payer_by=refund.supervisor_by)
    paid(refund)
    refused("invalid_transition", lambda: paid(refund), Conflict)
    refused("invalid_transition", lambda: sealed(refund), Conflict)
    signed_for(refund)
    sealed(refund)

    order = list(RefundSignature.objects.order_by("at", "pk").values_list("part", flat=True))
    assert order == ["doctor", "supervisor", "payer", "payee"]
    assert len(set(RefundSignature.objects.values_list("text_hash", flat=True))) == 4
    assert Refund.objects.get().state == "closed"


@pytest.mark.ledger("CA-026")
def test_a_refused_refund_goes_back_to_the_doctor_and_one_may_be_withdrawn(song):
    receipt = charged(signed(song))
    approved(asked(receipt), approve=False)
    assert Refund.objects.get().state == "refused"
    assert Task.objects.get(kind=actions.ANSWER).assignee.username == "dr.lin"
    refused("invalid_transition", lambda: paid(Refund.objects.get()), Conflict)

    again = asked(receipt)
    refused("refund_not_the_doctor", lambda: actions.withdraw(by=person("dr.xu"), site=center(), refund=again))
    actions.withdraw(by=person("dr.lin"), site=center(), refund=again)
    assert again.state == "withdrawn"
    assert holds_on(song) == []


@pytest.mark.ledger("CA-031", "CA-032", "CA-033", "CA-057", "CA-058", "CR-009")
def test_it_is_money_of_the_payout_day_sealed_with_its_date_and_noted_in_the_chart(song, at):
    at("2026-12-03 09:00")
    receipt = charged(signed(song))
    before = day_book(center(), date(2026, 12, 3))
    at("2026-12-15 19:50")
    refund = approved(asked(receipt))
    at("2026-12-16 11:00")
    through_from_ready(refund)

    assert SealUse.objects.get().day == DAY
    said = json.loads(refund.document.content)
    assert (said["sealed_on"], said["refund_on"]) == ("2026-12-16", "2026-12-15")
    assert said["capitals"] == "人民币陆佰元整"
    assert set(said["signatures"]) == {"doctor", "supervisor", "payer", "payee"}
    assert print_pdf(by=person("fang.li"), document=refund.document).startswith(b"%PDF")
    note = ClinicalNote.objects.get()
    for words in ("2026-12-16 11:00", "材料变更", "600.00", person("fang.li").name):
        assert words in note.text
    # The day on which it came in stays as it was; today shows it in a column of its own.
    assert day_book(center(), date(2026, 12, 3)) == before
    today = day_book(center(), DAY)
    line = today.categories["treatment"]
    assert (line.gross_fen, line.refunded_fen, line.net_fen) == (0, 60_000, -60_000)
    assert (today.refunded_fen, today.returned) == (60_000, {"cash": 60_000})
    assert expected_in_till(center(), "cash") == 108_000
    assert revenue_of([song.pk]) == {song.pk: 108_000}
    refused("seal_applied", lambda: apply_seal(
        by=person("fang.li"), site=center(), seal="cash_paid", document=refund.document), Conflict)  # fmt: skip
    refused("seal_not_for_document", lambda: apply_seal(
        by=person("fang.li"), site=center(), seal="cash_paid", document=receipt.document))  # fmt: skip
    refused("seal_not_yours", lambda: apply_seal(
        by=person("gao.wen"), site=center(), seal="cash_paid", document=refund.document), Forbidden)  # fmt: skip


def through_from_ready(refund: Refund) -> None:
    sealed(signed_for(paid(refund)))


@pytest.mark.ledger("CA-028")
def test_without_money_nobody_pays_nobody_signs_as_payee_and_nothing_is_sealed(song):
    receipt = charged(signed(song), by="fang.li")
    entries = Entry.objects.count()
    refund = asked(receipt, texts={"filling": "树脂充填（远中）"}, doctor="dr.xu")
    assert refund.amount_fen == 0
    refused("no_money_moves", lambda: paid(refund))
    refused("no_money_moves", lambda: signed_for(refund))
    approved(refund)

    assert Refund.objects.get().state == "closed"
    assert Entry.objects.count() == entries
    assert not SealUse.objects.exists()
    assert set(refund.signatures.values_list("part", flat=True)) == {"doctor", "supervisor"}
    assert "树脂充填（远中）" in ClinicalNote.objects.get().text
    said = json.loads(refund.document.content)
    assert (said["moves_money"], said["sealed_on"]) == (False, "")
    page = browser("fang.li").get(f"/refunds/{refund.code}/").content.decode()
    assert 'data-disabled="payee"' in page
    assert 'name="signer_name"' not in page


@pytest.mark.ledger("CA-027")
def test_only_the_patient_in_person_takes_the_money(song):
    refund = approved(asked(charged(signed(song))))

    refused("payee_not_patient", lambda: paid(refund, shown=herself(song, name="宋先生")))
    refused("identity_unchecked", lambda: paid(refund, shown=Shown(payee="patient", name="宋倩")))
    refused("identity_differs", lambda: paid(refund, shown=herself(song, phone_last_four="0000")))
    for payee in ("guardian", "proxy"):
        refused("guardian_not_allowed", lambda payee=payee: paid(
            refund, shown=herself(song, payee=payee, name="宋先生", identity_document="身份证 1")))  # fmt: skip
    paid(refund)
    refused("payee_not_patient", lambda: actions.sign_as_payee(
        by=person("fang.li"), site=center(), refund=refund, signer_name="宋先生"))  # fmt: skip
    refused("strokes_malformed", lambda: actions.sign_as_payee(
        by=person("fang.li"), site=center(), refund=refund, signer_name="宋倩", strokes="[[1]]"))  # fmt: skip
    drawn = json.dumps([[[10, 10], [200, 90]]])
    actions.sign_as_payee(by=person("fang.li"), site=center(), refund=refund, signer_name=" 宋 倩", strokes=drawn)
    assert json.loads(RefundSignature.objects.get(part="payee").strokes) == [[[10, 10], [200, 90]]]
    sealed(refund)
    assert print_pdf(by=person("fang.li"), document=refund.document).startswith(b"%PDF")


@pytest.mark.ledger("CA-027")
def test_a_guardian_of_a_minor_or_a_proxy_where_the_house_admits_them():
    child = patient("小宝", birth_date=date(2017, 5, 1), stated_age=None)
    refund = approved(asked(charged(signed(child))))
    mother = herself(child, payee="guardian", name="宝妈", identity_document="身份证 3101")
    refused("guardian_not_allowed", lambda: paid(refund, shown=mother))
    others_admitted()
    refused("guardian_unknown", lambda: paid(refund, shown=mother))
    refused("guardian_must_sign", lambda: paid(refund))
    add_relation(by=SYSTEM, patient=child, kind="mother", name="宝妈", is_guardian=True)
    refused("identity_document_missing", lambda: paid(
        refund, shown=herself(child, payee="guardian", name="宝妈")))  # fmt: skip
    paid(refund, shown=mother)
    payout = Payout.objects.get()
    assert (payout.payee, payout.payee_name, payout.identity_document) == ("guardian", "宝妈", "身份证 3101")

    grown = patient("宋倩")
    other = approved(asked(charged(signed(grown))))
    refused("patient_is_of_age", lambda: paid(
        other, shown=herself(grown, payee="guardian", name="宋先生", identity_document="身份证 1")))  # fmt: skip
    proxy = {"payee": "proxy", "name": "宋先生", "identity_document": "身份证 1"}
    refused("proxy_reason_missing", lambda: paid(other, shown=herself(grown, **proxy)))
    paid(other, shown=herself(grown, **proxy, proxy_reason="ill"))
    assert Payout.objects.get(refund=other).proxy_reason == "ill"


@pytest.mark.ledger("CA-030")
def test_what_went_back_cannot_go_back_again(song):
    receipt = charged(signed(song))
    first, second = approved(asked(receipt)), approved(asked(receipt, {"filling": 100_000}))
    through_from_ready(first)

    refused("more_than_refundable", lambda: paid(second))
    refused("more_than_refundable", lambda: asked(receipt, {"filling": 66_001}))
    filling = line_of(receipt.slip, "filling").code
    assert (routes.refundable([filling]), routes.refunded([filling])) == ({filling: 66_000}, {filling: 60_000})


def test_money_goes_back_the_way_it_came_and_what_is_no_cash_is_confirmed_by_link(song):
    slip = signed(song)
    given = [HandedOver(tender="wechat_pay", fen=60_000, reference="4200-1"), HandedOver(tender="cash", fen=108_000)]
    receipt = charge(by=person("fang.li"), site=center(), slip=slip, handed_over=given)
    filling = line_of(slip, "filling").code
    assert routes.ways([filling]) == {filling: {"cash": 66_000, "wechat_pay": 60_000}}

    # What did not come in cash goes first; the rest is cash, and cash is signed for at the till.
    refund = paid(approved(asked(receipt, {"filling": 100_000})))
    assert dict(Payout.objects.get().parts.values_list("tender", "amount_fen")) == {
        "wechat_pay": 60_000,
        "cash": 40_000,
    }
    assert paid_for([filling]) == {filling: {"cash": 26_000, "wechat_pay": 0}}
    assert expected_in_till(center(), "cash") == 68_000
    refused("link_not_allowed", lambda: links.send_link(by=person("fang.li"), site=center(), refund=refund))
    others_admitted()
    refused("cash_is_signed_for", lambda: links.send_link(by=person("fang.li"), site=center(), refund=refund))


@pytest.mark.ledger("CA-027")
def test_the_link_shows_amount_and_way_works_once_and_signs(song, at):
    others_admitted()
    receipt = charged(signed(song, "film"), tender="wechat_pay")
    refund = paid(approved(asked(receipt, {"film": 5_000})))
    links.send_link(by=person("fang.li"), site=center(), refund=refund)
    message = Message.objects.get(template="refund_link")
    path = "/refunds/confirm/" + message.body.split("/refunds/confirm/")[1].split()[0]

    page = browser(None).get(path)
    assert page.status_code == 200
    shown = page.content.decode()
    assert "50.00" in shown
    assert "宋倩" not in shown
    assert browser(None).get(path[:-3] + "xx/").status_code == 404
    assert browser(None).post(path, {"signer_name": "宋先生"}).status_code == 422
    assert browser(None).post(path, {"signer_name": "宋倩"}).status_code == 303
    signature = RefundSignature.objects.get(part="payee")
    assert (signature.by_link, signature.witness_name) == (True, "")
    assert "50.00" in browser(None).get(path).content.decode()
    assert browser(None).post(path, {"signer_name": "宋倩"}).status_code == 409
    assert Refund.objects.get().state == "received"
    sealed(refund)

    # A payment that was taken back makes its link lead nowhere; so does the time.
    other = paid(approved(asked(receipt, {"film": 5_000})))
    links.send_link(by=person("fang.li"), site=center(), refund=other)
    body = Message.objects.filter(template="refund_link").order_by("-pk").first().body
    path = "/refunds/confirm/" + body.split("/refunds/confirm/")[1].split()[0]
    RefundLink.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert browser(None).get(path).status_code == 404


def test_money_nobody_signs_for_is_taken_back_and_paid_anew(song):
    receipt = charged(signed(song))
    refund = paid(approved(asked(receipt)))
    assert expected_in_till(center(), "cash") == 108_000

    actions.take_back(by=person("fang.li"), site=center(), refund=refund)

    assert refund.state == "ready"
    assert expected_in_till(center(), "cash") == 168_000
    book = day_book(center(), DAY)
    assert (book.refunded_fen, book.categories["treatment"].refunded_fen) == (0, 0)
    assert (book.received_fen, book.categories["treatment"].gross_fen) == (168_000, 138_000)
    filling = line_of(receipt.slip, "filling").code
    assert (routes.refundable([filling]), routes.refunded([filling])) == ({filling: 126_000}, {filling: 0})
    refused("not_paid_yet", lambda: actions.take_back(by=person("fang.li"), site=center(), refund=refund), Conflict)
    through_from_ready(refund)
    assert day_book(center(), DAY).refunded_fen == 60_000


def test_no_more_cash_leaves_than_lies_in_the_till(song):
    refund = approved(asked(charged(signed(song, "film")), {"film": 12_000}))
    with transaction.atomic():
        post(
            by=SYSTEM, site=center(), kind=EntryKind.DEPOSIT, source=uuid4(),
            moves=[Move(debit=Account.BANK, credit=Account.MONEY, amount_fen=1, tender="cash")],
        )  # fmt: skip
    refused("till_short", lambda: paid(refund))
    assert expected_in_till(center(), "cash") == 11_999


@pytest.mark.ledger("CA-047", "CA-032")
def test_after_the_close_it_is_money_of_the_next_day(song):
    refund = approved(asked(charged(signed(song))))
    actions.put_off(by=person("fang.li"), site=center(), refund=refund, reason="患者明天来")
    close_day(by=SYSTEM, site=center(), day=DAY)
    paid(refund)
    assert Payout.objects.get().day == DAY + timedelta(days=1)
    assert day_book(center(), DAY).refunded_fen == 0
    assert day_book(center(), DAY + timedelta(days=1)).refunded_fen == 60_000


@pytest.mark.ledger("CA-034", "FU-018")
def test_while_it_is_open_the_chart_stays_recalls_wait_and_the_day_is_not_closed(song):
    receipt = charged(signed(song))
    assert (holds_on(song), hold_on(song)) == ([], None)
    refund = asked(receipt)
    assert (holds_on(song), hold_on(song)) == (["refund"], "open_refund")
    assert leftovers.of_day(center(), DAY) == []
    approved(refund)
    [found] = [one for one in gathered(center(), DAY) if one.source == "refunds.payouts"]
    assert found.blocks
    assert found.money
    assert found.path == "/refunds/"
    refused("reason_missing", lambda: actions.put_off(by=person("fang.li"), site=center(), refund=refund, reason=" "))
    actions.put_off(by=person("fang.li"), site=center(), refund=refund, reason="患者明天来")
    assert leftovers.of_day(center(), DAY) == []
    assert len(leftovers.of_day(center(), DAY + timedelta(days=1))) == 1
    paid(refund)
    assert len(leftovers.of_day(center(), DAY)) == 1
    signed_for(refund)
    assert len(leftovers.of_day(center(), DAY)) == 1
    sealed(refund)
    assert leftovers.of_day(center(), DAY) == []
    assert (holds_on(song), hold_on(song)) == ([], None)
    assert not Task.objects.filter(room="refunds", state="open").exists()


def test_the_figures_of_the_day_hear_of_it(song):
    receipt = charged(signed(song))
    clockwork()
    Timer.objects.filter(kind="kpis.measure").delete()
    paid(approved(asked(receipt)))
    relay_pending()
    assert Timer.objects.filter(kind="kpis.measure", payload__day=DAY.isoformat()).exists()


def test_every_page_of_a_refund_leads_to_the_next_step(song):
    receipt = charged(signed(song))
    doctor, supervisor, cashier = browser("dr.lin"), browser("gao.wen"), browser("fang.li")
    begin = f"/refunds/patients/{song.code}/"
    assert begin in doctor.get(f"/cashier/receipts/{receipt.code}/").content.decode()
    line = line_of(receipt.slip, "filling").code
    assert f"amount_{line}" in doctor.get(begin).content.decode()
    wrong = doctor.post(begin, {"reason": "材料变更", f"amount_{line}": "9999"})
    assert wrong.status_code == 422
    made = doctor.post(begin, {"reason": "材料变更", f"amount_{line}": "600.00"})
    here = made["Location"]
    refund = Refund.objects.get()
    assert (here, refund.amount_fen) == (f"/refunds/{refund.code}/", 60_000)
    assert f'action="{here}opinion/"' in supervisor.get(here).content.decode()
    assert f'action="{here}opinion/"' not in doctor.get(here).content.decode()
    said = {"opinion": "同意", "answer": "yes"}
    session = supervisor.session
    session[sessions.CONFIRMED] = session[sessions.CONFIRMED_BY_SECOND] = 0
    session.save()
    assert supervisor.post(f"{here}opinion/", said).status_code == 403
    session[sessions.CONFIRMED] = session[sessions.CONFIRMED_BY_SECOND] = sessions.machine_seconds()
    session.save()
    assert supervisor.post(f"{here}opinion/", {"answer": "yes"}).status_code == 422
    assert supervisor.post(f"{here}opinion/", said)["Location"] == here
    assert f'action="{here}pay/"' in cashier.get(here).content.decode()
    assert cashier.post(f"{here}pay/", {"payee": "patient"}).status_code == 422
    assert cashier.post(f"{here}put-off/", {"reason": "患者明天来"})["Location"] == here
    assert (
        cashier.post(f"{here}pay/", {"payee": "patient", "name": "宋倩", "phone_last_four": "4417"})["Location"] == here
    )
    assert f'action="{here}take-back/"' in cashier.get(here).content.decode()
    assert cashier.post(f"{here}payee/", {"signer_name": "宋倩"})["Location"] == here
    assert "<span>2026-12-16</span></span>" in cashier.get(here).content.decode(), "the seal of today"
    assert cashier.post(f"{here}seal/")["Location"] == here
    refund.refresh_from_db()
    assert refund.state == "closed"
    assert f"/documents/{refund.document.code}" in cashier.get(here).content.decode()
    assert refund.document.number in cashier.get("/seals/?seal=cash_paid").content.decode()
    assert refund.document.number not in cashier.get("/seals/?seal=charge").content.decode()
    assert "600.00" in cashier.get("/cashier/").content.decode()


def test_the_register_has_its_columns_is_narrowed_and_leaves_as_a_workbook(song):
    through(asked(charged(signed(song))))
    asked(charged(signed(patient("何青"))), {"film": 100})
    cashier = browser("fang.li")
    cashier.get("/refunds/")
    assert statements(lambda: cashier.get("/refunds/")) <= MOST_STATEMENTS
    page = cashier.get("/refunds/").content.decode()
    for words in ("宋倩", "何青", "材料变更", "1,260.00", "600.00", person("gao.wen").name):
        assert words in page
    assert "何青" not in cashier.get("/refunds/?state=closed").content.decode()
    assert "宋倩" not in cashier.get("/refunds/?from=2026-12-17").content.decode()
    assert "宋倩" in cashier.get("/refunds/?from=2026-12-16&until=2026-12-16").content.decode()
    answer = cashier.get("/refunds/register.xlsx?state=closed")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    [head, row] = list(sheet.iter_rows(values_only=True))
    assert len(head) == len(row) == 12
    assert (row[2], row[3], row[5], row[6]) == ("宋倩", "材料变更", 1260, 600)
    assert row[7:11] == (*(person(name).name for name in ("dr.lin", "gao.wen", "fang.li")), "宋倩")
    assert browser("bai.lan").get("/refunds/").status_code == 403
