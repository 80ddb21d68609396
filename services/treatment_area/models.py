"""What is kept around the chairs: who came in with a guest, who took the guest over, what was noted and reported."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember
from services.treatment_area.machine import CONCERN, NOTE, PRIORITY, RELATIVE


class Ground(models.TextChoices):
    """Why a relative may be inside (QU-011, ledger 17)."""

    CHILD = "child", pgettext_lazy("ground", "child")
    ELDER = "elder", pgettext_lazy("ground", "elderly guest")
    MINOR = "minor", pgettext_lazy("ground", "guardian of a minor")
    DISABILITY = "disability", pgettext_lazy("ground", "disability")
    INTERPRETER = "interpreter", pgettext_lazy("ground", "interpreter")
    HIRED = "hired", pgettext_lazy("ground", "hired companion on an order")
    NURSE_REASON = "nurse_reason", pgettext_lazy("ground", "the nurse's reason")
    MEDICAL_NEED = "medical_need", pgettext_lazy("ground", "medical need")


class MedicalNeed(CodeModel):
    """A doctor wants somebody beside the guest who has no exemption (QU-023). Admits one person. Never edited."""

    APPEND_ONLY = True

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField(_("medical need"))
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class AccompanyingRelative(VersionedModel):
    """Somebody who wants to come in with a guest: admitted with a ground and times, or refused with a reason.

    The database admits one at a time for each visit; only a doctor's medical need, used once, admits another.
    """

    class Relation(models.TextChoices):
        MOTHER = "mother", pgettext_lazy("relation", "mother")
        FATHER = "father", pgettext_lazy("relation", "father")
        GUARDIAN = "guardian", pgettext_lazy("relation", "guardian")
        SPOUSE = "spouse", pgettext_lazy("relation", "spouse")
        CHILD = "child", pgettext_lazy("relation", "child")
        SIBLING = "sibling", pgettext_lazy("relation", "sibling")
        GRANDPARENT = "grandparent", pgettext_lazy("relation", "grandparent")
        GRANDCHILD = "grandchild", pgettext_lazy("relation", "grandchild")
        RELATIVE = "relative", pgettext_lazy("relation", "another relative")
        FRIEND = "friend", pgettext_lazy("relation", "friend")
        INTERPRETER = "interpreter", pgettext_lazy("relation", "interpreter")
        HIRED = "hired", pgettext_lazy("relation", "hired companion")

    class Refusal(models.TextChoices):
        NOT_EXEMPT = "not_exempt", _("the guest is neither 12 or younger nor 70 or older")
        SECOND = "second", _("one relative is inside already")
        AGE_UNPROVEN = "age_unproven", _("the date of birth is not known")
        OTHER = "other", _("another reason")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="relatives")
    name = EncryptedTextField(_("name of the relative"))
    relation = models.CharField(_("relation to the guest"), max_length=12, choices=Relation.choices)
    state = models.CharField(max_length=8, choices=RELATIVE.choices, default=RELATIVE.initial)
    asked_at = models.DateTimeField()
    ground = models.CharField(_("ground"), max_length=12, choices=Ground.choices, blank=True)
    medical_need = models.OneToOneField(
        MedicalNeed, null=True, blank=True, on_delete=models.PROTECT, related_name="relative"
    )
    refusal = models.CharField(_("why not"), max_length=12, choices=Refusal.choices, blank=True)
    note = EncryptedTextField(_("remark"), blank=True, default="")
    in_at = models.DateTimeField(null=True, blank=True)
    out_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    admitted_by_name = models.CharField(max_length=80, blank=True)
    refused_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [
            RELATIVE.constraint("treatment_area_relative_state"),
            models.UniqueConstraint(
                fields=["visit"],
                condition=Q(state="inside", medical_need__isnull=True),
                name="treatment_area_one_relative",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["inside", "out"]) | (~Q(ground="") & Q(in_at__isnull=False)),
                name="treatment_area_admitted_with_ground",
            ),
            models.CheckConstraint(
                condition=~Q(ground="medical_need") | Q(medical_need__isnull=False),
                name="treatment_area_need_of_a_doctor",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refusal=""), name="treatment_area_refused_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(out_at__isnull=True) | Q(out_at__gte=F("in_at")), name="treatment_area_in_before_out"
            ),
        ]
        indexes = [models.Index(fields=["site", "asked_at"], name="treatment_area_relative_day")]


class FloorEntry(CodeModel):
    """The nurse's signature in the floor register: she has taken a guest over (QU-010). Never edited.

    Nobody signs for the guest whom they led in themselves.
    """

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.OneToOneField(Visit, on_delete=models.PROTECT, related_name="floor_entry")
    given_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    given_by_name = models.CharField(max_length=80, blank=True)
    received_by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    received_by_name = models.CharField(max_length=80)
    remark = EncryptedTextField(_("condition of the guest"), blank=True, default="")
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["signed_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(given_by__isnull=True) | ~Q(given_by=F("received_by")), name="treatment_area_two_people"
            )
        ]
        indexes = [models.Index(fields=["site", "signed_at"], name="treatment_area_floor_day")]


class Feedback(CodeModel):
    """What was seen of a guest's stay: received to standard by the nurse, chart written (QU-010, QU-020). Never edited."""

    APPEND_ONLY = True

    class About(models.TextChoices):
        RECEPTION = "reception", _("received by the nurse")
        CHART = "chart", _("chart written")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="area_feedback")
    about = models.CharField(_("subject of the feedback"), max_length=9, choices=About.choices)
    is_good = models.BooleanField(_("to standard"))
    words = EncryptedTextField(_("what was seen"), blank=True, default="")
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["visit", "about"], name="treatment_area_feedback_once")]
        indexes = [models.Index(fields=["site", "at"], name="treatment_area_feedback_day")]


