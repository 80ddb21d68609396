"""Pages of everybody's own account: security, password, invitation, and the demo's quick way in."""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from allauth.mfa.totp.views import ActivateTOTPView
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kernel import limits
from kernel.context import Actor
from kernel.errors import LimitReached, Malformed
from kernel.identity import actions, desks, drafts, selectors, sessions, sign_in
from kernel.identity.forms import ChangeOverForm, ChangePasswordForm, ForgottenPasswordForm, NewPasswordForm, PinForm
from kernel.identity.models import User
from kernel.identity.standing import standing_of
from kernel.identity.usernames import normalise_username
from kernel.limits import Limit
from kernel.web.views import flash, next_path, page, public_page, redirect_after_post, render_page

OWN = "everybody looks after their own account"
RESETS_PER_ADDRESS = Limit("reset-address", 30, 3600)
RESETS_PER_MAIL = Limit("reset-mail", 3, 3600)
# One person types into one form; a program that writes without end is stopped.
DRAFTS = Limit("drafts", 240, 300)
LINKS_PER_ADDRESS = Limit("link-address", 60, 600)


class SetUpAuthenticator(ActivateTOTPView):
    """Sets up the authenticator app; the first code also counts as this session's second factor."""

    def form_valid(self, form: object) -> HttpResponse:
        response = super().form_valid(form)
        sign_in.confirm(self.request, second_factor=True)
        return response


@page(permission=None, reason=OWN)
def security(request: HttpRequest) -> HttpResponse:
    """Password, second factor, open sessions and app tokens."""
    user = _person(request)
    context = {
        "has_second_factor": sign_in.has_second_factor(user),
        "needs_second_factor": standing_of(user).needs_second_factor,
        "sessions": selectors.own_sessions(user),
        "present": sessions.session_code(sessions.row_key(request.session.session_key or "")),
        "tokens": selectors.device_tokens(user),
    }
    return render_page(request, "identity/security.html", context)


@page(permission=None, reason=OWN, methods=("POST",))
def end_session(request: HttpRequest, code: UUID) -> HttpResponse:
    """Sign out on another device."""
    actions.end_own_session(by=request.actor, session=selectors.access_own_session(request.actor, code))
    flash(request, _("Signed out there"))
    return redirect_after_post(request, "mfa_index")


