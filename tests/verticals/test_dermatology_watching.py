"""A waiting guest is suddenly worse: the doctor at once, the emergency department if need be, each with its time."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from dermatology.models import SuddenChange
from kernel.errors import Conflict
from kernel.timers.models import Timer
from services.reception.models import Visit
from services.sites.models import Site
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, staff
from tests.services.flow import clockwork, local, patient

LIAN, CEN = "lian.qiao", "dr.cen"


@pytest.fixture(autouse=True)
def morning(derma: Any, at: Any) -> Any:
    at("2027-03-02 10:40")
    return at


def waiting(name: str) -> Visit:
    from services.reception.actions import check_in

    site = Site.objects.get(slug="main")
    who = patient(name, site=site, stated_age=71)
    return check_in(by=SYSTEM, site=site, patient=who, doctor=staff("041"))


@pytest.mark.ledger("QU-014", "DM-006")
def test_she_faints_at_1052_and_is_moved_at_1055_while_the_others_go_on_waiting(morning: Any) -> None:
    feng, other = waiting("冯梅"), waiting("邻座")
    before = sorted(Timer.objects.filter(key=str(other.code)).values_list("kind", "due_at", "state"))
    assert before
    morning("2027-03-02 10:52")
    guide, url = api(LIAN), f"/api/v1/dermatology/visits/{feng.code}/changes/"
    assert guide.post(url, {"words": ""}).status_code == 400
    assert api("admin.derma").post(url, {"words": "晕倒"}).status_code == 403
    assert guide.post(f"/api/v1/dermatology/visits/{uuid4()}/changes/", {"words": "晕倒"}).status_code == 404
    assert not SuddenChange.objects.exists()

    seen = guide.post(url, {"words": "候检时晕倒"}).json()
    task = Task.objects.get(kind="dermatology.call_doctor")
    assert (task.assignee.username, task.due_at, task.state) == (CEN, local("2027-03-02 10:52"), "open")
    one = f"/api/v1/dermatology/changes/{seen['code']}/"
    early = guide.post(f"{one}transfer/", {"destination": "市一医院急诊"})
    assert (early.status_code, early.json()["code"]) == (409, "invalid_transition")  # the doctor first
    assert guide.post(url, {"words": "再报"}).json()["code"] == "change_open"
    nobody = guide.post(f"{one}doctor/", {"doctor": str(staff("402").code)})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "not_a_doctor")
    assert guide.post(f"{one}doctor/", {"doctor": str(staff("041").code)}).json()["state"] == "contacted"
    task.refresh_from_db()
    assert task.state == "done"

    morning("2027-03-02 10:55")
    assert guide.post(f"{one}transfer/", {"destination": "市一医院急诊"}).json()["state"] == "transferred"
    event = SuddenChange.objects.get()
    times = (event.seen_at, event.contacted_at, event.transferred_at)
    assert times == tuple(local(f"2027-03-02 {minute}") for minute in ("10:52", "10:52", "10:55"))
    feng.refresh_from_db()
    assert (feng.state, feng.end_reason) == ("left_unseen", "emergency_transfer")

    # Nothing of the others moved: their clock runs on and alarms when it is due.
    other.refresh_from_db()
    assert (other.state, other.emergency) == ("registered", "")
    assert sorted(Timer.objects.filter(key=str(other.code)).values_list("kind", "due_at", "state")) == before
    assert Timer.objects.filter(key=str(feng.code), state="scheduled").count() == 0
    morning("2027-03-02 11:30")
    clockwork()
    assert Task.objects.filter(kind__startswith="reception.", key__startswith=str(other.code)).exists()
    assert not Task.objects.filter(kind__startswith="reception.", key__startswith=str(feng.code), state="open").exists()


@pytest.mark.ledger("QU-014")
def test_it_is_settled_here_and_she_goes_on_waiting(morning: Any) -> None:
    feng = waiting("冯梅")
    morning("2027-03-02 10:52")
    guide, page = browser(LIAN), f"/dermatology/visits/{feng.code}/changes/"
    assert guide.post(page, {"words": ""}).status_code == 422
    assert guide.post(page, {"words": "面色苍白"}).status_code == 303
    event = SuddenChange.objects.get()
    step = f"/dermatology/changes/{event.code}/"
    assert guide.post(f"{step}settle/", {"outcome": "好转"}).status_code == 409
    assert guide.post(f"{step}doctor/", {"doctor": ""}).status_code == 422
    assert guide.post(f"{step}doctor/", {"doctor": str(staff("041").code)}).status_code == 303
    assert guide.post(f"{step}settle/", {"outcome": "低血糖，进食后好转"}).status_code == 303
    assert "低血糖" in guide.get(page).content.decode()
    feng.refresh_from_db()
    assert feng.state == "registered"
    assert guide.post(page, {"words": "又不舒服"}).status_code == 303
    assert page in browser(LIAN).get(f"/reception/visits/{feng.code}/").content.decode()
    with pytest.raises(IntegrityError, match="dermatology_change_doctor_first"), transaction.atomic():
        SuddenChange.objects.filter(state="seen").update(state="transferred")


def test_nobody_who_has_gone_is_suddenly_worse() -> None:
    from dermatology.watching import report_change
    from services.reception.actions import leave_unseen

    feng = waiting("冯梅")
    leave_unseen(by=SYSTEM, visit=feng, reason="left_unseen")
    with pytest.raises(Conflict) as gone:
        report_change(by=SYSTEM, site=feng.site, visit=feng, words="晕倒")
    assert gone.value.code == "wait_is_over"
