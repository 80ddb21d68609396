"""Signing up: somebody asks, an operator decides. In a demonstration the answer is yes."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kernel import clock, registry
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from tenants.directory import public_schema
from tenants.models import Chain, SignUpRequest
from tenants.provisioning.actions import check_slug
from tenants.provisioning.ordering import order_tenant
from tenants.site.kinds import kind_for
from tenants.site.selectors import slug_is_free


@action(permission=None, reason="anybody may ask to become a tenant; an operator decides")
def ask_to_sign_up(
    *,
    by: Actor,
    company: str,
    slug: str,
    verticals: tuple[str, ...],
    contact_name: str,
    contact_mail: str,
    language: str = "zh-hans",
) -> SignUpRequest:
    """Enter a request. In a demonstration it is approved at once and the tenant begins with a trial.

    Raises RuleRefused (``slug_not_usable``, ``unknown_vertical``, ``vertical_needed``, ``mail_not_usable``) and
    Conflict (``slug_taken``).
    """
    known = registry.verticals()
    chosen = tuple(key for key in known if key in verticals)
    if set(verticals) - set(known):
        raise RuleRefused("unknown_vertical", _("There is no such vertical."))
    if not chosen:
        raise RuleRefused(
            "vertical_needed",
            _("Say what you do: choose at least one line of business."),
            fields={"verticals": [_("Choose at least one.")]},
        )
    kind = kind_for(chosen)
    check_slug(slug, kind=kind)
    _check_mail(contact_mail)
    with public_schema():
        try:
            with transaction.atomic():
                if not slug_is_free(slug):
                    raise _taken(slug)
                request = SignUpRequest.objects.create(
                    company=" ".join(company.split()),
                    slug=slug,
                    kind=kind,
                    verticals=list(chosen),
                    language=language,
                    contact_name=" ".join(contact_name.split()),
                    contact_mail=contact_mail.strip().lower(),
                    created_at=clock.now(),
                )
        except IntegrityError as error:
            raise _taken(slug) from error
        if settings.DEMO:
            return approve_sign_up(by=Actor.system("demonstration"), request=request)
        return request


@action(permission="platform.create_tenant")
def approve_sign_up(*, by: Actor, request: SignUpRequest, chain_name: str = "") -> SignUpRequest:
    """Let the worker set up what was asked for, in a chain of its own or in the one that the operator names.

    Raises Conflict (``sign_up_decided``) and what ``order_tenant`` raises.
    """
    with public_schema():
        request = _undecided(request)
        request.job = order_tenant(
            by=by,
            slug=request.slug,
            name=request.company,
            kind=request.kind,
            chain_name=chain_name.strip() or _chain_of_its_own(request),
            verticals=tuple(request.verticals),
            language=request.language,
            administrator=(request.contact_name, request.contact_mail),
        )
        return _decide(request, by, SignUpRequest.State.APPROVED)


@action(permission="platform.create_tenant")
def decline_sign_up(*, by: Actor, request: SignUpRequest) -> SignUpRequest:
    """Say no; the subdomain is free again. Raises Conflict (``sign_up_decided``)."""
    with public_schema():
        return _decide(_undecided(request), by, SignUpRequest.State.DECLINED)


def _undecided(request: SignUpRequest) -> SignUpRequest:
    row = SignUpRequest.objects.select_for_update().get(pk=request.pk)
    if row.state != SignUpRequest.State.OPEN:
        raise Conflict("sign_up_decided", _("This request has been decided already."), state=row.state)
    return row


def _decide(request: SignUpRequest, by: Actor, state: str) -> SignUpRequest:
    request.state = state
    request.decided_by = by.username or by.name
    request.decided_at = clock.now()
    request.save(update_fields=["state", "decided_by", "decided_at", "job"])
    return request


def _chain_of_its_own(request: SignUpRequest) -> str:
    """A name that no chain has: whoever signs up must not land in somebody else's chain by typing its name."""
    if not Chain.objects.filter(name=request.company).exists():
        return request.company
    return f"{request.company[:40]} ({request.slug})"


def _taken(slug: str) -> Conflict:
    return Conflict(
        "slug_taken",
        _("This subdomain is already in use. Choose another one."),
        fields={"slug": [_("Already in use. Choose another one.")]},
        slug=slug,
    )


def _check_mail(mail: str) -> None:
    try:
        validate_email(mail.strip())
    except ValidationError as error:
        raise RuleRefused(
            "mail_not_usable",
            _("This mail address cannot be used."),
            fields={"contact_mail": [_("This mail address cannot be used.")]},
        ) from error
