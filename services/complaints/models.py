"""What customers say (praise, suggestions, opinions, complaints), and the case that a complaint becomes (CP-027, CP-029)."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.ids import CodeModel, VersionedModel
from services.complaints.machines import COMPLAINT, ENDED, FEEDBACK, HANDLED
from services.patients.models import Patient
from services.patients.names import copied_names
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember


class Channel(models.TextChoices):
    """Where the customer spoke (CP-001)."""

    DESK = "desk", pgettext_lazy("channel", "desk, in person")
    PHONE = "phone", pgettext_lazy("channel", "phone")
    WINDOW = "window", pgettext_lazy("channel", "complaint window")
    WAITING = "waiting", pgettext_lazy("channel", "waiting area")
    FOLLOW_UP = "follow_up", pgettext_lazy("channel", "follow-up call")
    ONLINE = "online", pgettext_lazy("channel", "online service")
    EMAIL = "email", pgettext_lazy("channel", "e-mail")
    BOX = "box", pgettext_lazy("channel", "feedback box")


class Severity(models.TextChoices):
    """A serious one goes to the dean at once (CP-006)."""

    ORDINARY = "ordinary", pgettext_lazy("severity", "ordinary")
    SERIOUS = "serious", pgettext_lazy("severity", "serious")


class Source(models.TextChoices):
    """What the case was opened from (CP-030); ``source_code`` names the row."""

    DIRECT = "", pgettext_lazy("source", "the customer")
    DOCTOR_CHANGE = "doctor_change", pgettext_lazy("source", "a change of doctor")
    FOLLOW_UP = "follow_up", pgettext_lazy("source", "a follow-up call")
    WAIT = "wait", pgettext_lazy("source", "a long wait")
    CALL = "call", pgettext_lazy("source", "a phone call")


@copied_names("customer_name")
class Feedback(IndexedModel, VersionedModel):
    """Praise, a suggestion or an opinion (a16). Nobody has to leave a name; whoever does is told what came of it."""

    KEPT = True

    class Kind(models.TextChoices):
        PRAISE = "praise", pgettext_lazy("feedback", "praise")
        SUGGESTION = "suggestion", pgettext_lazy("feedback", "suggestion")
        OPINION = "opinion", pgettext_lazy("feedback", "opinion")

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    state = models.CharField(max_length=10, choices=FEEDBACK.choices, default=FEEDBACK.initial)
    words = EncryptedTextField(_("what was said"))
    customer_name = models.CharField(_("name"), max_length=80, blank=True)
    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    collected_at = models.DateTimeField()
    collected_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    collected_by_name = models.CharField(max_length=80)
    due_on = models.DateField()
    department = models.CharField(_("department"), max_length=40, blank=True)
    responsible = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(null=True, blank=True)
    measure = EncryptedTextField(_("what was done"), blank=True, default="")
    processed_at = models.DateTimeField(null=True, blank=True)
    answer = EncryptedTextField(_("what the customer was told"), blank=True, default="")
    told_at = models.DateTimeField(null=True, blank=True)
    satisfied = models.BooleanField(_("content"), null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    upgraded_at = models.DateTimeField(null=True, blank=True)
    # Not dealt with by its day; stays whatever comes after.
    overdue_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-collected_at", "-id"]
        constraints = [
            FEEDBACK.constraint("complaints_feedback_state"),
            models.UniqueConstraint(fields=["site", "number"], name="complaints_feedback_number"),
            models.CheckConstraint(
                condition=Q(kind__in=["praise", "suggestion", "opinion"]), name="complaints_feedback_kind"
            ),
            # From the moment on that it is given to somebody: a department and a person (SV-005).
            models.CheckConstraint(
                condition=Q(assigned_at__isnull=True) | (~Q(department="") & Q(responsible__isnull=False)),
                name="complaints_feedback_names_both",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["processed", "told", "confirmed"]) | Q(processed_at__isnull=False),
                name="complaints_feedback_order",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "-collected_at"], name="complaints_feedback_list"),
            models.Index(fields=["responsible", "state"], name="complaints_feedback_person"),
        ]


@copied_names("complainant_name")
class Complaint(IndexedModel, VersionedModel):
    """A complaint from its receipt to its analysis (a15). Its content is read by those who deal with it alone (CP-031)."""

    KEPT = True

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, choices=COMPLAINT.choices, default=COMPLAINT.initial)
    vertical = models.CharField(max_length=40, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    category = models.CharField(_("category"), max_length=40)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity.choices, default=Severity.ORDINARY)
    source = models.CharField(max_length=16, choices=Source.choices, blank=True, default="")
    source_code = models.UUIDField(null=True, blank=True)
    feedback = models.OneToOneField(Feedback, null=True, blank=True, on_delete=models.PROTECT, related_name="complaint")
    complainant_name = models.CharField(_("complainant"), max_length=80)
    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")
    contact = EncryptedTextField(_("other contact"), blank=True, default="")
    matter = EncryptedTextField(_("matter"))
    treatment = EncryptedTextField(_("treatment situation"))
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    repeat_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="repeats")
    received_at = models.DateTimeField()
    receiver = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    receiver_name = models.CharField(max_length=80)
    # The promise given at receipt, and the two clocks that run from it.
    reply_due_at = models.DateTimeField()
    statutory_due_on = models.DateField()
    limit_on = models.DateField()
    routed_to = ArrayField(models.CharField(max_length=60))
    handler = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    solution = EncryptedTextField(_("what was done at once"), blank=True, default="")
    solved_at = models.DateTimeField(null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    investigating_at = models.DateTimeField(null=True, blank=True)
    cause = EncryptedTextField(_("cause"), blank=True, default="")
    opinion = EncryptedTextField(_("handling opinion"), blank=True, default="")
    department = models.CharField(_("responsible department"), max_length=40, blank=True)
    responsible = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    determined_at = models.DateTimeField(null=True, blank=True)
    authorised_at = models.DateTimeField(null=True, blank=True)
    # The first answer of all, which is what promises and figures are about; ``replied_at`` is the latest.
    answered_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    # Not answered as promised: stays, also when it is closed (CP-015).
    overdue_at = models.DateTimeField(null=True, blank=True)
    negotiating_at = models.DateTimeField(null=True, blank=True)
    mediator = models.CharField(_("mediator"), max_length=120, blank=True)
    mediation_on = models.DateField(_("date of the mediation"), null=True, blank=True)
    mediation_result = EncryptedTextField(_("result of the mediation"), blank=True, default="")
    satisfied_at = models.DateTimeField(null=True, blank=True)
    # How often a follow-up was asked for; the number of the one that counts now.
    follow_ups = models.PositiveSmallIntegerField(default=0)
    followed_up_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    content_at_close = models.BooleanField(null=True, blank=True)
    closing_reason = models.CharField(max_length=300, blank=True)
    analysed_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopenings = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            COMPLAINT.constraint("complaints_complaint_state"),
            models.UniqueConstraint(fields=["site", "number"], name="complaints_complaint_number"),
            models.CheckConstraint(
                condition=Q(severity__in=["ordinary", "serious"]), name="complaints_complaint_severity"
            ),
            models.CheckConstraint(
                condition=~Q(complainant_name="") & ~Q(category="") & ~Q(receiver_name=""),
                name="complaints_complaint_complete",
            ),
            models.CheckConstraint(
                condition=Q(reply_due_at__gt=F("received_at")), name="complaints_complaint_promise_ahead"
            ),
            models.CheckConstraint(
                condition=~Q(state="solved_on_spot", severity="serious"), name="complaints_serious_not_on_the_spot"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=list(HANDLED)) | Q(handler__isnull=False), name="complaints_complaint_handled"
            ),
            # The end is a customer who said in the follow-up to be content, or management with its reason (CP-016, CP-017).
            models.CheckConstraint(
                condition=~Q(state__in=list(ENDED))
                | Q(closed_at__isnull=False, content_at_close=True, followed_up_at__isnull=False)
                | (Q(closed_at__isnull=False, content_at_close=False) & ~Q(closing_reason="")),
                name="complaints_complaint_end",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "-received_at"], name="complaints_complaint_list"),
            models.Index(fields=["patient", "state"], name="complaints_complaint_patient"),
            models.Index(fields=["site", "closed_at"], name="complaints_complaint_closed"),
        ]

    @property
    def is_serious(self) -> bool:
        return self.severity == Severity.SERIOUS


class Involved(CodeModel):
    """Somebody of the staff in a case: the accused on one side; handler, team and approver on the other.

    ``side`` is 0 for the accused and 1 for who deals with it; the database lets nobody stand on both (CP-012, CP-023).
    """

    class Part(models.TextChoices):
        ACCUSED = "accused", pgettext_lazy("complaint", "concerned")
        HANDLER = "handler", pgettext_lazy("complaint", "handler")
        LEAD = "lead", pgettext_lazy("complaint", "lead of the team")
        MEMBER = "member", pgettext_lazy("complaint", "member of the team")
        APPROVER = "approver", pgettext_lazy("complaint", "approver")

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="people")
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=8, choices=Part.choices)
    side = models.PositiveSmallIntegerField()
    since_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(part="accused", side=0) | (~Q(part="accused") & Q(side=1)), name="complaints_side_of_part"
            ),
            models.UniqueConstraint(
                fields=["complaint", "staff", "part"],
                condition=Q(until_at__isnull=True),
                name="complaints_part_once",
            ),
            models.UniqueConstraint(
                fields=["complaint", "part"],
                condition=Q(until_at__isnull=True, part__in=["handler", "lead"]),
                name="complaints_one_handler_one_lead",
            ),
            ExclusionConstraint(
                name="complaints_never_the_accused",
                expressions=[
                    ("complaint", RangeOperators.EQUAL),
                    ("staff", RangeOperators.EQUAL),
                    ("side", RangeOperators.NOT_EQUAL),
                ],
                condition=Q(until_at__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["staff", "complaint"], name="complaints_involved_staff")]


class Evidence(CodeModel):
    """What the investigation found: a record, or what somebody said (CP-011); a hand-over of the case too (CP-026)."""

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        CONSULTATION = "consultation", pgettext_lazy("evidence", "consultation record")
        SERVICE = "service", pgettext_lazy("evidence", "record of the service")
        CHART = "chart", pgettext_lazy("evidence", "chart")
        FEEDBACK = "feedback", pgettext_lazy("evidence", "customer feedback")
        COMPLAINANT = "complainant", pgettext_lazy("evidence", "talk with the complainant")
        STAFF = "staff", pgettext_lazy("evidence", "talk with staff")
        DOCTOR = "doctor", pgettext_lazy("evidence", "talk with a doctor")
        DEPARTMENT = "department", pgettext_lazy("evidence", "talk with a department")
        HAND_OVER = "hand_over", pgettext_lazy("evidence", "hand-over of the case")
        REOPENED = "reopened", pgettext_lazy("evidence", "dissatisfied again")

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    words = EncryptedTextField(_("what it says"))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class Principle(CodeModel):
    """A point of the guide (CP-008) that was kept in this case, with what is to be recorded about it."""

    class Key(models.TextChoices):
        MOOD = "mood", _("mood before matter: the customer was heard out")
        BACKGROUND = "background", _("background of the customer")
        SCOPE = "scope", _("cause found, controllable scope delimited")
        AUTHORISATION = "authorisation", _("authorisation obtained")
        LEADER = "leader", _("leader involved where needed")
        NO_OVERPROMISE = "no_overpromise", _("nothing promised that cannot be kept")
        MEDIATION = "mediation", _("win-win sought, principles held, mediation considered")

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="principles")
    key = models.CharField(max_length=16, choices=Key.choices)
    words = EncryptedTextField(_("note"), blank=True, default="")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["complaint", "key"], name="complaints_principle_once")]


class Remedy(VersionedModel):
    """What is offered (CP-014). Beyond the handler's authority it is approved first, by somebody else (CP-009)."""

    KEPT = True

    class State(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("remedy", "waits for approval")
        APPROVED = "approved", pgettext_lazy("remedy", "to be done")
        REFUSED = "refused", pgettext_lazy("remedy", "refused")
        DECLINED = "declined", pgettext_lazy("remedy", "declined by the customer")
        DONE = "done", pgettext_lazy("remedy", "done")

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="remedies")
    kind = models.CharField(_("remedy"), max_length=40)
    words = EncryptedTextField(_("what exactly"), blank=True, default="")
    amount_fen = models.PositiveBigIntegerField(_("amount"), default=0)
    # Who does it: the apology comes from whoever was at fault.
    staff = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("until"), null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices)
    needs_approval = models.BooleanField(default=False)
    proposed_at = models.DateTimeField()
    proposed_by = models.UUIDField(null=True)
    proposed_by_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.UUIDField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    decision = models.CharField(_("reason"), max_length=200, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)
    done_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(needs_approval=True, state__in=["approved", "done", "declined"])
                | Q(decided_at__isnull=False),
                name="complaints_remedy_approved",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(proposed_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="complaints_remedy_two_people",
            ),
            # The customer hears of it only when it may be given.
            models.CheckConstraint(
                condition=Q(told_at__isnull=True) | ~Q(state__in=["proposed", "refused"]), name="complaints_remedy_told"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_on__isnull=False), name="complaints_remedy_done_when"
            ),
        ]


