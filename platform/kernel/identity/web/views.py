"""Administration of people: who works here, what they may do, who stands in for whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import access, clock, registry, tenancy
from kernel.errors import DomainError, Malformed, NotFound
from kernel.identity import actions, selectors, sign_in
from kernel.identity import desks as shared_desks
from kernel.identity.forms import BadgeForm, DeputyForm, DeskForm, InvitationForm, PersonForm, ReasonForm, RoleForm
from kernel.identity.models import Deputy, Role, RoleAssignment, User
from kernel.web.views import flash, page, redirect_after_post, render_page

VIEW = "identity.view_users"
MANAGE = "identity.manage_users"
ASSIGN = "identity.assign_roles"
EDIT = "identity.edit_roles"
DEPUTY = "identity.appoint_deputy"
PER_PAGE = 50
STATES = {"active": True, "closed": False, "all": None}


@page(permission=VIEW)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who works here, with roles, and the invitations nobody answered yet."""
    search, role, state = (request.GET.get(name, "") for name in ("q", "role", "state"))
    found = selectors.people(search=search, role=role, active=STATES.get(state, True))
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "people": shown,
        "search": search,
        "role": role,
        "state": state or "active",
        "roles": selectors.roles(),
        "sites": dict(selectors.site_choices()),
        "invitations": selectors.open_invitations() if request.actor.can(MANAGE) else [],
        "now": clock.now(),
    }
    return render_page(request, "identity/people.html", context)


@page(permission=MANAGE, methods=("GET", "POST"))
def invite(request: HttpRequest) -> HttpResponse:
    """Offer somebody an account; the link is shown once for handing over."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        sign_in.require_recent_authentication(request, second_factor=True)
        try:
            invitation, link = actions.invite_user(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            _into(form, error)
        else:
            return render_page(request, "identity/invited.html", {"invitation": invitation, "link": link})
    return render_page(request, "identity/invite.html", {"form": form}, invalid=form)


@page(permission=MANAGE, methods=("POST",))
def renew_invitation(request: HttpRequest, code: UUID) -> HttpResponse:
    """Send an invitation again with a new link."""
    invitation = selectors.access_invitation(request.actor, code)
    link = actions.renew_invitation(by=request.actor, invitation=invitation)
    return render_page(request, "identity/invited.html", {"invitation": invitation, "link": link})


@page(permission=MANAGE, methods=("POST",))
def withdraw_invitation(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take an invitation back."""
    actions.withdraw_invitation(by=request.actor, invitation=selectors.access_invitation(request.actor, code))
    flash(request, _("Invitation withdrawn"))
    return redirect_after_post(request, "identity:people")


@page(permission={"GET": VIEW, "POST": MANAGE}, methods=("GET", "POST"))
def person(request: HttpRequest, code: UUID) -> HttpResponse:
    """One person: data, roles, deputies, proofs."""
    user = selectors.access_user(request.actor, code)
    initial = {"display_name": user.display_name, "email": user.email, "phone": user.phone, "version": user.version}
    form = PersonForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct_user(by=request.actor, user=user, **form.cleaned_data)
        except DomainError as error:
            _into(form, error)
        else:
            flash(request, _("Saved"))
            return redirect_after_post(request, "identity:person", user.code)
    moment = clock.now()
    context = {
        "person": user,
        "form": form,
        "role_form": RoleForm(),
        "reason_form": ReasonForm(),
        "badge_form": BadgeForm(),
        "assignments": selectors.current_assignments().filter(user=user),
        "deputies": selectors.current_deputies().filter(principal=user),
        "stands_in": selectors.current_deputies().filter(deputy=user),
        "sites": dict(selectors.site_choices()),
        "has_second_factor": sign_in.has_second_factor(user),
        "open_sessions": selectors.own_sessions(user).count(),
        "tokens": selectors.device_tokens(user),
        "is_self": user.pk == request.actor.user_id,
        "now": moment,
    }
    return render_page(request, "identity/person.html", context, invalid=form)


@page(permission=ASSIGN, methods=("POST",))
def assign_role(request: HttpRequest, code: UUID) -> HttpResponse:
    """Give a role."""
    user = selectors.access_user(request.actor, code)
    sign_in.require_recent_authentication(request, second_factor=True)
    asked = _cleaned(RoleForm(request.POST))
    actions.assign_role(by=request.actor, user=user, role=asked["role"], site=asked["site_code"])
    flash(request, _("Role given"))
    return redirect_after_post(request, "identity:person", user.code)


