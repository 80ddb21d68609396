"""Reading consultations: a consultant's day, one consultation, what is open elsewhere, and the knowledge base."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, clock, registry
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.catalogue.models import Item
from services.catalogue.selectors import all_items
from services.consultation.models import (
    Consultation,
    DoctorTalk,
    KnowledgeItem,
    KnowledgeVersion,
    Question,
    Recommendation,
    ServiceSheet,
    Transfer,
)
from services.patients.models import Patient
from services.patients.selectors import ELDER_FROM, is_elder
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_of

VIEW = "consultation.view"
ELDER_GUIDANCE = "elderly"
JOINED = ("site", "patient", "consultant", "origin", "appointment", "fee_item")
SHOWN = 8


# --- rows from outside ------------------------------------------------------------------------------------------------


def consultations_for(actor: Actor) -> QuerySet[Consultation]:
    """The consultations of the sites where ``actor`` may see them: the team shares them (CS-013)."""
    return access.accessible(Consultation.objects.select_related(*JOINED), actor, VIEW)


def access_consultation(actor: Actor, code: UUID) -> Consultation:
    """The consultation behind a code from outside. Raises NotFound (``consultation_not_found``)."""
    found = consultations_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("consultation_not_found", _("There is no such consultation."))
    return found


def access_question(actor: Actor, code: UUID) -> Question:
    """The question behind a code from outside. Raises NotFound (``question_not_found``)."""
    rows = Question.objects.select_related("consultation__site")
    found = access.accessible(rows, actor, VIEW, field="consultation__site").filter(code=code).first()
    if found is None:
        raise NotFound("question_not_found", _("There is no such question."))
    return found


def access_recommendation(actor: Actor, code: UUID) -> Recommendation:
    """The recommendation behind a code from outside. Raises NotFound (``recommendation_not_found``)."""
    rows = Recommendation.objects.select_related("consultation__site")
    found = access.accessible(rows, actor, VIEW, field="consultation__site").filter(code=code).first()
    if found is None:
        raise NotFound("recommendation_not_found", _("There is no such recommendation."))
    return found


def talks_for(actor: Actor) -> QuerySet[DoctorTalk]:
    """The conversations with doctors of the sites where ``actor`` may see consultations or answers as a doctor."""
    rows = DoctorTalk.objects.select_related(
        "consultation__site", "consultation__patient", "consultation__consultant", "doctor__user", "question"
    )
    seen = access.accessible(DoctorTalk.objects.all(), actor, VIEW, field="consultation__site").values("pk")
    asked = access.accessible(
        DoctorTalk.objects.all(), actor, "consultation.answer", field="consultation__site"
    ).values("pk")
    return rows.filter(Q(pk__in=seen) | Q(pk__in=asked))


def access_talk(actor: Actor, code: UUID) -> DoctorTalk:
    """The conversation behind a code from outside. Raises NotFound (``talk_not_found``)."""
    found = talks_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("talk_not_found", _("There is no such conversation."))
    return found


def transfers_for(actor: Actor) -> QuerySet[Transfer]:
    """What was passed on: all of it for who sees consultations, else what one's own roles have to do."""
    rows = Transfer.objects.select_related("site", "consultation", "patient")
    seen = access.accessible(Transfer.objects.all(), actor, VIEW).values("pk")
    own = access.accessible(Transfer.objects.filter(roles__overlap=sorted(actor.roles)), actor, "consultation.handle")
    return rows.filter(Q(pk__in=seen) | Q(pk__in=own.values("pk")))


def access_transfer(actor: Actor, code: UUID) -> Transfer:
    """What was passed on, behind a code from outside. Raises NotFound (``transfer_not_found``)."""
    found = transfers_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("transfer_not_found", _("There is no such matter."))
    return found


def knowledge(actor: Actor) -> QuerySet[KnowledgeItem]:
    """The questions of the active lines of business, for who reads the knowledge base."""
    rows = KnowledgeItem.objects.filter(vertical__in=_active()).prefetch_related("versions")
    return rows if holds(actor, VIEW) else rows.none()


def access_knowledge(actor: Actor, code: UUID) -> KnowledgeItem:
    """The question behind a code from outside. Raises NotFound (``knowledge_not_found``)."""
    found = knowledge(actor).filter(code=code).first()
    if found is None:
        raise NotFound("knowledge_not_found", _("There is no such question."))
    return found


def access_version(actor: Actor, code: UUID) -> KnowledgeVersion:
    """The wording behind a code from outside. Raises NotFound (``answer_not_found``)."""
    rows = KnowledgeVersion.objects.select_related("item").filter(item__vertical__in=_active())
    found = rows.filter(code=code).first() if holds(actor, VIEW) else None
    if found is None:
        raise NotFound("answer_not_found", _("There is no such answer."))
    return found


