"""SC-19, as far as consultation goes: Ye Fan's December in figures, and a question that only a doctor answers.

Indicators and their weights (AS), the exam and its certificate (TR) and the gift (CD) belong to rooms of their own; the
success rate is what they take from here.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic, clockwork, moment, utc

BEGUN = "2026-12-07"
SPOKEN = {"need": "想补门牙", "condition": "门牙缺角", "further": "treatment", "advice": "先检查再补"}
OFFERED = {"content": "树脂充填"}
NEXT = {"outcome": "undecided", "next_step": "和家人商量后回电", "call_back_on": "2027-01-06"}


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    at("2026-11-30 17:00")
    return Clinic()


def phone(number: int) -> str:
    """The customer with this number; the same one calls from the same phone."""
    return f"1395555{number:04d}"


def begins(clinic: Clinic, number: int, **customer: Any) -> str:
    """The code of a conversation of Ye Fan's that has begun."""
    ye = clinic.who("ye.fan")
    who = customer or {"customer_name": f"顾客{number}", "phone": phone(number)}
    opened = ye.does("consultation/", site=clinic.site, channel="walk_in", **who)
    assert ye.does(f"consultation/{opened['code']}/start/")["state"] == "talking"
    return str(opened["code"])


def talks(clinic: Clinic, number: int, **customer: Any) -> str:
    """The same with need, condition and advice written down; nothing was decided yet."""
    code = begins(clinic, number, **customer)
    clinic.who("ye.fan").does(f"consultation/{code}/notes/", **SPOKEN)
    return code


def accepts(clinic: Clinic, code: str) -> None:
    """The customer takes what Ye Fan recommends."""
    ye = clinic.who("ye.fan")
    ye.does(f"consultation/{code}/recommendations/", item=clinic.item("dental-filling"), **OFFERED)
    assert ye.does(f"consultation/{code}/conclude/", outcome="accepted")["state"] == "accepted"


def declines(clinic: Clinic, code: str) -> None:
    """The customer does not want it."""
    done = clinic.who("ye.fan").does(f"consultation/{code}/conclude/", outcome="refused", refusal="price")
    assert done["state"] == "refused"


def december(clinic: Clinic, at: Any) -> None:
    """48 first consultations: 30 accepted within 30 days, the last of them on the thirtieth; 2 taken back before the
    treatment; 4 customers came again."""
    ye, bai = clinic.who("ye.fan"), clinic.who("bai.lan")
    at(f"{BEGUN} 09:00")
    taken = [talks(clinic, number) for number in range(28)]
    for code in taken:
        accepts(clinic, code)
    file = clinic.patient("乔安", phone=phone(28))
    booked = clinic.books(file, "2026-12-21 10:00")
    by_booking = talks(clinic, 28, patient=file)
    ye.does(f"consultation/{by_booking}/conclude/", outcome="booked", appointment=booked["code"])
    slow, too_slow = talks(clinic, 29), talks(clinic, 30)
    for code in (slow, too_slow):
        ye.does(f"consultation/{code}/conclude/", **NEXT)
    for number in range(31, 34):
        declines(clinic, talks(clinic, number))
    for number in range(34, 48):
        begins(clinic, number)  # nothing came of it that anybody wrote down

    at("2026-12-18 15:00")
    for number in (0, 1, 40, 41):
        again = talks(clinic, number)
        assert ye.asks(f"consultation/{again}/")["repeats"] is not None
        declines(clinic, again)
    # One says so, the booking of the other is cancelled at the desk.
    ye.is_refused(f"consultation/{taken[0]}/withdraw/", "reason_missing", reason=" ")
    assert ye.does(f"consultation/{taken[0]}/withdraw/", reason="家里有事")["state"] == "withdrawn"
    bai.does(f"appointments/{booked['code']}/cancel/", version=booked["version"], reason="不来了")
    clockwork()
    assert ye.asks(f"consultation/{by_booking}/")["state"] == "withdrawn"

    at("2027-01-06 17:00")
    accepts(clinic, slow)
    at("2027-01-07 09:00")
    accepts(clinic, too_slow)


def rate(clinic: Clinic, month: str) -> dict[str, Any]:
    """The month as Gao Wen sees it; Ye Fan is the only consultant."""
    found = clinic.who("gao.wen").asks("consultation/success/", site=clinic.site, month=month)
    whole = {name: found[name] for name in ("firsts", "successes", "repetitions", "percent")}
    assert found["consultants"] == [{"consultant": clinic.staff("112"), **whole}]
    return dict(found)


