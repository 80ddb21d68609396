"""Writing what is told to everybody: standard answers and sheets of services, in force once somebody else has read them."""

from __future__ import annotations

from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.ids import uuid7
from services.catalogue.models import Item
from services.consultation import claims
from services.consultation.machines import ANSWER
from services.consultation.models import KnowledgeItem, KnowledgeVersion, ServiceSheet

ENGINE = Actor.system("consultation")
SHEET = ("content", "advantages", "contraindications", "risks", "precautions", "aftercare")


@action(permission="consultation.write_knowledge")
def add_question(
    *,
    by: Actor,
    question_zh: str,
    answer_zh: str,
    question_en: str = "",
    answer_en: str = "",
    keywords: str = "",
    reference: str = "",
    vertical: str = "",
) -> KnowledgeItem:
    """A common question with its first answer, which waits for approval (CS-002).

    Raises RuleRefused (``question_missing``, ``answer_missing``).
    """
    if not question_zh.strip():
        raise RuleRefused("question_missing", _("Write the question."), fields={"question_zh": [_("Required")]})
    key = slugify(question_en)[:50] or f"question-{str(uuid7())[-12:]}"
    if KnowledgeItem.objects.filter(key=key, vertical=vertical).exists():
        key = f"{key}-{str(uuid7())[-8:]}"[:60]
    item = KnowledgeItem.objects.create(
        key=key,
        vertical=vertical,
        question_zh=question_zh.strip(),
        question_en=question_en.strip(),
        keywords=keywords.strip(),
    )
    write_answer(by=by, item=item, answer_zh=answer_zh, answer_en=answer_en, reference=reference)
    return item


@action(permission="consultation.write_knowledge")
def write_answer(
    *, by: Actor, item: KnowledgeItem, answer_zh: str, answer_en: str = "", reference: str = ""
) -> KnowledgeVersion:
    """A new wording. The one in force stays until this one is approved by somebody else; a draft that waits is replaced.

    Raises RuleRefused (``answer_missing``).
    """
    if not answer_zh.strip():
        raise RuleRefused("answer_missing", _("Write the answer."), fields={"answer_zh": [_("Required")]})
    item = KnowledgeItem.objects.select_for_update().get(pk=item.pk)
    item.versions.filter(state="draft").delete()
    last = item.versions.aggregate(last=Max("number"))["last"] or 0
    version = KnowledgeVersion.objects.create(
        item=item,
        number=last + 1,
        answer_zh=answer_zh.strip(),
        answer_en=answer_en.strip(),
        reference=reference.strip(),
        written_at=clock.now(),
        written_by_id=by.user_id,
        written_by_name=by.name,
    )
    audit.record(by=by, verb="consultation.answer_written", target=version, key=item.key, number=version.number)
    return version


@action(permission="consultation.approve")
def approve_answer(*, by: Actor, version: KnowledgeVersion) -> KnowledgeVersion:
    """Put a wording in force; the one before is replaced and stays readable. Not one's own (CS-002).

    Raises Forbidden (``own_words``), Conflict (``invalid_transition``), RuleRefused (``claims_exaggerated``).
    """
    item = KnowledgeItem.objects.select_for_update().get(pk=version.item_id)
    claims.require_plain_claims(by=by, subject=item, texts=(version.answer_zh, version.answer_en), strict=True)
    for before in item.versions.filter(state="approved"):
        ANSWER.move(before, "replaced", by=ENGINE)
    ANSWER.move(version, "approved", by=by)
    return version


@action(permission="consultation.approve")
def reject_answer(*, by: Actor, version: KnowledgeVersion, remark: str) -> KnowledgeVersion:
    """Send a wording back with what is wrong. Raises Forbidden (``own_words``), RuleRefused (``remark_missing``),
    Conflict (``invalid_transition``)."""
    if not remark.strip():
        raise RuleRefused("remark_missing", _("Say what is wrong."), fields={"remark": [_("Required")]})
    ANSWER.move(version, "rejected", by=by, remark=remark.strip()[:200])
    return version


@action(permission="consultation.write_knowledge")
def set_in_use(*, by: Actor, item: KnowledgeItem, is_active: bool) -> KnowledgeItem:
    """Take a question out of the search, or put it back."""
    item.is_active = is_active
    item.bump({"is_active"})
    audit.record(by=by, verb="consultation.knowledge_in_use", target=item, key=item.key, active=is_active)
    return item


