"""A clinic's days: bookings, confirmations, arrivals, waits, treatment, the till. Every write is the product's own action.

What happens to a booking or a visit is decided by a generator seeded with its code, and the next step of a visit follows
from its row alone; so a stretch that ends in the middle of a visit goes on where it stands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from config.demo import advice, area, asking, daily, discretion, rounds, treatment
from config.demo.engine import Timeline, settle
from config.demo.fate import Fate
from config.demo.house import DEMO, MINUTE, House
from config.demo.pace import Pace
from kernel import clock
from kernel.errors import DomainError
from services.appointments import actions as booking
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment, AppointmentCard
from services.appointments.slots import Availability, Window, unit
from services.books.models import Tender
from services.cashier import actions as till
from services.cashier.models import CARDS, WALLETS, ChargeSlip
from services.cashier.taking import HandedOver
from services.catalogue.models import Item
from services.catalogue.selectors import items
from services.patients.models import Patient
from services.reception import actions as reception
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.sites.models import Chair, Site
from services.sites.selectors import weekly_hours
from services.staff.models import StaffMember

PRESENT = (*UNSEEN, *HOLDS_CHAIR, "left", "at_cashier", "settled")
COMPLAINTS = {
    "dental": ("牙痛三天", "定期检查", "洁牙", "牙龈出血", "补牙脱落", "咨询种植", "智齿不适", "牙齿敏感", "复诊调整"),
    "dermatology": ("面部红斑", "手足皮疹", "痤疮反复", "头皮瘙痒", "灰指甲", "湿疹复诊", "色素痣咨询", "光疗复诊"),
    "aesthetics": ("眼部咨询", "肤色不匀", "法令纹咨询", "术后复查", "激光复诊", "皮肤松弛"),
}
# Who is here when the stretch ends, so that its last morning shows every part of a visit: minutes before the end at
# which somebody comes, and what becomes of them until then.
SCENE: tuple[tuple[int, dict[str, Any]], ...] = (
    (47, {"wait": 3, "pace": 0.6, "leaves_after": 1, "pays_after": 75}),  # at the till
    (26, {"wait": 90, "explains": False}),  # has waited too long, unexplained
    (21, {"wait": 3, "pace": 3.0}),  # in the chair
    (6, {"wait": 60}),  # has just come
)
WORDS = {
    "overrun": "上一位治疗比预计长，大约还需十分钟，已向您说明并致歉。",
    "crowded": "今天上午就诊人数较多，医生正在依次接诊，请您先喝杯水。",
    "doctor": "医生正在处理急诊，预计十五分钟后为您接诊。",
}


class Clinic(House):
    """The days of one clinic tenant."""

    def __init__(self, timeline: Timeline, pace: Pace) -> None:
        super().__init__(timeline, pace)
        self.items = list(items())
        self.doctors: dict[int, list[StaffMember]] = {}
        self.assistants: dict[int, list[StaffMember]] = {}
        for site in self.sites:
            people = list(StaffMember.objects.filter(home_site=site).select_related("user", "home_site"))
            self.doctors[site.pk] = [person for person in people if person.is_doctor]
            self.assistants[site.pk] = [person for person in people if person.is_assistant]
        self.kept_from = pace.kept_from(clock.local(timeline.now, self.zone).date(), self.last_day)
        self._parts: dict[int, dict[str, Any]] = {}
        self.weights = [{1: 9, 2: 6, 3: 4}.get(item.units, 1) for item in self.items]

    def plan(self) -> None:
        """Plan the whole stretch."""
        discretion.begin(self)
        self.plan_rounds()
        for site in self.sites:
            since = self.timeline.now - timedelta(hours=14)
            here = Visit.objects.filter(site=site, state__in=PRESENT, arrived_at__gte=since)
            for visit in here.select_related("patient", "doctor__user", "appointment"):
                self._follow(visit)
            days = self.days(site)
            for day in days:
                self._plan_day(site, day)
            if self.last_day in days:
                self._set_scene(site)

    def _plan_day(self, site: Site, day: date) -> None:
        start = self.timeline.now
        at = {
            "08:25": partial(self._expect, site, day),
            "09:30": partial(self._top_up, site, day),
            "08:48": partial(asking.catch_up, self, site, day),
            "09:18": partial(asking.ask_first, self, site, day),
            "15:10": partial(asking.ask, self, site, day),
            "08:40": partial(advice.approve, self, site, day),
            "09:55": partial(advice.call_back, self, site, day),
            "16:20": partial(advice.call_back, self, site, day),
            "09:10": partial(rounds.review_overrides, self, site, day),
            "09:28": partial(rounds.make_first_calls, self, site, day),
            "17:05": partial(rounds.make_calls, self, site, day),
            "16:50": partial(rounds.clear_inbox, self, site, day),
        }
        for wall, step in at.items():
            moment = self.local(day, wall)
            if moment >= start:
                self.timeline.at(moment, step)
        booked, walk_ins = self.pace.of(f"{self.slug}/{site.slug}", day, dense_from=self.dense_from)
        if day >= self.kept_from:
            daily.plan(self, site, day)
        elif booked:
            daily.plan_sparsely(self, site, day)
        if self.local(day, "08:25") < start:
            # The stretch begins within this day: who is still expected is planned again from the rows.
            self.timeline.at(start, partial(self._expect, site, day))
            if self.local(day, "09:30") < start and not self._booked_ahead(site, day):
                self.timeline.at(start, partial(self._top_up, site, day))
        if booked and self.local(day, "11:05") >= start:
            self.timeline.at(self.local(day, "11:05"), partial(advice.advise, self, site, day))
        random = Random(f"{self.slug}:{site.slug}:{day}")
        if day == self.last_day:
            return
        # Some come together in the middle of the morning, when a waiting room is full.
        times = [f"{9 + minute // 60:02d}:{minute % 60:02d}" for minute in (54, 68, 76)]
        times += [
            f"{random.choice((11, 13, 14, 15, 16)):02d}:{random.choice((35, 40, 48, 55)):02d}" for _ in range(walk_ins)
        ]
        for wall in times[:walk_ins] if walk_ins < 4 else [*times[:3], times[3]]:
            if (moment := self.local(day, wall)) >= start:
                self.timeline.at(moment, partial(self._walk_in, site, day))

    def _set_scene(self, site: Site) -> None:
        for minutes, part in SCENE:
            moment = self.timeline.until - minutes * MINUTE
            if moment > self.timeline.now:
                self.timeline.at(moment, partial(self._walk_in, site, self.last_day, part))

    @property
    def dense_from(self) -> date:
        """The first day of the stretch that counts as around today."""
        return self.pace.dense_from(self.last_day)

    @property
    def is_kept(self) -> bool:
        """Is this day played with everything beside the visits?"""
        return clock.local(clock.now(), self.zone).date() >= self.kept_from

    # --- bookings -----------------------------------------------------------------------------------------------------

    def _booked_ahead(self, site: Site, day: date) -> bool:
        end = clock.day_bounds(day, self.zone)[0]
        return Appointment.objects.filter(site=site, booked_at__gte=end, booked_at__lte=self.timeline.now).exists()

    def _top_up(self, site: Site, today: date) -> None:
        """Book what has been asked for by now: the nearer a day, the fuller it is."""
        key, last = f"{self.slug}/{site.slug}", today + timedelta(days=self.pace.ahead_days)
        hours = weekly_hours(site, since=today, until=last)
        days = [today + timedelta(days=ahead) for ahead in range(self.pace.ahead_days + 1)]
        days = [day for day in days if hours.is_opening_day(day)]
        there = dict.fromkeys(days, 0)
        bounds = (clock.day_bounds(today, self.zone)[0], clock.day_bounds(last, self.zone)[1])
        for starts_at in (
            Appointment.objects.filter(site=site, starts_at__range=bounds)
            .exclude(state="cancelled")
            .values_list("starts_at", flat=True)
        ):
            day = clock.local(starts_at, self.zone).date()
            there[day] = there.get(day, 0) + 1
        known: Availability | None = None
        for day in days:
            wanted = self.pace.booked_by(self.pace.of(key, day, dense_from=self.dense_from)[0], (day - today).days)
            missing = wanted - there[day]
            if missing > 0 and known is None:
                people = [*self.doctors[site.pk], *self.assistants[site.pk]]
                known = Availability.read(site, today, last, people=people)
            for _number in range(missing):
                assert known is not None
                self._book(site, day, known)

    def _book(self, site: Site, day: date, known: Availability) -> Appointment | None:
        """Book one visit on ``day``, somewhere where doctor, chair and (often) an assistant are free."""
        random = self.random
        item = random.choices(self.items, self.weights)[0]
        step = unit(site)
        length, after = item.units * step, max(self.local(day, "00:00"), clock.now() + 40 * MINUTE)
        until = self.local(day, "23:00")
        for doctor in random.sample(self.doctors[site.pk], len(self.doctors[site.pk])):
            free = [
                one for one in known.proposals(doctor, length=length, step=step, after=after) if one.starts_at < until
            ]
            if not free:
                continue
            slot = random.choice(free)
            window = Window(slot.starts_at, slot.ends_at)
            assistant = self._free_assistant(site, known, window) if random.random() < 0.55 else None
            appointment = booking.book_appointment(
                by=self.who("appointments.book", site, role="front_desk"), site=site, patient=self._caller(site, day),
                doctor=doctor, starts_at=slot.starts_at, units=item.units, chair=slot.chair, assistant=assistant, item=item,
                channel=random.choices(("phone", "on_spot", "online"), (6, 2, 2))[0],
                complaint=random.choice(COMPLAINTS.get(item.vertical, ("复诊",))),
                deviation="patient_wish",
            )  # fmt: skip
            for person in (doctor, assistant):
                if person is not None:
                    known.busy_people.setdefault(person.pk, []).append(window)
            known.busy_chairs.setdefault(slot.chair.pk, []).append(window)
            self._fate_of_booking(appointment)
            return appointment
        return None

    def _free_assistant(self, site: Site, known: Availability, window: Window) -> StaffMember | None:
        for person in self.random.sample(self.assistants[site.pk], len(self.assistants[site.pk])):
            busy = any(window.overlaps(taken) for taken in known.busy_people.get(person.pk, []))
            if not busy and known.on_duty(person, window):
                return person
        return None

    def _caller(self, site: Site, day: date) -> Patient:
        """Who calls: somebody new, or somebody known who has nothing booked around ``day``."""
        known = [patient for patient in self.patients if patient.site_id == site.pk]
        if len(known) < 6 or self.random.random() < 0.38:
            return self.newcomer(site)
        around = (self.local(day, "00:00") - timedelta(days=3), self.local(day, "00:00") + timedelta(days=4))
        asked = self.random.sample(known, 3)
        booked = Appointment.objects.filter(patient__in=asked, starts_at__range=around, state__in=AWAITED)
        here = Visit.objects.filter(patient__in=asked, state__in=(*UNSEEN, *HOLDS_CHAIR))
        busy = set(booked.values_list("patient_id").union(here.values_list("patient_id")))
        return next((patient for patient in asked if (patient.pk,) not in busy), None) or self.newcomer(site)

    def _fate_of_booking(self, appointment: Appointment) -> None:
        """Some promise to come as they book, some call off before they come; who books for today is expected at once."""
        fate = Fate.of_booking(appointment)
        asking.at_booking(self, appointment, fate)
        if clock.local(appointment.starts_at, self.zone).date() == clock.local(clock.now(), self.zone).date():
            self._await(appointment, fate)
        if fate.cancels:
            moment = appointment.starts_at - timedelta(hours=fate.cancel_hours)
            if moment > clock.now():
                self.timeline.at(moment, partial(self._cancel, appointment.pk, fate.cancel_reason))

    def _cancel(self, pk: int, reason: str) -> None:
        appointment = Appointment.objects.select_related("site", "patient", "doctor", "item").get(pk=pk)
        if appointment.state in AWAITED:
            booking.cancel_appointment(
                by=self.who("appointments.book", appointment.site, role="front_desk"),
                appointment=appointment,
                reason=reason,
            )

    def bookings(self, site: Site, day: date, *, states: tuple[str, ...] = AWAITED) -> list[Appointment]:
        """The bookings of ``site`` on ``day`` that stand in one of ``states``, by time."""
        start, end = clock.day_bounds(day, self.zone)
        rows = Appointment.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end, state__in=states)
        return list(rows.select_related("site", "patient", "doctor__user", "chair", "item").order_by("starts_at", "id"))

    def _expect(self, site: Site, day: date) -> None:
        for appointment in self.bookings(site, day):
            self._await(appointment, Fate.of_booking(appointment))

    def _await(self, appointment: Appointment, fate: Fate) -> None:
        moment = appointment.starts_at + fate.arrives_after * MINUTE
        if not fate.stays_away and moment + 20 * MINUTE > clock.now():
            self.timeline.at(moment, partial(self._arrive, appointment.pk))

    # --- the journey of a visit ---------------------------------------------------------------------------------------

    def _arrive(self, pk: int) -> None:
        appointment = Appointment.objects.select_related("site", "patient", "doctor__user", "chair", "item").get(pk=pk)
        if appointment.state in AWAITED:
            by = self.who("reception.check_in", appointment.site, role="front_desk")
            self._follow(reception.check_in(by=by, site=appointment.site, appointment=appointment))

    def _walk_in(self, site: Site, day: date, part: dict[str, Any] | None = None) -> None:
        """Somebody comes without a booking, to a doctor who is here; with a ``part``, what becomes of them is given."""
        known = Availability.read(site, day, day, people=self.doctors[site.pk])
        now = clock.now()
        soon = Window(now, now + 30 * MINUTE)
        here = [one for one in self.doctors[site.pk] if known.on_duty(one, soon) and known.chair_of(one, soon)]
        if not here:
            return
        doctor = min(here, key=lambda one: Visit.objects.filter(doctor=one, state__in=(*UNSEEN, *HOLDS_CHAIR)).count())
        vertical = self.random.choice(self.items).vertical
        visit = reception.check_in(
            by=self.who("reception.check_in", site, role="guide"), site=site, patient=self._caller(site, day), doctor=doctor,
            vertical=vertical, complaint=self.random.choice(COMPLAINTS.get(vertical, ("初诊",))), deviation="patient_wish",
        )  # fmt: skip
        if part is not None:
            self._parts[visit.pk] = {"leaves_unseen": False, **part}
        self._follow(visit)

    def _fate(self, visit: Visit) -> Fate:
        fate = Fate.of_visit(visit)
        return replace(fate, **self._parts[visit.pk]) if visit.pk in self._parts else fate

    def _follow(self, visit: Visit) -> None:
        """Plan the next step of ``visit`` from its state and its fate."""
        step, moment = self._next(visit, self._fate(visit))
        if step is not None:
            self.timeline.at(moment, partial(self._take, step, visit))

    def _take(self, step: str, visit: Visit) -> None:
        """Do a step; actions read the row again under its lock, so what others did meanwhile is seen there."""
        after = getattr(self, f"_{step}")(visit, self._fate(visit))
        if after is not None:
            self._follow(after)

    def _next(self, visit: Visit, fate: Fate) -> tuple[str | None, datetime]:
        now = clock.now()
        match visit.state:
            case "arrived":
                return "register", visit.arrived_at + MINUTE
            case "registered" | "waiting":
                assert visit.registered_at is not None
                if visit.announced_wait_minutes is None:
                    return "announce", visit.registered_at + MINUTE
                if visit.state == "registered" and not visit.opinion:
                    return "ask", now + MINUTE
                called = visit.registered_at + fate.wait * MINUTE
                alarm = visit.registered_at + timedelta(minutes=20, seconds=2)
                explained = visit.registered_at + fate.explained_after * MINUTE
                if now < alarm <= called:
                    self.timeline.at(alarm, settle)
                if fate.explains and called > explained and not visit.explanations.exists():
                    return "explain", explained
                return "lead", called
            case "led_in":
                assert visit.led_in_at is not None
                return "seat", visit.led_in_at + 2 * MINUTE
            case "in_chair":
                assert visit.in_chair_at is not None
                return "finish", visit.in_chair_at + fate.treat_minutes(visit) * MINUTE
            case "finished":
                assert visit.finished_at is not None
                return "leave", visit.finished_at + fate.leaves_after * MINUTE
            case "left" | "at_cashier":
                assert visit.left_at is not None
                return "pay", visit.left_at + fate.pays_after * MINUTE
        return None, now

    def _register(self, visit: Visit, fate: Fate) -> Visit:
        return reception.register_visit(by=self.who("reception.check_in", visit.site, role="front_desk"), visit=visit)

    def _announce(self, visit: Visit, fate: Fate) -> Visit:
        by = self.who("reception.check_in", visit.site, role="guide")
        visit = reception.announce_wait(by=by, visit=visit, minutes=min(25, max(5, fate.wait // 5 * 5)))
        if self.is_kept:
            daily.told_wait(self, visit)
        return visit

    def _ask(self, visit: Visit, fate: Fate) -> Visit | None:
        by = self.who("reception.check_in", visit.site, role="guide")
        if fate.leaves_unseen:
            reception.leave_unseen(by=by, visit=visit, reason="等候时间太长，改日再来")
            return None
        return reception.record_opinion(by=by, visit=visit, opinion=Visit.Opinion.STAY, education_topic="术前注意事项")

    def _explain(self, visit: Visit, fate: Fate) -> Visit:
        by = self.who("reception.explain", visit.site, role="guide")
        reception.explain_wait(by=by, visit=visit, reason=fate.why, words=WORDS[fate.why])
        if self.is_kept:
            area.tell_doctor(self, visit)
        return visit

    def _lead(self, visit: Visit, fate: Fate) -> Visit | None:
        """Lead in, or look again a little later while the chair is taken."""
        chair = visit.appointment.chair if visit.appointment is not None else self._chair_of(visit)
        if self.is_kept:
            daily.before_chair(self, visit)
        by = self.who("reception.lead_in", visit.site, role="waiting_attendant")
        if chair is None or (held := rounds.holder(chair, visit)) is not None:
            if chair is not None and held is not None and rounds.overrides(self, visit, held):
                return reception.lead_in(by=by, visit=visit, chair=chair)
            evening = self.local(clock.local(clock.now(), self.zone).date(), "18:30")
            if clock.now() > evening:
                by = self.who("reception.check_in", visit.site, role="front_desk")
                reception.leave_unseen(by=by, visit=visit, reason="已过门诊时间，改约")
                return None
            self.timeline.at(clock.now() + 4 * MINUTE, partial(self._take, "lead", visit))
            return None
        return reception.lead_in(by=by, visit=visit, chair=chair)

    def _chair_of(self, visit: Visit) -> Chair | None:
        day, now = clock.local(clock.now(), self.zone).date(), clock.now()
        known = Availability.read(visit.site, day, day, people=[visit.doctor])
        return known.chair_of(visit.doctor, Window(now, now + 10 * MINUTE)) or next(
            (chair for _window, chair in known.duty_chairs.get(visit.doctor.pk, [])), None
        )

    def _seat(self, visit: Visit, fate: Fate) -> Visit:
        if self.is_kept:
            area.take_over(self, visit)
        return reception.seat_in_chair(by=self.who("reception.treat", visit.site, role="nurse"), visit=visit)

    def _finish(self, visit: Visit, fate: Fate) -> Visit:
        by = self.self_of(visit.doctor)
        done = self._done_to(visit, fate)
        try:
            treatment.carry_out(self, visit, done, fate)
        except DomainError as refusal:
            # What cannot be recorded must not keep the guest in the chair.
            self.timeline.refused[refusal.code] += 1
        if self.is_kept:
            daily.treated(self, visit, done)
        state, reason = fate.card
        booking.write_card(
            by=by, site=visit.site, patient=visit.patient, doctor=visit.doctor, visit_code=visit.code, state=state,
            reason=reason, units=done[0].units, item=done[0] if state == AppointmentCard.State.OPEN else None,
        )  # fmt: skip
        till.issue_slip(
            by=by, site=visit.site, patient=visit.patient, doctor=visit.doctor, lines=[till.SlipLine(item=item) for item in done],
            visit_code=visit.code,
        )  # fmt: skip
        return reception.finish_treatment(by=by, visit=visit)

    def _done_to(self, visit: Visit, fate: Fate) -> list[Item]:
        booked = visit.appointment.item if visit.appointment is not None else None
        own = [item for item in self.items if item.vertical == visit.vertical] or self.items
        first = next((item for item in self.items if booked is not None and item.pk == booked.pk), own[0])
        more = [own[0]] if first.pk != own[0].pk and fate.examined else []
        return [first, *more]

    def _leave(self, visit: Visit, fate: Fate) -> Visit:
        by = self.who("reception.leave_area reception.treat", visit.site, role="nurse")
        if self.is_kept:
            daily.leaves(self, visit)
        visit = reception.leave_area(by=by, visit=visit)
        if fate.books_again:
            self._book_again(visit, fate)
        return visit

    def _book_again(self, visit: Visit, fate: Fate) -> None:
        """The desk books the next visit from the card."""
        card = (
            AppointmentCard.objects.select_related("item", "doctor").filter(visit_code=visit.code, state="open").first()
        )
        if card is None or card.item is None:
            return
        today = clock.local(clock.now(), self.zone).date()
        first, last = today + timedelta(days=fate.again_days), today + timedelta(days=fate.again_days + 4)
        known = Availability.read(visit.site, first, last, people=[visit.doctor])
        step = unit(visit.site)
        free = list(known.proposals(visit.doctor, length=card.item.units * step, step=step, after=clock.now()))
        if not free:
            return
        slot = free[fate.again_slot % len(free)]
        again = booking.book_appointment(
            by=self.who("appointments.book", visit.site, role="front_desk"), site=visit.site, patient=visit.patient,
            doctor=visit.doctor, starts_at=slot.starts_at, units=card.item.units, chair=slot.chair, item=card.item, card=card,
            channel="card", complaint="复诊",
        )  # fmt: skip
        asking.at_booking(self, again, Fate.of_booking(again))

    def _pay(self, visit: Visit, fate: Fate) -> None:
        slip = ChargeSlip.objects.filter(visit_code=visit.code, state="issued").first()
        if slip is None:
            return
        site, by = visit.site, self.who("cashier.charge", visit.site, role="cashier")
        lines = list(slip.lines.all())
        total = sum(line.amount_fen for line in lines)
        if not total:
            till.close_zero_bill(by=by, site=site, slip=slip)
        else:
            dearest = max(lines, key=lambda line: line.amount_fen)
            owed = {dearest.code: dearest.amount_fen // 2} if fate.owes and dearest.amount_fen > 100_000 else {}
            due = total - sum(owed.values())
            tendered = -(-due // 10_000) * 10_000 if fate.tender == Tender.CASH else due
            digits = fate.card_digits if fate.tender in CARDS else ""
            number = f"42{slip.code.int % 10**26:026d}" if fate.tender in WALLETS else ""
            given = HandedOver(tender=fate.tender, fen=tendered, card_number=digits, reference=number)
            receipt = till.charge(by=by, site=site, slip=slip, handed_over=[given], owed=owed)
            if owed:
                till.report_arrears(by=by, site=site, receipt=receipt)
        # The till tells the front desk by an event; here at once, so that the moment is right.
        reception.note_charged(by=DEMO, visit=visit)