@pytest.mark.ledger("CS-001", "CS-010")
def test_december_is_thirty_of_forty_eight_and_a_new_definition_counts_from_the_next_month(
    clinic: Clinic, at: Any
) -> None:
    december(clinic, at)
    found = rate(clinic, "2026-12")
    assert (found["firsts"], found["successes"], found["repetitions"], found["percent"]) == (48, 30, 4, 62.5)
    assert found["definition"] == {"days": 30, "bookings": True, "taken_back_counts": True}
    page = clinic.who("gao.wen").opens("/consultation/success/?month=2026-12")
    assert "62.5 %" in page

    # Not for the office to decide at the desk; and not for what has been.
    rule = "rules/success_rate_definition/values/"
    stricter = {"scope": "tenant", "value": "accepted_and_kept"}
    assert clinic.who("ye.fan").tries(rule, **stricter).status_code == 403
    admin = clinic.who("admin.smile")
    admin.is_refused(rule, "parameter_in_the_past", **stricter, effective_from=moment("2026-12-01 00:00"))
    admin.does(rule, **stricter, effective_from=moment("2027-01-20 08:00"))

    at("2027-01-21 10:00")
    january = [talks(clinic, 100), talks(clinic, 101)]
    for code in january:
        accepts(clinic, code)
    clinic.who("ye.fan").does(f"consultation/{january[0]}/withdraw/", reason="改主意")
    assert rate(clinic, "2026-12")["percent"] == 62.5
    assert rate(clinic, "2027-01")["percent"] == 100.0  # it had begun before
    at("2027-02-01 10:00")
    february = [talks(clinic, 102), talks(clinic, 103)]
    for code in february:
        accepts(clinic, code)
    clinic.who("ye.fan").does(f"consultation/{february[0]}/withdraw/", reason="改主意")
    found = rate(clinic, "2027-02")
    assert (found["firsts"], found["successes"], found["percent"]) == (2, 1, 50.0)
    assert found["definition"]["taken_back_counts"] is False


@pytest.mark.slow
@pytest.mark.ledger("CS-010")
def test_a_december_that_began_with_the_stricter_definition_is_twenty_eight_of_forty_eight(
    clinic: Clinic, at: Any
) -> None:
    clinic.who("admin.smile").does(
        "rules/success_rate_definition/values/", scope="tenant", value="accepted_and_kept",
        effective_from=moment("2026-12-01 00:00"),
    )  # fmt: skip
    december(clinic, at)
    found = rate(clinic, "2026-12")
    assert (found["firsts"], found["successes"], found["repetitions"]) == (48, 28, 4)
    assert round(found["percent"], 1) == 58.3
    bai = clinic.who("bai.lan")
    assert bai.tries_to_ask("consultation/success/", month="2026-12").status_code == 403
    assert clinic.who("gao.wen").tries_to_ask("consultation/success/", month="2026-13").status_code == 400


@pytest.mark.ledger("CS-010", "FU-011")
def test_what_was_treated_is_no_longer_taken_back(clinic: Clinic, at: Any) -> None:
    at(f"{BEGUN} 09:00")
    file = clinic.patient("乔安")
    code = talks(clinic, 0, patient=file)
    clinic.who("ye.fan").is_refused(f"consultation/{code}/withdraw/", "invalid_transition", 409, reason="太早")
    accepts(clinic, code)
    clinic.who("dr.lin").does(
        "records/treatments/", patient=file, site=clinic.site, doctor=clinic.staff("011"),
        item=clinic.item("dental-filling"),
    )  # fmt: skip
    clockwork()
    clinic.who("ye.fan").is_refused(f"consultation/{code}/withdraw/", "already_treated", reason="改主意")
    assert rate(clinic, "2026-12")["percent"] == 100.0


