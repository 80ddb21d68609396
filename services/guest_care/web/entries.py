"""Quick entries: a key, the words, Ctrl Enter. Each calls one action; in a drawer over the screen, or on its own page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.guest_care import actions, enquiries, queue, selectors, wishes
from services.guest_care.models import CareItem
from services.guest_care.web.forms import (
    AdviceForm,
    EntryForm,
    FaultForm,
    IntroductionForm,
    LuggageForm,
    ObservationForm,
    OpinionForm,
    PassForm,
    PriceForm,
    QuestionForm,
    ReceptionForm,
    ReminderForm,
    RequestForm,
)
from services.reception.waits import only_vertical
from services.sites.web.current import site_for
from services.telephone.wording import filled

Act = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A kind of quick entry. ``act`` takes what the form holds, and the site unless the entry is about a guest alone."""

    kind: str
    title: str | Promise
    form: type[EntryForm]
    word: str
    act: Act
    said: str | Promise
    key: str
    icon: str
    needs_site: bool = True
    moment: str = ""

    @property
    def url(self) -> str:
        """Where it is entered."""
        return reverse(f"guest_care:{self.kind}-new")


LOG = "guest_care.log"
ENTRIES: dict[str, Entry] = {
    one.kind: one
    for one in (
        Entry(kind="luggage", title=gettext_lazy("Luggage"), form=LuggageForm, word=LOG, act=wishes.deposit_luggage,
              said=gettext_lazy("Luggage taken into custody"), key="L", icon="box"),
        Entry(kind="price", title=gettext_lazy("Price enquiry"), form=PriceForm, word=LOG,
              act=enquiries.log_price_enquiry, said=gettext_lazy("Enquiry noted"), key="P", icon="cash",
              moment=CareItem.Moment.PRICE),
        Entry(kind="question", title=gettext_lazy("Question to a doctor"), form=QuestionForm, word=LOG,
              act=wishes.ask_doctor, said=gettext_lazy("The doctor is asked; it stays open until you bring the answer"),
              key="Q", icon="message"),
        Entry(kind="request", title=gettext_lazy("Special request"), form=RequestForm, word=LOG,
              act=wishes.take_request, said=gettext_lazy("Request noted"), key="R", icon="star"),
        Entry(kind="opinion", title=gettext_lazy("Opinion"), form=OpinionForm, word=LOG, act=wishes.take_opinion,
              said=gettext_lazy("Passed to the duty superior"), key="O", icon="complaint"),
        Entry(kind="advice", title=gettext_lazy("Advice-seeker"), form=AdviceForm, word=LOG,
              act=enquiries.log_advice, said=gettext_lazy("Noted"), key="V", icon="people"),
        Entry(kind="pass", title=gettext_lazy("Pass a guest on"), form=PassForm, word="guest_care.pass",
              act=actions.pass_guest, said=gettext_lazy("Passed on; the colleague takes the guest over"), key="W",
              icon="walk", needs_site=False),
        Entry(kind="introduction", title=gettext_lazy("Hand over to the doctor"), form=IntroductionForm,
              word="guest_care.introduce", act=actions.introduce, said=gettext_lazy("The guest is with the doctor"), key="H",
              icon="person", needs_site=False, moment=CareItem.Moment.HANDING_OVER),
        Entry(kind="observation", title=gettext_lazy("Note for the doctor"), form=ObservationForm,
              word="guest_care.observe", act=wishes.note_observation, said=gettext_lazy("The doctor sees it; the guest does not"),
              key="T", icon="eye", needs_site=False),
        Entry(kind="reminder", title=gettext_lazy("Prescription or injection"), form=ReminderForm,
              word="guest_care.remind", act=wishes.set_reminder,
              said=gettext_lazy("Shown at the till and in the treatment room until it is done"), key="U", icon="pill",
              needs_site=False),
        Entry(kind="reception", title=gettext_lazy("Received by the consultant"), form=ReceptionForm,
              word="guest_care.receive", act=enquiries.record_reception, said=gettext_lazy("Reception recorded"),
              key="E", icon="clipboard"),
        Entry(kind="fault", title=gettext_lazy("Screen out of order"), form=FaultForm, word="guest_care.queue",
              act=queue.report_fault, said=gettext_lazy("Numbers are called by voice; somebody is asked to repair it"),
              key="", icon="warn"),
    )
}  # fmt: skip


