"""No view without a declaration: every URL of every kind of tenant says who may open it, or start-up fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils.module_loading import import_string

from kernel import registry
from kernel.api.permissions import SignedIn

# Views of others that carry no declaration of ours, by where their code lives, and why they may stand open.
THIRD_PARTY: dict[str, str] = {
    "allauth.account.views.LoginView": "the way in",
    "allauth.account.views.LogoutView": "the way out",
    "allauth.account.views.ReauthenticateView": "asks for the session of the person itself",
    "allauth.mfa.base.views.AuthenticateView": "the second step in",
    "allauth.mfa.base.views.ReauthenticateView": "asks for the session of the person itself",
    "allauth.mfa.totp.views.DeactivateTOTPView": "asks for the session of the person itself",
    "allauth.mfa.recovery_codes.views.ViewRecoveryCodesView": "asks for the session of the person itself",
    "allauth.mfa.recovery_codes.views.GenerateRecoveryCodesView": "asks for the session of the person itself",
    "allauth.mfa.recovery_codes.views.DownloadRecoveryCodesView": "asks for the session of the person itself",
    "kernel.identity.web.account.SetUpAuthenticator": "allauth's page; asks for the session of the person itself",
}
HANDLERS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A view that does not say who may open it, or says it with a word that nobody declares."""

    route: str
    view: str
    why: str

    def __str__(self) -> str:
        return f"/{self.route} ({self.view}): {self.why}"


def undeclared_in(urlconf: Any, *, words: frozenset[str] | None = None) -> list[Undeclared]:
    """Every view of ``urlconf`` (module or dotted name) without a declaration.

    ``words``, when given, are the permission words that exist there; a declaration by any other word counts as none.
    """
    resolver = get_resolver(urlconf) if isinstance(urlconf, str) else URLResolver(RegexPattern(r"^/"), urlconf)
    return [
        Undeclared(route=route, view=_name(callback), why=why)
        for route, callback in _views(resolver, "")
        if (why := _objection(callback, words))
    ]


def undeclared_views() -> list[Undeclared]:
    """The same over every family of tenants with all verticals of this build switched on, and the public site."""
    found: list[Undeclared] = []
    factory = import_string(settings.TENANT_URLCONF_FACTORY)
    everything = frozenset(registry.verticals())
    for family in sorted({kind.family for kind in registry.kinds().values()}):
        words = frozenset(word for room in registry.rooms_for(family, everything) for word in room.permissions)
        found += undeclared_in(factory(family, everything), words=words)
    public = getattr(settings, "PUBLIC_SCHEMA_URLCONF", None)
    if public:
        found += undeclared_in(public, words=frozenset(registry.all_permissions()))
    return list(dict.fromkeys(found))


@register(Tags.security, Tags.urls)
def every_view_is_declared(**kwargs: Any) -> list[CheckMessage]:
    """System check ``api.E001``: one error per undeclared view."""
    return [Error(f"The view declares no permission: {view}", id="api.E001") for view in undeclared_views()]


@register(Tags.security)
def demo_stays_out_of_production(**kwargs: Any) -> list[CheckMessage]:
    """System check ``api.E002``: production has neither the demo's quick sign-in nor sessions over plain http."""
    if not getattr(settings, "PRODUCTION", False):
        return []
    errors: list[CheckMessage] = []
    if settings.DEMO:
        errors.append(Error("DEMO lets anybody sign in with one click; production refuses it.", id="api.E002"))
    if not settings.SESSION_COOKIE_SECURE or not settings.SESSION_COOKIE_NAME.startswith("__Host-"):
        errors.append(Error("Sessions must be __Host- cookies over https.", id="api.E003"))
    return errors


def refuse_undeclared() -> None:
    """Raise ImproperlyConfigured with every undeclared view; called before the first request."""
    found = undeclared_views()
    if found:
        raise ImproperlyConfigured("views without a permission: " + "; ".join(map(str, found)))


def _views(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def _objection(callback: Any, words: frozenset[str] | None) -> str:
    """What is missing; "" when the view is in order."""
    if _third_party(callback):
        return ""
    view_class = getattr(callback, "cls", None)
    if view_class is not None:
        return _objection_to_operation(view_class, words)
    if getattr(callback, "public_reason", "") or getattr(callback, "signed_in_reason", ""):
        return ""
    declared = getattr(callback, "permissions", None) or {}
    if not declared or not all(declared.values()):
        return "neither a permission nor a reason for being open"
    return _strange(declared.values(), words)


def _objection_to_operation(view_class: Any, words: frozenset[str] | None) -> str:
    if getattr(view_class, "public_reason", ""):
        return ""
    declared = getattr(view_class, "permissions", {})
    methods = [name.upper() for name in HANDLERS if hasattr(view_class, name)]
    missing = [method for method in methods if not declared.get(method)]
    if missing or not methods:
        return f"no permission for {', '.join(missing) or 'any method'}"
    if any(isinstance(word, SignedIn) and not word.reason for word in declared.values()):
        return "open to everybody signed in, without a reason"
    return _strange((word for word in declared.values() if isinstance(word, str)), words)


def _strange(used: Any, words: frozenset[str] | None) -> str:
    strangers = sorted({word for word in used if words is not None and word not in words})
    return f"no room declares {', '.join(strangers)}" if strangers else ""


def _third_party(callback: Any) -> bool:
    return _name(callback) in THIRD_PARTY


def _name(callback: Any) -> str:
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None) or callback
    return f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}"
