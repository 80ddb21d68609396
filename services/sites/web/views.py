"""Settings of the business: legal entities, branches, hours, rooms and chairs."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.sites import actions, selectors
from services.sites.models import LegalEntity, Site
from services.sites.web.forms import ChairForm, EntityForm, ExceptionForm, HoursForm, RoomForm, SiteForm

EDIT: dict[str, Any] = {"permission": "sites.manage", "methods": ("GET", "POST")}


@page(permission="sites.view")
def site_list(request: HttpRequest) -> HttpResponse:
    sites = list(selectors.visible_sites(request.actor))
    today, chairs = selectors.hours_today(sites), selectors.chair_counts(sites)
    rows = [{"site": site, "today": today[site.pk], "chairs": chairs[site.pk]} for site in sites]
    context = {
        "rows": rows,
        "entities": LegalEntity.objects.all(),
        "may_manage": request.actor.can("sites.manage"),
    }
    return render_page(request, "sites/list.html", context)


@page(permission="sites.view")
def site_detail(request: HttpRequest, code: UUID) -> HttpResponse:
    site = selectors.access_site(request.actor, code)
    return render_page(request, "sites/detail.html", _detail(request, site))


@page(**EDIT)
def site_new(request: HttpRequest) -> HttpResponse:
    form = SiteForm(request.POST or None)

    def save(data: dict[str, Any]) -> Site:
        data.pop("version")
        return actions.create_site(by=request.actor, **data)

    return _edit(request, form, save, title=_("New site"), done=_("Site added"))


@page(**EDIT)
def site_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    site = selectors.access_site(request.actor, code, "sites.manage")
    form = SiteForm(request.POST or None, instance=selectors.access_site(request.actor, code))

    def save(data: dict[str, Any]) -> Site:
        return actions.update_site(by=request.actor, site=site, **data)

    return _edit(request, form, save, title=site.name, done=_("Site changed"), back=site)


@page(**EDIT)
def site_hours(request: HttpRequest, code: UUID) -> HttpResponse:
    site = selectors.access_site(request.actor, code, "sites.manage")
    form = HoursForm(
        request.POST or None, hours=selectors.weekly_hours(site, until=date.min), initial={"version": site.version}
    )
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_opening_hours(
                by=request.actor, site=site, hours=form.cleaned_data["hours"], version=form.cleaned_data["version"]
            )
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Opening hours changed"))
            return redirect_after_post(request, "sites:detail", code=site.code)
    context = {"form": form, "site": site, "refusal": refusal}
    return render_page(request, "sites/hours.html", context, status=refusal.status if refusal else 200, invalid=form)


@page(permission="sites.manage", methods=("POST",))
def exception_add(request: HttpRequest, code: UUID) -> HttpResponse:
    site = selectors.access_site(request.actor, code, "sites.manage")
    form = ExceptionForm(request.POST)
    if form.is_valid():
        data = {name: form.cleaned_data[name] for name in ("day", "until", "spans", "reason")}
        actions.set_exception(by=request.actor, site=site, **data)
        flash(request, _("Day changed"))
        return redirect_after_post(request, "sites:detail", code=site.code)
    return render_page(request, "sites/detail.html", _detail(request, site, form), invalid=form)


@page(permission="sites.manage", methods=("POST",))
def exception_remove(request: HttpRequest, code: UUID, day: str) -> HttpResponse:
    site = selectors.access_site(request.actor, code, "sites.manage")
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    actions.remove_exception(by=request.actor, site=site, day=wanted)
    flash(request, _("The day is as its weekday again"))
    return redirect_after_post(request, "sites:detail", code=site.code)


@page(**EDIT)
def room_new(request: HttpRequest, code: UUID) -> HttpResponse:
    site = selectors.access_site(request.actor, code, "sites.manage")
    form = RoomForm(request.POST or None)

    def save(data: dict[str, Any]) -> Site:
        actions.create_room(by=request.actor, site=site, number=data["number"], name=data["name"])
        return site

    return _edit(request, form, save, title=_("New room"), done=_("Room added, with one chair"), back=site)


@page(**EDIT)
def room_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    room = selectors.access_room(request.actor, code, "sites.manage")
    form = RoomForm(request.POST or None, instance=selectors.access_room(request.actor, code, "sites.manage"))

    def save(data: dict[str, Any]) -> Site:
        actions.update_room(by=request.actor, room=room, **data)
        return room.site

    return _edit(request, form, save, title=room.name, done=_("Room changed"), back=room.site)


@page(**EDIT)
def chair_new(request: HttpRequest, code: UUID) -> HttpResponse:
    room = selectors.access_room(request.actor, code, "sites.manage")
    form = ChairForm(request.POST or None)

    def save(data: dict[str, Any]) -> Site:
        actions.add_chair(by=request.actor, room=room, name=data["name"])
        return room.site

    title = _("One more chair in %(room)s") % {"room": room.name}
    return _edit(request, form, save, title=title, done=_("Chair added"), back=room.site)


@page(**EDIT)
def chair_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    chair = selectors.access_chair(request.actor, code, "sites.manage")
    form = ChairForm(request.POST or None, instance=selectors.access_chair(request.actor, code, "sites.manage"))

    def save(data: dict[str, Any]) -> Site:
        actions.update_chair(by=request.actor, chair=chair, **data)
        return chair.site

    return _edit(request, form, save, title=chair.name, done=_("Chair changed"), back=chair.site)


@page(**EDIT)
def entity_new(request: HttpRequest) -> HttpResponse:
    form = EntityForm(request.POST or None)

    def save(data: dict[str, Any]) -> None:
        actions.create_entity(by=request.actor, **data)

    return _edit(request, form, save, title=_("New legal entity"), done=_("Legal entity added"))


@page(**EDIT)
def entity_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    entity = selectors.access_entity(request.actor, code)
    form = EntityForm(request.POST or None, instance=selectors.access_entity(request.actor, code))

    def save(data: dict[str, Any]) -> None:
        actions.update_entity(by=request.actor, entity=entity, **data)

    return _edit(request, form, save, title=entity.name, done=_("Legal entity changed"))


def _edit(
    request: HttpRequest, form: BaseForm, save: Any, *, title: str, done: str, back: Site | None = None
) -> HttpResponse:
    """One form on one page: show it, save it through ``save``, or show the refusal above what was typed."""
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            saved = save(dict(form.cleaned_data))
        except DomainError as error:
            refusal = error
        else:
            flash(request, done)
            if saved is not None:
                return redirect_after_post(request, "sites:detail", code=saved.code)
            return redirect_after_post(request, "sites:list")
    context = {"form": form, "title": title, "back": back, "refusal": refusal}
    return render_page(request, "sites/form.html", context, status=refusal.status if refusal else 200, invalid=form)


def _detail(request: HttpRequest, site: Site, form: ExceptionForm | None = None) -> dict[str, Any]:
    hours = selectors.weekly_hours(site, since=selectors.today(site))
    return {
        "site": site,
        "week": [{"label": WEEKDAYS[number], "spans": spans} for number, spans in enumerate(hours.week)],
        "exceptions": selectors.coming_exceptions(site),
        "rooms": selectors.rooms_with_chairs(site),
        "open_now": selectors.is_open(site, clock.now()),
        "form": form or ExceptionForm(),
        "may_manage": request.actor.can("sites.manage", site=site.code),
    }
