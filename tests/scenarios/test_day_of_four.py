"""Four people get their house from opening to close while the supervisor is away: no door is left that only she could open.

At Harbor, marked as a small site, Luo Ping keeps desk and till, beside nurse An Qin, Dr Ding and Dr Shi, and the clinician
decides what needs the supervisor. At the Center Bai Lan (desk), Fang Li (till), Tang Rui (nurse) and Dr Lin are alone, and
Bai Lan stands in for Gao Wen. Each decision has its reason and stands in the report for another person's review.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kernel.identity.models import User
from tests.scenarios.over_http import Clinic, Person, clockwork, moment, utc
from tests.services.till_close import as_json, counted

DAY = "2026-12-07"
CHART, FORM, CHAIR = "病历柜钥匙在主管处", "手伤不能签，口述已记", "前一位家属还在收拾，急着止痛"


@dataclass(frozen=True)
class Four:
    """Who is there; the numbers of doctor and nurse; who decides, as which role, in whose place."""

    house: Clinic
    desk: Person
    till: Person
    nurse: Person
    doctor: Person
    numbers: tuple[str, str]
    decides: Person
    as_role: str
    deputy_of: str


def small_site() -> Four:
    """Harbor, where the administrator has said that it is small."""
    house = Clinic("harbor")
    house.who("admin.smile").does(
        "rules/small_site/values/", scope="site", scope_code=house.site, value=True, effective_from=moment(f"{DAY} 07:30")
    )  # fmt: skip
    luo, ding = house.who("luo.ping"), house.who("dr.ding")
    return Four(house, luo, luo, house.who("an.qin"), ding, ("031", "302"), ding, "doctor", "")


def deputy() -> Four:
    """The Center, where Bai Lan stands in for Gao Wen today."""
    house, admin = Clinic("center"), Person("admin.smile")
    principal, stands_in = (str(User.objects.get(username=name).code) for name in ("gao.wen", "bai.lan"))
    admin.proves_who_it_is()
    admin.presses(
        "/people/deputies/", principal=principal, deputy=stands_in, role="supervisor", starts_on=DAY, ends_on=DAY,
        reason="外出",
    )  # fmt: skip
    bai, fang, tang, lin = (house.who(name) for name in ("bai.lan", "fang.li", "tang.rui", "dr.lin"))
    return Four(house, bai, fang, tang, lin, ("011", "202"), bai, "supervisor", "高文")


@pytest.mark.ledger("GV-004", "GV-007", "GV-013", "GV-036", "FD-007", "FD-009", "QU-008", "TC-016")
@pytest.mark.parametrize("four", [small_site, deputy])
def test_four_people_get_from_opening_to_close_without_their_supervisor(
    smile: Any, at: Any, four: Callable[[], Four]
) -> None:
    at(f"{DAY} 07:00")
    these = four()
    house, desk, nurse, doctor, decides = these.house, these.desk, these.nurse, these.doctor, these.decides
    of_doctor, of_nurse = these.numbers
    at(f"{DAY} 07:50")
    clockwork()

    # --- opening: one item has no answer, and the key to it is with the supervisor
    desk.presses("/shift/prepare/")
    day = desk.lists("shift/days/", site=house.site)[0]["code"]
    for one in {desk, these.till, nurse, doctor}:
        assert one.does(f"shift/days/{day}/arrive/")["late_minutes"] == 0
    for tick in desk.lists(f"shift/days/{day}/items/", page_size=100):
        if tick["purpose"] == "opening" and tick["key"] != "opening.charts":
            desk.does(f"shift/day-items/{tick['code']}/answer/", result="done")
    nurse.is_refused(f"shift/days/{day}/open/", "opening_items_missing", 409)
    assert nurse._web.post(f"/shift/days/{day}/override/", {"reason": CHART}).status_code == 403
    decides.presses(f"/shift/days/{day}/override/", reason=CHART)
    assert desk.does(f"shift/days/{day}/open/")["state"] == "opened"

    # --- the meeting and its sheet
    file = house.patient("林溪", by=desk.username)
    booking = house.books(file, f"{DAY} 09:00", doctor=of_doctor, by=desk.username)
    meeting = nurse.opens("/shift/meeting/")
    assert "林溪" in meeting
    begin = meeting.split("/shift/meetings/")[1].split("/")[0]
    nurse.presses(f"/shift/meetings/{begin}/start/")
    nurse.presses(f"/shift/meetings/{begin}/end/", notes="今日预约少")

    # --- the booked guest, from the door to the chair
    at(f"{DAY} 09:00")
    first = house.checks_in(booking, by=desk.username)
    desk.does(f"reception/visits/{first}/lead-in/", chair=house.chair("1"))
    nurse.does(f"treatment_area/visits/{first}/take-over/")
    nurse.does(f"reception/visits/{first}/in-chair/")

    # --- a walk-in on warfarin waits: she is told how long, asked, and told again why it takes longer
    at(f"{DAY} 09:10")
    walker = house.patient("罗敏", by=desk.username)
    second = house.walks_in(walker, doctor=of_doctor, by=desk.username, complaint="牙疼")
    desk.does(f"reception/visits/{second}/announce/", minutes=18)
    desk.does(f"reception/visits/{second}/opinion/", opinion="stay", education_topic="brushing")
    sheet = house.fills_in(second, "罗敏", by=desk.username, signs=False)
    desk.does(f"intake/sheets/{sheet}/special/", question="medication")
    desk.does(f"intake/sheets/{sheet}/alert/", text="服用华法林")
    desk.is_refused(f"intake/sheets/{sheet}/hand-overs/", "form_not_signed", receiver=house.staff(of_nurse))
    decides.presses(f"/intake/visits/{second}/override/", of="signature", reason=FORM)
    hand_over = house.hands_over(sheet, to=of_nurse, by=desk.username)
    nurse.does(f"intake/hand-overs/{hand_over}/acknowledgement/")
    at(f"{DAY} 09:30:01")
    clockwork()
    [line] = [one for one in desk.lists("reception/waiting/", site=house.site) if one["visit"] == second]
    assert (line["stage"], line["needs_explanation"]) == ("over", True)
    desk.does(f"reception/visits/{second}/explanations/", reason="overrun", words="前一位根管延长")

    # --- treatment, slip, next booking, the till
    treats(these, file, first)
    nurse.is_refused(f"reception/visits/{second}/lead-in/", "chair_not_free", 409, chair=house.chair("1"))
    decides.does(f"reception/visits/{second}/override/", reason=CHAIR)
    nurse.does(f"reception/visits/{second}/lead-in/", chair=house.chair("1"))
    leaves(these, file, first, next_at="2026-12-14 09:00")
    nurse.does(f"reception/visits/{second}/in-chair/")
    at(f"{DAY} 10:10")
    treats(these, walker, second)
    leaves(these, walker, second, next_at="2026-12-14 10:00")
    for visit in (first, second):
        assert desk.does(f"reception/visits/{visit}/close/")["state"] == "closed"

    # --- the telephone: what was promised is kept before it is due
    at(f"{DAY} 14:00")
    desk.does(
        "telephone/calls/", site=house.site, direction="in", purpose="consultation", outcome="promised",
        caller_name="朱蕾", caller_sex="female", phone="13901230001", summary="要价目表", read_back=True,
        due_at=moment(f"{DAY} 16:00"), reachable="随时",
    )  # fmt: skip
    [promise] = desk.lists("telephone/promises/", site=house.site)
    at(f"{DAY} 15:30")
    kept = desk.does(f"telephone/promises/{promise['code']}/told/", customer_told=True, note="已发")
    assert (kept["state"], kept["outcome"], kept["told_at"]) == ("told", "fulfilled", utc(f"{DAY} 15:30"))

    # --- the close: the till is counted, what stays open is passed on, the nurse takes over in the morning
    at(f"{DAY} 18:05")
    clockwork()
    draft = desk.does("shift/handovers/", site=house.site, kind="close")["code"]
    left = desk.asks(f"shift/handovers/{draft}/")["leftovers"]
    money = [one["key"] for one in left if one["money"]]
    if these.deputy_of:
        # Two are in the house who count: the cashier, and who stands in for the supervisor. That is never passed on.
        assert money == ["till_days.open"]
        counts_the_till(these)
    else:
        assert money == []
        assert "till_days.small_site" in [one["key"] for one in left]
    left = desk.asks(f"shift/handovers/{draft}/")["leftovers"]
    assert left
    assert not any(one["money"] for one in left)
    desk.is_refused(f"shift/handovers/{draft}/sign/", "leftovers_open", 409, cash_fen=50_000)
    for one in left:
        desk.does(f"shift/handovers/{draft}/pass-on/", key=one["key"], reason="主管外出，明早处理")
    assert desk.does(f"shift/handovers/{draft}/sign/", cash_fen=50_000)["state"] == "given"
    assert desk.lists("shift/days/", site=house.site)[0]["state"] == "closed"
    at("2026-12-08 08:10")
    desk.is_refused(f"shift/handovers/{draft}/receive/", "own_hand_over", 403)
    assert nurse.does(f"shift/handovers/{draft}/receive/")["state"] == "received"

    # --- the report of the exceptions: these three and no other, each to be judged by somebody else
    rong = house.who("rong.an")
    report = rong.lists("policy/overrides/", site=house.site, ordering="granted_at")
    assert [(one["gate"], one["reason"]) for one in report] == [
        ("shift.opened", CHART), ("intake.signature", FORM), ("reception.chair_free", CHAIR),
    ]  # fmt: skip
    for one in report:
        assert (one["as_role"], one["deputy_of"], one["review"]) == (these.as_role, these.deputy_of, "open")
        assert one["used_at"] is not None
    page = rong.opens(f"/policy/exceptions/?day={DAY}")
    assert all(reason in page for reason in (CHART, FORM, CHAIR))


def treats(these: Four, patient: str, visit: str) -> None:
    """The doctor treats and writes down what was done; the guest is finished."""
    house = these.house
    these.doctor.does(
        "records/treatments/", patient=patient, site=house.site, doctor=house.staff(these.numbers[0]),
        item=house.item("dental-filling"), visit=visit,
    )  # fmt: skip
    these.doctor.does(f"reception/visits/{visit}/finish/")


def leaves(these: Four, patient: str, visit: str, *, next_at: str) -> None:
    """The next visit is booked, the guest is out, the slip signed and charged."""
    house = these.house
    house.books(patient, next_at, doctor=these.numbers[0], by=these.desk.username)
    filling = {"item": house.item("dental-filling"), "quantity": 1}
    slip = these.doctor.does("cashier/slips/", site=house.site, patient=patient, visit=visit, lines=[filling])
    assert these.nurse.does(f"reception/visits/{visit}/leave/")["state"] == "left"
    due = sum(line["amount_fen"] for line in slip["lines"])
    receipt = these.till.does(f"cashier/slips/{slip['code']}/charge/", tender="cash", tendered_fen=due + 1_000)
    assert (receipt["received_fen"], receipt["owed_fen"], receipt["payments"][0]["change_fen"]) == (due, 0, 1_000)
    clockwork()


def counts_the_till(these: Four) -> None:
    """Both count what lies there, and the day of the till is closed."""
    [till] = [one["code"] for one in these.till.lists("till_days/", site=these.house.site) if one["state"] == "open"]
    count = as_json(counted(these.till.asks(f"till_days/{till}/")["expected_cash_fen"]))
    these.till.does(f"till_days/{till}/count/", **count)
    these.till.does(f"till_days/{till}/close/", reconciler=these.house.staff("102"))
    assert these.decides.does(f"till_days/{till}/reconcile/", **count)["state"] == "reported"