@action(permission="consultation.write_knowledge")
def write_sheet(*, by: Actor, item: Item, version: int | None = None, **texts: str) -> ServiceSheet:
    """Write what a service is (CS-005). Any change takes its review away.

    Raises RuleRefused (``content_missing``), Conflict (``sheet_changed``) when somebody else wrote it since ``version``.
    """
    words = {name: texts.get(name, "").strip() for name in SHEET}
    if not words["content"]:
        raise RuleRefused("content_missing", _("Say what is done."), fields={"content": [_("Required")]})
    facts = {
        **words,
        "written_at": clock.now(),
        "written_by_id": by.user_id,
        "written_by_name": by.name,
        "reviewed_at": None,
        "reviewed_by_id": None,
        "reviewed_by_name": "",
    }
    sheet = ServiceSheet.objects.select_for_update().filter(item=item).first()
    if sheet is None:
        sheet = ServiceSheet.objects.create(item=item, **facts)
    else:
        if version is not None and version != sheet.version:
            raise Conflict("sheet_changed", _("Somebody else has changed this sheet. Read it again first."))
        if all(getattr(sheet, name) == text for name, text in words.items()):
            return sheet
        for name, value in facts.items():
            setattr(sheet, name, value)
        sheet.bump()
    audit.record(by=by, verb="consultation.sheet_written", target=sheet, item=item.key)
    return sheet


@action(permission="consultation.approve")
def review_sheet(*, by: Actor, sheet: ServiceSheet) -> ServiceSheet:
    """The claims of a sheet were read by somebody else than its author; from now on consultants take its words (CS-008).

    Raises Forbidden (``own_words``), RuleRefused (``claims_exaggerated``, ``risks_missing``).
    """
    sheet = ServiceSheet.objects.select_for_update(of=("self",)).select_related("item").get(pk=sheet.pk)
    if sheet.written_by_id is not None and sheet.written_by_id == by.user_id:
        raise Forbidden("own_words", _("You wrote this yourself. Somebody else approves it."))
    claims.require_plain_claims(by=by, subject=sheet, texts=(sheet.content, sheet.advantages), strict=True)
    claims.require_disclosure(
        by=by,
        subject=sheet,
        demands=claims.demands_of(sheet.item.vertical),
        risks=sheet.risks,
        precautions=sheet.precautions,
    )
    sheet.reviewed_at, sheet.reviewed_by_id, sheet.reviewed_by_name = clock.now(), by.user_id, by.name
    sheet.bump({"reviewed_at", "reviewed_by", "reviewed_by_name"})
    audit.record(by=by, verb="consultation.sheet_reviewed", target=sheet, item=sheet.item.key)
    return sheet


@action(permission="consultation.write_knowledge")
def ensure_answer(
    *,
    by: Actor,
    key: str,
    question_zh: str,
    answer_zh: str,
    question_en: str = "",
    answer_en: str = "",
    keywords: str = "",
    reference: str = "",
    vertical: str = "",
    kind: str = KnowledgeItem.Kind.ANSWER,
) -> KnowledgeItem:
    """Starter content: the question ``key`` of a line of business, if it is missing. Answers to customers wait for the
    approval of somebody of the house; guidance for staff is in force at once. One that exists stays as it is."""
    found = KnowledgeItem.objects.filter(key=key, vertical=vertical).first()
    if found is not None:
        return found
    item = KnowledgeItem.objects.create(
        key=key, vertical=vertical, kind=kind, question_zh=question_zh, question_en=question_en, keywords=keywords
    )
    version = write_answer(by=by, item=item, answer_zh=answer_zh, answer_en=answer_en, reference=reference)
    if kind == KnowledgeItem.Kind.GUIDANCE:
        ANSWER.move(version, "approved", by=by)
    return item


@action(permission="consultation.write_knowledge")
def ensure_sheet(*, by: Actor, item_key: str, **texts: str) -> ServiceSheet | None:
    """Starter content: the sheet of an item, if it is missing, waiting for its review; None without the item."""
    item = Item.objects.filter(key=item_key).first()
    if item is None:
        return None
    return ServiceSheet.objects.filter(item=item).first() or write_sheet(by=by, item=item, version=None, **texts)