def offered(request: HttpRequest) -> list[Entry]:
    """The quick entries that this person may make, with a key each."""
    return [one for one in ENTRIES.values() if one.key and request.actor.can(one.word)]


@page(permission=LOG, methods=("GET", "POST"))
def luggage_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "luggage")


@page(permission=LOG, methods=("GET", "POST"))
def price_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "price")


@page(permission=LOG, methods=("GET", "POST"))
def question_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "question")


@page(permission=LOG, methods=("GET", "POST"))
def request_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "request")


@page(permission=LOG, methods=("GET", "POST"))
def opinion_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "opinion")


@page(permission=LOG, methods=("GET", "POST"))
def advice_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "advice")


@page(permission="guest_care.pass", methods=("GET", "POST"))
def pass_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "pass")


@page(permission="guest_care.introduce", methods=("GET", "POST"))
def introduction_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "introduction")


@page(permission="guest_care.observe", methods=("GET", "POST"))
def observation_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "observation")


@page(permission="guest_care.remind", methods=("GET", "POST"))
def reminder_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "reminder")


@page(permission="guest_care.receive", methods=("GET", "POST"))
def reception_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "reception")


@page(permission="guest_care.queue", methods=("GET", "POST"))
def fault_new(request: HttpRequest) -> HttpResponse:
    return _enter(request, "fault")


def show_on_fields(form: forms.Form, error: DomainError) -> bool:
    """Put what a rule misses beside its fields; False if it belongs to none of them."""
    mine = {name: said for name, said in error.fields.items() if name in form.fields}
    for name, said in mine.items():
        for one in said:
            form.add_error(name, str(one))
    return bool(mine)


def _enter(request: HttpRequest, kind: str) -> HttpResponse:
    entry = ENTRIES[kind]
    site = site_for(request, entry.word)
    form = entry.form(
        request.POST if request.method == "POST" else None,
        site=site,
        actor=request.actor,
        initial={"visit": request.GET.get("visit", "")[:40]},
        auto_id=f"{kind}_%s",
    )
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        where = {"site": site} if entry.needs_site else {}
        try:
            entry.act(by=request.actor, **where, **form.cleaned_data)
        except DomainError as error:
            refusal = None if show_on_fields(form, error) else error
        else:
            flash(request, str(entry.said))
            return redirect_after_post(request, "guest_care:queue" if kind == "fault" else "guest_care:now")
    said = selectors.words_for(entry.moment, only_vertical()) if entry.moment else ""
    said = filled(said, _names(request, form))
    context = {"entry": entry, "form": form, "refusal": refusal, "words": said, "site": site}
    template = "guest_care/_entry.html" if getattr(request, "htmx", None) else "guest_care/entry.html"
    return render_page(request, template, context, status=refusal.status if refusal else 200, invalid=form)


def _names(request: HttpRequest, form: forms.Form) -> dict[str, str]:
    """Whom the words are about, as far as a guest is chosen: the doctor with title and speciality (FD-014)."""
    chosen = str(form["visit"].value() or "") if "visit" in form.fields else ""
    try:
        visit = selectors.access_visit(request.actor, UUID(chosen))
    except (ValueError, NotFound):
        return {"patient": "……", "doctor": "……"}
    doctor = visit.doctor
    titled = " ".join(str(part) for part in (doctor.name, doctor.title, *doctor.specialties) if part)
    return {"patient": visit.patient.form_of_address or visit.patient.name, "doctor": titled}
