"""What is kept about guests around their visit: what was done for them, what they left, wished, asked and said."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.guest_care import machine
from services.patients.models import Patient
from services.patients.names import copied_names
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember


class Noted(models.Model):
    """Where, about whose visit, when and by whom something was noted."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(
        Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("guest")
    )
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        abstract = True


class CareItem(VersionedModel):
    """Something done for guests, or said to them, at a moment of their visit (FD-025). ``vertical`` "" counts for every
    line of business. A step is ticked; what is no step is only said."""

    class Moment(models.TextChoices):
        BEFORE = "before", pgettext_lazy("care", "before the arrival")
        WAITING = "waiting", pgettext_lazy("care", "while waiting")
        HANDING_OVER = "handing_over", pgettext_lazy("care", "handing over to the doctor")
        LEAVING = "leaving", pgettext_lazy("care", "on leaving")
        NO_BOOKING = "no_booking", pgettext_lazy("care", "came without a booking")
        PRICE = "price", pgettext_lazy("care", "asked for a price")

    key = models.SlugField(max_length=40)
    vertical = models.CharField(max_length=30, blank=True)
    moment = models.CharField(_("moment"), max_length=12, choices=Moment.choices)
    title_zh = models.CharField(_("name (Chinese)"), max_length=60)
    title_en = models.CharField(_("name (English)"), max_length=60, blank=True)
    words_zh = models.TextField(_("what is said (Chinese)"), blank=True)
    words_en = models.TextField(_("what is said (English)"), blank=True)
    is_step = models.BooleanField(default=True)
    # Water may be offered more than once.
    repeats = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        ordering = ["order", "key"]
        constraints = [
            models.UniqueConstraint(fields=["key", "vertical"], name="guest_care_item_once"),
            models.CheckConstraint(condition=Q(moment__in=["before", "waiting", "handing_over", "leaving", "no_booking", "price"]), name="guest_care_item_moment"),
        ]  # fmt: skip

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return self.title_en if _reads_english() and self.title_en else self.title_zh

    @property
    def words(self) -> str:
        """What is said, in the reader's language."""
        return self.words_en if _reads_english() and self.words_en else self.words_zh


def _reads_english() -> bool:
    return (translation.get_language() or "").startswith("en")


class ServiceStep(Noted, CodeModel):
    """A step of the service was done for a guest, or before the guest came (FD-025, FD-035, QU-016). Never edited."""

    APPEND_ONLY = True

    appointment = models.ForeignKey(Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(CareItem, on_delete=models.PROTECT, related_name="+")
    remark = EncryptedTextField(_("remark"), blank=True, default="")

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(visit__isnull=False) | Q(appointment__isnull=False), name="guest_care_step_for_somebody"
            )
        ]
        indexes = [
            models.Index(fields=["visit", "at"], name="guest_care_step_visit"),
            models.Index(fields=["appointment"], name="guest_care_step_booking"),
        ]


class Introduction(Noted, CodeModel):
    """Guest and doctor were introduced to each other, with the purpose in brief (FD-014). Never edited."""

    APPEND_ONLY = True

    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    nurse = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    purpose = EncryptedTextField(_("purpose of the visit"))
    precautions = EncryptedTextField(_("special precautions"), blank=True, default="")
    chart_handed = models.BooleanField(_("chart handed over with both hands"), default=False)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["visit"], name="guest_care_introduced_once"),
            models.CheckConstraint(condition=Q(visit__isnull=False), name="guest_care_introduced_guest"),
        ]


class Post(models.TextChoices):
    """Where guests are taken care of."""

    LOBBY = "lobby", pgettext_lazy("post", "Lobby")
    DESK = "desk", pgettext_lazy("post", "Service desk")
    FLOOR = "floor", pgettext_lazy("post", "Waiting area")