@page(permission=None, reason=OWN, methods=("POST",))
def revoke_token(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take an app's access away."""
    actions.revoke_device_token(by=request.actor, token=selectors.access_device_token(request.actor, code))
    flash(request, _("Access revoked"))
    return redirect_after_post(request, "mfa_index")


@page(permission=None, reason=OWN, methods=("GET", "POST"))
def change_password(request: HttpRequest) -> HttpResponse:
    """Choose a new password; every other device is signed out."""
    user = _person(request)
    form = ChangePasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        changed = actions.change_password(by=request.actor, user=user, password=form.cleaned_data["password1"])
        # The action ended every session, this one too: go on under a new key.
        update_session_auth_hash(request, changed)
        request.session[sessions.EPOCH] = changed.session_epoch
        request.user = changed
        flash(request, _("Password changed. All other devices are signed out."))
        return redirect_after_post(request, "mfa_index")
    return render_page(
        request, "identity/change_password.html", {"form": form, "forced": user.must_change_password}, invalid=form
    )


@public_page(reason="whoever forgot the password cannot sign in", methods=("GET", "POST"))
def forgotten_password(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail. The answer is the same whether or not anybody has this address."""
    form = ForgottenPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        limits.consume((RESETS_PER_ADDRESS, sign_in.client_address(request)))
        try:
            limits.consume((RESETS_PER_MAIL, email))
            actions.ask_for_password_reset(by=Actor.public("password-reset"), email=email)
        except LimitReached:
            pass  # Said nothing about: it would tell that somebody else asked for this address.
        return render_page(request, "identity/reset_asked.html", {"email": email})
    return render_page(request, "identity/forgotten_password.html", {"form": form}, invalid=form)


@public_page(reason="the link from the mail is the proof", methods=("GET", "POST"))
def reset_password(request: HttpRequest, code: UUID, token: str) -> HttpResponse:
    """Choose a new password by the link from the mail."""
    limits.consume((LINKS_PER_ADDRESS, sign_in.client_address(request)))
    link = selectors.open_reset_link(code, token)
    form = NewPasswordForm(request.POST or None, user=link.user)
    if request.method == "POST" and form.is_valid():
        actions.reset_password(
            by=Actor.public("password-reset"), code=code, token=token, password=form.cleaned_data["password1"]
        )
        flash(request, _("Password changed. Please sign in with the new one."))
        return redirect_after_post(request, "account_login")
    return render_page(request, "identity/reset_password.html", {"form": form, "person": link.user}, invalid=form)


@public_page(reason="the link of the invitation is the proof", methods=("GET", "POST"))
def accept_invitation(request: HttpRequest, code: UUID, token: str) -> HttpResponse:
    """Choose a password and begin."""
    limits.consume((LINKS_PER_ADDRESS, sign_in.client_address(request)))
    invitation = selectors.open_invitation(code, token)
    newcomer = User(username=invitation.username, display_name=invitation.display_name, email=invitation.email)
    form = NewPasswordForm(request.POST or None, user=newcomer)
    if request.method == "POST" and form.is_valid():
        user = actions.accept_invitation(
            by=Actor.public("invitation"),
            code=code,
            token=token,
            password=form.cleaned_data["password1"],
            language=request.LANGUAGE_CODE,
        )
        sign_in.sign_in(request, user, second_factor=False)
        flash(request, _("Welcome, %(name)s") % {"name": user.display_name})
        return redirect_after_post(request, "/")
    return render_page(
        request, "identity/accept_invitation.html", {"form": form, "invitation": invitation}, invalid=form
    )


@public_page(reason="a registered desk is where people of this tenant change over", methods=("GET", "POST"))
def desk(request: HttpRequest) -> HttpResponse:
    """Change over at a shared desk: choose who goes on, and prove it by PIN or badge."""
    here = desks.desk_of(request)
    if here is None:
        return redirect_after_post(request, "account_login")
    chosen = request.GET.get("who") or getattr(request.user, "username", "")
    form = ChangeOverForm(request.POST or None, initial={"who": chosen})
    if request.method == "POST" and form.is_valid():
        visit = desks.check_change_over(here, **form.cleaned_data)
        if visit is not None:
            sign_in.change_over(request, visit)
            return redirect_after_post(request, next_path(request))
        form.add_error(None, _("Not right. After five tries, or on another day, please sign in with your password."))
    context = {"form": form, "desk": here, "people": desks.people_at(here)[:12], "next": next_path(request, "")}
    return render_page(request, "identity/desk.html", context, invalid=form)


@page(permission=None, reason=OWN, methods=("POST",))
def lock_desk(request: HttpRequest) -> HttpResponse:
    """Lock the shared desk at once, before going away."""
    if sessions.DESK not in request.session:
        return redirect_after_post(request, "/")
    request.session[sessions.SEEN] = 0
    return redirect_after_post(request, f"{reverse('account_desk')}?{urlencode({'next': next_path(request)})}")


@page(permission=None, reason=OWN, methods=("POST",))
def still_working(request: HttpRequest) -> HttpResponse:
    """Somebody types or reads at a shared desk; the request itself keeps it open."""
    return HttpResponse(status=204)


@page(permission=None, reason=OWN, methods=("GET", "POST"))
def draft(request: HttpRequest) -> HttpResponse:
    """What the person typed into a long form. POST keeps it, or forgets it where nothing is left; the browser asks by itself.

    The page says for whom it was drawn: after somebody else changed over at the desk it keeps nothing under their name.
    """
    if request.method == "GET":
        kept = drafts.draft_of(request.actor, request.GET.get("form", ""))
        return JsonResponse({"values": kept.values, "at": kept.written_at.isoformat()} if kept is not None else {})
    form, content = request.POST.get("form", ""), request.POST.get("content", "")
    person = request.POST.get("person", "")
    if content:
        limits.consume((DRAFTS, str(request.actor.code)))
        drafts.keep_draft(by=request.actor, person=person, form=form, content=content)
    else:
        drafts.forget_draft(by=request.actor, person=person, form=form)
    return HttpResponse(status=204)


@page(permission=None, reason=OWN, methods=("GET", "POST"))
def choose_pin(request: HttpRequest) -> HttpResponse:
    """Choose or remove the PIN for shared desks."""
    sign_in.require_recent_authentication(request, by_pin=False)
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_pin(by=request.actor, user=_person(request), pin=form.cleaned_data["pin"])
        except Malformed as refusal:
            form.add_error("pin", str(refusal.message))
        else:
            flash(request, _("PIN stored") if form.cleaned_data["pin"] else _("PIN removed"))
            return redirect_after_post(request, "mfa_index")
    return render_page(request, "identity/pin.html", {"form": form}, invalid=form)


@public_page(reason="the demo's quick way in; it does not exist in production", methods=("GET", "POST"))
def demo(request: HttpRequest) -> HttpResponse:
    """The demo's cast by role; one click signs in, second factor included."""
    if not settings.DEMO:
        raise Http404
    cast = selectors.demo_cast()
    if request.method == "POST":
        wanted = normalise_username(request.POST.get("username", ""))
        person = selectors.user_by_username(wanted) if wanted in {member.username for member in cast} else None
        if person is None or not person.is_active:
            raise Http404
        sign_in.sign_in(request, person, second_factor=True)
        return redirect_after_post(request, "/")
    roles = [(label, list(members)) for label, members in groupby(cast, key=lambda member: member.role_label)]
    return render_page(request, "identity/demo.html", {"roles": roles})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
