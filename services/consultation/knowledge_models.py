"""What is told to everybody: standard answers in versions, and the sheet of a service."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import VersionedModel
from services.catalogue.models import Item
from services.consultation.machines import ANSWER


class KnowledgeItem(VersionedModel):
    """A common question (CS-002), or guidance for the consultant (CS-017). Its answer is its version in force."""

    class Kind(models.TextChoices):
        ANSWER = "answer", pgettext_lazy("knowledge", "standard answer")
        GUIDANCE = "guidance", pgettext_lazy("knowledge", "guidance for staff")

    key = models.SlugField(max_length=60)
    vertical = models.CharField(max_length=30, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ANSWER)
    question_zh = models.CharField(_("question (Chinese)"), max_length=120)
    question_en = models.CharField(_("question (English)"), max_length=160, blank=True)
    # Other words for the same thing, separated by spaces.
    keywords = models.CharField(_("other words for it"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["vertical", "id"]
        constraints = [
            models.UniqueConstraint(fields=["key", "vertical"], name="consultation_knowledge_once"),
            models.CheckConstraint(condition=~Q(question_zh=""), name="consultation_knowledge_asks"),
        ]

    @property
    def question(self) -> str:
        """The question in the reader's language."""
        english = self.question_en and (translation.get_language() or "").startswith("en")
        return self.question_en if english else self.question_zh


class KnowledgeVersion(VersionedModel):
    """A wording of an answer. In force only after somebody else than its author has approved it."""

    item = models.ForeignKey(KnowledgeItem, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    answer_zh = models.TextField(_("answer (Chinese)"))
    answer_en = models.TextField(_("answer (English)"), blank=True)
    reference = models.CharField(_("literature"), max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=ANSWER.choices, default=ANSWER.initial)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    written_by_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(max_length=80, blank=True)
    remark = models.CharField(_("remark"), max_length=200, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            ANSWER.constraint("consultation_answer_state_known"),
            models.UniqueConstraint(fields=["item", "number"], name="consultation_answer_once"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(state="approved"), name="consultation_answer_one_in_force"
            ),
            models.CheckConstraint(condition=~Q(answer_zh=""), name="consultation_answer_says_something"),
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(written_by__isnull=True)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("written_by"))),
                name="consultation_answer_two_people",
            ),
        ]

    @property
    def answer(self) -> str:
        """The answer in the reader's language."""
        english = self.answer_en and (translation.get_language() or "").startswith("en")
        return self.answer_en if english else self.answer_zh


class ServiceSheet(VersionedModel):
    """What a service is, how it is explained and what belongs to it (CS-005). Its claims count once somebody else than
    the author has reviewed them (CS-008); any change takes the review away."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="+")
    content = models.TextField(_("what is done"))
    advantages = models.TextField(_("advantages"), blank=True)
    contraindications = models.TextField(_("not suited for"), blank=True)
    risks = models.TextField(_("risks"), blank=True)
    precautions = models.TextField(_("precautions"), blank=True)
    aftercare = models.TextField(_("aftercare"), blank=True)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    written_by_name = models.CharField(max_length=80)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["item__category__order", "item__order", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(content=""), name="consultation_sheet_says_something"),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True)
                | (
                    ~Q(reviewed_by_name="")
                    & (Q(written_by__isnull=True) | (Q(reviewed_by__isnull=False) & ~Q(reviewed_by=F("written_by"))))
                ),
                name="consultation_sheet_two_people",
            ),
        ]