class GuestPass(Noted, VersionedModel):
    """A guest is passed from one post to another and taken there by somebody else (FD-040)."""

    from_post = models.CharField(_("from"), max_length=5, choices=Post.choices)
    to_post = models.CharField(_("to"), max_length=5, choices=Post.choices)
    note = EncryptedTextField(_("remark"), blank=True, default="")
    state = models.CharField(max_length=12, choices=machine.PASS.choices, default=machine.PASS.initial)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_by_name = models.CharField(max_length=80, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            machine.PASS.constraint("guest_care_pass_state"),
            models.CheckConstraint(
                condition=Q(visit__isnull=False) & ~Q(from_post=F("to_post")), name="guest_care_pass_elsewhere"
            ),
            models.CheckConstraint(
                condition=~Q(state="acknowledged")
                | (Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False) & ~Q(acknowledged_by=F("by"))),
                name="guest_care_pass_two_people",
            ),
            models.UniqueConstraint(fields=["visit"], condition=Q(state="offered"), name="guest_care_one_open_pass"),
        ]
        indexes = [models.Index(fields=["visit", "at"], name="guest_care_pass_visit")]


@copied_names("owner", of="visit.patient")
class Luggage(Noted, VersionedModel):
    """Something of a guest in our custody, under a tag that no other piece of the site has at the time (FD-017)."""

    tag = models.CharField(_("tag"), max_length=12)
    description = EncryptedTextField(_("what it is"))
    owner = EncryptedTextField(_("owner"))
    state = models.CharField(max_length=8, choices=machine.LUGGAGE.choices, default=machine.LUGGAGE.initial)
    at_desk_at = models.DateTimeField(null=True, blank=True)
    carried_by_name = models.CharField(max_length=80, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by_name = models.CharField(max_length=80, blank=True)
    returned_to = EncryptedTextField(_("returned to"), blank=True, default="")

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            machine.LUGGAGE.constraint("guest_care_luggage_state"),
            models.UniqueConstraint(
                fields=["site", "tag"], condition=Q(state__in=machine.IN_CUSTODY), name="guest_care_tag_once"
            ),
            models.CheckConstraint(
                condition=(Q(state="returned") & Q(returned_at__isnull=False) & ~Q(returned_by_name=""))
                | (~Q(state="returned") & Q(returned_at__isnull=True)),
                name="guest_care_luggage_returned",
            ),
        ]
        indexes = [models.Index(fields=["site", "state"], name="guest_care_luggage_list")]


class PriceEnquiry(Noted, CodeModel):
    """Somebody asked what something costs, and what was offered (FD-018). Never edited.

    A price was named only by who may (FD-019); then the item and its price of that moment are kept.
    """

    APPEND_ONLY = True

    class Outcome(models.TextChoices):
        EXAM = "exam", _("free examination proposed")
        LEAFLET = "leaflet", _("leaflet or card given")
        BOOKED = "booked", _("appointment made")
        QUOTED = "quoted", _("price named")

    question = EncryptedTextField(_("question"))
    item = models.ForeignKey(
        Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("item")
    )
    outcome = models.CharField(_("what was offered"), max_length=7, choices=Outcome.choices)
    quoted_fen = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=["exam", "leaflet", "booked", "quoted"]), name="guest_care_price_outcome"),
            models.CheckConstraint(
                condition=(Q(outcome="quoted") & Q(item__isnull=False, quoted_fen__isnull=False))
                | (~Q(outcome="quoted") & Q(quoted_fen__isnull=True)),
                name="guest_care_price_quoted",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["site", "-at"], name="guest_care_price_day")]


class AdviceSeeker(Noted, VersionedModel):
    """Somebody who is no patient asked for advice (FD-033)."""

    name = EncryptedTextField(_("name"), blank=True, default="")
    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    question = EncryptedTextField(_("question"))
    answer = EncryptedTextField(_("answer or referral"))
    department = models.CharField(_("department"), max_length=60, blank=True)
    follow_up_on = models.DateField(_("follow up on"), null=True, blank=True)
    state = models.CharField(max_length=9, choices=machine.ADVICE.choices, default=machine.ADVICE.initial)
    followed_at = models.DateTimeField(null=True, blank=True)
    followed_by_name = models.CharField(max_length=80, blank=True)
    result = EncryptedTextField(_("what came of it"), blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            machine.ADVICE.constraint("guest_care_advice_state"),
            models.CheckConstraint(
                condition=Q(state="done") | Q(follow_up_on__isnull=False), name="guest_care_advice_open_has_day"
            ),
        ]
        indexes = [models.Index(fields=["site", "-at"], name="guest_care_advice_day")]


