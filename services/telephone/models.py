"""The telephone: calls, messages for colleagues, what was promised to customers, and what is said."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.ids import CodeModel, VersionedModel
from services.patients.models import Patient, Sex
from services.patients.names import copied_names
from services.sites.models import Site
from services.staff.models import StaffMember
from services.telephone.machines import MESSAGE, PROMISE
from services.telephone.wording import in_language


class Purpose(models.TextChoices):
    """What a call is about (TC-001)."""

    BOOKING = "booking", pgettext_lazy("call", "booking")
    CONSULTATION = "consultation", pgettext_lazy("call", "consultation")
    FIND_PERSON = "find_person", pgettext_lazy("call", "find a person")
    COMPLAINT = "complaint", pgettext_lazy("call", "complaint")
    REMINDER = "reminder", pgettext_lazy("call", "reminder")
    FOLLOW_UP = "follow_up", pgettext_lazy("call", "follow-up")
    GREETING = "greeting", pgettext_lazy("call", "greeting")
    SILENT = "silent", pgettext_lazy("call", "silent")
    NUISANCE = "nuisance", pgettext_lazy("call", "nuisance")


# Nobody to note and nothing to say about these (TC-019, TC-021).
SPEECHLESS = (Purpose.SILENT, Purpose.NUISANCE)


class Outcome(models.TextChoices):
    """How a call ended, and with it what comes next."""

    ANSWERED = "answered", pgettext_lazy("call", "answered")
    BOOKED = "booked", pgettext_lazy("call", "booked")
    NOT_BOOKED = "not_booked", pgettext_lazy("call", "not booked")
    TRANSFERRED = "transferred", pgettext_lazy("call", "transferred")
    MESSAGE = "message", pgettext_lazy("call", "message taken")
    WILL_CALL_BACK = "will_call_back", pgettext_lazy("call", "will call back")
    FORWARDED = "forwarded", pgettext_lazy("call", "forwarded to the superior")
    PROMISED = "promised", pgettext_lazy("call", "promised something")
    ENDED = "ended", pgettext_lazy("call", "ended")


# After these the customer hears from us: without a full name and a phone they cannot be (TC-012).
OWES = (Outcome.WILL_CALL_BACK, Outcome.FORWARDED, Outcome.PROMISED)


class Way(models.TextChoices):
    """How a question of a caller was dealt with (TC-009): nobody pretends to know."""

    SELF = "self", pgettext_lazy("call", "answered myself")
    DOCTOR = "doctor", pgettext_lazy("call", "a doctor answered")
    INVITED = "invited", pgettext_lazy("call", "invited to the clinic")


@copied_names("caller_name")
class Call(IndexedModel, VersionedModel):
    """One call as the agent who spoke wrote it down. ``rings`` is known where somebody counted them (TC-002)."""

    class Direction(models.TextChoices):
        IN = "in", pgettext_lazy("call", "incoming")
        OUT = "out", pgettext_lazy("call", "outgoing")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(_("time"))
    logged_at = models.DateTimeField()
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    caller_name = models.CharField(_("name"), max_length=80, blank=True)
    caller_sex = models.CharField(_("sex"), max_length=6, choices=Sex.choices, blank=True)
    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")
    phone_last_four = BlindIndexField(source="phone", last=4)
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    handler = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    handler_name = models.CharField(max_length=80)
    summary = EncryptedTextField(_("summary"), blank=True, default="")
    rings = models.PositiveSmallIntegerField(_("rings"), null=True, blank=True)
    read_back = models.BooleanField(_("name and phone read back"), default=False)
    way = models.CharField(_("how it was answered"), max_length=8, choices=Way.choices, blank=True)
    consulted = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("which doctor")
    )
    serious = models.BooleanField(_("serious complaint"), default=False)

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(direction__in=["in", "out"]), name="telephone_call_direction"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="telephone_call_purpose"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="telephone_call_outcome"),
            models.CheckConstraint(
                condition=~Q(outcome="booked") | Q(read_back=True), name="telephone_call_booked_read_back"
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=[value.value for value in OWES]) | (~Q(caller_name="") & ~Q(phone_index="")),
                name="telephone_call_owed_to_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="consultation", outcome="ended"), name="telephone_call_question_has_next_step"
            ),
            models.CheckConstraint(
                condition=~Q(way="doctor") | Q(consulted__isnull=False), name="telephone_call_names_doctor"
            ),
            models.CheckConstraint(
                condition=Q(serious=False) | (Q(purpose="complaint") & ~Q(caller_name="") & ~Q(phone_index="")),
                name="telephone_call_serious_from_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(purpose__in=[value.value for value in SPEECHLESS]) | Q(outcome="ended"),
                name="telephone_call_speechless_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "-started_at"], name="telephone_call_day"),
            models.Index(fields=["patient", "-started_at"], name="telephone_call_patient"),
        ]


class NuisanceNumber(IndexedModel, VersionedModel):
    """A number that only disturbs (TC-021). The mark can be lifted; then it may be set anew."""

    phone = EncryptedTextField(_("Phone"))
    phone_index = BlindIndexField(source="phone")
    reason = models.CharField(_("reason"), max_length=120)
    marked_at = models.DateTimeField()
    marked_by_name = models.CharField(max_length=80)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-marked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["phone_index"], condition=Q(lifted_at__isnull=True), name="telephone_nuisance_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="telephone_nuisance_has_reason"),
        ]


@copied_names("caller_name")
class MessageSlip(IndexedModel, VersionedModel):
    """A message for a colleague (TC-007): from whom, what about, how they are reached, who took it, whether it arrived.

    Only ``recipient`` (or who stands in for them) acknowledges and settles it.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.PROTECT, related_name="slips")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("for whom"))
    caller_name = models.CharField(_("name"), max_length=80)
    caller_sex = models.CharField(_("sex"), max_length=6, choices=Sex.choices)
    phone = EncryptedTextField(_("Phone"))
    phone_index = BlindIndexField(source="phone")
    matter = EncryptedTextField(_("matter"))
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    taken_by_name = models.CharField(max_length=80)
    state = models.CharField(max_length=16, choices=MESSAGE.choices, default=MESSAGE.initial)
    delivered_at = models.DateTimeField(null=True, blank=True)
    delivered_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    delivered_by_name = models.CharField(max_length=80, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by_name = models.CharField(max_length=80, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reply = EncryptedTextField(_("reply to the caller"), blank=True, default="")

    class Meta:
        ordering = ["-taken_at", "-id"]
        constraints = [
            MESSAGE.constraint("telephone_slip_state_known"),
            models.CheckConstraint(
                condition=~Q(caller_name="") & Q(caller_sex__in=Sex.values) & ~Q(phone_index=""),
                name="telephone_slip_complete",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["taken", "delivered"]) | Q(acknowledged_at__isnull=False),
                name="telephone_slip_acknowledged_when",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "-taken_at"], name="telephone_slip_list"),
            models.Index(fields=["recipient", "state"], name="telephone_slip_recipient"),
            models.Index(fields=["patient", "-taken_at"], name="telephone_slip_patient"),
        ]


