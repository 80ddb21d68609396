"""Models at the laboratory: sent, received once, checked before the fitting is confirmed, made anew, lost."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from dental import lab
from dental.handlers import models_due
from dental.models import LabModel, LabStep
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.ids import uuid7
from kernel.tenancy import TenantContext
from services.appointments.actions import cancel_appointment, move_appointment
from services.appointments.models import Appointment
from services.patients.models import Patient
from services.reception import actions as desk
from services.tasks.models import Task
from tests.services.doors import api, browser, person, staff, statements
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in

MONDAY, FRIDAY = "2026-12-07", date(2026, 12, 11)


@pytest.fixture(autouse=True)
def monday(smile: TenantContext, at: Any) -> Any:
    at(f"{MONDAY} 09:00")
    return at


def ordered(who: Patient | None = None, **facts: Any) -> LabModel:
    known = {
        "site": center(), "patient": who or patient("韩博"), "doctor": staff("011"), "work": "crown", "teeth": [36],
        "impression_on": date(2026, 12, 7),
    }  # fmt: skip
    return lab.order_model(by=person("dr.lin"), **(known | facts))


def sent(model: LabModel, due_on: date = FRIDAY) -> LabModel:
    return lab.send_model(by=person("bai.lan"), model=model, lab="明德技工所", handler="小周", due_on=due_on)


def back(model: LabModel) -> LabModel:
    return lab.receive_model(by=person("bai.lan"), model=model, handler="小周")


def checked(model: LabModel) -> LabModel:
    return lab.check_model(by=person("mo.xiao"), model=back(sent(model)))


def tasks(kind: str, state: str = "open") -> list[Task]:
    return list(Task.objects.filter(kind=kind, state=state))


# --- the way of a model -----------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-020")
def test_every_step_is_kept_with_laboratory_handler_and_date(monday: Any) -> None:
    """Given the impression of tooth 36, when the crown is sent, comes back, is checked and fitted at a visit."""
    han = patient("韩博")
    model = ordered(han, teeth=[37, 36, 36], work="bridge")
    sent(model)
    monday("2026-12-11 10:00")
    back(model)
    lab.check_model(by=person("mo.xiao"), model=model)
    visit = walked_in(han)
    desk.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    done = lab.fit_model(by=person("dr.lin"), model=model, visit=visit)

    assert (done.state, done.teeth, done.fitted_visit_code) == ("fitted", [36, 37], visit.code)
    steps = list(LabStep.objects.filter(model=model))
    assert [step.what for step in steps] == ["created", "sent", "received", "checked", "fitted"]
    assert (steps[1].lab, steps[1].handler, steps[1].due_on, steps[1].by_name) == (
        "明德技工所", "小周", FRIDAY, "白岚",
    )  # fmt: skip
    assert steps[2].handler == "小周"
    assert model.number.startswith("M-")


@pytest.mark.ledger("DE-020")
def test_a_second_receipt_is_refused_and_nothing_is_skipped() -> None:
    model = ordered()
    with pytest.raises(Conflict) as unsent:
        back(model)
    assert unsent.value.code == "invalid_transition"
    back(sent(model))
    with pytest.raises(Conflict) as twice:
        back(model)
    assert twice.value.code == "model_received_already"
    with pytest.raises(Conflict) as unchecked:
        lab.fit_model(by=person("dr.lin"), model=model)
    assert unchecked.value.code == "model_not_checked"
    assert LabStep.objects.filter(model=model, what="received").count() == 1


@pytest.mark.ledger("DE-020")
def test_a_work_that_is_not_right_is_made_anew_with_its_history() -> None:
    model = checked(ordered())
    model = lab.remake_model(by=person("dr.lin"), model=model, reason="边缘不密合")
    assert (model.state, model.round, model.due_on, model.checked_at) == ("remake", 2, None, None)
    sent(model, date(2026, 12, 18))
    assert (model.state, model.due_on) == ("sent", date(2026, 12, 18))
    assert [step.round for step in LabStep.objects.filter(model=model, what="sent")] == [1, 2]
    with pytest.raises(RuleRefused) as refused:
        lab.remake_model(by=person("dr.lin"), model=back(model), reason=" ")
    assert refused.value.code == "reason_missing"


@pytest.mark.ledger("DE-020", "GV-013")
def test_a_lost_model_is_a_task_of_the_superiors_until_it_is_made_anew() -> None:
    model = sent(ordered())
    lab.lose_model(by=person("bai.lan"), model=model, reason="送回途中遗失")
    [task] = tasks(lab.LOST)
    assert set(task.roles) == {"head_nurse", "supervisor"}
    lab.remake_model(by=person("dr.lin"), model=model, reason="重新取模")
    assert tasks(lab.LOST) == []


def test_what_is_missing_is_refused_by_action_and_database() -> None:
    han = patient("韩博")
    for facts, code in (
        ({"teeth": []}, "tooth_missing"),
        ({"teeth": [19]}, "unknown_tooth"),
        ({"work": "hat"}, "unknown_lab_work"),
        ({"impression_on": date(2026, 12, 8)}, "impression_in_future"),
        ({"doctor": staff("201")}, "not_a_doctor"),
    ):
        with pytest.raises(RuleRefused) as refused:
            ordered(han, **facts)
        assert refused.value.code == code
    assert ordered(han, teeth=[], work="study_model").position == ""
    model = ordered(han)
    for facts, code in (
        ({"lab": " "}, "lab_missing"),
        ({"handler": ""}, "handler_missing"),
        ({"due_on": date(2026, 12, 6)}, "due_in_past"),
    ):
        known = {"lab": "明德", "handler": "小周", "due_on": FRIDAY}
        with pytest.raises(RuleRefused) as unsent:
            lab.send_model(by=person("bai.lan"), model=model, **(known | facts))
        assert unsent.value.code == code
    for change, constraint in (
        ({"teeth": [99]}, "dental_lab_fdi"),
        ({"teeth": []}, "dental_lab_tooth_named"),
        ({"state": "sent"}, "dental_lab_sent_when"),
        ({"state": "checked", "lab": "x", "due_on": FRIDAY, "sent_at": local(f"{MONDAY} 09:00")},
         "dental_lab_checked_when"),
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            LabModel.objects.filter(pk=model.pk).update(**change)


def test_who_may_do_what() -> None:
    """The desk carries, assistants and doctors order and check, the doctor fits."""
    model = ordered()
    for act in (
        lambda: lab.order_model(
            by=person("bai.lan"), site=center(), patient=model.patient, doctor=staff("011"), work="crown", teeth=[11],
            impression_on=date(2026, 12, 7),
        ),
        lambda: lab.send_model(by=person("dr.lin"), model=model, lab="x", handler="y", due_on=FRIDAY),
        lambda: lab.check_model(by=person("bai.lan"), model=model),
        lambda: lab.fit_model(by=person("mo.xiao"), model=model),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            act()


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-020")
def test_an_overdue_model_is_a_task_from_the_morning_after_until_it_is_back(monday: Any) -> None:
    model = sent(ordered())
    monday("2026-12-11 07:40")
    models_due(FRIDAY)
    assert tasks(lab.OVERDUE) == []
    monday("2026-12-12 07:40")
    models_due(date(2026, 12, 12))
    models_due(date(2026, 12, 12))
    assert len(tasks(lab.OVERDUE)) == 1
    back(model)
    assert tasks(lab.OVERDUE) == []
    assert [task.result for task in tasks(lab.OVERDUE, "done")] == ["received"]


@pytest.mark.ledger("DE-020", "DE-021")
def test_a_fitting_that_comes_near_without_its_model_is_warned_of_before(monday: Any) -> None:
    """Two opening days before, so that the day-before confirmation finds it in order; checked, the warning ends."""
    han = patient("韩博")
    row = booked(han, "2026-12-11 09:00")
    model = sent(ordered(han, appointment=row), date(2026, 12, 10))
    assert tasks(lab.LATE) == []
    monday("2026-12-08 07:40")
    models_due(date(2026, 12, 8))
    assert tasks(lab.LATE) == []
    monday("2026-12-09 07:40")
    models_due(date(2026, 12, 9))
    [task] = tasks(lab.LATE)
    assert "front_desk" in task.roles
    lab.check_model(by=person("mo.xiao"), model=back(model))
    assert tasks(lab.LATE) == []


@pytest.mark.ledger("DE-020")
def test_a_due_date_after_the_fitting_is_warned_of_at_once_and_a_cancelled_fitting_ends_it() -> None:
    han = patient("韩博")
    row = booked(han, "2026-12-17 09:00")
    model = ordered(han, appointment=row)
    sent(model, date(2026, 12, 18))
    lab.watch(by=person("bai.lan"), model=LabModel.objects.get(pk=model.pk))
    assert len(tasks(lab.LATE)) == 1
    cancel_appointment(by=person("bai.lan"), appointment=row, reason="出差")
    clockwork()
    model.refresh_from_db()
    assert (tasks(lab.LATE), model.appointment) == ([], None)


@pytest.mark.ledger("DE-020")
def test_a_fitting_that_is_moved_nearer_is_watched_anew() -> None:
    han = patient("韩博")
    row = booked(han, "2026-12-21 09:00")
    sent(ordered(han, appointment=row), date(2026, 12, 18))
    assert tasks(lab.LATE) == []
    move_appointment(by=person("bai.lan"), appointment=row, starts_at=local("2026-12-08 14:00"), reason="patient asks")
    clockwork()
    assert len(tasks(lab.LATE)) == 1


@pytest.mark.ledger("DE-021")
def test_the_confirmation_of_a_fitting_says_that_its_model_is_not_ready() -> None:
    han = patient("韩博")
    row = booked(han, "2026-12-08 09:00")
    model = ordered(han, appointment=row)

    def page() -> str:
        return browser("bai.lan").get(f"/appointments/{row.code}/").content.decode()

    assert model.number in page()
    back(sent(model))
    assert model.number in page()
    lab.check_model(by=person("mo.xiao"), model=model)
    assert model.number not in page()


def test_a_fitting_is_a_coming_booking_of_the_same_patient() -> None:
    model = ordered()
    other = booked(patient("何静"), "2026-12-08 09:00")
    with pytest.raises(NotFound):
        lab.plan_fitting(by=person("dr.lin"), model=model, appointment=other)
    own = booked(model.patient, "2026-12-08 10:00")
    Appointment.objects.filter(pk=own.pk).update(state="no_show")
    own.refresh_from_db()
    with pytest.raises(RuleRefused) as refused:
        lab.plan_fitting(by=person("dr.lin"), model=model, appointment=own)
    assert refused.value.code == "fitting_not_expected"


# --- pages and API ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("DE-020")
def test_the_pages_lead_a_model_from_the_impression_to_the_fitting() -> None:
    han = patient("韩博")
    doctor, front, nurse = browser("dr.lin"), browser("bai.lan"), browser("mo.xiao")
    path = f"/dental/patients/{han.code}/models/new/"
    said = {"work": "bridge", "teeth": "35 36，37", "doctor": str(staff("011").code), "impression_on": "2026-12-07"}
    assert doctor.get(path).status_code == 200
    assert doctor.post(path, said | {"teeth": "35 99"}).status_code == 422
    assert doctor.post(path, said | {"teeth": ""}).status_code == 422
    assert doctor.post(path, said).status_code == 303
    model = LabModel.objects.get()
    assert model.teeth == [35, 36, 37]
    page = f"/dental/models/{model.code}/"
    assert front.post(f"{page}send/", {"lab": "明德"}).status_code == 422
    assert front.post(f"{page}send/", {"lab": "明德", "handler": "小周", "due_on": "2026-12-11"}).status_code == 303
    assert front.post(f"{page}receive/", {"handler": "小周"}).status_code == 303
    assert front.post(f"{page}receive/", {"handler": "小周"}).status_code == 409
    assert f'{page}check/"' not in front.get(page).content.decode()
    assert f'{page}check/"' in nurse.get(page).content.decode()
    assert nurse.post(f"{page}check/").status_code == 303
    assert nurse.post(f"{page}fit/").status_code == 403
    assert doctor.post(f"{page}fit/").status_code == 303
    model.refresh_from_db()
    assert model.state == "fitted"
    assert browser("fang.li").get("/dental/models/").status_code == 403


def test_the_register_of_three_hundred_models_costs_as_much_as_that_of_one() -> None:
    ordered()
    web = browser("bai.lan")
    few = statements(lambda: web.get("/dental/models/"))
    LabModel.objects.bulk_create(
        LabModel(
            number=f"M-x{number}", site=center(), patient=patient("多"), doctor=staff("011"), teeth=[11], work="crown",
            impression_on=date(2026, 12, 1),
        )
        for number in range(60)
    )  # fmt: skip
    assert statements(lambda: web.get("/dental/models/")) <= max(few, 12) <= 12
    for show in ("overdue", "ready", "all"):
        assert web.get(f"/dental/models/?show={show}").status_code == 200


@pytest.mark.ledger("DE-020", "PL-001")
def test_the_api_takes_the_same_steps_and_foreign_codes_are_not_found() -> None:
    han = patient("韩博")
    doctor, front = api("dr.lin"), api("bai.lan")
    said = {
        "site": str(center().code), "patient": str(han.code), "doctor": str(staff("011").code), "work": "crown",
        "teeth": [36], "impression_on": "2026-12-07",
    }  # fmt: skip
    made = doctor.post("/api/v1/dental/models/", said)
    assert made.status_code == 201, made.content
    path = f"/api/v1/dental/models/{made.json()['code']}/"
    step = front.post(f"{path}send/", {"lab": "明德", "handler": "小周", "due_on": "2026-12-11"})
    assert (step.status_code, step.json()["state"]) == (200, "sent")
    assert front.get("/api/v1/dental/models/", {"state": "sent"}).json()["results"][0]["code"] == made.json()["code"]
    assert front.post(f"{path}receive/", {"handler": "小周"}).json()["state"] == "received"
    again = front.post(f"{path}receive/", {"handler": "小周"})
    assert (again.status_code, again.json()["code"]) == (409, "model_received_already")
    assert doctor.post(f"{path}check/").json()["state"] == "checked"
    unknown = front.post(f"/api/v1/dental/models/{uuid7()}/receive/", {"handler": "小周"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "model_not_found")
    assert doctor.post(f"{path}fitting/", {"appointment": str(uuid7())}).json()["code"] == "appointment_not_found"