@copied_names("name")
class ConsultantReception(Noted, CodeModel):
    """How a consultant received a guest, and the need that was heard (FD-004). Never edited."""

    APPEND_ONLY = True

    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name = EncryptedTextField(_("name"))
    age = models.PositiveSmallIntegerField(_("age"))
    contact = EncryptedTextField(_("contact"))
    need = EncryptedTextField(_("need"))
    stood_up = models.BooleanField(_("stood up at once"), default=False)
    led_to_seat = models.BooleanField(_("led to the reception seats"), default=False)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.CheckConstraint(condition=Q(age__lte=130), name="guest_care_reception_age")]
        indexes = [models.Index(fields=["site", "-at"], name="guest_care_reception_day")]


@copied_names("speaker_name", of="visit.patient")
class Opinion(Noted, VersionedModel):
    """What a guest or somebody of the family said, in their words, for the duty superior (FD-024)."""

    class Speaker(models.TextChoices):
        GUEST = "guest", pgettext_lazy("opinion", "guest")
        FAMILY = "family", pgettext_lazy("opinion", "family")

    speaker = models.CharField(_("who says it"), max_length=6, choices=Speaker.choices)
    speaker_name = EncryptedTextField(_("name"), blank=True, default="")
    words = EncryptedTextField(_("in their words"))
    state = models.CharField(max_length=12, choices=machine.OPINION.choices, default=machine.OPINION.initial)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by_name = models.CharField(max_length=80, blank=True)
    remark = EncryptedTextField(_("what follows"), blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            machine.OPINION.constraint("guest_care_opinion_state"),
            models.CheckConstraint(condition=Q(speaker__in=["guest", "family"]), name="guest_care_opinion_speaker"),
            models.CheckConstraint(
                condition=Q(state="taken") | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by_name="")),
                name="guest_care_opinion_read",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "-at"], name="guest_care_opinion_list")]


@copied_names("guest_name", of="visit.patient")
class SpecialRequest(Noted, VersionedModel):
    """What a guest wished for, met as far as possible; unmet only with a reason (FD-036)."""

    class Kind(models.TextChoices):
        SEAT = "seat", pgettext_lazy("request", "seat")
        HELP = "help", pgettext_lazy("request", "help")
        LUGGAGE = "luggage", pgettext_lazy("request", "luggage")
        OTHER = "other", pgettext_lazy("request", "something else")

    class Unmet(models.TextChoices):
        IMPOSSIBLE = "impossible", pgettext_lazy("unmet", "not possible here")
        AGAINST_RULES = "against_rules", pgettext_lazy("unmet", "against the rules of the house")
        WITHDRAWN = "withdrawn", pgettext_lazy("unmet", "the guest gave it up")
        OTHER = "other", pgettext_lazy("unmet", "another reason")

    kind = models.CharField(_("about"), max_length=7, choices=Kind.choices)
    guest_name = EncryptedTextField(_("name"), blank=True, default="")
    words = EncryptedTextField(_("wish"))
    state = models.CharField(max_length=5, choices=machine.REQUEST.choices, default=machine.REQUEST.initial)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=80, blank=True)
    unmet_reason = models.CharField(_("why not"), max_length=13, choices=Unmet.choices, blank=True)
    remark = EncryptedTextField(_("remark"), blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            machine.REQUEST.constraint("guest_care_request_state"),
            models.CheckConstraint(
                condition=(Q(state="unmet") & ~Q(unmet_reason="")) | (~Q(state="unmet") & Q(unmet_reason="")),
                name="guest_care_unmet_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["site", "state"], name="guest_care_request_list")]


@copied_names("guest_name", of="visit.patient")
class OpenQuestion(Noted, VersionedModel):
    """A guest's question that only a doctor can answer; open until the answer was brought back (FD-038, GV-036)."""

    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("doctor"))
    guest_name = EncryptedTextField(_("name"), blank=True, default="")
    question = EncryptedTextField(_("question"))
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(max_length=8, choices=machine.QUESTION.choices, default=machine.QUESTION.initial)
    answer = EncryptedTextField(_("answer"), blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by_name = models.CharField(max_length=80, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by_name = models.CharField(max_length=80, blank=True)
    carried_at = models.DateTimeField(null=True, blank=True)
    carried_by_name = models.CharField(max_length=80, blank=True)
    carried_reason = EncryptedTextField(_("why it is carried over"), blank=True, default="")

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            machine.QUESTION.constraint("guest_care_question_state"),
            models.CheckConstraint(
                condition=~Q(state="told") | Q(told_at__isnull=False, answered_at__isnull=False),
                name="guest_care_question_told",
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("at")), name="guest_care_question_due_later"),
        ]
        indexes = [models.Index(fields=["site", "state", "due_at"], name="guest_care_question_list")]


class ObservationNote(Noted, CodeModel):
    """What the desk noticed about a guest, for the doctor alone; no part of the chart (FD-034). Never edited."""

    APPEND_ONLY = True

    words = EncryptedTextField(_("observation"))

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.CheckConstraint(condition=Q(visit__isnull=False), name="guest_care_note_about_guest")]
        indexes = [models.Index(fields=["visit", "at"], name="guest_care_note_visit")]


