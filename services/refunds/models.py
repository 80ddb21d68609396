"""The refund register: what a doctor changes or gives back, who signed what, and how the money went (CA-024, CA-025)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.books.models import Entry, Tender
from services.cashier.models import ChargeLine
from services.documents.models import Document
from services.patients.models import Patient
from services.refunds.machines import REFUND
from services.sites.models import Site
from services.staff.models import StaffMember


def _different(*names: str) -> Q:
    """Whoever stands in one of these columns stands in no other; empty ones are nobody."""
    condition = Q()
    for number, name in enumerate(names):
        for other in names[number + 1 :]:
            condition &= Q(**{f"{name}__isnull": True}) | Q(**{f"{other}__isnull": True}) | ~Q(**{name: F(other)})
    return condition


class Refund(VersionedModel):
    """A line of the refund register and the refund form in one: both say the same (CA-025, CA-026).

    ``amount_fen`` 0: only the text of items changes; nobody pays, nobody signs as payee, nothing is sealed (CA-028).
    """

    KEPT = True

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="refunds")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="refunds")
    state = models.CharField(max_length=10, choices=REFUND.choices, default=REFUND.initial)
    # The doctor's seven fields; the signature is the seventh.
    refund_on = models.DateField(_("Refund date"))
    reason = EncryptedTextField(_("Detailed reason"))
    first_visit_on = models.DateField(_("First visit"))
    paid_total_fen = models.PositiveBigIntegerField(_("Total amount"))
    amount_fen = models.PositiveBigIntegerField(_("Amount to refund"))
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    doctor_by = models.UUIDField(null=True)
    filled_at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)
    opinion = EncryptedTextField(_("Opinion"), blank=True, default="")
    supervisor_by = models.UUIDField(null=True)
    supervisor_name = models.CharField(max_length=80, blank=True)
    opinion_at = models.DateTimeField(null=True)
    payer_by = models.UUIDField(null=True)
    payer_name = models.CharField(max_length=80, blank=True)
    paid_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    noted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Not paid today, and why: so the day can be closed.
    put_off_on = models.DateField(null=True)
    put_off_reason = models.CharField(_("Reason"), max_length=200, blank=True)
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-filled_at", "-id"]
        constraints = [
            REFUND.constraint("refunds_refund_state"),
            models.UniqueConstraint(fields=["site", "number"], name="refunds_refund_number"),
            models.CheckConstraint(
                condition=_different("doctor_by", "supervisor_by", "payer_by"), name="refunds_refund_three_people"
            ),
            # Money leaves only when the doctor and the supervisor have signed (CA-029).
            models.CheckConstraint(
                condition=Q(paid_at__isnull=True) | Q(opinion_at__isnull=False, amount_fen__gt=0),
                name="refunds_refund_paid_after_opinion",
            ),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True) | Q(paid_at__isnull=False), name="refunds_refund_order"
            ),
            models.CheckConstraint(
                condition=Q(amount_fen__lte=F("paid_total_fen")), name="refunds_refund_not_more_than_paid"
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "-filled_at"], name="refunds_refund_list"),
            models.Index(fields=["patient", "state"], name="refunds_refund_patient"),
        ]


class RefundLine(CodeModel):
    """What of which charged item goes back, or what its text becomes."""

    APPEND_ONLY = True

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="refund_lines")
    amount_fen = models.PositiveBigIntegerField(default=0)
    changed_to = models.CharField(_("New text"), max_length=120, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="refunds_line_once"),
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0) | ~Q(changed_to=""), name="refunds_line_says_something"
            ),
        ]


class Payee(models.TextChoices):
    """Who takes the money (CA-027)."""

    PATIENT = "patient", pgettext_lazy("payee", "the patient in person")
    GUARDIAN = "guardian", pgettext_lazy("payee", "the legal guardian of a minor")
    PROXY = "proxy", pgettext_lazy("payee", "somebody with a written proxy")


class ProxyReason(models.TextChoices):
    """Why the patient does not come."""

    ILL = "ill", pgettext_lazy("proxy", "ill")
    ABSENT = "absent", pgettext_lazy("proxy", "absent")
    DECEASED = "deceased", pgettext_lazy("proxy", "deceased")


class Payout(CodeModel):
    """The money left: to whom, identified by what, on which business day. ``taken_back_at``: it came back unsigned."""

    KEPT = True

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="payouts")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    at = models.DateTimeField()
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="+")
    payee = models.CharField(_("Who takes it"), max_length=8, choices=Payee.choices)
    payee_name = EncryptedTextField(_("Name"))
    # "birth_date", "phone", "id_number": what of the file was compared with the person or their document.
    identified_by = models.CharField(max_length=20)
    identity_document = EncryptedTextField(_("Identity document"), blank=True, default="")
    proxy_reason = models.CharField(max_length=8, choices=ProxyReason.choices, blank=True)
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["refund"], condition=Q(taken_back_at__isnull=True), name="refunds_payout_one_stands"
            )
        ]


class PayoutPart(CodeModel):
    """How much went back on which way; the way it came (ledger 17 P)."""

    APPEND_ONLY = True

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="parts")
    tender = models.CharField(max_length=20, choices=Tender.choices)
    amount_fen = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(amount_fen__gt=0), name="refunds_payout_part_amount")]


class RefundSignature(CodeModel):
    """Who signed what part of register and form, when, and the hash of what was signed. Never edited.

    ``strokes``: a drawn signature as JSON, lines of points in a field of 1000 by 300. ``way``: at the till, or by link.
    """

    APPEND_ONLY = True

    class Part(models.TextChoices):
        DOCTOR = "doctor", pgettext_lazy("refund", "doctor")
        SUPERVISOR = "supervisor", pgettext_lazy("refund", "supervisor")
        PAYER = "payer", pgettext_lazy("refund", "payer")
        PAYEE = "payee", pgettext_lazy("refund", "payee")

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="signatures")
    part = models.CharField(max_length=10, choices=Part.choices)
    payout = models.ForeignKey(Payout, null=True, on_delete=models.PROTECT, related_name="signatures")
    by = models.UUIDField(null=True)
    name = EncryptedTextField()
    at = models.DateTimeField()
    text_hash = models.CharField(max_length=64)
    strokes = EncryptedTextField(blank=True, default="")
    by_link = models.BooleanField(default=False)
    witness_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["refund", "part"], condition=Q(payout__isnull=True), name="refunds_signature_once"
            ),
            models.UniqueConstraint(
                fields=["payout", "part"], condition=Q(payout__isnull=False), name="refunds_signature_once_a_payout"
            ),
            models.CheckConstraint(
                condition=Q(part__in=["payer", "payee"], payout__isnull=False)
                | Q(part__in=["doctor", "supervisor"], payout__isnull=True),
                name="refunds_signature_of_its_payout",
            ),
        ]


class RefundLink(CodeModel):
    """A secret address on the patient's phone, under which they confirm that the money is on its way back."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="links")
    secret_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
