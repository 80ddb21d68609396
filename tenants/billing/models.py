"""Billing in the public schema: accounts, the mirror of what Stripe holds, the inbox of its events, what is owed to
whom.

Stripe is the truth about money; these rows are what the product knows of it, so that no request waits for Stripe. All
amounts are integer fen.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.ids import CodeModel, VersionedModel
from tenants.billing.machine import SUBSCRIPTION


def platform_zone() -> str:
    """The zone in which an account's days begin, unless it has one of its own."""
    return str(settings.TIME_ZONE)


class Interval(models.TextChoices):
    MONTH = "month", _("monthly")
    YEAR = "year", _("yearly")


class Collection(models.TextChoices):
    AUTOMATIC = "charge_automatically", _("charged automatically")
    INVOICE = "send_invoice", _("by invoice and bank transfer")


class BillingAccount(VersionedModel):
    """Who pays. It belongs to a chain; a tenant may have one of its own (``TenantBillingOverride``).

    ``profile`` chooses the ladder of a missed payment; ``stage`` is how far within "past due" it has come (see
    ``ladder``).
    """

    chain = models.ForeignKey("tenants.Chain", on_delete=models.PROTECT, related_name="billing_accounts")
    is_default = models.BooleanField(default=True)
    name = models.CharField(_("name on the invoice"), max_length=120)
    tax_number = models.CharField(_("tax number"), max_length=40, blank=True)
    email = models.EmailField(_("address for invoices"), blank=True)
    time_zone = models.CharField(max_length=40, default=platform_zone)
    profile = models.CharField(
        max_length=10, choices=[("literal", "literal"), ("default", "default")], default="default"
    )
    state = models.CharField(max_length=12, choices=SUBSCRIPTION.choices, default=SUBSCRIPTION.initial)
    state_since = models.DateTimeField()
    stage = models.PositiveSmallIntegerField(default=0)
    past_due_since = models.DateTimeField(null=True)
    trial_ends_at = models.DateTimeField(null=True)
    read_only_agreed_by = models.CharField(max_length=80, blank=True)
    collection = models.CharField(max_length=24, choices=Collection.choices, default=Collection.AUTOMATIC)
    stripe_customer = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  # unique where it is known
    payment_method = models.JSONField(default=dict)
    sync_serial = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain"], condition=Q(is_default=True), name="billing_one_default_per_chain"
            ),
            SUBSCRIPTION.constraint("billing_account_state"),
        ]


class TenantBillingOverride(models.Model):
    """A tenant that pays for itself."""

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="billing_override")
    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="overrides")


class Subscription(models.Model):
    """The mirror of the account's subscription at Stripe.

    ``items`` is a list of ``{"id", "lookup_key", "price", "quantity"}``; ``stamp`` is the moment of the newest event
    that was applied (older ones are ignored).
    """

    account = models.OneToOneField(BillingAccount, on_delete=models.CASCADE, related_name="subscription")
    stripe_id = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=24)
    plan = models.CharField(max_length=20)
    interval = models.CharField(max_length=8, choices=Interval.choices)
    items = models.JSONField(default=list)
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    trial_end = models.DateTimeField(null=True)
    cancel_at = models.DateTimeField(null=True)
    stamp = models.DateTimeField()


class PublishedPrice(models.Model):
    """Which position a price of Stripe stands for. Old prices stay, so that old invoices can be explained."""

    stripe_id = models.CharField(max_length=64, unique=True)
    lookup_key = models.CharField(max_length=80)


class InvoiceMirror(CodeModel):
    """The mirror of an invoice. ``lines`` keeps what each line said, for the explanation.

    ``failed_at`` is the first failed charge; ``failure`` the bank's reason as a code.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="invoices")
    stripe_id = models.CharField(max_length=64, unique=True)
    subscription_id_at_stripe = models.CharField(max_length=64, blank=True)
    number = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=16)
    reason = models.CharField(max_length=32, blank=True)
    collection = models.CharField(max_length=24, choices=Collection.choices, default=Collection.AUTOMATIC)
    total_fen = models.BigIntegerField(default=0)
    paid_fen = models.BigIntegerField(default=0)
    remaining_fen = models.BigIntegerField(default=0)
    lines = models.JSONField(default=list)
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=60, blank=True)
    hosted_url = models.URLField(max_length=500, blank=True)
    pdf_url = models.URLField(max_length=500, blank=True)
    stamp = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "-issued_at"], name="billing_invoice_newest")]


class WebhookEvent(models.Model):
    """An event as Stripe sent it, stored before it is acknowledged and worked on afterwards."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("given up")

    class Outcome(models.TextChoices):
        APPLIED = "applied", _("applied")
        OLDER = "older", _("older than what is known")
        REREAD = "reread", _("order unclear, read again at Stripe")
        UNKNOWN_ACCOUNT = "unknown_account", _("no such account here")
        UNKNOWN_TYPE = "unknown_type", _("nothing to do")

    event_id = models.CharField(max_length=80, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=80, blank=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    raw = models.TextField()
    account = models.ForeignKey(BillingAccount, on_delete=models.SET_NULL, null=True, related_name="events")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="billing_event_waiting"),
        ]


class StateChange(CodeModel):
    """One move of an account, and what caused it (an event's id, the clock, a person)."""

    APPEND_ONLY = True

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="changes")
    source = models.CharField(max_length=12)
    target = models.CharField(max_length=12)
    cause = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]


class Allotment(models.Model):
    """How much of what an account orders goes to which tenant. ``key`` is ``site``, ``seat:METER`` or ``vertical:KEY``.

    A reduction counts at the end of the period that was paid: until ``later_at`` the tenant keeps ``quantity``, then
    ``later`` takes its place.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="allotments")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=60)
    quantity = models.PositiveIntegerField()
    later = models.PositiveIntegerField(null=True)
    later_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "tenant", "key"], name="billing_allotment_once")]


class PlanChange(CodeModel):
    """A change of the subscription that somebody confirmed. It is carried out at Stripe after the transaction, with
    keys made from ``code``, so that a crash in between repeats it without doing it twice.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("refused")

    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="plan_changes")
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField()
    wanted = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(state="waiting"), name="billing_one_change_at_a_time"
            ),
        ]


class UsageDay(models.Model):
    """What a tenant consumed of a meter on one day of the account's zone, and when Stripe was told."""

    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="usage")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    meter = models.CharField(max_length=40)
    day = models.DateField()
    quantity = models.PositiveBigIntegerField()
    reported_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "meter", "day"], name="billing_usage_once")]


class BillingDeadline(models.Model):
    """Something that falls due for an account, found by the tick. One row per account, kind and ``ref``."""

    class Kind(models.TextChoices):
        TRIAL_END = "trial_end", _("the trial ends")
        TRIAL_REMINDER = "trial_reminder", _("the trial ends soon")
        STAGE = "stage", _("next step of the ladder")
        INVOICE_DUE = "invoice_due", _("an invoice is due")
        ALLOT = "allot", _("a reduction counts")
        COPY = "copy", _("entitlements are to be copied")
        CHANGE = "change", _("a change is to be carried out")
        USAGE = "usage", _("usage is to be reported")

    account = models.ForeignKey(BillingAccount, on_delete=models.CASCADE, related_name="deadlines")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    ref = models.CharField(max_length=80, blank=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind", "ref"], name="billing_deadline_once")]
        indexes = [models.Index(fields=["due_at"], name="billing_deadline_when")]
