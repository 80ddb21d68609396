"""Pages of bookings: the day board, one booking, blocked times, appointment cards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.formatting import day_words
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.appointments import actions, selectors
from services.appointments.assignment import next_in_ring
from services.appointments.blocks import block_time, unblock_time
from services.appointments.board import Stage, day_board, stages_of, version_of
from services.appointments.links import latest_of
from services.appointments.models import Appointment, AppointmentCard, Assignment, Block
from services.appointments.reminders import receipt_of
from services.appointments.rotation import state_of
from services.appointments.slots import best_slots, unit
from services.appointments.talks import is_new, unsaid
from services.appointments.today import arrangement_of
from services.appointments.web.forms import BlockForm, CancelForm, ConfirmForm, MoveForm, read_day
from services.appointments.web.parts import parts
from services.appointments.wishes import wishes_between, words_of
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for

# The page of rotation and help looks back this far and lists so many rows of help.
SHARES_DAYS = 30
HELP_SHOWN = 100
# What the line above the board counts, in this order; what is none is left out.
COUNTED = ("booked", "confirmed", "arrived", "waiting", "in_chair", "finished", "left", "no_show")


@page(permission="appointments.view")
def board(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view")
    day = asked_day(request, site)
    # A page is drawn anyway; only who asks again can be told that nothing has changed.
    asks_again = bool(getattr(request, "htmx", None)) or "X-Poll" in request.headers
    may_book = holds(request.actor, "appointments.book", site=site.code)
    stages = stages_of(site, day) if asks_again else None
    version = f"{may_book}{version_of(site, day, stages=stages)}" if stages is not None else None
    return polled(
        request,
        "appointments/board.html",
        "appointments/_board.html",
        lambda: _board(request, site, day, stages),
        version=version,
    )


@page(permission="appointments.view")
def appointment(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    return render_page(request, "appointments/appointment.html", detail(request, found))


@page(permission="appointments.book", methods=("POST",))
def cancel(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    form = CancelForm(request.POST)
    if not form.is_valid():
        context = detail(request, found, cancel_form=form)
        return render_page(request, "appointments/appointment.html", context, invalid=form)
    actions.cancel_appointment(by=request.actor, appointment=found, **form.cleaned_data)
    flash(request, _("Visit cancelled; its reminder is withdrawn"))
    return redirect_after_post(request, _board_of(found))


@page(permission="appointments.confirm", methods=("POST",))
def confirm(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    form = ConfirmForm({"channel": "phone", **request.POST.dict()})
    if form.is_valid():
        actions.record_confirmation(by=request.actor, appointment=found, **form.cleaned_data)
        done = form.cleaned_data["result"] == "confirmed"
        texted = form.cleaned_data["address"] == "texted"
        words = _("Confirmed; the address is on its way") if texted else _("Confirmed")
        flash(request, words if done else _("Not reached; the task stays open"))
    return redirect_after_post(request, "appointments:appointment", code)


@page(permission="appointments.confirm", methods=("POST",))
def told(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    actions.acknowledge_affected(by=request.actor, appointment=found)
    flash(request, _("The patient knows of the changed roster"))
    return redirect_after_post(request, "appointments:appointment", code)


@page(permission="appointments.attend", methods=("POST",))
def no_show(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    actions.mark_no_show(by=request.actor, appointment=found)
    flash(request, _("Recorded as no-show; a task to make contact is open"))
    return redirect_after_post(request, "appointments:appointment", code)


@page(permission="appointments.block", methods=("GET", "POST"))
def blocks(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.block")
    form = BlockForm(request.POST or None, site=site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            block_time(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Time blocked"))
            return redirect_after_post(request, "appointments:blocks")
    context = {"site": site, "form": form, "refusal": refusal, "blocks": selectors.coming_blocks(site)}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/blocks.html", context, status=status, invalid=form)


@page(permission="appointments.block", methods=("POST",))
def unblock(request: HttpRequest, code: UUID) -> HttpResponse:
    block: Block = selectors.access_block(request.actor, code)
    unblock_time(by=request.actor, block=block)
    flash(request, _("Open again"))
    return redirect_after_post(request, "appointments:blocks")


@page(permission="appointments.view")
def cards(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view")
    context = {
        "site": site,
        "cards": selectors.open_cards(site),
        "state": AppointmentCard.State,
        "may_book": holds(request.actor, "appointments.book", site=site.code),
        "parts": parts(request),
    }
    return render_page(request, "appointments/cards.html", context)


def asked_day(request: HttpRequest, site: Site) -> date:
    """The day of the address, else today at the site."""
    return read_day(request.GET.get("day", "")) or today(site)


def counts_of(counts: dict[str, int]) -> list[dict[str, Any]]:
    """The counts of a day in their order, with their states."""
    return [{"state": key, "count": counts[key]} for key in COUNTED if counts.get(key)]


def detail(request: HttpRequest, found: Appointment, **forms: Any) -> dict[str, Any]:
    """Everything the page of a booking shows."""
    actor, site = request.actor, found.site
    awaited = found.state in actions.AWAITED
    may_book = holds(actor, "appointments.book", site=site.code)
    initial = {
        "doctor": found.doctor.code,
        "units": found.units,
        "assistant": found.assistant.code if found.assistant is not None else None,
        "asked_by": "patient",
        "version": found.version,
    }
    return {
        "appointment": found,
        "site": site,
        "board_url": _board_of(found),
        "awaited": awaited,
        "habits": selectors.habits_of(found.patient),
        "moves": found.moves.select_related("old_doctor", "new_doctor", "old_chair", "new_chair", "by"),
        "assignments": selectors.assignments_of(found),
        "prepared_by": selectors.preparation_of(found),
        "wish_words": words_of(found.preference, found.wish_value),
        "attempts": found.confirmations.select_related("by"),
        "receipt": receipt_of(found),
        "unsaid": unsaid(found) if awaited else {},
        "ask_address": awaited and is_new(found.patient),
        "link": latest_of(found),
        "arrangement": arrangement_of(found),
        "is_today": clock.local(found.starts_at, site.timezone).date() == today(site),
        "is_doctor": found.doctor.user_id is not None and found.doctor.user_id == actor.user_id,
        "may_book": may_book and awaited,
        "may_confirm": awaited and holds(actor, "appointments.confirm", site=site.code),
        "may_attend": awaited and found.ends_at < clock.now() and holds(actor, "appointments.attend", site=site.code),
        "proposals": best_slots(
            site=site,
            doctor=found.doctor,
            length=found.units * unit(site),
            after=clock.now(),
            assistant=found.assistant,
            ignore=found,
        )
        if may_book and awaited
        else [],
        "move_form": forms.get("move_form") or MoveForm(site=site, initial=initial),
        "cancel_form": forms.get("cancel_form") or CancelForm(initial={"version": found.version}),
        "refusal": forms.get("refusal"),
    }


def _board_of(found: Appointment) -> str:
    day = clock.local(found.starts_at, found.site.timezone).date()
    return f"{reverse('appointments:board')}?day={day.isoformat()}"


def _board(request: HttpRequest, site: Site, day: date, stages: Mapping[int, Stage] | None) -> dict[str, Any]:
    may_book = holds(request.actor, "appointments.book", site=site.code)
    drawn = day_board(site, day, stages=stages, may_move=may_book)
    here = reverse("appointments:board")
    is_today = day == today(site)
    return {
        "site": site,
        "day": day,
        "day_word": day_words(day, today=today(site)),
        "board": drawn,
        "counts": counts_of(drawn.counts),
        "now": clock.now() if is_today else None,
        "is_today": is_today,
        "previous_url": f"{here}?day={(day - timedelta(days=1)).isoformat()}",
        "next_url": f"{here}?day={(day + timedelta(days=1)).isoformat()}",
        "may_book": may_book,
        "may_block": holds(request.actor, "appointments.block", site=site.code),
    }


@page(permission="appointments.view_shares")
def shares(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view_shares")
    last = today(site)
    first = last - timedelta(days=SHARES_DAYS - 1)
    pointer, kept = state_of(site)
    context = {
        "site": site,
        "days": SHARES_DAYS,
        "pointer": pointer,
        "kept": kept,
        "turn": next_in_ring(site, pointer, kept),
        "shares": selectors.shares(site, first, last),
        "bases": Assignment.Basis.choices,
        "help": list(selectors.help_given(site, first, last)[:HELP_SHOWN]),
        "wishes": wishes_between(site, first, last),
        "parts": parts(request),
    }
    return render_page(request, "appointments/shares.html", context)