# --- a consultant's day -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """What a consultant has to do now."""

    waiting: list[Consultation]
    talking: list[Consultation]
    to_call: list[Consultation]
    to_bring: list[DoctorTalk]
    to_arrange: list[DoctorTalk]
    open_questions: list[Question]
    passed_on: list[Transfer]


def day_of(actor: Actor, site: Site, *, everybody: bool = False) -> Day:
    """Who waits (for anybody, or for this consultant), whom to call back today or earlier, which answers to bring, which
    questions are open, what others still have to do. ``everybody``: of the whole team. Seven queries."""
    me = staff_of(actor)
    today = clock.today(site.timezone)
    rows = consultations_for(actor).filter(site=site)
    mine = Q() if everybody else Q(consultant=me)
    theirs = Q() if everybody else Q(consultation__consultant=me)
    talks = talks_for(actor).filter(theirs, consultation__site=site)
    questions = Question.objects.filter(theirs, consultation__site=site, closed_at__isnull=True)
    return Day(
        waiting=list(
            rows.filter(Q() if everybody else Q(consultant=me) | Q(consultant__isnull=True), state="waiting").order_by("opened_at", "id")
        ),
        talking=list(rows.filter(mine, state="talking").order_by("started_at", "id")),
        to_call=list(rows.filter(mine, state="undecided", call_back_on__lte=today).order_by("call_back_on", "id")),
        to_bring=list(talks.filter(state="answered").order_by("due_at", "id")),
        to_arrange=list(talks.filter(state__in=["asked", "led"]).order_by("due_at", "id")),
        open_questions=list(
            questions.filter(talks__isnull=True).select_related("consultation").order_by("asked_at", "id")
        ),
        passed_on=list(
            transfers_for(actor).filter(theirs, site=site, consultation__isnull=False).exclude(state="settled").order_by("due_at", "id")
        ),
    )  # fmt: skip


def waiting_count(actor: Actor, site: Site | None) -> int:
    """Who waits for this person now: the number at the rail."""
    if site is None or not holds(actor, VIEW):
        return 0
    mine = Q(consultant__isnull=True) | Q(consultant__user_id=actor.user_id)
    return consultations_for(actor).filter(mine, site=site, state="waiting").count()


def listed(actor: Actor, site: Site, *, show: str = "open") -> QuerySet[Consultation]:
    """The list behind a tab: ``open``, ``undecided``, ``taken`` (booked or accepted), ``refused`` or ``lessons``."""
    rows = consultations_for(actor).filter(site=site)
    if show == "undecided":
        return rows.filter(state="undecided").order_by("call_back_on", "id")
    if show == "taken":
        return rows.filter(state__in=["booked", "accepted", "withdrawn"]).order_by("-concluded_at", "-id")
    if show == "refused":
        return rows.filter(state__in=["refused", "left"]).order_by("-concluded_at", "-id")
    if show == "lessons":
        return rows.exclude(lesson_topic="").order_by("-opened_at", "-id")
    return rows.filter(state__in=["waiting", "talking"]).order_by("opened_at", "id")


def counts(actor: Actor, site: Site) -> dict[str, int]:
    """How many stand behind each tab; one query."""
    rows = consultations_for(actor).filter(site=site).order_by()
    return rows.aggregate(
        open=Count("pk", filter=Q(state__in=["waiting", "talking"])),
        undecided=Count("pk", filter=Q(state="undecided")),
    )


def transfers_listed(actor: Actor, *, show: str = "open", site: Site | None = None) -> QuerySet[Transfer]:
    """What was passed on: ``open`` or ``settled``."""
    rows = transfers_for(actor)
    if site is not None:
        rows = rows.filter(site=site)
    if show == "settled":
        return rows.filter(state="settled").order_by("-settled_at", "-id")
    return rows.exclude(state="settled").order_by("due_at", "id")


def of_patient(actor: Actor, patient: Patient) -> QuerySet[Consultation]:
    """Every consultation of a patient that ``actor`` may see, the latest first (DE-017)."""
    return consultations_for(actor).filter(patient=patient).order_by("-opened_at", "-id")


def series_of(consultation: Consultation) -> QuerySet[Consultation]:
    """The other consultations of the same customer, the latest first."""
    first = consultation.first
    return (
        Consultation.objects.filter(Q(origin=first) | Q(pk=first.pk)).exclude(pk=consultation.pk).order_by("-opened_at")
    )


def needs_guidance(consultation: Consultation) -> bool:
    """Is the customer old enough that the guidance for older customers is shown? (CS-017)"""
    day = clock.today(consultation.site.timezone)
    if consultation.patient is not None:
        return is_elder(consultation.patient, day)
    return consultation.age is not None and consultation.age >= ELDER_FROM


