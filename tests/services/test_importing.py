"""A clinic moves in: checked before anything is written, written once, taken back where nobody has worked with it."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from openpyxl import load_workbook

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, NotFound, RuleRefused
from kernel.files.models import StoredFile
from kernel.identity import sessions
from kernel.messaging.models import Message
from services.appointments.actions import record_confirmation
from services.appointments.models import Appointment
from services.importing import actions, handlers, selectors
from services.importing.machines import AT_WORK
from services.importing.models import ImportBatch, ImportedRow
from services.patients import sheets
from services.patients.actions import register_patients
from services.patients.models import Patient, PatientRelation
from services.patients.selectors import access_patient, find_patients
from tests.services.doors import SYSTEM, api, browser, person, statements
from tests.services.flow import center, clockwork, local, patient
from tests.services.workbooks import ADMIN, GAO, row, states, uploaded, workbook

LIST, API = "/importing/", "/api/v1/importing/"


@pytest.fixture(autouse=True)
def tuesday(smile: Any, at: Any) -> Any:
    at("2026-12-08 09:00")
    return at


def person_row(number: int, **facts: Any) -> list[Any]:
    """A patient of the former system with a name, a day of birth and a phone of their own."""
    given: dict[str, Any] = {
        "old": f"A{number:05d}", "name": f"周{chr(0x4E00 + number)}", "sex": "女", "born": date(1980, 1, 1 + number % 28),
        "age": None, "phone": f"139{number:08d}", **facts,
    }  # fmt: skip
    return list(given.values())


def people() -> Any:
    return Patient.objects.filter(withdrawn_at__isnull=True)


def refused(error: type[DomainError], code: str, act: Any) -> DomainError:
    with pytest.raises(error) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def run(batch: ImportBatch, by: str = ADMIN) -> ImportBatch:
    """Start an import and let the clock do the work."""
    actions.start(by=person(by), batch=batch)
    return worked(batch)


def worked(batch: ImportBatch) -> ImportBatch:
    """The clock goes on until the work on a file is done."""
    for _portion in range(3):
        clockwork()
        batch.refresh_from_db()
        if batch.state not in AT_WORK:
            break
    return batch


def taken_back(batch: ImportBatch) -> ImportBatch:
    actions.undo(by=person(ADMIN), batch=batch)
    return worked(batch)


def test_patients_move_in_once_whatever_is_killed(tuesday, monkeypatch):
    monkeypatch.setattr(actions, "AT_ONCE", 20)
    monkeypatch.setattr(actions, "PORTION", 10)
    before = people().count()
    file = {"患者": [person_row(n) for n in range(30)]}
    batch = uploaded(file)
    assert (batch.state, batch.total) == ("reading", 30)  # so many are checked in the background
    worked(batch)
    assert set(states(batch)) == {"ready"}
    assert people().count() == before

    opened: list[int] = []

    def dying(**facts: Any) -> list[Patient]:
        found = register_patients(**facts)
        opened.append(len(found))
        if len(opened) == 2:
            raise SystemError("killed")
        return found

    monkeypatch.setattr(sheets.actions, "register_patients", dying)
    actions.start(by=person(ADMIN), batch=batch)
    for minute in range(1, 30):
        clockwork()
        batch.refresh_from_db()
        if batch.state == "done":
            break
        tuesday(f"2026-12-08 10:{minute:02d}")

    assert batch.state == "done"
    assert people().count() == before + 30
    assert len(opened) == 4  # what died was written anew, and nothing of it twice
    assert opened[1] == opened[2] > 1
    assert Patient.objects.values("phone_index").distinct().count() == Patient.objects.count()

    # The same file again, and a corrected one with one more row: only the new one is added.
    again = uploaded({"患者": [*file["患者"][:19], person_row(300)]})
    assert states(again).count("known") == 19
    run(again)
    assert people().count() == before + 31
    first, same = row(batch, 2), ImportedRow.objects.filter(pk=row(again, 2).pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        same.update(state="imported", target=first.target)


def test_a_portion_is_written_in_few_statements_and_keeps_every_rule(tuesday, monkeypatch):
    known = patient("吴静", phone="13800000077", birth_date=date(1980, 1, 2), stated_age=None)
    # Names of which none is read like another.
    file = [person_row(n, name=f"Lee {chr(97 + n // 20)}{chr(97 + n % 20)}o") for n in range(40)]
    # Two of one name and year, of whom the second may be the first; one who is read like somebody and is not that person;
    # a mother and a child with one phone; one with a phone that somebody has.
    file += [
        person_row(50, name="冯敏", born=date(1980, 5, 5)), person_row(51, name="冯敏", born=date(1980, 5, 5)),
        person_row(52, name="封民", born=date(1980, 5, 5)), person_row(53, name="郑母"),
        person_row(54, name="郑儿", born=date(2018, 3, 3), phone="13900000053"), person_row(55, phone=known.phone),
    ]  # fmt: skip
    batch = uploaded({"患者": file})
    assert set(states(batch)) == {"ready"}
    before = people().count()
    actions.start(by=person(ADMIN), batch=batch)
    batch.refresh_from_db()
    asked = statements(lambda: actions.write_portion(by=SYSTEM, batch=batch, most=40))
    assert people().count() == before + 40
    assert asked <= 30
    worked(batch)
    assert states(batch) == ["imported"] * 41 + ["double"] + ["imported"] * 4
    assert row(batch, 43).candidates[0]["shared"] == ["name"]
    said = {
        entry.target_code: entry.data["confirmed_new"]
        for entry in AuditEntry.objects.filter(verb="patients.registered")
    }
    mother, child = people().get(name="郑母"), people().get(name="郑儿")
    assert said[child.code] == [str(mother.code)]
    assert said[people().get(phone_index=known.phone_index, name__startswith="周").code] == [str(known.code)]
    assert set(said) >= {one.code for one in people().filter(created_at__gte=local("2026-12-08 09:00"))}

    # One that the database does not accept keeps nobody else out.
    again = uploaded({"患者": [person_row(n, name=f"Wood {chr(97 + n % 20)}i") for n in range(60, 64)]})
    real = sheets.actions.register_patients

    def refusing(**facts: Any) -> list[Patient]:
        opened = real(**facts)
        Patient.objects.filter(pk=opened[2].pk).update(name="")
        return opened

    monkeypatch.setattr(sheets.actions, "register_patients", refusing)
    run(again)
    assert states(again) == ["imported"] * 4


def test_each_fault_is_named_with_row_column_and_what_helps():
    facts = [
        person_row(1, name=None),
        person_row(2, sex="?"),
        person_row(3, born="2026/13/5"),
        person_row(4, born=None),
        person_row(5, phone="12"),
        person_row(6, phone=None),
        person_row(7, born="2027-01-01"),
        person_row(8, name="长" * 81),
        person_row(9, born=None, age="三岁"),
        person_row(10),
        person_row(10),
    ]
    batch = uploaded({
        "患者": facts,
        "家属": [["A00010", "表哥", "", ""], ["A00010", "母亲", "", ""], ["B1", "母亲", "A00010", ""],
                 ["A00010", "母亲", "A00010", "也许"]],
        "未来预约": [
            ["A00010", date(2026, 12, 9), "25点", "011", 30, None],
            ["A00010", date(2026, 12, 9), "09:30", "无此人", 30, None],
            ["A00010", date(2026, 12, 7), "09:30", "011", 30, None],
            ["A00010", date(2026, 12, 9), "09:10", "011", 30, None],
            ["A00010", date(2026, 12, 9), "03:00", "011", 30, None],
        ],
    })  # fmt: skip
    found = {
        (one.sheet, one.row.number): [(heading, words) for heading, _cell, words in one.faults]
        for one in selectors.shown(selectors.rows_of(batch))
    }
    codes = {(one.kind, one.number): [fault["code"] for fault in actions.faults.opened(one.faults)]
             for one in batch.rows.all()}  # fmt: skip
    assert [codes["patients", n] for n in range(2, 13)] == [
        ["required"], ["not_in_list"], ["not_a_day"], ["age_or_birth_date"], ["phone_invalid"], ["phone_or_reason"],
        ["birth_in_future"], ["too_long"], ["not_a_number"], [], ["twice_in_file"],
    ]  # fmt: skip
    assert [codes["families", n] for n in range(2, 6)] == [
        ["not_in_list"], ["relative_missing"], ["patient_unknown"], ["not_yes_or_no"],
    ]  # fmt: skip
    assert [codes["appointments", n] for n in range(2, 7)] == [
        ["not_a_time"], ["nobody_of_this_name"], ["slot_in_the_past"], ["start_not_on_unit"], ["outside_opening_hours"],
    ]  # fmt: skip
    assert all(words and heading for key, rows in found.items() for heading, words in rows if key[0] == "患者" and key[1] != 12)  # fmt: skip
    run(batch)
    assert people().filter(name="周一0").count() == 0
    assert Appointment.objects.count() == 0
    # What is faulty stays out; what is ready came in.
    assert row(batch, 11).state == "imported"


def test_cells_are_understood_however_they_were_typed():
    rows = [
        person_row(1, sex="M", born=datetime.combine(date(1986, 5, 2), time()), phone=13900000001.0),
        person_row(2, sex="ｆ", born="1986/5/2", phone="139 0000-0002"),
        person_row(3, sex="男", born=31534, phone="＋86 139 0000 0003"),
        person_row(4, sex="女", born=None, age="40岁", phone="１３９００００００04"),
        ["示例 A1", "示例", "女", None, 30, "13900000009"],
        [None] * 6,
        person_row(5, name="=SUM(A1)", sex="female", born="19860502", phone="13900000005"),
    ]
    run(uploaded({"患者": rows}))
    came = {one.phone: one for one in people().filter(created_at__gte=local("2026-12-08 09:00"))}
    assert set(came) == {f"1390000000{n}" for n in (1, 2, 3, 4)}
    assert {came[f"1390000000{n}"].birth_date for n in (1, 2, 3)} == {date(1986, 5, 2)}
    assert [came[f"1390000000{n}"].sex for n in (1, 2, 3, 4)] == ["male", "female", "male", "female"]
    assert came["13900000004"].birth_year == 1986


def test_families_share_a_phone_and_somebody_pays_and_bookings_take_their_time(at):
    batch = run(uploaded({
        "患者": [person_row(1, name="郑母"), person_row(2, name="郑儿", born=date(2018, 3, 3), phone="13900000001")],
        "家属": [["A00002", "母亲", "A00001", "是"]],
        "未来预约": [["A00002", date(2026, 12, 9), "09:30", "林医生", 30, None],
                     ["A00001", date(2026, 12, 9), "09:45", "011", 30, None]],
    }))  # fmt: skip
    mother, child = people().get(name="郑母"), people().get(name="郑儿")
    assert (mother.phone, child.phone) == ("13900000001", "13900000001")
    relation = PatientRelation.objects.get()
    assert (relation.patient, relation.relative, relation.kind, relation.is_payer) == (child, mother, "mother", True)
    booking = Appointment.objects.get()
    assert (booking.patient, booking.starts_at, booking.state) == (child, local("2026-12-09 09:30"), "booked")
    assert not Message.objects.filter(template="booking_receipt").exists()  # heard of it in the former system
    [late] = [one for one in batch.rows.all() if one.state == "refused"]
    assert actions.faults.opened(late.faults)[0]["code"] == "booking_conflict"

    # Somebody confirmed the booking since: it stays, and its patient with it. The rest goes.
    record_confirmation(by=person("bai.lan"), appointment=booking, result="confirmed")
    taken_back(batch)
    assert states(batch) == ["undone", "stays", "undone", "stays", "refused"]
    assert not PatientRelation.objects.exists()
    mother.refresh_from_db()
    assert (mother.name, mother.phone, mother.search_words) == ("—", "", "")
    assert not find_patients("郑母")
    with pytest.raises(NotFound):
        access_patient(SYSTEM, mother.code)
    assert access_patient(SYSTEM, child.code).name == "郑儿"

    # What was taken back may come in again; what stayed is known.
    again = uploaded({"患者": [person_row(1, name="郑母"), person_row(2, name="郑儿")]})
    assert states(again) == ["ready", "known"]
    at("2026-12-23 09:00")
    refused(RuleRefused, "undo_too_late", lambda: actions.undo(by=person(ADMIN), batch=batch))


def test_what_an_undone_import_left_behind_holds_no_patient_back():
    batch = run(uploaded({
        "患者": [person_row(1)], "未来预约": [["A00001", date(2026, 12, 9), "09:30", "011", 30, None]],
    }))  # fmt: skip
    assert states(batch) == ["imported", "imported"]
    taken_back(batch)
    assert states(batch) == ["undone", "undone"]
    assert Appointment.objects.get().state == "cancelled"
    refused(Conflict, "nothing_to_undo", lambda: actions.undo(by=person(ADMIN), batch=batch))


def test_likely_doubles_wait_for_an_answer():
    known = patient("吴静", phone="13900000001", birth_date=date(1980, 1, 2), stated_age=None)
    other = patient("吴刚", phone="13900000002")
    batch = uploaded({"患者": [
        person_row(1, name="吴静", born=date(1980, 1, 2)), person_row(2, name="冯敏", phone="13900000002"),
        person_row(3, name="吴静", born=date(1980, 6, 6), phone="13900000003"),
        person_row(4, name="吴静", born=date(1980, 7, 7), phone="13900000004"),
    ]})  # fmt: skip
    assert states(batch) == ["double", "ready", "double", "double"]  # a phone alone is a family
    first, third = row(batch, 2), row(batch, 4)
    assert first.candidates == [{"code": str(known.code), "number": known.record_number, "shared": ["phone", "name"]}]
    refused(RuleRefused, "candidate_unknown",
            lambda: actions.decide(by=person(ADMIN), row=first, decision="attach", candidate=other.code))  # fmt: skip
    actions.decide(by=person(ADMIN), row=first, decision="attach", candidate=known.code)
    actions.decide(by=person(ADMIN), row=third, decision="create")
    assert actions.decide_all(by=person(ADMIN), batch=batch, decision="skip") == 1
    refused(Conflict, "row_not_double", lambda: actions.decide(by=person(ADMIN), row=row(batch, 3), decision="skip"))
    before = people().count()
    run(batch)
    assert states(batch) == ["attached", "imported", "imported", "skipped"]
    assert people().count() == before + 2
    assert row(batch, 2).target == known.code
    # A row that joined an existing file leaves it alone when the import is taken back.
    taken_back(batch)
    known.refresh_from_db()
    assert (known.name, row(batch, 2).state) == ("吴静", "undone")


def test_a_file_of_another_shape_is_refused_and_nothing_is_kept():
    def take(content: bytes) -> Any:
        return lambda: actions.upload(by=person(ADMIN), site=center(), content=content, name="x.xlsx")

    def packed(**parts: bytes) -> bytes:
        out = io.BytesIO(workbook({"患者": [person_row(1)]}))
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(f"xl/{name.replace('__', '.')}", content)
        return out.getvalue()

    refused(RuleRefused, "workbook_type_refused", take(b"%PDF-1.7"))
    refused(RuleRefused, "workbook_type_refused", take(b"\xd0\xcf\x11\xe0" + b"0" * 600))
    refused(RuleRefused, "workbook_type_refused", take(packed(evil__xml=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>")))
    late = b"<?xml version='1.0'?><!--" + b"-" * 300_000 + b"--><!DOCTYPE x [<!ENTITY a 'b'>]><x/>"
    refused(RuleRefused, "workbook_type_refused", take(packed(evil__xml=late)))
    wide = "<!doctype x [<!ENTITY a 'b'>]><x/>".encode("utf-16")
    refused(RuleRefused, "workbook_type_refused", take(packed(evil__dat=wide)))
    refused(RuleRefused, "workbook_type_refused", take(packed(evil__xml="<x/>".encode("cp037"))))
    refused(RuleRefused, "workbook_macros_refused", take(packed(vbaProject__bin=b"x")))
    refused(RuleRefused, "workbook_too_large", take(packed(bomb__xml=b"0" * (90 * 1024 * 1024))))
    refused(RuleRefused, "file_too_large", take(b"0" * (11 * 1024 * 1024)))
    refused(RuleRefused, "sheets_unknown", take(workbook({"名单": [["x"]]})))
    refused(RuleRefused, "columns_missing", take(workbook({"患者": [["x"]]}, {"患者": ("姓名",)})))
    refused(RuleRefused, "rows_missing", take(workbook({"患者": []})))
    with pytest.raises(Forbidden):
        actions.upload(by=person("bai.lan"), site=center(), content=workbook({"患者": []}), name="x.xlsx")
    assert not ImportBatch.objects.exists()
    assert not ImportedRow.objects.exists()


def test_contents_lie_sealed_and_are_forgotten_but_the_marks_stay(at):
    file = {"患者": [person_row(1, name="钱多"), person_row(2, sex="?")]}
    batch = run(uploaded(file))
    with connection.cursor() as cursor:
        cursor.execute("SELECT concat(data, faults, fingerprint, candidates) FROM importing_importedrow")
        assert not any("钱多" in text or "13900000001" in text for (text,) in cursor.fetchall())
    said = "".join(str(one) for one in AuditEntry.objects.values_list("data", flat=True))
    assert "钱多" not in said
    assert not StoredFile.objects.filter(name=batch.name).exists()  # the file itself is not kept

    at("2027-01-08 03:30")
    handlers.forget(date(2027, 1, 8))
    batch.refresh_from_db()
    assert batch.forgotten_at is not None
    assert {one.data for one in batch.rows.all()} == {""}
    assert states(uploaded(file)) == ["known", "faulty"]


def test_from_template_to_import_on_the_pages(django_assert_max_num_queries):
    desk = browser(GAO)
    assert f"{LIST}template/" in desk.get(LIST).content.decode()  # an empty list says what to do first
    sheet = load_workbook(io.BytesIO(desk.get(f"{LIST}template/?language=en").content))
    assert sheet.sheetnames[:3] == ["Patients", "Families", "Future bookings"]
    assert sheet["Patients"]["B1"].value == "Name*"
    filled = SimpleUploadedFile("a.xlsx", workbook({"患者": [person_row(1), person_row(2, old="-1+1", sex="?")]}))
    wrong = desk.post(f"{LIST}new/", {"site": center().code, "file": SimpleUploadedFile("a.xlsx", b"x")})
    assert wrong.status_code == 422
    answer = desk.post(f"{LIST}new/", {"site": center().code, "file": filled})
    batch = ImportBatch.objects.get()
    here = f"{LIST}{batch.code}/"
    assert (answer.status_code, answer["Location"]) == (303, here)
    shown = desk.get(here)
    assert shown.context["show"] == "faulty"
    assert "性别" in shown.content.decode()
    report = load_workbook(io.BytesIO(desk.get(f"{here}report/").content)).active
    title = next(cell for cell in report["D"] if str(cell.value).startswith("-1+1"))
    assert (title.data_type, bool(title.quotePrefix)) == ("s", True)

    session = desk.session
    session[sessions.CONFIRMED] = session[sessions.CONFIRMED_BY_SECOND] = 0
    session.save()
    assert desk.post(f"{here}start/").status_code == 403
    assert ImportBatch.objects.get().state == "checked"
    session[sessions.CONFIRMED] = session[sessions.CONFIRMED_BY_SECOND] = sessions.machine_seconds()
    session.save()
    assert desk.post(f"{here}start/", {"version": batch.version + 5}).status_code == 412
    assert desk.post(f"{here}start/", {"version": batch.version}).status_code == 303
    clockwork()
    assert desk.get(f"{here}?show=imported").context["rows"]
    assert desk.post(f"{here}undo/").status_code == 303
    clockwork()
    assert ImportBatch.objects.get().state == "undone"
    assert browser("bai.lan").get(LIST).status_code == 403
    assert browser("bai.lan").post(f"{here}undo/").status_code == 403

    desk.get(LIST)
    asked = statements(lambda: desk.get(LIST))
    uploaded({"患者": [person_row(3)]})
    desk.get(LIST)
    assert statements(lambda: desk.get(LIST)) <= asked
    given_up = ImportBatch.objects.get(state="checked")
    assert desk.post(f"{LIST}{given_up.code}/give-up/").status_code == 303
    assert not any(row.data for row in given_up.rows.all())


def test_the_api_does_the_same():
    caller = api(ADMIN)
    content = base64.b64encode(workbook({"患者": [person_row(1), person_row(2, sex="?")]})).decode()
    facts = {"site": str(center().code), "name": "a.xlsx", "content": content}
    assert caller.post(f"{API}batches/", facts | {"content": "?"}).status_code == 400
    made = caller.post(f"{API}batches/", facts)
    assert made.status_code == 201, made.json()
    assert made.json()["counts"] | {"ready": 1, "faulty": 1} == made.json()["counts"]
    here = f"{API}batches/{made.json()['code']}/"
    keyed = {"HTTP_IDEMPOTENCY_KEY": "one-upload"}
    again = [caller.post(f"{API}batches/", facts, **keyed).json()["code"] for _time in range(2)]
    assert (again[0] == again[1], ImportBatch.objects.count()) == (True, 2)
    [_good, bad] = caller.get(f"{here}rows/").json()["results"]
    assert bad["faults"][0]["column"] == "性别"
    refusal = caller.post(f"{here}start/")
    assert (refusal.status_code, refusal.json()["code"]) == (403, "reauthentication_required")
    session = caller.session
    session[sessions.CONFIRMED] = session[sessions.CONFIRMED_BY_SECOND] = sessions.machine_seconds()
    session.save()
    assert caller.post(f"{here}start/").json()["state"] == "running"
    clockwork()
    assert caller.get(here).json()["counts"]["imported"] == 1
    assert caller.post(f"{here}undo/").json()["state"] == "undoing"
    assert api("bai.lan").get(f"{API}batches/").status_code == 403
    foreign = uuid4()
    for path in ("", "rows/"):
        assert caller.get(f"{API}batches/{foreign}/{path}").status_code == 404
    for path in (f"batches/{foreign}/start/", f"batches/{foreign}/undo/", f"batches/{foreign}/give-up/"):
        assert caller.post(f"{API}{path}").status_code == 404
    assert caller.post(f"{API}rows/{foreign}/decide/", {"decision": "skip"}).status_code == 404
    assert caller.post(f"{API}batches/", facts | {"site": str(foreign)}).status_code == 404