@copied_names("customer_name")
class Promise(IndexedModel, VersionedModel):
    """Something that a customer may count on until ``due_at`` (TC-016). It ends when the customer was told, in no other way.

    ``outcome`` says whether it was kept: it turns broken when ``due_at`` passes untold, and stays so after the customer
    was told at last. ``owner_name`` is who had to keep it when it broke or was kept.
    """

    class Kind(models.TextChoices):
        QUESTION = "question", pgettext_lazy("promise", "call-back with an answer")
        REQUEST = "request", pgettext_lazy("promise", "request beyond authority")
        COMMITMENT = "commitment", pgettext_lazy("promise", "commitment")
        REPLY = "reply", pgettext_lazy("promise", "reply to a message")

    class Outcome(models.TextChoices):
        FULFILLED = "fulfilled", pgettext_lazy("promise", "kept")
        BROKEN = "broken", pgettext_lazy("promise", "broken")

    class How(models.TextChoices):
        PHONE = "phone", _("by phone")
        MESSAGE = "message", _("message")
        IN_PERSON = "in_person", _("in person")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.PROTECT, related_name="promises")
    slip = models.OneToOneField(
        MessageSlip, null=True, blank=True, on_delete=models.PROTECT, related_name="reply_promise"
    )
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    customer_name = models.CharField(_("full name"), max_length=80)
    phone = EncryptedTextField(_("Phone"))
    phone_index = BlindIndexField(source="phone")
    phone_last_four = BlindIndexField(source="phone", last=4)
    reachable = models.CharField(_("when reachable"), max_length=80, blank=True)
    matter = EncryptedTextField(_("matter"))
    alternative = EncryptedTextField(_("alternative offered"), blank=True, default="")
    due_at = models.DateTimeField(_("due"))
    owner = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    owner_name = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=80)
    state = models.CharField(max_length=16, choices=PROMISE.choices, default=PROMISE.initial)
    forwarded_at = models.DateTimeField(null=True, blank=True)
    answer = EncryptedTextField(_("answer"), blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_by_name = models.CharField(max_length=80, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    told_by_name = models.CharField(max_length=80, blank=True)
    told_how = models.CharField(_("how"), max_length=10, choices=How.choices, blank=True)
    told_note = EncryptedTextField(_("what was said"), blank=True, default="")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)
    outcome_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            PROMISE.constraint("telephone_promise_state_known"),
            models.CheckConstraint(
                condition=~Q(customer_name="") & ~Q(phone_index=""), name="telephone_promise_to_somebody"
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("made_at")), name="telephone_promise_due_later"),
            models.CheckConstraint(
                condition=Q(state="told", told_at__isnull=False) | (~Q(state="told") & Q(told_at__isnull=True)),
                name="telephone_promise_closed_by_telling",
            ),
            models.CheckConstraint(
                condition=~Q(state="told") | ~Q(outcome=""), name="telephone_promise_told_has_outcome"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="fulfilled") | Q(told_at__lte=F("due_at")), name="telephone_promise_kept_in_time"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", outcome_at__isnull=True) | (~Q(outcome="") & Q(outcome_at__isnull=False)),
                name="telephone_promise_outcome_when",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "due_at"], name="telephone_promise_list"),
            models.Index(fields=["patient", "-made_at"], name="telephone_promise_patient"),
        ]

    @property
    def is_open(self) -> bool:
        """Does the customer still wait?"""
        return self.state != "told"


