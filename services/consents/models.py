"""What patients agreed to, in which words, and what was told to third parties on that ground."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.consents.machines import CONSENT
from services.patients.models import Patient
from services.sites.models import Site


class ConsentTemplate(VersionedModel):
    """A consent that patients are asked for. Its words stand in its versions; the latest is the one that is signed."""

    class Purpose(models.TextChoices):
        TREATMENT = "treatment", pgettext_lazy("consent", "treatment")
        PHOTO = "photo", pgettext_lazy("consent", "pictures")
        SENSITIVE = "sensitive", pgettext_lazy("consent", "sensitive personal data")
        DISCLOSURE = "disclosure", pgettext_lazy("consent", "telling third parties")

    key = models.SlugField(max_length=60, unique=True)
    title = models.CharField(_("Title"), max_length=80)
    purpose = models.CharField(_("Purpose"), max_length=12, choices=Purpose.choices)
    # The line of business it belongs to; empty: every one.
    vertical = models.CharField(max_length=20, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        ordering = ["purpose", "title", "id"]
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="consents_template_titled")]


class TemplateVersion(CodeModel):
    """Words as they were published. Never edited: other words are another version."""

    APPEND_ONLY = True

    template = models.ForeignKey(ConsentTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    text = models.TextField(_("Text"))
    text_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="consents_version_once"),
            models.CheckConstraint(condition=~Q(text=""), name="consents_version_has_words"),
        ]


class Consent(VersionedModel):
    """A patient, or who decides for them, signed one version of a template. ``text_hash`` is what the words were."""

    KEPT = True

    class Signer(models.TextChoices):
        PATIENT = "patient", pgettext_lazy("signer", "the patient")
        GUARDIAN = "guardian", pgettext_lazy("signer", "the legal guardian")
        PROXY = "proxy", pgettext_lazy("signer", "somebody with a written proxy")

    class How(models.TextChoices):
        PAPER = "paper", pgettext_lazy("signature", "on paper")
        SCREEN = "screen", pgettext_lazy("signature", "on the screen")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    version_signed = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="consents")
    text_hash = models.CharField(max_length=64)
    signer = models.CharField(_("Signed by"), max_length=8, choices=Signer.choices)
    signer_name = EncryptedTextField(_("Name of who signed"))
    relation = models.CharField(_("Relation"), max_length=12, blank=True)
    how = models.CharField(_("how"), max_length=6, choices=How.choices)
    scope = EncryptedTextField(_("For what exactly"), blank=True, default="")
    ends_on = models.DateField(_("Ends on"), null=True, blank=True)
    state = models.CharField(max_length=10, choices=CONSENT.choices, default=CONSENT.initial)
    signed_at = models.DateTimeField()
    taken_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    taken_by_name = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by_name = models.CharField(max_length=80, blank=True)
    withdrawal = EncryptedTextField(_("Words of the withdrawal"), blank=True, default="")

    class Meta:
        ordering = ["-signed_at", "-id"]
        constraints = [
            CONSENT.constraint("consents_consent_state"),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(withdrawn_at__isnull=False), name="consents_withdrawn_when"
            ),
            models.CheckConstraint(condition=Q(signer="patient") | ~Q(relation=""), name="consents_signer_related"),
        ]
        indexes = [models.Index(fields=["patient", "-signed_at"], name="consents_of_patient")]


class Reason(models.TextChoices):
    """Why something about a patient is told to a third party. Which of them are lawful without consent is a parameter."""

    CONSENT = "consent", pgettext_lazy("disclosure", "the patient consents")
    PUBLIC_HEALTH = "public_health", pgettext_lazy("disclosure", "duty to report a disease")
    COURT = "court", pgettext_lazy("disclosure", "order of a court or authority")
    EMERGENCY = "emergency", pgettext_lazy("disclosure", "danger to life")
    INSURANCE = "insurance", pgettext_lazy("disclosure", "medical insurance settles")
    LABORATORY = "laboratory", pgettext_lazy("disclosure", "laboratory or referral needs it")


class Disclosure(CodeModel):
    """Somebody outside was told something about a patient: to whom, what, why, on which consent (CR-005). Never edited."""

    APPEND_ONLY = True

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="disclosures")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    recipient = EncryptedTextField(_("To whom"))
    what = EncryptedTextField(_("What"))
    reason = models.CharField(_("Why"), max_length=14, choices=Reason.choices)
    words = EncryptedTextField(_("Ground in words"), blank=True, default="")
    consent = models.ForeignKey(Consent, null=True, blank=True, on_delete=models.PROTECT, related_name="disclosures")
    disclosed_at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-disclosed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="consent") | Q(consent__isnull=False), name="consents_disclosed_on_a_consent"
            ),
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="consents_disclosure_reason"),
        ]
        indexes = [
            models.Index(fields=["patient", "-disclosed_at"], name="consents_disclosed_of"),
            models.Index(fields=["site", "-disclosed_at"], name="consents_disclosed_at"),
        ]
