"""Forms of the sign-in pages and of the administration of people."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from allauth.core import context as allauth_context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel.errors import LimitReached
from kernel.identity import audit_notes, selectors, sign_in
from kernel.identity.models import Role, User
from kernel.identity.usernames import USERNAME_LENGTH, normalise_username, valid_username


class SignInForm(LoginForm):
    """User name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("User name")
        login.widget.attrs = {
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": True,
        }
        password.help_text = ""
        password.widget.attrs = {"autocomplete": "current-password"}


def _code_field() -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True})
    return forms.CharField(label=_("Code"), widget=widget, max_length=16)


class _CodeMixin:
    """Checks a code under our limits; each code is good once."""

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]  # type: ignore[attr-defined]
        try:
            authenticator = sign_in.check_second_factor(self.user, code)  # type: ignore[attr-defined]
        except LimitReached as refusal:
            audit_notes.sign_in_refused(self.user, why=refusal.code)  # type: ignore[attr-defined]
            raise ValidationError(_("Too many wrong codes. Please wait and try again."), code="limit_reached") from None
        if authenticator is None:
            audit_notes.sign_in_refused(self.user, why="wrong_code")  # type: ignore[attr-defined]
            raise ValidationError(
                _("This code is not valid or was already used. Please wait for the next one."), code="incorrect_code"
            )
        self.authenticator = authenticator
        return code


class SecondFactorForm(_CodeMixin, AuthenticateForm):
    """The second step of a sign-in: a code of the app or a recovery code."""

    code = _code_field()


class ConfirmByCodeForm(_CodeMixin, ReauthenticateForm):
    """The same code, given again before a signature."""

    code = _code_field()


class SetUpAuthenticatorForm(ActivateTOTPForm):
    """The first code of a new authenticator app."""

    code = _code_field()


class NewPasswordForm(forms.Form):
    """A password chosen twice, measured against the rules for this person."""

    password1 = forms.CharField(
        label=_("New password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    password2 = forms.CharField(
        label=_("New password again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = " ".join(password_validators_help_texts())

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password1") and data.get("password2") and data["password1"] != data["password2"]:
            self.add_error("password2", _("The two passwords differ."))
        return data


class ChangePasswordForm(NewPasswordForm):
    """The present password, then the new one twice."""

    password = forms.CharField(
        label=_("Present password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    field_order = ("password", "password1", "password2")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        try:
            right = sign_in.check_password(allauth_context.request, self.user.username, password)
        except LimitReached:
            raise ValidationError(_("Too many tries. Please wait and try again."), code="limit_reached") from None
        if right is None:
            raise ValidationError(_("This is not your present password."), code="incorrect_password")
        return password


def _role_choices() -> list[tuple[str, str]]:
    return [(role.slug, role.label) for role in selectors.assignable_roles()]


def _site_choices() -> list[tuple[str, str]]:
    return [("", str(_("All sites"))), *((str(code), name) for code, name in selectors.site_choices())]


class PinForm(forms.Form):
    """A PIN for shared desks; empty removes it."""

    pin = forms.CharField(
        label=_("PIN"),
        required=False,
        max_length=8,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True}),
        help_text=_("4 to 8 digits. Leave it empty to remove the PIN."),
    )


class ChangeOverForm(forms.Form):
    """Who goes on at the desk: a user name with its PIN, or a badge that is read in."""

    who = forms.CharField(label=_("User name or badge"), max_length=120)
    pin = forms.CharField(
        label=_("PIN"),
        required=False,
        max_length=8,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].widget.attrs = {"autocapitalize": "none", "autocomplete": "off", "data-scan": ""}
        first = self.fields["pin" if self.initial.get("who") else "who"]
        first.widget.attrs["autofocus"] = True


class DeskForm(forms.Form):
    """The computer in front of which the administrator sits."""

    name = forms.CharField(label=_("Name of the desk"), max_length=80)
    site_code = forms.TypedChoiceField(
        label=_("Site"), choices=_site_choices, required=False, coerce=selectors.code_or_none, empty_value=None
    )


class BadgeForm(forms.Form):
    """The number that the reader types; empty takes the badge back."""

    badge = forms.CharField(label=_("Badge"), max_length=80, required=False)


class ForgottenPasswordForm(forms.Form):
    """The work address that the way back in is sent to."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )


class RoleForm(forms.Form):
    """A role and the site it holds at."""

    role = forms.ChoiceField(label=_("Role"), choices=_role_choices)
    site_code = forms.TypedChoiceField(
        label=_("Site"), choices=_site_choices, required=False, coerce=selectors.code_or_none, empty_value=None
    )

    def clean_role(self) -> Role:
        return selectors.role_by_slug(self.cleaned_data["role"])


class InvitationForm(RoleForm):
    """Whom to invite, as what, and where."""

    display_name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autofocus": True}))
    username = forms.CharField(
        label=_("User name"), max_length=USERNAME_LENGTH, widget=forms.TextInput(attrs={"autocapitalize": "none"})
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("Without an address you hand over the link yourself.")
    )
    field_order = ("display_name", "username", "email", "role", "site_code")

    def clean_username(self) -> str:
        username = normalise_username(self.cleaned_data["username"])
        valid_username(username)
        return username


class PersonForm(forms.Form):
    """What an administrator may correct about a person."""

    display_name = forms.CharField(label=_("Name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=20, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why somebody's account is closed."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class DeputyForm(forms.Form):
    """Who stands in for whom, in which role, how long and why."""

    principal = forms.ChoiceField(label=_("Absent person"), choices=lambda: selectors.people_choices())
    deputy = forms.ChoiceField(label=_("Deputy"), choices=lambda: selectors.people_choices())
    role = forms.ChoiceField(label=_("Role"), choices=_role_choices)
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", _("The last day lies before the first one."))
        return data


class DeviceTokenForm(forms.Form):
    """What the token is for."""

    name = forms.CharField(label=_("Name of the device or app"), max_length=80)