@page(permission=ASSIGN, methods=("POST",))
def withdraw_role(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take a role back."""
    sign_in.require_recent_authentication(request, second_factor=True)
    assignment = RoleAssignment.objects.select_related("user", "role").filter(code=code).first()
    if assignment is None:
        raise NotFound("assignment_not_found", _("There is no such assignment."))
    actions.withdraw_role(by=request.actor, assignment=assignment)
    flash(request, _("Role withdrawn"))
    return redirect_after_post(request, "identity:person", assignment.user.code)


@page(permission=MANAGE, methods=("POST",))
def deactivate(request: HttpRequest, code: UUID) -> HttpResponse:
    """Close an account for a reason; every session ends."""
    user = selectors.access_user(request.actor, code)
    sign_in.require_recent_authentication(request, second_factor=True)
    actions.deactivate_user(by=request.actor, user=user, **_cleaned(ReasonForm(request.POST)))
    flash(request, _("Account closed, all devices signed out"))
    return redirect_after_post(request, "identity:person", user.code)


@page(permission=MANAGE, methods=("POST",))
def reactivate(request: HttpRequest, code: UUID) -> HttpResponse:
    """Open a closed account again."""
    user = selectors.access_user(request.actor, code)
    actions.reactivate_user(by=request.actor, user=user)
    flash(request, _("Account opened. Give roles and send a password link."))
    return redirect_after_post(request, "identity:person", user.code)


@page(permission=MANAGE, methods=("POST",))
def password_link(request: HttpRequest, code: UUID) -> HttpResponse:
    """A link with which the person chooses a new password; shown once."""
    user = selectors.access_user(request.actor, code)
    sign_in.require_recent_authentication(request, second_factor=True)
    link = actions.issue_reset_link(by=request.actor, user=user)
    return render_page(request, "identity/password_link.html", {"person": user, "link": link})


@page(permission=MANAGE, methods=("POST",))
def remove_second_factor(request: HttpRequest, code: UUID) -> HttpResponse:
    """Help somebody who lost the phone."""
    user = selectors.access_user(request.actor, code)
    sign_in.require_recent_authentication(request, second_factor=True)
    actions.remove_second_factor(by=request.actor, user=user, **_cleaned(ReasonForm(request.POST)))
    flash(request, _("Second factor removed, all devices signed out"))
    return redirect_after_post(request, "identity:person", user.code)


@page(permission=MANAGE, methods=("POST",))
def sign_out_everywhere(request: HttpRequest, code: UUID) -> HttpResponse:
    """End every session and token of a person."""
    user = selectors.access_user(request.actor, code)
    actions.end_sessions(by=request.actor, user=user)
    flash(request, _("All devices signed out"))
    return redirect_after_post(request, "identity:person", user.code)


@page(permission=VIEW)
def roles(request: HttpRequest) -> HttpResponse:
    """Every role that exists here and how many hold it."""
    return render_page(request, "identity/roles.html", {"roles": selectors.roles()})


@page(permission={"GET": VIEW, "POST": EDIT}, methods=("GET", "POST"))
def role(request: HttpRequest, slug: str) -> HttpResponse:
    """What a role may do, room by room."""
    found = selectors.role_by_slug(slug)
    if request.method == "POST":
        sign_in.require_recent_authentication(request, second_factor=True)
        actions.set_role_words(
            by=request.actor,
            role=found,
            words=request.POST.getlist("word"),
            requires_mfa=request.POST.get("requires_mfa") == "on",
        )
        flash(request, _("Role saved"))
        return redirect_after_post(request, "identity:role", slug)
    granted = set(found.permissions.filter(granted=True).values_list("word", flat=True))
    rooms = [
        (room.label, [(word, meaning, word in granted) for word, meaning in room.permissions.items()])
        for room in registry.active_rooms()
        if room.permissions
    ]
    context = {
        "role": found,
        "rooms": rooms,
        "holders": selectors.people(role=slug)[:PER_PAGE],
        "editable": access.holds(request.actor, EDIT) and slug not in request.actor.roles,
        "own": slug in request.actor.roles,
    }
    return render_page(request, "identity/role.html", context)


@page(permission={"GET": VIEW, "POST": MANAGE}, methods=("GET", "POST"))
def desks(request: HttpRequest) -> HttpResponse:
    """Shared computers; registering the one in front of which the administrator sits."""
    form = DeskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        sign_in.require_recent_authentication(request, second_factor=True)
        desk, secret = actions.register_desk(by=request.actor, **form.cleaned_data)
        response = redirect_after_post(request, "identity:desks")
        shared_desks.remember_desk(response, desk, secret)
        flash(request, _("This computer is now a shared desk. Sign in again to begin."))
        return response
    context = {
        "form": form,
        "desks": selectors.desks_for(request.actor, VIEW),
        "here": shared_desks.desk_of(request),
        "sites": dict(selectors.site_choices()),
    }
    return render_page(request, "identity/desks.html", context, invalid=form)


@page(permission=MANAGE, methods=("POST",))
def revoke_desk(request: HttpRequest, code: UUID) -> HttpResponse:
    """Let a computer be no desk any more."""
    actions.revoke_desk(by=request.actor, desk=selectors.access_desk(request.actor, code))
    flash(request, _("Desk revoked, everybody there is signed out"))
    return redirect_after_post(request, "identity:desks")


@page(permission=MANAGE, methods=("POST",))
def badge(request: HttpRequest, code: UUID) -> HttpResponse:
    """Give somebody a badge, or take it back."""
    user = selectors.access_user(request.actor, code)
    sign_in.require_recent_authentication(request, second_factor=True)
    actions.set_badge(by=request.actor, user=user, **_cleaned(BadgeForm(request.POST)))
    flash(request, _("Badge stored"))
    return redirect_after_post(request, "identity:person", user.code)


@page(permission={"GET": VIEW, "POST": DEPUTY}, methods=("GET", "POST"))
def deputies(request: HttpRequest) -> HttpResponse:
    """Who stands in for whom, and appointing a deputy by days of the tenant's calendar."""
    form = DeputyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        sign_in.require_recent_authentication(request, second_factor=True)
        try:
            actions.appoint_deputy(by=request.actor, **_deputyship(form))
        except DomainError as error:
            _into(form, error)
        else:
            flash(request, _("Deputy appointed"))
            return redirect_after_post(request, "identity:deputies")
    context = {"form": form, "deputies": selectors.current_deputies(), "now": clock.now()}
    return render_page(request, "identity/deputies.html", context, invalid=form)


@page(permission=DEPUTY, methods=("POST",))
def end_deputy(request: HttpRequest, code: UUID) -> HttpResponse:
    """End a deputyship before its time."""
    appointed = Deputy.objects.select_related("deputy").filter(code=code).first()
    if appointed is None:
        raise NotFound("deputy_not_found", _("There is no such deputyship."))
    actions.end_deputy(by=request.actor, appointed=appointed)
    flash(request, _("Deputyship ended"))
    return redirect_after_post(request, "identity:deputies")


def _deputyship(form: DeputyForm) -> dict[str, Any]:
    data = form.cleaned_data
    zone = tenancy.current().timezone
    found = selectors.users_by_code([UUID(data["principal"]), UUID(data["deputy"])])
    role: Role = selectors.role_by_slug(data["role"])
    principal: User | None = found.get(UUID(data["principal"]))
    deputy: User | None = found.get(UUID(data["deputy"]))
    return {
        "principal": principal,
        "deputy": deputy,
        "role": role,
        "starts_at": clock.day_bounds(data["starts_on"], zone)[0],
        # The last day counts in full: until the midnight that ends it.
        "ends_at": clock.day_bounds(data["ends_on"], zone)[1],
        "reason": data["reason"],
    }


def _cleaned(form: BaseForm) -> dict[str, Any]:
    """What a form without a page of its own says. Raises Malformed with what is wrong in it."""
    if not form.is_valid():
        raise Malformed(
            "validation_error",
            _("Some of the fields are not valid."),
            fields={name: [str(sentence) for sentence in said] for name, said in form.errors.items()},
        )
    return form.cleaned_data


def _into(form: BaseForm, error: DomainError) -> None:
    """Show a refusal beside the fields that it names; without any, as a refusal of the page."""
    known = {name: said for name, said in error.fields.items() if name in form.fields}
    if not known:
        raise error
    for name, said in known.items():
        form.add_error(name, [str(sentence) for sentence in said])
