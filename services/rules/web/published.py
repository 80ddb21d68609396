"""What headquarters published: seeing it, and adopting it for the house."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.context import ALL
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.rules import selectors
from services.rules.actions import adopt_publication


@page(permission="parameters.view")
def publications(request: HttpRequest) -> HttpResponse:
    return render_page(request, "rules/publications.html", {"rows": list(selectors.publications()[:100])})


@page(permission="parameters.view")
def publication(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_publication(request.actor, code)
    context = {
        "publication": found,
        "rules": selectors.rules_of(found),
        "may_adopt": found.adopted_at is None and request.actor.sites("parameters.set") is ALL,
    }
    return render_page(request, "rules/publication.html", context)


@page(permission="parameters.set", methods=("POST",))
def adopt(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_publication(request.actor, code)
    adopt_publication(by=request.actor, publication=found)
    flash(request, _("Adopted; headquarters sees it"))
    return redirect_after_post(request, "rules:publication", code)
