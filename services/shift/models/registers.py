"""The registers of the desk: what came in and went out, who came, who left a post, what disturbed, who shall do what."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.shift.machines import AWAY, ENTRY, ERRAND, INCIDENT, TICKET, VISITOR
from services.sites.models import Site
from services.staff.models import StaffMember


class ItemEntry(CodeModel):
    """A line of the register of things sent in and out (GV-014). Never edited; an error is linked to it."""

    APPEND_ONLY = True

    class Direction(models.TextChoices):
        IN = "in", pgettext_lazy("register", "sent in")
        OUT = "out", pgettext_lazy("register", "sent out")

    class Kind(models.TextChoices):
        GOODS = "goods", pgettext_lazy("register", "goods")
        MODEL = "model", pgettext_lazy("register", "model")
        DOCUMENT = "document", pgettext_lazy("register", "document")
        MESSAGE = "message", pgettext_lazy("register", "message")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    kind = models.CharField(_("what kind"), max_length=8, choices=Kind.choices)
    what = models.CharField(_("what"), max_length=120)
    party = models.CharField(_("from or to whom"), max_length=80)
    receiver = models.CharField(_("received by"), max_length=80)
    remark = EncryptedTextField(_("remark"), blank=True, default="")
    handler = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    handler_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(direction__in=["in", "out"]) & Q(kind__in=["goods", "model", "document", "message"]),
                name="shift_item_kind",
            ),
            models.CheckConstraint(condition=~Q(what="") & ~Q(party="") & ~Q(receiver=""), name="shift_item_complete"),
        ]
        indexes = [models.Index(fields=["site", "-at"], name="shift_item_day")]


class ItemError(CodeModel):
    """An error that was found later, linked to its entry (GV-014). Never edited."""

    APPEND_ONLY = True

    entry = models.ForeignKey(ItemEntry, on_delete=models.PROTECT, related_name="errors")
    words = EncryptedTextField(_("what is wrong"))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class Visitor(VersionedModel):
    """Somebody from outside who comes to see a colleague (GV-015)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=VISITOR.choices, default=VISITOR.initial)
    name = models.CharField(_("name of the visitor"), max_length=80)
    company = models.CharField(_("company"), max_length=80, blank=True)
    purpose = EncryptedTextField(_("purpose of the visit"))
    host = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("comes to see"))
    arrived_at = models.DateTimeField()
    host_called_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-arrived_at", "-id"]
        constraints = [VISITOR.constraint("shift_visitor_state")]
        indexes = [models.Index(fields=["site", "-arrived_at"], name="shift_visitor_day")]

    @property
    def wait_minutes(self) -> int | None:
        """Whole minutes until the host came; None while they wait, or when they left unreceived."""
        if self.received_at is None:
            return None
        return int((self.received_at - self.arrived_at).total_seconds()) // 60


class Broadcast(CodeModel):
    """A notice over the loudspeakers, or the music (GV-020). Never edited."""

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        STANDARD = "standard", pgettext_lazy("broadcast", "standard text")
        NOTICE = "notice", pgettext_lazy("broadcast", "notice")
        MUSIC = "music", pgettext_lazy("broadcast", "background music")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    kind = models.CharField(_("kind of broadcast"), max_length=8, choices=Kind.choices)
    text = EncryptedTextField(_("text"))
    requested_by = models.CharField(_("asked for by"), max_length=80)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["site", "-at"], name="shift_broadcast_day")]