@pytest.mark.ledger("CS-002", "CS-006")
def test_a_complex_answer_is_final_only_with_dr_pans_answer_from_afar(clinic: Clinic, at: Any) -> None:
    at(f"{BEGUN} 10:00")
    ye, pan = clinic.who("ye.fan"), clinic.who("dr.pan")
    code = talks(clinic, 0)
    hard = {"text": "服抗凝药可以种牙吗？", "is_complex": True}
    question = ye.does(f"consultation/{code}/questions/", **hard)
    final = f"consultation/questions/{question['code']}/answer/"
    words = {"answer": "可以"}
    assert ye.tries(final, **words).status_code == 400
    ye.is_refused(final, "source_needed", **words, source="house")
    ye.is_refused(final, "source_needed", **words, source="standard")
    ye.is_refused(final, "reference_missing", **words, source="literature")
    ye.is_refused(final, "doctor_not_answered", **words, source="doctor")
    ye.is_refused(f"consultation/{code}/conclude/", "questions_open", outcome="refused", refusal="fear")
    assert ye.lists(f"consultation/{code}/questions/")[0]["closed_at"] is None

    asked = {"doctor": clinic.staff("005"), "question": question["code"]}
    ye.is_refused(
        f"consultation/{code}/talks/", "not_a_doctor", **{**asked, "doctor": clinic.staff("105")}, mode="remote"
    )
    other = talks(clinic, 1)
    ye.is_refused(f"consultation/{other}/talks/", "question_of_another", **asked, mode="remote")
    talk = ye.does(f"consultation/{code}/talks/", **asked, mode="remote")
    # Four hours in which the center is open, its lunch left out.
    assert (talk["state"], talk["question"], talk["due_at"]) == ("asked", question["code"], utc(f"{BEGUN} 15:30"))
    [task] = pan.inbox("consultation.doctor_answer")
    assert task["due_at"] == utc(f"{BEGUN} 15:30")
    ye.is_refused(f"consultation/talks/{talk['code']}/lead/", "talk_is_remote")
    answering = f"consultation/talks/{talk['code']}/answer/"
    clinic.who("dr.lin").is_refused(answering, "talk_not_yours", 403, answer="可以")
    ye.is_refused(f"consultation/talks/{talk['code']}/told/", "invalid_transition", 409, customer_told=True)

    at(f"{BEGUN} 11:10")
    answered = pan.does(answering, answer="先查凝血功能，不自行停药，可分期种植")
    assert (answered["state"], answered["answered_at"]) == ("answered", utc(f"{BEGUN} 11:10"))
    assert pan.inbox("consultation.doctor_answer") == []
    [bring] = ye.inbox("consultation.bring_back")
    assert bring["closable"] is False
    # The answer lies with the consultant; the question is open until the customer has heard it.
    ye.is_refused(f"consultation/talks/{talk['code']}/told/", "customer_not_told", customer_told=False)
    assert ye.lists(f"consultation/{code}/questions/")[0]["closed_at"] is None
    ye.does(f"consultation/talks/{talk['code']}/told/", customer_told=True)
    [closed] = ye.lists(f"consultation/{code}/questions/")
    assert (closed["source"], closed["answer"], closed["closed_at"]) == (
        "doctor", "先查凝血功能，不自行停药，可分期种植", utc(f"{BEGUN} 11:10"),
    )  # fmt: skip
    ye.is_refused(final, "question_closed", 409, **words, source="doctor")
    assert [one["state"] for one in ye.lists(f"consultation/{code}/talks/")] == ["presented"]
    accepts(clinic, code)


@pytest.mark.ledger("CS-002", "CS-006", "DE-025")
def test_an_answer_that_dr_pan_owes_is_seen_by_the_superiors_and_literature_may_stand_for_it(
    clinic: Clinic, at: Any
) -> None:
    at(f"{BEGUN} 10:00")
    ye, pan, gao = clinic.who("ye.fan"), clinic.who("dr.pan"), clinic.who("gao.wen")
    code = talks(clinic, 0)
    question = ye.does(f"consultation/{code}/questions/", text="服抗凝药可以种牙吗？", is_complex=True)
    facts = {"doctor": clinic.staff("005"), "question": question["code"], "mode": "face_to_face"}
    talk = ye.does(f"consultation/{code}/talks/", **facts, due_at=moment(f"{BEGUN} 10:30"))
    pan.is_refused(f"consultation/talks/{talk['code']}/answer/", "not_led_yet", answer="可以")
    at(f"{BEGUN} 10:30")
    clockwork()
    assert [one["escalated_at"] for one in gao.inbox("consultation.doctor_answer")] == [utc(f"{BEGUN} 10:30")]
    final = f"consultation/questions/{question['code']}/answer/"
    read = ye.does(
        final, source="literature", reference="口腔种植学 2024，第 7 章", answer="多数情况下可以，需先查凝血"
    )
    assert (read["source"], read["reference"]) == ("literature", "口腔种植学 2024，第 7 章")
    # Dr Pan is free at last: the consultant leads the customer there, and what was final stays as it was.
    assert ye.does(f"consultation/talks/{talk['code']}/lead/")["state"] == "led"
    pan.does(f"consultation/talks/{talk['code']}/answer/", answer="同意")
    assert gao.inbox("consultation.doctor_answer") == []
    ye.does(f"consultation/talks/{talk['code']}/told/", customer_told=True)
    assert ye.lists(f"consultation/{code}/questions/")[0]["source"] == "literature"


@pytest.mark.ledger("CS-001")
def test_whoever_leaves_before_the_conversation_is_no_consultation_of_the_month(clinic: Clinic, at: Any) -> None:
    at(f"{BEGUN} 10:00")
    ye, bai = clinic.who("ye.fan"), clinic.who("bai.lan")
    who = {"site": clinic.site, "channel": "walk_in", "customer_name": "路晴"}
    bai.is_refused("consultation/", "customer_unknown", **{**who, "customer_name": " "})
    gone = ye.does("consultation/", **who)
    assert ye.does(f"consultation/{gone['code']}/left/")["state"] == "left"
    ye.is_refused(f"consultation/{gone['code']}/start/", "invalid_transition", 409)
    assert clinic.who("gao.wen").asks("consultation/success/", month="2026-12")["firsts"] == 0
