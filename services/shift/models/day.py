"""The day of a site: what is ticked before it opens and when it closes, who came, and the morning meeting."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.policy.models import OverrideRecord
from services.shift.machines import DAY, MEETING
from services.sites.models import Site
from services.staff.models import StaffMember


class Checklist(VersionedModel):
    """A list of the day, as data: what is ticked before opening, during the day, and at the close, and the duties of the
    day, which become tasks. Its newest version counts from the next day on; a vertical may add one of its own."""

    class Purpose(models.TextChoices):
        OPENING = "opening", pgettext_lazy("checklist", "opening")
        DUTIES = "duties", pgettext_lazy("checklist", "duties of the day")
        CHECKS = "checks", pgettext_lazy("checklist", "checks during the day")
        CLOSING = "closing", pgettext_lazy("checklist", "closing")

    key = models.SlugField(max_length=40)
    purpose = models.CharField(_("used for"), max_length=8, choices=Purpose.choices)
    vertical = models.CharField(max_length=40, blank=True)
    title_zh = models.CharField(_("title"), max_length=60)
    title_en = models.CharField(_("title, English"), max_length=60, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["order", "key"]
        constraints = [
            models.UniqueConstraint(fields=["key", "vertical"], name="shift_checklist_once"),
            models.CheckConstraint(
                condition=Q(purpose__in=["opening", "duties", "checks", "closing"]), name="shift_checklist_purpose"
            ),
        ]


class ChecklistVersion(CodeModel):
    """The items of a list from the moment they were written on. Never edited.

    ``items`` are mappings: ``key``, ``zh``, ``en``, ``mandatory`` and, for duties, ``due`` (site-local "HH:MM", empty:
    closing time) and ``roles``.
    """

    APPEND_ONLY = True

    checklist = models.ForeignKey(Checklist, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    items = models.JSONField(default=list)
    written_at = models.DateTimeField()
    written_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["checklist", "number"], name="shift_version_once")]


class SiteDay(VersionedModel):
    """One day of a site, from the planned list to the close. ``opens_at`` and ``closes_at`` are its opening hours then."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    state = models.CharField(max_length=12, choices=DAY.choices, default=DAY.initial)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    planned_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    opened_by_name = models.CharField(max_length=80, blank=True)
    override = models.ForeignKey(OverrideRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            DAY.constraint("shift_day_state"),
            models.UniqueConstraint(fields=["site", "day"], name="shift_day_once"),
            models.CheckConstraint(
                condition=~Q(state="opened") | Q(opened_at__isnull=False), name="shift_day_opened_when"
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Is the site opened and not closed yet?"""
        return self.state == "opened"


class Tick(VersionedModel):
    """One item of a list on one day: done, or not done with its reason, by whom and when (GV-006).

    The words are those of the version that counted when the day was planned.
    """

    class Result(models.TextChoices):
        DONE = "done", pgettext_lazy("tick", "done")
        NOT_DONE = "not_done", pgettext_lazy("tick", "not done")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.ForeignKey(SiteDay, on_delete=models.CASCADE, related_name="ticks")
    purpose = models.CharField(max_length=8, choices=Checklist.Purpose.choices)
    key = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    text_zh = models.CharField(max_length=200)
    text_en = models.CharField(max_length=200, blank=True)
    mandatory = models.BooleanField(default=True)
    result = models.CharField(max_length=8, choices=Result.choices, blank=True)
    reason = EncryptedTextField(_("reason"), blank=True, default="")
    at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["day", "purpose", "key"], name="shift_tick_once"),
            models.CheckConstraint(
                condition=Q(result="", at__isnull=True) | (~Q(result="") & Q(at__isnull=False)),
                name="shift_tick_answered_when",
            ),
        ]


class Arrival(CodeModel):
    """Somebody is at work and ready (GV-006). Late is who comes after ``due_at``: the beginning of their shift, else of
    the opening hours, less ``opening_prep_minutes`` (GV-007). Never edited."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.ForeignKey(SiteDay, on_delete=models.CASCADE, related_name="arrivals")
    user = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    user_name = models.CharField(max_length=80)
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    late_minutes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["day", "user"], name="shift_arrival_once")]


class Meeting(VersionedModel):
    """The morning meeting of a day (GV-004): planned with the day; when it began is the server's clock.

    ``figures`` are the counts of its sheet at that moment.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.OneToOneField(SiteDay, on_delete=models.CASCADE, related_name="meeting")
    state = models.CharField(max_length=8, choices=MEETING.choices, default=MEETING.initial)
    planned_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    chair = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    chair_name = models.CharField(max_length=80, blank=True)
    notes = EncryptedTextField(_("notes"), blank=True, default="")
    figures = models.JSONField(default=dict)

    class Meta:
        ordering = ["-planned_at"]
        constraints = [
            MEETING.constraint("shift_meeting_state"),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "held"]) | Q(started_at__isnull=False, chair__isnull=False),
                name="shift_meeting_begun_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="shift_meeting_order"
            ),
        ]

    @property
    def late_minutes(self) -> int:
        """Whole minutes between the planned and the real beginning; 0 when it began on time or has not begun."""
        if self.started_at is None:
            return 0
        return max(0, int((self.started_at - self.planned_at).total_seconds()) // 60)


class Attendee(VersionedModel):
    """Who was to be at the meeting, and whether they were. ``mandatory``: their post must come (GV-004)."""

    class Presence(models.TextChoices):
        EXPECTED = "expected", pgettext_lazy("meeting", "expected")
        PRESENT = "present", pgettext_lazy("meeting", "present")
        LATE = "late", pgettext_lazy("meeting", "late")
        ABSENT = "absent", pgettext_lazy("meeting", "absent")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendees")
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    mandatory = models.BooleanField(default=False)
    presence = models.CharField(max_length=8, choices=Presence.choices, default=Presence.EXPECTED)
    at = models.DateTimeField(null=True, blank=True)
    by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-mandatory", "staff__number"]
        constraints = [models.UniqueConstraint(fields=["meeting", "staff"], name="shift_attendee_once")]
