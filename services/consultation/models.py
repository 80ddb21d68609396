"""Consultations: what a customer needs, what was asked, recommended and decided, and who else was asked or told."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.ids import VersionedModel
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.consultation.knowledge_models import KnowledgeItem, KnowledgeVersion, ServiceSheet
from services.consultation.machines import CONCLUDED, CONSULTATION, TALK, TRANSFER
from services.patients.models import Patient, Sex
from services.patients.names import copied_names
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember

__all__ = [
    "Conduct", "Consultation", "DoctorTalk", "KnowledgeItem", "KnowledgeVersion", "Question", "Recommendation",
    "ServiceSheet", "Transfer",
]  # fmt: skip


class Conduct(models.TextChoices):
    """What a good consultation keeps to (CS-003, CS-014, CS-015): ticked by the consultant, counted, never blocking."""

    LISTENED = "listened", pgettext_lazy("conduct", "listened without interrupting")
    PLAIN = "plain", pgettext_lazy("conduct", "explained in plain words")
    FAIR = "fair", pgettext_lazy("conduct", "objective, without urging")
    RESPECTED = "respected", pgettext_lazy("conduct", "the customer's opinion respected")


@copied_names("customer_name", "understood_with_name")
class Consultation(IndexedModel, VersionedModel):
    """One conversation of a consultant with a customer, a patient or somebody who only asks (CS-001).

    ``origin`` is the first consultation of the same customer that this one repeats: only first ones are counted (CS-010),
    and ``booked_at``, ``accepted_at`` and ``lost_at`` of a repetition stand there too.
    """

    class Channel(models.TextChoices):
        WALK_IN = "walk_in", pgettext_lazy("consultation", "walk-in")
        PHONE = "phone", pgettext_lazy("consultation", "by phone")
        ONLINE = "online", pgettext_lazy("consultation", "online")

    class Further(models.TextChoices):
        NO = "no", pgettext_lazy("consultation", "nothing further")
        EXAMINATION = "examination", pgettext_lazy("consultation", "examination")
        TREATMENT = "treatment", pgettext_lazy("consultation", "treatment")
        BOTH = "both", pgettext_lazy("consultation", "examination and treatment")

    class Refusal(models.TextChoices):
        PRICE = "price", pgettext_lazy("declined", "price")
        TIME = "time", pgettext_lazy("declined", "no time")
        FEAR = "fear", pgettext_lazy("declined", "afraid of it")
        COMPARES = "compares", pgettext_lazy("declined", "compares with others")
        UNSUITED = "unsuited", pgettext_lazy("declined", "not suited")
        DISTANCE = "distance", pgettext_lazy("declined", "too far")
        OTHER = "other", pgettext_lazy("declined", "another reason")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    vertical = models.CharField(max_length=30, blank=True)
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="consultations")
    visit = models.ForeignKey(Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    customer_name = models.CharField(_("full name"), max_length=80)
    customer_sex = models.CharField(_("Sex"), max_length=6, choices=Sex.choices, blank=True)
    age = models.PositiveSmallIntegerField(_("age"), null=True, blank=True)
    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="repetitions")
    consultant = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("consultant")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=12, choices=CONSULTATION.choices, default=CONSULTATION.initial)
    opened_at = models.DateTimeField()
    opened_by_name = models.CharField(max_length=80)
    started_at = models.DateTimeField(null=True, blank=True)

    need = EncryptedTextField(_("what the customer wants"), blank=True, default="")
    expectation = EncryptedTextField(_("what the customer expects"), blank=True, default="")
    concerns = EncryptedTextField(_("what worries the customer"), blank=True, default="")
    condition = EncryptedTextField(_("condition in short"), blank=True, default="")
    further = models.CharField(_("further need"), max_length=12, choices=Further.choices, blank=True)
    advice = EncryptedTextField(_("advice"), blank=True, default="")
    mental_care = EncryptedTextField(_("state of mind, how it was met"), blank=True, default="")
    conduct = ArrayField(models.CharField(max_length=12, choices=Conduct.choices), default=list, blank=True)
    lesson_topic = models.CharField(_("topic of the lesson"), max_length=40, blank=True)
    lesson = EncryptedTextField(_("lesson for the team"), blank=True, default="")

    concluded_at = models.DateTimeField(null=True, blank=True)
    next_step = EncryptedTextField(_("next step"), blank=True, default="")
    call_back_on = models.DateField(_("call back on"), null=True, blank=True)
    refusal = models.CharField(_("reason"), max_length=10, choices=Refusal.choices, blank=True)
    refusal_words = EncryptedTextField(_("in the customer's words"), blank=True, default="")
    appointment = models.ForeignKey(Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    understood_at = models.DateTimeField(null=True, blank=True)
    understood_with_name = models.CharField(max_length=80, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_reason = models.CharField(max_length=120, blank=True)
    # Of a first consultation: what the customer last took up was taken back, here or in a repetition.
    lost_at = models.DateTimeField(null=True, blank=True)
    treated_at = models.DateTimeField(null=True, blank=True)

    fee_item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    fee_asked_at = models.DateTimeField(null=True, blank=True)
    fee_slip = models.UUIDField(null=True, blank=True, unique=True)
    fee_settled_at = models.DateTimeField(null=True, blank=True)
    fee_receipt = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            CONSULTATION.constraint("consultation_state_known"),
            models.CheckConstraint(condition=~Q(customer_name=""), name="consultation_of_somebody"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "left"]) | Q(consultant__isnull=False, started_at__isnull=False),
                name="consultation_held_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=CONCLUDED) | (~Q(further="") & Q(concluded_at__isnull=False)),
                name="consultation_concluded_with_analysis",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(refusal=""), name="consultation_refused_why"),
            models.CheckConstraint(
                condition=~Q(state="undecided") | Q(call_back_on__isnull=False), name="consultation_undecided_until"
            ),
            models.CheckConstraint(
                condition=~Q(state="booked") | Q(appointment__isnull=False, booked_at__isnull=False),
                name="consultation_booked_what",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(accepted_at__isnull=False), name="consultation_accepted_when"
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | (Q(withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="consultation_withdrawn_why",
            ),
            models.CheckConstraint(
                condition=Q(fee_settled_at__isnull=True) | (Q(fee_slip__isnull=False) & ~Q(fee_receipt="")),
                name="consultation_fee_settled_by_receipt",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "opened_at"], name="consultation_list"),
            models.Index(fields=["site", "started_at"], name="consultation_rate"),
            models.Index(fields=["patient", "-opened_at"], name="consultation_patient"),
        ]

    @property
    def first(self) -> Consultation:
        """The consultation under which this customer is counted."""
        return self.origin or self

    @property
    def waits_for_call(self) -> bool:
        """Has the customer not decided yet?"""
        return self.state == "undecided"


class Recommendation(VersionedModel):
    """An item recommended in a consultation, in the words in which it was explained, at the price of that day.

    ``needs_disclosure``: its line of business wants risks and precautions told (CS-008).
    """

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="recommendations")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", verbose_name=_("item"))
    content = models.TextField(_("what is done"))
    advantages = models.TextField(_("advantages"), blank=True)
    risks = models.TextField(_("risks"), blank=True)
    precautions = models.TextField(_("precautions"), blank=True)
    price_fen = models.PositiveBigIntegerField()
    needs_disclosure = models.BooleanField(default=False)
    recommended_at = models.DateTimeField()
    recommended_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["consultation", "item"], name="consultation_item_once"),
            models.CheckConstraint(condition=~Q(content=""), name="consultation_recommended_with_content"),
            models.CheckConstraint(
                condition=Q(needs_disclosure=False) | (~Q(risks="") & ~Q(precautions="")),
                name="consultation_risks_told",
            ),
        ]


class Question(VersionedModel):
    """What a customer asked and what they were told. A complex one is final only by literature or a doctor (CS-002)."""

    class Source(models.TextChoices):
        STANDARD = "standard", pgettext_lazy("source of an answer", "standard answer")
        HOUSE = "house", pgettext_lazy("source of an answer", "the clinic's own information")
        LITERATURE = "literature", pgettext_lazy("source of an answer", "literature")
        DOCTOR = "doctor", pgettext_lazy("source of an answer", "doctor")

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="questions")
    text = EncryptedTextField(_("question"))
    is_complex = models.BooleanField(_("complex"), default=False)
    asked_at = models.DateTimeField()
    answer = EncryptedTextField(_("answer"), blank=True, default="")
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, blank=True)
    reference = models.CharField(_("literature"), max_length=300, blank=True)
    standard = models.ForeignKey(KnowledgeVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    talk = models.ForeignKey(
        "consultation.DoctorTalk", null=True, blank=True, on_delete=models.PROTECT, related_name="answers"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(source=""), name="consultation_question_has_source"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(is_complex=False) | Q(source__in=["literature", "doctor"]),
                name="consultation_complex_needs_authority",
            ),
            models.CheckConstraint(
                condition=(~Q(source="literature") | ~Q(reference=""))
                & (~Q(source="standard") | Q(standard__isnull=False))
                & (~Q(source="doctor") | Q(talk__isnull=False)),
                name="consultation_source_is_named",
            ),
        ]


class DoctorTalk(VersionedModel):
    """A question that a doctor answers, face to face or at a distance (CS-006), and its way back to the customer."""

    class Mode(models.TextChoices):
        FACE_TO_FACE = "face_to_face", pgettext_lazy("talk", "face to face")
        REMOTE = "remote", pgettext_lazy("talk", "at a distance")

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="talks")
    question = models.ForeignKey(Question, null=True, blank=True, on_delete=models.PROTECT, related_name="talks")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("doctor"))
    mode = models.CharField(_("how"), max_length=12, choices=Mode.choices)
    matter = EncryptedTextField(_("matter"))
    due_at = models.DateTimeField(_("due"))
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=TALK.choices, default=TALK.initial)
    led_at = models.DateTimeField(null=True, blank=True)
    led_by_name = models.CharField(max_length=80, blank=True)
    answer = EncryptedTextField(_("answer"), blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by_name = models.CharField(max_length=80, blank=True)
    presented_at = models.DateTimeField(null=True, blank=True)
    presented_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            TALK.constraint("consultation_talk_state_known"),
            models.CheckConstraint(condition=Q(due_at__gt=F("asked_at")), name="consultation_talk_due_later"),
            models.CheckConstraint(
                condition=~Q(state__in=["answered", "presented"]) | Q(answered_at__isnull=False),
                name="consultation_talk_answered_when",
            ),
            models.CheckConstraint(
                condition=~Q(mode="face_to_face", state__in=["answered", "presented"]) | Q(led_at__isnull=False),
                name="consultation_talk_led_first",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="consultation_talk_list")]

    @property
    def site(self) -> Site:
        """Where the consultation is held."""
        return self.consultation.site


class Transfer(VersionedModel):
    """Something that another department has to do or to answer (CS-011, CS-012, CS-016), tracked until it is settled."""

    class Kind(models.TextChoices):
        QUESTION = "question", pgettext_lazy("transfer", "question")
        PROBLEM = "problem", pgettext_lazy("transfer", "problem")
        SUGGESTION = "suggestion", pgettext_lazy("transfer", "suggestion")
        FEEDBACK = "feedback", pgettext_lazy("transfer", "feedback")
        COMPLAINT = "complaint", pgettext_lazy("transfer", "complaint")
        FEE = "fee", pgettext_lazy("transfer", "fee")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    consultation = models.ForeignKey(
        Consultation, null=True, blank=True, on_delete=models.PROTECT, related_name="transfers"
    )
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # What led to it outside of a consultation, so that hearing of it twice passes it on once.
    source_key = models.CharField(max_length=80, null=True, blank=True, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    department = models.CharField(_("department"), max_length=40)
    roles = ArrayField(models.CharField(max_length=60))
    matter = EncryptedTextField(_("matter"))
    passed_at = models.DateTimeField()
    passed_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    passed_by_name = models.CharField(max_length=80)
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(max_length=10, choices=TRANSFER.choices, default=TRANSFER.initial)
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by_name = models.CharField(max_length=80, blank=True)
    result = EncryptedTextField(_("what was done"), blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            TRANSFER.constraint("consultation_transfer_state_known"),
            models.CheckConstraint(
                condition=~Q(state="settled") | Q(settled_at__isnull=False), name="consultation_transfer_settled_when"
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "due_at"], name="consultation_transfer_list")]
