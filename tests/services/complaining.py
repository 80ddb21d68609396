"""Mr Cao's broken crown and how far a test brings it: for the tests of complaints."""

from __future__ import annotations

from typing import Any

from services.complaints import cases, intake, remedies, results
from services.complaints.intake import Speaker
from services.complaints.models import Complaint, Feedback
from services.followup.actions import close_with_result, make_due
from services.followup.models import FollowUp
from services.patients.models import Patient
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, clockwork, patient

REN, YE, GAO, SHEN, DOU, LIN, BAI = "ren.tao", "ye.fan", "gao.wen", "shen.ke", "dou.heng", "dr.lin", "bai.lan"
# Words that nobody may read who does not deal with the case.
SECRET = "嘴唇被划破的暗语甲"
CURE = "重做牙冠的暗语乙"


def cao() -> Patient:
    """The patient whose crown broke."""
    return Patient.objects.filter(name="曹先进").first() or patient("曹先进", phone="13901230042")


def complained(by: str = REN, *, who: Patient | None = None, accused: str | None = "011", **facts: Any) -> Complaint:
    """A complaint as an agent wrote it down, about Dr Lin unless said otherwise."""
    given: dict[str, Any] = {
        "channel": "phone",
        "category": "treatment",
        "speaker": Speaker(patient=who or cao()),
        "matter": f"牙冠断裂，{SECRET}",
        "treatment": "12月1日林医生做的牙冠",
        "promised": True,
        "accused": [staff(accused)] if accused else [],
        **facts,
    }
    return intake.receive_complaint(by=person(by), site=center(), **given)


def said(kind: str = "suggestion", **facts: Any) -> Feedback:
    """Feedback that the desk wrote down."""
    given: dict[str, Any] = {"channel": "desk", "words": "候诊区放一台饮水机", **facts}
    return intake.collect_feedback(by=person(BAI), site=center(), kind=kind, **given)


def assigned(complaint: Complaint | None = None, handler: str = "112") -> Complaint:
    """Given to Ye Fan by the clinic director."""
    return cases.assign(by=person(SHEN), complaint=complaint or complained(), handler=staff(handler))


def determined(complaint: Complaint | None = None) -> Complaint:
    """Evidence kept, cause and responsibility written down."""
    case = complaint or assigned()
    cases.begin(by=person(YE), complaint=case)
    cases.collect(by=person(YE), complaint=case, kind="chart", words="病历：牙冠 12 月 1 日粘接")
    return cases.determine(
        by=person(YE),
        complaint=case,
        cause="粘接不牢",
        opinion="免费重做",
        department="doctors",
        responsible=staff("011"),
    )


def told(complaint: Complaint | None = None) -> Complaint:
    """A free redo was offered and the customer told."""
    case = complaint or determined()
    remedies.offer(by=person(YE), complaint=case, kind="redo", words=CURE)
    remedies.authorise(by=person(YE), complaint=case)
    results.reply(by=person(YE), complaint=case, words="免费重做")
    return fresh(case)


def content(complaint: Complaint | None = None) -> Complaint:
    """The customer is content; a follow-up is planned."""
    return results.note_content(by=person(YE), complaint=complaint or told())


def call_of(case: Complaint) -> FollowUp:
    """The follow-up call that counts now."""
    return FollowUp.objects.get(plan__source_key=results.source_key(fresh(case)))


def followed(case: Complaint, satisfaction: str, *, result: str = "fine", note: str = "") -> Complaint:
    """The follow-up call was made with this answer, and what follows from it happened."""
    call = make_due(by=SYSTEM, followup=call_of(case))
    close_with_result(by=person(BAI), followup=call, result=result, satisfaction=satisfaction, note=note)
    clockwork()
    return fresh(case)


def finished(case: Complaint) -> Complaint:
    """Every remedy is done."""
    for remedy in case.remedies.filter(state="approved"):
        remedies.finish(by=person(YE), remedy=remedy)
    return fresh(case)


def closed(case: Complaint | None = None) -> Complaint:
    """From the receipt to the close, the customer content."""
    found = finished(followed(content(case), "satisfied"))
    return results.close(by=person(YE), complaint=found)


def fresh(case: Complaint) -> Complaint:
    """The case as the database has it."""
    return Complaint.objects.select_related("site", "patient", "handler__user").get(pk=case.pk)