class TreatmentReminder(Noted, VersionedModel):
    """The guest still needs a prescription or an injection: shown until it is done (FD-028)."""

    class Kind(models.TextChoices):
        PRESCRIPTION = "prescription", pgettext_lazy("reminder", "Prescription")
        INJECTION = "injection", pgettext_lazy("reminder", "Injection")

    kind = models.CharField(_("about"), max_length=12, choices=Kind.choices)
    words = EncryptedTextField(_("remark"), blank=True, default="")
    state = models.CharField(max_length=9, choices=machine.REMINDER.choices, default=machine.REMINDER.initial)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=80, blank=True)
    reason = EncryptedTextField(_("reason"), blank=True, default="")

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            machine.REMINDER.constraint("guest_care_reminder_state"),
            models.CheckConstraint(condition=Q(visit__isnull=False), name="guest_care_reminder_guest"),
            models.UniqueConstraint(
                fields=["visit", "kind"], condition=Q(state="open"), name="guest_care_reminder_once"
            ),
        ]
        indexes = [models.Index(fields=["visit", "state"], name="guest_care_reminder_visit")]


class Ticket(Noted, VersionedModel):
    """A guest's number in the queue of a site's day (QU-013)."""

    day = models.DateField()
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=7, choices=machine.TICKET.choices, default=machine.TICKET.initial)
    called_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["day", "number"]
        constraints = [
            machine.TICKET.constraint("guest_care_ticket_state"),
            models.UniqueConstraint(fields=["site", "day", "number"], name="guest_care_number_once"),
            models.UniqueConstraint(fields=["visit"], name="guest_care_ticket_once"),
            models.CheckConstraint(condition=Q(visit__isnull=False), name="guest_care_ticket_guest"),
        ]


class TicketCall(CodeModel):
    """A number was called, called again or skipped, by the screen or by voice (QU-013). Never edited."""

    APPEND_ONLY = True

    class What(models.TextChoices):
        CALLED = "called", pgettext_lazy("call of a number", "called")
        RECALLED = "recalled", pgettext_lazy("call of a number", "called again")
        SKIPPED = "skipped", pgettext_lazy("call of a number", "skipped")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="calls")
    what = models.CharField(max_length=8, choices=What.choices)
    place = models.CharField(_("where to"), max_length=40, blank=True)
    by_voice = models.BooleanField(default=False)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class DeviceFault(Noted, VersionedModel):
    """The calling screen is out of order: until it is repaired numbers are called by voice (QU-013)."""

    words = EncryptedTextField(_("what is wrong"))
    state = models.CharField(max_length=8, choices=machine.FAULT.choices, default=machine.FAULT.initial)
    repaired_at = models.DateTimeField(null=True, blank=True)
    repaired_by_name = models.CharField(max_length=80, blank=True)
    remark = EncryptedTextField(_("what was done"), blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            machine.FAULT.constraint("guest_care_fault_state"),
            models.UniqueConstraint(fields=["site"], condition=Q(state="open"), name="guest_care_one_open_fault"),
        ]
