"""The public directory: chains, their tenants, the hosts they answer on, and which verticals are switched on."""

from __future__ import annotations

import re
import secrets

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from kernel.ids import CodeModel

# What a tenant cannot be called: names of our own hosts, and of things that are no tenant in the database.
RESERVED_SLUGS = frozenset(
    {
        *("www", "api", "admin", "ops", "static", "media", "mail", "app", "auth", "login", "billing", "status"),
        *("hq", "public", "platform", "ext", "pg", "template", "localhost", "support", "help", "docs", "demo", "test"),
    }
)
SLUG = r"^[a-z][a-z0-9]{1,29}$"
slug_shape = RegexValidator(SLUG, _("Use 2 to 30 lower-case letters and digits, a letter first."))


def is_slug(text: str) -> bool:
    """Has ``text`` the shape of a subdomain?"""
    return re.match(SLUG, text) is not None


def new_salt() -> bytes:
    """Random bytes from which a tenant's keys are derived; deleting them shreds its encrypted fields."""
    return secrets.token_bytes(32)


class Chain(CodeModel):
    """A group of tenants under one headquarters. Billing belongs to it."""

    name = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField()


class Tenant(TenantMixin, CodeModel):
    """A business with a schema, a database role and a subdomain of its own."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning", _("being set up")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="tenants")
    slug = models.CharField(max_length=30, unique=True, validators=[slug_shape])
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20)
    database_role = models.CharField(max_length=63, unique=True)
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    language = models.CharField(max_length=10, default="zh-hans")
    profile = models.CharField(
        max_length=10, choices=[("literal", "literal"), ("default", "default")], default="default"
    )
    state = models.CharField(max_length=15, choices=State.choices, default=State.PROVISIONING)
    billing_state = models.CharField(max_length=12, default="active")
    key_salt = models.BinaryField(default=new_salt)
    created_at = models.DateTimeField()

    auto_create_schema = False  # a job provisions, with progress; saving a row never migrates
    auto_drop_schema = False


class Domain(DomainMixin, models.Model):
    """A host name that leads to a tenant: its subdomain or a custom domain."""


class VerticalActivation(models.Model):
    """A vertical's switch for one tenant. Off keeps the data."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="activations")
    vertical = models.CharField(max_length=30)
    active = models.BooleanField(default=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "vertical"], name="activation_once")]


class SchemaStatus(models.Model):
    """Which migrations a schema stands at ("public" has a row too). Nobody is asked in a loop who is behind."""

    class State(models.TextChoices):
        CURRENT = "current", _("up to date")
        FAILED = "failed", _("migration failed")

    schema_name = models.CharField(max_length=63, unique=True)
    migrations_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CURRENT)
    error = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField()


class SchemaBlueprint(models.Model):
    """The SQL that builds an empty tenant schema, stored per hash of all migrations."""

    migrations_hash = models.CharField(max_length=64, unique=True)
    # Each migration in it ("app.name") and a digest of its source.
    sources = models.JSONField()
    sql = models.TextField()
    recorded_at = models.DateTimeField()


class ProvisioningJob(CodeModel):
    """Setting up a tenant, step by step; it may be resumed after any failure."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="jobs")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    steps_done = models.JSONField(default=list)
    # What the steps need and the tenant's row does not hold; whoever is invited is forgotten here once invited.
    options = models.JSONField(default=dict)
    # Milliseconds that each finished step took.
    timings = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    requested_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()


class TenantVitals(models.Model):
    """What the operators may know of a tenant: sizes, counts and ages, never a name. Measured inside the tenant."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="vitals")
    schema_bytes = models.BigIntegerField(default=0)
    people = models.IntegerField(default=0)
    last_activity_at = models.DateTimeField(null=True)
    dead_events = models.IntegerField(default=0)
    dead_timers = models.IntegerField(default=0)
    measured_at = models.DateTimeField()


class LifeSpan(models.Model):
    """A stretch of time in which the deployment gave signs of life without a silence between them."""

    began_at = models.DateTimeField(unique=True)
    last_at = models.DateTimeField()
    # The last sign by the real clock: a clock that somebody moves (demo, tests of a deployment) makes no silence.
    real_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(last_at__gte=models.F("began_at")), name="tenants_life_in_order")
        ]


class AuditAnchor(models.Model):
    """The newest seal of a tenant's audit, kept where the tenant cannot reach it: a chain that was cut off shows."""

    APPEND_ONLY = True

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="anchors")
    number = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="audit_anchor_once")]


class SignUpRequest(CodeModel):
    """Somebody wants to become a tenant. The contact is forgotten some time after the decision."""

    class State(models.TextChoices):
        OPEN = "open", _("waiting for a decision")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")

    company = models.CharField(max_length=80)
    slug = models.CharField(max_length=30, validators=[slug_shape])
    kind = models.CharField(max_length=20)
    verticals = models.JSONField(default=list)
    language = models.CharField(max_length=10, default="zh-hans")
    contact_name = models.CharField(max_length=80, blank=True)
    contact_mail = models.EmailField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    job = models.OneToOneField(ProvisioningJob, on_delete=models.SET_NULL, null=True, related_name="sign_up")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Two people cannot wait for the same subdomain.
            models.UniqueConstraint(fields=["slug"], condition=models.Q(state="open"), name="sign_up_slug_once"),
        ]