class CashierEntry(VersionedModel):
    """Somebody from outside in the cashier area, for a special reason, with a cashier on duty beside them (GV-017)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=ENTRY.choices, default=ENTRY.initial)
    name = models.CharField(_("who goes in"), max_length=80)
    reason = EncryptedTextField(_("special reason"))
    cashier = models.ForeignKey(
        StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("accompanied by")
    )
    in_at = models.DateTimeField()
    out_at = models.DateTimeField(null=True, blank=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-in_at", "-id"]
        constraints = [
            ENTRY.constraint("shift_entry_state"),
            models.CheckConstraint(
                condition=Q(state="inside", out_at__isnull=True) | Q(state="out", out_at__gte=F("in_at")),
                name="shift_entry_in_before_out",
            ),
        ]
        indexes = [models.Index(fields=["cashier"], condition=Q(state="inside"), name="shift_entry_inside")]


class Absence(VersionedModel):
    """Somebody is away from their post, and who covers it (GV-018). ``left_empty``: nobody stood there meanwhile."""

    class Post(models.TextChoices):
        DESK = "desk", pgettext_lazy("post", "desk")
        LOBBY = "lobby", pgettext_lazy("post", "lobby")
        GUIDE = "guide", pgettext_lazy("post", "guide")
        WAITING = "waiting", pgettext_lazy("post", "waiting area")
        CASHIER = "cashier", pgettext_lazy("post", "cashier")
        NURSES = "nurses", pgettext_lazy("post", "nurses")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=4, choices=AWAY.choices, default=AWAY.initial)
    post = models.CharField(_("post"), max_length=8, choices=Post.choices)
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    cover = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("covered by")
    )
    reason = models.CharField(_("why away"), max_length=120)
    left_at = models.DateTimeField()
    back_at = models.DateTimeField(null=True, blank=True)
    left_empty = models.BooleanField(default=False)

    class Meta:
        ordering = ["-left_at", "-id"]
        constraints = [
            AWAY.constraint("shift_absence_state"),
            models.UniqueConstraint(fields=["staff"], condition=Q(state="away"), name="shift_absence_once"),
            models.CheckConstraint(
                condition=Q(cover__isnull=True) | ~Q(cover=F("staff")), name="shift_absence_cover_is_another"
            ),
            models.CheckConstraint(condition=Q(left_empty=True) | Q(cover__isnull=False), name="shift_absence_covered"),
        ]
        indexes = [models.Index(fields=["site", "-left_at"], name="shift_absence_day")]


class Incident(VersionedModel):
    """A quarrel or another disturbance in the house: the manager is called at once (GV-023)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=INCIDENT.choices, default=INCIDENT.initial)
    at = models.DateTimeField()
    place = models.CharField(_("where"), max_length=80)
    persons = EncryptedTextField(_("persons"), blank=True, default="")
    words = EncryptedTextField(_("what happens"))
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_by_name = models.CharField(max_length=80, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=80, blank=True)
    outcome = EncryptedTextField(_("outcome of the incident"), blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [INCIDENT.constraint("shift_incident_state")]
        indexes = [models.Index(fields=["site", "-at"], name="shift_incident_day")]


class Zone(VersionedModel):
    """A part of the house and who keeps it clean, as the head nurse allocates it (GV-022)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("zone"), max_length=40)
    keeper = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("kept clean by")
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["site", "name"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="shift_zone_once")]


class HygieneTicket(VersionedModel):
    """Something is dirty: raised by whoever sees it, closed with the time when it is clean (GV-022)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=TICKET.choices, default=TICKET.initial)
    zone = models.ForeignKey(Zone, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets")
    words = EncryptedTextField(_("what is dirty, and where"))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=80, blank=True)
    result = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [TICKET.constraint("shift_ticket_state")]
        indexes = [models.Index(fields=["site", "state", "-at"], name="shift_ticket_list")]


class Errand(VersionedModel):
    """Something that a superior asks of a colleague by the way (GV-024)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ERRAND.choices, default=ERRAND.initial)
    words = EncryptedTextField(_("what is to be done"))
    assigner = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    assigner_name = models.CharField(max_length=80)
    assignee = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("done by"))
    due_at = models.DateTimeField(_("due"))
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=80, blank=True)
    result = EncryptedTextField(_("result"), blank=True, default="")

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [ERRAND.constraint("shift_errand_state")]
        indexes = [models.Index(fields=["site", "state", "due_at"], name="shift_errand_list")]
