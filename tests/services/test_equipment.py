"""Devices are known with what they can do, maintained by plan, and repaired at once; loss is decided by the dean (a12, a13)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from services.equipment import actions, damage, handlers
from services.equipment.models import DamageReport, Device, DeviceType, Fault, Maintenance
from services.guest_care.queue import report_fault as screen_out_of_order
from services.tasks.models import Task
from tests.services.doors import api, browser, person, statements
from tests.services.flow import booked, center, clockwork, patient
from tests.services.till import item

MEI, MO, DEAN = "mei.hua", "mo.xiao", "dou.heng"
MOST_STATEMENTS = 12


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 09:00")
    return at


def a_device(number: str = "X1", kind: str = "x-ray", **more: Any) -> Device:
    found = DeviceType.objects.get(key=kind)
    return actions.register_device(by=person(MEI), site=center(), type=found, number=number, **more)


def a_loss(by: str = MO, **more: Any) -> DamageReport:
    said = {
        "kind": "lost",
        "instrument": "涡轮手机 3 号",
        "event": "清点时不见",
        "happened_on": date(2026, 12, 7),
        **more,
    }
    return damage.report_damage(by=person(by), site=center(), **said)


def refused(code: str, act: Any, error: type[DomainError] = RuleRefused) -> None:
    """Refused with ``code``; devices, tickets and reports are as before, and the audit knows."""

    def now() -> Any:
        models = (Device, Fault, DamageReport)
        return [list(model.objects.order_by("pk").values_list("pk", "state", "version")) for model in models]

    before = now()
    with pytest.raises(error, match=code):
        act()
    assert now() == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("IN-014")
def test_the_catalogue_knows_what_devices_can_do_and_which_treatments_need_them() -> None:
    kinds = {row.key: row for row in DeviceType.objects.all()}
    named = ("excimer-308", "dye-595-1064", "alexandrite-755", "fractional", "nb-uvb-311", "bio-resonance")
    assert all(kinds[key].capability_zh for key in named)
    film = item("film")
    room = center().rooms.first()
    found = a_device(room=room, items=[film])
    assert (found.name, found.room, list(found.items.all())) == ("X 光机", room, [film])
    assert found.next_due_on == date(2027, 12, 7)
    refused("number_taken", a_device, Conflict)
    refused("number_missing", lambda: a_device(" "))
    page = browser(MO).get("/equipment/").content.decode()
    assert film.name in page
    assert "拍片" in page


@pytest.mark.ledger("IN-009")
def test_maintenance_is_due_on_its_day_overdue_after_it_and_recorded(at: Any) -> None:
    found = a_device(kind="handpiece", next_due_on=date(2026, 12, 9))
    handlers.watch_plans(date(2026, 12, 8))
    found.refresh_from_db()
    assert found.state == "in_service"
    at("2026-12-09 06:30")
    handlers.watch_plans(date(2026, 12, 9))
    found.refresh_from_db()
    assert found.state == "due"
    [task] = Task.objects.filter(kind=actions.DUE)
    assert "head_nurse" in task.roles
    late = 'class="nowrap late"'
    assert late not in browser(MEI).get("/equipment/").content.decode()
    at("2026-12-11 00:00")
    assert late in browser(MEI).get("/equipment/").content.decode()
    clockwork()
    assert Task.objects.get(kind=actions.DUE).escalated_at is not None

    refused(
        "permission_denied", lambda: actions.begin_maintenance(by=person(MO), site=center(), device=found), Forbidden
    )
    actions.begin_maintenance(by=person(MEI), site=center(), device=found)
    refused("words_missing", lambda: actions.finish_maintenance(by=person(MEI), site=center(), device=found, words=""))
    actions.finish_maintenance(by=person(MEI), site=center(), device=found, words="更换轴承，转速正常")
    found.refresh_from_db()
    assert (found.state, found.next_due_on) == ("in_service", date(2027, 1, 10))
    record = Maintenance.objects.get()
    assert (record.planned_on, record.by_name) == (date(2026, 12, 9), "梅华")
    assert Task.objects.get(kind=actions.DUE).state == "done"


@pytest.mark.ledger("IN-009", "IN-010")
def test_anybody_reports_a_fault_linked_bookings_are_warned_and_downtime_is_counted(at: Any) -> None:
    film = item("film")
    found = a_device("XR-301", items=[film])
    needs = booked(patient("何青"), "2026-12-10 10:00", item=film)
    booked(patient("宋倩"), "2026-12-10 11:00", item=item("filling"))
    refused("words_missing", lambda: actions.report_fault(by=person("su.qi"), site=center(), device=found, words=" "))
    fault = actions.report_fault(by=person("su.qi"), site=center(), device=found, words="不出图")
    refused(
        "fault_open", lambda: actions.report_fault(by=person(MO), site=center(), device=found, words="坏了"), Conflict
    )
    [repair] = Task.objects.filter(kind=actions.REPAIR)
    assert repair.due_at == fault.at
    [warned] = Task.objects.filter(kind=actions.BOOKINGS)
    assert warned.args["count"] == 1
    assert "front_desk" in warned.roles
    page = browser("bai.lan").get(f"/appointments/{needs.code}/").content.decode()
    assert "XR-301" in page

    at("2026-12-07 10:30")
    assert api(MO).get("/api/v1/equipment/faults/").json()["results"][0]["downtime"] == 90
    refused(
        "remark_missing",
        lambda: actions.close_fault(by=person(MEI), site=center(), fault=fault, repaired=True, remark=""),
    )
    actions.close_fault(by=person(MEI), site=center(), fault=fault, repaired=True, remark="厂家更换高压包")
    at("2026-12-07 12:00")
    fault.refresh_from_db()
    found.refresh_from_db()
    assert (fault.downtime, fault.state, found.state) == (90, "repaired", "in_service")
    assert Task.objects.get(kind=actions.BOOKINGS).state == "cancelled"
    assert "XR-301" not in browser("bai.lan").get(f"/appointments/{needs.code}/").content.decode()


def test_what_is_given_up_stays_out_of_service_until_it_works_again() -> None:
    found, here = a_device(), {"by": person(MEI), "site": center()}
    refused("not_out_of_service", lambda: actions.return_to_service(**here, device=found), Conflict)
    fault = actions.report_fault(**here, device=found, words="不出图")
    actions.close_fault(**here, fault=fault, repaired=False, remark="无法修复，待更换")
    found.refresh_from_db()
    assert found.state == "out_of_service"
    actions.return_to_service(**here, device=found)
    found.refresh_from_db()
    assert found.state == "in_service"


@pytest.mark.ledger("IN-010")
def test_the_fault_of_the_calling_screen_is_shown_where_it_is_kept() -> None:
    before = browser("bai.lan").get("/equipment/").content.decode()
    assert "/guest_care/queue/fault/" in before
    screen_out_of_order(by=person("bai.lan"), site=center(), words="黑屏")
    after = browser("bai.lan").get("/equipment/").content.decode()
    assert "/guest_care/queue/fault/" not in after
    assert 'href="/guest_care/queue/"' in after
    assert not Fault.objects.exists()


@pytest.mark.ledger("IN-008")
def test_loss_needs_the_head_nurses_opinion_and_the_dean_decides() -> None:
    site, found = center(), a_device("H3", "handpiece")
    refused("event_missing", lambda: a_loss(event=" "))
    refused("happened_in_future", lambda: a_loss(happened_on=date(2026, 12, 8)))
    row = a_loss(device=found)
    said = {"outcome": "write_off", "decision": "报废，另购一支"}
    refused("opinion_first", lambda: damage.decide(by=person(DEAN), site=site, report=row, **said))
    refused(
        "permission_denied", lambda: damage.give_opinion(by=person(MO), site=site, report=row, opinion="好"), Forbidden
    )
    refused("opinion_missing", lambda: damage.give_opinion(by=person(MEI), site=site, report=row, opinion=" "))
    damage.give_opinion(by=person(MEI), site=site, report=row, opinion="清点制度未执行，建议补购")
    refused("permission_denied", lambda: damage.decide(by=person(MEI), site=site, report=row, **said), Forbidden)
    refused("unknown_outcome", lambda: damage.decide(by=person(DEAN), site=site, report=row, outcome="?", decision="x"))
    damage.decide(by=person(DEAN), site=site, report=row, **said)
    with pytest.raises(IntegrityError), transaction.atomic():
        DamageReport.objects.filter(pk=row.pk).update(decided_by=row.reported_by)
    with pytest.raises(IntegrityError), transaction.atomic():
        DamageReport.objects.filter(pk=row.pk).update(opinion="")
    damage.execute(by=person(MEI), site=site, report=row, done="已注销并补购")
    found.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, found.state) == ("executed", "written_off")
    assert set(Task.objects.filter(key=str(row.code)).values_list("state", flat=True)) == {"done"}


@pytest.mark.ledger("IN-008")
def test_the_dean_does_not_decide_about_an_own_report() -> None:
    row = a_loss(by=DEAN)
    damage.give_opinion(by=person(MEI), site=center(), report=row, opinion="属实")
    refused(
        "own_report",
        lambda: damage.decide(by=person(DEAN), site=center(), report=row, outcome="nothing", decision="不追究"),
    )


def test_the_pages_take_each_step() -> None:
    mei, mo, dean = browser(MEI), browser(MO), browser(DEAN)
    kind = DeviceType.objects.get(key="x-ray")
    assert mo.get("/equipment/new/").status_code == 403
    assert mei.get("/equipment/new/").status_code == 200
    assert mei.post("/equipment/new/", {"number": "X1"}).status_code == 422
    assert mei.post("/equipment/new/", {"type": kind.code, "number": "X1"}).status_code == 303
    here = f"/equipment/devices/{Device.objects.get().code}/"
    assert mo.get(here).status_code == 200
    assert mo.post(f"{here}fault/", {"words": ""}).status_code == 422
    assert mo.post(f"{here}fault/", {"words": "不出图"}).status_code == 303
    close = f"/equipment/faults/{Fault.objects.get().code}/close/"
    assert close in mei.get(here).content.decode()
    assert mei.post(close, {"remark": ""}).status_code == 422
    assert mei.post(close, {"remark": "已修", "answer": "repaired"}).status_code == 303
    assert mei.post(f"{here}maintain/").status_code == 303
    assert mei.post(f"{here}maintained/", {"words": "正常"}).status_code == 303
    assert mei.post(f"{here}treatments/", {"items": [item("film").code]}).status_code == 303

    said = {"kind": "lost", "instrument": "手机", "happened_on": "2026-12-07", "event": "不见"}
    assert mo.get("/equipment/damage/new/").status_code == 200
    assert mo.post("/equipment/damage/new/", {**said, "kind": ""}).status_code == 422
    assert mo.post("/equipment/damage/new/", said).status_code == 303
    report = f"/equipment/damage/{DamageReport.objects.get().code}/"
    assert mei.post(f"{report}opinion/", {"opinion": "属实"}).status_code == 303
    assert f"{report}decision/" in dean.get(report).content.decode()
    assert dean.post(f"{report}decision/", {"outcome": "replace", "decision": "补购"}).status_code == 303
    assert mei.post(f"{report}executed/", {"done": "已购"}).status_code == 303
    assert "补购" in mo.get("/equipment/damage/").content.decode()


@pytest.mark.parametrize(
    "address", ["/equipment/", "/equipment/damage/", "/api/v1/equipment/devices/", "/api/v1/equipment/faults/"]
)
def test_the_lists_cost_the_same_for_any_number_of_rows(address: str) -> None:
    client = api(MEI) if address.startswith("/api") else browser(MEI)

    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            found = a_device(f"X{number}", items=[item("film")])
            actions.report_fault(by=person(MO), site=center(), device=found, words="坏")
            a_loss(device=found)

    fill(0, 2)
    client.get(address)
    few = statements(lambda: client.get(address))
    fill(2, 8)
    assert statements(lambda: client.get(address)) == few
    if address.startswith("/api"):
        assert few <= MOST_STATEMENTS