class SilentNote(VersionedModel):
    """A note about a guest to a doctor whose chair is occupied, and to the doctor's nurse (QU-012)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="silent_notes")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    # Who has taken over the guest in the doctor's chair; None: every nurse of the site.
    nurse = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField(_("note"))
    state = models.CharField(max_length=9, choices=NOTE.choices, default=NOTE.initial)
    sent_at = models.DateTimeField()
    sent_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    sent_by_name = models.CharField(max_length=80)
    reply = EncryptedTextField(_("reply"), blank=True, default="")
    replied_at = models.DateTimeField(null=True, blank=True)
    replied_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    replied_by_name = models.CharField(max_length=80, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["sent_at", "id"]
        constraints = [
            NOTE.constraint("treatment_area_note_state"),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(replied_at__isnull=False), name="treatment_area_note_replied"
            ),
            models.UniqueConstraint(
                fields=["visit", "doctor"],
                condition=Q(state__in=["sent", "escalated"]),
                name="treatment_area_one_open_note",
            ),
        ]
        indexes = [models.Index(fields=["site", "sent_at"], name="treatment_area_note_day")]

    @property
    def reply_seconds(self) -> int | None:
        """How long the answer took; None while there is none."""
        return int((self.replied_at - self.sent_at).total_seconds()) if self.replied_at is not None else None


class Patrol(CodeModel):
    """Somebody went round among the waiting guests (QU-006). Never edited."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    waiting = models.PositiveSmallIntegerField(_("guests waiting"))
    needs = EncryptedTextField(_("needs"), blank=True, default="")
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["site", "-at"], name="treatment_area_patrol_day")]


class Concern(VersionedModel):
    """A complaint of a long wait or another special case, for the head nurse or the director to resolve (QU-006)."""

    class Kind(models.TextChoices):
        LONG_WAIT = "long_wait", _("complaint of a long wait")
        SERVICE = "service", _("complaint about the service")
        UNWELL = "unwell", _("a guest feels unwell")
        OTHER = "other", _("another special case")

    class To(models.TextChoices):
        HEAD_NURSE = "head_nurse", _("head nurse")
        DIRECTOR = "clinic_director", _("director")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(
        Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="concerns", verbose_name=_("guest")
    )
    kind = models.CharField(_("what it is about"), max_length=9, choices=Kind.choices)
    to = models.CharField(_("reported to"), max_length=15, choices=To.choices)
    words = EncryptedTextField(_("what happened"))
    state = models.CharField(max_length=8, choices=CONCERN.choices, default=CONCERN.initial)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    reported_by_name = models.CharField(max_length=80)
    resolution = EncryptedTextField(_("what was done"), blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    resolved_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-reported_at", "-id"]
        constraints = [
            CONCERN.constraint("treatment_area_concern_state"),
            models.CheckConstraint(
                condition=~Q(state="resolved") | Q(resolved_at__isnull=False), name="treatment_area_concern_resolved"
            ),
        ]
        indexes = [models.Index(fields=["site", "-reported_at"], name="treatment_area_concern_day")]

    @property
    def resolution_seconds(self) -> int | None:
        """How long it took to resolve it; None while it is open."""
        return int((self.resolved_at - self.reported_at).total_seconds()) if self.resolved_at is not None else None


class Priority(VersionedModel):
    """A guest who needs active help, with the condition that the guide is told (QU-015)."""

    class Reason(models.TextChoices):
        ELDERLY = "elderly", pgettext_lazy("priority", "elderly")
        WEAK = "weak", pgettext_lazy("priority", "weak")
        ILL = "ill", pgettext_lazy("priority", "ill")
        SEVERELY_ILL = "severely_ill", pgettext_lazy("priority", "severely ill")
        DISABLED = "disabled", pgettext_lazy("priority", "disabled")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.OneToOneField(Visit, on_delete=models.PROTECT, related_name="priority")
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    condition = EncryptedTextField(_("condition to hand over"), blank=True, default="")
    state = models.CharField(max_length=11, choices=PRIORITY.choices, default=PRIORITY.initial)
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    raised_by_name = models.CharField(max_length=80)
    accompanied_at = models.DateTimeField(null=True, blank=True)
    accompanied_by = models.ForeignKey(
        "identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    accompanied_by_name = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["raised_at", "id"]
        constraints = [PRIORITY.constraint("treatment_area_priority_state")]


class DailySheet(CodeModel):
    """The attendant's sheet of a day, handed in under a name (QU-020). Never edited.

    ``figures`` are the counts as they stood when it was handed in; codes and numbers only.
    """

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    due_at = models.DateTimeField()
    handed_in_at = models.DateTimeField()
    by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)
    remark = EncryptedTextField(_("opinions and incidents"), blank=True, default="")
    figures = models.JSONField(default=dict)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="treatment_area_sheet_once")]

    @property
    def is_late(self) -> bool:
        """Was it handed in after the end of the shift?"""
        return self.handed_in_at > self.due_at


class Assistance(CodeModel):
    """Which assistant works with a doctor for a half-day (QU-021). Taken away and given again, never two at once."""

    class Half(models.TextChoices):
        MORNING = "morning", pgettext_lazy("half-day", "Morning")
        AFTERNOON = "afternoon", pgettext_lazy("half-day", "Afternoon")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    half = models.CharField(_("half-day"), max_length=9, choices=Half.choices)
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    assistant = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["day", "half", "doctor__number"]
        constraints = [
            models.UniqueConstraint(fields=["day", "half", "doctor"], name="treatment_area_one_assistant"),
            models.UniqueConstraint(fields=["day", "half", "assistant"], name="treatment_area_one_doctor"),
            models.CheckConstraint(condition=~Q(doctor=F("assistant")), name="treatment_area_not_oneself"),
        ]
