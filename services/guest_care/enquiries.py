"""Who asks at the desk: for a price, for advice, for a consultant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Cure, Forbidden, RuleRefused
from services.cashier.models import ChargeLine
from services.catalogue.models import Item
from services.catalogue.selectors import may_see_price, price_at
from services.guest_care.actions import needed, refuse_foreign_guest, who
from services.guest_care.machine import ADVICE
from services.guest_care.models import AdviceSeeker, ConsultantReception, PriceEnquiry
from services.guest_care.wishes import end_of_day
from services.patients.models import Patient
from services.patients.phones import canonical_phone
from services.policy import gates
from services.reception.models import Visit
from services.reception.selectors import HERE
from services.sites.models import Site
from services.sites.selectors import today
from services.tasks.actions import open_task, settle_task

FOLLOW_UP = "guest_care.follow_up"
STANDING = "guest_care.reception_steps"
OLDEST = 130


def may_quote(actor: Actor, item: Item, *, site: Site, visit: Visit | None = None) -> bool:
    """May ``actor`` name the price of ``item`` to a guest? (FD-019) Whoever sees it may; the others as soon as the doctor
    has signed a charge slip with it for this visit."""
    if may_see_price(actor, item, site=site):
        return True
    return (
        visit is not None
        and ChargeLine.objects.filter(item=item, slip__visit_code=visit.code).exclude(slip__state="withdrawn").exists()
    )


def quotes_anything(actor: Actor, site: Site, offered: Iterable[Item]) -> bool:
    """May ``actor`` name any price here now: by their own right, or because a guest who is in the house has a signed
    charge slip? What nobody could be told is not offered (FD-019)."""
    if any(may_see_price(actor, one, site=site) for one in offered):
        return True
    here = Visit.objects.filter(site=site, state__in=HERE).values("code")
    return ChargeLine.objects.filter(slip__visit_code__in=here).exclude(slip__state="withdrawn").exists()


@action(permission="guest_care.log")
def log_price_enquiry(
    *, by: Actor, site: Site, question: str, outcome: str, item: Item | None = None, visit: Visit | None = None
) -> PriceEnquiry:
    """Somebody asked what something costs (FD-018). The desk proposes the free examination, gives a leaflet or card, or
    makes an appointment; a price is named by who may (FD-019), and then kept as it is today.

    Raises RuleRefused (``question_missing``, ``outcome_unknown``, ``item_missing``, ``price_unknown``), Forbidden
    (``price_not_yours``).
    """
    refuse_foreign_guest(site, visit)
    question = needed(question, "question", _("Write what was asked."))
    if outcome not in PriceEnquiry.Outcome.values:
        raise RuleRefused("outcome_unknown", _("Choose what was offered."), fields={"outcome": [_("Required")]})
    quoted = None
    if outcome == PriceEnquiry.Outcome.QUOTED:
        if item is None:
            raise RuleRefused("item_missing", _("Choose the item."), fields={"item": [_("Required")]})
        if not may_quote(by, item, site=site, visit=visit):
            raise Forbidden(
                "price_not_yours",
                _("Your post does not quote prices."),
                cures=(
                    Cure(_("Propose the free examination")),
                    Cure(_("Give a leaflet or make an appointment")),
                    Cure(_("A consultant names the price"), role="consultant"),
                ),
            )
        quoted = price_at(item, site=site)
        if quoted is None:
            raise RuleRefused("price_unknown", _("This item has no price yet."), fields={"item": [_("No price yet")]})
    enquiry = PriceEnquiry.objects.create(
        site=site, visit=visit, question=question, item=item, outcome=outcome, quoted_fen=quoted, **who(by)
    )
    audit.record(by=by, verb="guest_care.price_asked", target=enquiry, site=site.code, outcome=outcome)
    return enquiry


@action(permission="guest_care.log")
def log_advice(
    *,
    by: Actor,
    site: Site,
    question: str,
    answer: str,
    name: str = "",
    phone: str = "",
    department: str = "",
    follow_up_on: date | None = None,
) -> AdviceSeeker:
    """Somebody who is no patient asked for advice (FD-033). With a day of follow-up a name and a phone are needed, and a
    task is laid out for that day.

    Raises RuleRefused (``question_missing``, ``answer_missing``, ``name_missing``, ``phone_missing``, ``phone_invalid``,
    ``day_too_early``).
    """
    question = needed(question, "question", _("Write what was asked."), 1000)
    answer = needed(answer, "answer", _("Write the answer, or to whom you referred."), 1000)
    number = canonical_phone(phone) if phone.strip() else ""
    if number is None:
        sentence = _("This is not a phone number.")
        raise RuleRefused("phone_invalid", sentence, fields={"phone": [sentence]})
    if follow_up_on is not None:
        needed(name, "name", _("Whom do we call back?"))
        needed(number, "phone", _("Ask for the phone number: without it nobody can be called back."))
        if follow_up_on < today(site):
            raise RuleRefused(
                "day_too_early", _("This day is over."), fields={"follow_up_on": [_("This day is over.")]}
            )
    advice = AdviceSeeker.objects.create(
        site=site,
        name=name.strip()[:80],
        phone=number,
        question=question,
        answer=answer,
        department=department.strip()[:60],
        follow_up_on=follow_up_on,
        state="done" if follow_up_on is None else ADVICE.initial,
        **who(by),
    )
    audit.record(by=by, verb="guest_care.advice", target=advice, site=site.code, follow_up=follow_up_on is not None)
    if follow_up_on is not None:
        due = end_of_day(site, follow_up_on, after=clock.now())
        open_task(
            by=by,
            kind=FOLLOW_UP,
            key=str(advice.code),
            room="guest_care",
            title=gettext_noop("Follow up somebody who asked for advice"),
            detail=gettext_noop("Asked at %(asked_at)s"),
            args={"asked_at": advice.at},
            icon="phone",
            roles=("front_desk", "customer_service", "guide"),
            site=site,
            due_at=due,
            escalates_at=due,
            escalates_to=("supervisor", "service_supervisor"),
            url=("guest_care:advice", str(advice.code)),
            closed_in_inbox=False,
        )
    return advice


@action(permission="guest_care.log")
def follow_advice_up(*, by: Actor, advice: AdviceSeeker, result: str) -> AdviceSeeker:
    """What came of it. Raises RuleRefused (``result_missing``), Conflict (``invalid_transition``)."""
    result = needed(result, "result", _("Write what came of it."), 1000)
    ADVICE.move(advice, "done", by=by, result=result)
    settle_task(by=by, kind=FOLLOW_UP, key=str(advice.code))
    return advice


@action(permission="guest_care.receive")
def record_reception(
    *,
    by: Actor,
    site: Site,
    name: str,
    age: int | None,
    contact: str,
    need: str,
    stood_up: bool = False,
    led_to_seat: bool = False,
    patient: Patient | None = None,
    visit: Visit | None = None,
) -> ConsultantReception:
    """How a consultant received a guest: stood up at once, led to the seats, asked and wrote down name, age, contact and
    need (FD-004). A step that was left out is counted and blocks nothing.

    Raises RuleRefused (``name_missing``, ``age_missing``, ``contact_missing``, ``need_missing``).
    """
    refuse_foreign_guest(site, visit)
    name = needed(name, "name", _("Ask for the name."), 80)
    if age is None or not 0 <= age <= OLDEST:
        raise RuleRefused("age_missing", _("Ask for the age."), fields={"age": [_("Required")]})
    contact = needed(contact, "contact", _("Ask how the guest is reached."), 80)
    need = needed(need, "need", _("Write what the guest needs."), 1000)
    row = ConsultantReception.objects.create(
        site=site,
        visit=visit,
        patient=patient or (visit.patient if visit is not None else None),
        name=name,
        age=age,
        contact=contact,
        need=need,
        stood_up=stood_up,
        led_to_seat=led_to_seat,
        **who(by),
    )
    gates.check(
        STANDING,
        by=by,
        subject=row,
        ok=stood_up and led_to_seat,
        message=_("The guest was not received standing and led to the seats."),
    )
    audit.record(by=by, verb="guest_care.received", target=row, site=site.code)
    return row