def advice_seekers(patients: Iterable[int], day: date) -> set[int]:
    """Which of these patients (by pk) asked for advice on the tenant's ``day`` and have accepted nothing; one query, none
    for nobody."""
    wanted = list(patients)
    if not wanted:
        return set()
    start, end = clock.day_bounds(day)
    rows = Consultation.objects.filter(patient__in=wanted, opened_at__gte=start, opened_at__lt=end)
    open_ones = rows.filter(state__in=["waiting", "talking", "undecided", "refused"])
    return {pk for pk in open_ones.values_list("patient_id", flat=True) if pk is not None}


def doctors_to_ask(site: Site) -> QuerySet[StaffMember]:
    """The doctors of ``site`` who have an account to answer with."""
    rows = StaffMember.objects.filter(sites=site, is_doctor=True, user__isnull=False, user__is_active=True)
    return rows.distinct().order_by("number")


# --- knowledge --------------------------------------------------------------------------------------------------------


def guidance(key: str, vertical: str = "") -> KnowledgeVersion | None:
    """Guidance for staff in force: the line of business's own before the general one."""
    rows = _in_force().filter(item__kind=KnowledgeItem.Kind.GUIDANCE, item__key=key)
    return rows.filter(item__vertical__in=["", vertical]).order_by("-item__vertical").first()


def find_answers(text: str, *, vertical: str = "") -> list[KnowledgeVersion]:
    """The standard answers in force that fit what was typed, the best first (CS-002). Chinese has no spaces: pairs of
    characters are compared, so that a question is found in other words too."""
    wanted = _pairs(text)
    if not wanted:
        return []
    verticals = ["", vertical] if vertical else _active()
    rows = _in_force().filter(item__kind=KnowledgeItem.Kind.ANSWER, item__vertical__in=verticals)
    scored = []
    for row in rows:
        asked = _pairs(f"{row.item.question_zh} {row.item.question_en} {row.item.keywords}")
        told = _pairs(f"{row.answer_zh} {row.answer_en}")
        score = 3 * len(wanted & asked) + len(wanted & told)
        if score >= min(3, len(wanted)):
            scored.append((score, row))
    return [row for _score, row in sorted(scored, key=lambda one: (-one[0], one[1].pk))[:SHOWN]]


def standard_answers(actor: Actor) -> QuerySet[KnowledgeVersion]:
    """Every standard answer in force of the active lines of business."""
    rows = _in_force().filter(item__kind=KnowledgeItem.Kind.ANSWER, item__vertical__in=_active())
    return rows if holds(actor, VIEW) else rows.none()


def awaiting_approval(actor: Actor) -> int:
    """How many wordings wait for somebody else's approval."""
    if not holds(actor, "consultation.approve"):
        return 0
    rows = KnowledgeVersion.objects.filter(state="draft", item__vertical__in=_active())
    return rows.exclude(written_by_id=actor.user_id, written_by__isnull=False).count()


def sheets(actor: Actor) -> list[tuple[Item, ServiceSheet | None]]:
    """Every item on offer with its sheet, or None where nobody wrote one; three queries."""
    if not holds(actor, VIEW):
        return []
    items = all_items().filter(is_active=True)
    known = {sheet.item_id: sheet for sheet in ServiceSheet.objects.all()}
    return [(item, known.get(item.pk)) for item in items]


def sheet_of(item: Item) -> ServiceSheet | None:
    """The sheet of an item, reviewed or not."""
    return ServiceSheet.objects.select_related("item").filter(item=item).first()


def offered(vertical: str) -> QuerySet[Item]:
    """The items that may be recommended."""
    rows = all_items().filter(is_active=True)
    return rows.filter(Q(vertical=vertical) | Q(vertical="")) if vertical else rows


def _in_force() -> QuerySet[KnowledgeVersion]:
    rows = KnowledgeVersion.objects.filter(state="approved", item__is_active=True)
    return rows.select_related("item").order_by("item_id")


def _active() -> list[str]:
    return ["", *(room.key for room in registry.active_verticals())]


def _pairs(text: str) -> set[str]:
    """Pairs of Chinese characters and whole Latin words of a text."""
    found: set[str] = set()
    word = before = ""
    for sign in f"{text.casefold()} ":
        latin = sign.isascii() and sign.isalnum()
        if latin:
            word += sign
        elif word:
            if len(word) > 2:
                found.add(word)
            word = ""
        chinese = not sign.isascii() and sign.isalnum()
        if chinese and before:
            found.add(before + sign)
        before = sign if chinese else ""
    return found
