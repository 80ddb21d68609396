"""The settings that this room's way of signing in relies on; the composition root takes them over as they are."""

from __future__ import annotations

import os

AUTHENTICATION_BACKENDS = ["kernel.identity.backends.SignInBackend"]
SESSION_ENGINE = "kernel.identity.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_SAVE_EVERY_REQUEST = False

ACCOUNT_ADAPTER = "kernel.identity.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "kernel.identity.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
# Passwords and codes are counted by kernel.limits, inside the store and without a lock that could run out. What is left
# to allauth are repeated posts of its own pages, per person.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "5/900s/key", "reauthenticate": "30/5m/user"}

MFA_ADAPTER = "kernel.identity.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "kernel.identity.forms.SecondFactorForm",
    "reauthenticate": "kernel.identity.forms.ConfirmByCodeForm",
    "activate_totp": "kernel.identity.forms.SetUpAuthenticatorForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off; each code is good once all the same
MFA_ALLOW_UNVERIFIED_EMAIL = True

# Apps carry a token for a working day and a night; whoever holds the phone then signs in again.
DEVICE_TOKEN_HOURS = int(os.environ.get("DEVICE_TOKEN_HOURS", "24"))
# At a desk where somebody signed in in full, a PIN or badge lets them back in for one working day.
DESK_VISIT_HOURS = 14
# How many proxies of our own stand before the web process and append to X-Forwarded-For.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))

# Called with ``by`` and ``language`` when somebody who is signed in switches the language.
REMEMBER_LANGUAGE = "kernel.identity.actions.change_language"
