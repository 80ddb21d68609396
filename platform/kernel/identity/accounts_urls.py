"""``/accounts/``: signing in and out, second factor, password, invitation. allauth's views carry allauth's names."""

from allauth.account import views as allauth_account
from allauth.mfa.base import views as allauth_mfa
from allauth.mfa.recovery_codes import views as allauth_codes
from allauth.mfa.totp import views as allauth_totp
from django.urls import path

from kernel.identity.web import account

urlpatterns = [
    path("login/", allauth_account.login, name="account_login"),
    path("logout/", allauth_account.logout, name="account_logout"),
    path("reauthenticate/", allauth_account.reauthenticate, name="account_reauthenticate"),
    path("second-factor/", allauth_mfa.authenticate, name="mfa_authenticate"),
    path("second-factor/confirm/", allauth_mfa.reauthenticate, name="mfa_reauthenticate"),
    path("second-factor/set-up/", account.SetUpAuthenticator.as_view(), name="mfa_activate_totp"),
    path("second-factor/remove/", allauth_totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("second-factor/recovery-codes/", allauth_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "second-factor/recovery-codes/new/", allauth_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path(
        "second-factor/recovery-codes/file/", allauth_codes.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
    path("security/", account.security, name="mfa_index"),
    path("sessions/<uuid:code>/end/", account.end_session, name="account_end_session"),
    path("tokens/<uuid:code>/revoke/", account.revoke_token, name="account_revoke_token"),
    path("password/change/", account.change_password, name="account_change_password"),
    path("password/reset/", account.forgotten_password, name="account_reset_password"),
    path("password/reset/<uuid:code>/<str:token>/", account.reset_password, name="account_reset_password_from_link"),
    path("invitation/<uuid:code>/<str:token>/", account.accept_invitation, name="account_invitation"),
    path("desk/", account.desk, name="account_desk"),
    path("desk/lock/", account.lock_desk, name="account_desk_lock"),
    path("desk/working/", account.still_working, name="account_desk_working"),
    path("drafts/", account.draft, name="account_draft"),
    path("pin/", account.choose_pin, name="account_pin"),
    path("demo/", account.demo, name="account_demo"),
]