class Script(VersionedModel):
    """A phrase for a moment of a call (TC-030): ``purpose`` "" counts for every call, ``vertical`` "" for every line of
    business. Its text is its newest version."""

    class Moment(models.TextChoices):
        OPENING = "opening", pgettext_lazy("script", "opening")
        TALK = "talk", pgettext_lazy("script", "talk")
        CLOSING = "closing", pgettext_lazy("script", "closing")
        HELP = "help", pgettext_lazy("script", "when it is needed")

    key = models.SlugField(max_length=60)
    vertical = models.CharField(max_length=40, blank=True)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose.choices, blank=True)
    moment = models.CharField(_("moment"), max_length=8, choices=Moment.choices)
    order = models.PositiveSmallIntegerField(default=0)
    title_zh = models.CharField(_("name (Chinese)"), max_length=60)
    title_hant = models.CharField(_("name (Traditional Chinese)"), max_length=60, blank=True)
    title_en = models.CharField(_("name (English)"), max_length=60, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        ordering = ["order", "key"]
        constraints = [
            models.UniqueConstraint(fields=["key", "vertical"], name="telephone_script_once"),
            models.CheckConstraint(condition=~Q(title_zh=""), name="telephone_script_has_name"),
        ]

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return in_language(self.title_zh, hant=self.title_hant, en=self.title_en)


class ScriptVersion(CodeModel):
    """A wording of a script, from ``written_at`` on until the next. Never edited."""

    APPEND_ONLY = True

    script = models.ForeignKey(Script, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text_zh = models.TextField(_("text (Chinese)"))
    text_hant = models.TextField(_("text (Traditional Chinese)"), blank=True)
    text_en = models.TextField(_("text (English)"), blank=True)
    written_at = models.DateTimeField()
    written_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["script", "number"], name="telephone_script_version_once"),
            models.CheckConstraint(condition=~Q(text_zh=""), name="telephone_script_version_says_something"),
        ]

    @property
    def text(self) -> str:
        """Its words in the reader's language."""
        return in_language(self.text_zh, hant=self.text_hant, en=self.text_en)


class ForbiddenPhrase(VersionedModel):
    """Words that nobody likes to hear (TC-030), and what to say ``instead``. They are counted and never block."""

    text = models.CharField(_("phrase"), max_length=60, unique=True)
    instead = models.CharField(_("better"), max_length=120, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        ordering = ["text"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="telephone_forbidden_says_something")]


class Suggestion(VersionedModel):
    """What a customer would like and we do not offer yet (TC-015): it goes to the department that could."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="suggestions")
    words = EncryptedTextField(_("suggestion"))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]


class CourtesyOrder(VersionedModel):
    """A superior orders that certain patients are called to ask how they are (TC-031)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    occasion = models.CharField(_("occasion"), max_length=80)
    words = models.CharField(_("what to say"), max_length=300, blank=True)
    due_on = models.DateField(_("until"))
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    ordered_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [models.CheckConstraint(condition=~Q(occasion=""), name="telephone_courtesy_has_occasion")]


class CourtesyCall(VersionedModel):
    """One patient of an order, and what came of the call. Not reached is tried again."""

    class Result(models.TextChoices):
        WELL = "well", pgettext_lazy("courtesy", "is well")
        WISH = "wish", pgettext_lazy("courtesy", "has a wish or a question")
        UNREACHED = "unreached", pgettext_lazy("courtesy", "not reached")
        DECLINED = "declined", pgettext_lazy("courtesy", "does not want such calls")

    order = models.ForeignKey(CourtesyOrder, on_delete=models.PROTECT, related_name="calls")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    result = models.CharField(_("result"), max_length=10, choices=Result.choices, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    result_at = models.DateTimeField(null=True, blank=True)
    result_by_name = models.CharField(max_length=80, blank=True)
    call = models.OneToOneField(Call, null=True, blank=True, on_delete=models.PROTECT, related_name="courtesy")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "patient"], name="telephone_courtesy_once"),
            models.CheckConstraint(
                condition=Q(result="", result_at__isnull=True) | (~Q(result="") & Q(result_at__isnull=False)),
                name="telephone_courtesy_result_when",
            ),
        ]
