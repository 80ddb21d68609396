"""People who sign in, what they may do, and the proofs they hold. All of it lives in the tenant's schema."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from kernel import registry
from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.identity.usernames import USERNAME_LENGTH, normalise_username, valid_username
from kernel.ids import CodeModel, VersionedModel


class UserManager(BaseUserManager["User"]):
    """Finds people by the one spelling of their user name."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=normalise_username(username or ""))

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """A person without any role. Used by seeds and tests; people are invited through ``actions``."""
        user = self.model(username=normalise_username(username), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, IndexedModel, VersionedModel):
    """A person who signs in to one tenant.

    ``session_epoch`` is raised to end every session and token of the person at once; ``access_stamp`` is renewed with
    every change of what the person may do, so that grants can be remembered without asking the database again.
    """

    # Django would keep it with a clock of its own; signed_in_at stands in its place.
    last_login = None

    username = models.CharField(
        _("user name"),
        max_length=USERNAME_LENGTH,
        unique=True,
        validators=[valid_username],
        error_messages={"unique": _("This user name is already in use.")},
    )
    display_name = models.CharField(_("name"), max_length=80)
    language = models.CharField(_("language"), max_length=12, blank=True, default="")
    # A work address, shown to colleagues; it stays readable so that a forgotten password can find it.
    email = models.EmailField(_("e-mail"), blank=True, default="")
    phone = EncryptedTextField(_("phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")

    # For changing over quickly at a registered desk; neither opens anything elsewhere.
    pin = models.CharField(max_length=128, blank=True, default="")
    badge_hash = models.CharField(max_length=64, blank=True, default="")

    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    session_epoch = models.PositiveIntegerField(default=1)
    access_stamp = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(null=True)
    signed_in_at = models.DateTimeField(null=True)
    deactivated_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="identity_user_email"),
            models.UniqueConstraint(fields=["badge_hash"], condition=~Q(badge_hash=""), name="identity_user_badge"),
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(deactivated_at__isnull=False), name="identity_user_deactivated_when"
            ),
        ]
        indexes = [models.Index(fields=["is_active", "display_name"], name="identity_user_list")]

    def __str__(self) -> str:
        return self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        return normalise_username(username) if isinstance(username, str) else username

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Role(VersionedModel):
    """A bundle of permission words. Declared roles come from the rooms; a tenant may edit them and add its own."""

    slug = models.SlugField(max_length=60, unique=True)
    # Empty for a declared role that keeps the (translated) name of its declaration.
    name = models.CharField(_("name"), max_length=80, blank=True, default="")
    requires_mfa = models.BooleanField(_("second factor required"), default=False)
    # The room that declared it; empty for a role that the tenant made itself.
    room = models.CharField(max_length=40, blank=True, default="")
    edited = models.BooleanField(default=False)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        if self.name:
            return self.name
        spec = registry_role(self.slug)
        return str(spec.label) if spec else self.slug


def registry_role(slug: str) -> registry.RoleSpec | None:
    """The declaration of a role in this build, if there is one."""
    return next((spec for room in registry.rooms() for spec in room.roles if spec.slug == slug), None)


class RolePermission(models.Model):
    """One word of a role. ``granted`` False remembers that a tenant took a declared word away."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="permissions")
    word = models.CharField(max_length=80)
    granted = models.BooleanField(default=True)
    edited = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "word"], name="identity_role_word")]

    def __str__(self) -> str:
        return self.word


class RoleAssignment(CodeModel):
    """A role held by a person, at one site or (without ``site_code``) everywhere, between two moments in UTC."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assignments")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    site_code = models.UUIDField(null=True, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="identity_assignment_order"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "site_code"],
                condition=Q(ends_at__isnull=True),
                nulls_distinct=False,
                name="identity_assignment_open",
            ),
        ]
        indexes = [models.Index(fields=["role", "ends_at"], name="identity_assignment_role")]


class Deputy(CodeModel):
    """Somebody stands in for somebody else in one role, from ``starts_at`` until ``ends_at`` (UTC), for a reason."""

    principal = models.ForeignKey(User, on_delete=models.CASCADE, related_name="deputies")
    deputy = models.ForeignKey(User, on_delete=models.CASCADE, related_name="stands_in_for")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    appointed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(principal=F("deputy")), name="identity_deputy_is_another"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="identity_deputy_order"),
        ]
        indexes = [models.Index(fields=["deputy", "ends_at"], name="identity_deputy_now")]


class Invitation(CodeModel):
    """An offer of an account. The link's token is not stored, only its hash under the tenant's own salt."""

    username = models.CharField(max_length=USERNAME_LENGTH, validators=[valid_username])
    display_name = models.CharField(max_length=80)
    email = models.EmailField(blank=True, default="")
    role = models.ForeignKey(Role, null=True, on_delete=models.SET_NULL, related_name="+")
    site_code = models.UUIDField(null=True, blank=True)
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    user = models.OneToOneField(User, null=True, on_delete=models.SET_NULL, related_name="invitation")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["username"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="identity_invitation_open",
            ),
        ]


class PasswordResetLink(CodeModel):
    """A way back in for somebody who forgot the password: valid once, for a short while."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reset_links")
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "used_at"], name="identity_reset_user")]


class Desk(CodeModel):
    """A computer that several people share: registered once, known by a cookie of which only the hash stands here."""

    name = models.CharField(_("name"), max_length=80)
    site_code = models.UUIDField(null=True, blank=True)
    token_hash = models.CharField(max_length=64)
    registered_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class DeskVisit(models.Model):
    """A full sign-in at a desk. For the rest of the working day a PIN or badge lets the person back in there."""

    desk = models.ForeignKey(Desk, on_delete=models.CASCADE, related_name="visits")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="desk_visits")
    session_epoch = models.PositiveIntegerField()
    second_factor = models.BooleanField(default=False)
    signed_in_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "user"], name="identity_desk_visit")]


class Draft(CodeModel):
    """What a person typed into a long form and has not sent yet: sealed, one per form, gone after the working day."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    form = models.CharField(max_length=120)
    content = EncryptedTextField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "form"], name="identity_draft_once"),
            models.CheckConstraint(condition=~Q(form=""), name="identity_draft_of_a_form"),
        ]
        indexes = [models.Index(fields=["written_at"], name="identity_draft_age")]


class Session(AbstractBaseSession):
    """A browser's session. ``session_key`` holds the SHA-256 of the cookie's value, never the value itself."""

    session_key = models.CharField(max_length=64, primary_key=True)
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    desk = models.ForeignKey(Desk, null=True, on_delete=models.CASCADE, related_name="sessions")
    device = models.CharField(max_length=120, blank=True, default="")
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta(AbstractBaseSession.Meta):
        indexes = [models.Index(fields=["user", "-seen_at"], name="identity_session_user")]


class DeviceToken(CodeModel):
    """A bearer token of an app. The full token is shown once; here stand its prefix and a SHA-256 of the rest."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="device_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    session_epoch = models.PositiveIntegerField()
    second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "revoked_at"], name="identity_token_user")]

    def __str__(self) -> str:
        return self.prefix