class Round(CodeModel):
    """One answer to the customer and what the customer said to it; the number of rounds stays (CP-016)."""

    KEPT = True

    class How(models.TextChoices):
        PHONE = "phone", pgettext_lazy("told", "by phone")
        PERSON = "person", pgettext_lazy("told", "in person")
        MESSAGE = "message", pgettext_lazy("told", "by message")
        LETTER = "letter", pgettext_lazy("told", "in writing")

    class Outcome(models.TextChoices):
        SATISFIED = "satisfied", pgettext_lazy("complaint", "content")
        DISSATISFIED = "dissatisfied", pgettext_lazy("complaint", "not content")

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    how = models.CharField(_("how"), max_length=8, choices=How.choices)
    words = EncryptedTextField(_("what the customer was told"))
    told_at = models.DateTimeField()
    told_by_name = models.CharField(max_length=80)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    outcome_words = EncryptedTextField(_("what the customer said"), blank=True, default="")
    outcome_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["complaint", "number"], name="complaints_round_once")]


class Route(VersionedModel):
    """A line of the matrix: who receives what is not settled at once (CP-005). Empty columns mean any."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, blank=True)
    category = models.CharField(_("category"), max_length=40, blank=True)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity.choices, blank=True)
    roles = ArrayField(models.CharField(max_length=60))

    class Meta:
        ordering = ["channel", "category", "severity", "id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "category", "severity"], name="complaints_route_once"),
            models.CheckConstraint(condition=Q(roles__len__gt=0), name="complaints_route_has_roles"),
        ]


class Review(VersionedModel):
    """The periodic analysis of closed cases of a site (CP-018)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    first = models.DateField(_("from"))
    last = models.DateField(_("until"))
    cases = models.PositiveIntegerField()
    common = models.TextField(_("common problems"), blank=True)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-first", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "first", "last"], name="complaints_review_once"),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="complaints_review_order"),
        ]


class Finding(VersionedModel):
    """One category of a review: how many, how many again, why, and the measure with who puts it to work and until when."""

    KEPT = True

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="findings")
    category = models.CharField(max_length=40)
    cases = models.PositiveIntegerField()
    repeats = models.PositiveIntegerField(default=0)
    overdue = models.PositiveIntegerField(default=0)
    cause = models.TextField(_("cause"))
    measure = models.TextField(_("measure"))
    responsible = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField(_("until"))
    done_on = models.DateField(null=True, blank=True)
    done_words = models.CharField(_("result"), max_length=300, blank=True)

    class Meta:
        ordering = ["-cases", "category"]
        constraints = [
            models.UniqueConstraint(fields=["review", "category"], name="complaints_finding_once"),
            models.CheckConstraint(condition=~Q(cause="") & ~Q(measure=""), name="complaints_finding_complete"),
        ]
