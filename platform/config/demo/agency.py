"""An escort agency's days: enquiries, agreements, offers, services, reports. Each order goes on from where its row stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from config.demo import discretion
from config.demo.engine import Timeline, settle
from config.demo.house import MINUTE, House
from config.demo.pace import Pace
from escort import actions as desk
from escort import service
from escort.models import Companion, Hospital, Milestone, Order
from kernel import clock
from kernel.ids import uuid7
from services.catalogue.models import Item
from services.catalogue.selectors import items
from services.sites.models import Site

HOUR = timedelta(hours=1)
DEPARTMENTS = ("心内科", "骨科", "眼科", "消化内科", "产科", "神经内科", "肿瘤科")
NEEDS = ("需要轮椅", "听力不好，请大声一些", "只会说上海话", "需要代排队取药", "空腹抽血")


class Agency(House):
    """The days of one escort tenant."""

    def __init__(self, timeline: Timeline, pace: Pace) -> None:
        super().__init__(timeline, pace)
        self.items = list(items(vertical="escort"))
        self.hospitals = list(Hospital.objects.order_by("id"))
        self.companions = list(
            Companion.objects.filter(state=Companion.State.ACTIVE).select_related("staff__user").order_by("id")
        )

        # Orders of which it is certain that they take place.
        self._certain: set[int] = set()

    def plan(self) -> None:
        """Plan the whole stretch."""
        discretion.begin(self)
        self.plan_rounds()
        for order in self._orders().exclude(state__in=("archived", "cancelled")):
            self._follow(order)
        dense_from = self.pace.dense_from(self.last_day)
        for site in self.sites:
            for day in self.days(site):
                random = Random(f"{self.slug}:{day}:orders")
                dense = day >= dense_from
                for number in range(3 if dense else int(random.random() < 0.45)):
                    moment = self.local(day, f"{9 + number * 3:02d}:{random.choice((5, 20, 35)):02d}")
                    if moment > self.timeline.now:
                        self.timeline.at(moment, partial(self._enquiry, site, day, number))
            # Two that were asked for yesterday and are going on at this very moment.
            for minutes in (50, 25):
                starts_at = self.timeline.until - minutes * MINUTE
                moment = starts_at - 25 * HOUR
                if moment > self.timeline.now:
                    self.timeline.at(moment, partial(self._long_service, site, starts_at))
            # One that is being offered at this very moment.
            self.timeline.at(self.timeline.until - 9 * MINUTE, partial(self._express, site))

    def _orders(self):  # type: ignore[no-untyped-def]
        return Order.objects.select_related("site__entity", "patient", "hospital", "item").order_by("id")

    def _long_service(self, site: Site, starts_at: datetime) -> Order:
        longest = max(self.items, key=lambda item: item.units)
        order = self._enquire(site, longest, starts_at.replace(second=0, microsecond=0))
        self._certain.add(order.pk)
        return order

    def _enquiry(self, site: Site, day: date, number: int, *, in_days: int | None = None) -> Order:
        random = self.random
        ahead = in_days if in_days is not None else (1, 1, 2)[number] if random.random() < 0.8 else random.randint(3, 6)
        starts_at = self.local(day + timedelta(days=ahead), random.choice(("07:30", "08:00", "09:30", "13:30")))
        return self._enquire(site, random.choice(self.items), starts_at)

    def _enquire(self, site: Site, item: Item, starts_at: datetime) -> Order:
        random = self.random
        patient = self.newcomer(site) if random.random() < 0.6 or not self.patients else random.choice(self.patients)
        order = desk.take_enquiry(
            by=self.who("escort.enquire", site), site=site, patient=patient, customer_name=f"{patient.name[0]}女士",
            customer_phone=f"199{random.randint(10, 99)}{random.randint(0, 999999):06d}", hospital=random.choice(self.hospitals),
            item=item, pickup_place=random.choice(("医院正门", "小区南门", "地铁站 2 号口", "家中")), starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=15 * item.units), department=random.choice(DEPARTMENTS),
            needs=random.choice(NEEDS) if random.random() < 0.5 else "",
        )  # fmt: skip
        self._follow(order)
        return order

    def _express(self, site: Site) -> None:
        """An enquiry for tomorrow that is agreed within minutes and lies open with two companions."""
        by = self.who("escort.manage", site)
        day = clock.local(clock.now(), self.zone).date()
        if Order.objects.filter(site=site, state="offered", offers__state="open").exists():
            return
        order = self._enquiry(site, day, 0, in_days=1)
        desk.forward_enquiry(by=self.who("escort.enquire", site), order=order)
        self._agree(order)
        order = self._orders().get(pk=order.pk)
        self.timeline.at(self.timeline.until - 2 * MINUTE, partial(self._offer_again, by, order.pk))

    def _offer_again(self, by, pk: int) -> None:  # type: ignore[no-untyped-def]
        order = self._orders().get(pk=pk)
        if order.state == "agreed":
            desk.offer_order(by=by, order=order, companions=self.companions[:2])

    def _agree(self, order: Order) -> None:
        by = self.who("escort.manage", order.site)
        day = clock.local(clock.now(), self.zone).date()
        desk.draft_agreement(
            by=by,
            order=order,
            price_fen=order.item.price_on(day) or 38_000,
            cancellation_terms="服务前 24 小时免费取消",
        )
        desk.sign_agreement(by=by, order=order, party="customer")
        desk.sign_agreement(by=by, order=order, party="company")

    def _follow(self, order: Order) -> None:
        moment = self._moment(order)
        if moment is not None:
            self.timeline.at(moment, partial(self._take, order.state, order.pk))

    def _take(self, state: str, pk: int) -> None:
        order = self._orders().get(pk=pk)
        if order.state != state:
            return
        getattr(self, f"_from_{state}")(order)
        after = self._orders().get(pk=pk)
        if after.state != state:
            self._follow(after)

    def _moment(self, order: Order) -> datetime | None:
        random = Random(f"order {order.pk}:{order.state}:{order.offers.count() if order.state == 'offered' else ''}")
        now = clock.now()
        match order.state:
            case "enquiry":
                return order.created_at + random.choice((4, 7, 12, 38)) * MINUTE
            case "with_manager":
                return now + 25 * MINUTE
            case "agreed":
                return now + random.choice((5, 20, 50)) * MINUTE
            case "offered":
                return now + (3 if order.pk in self._certain else random.choice((3, 5, 6, 8, 11, 16))) * MINUTE
            case "accepted":
                return max(now + 20 * MINUTE, order.starts_at - 20 * HOUR)
            case "ready":
                return order.starts_at + random.choice((-12, -6, -3, 0, 2, 14)) * MINUTE
            case "in_service":
                return order.ends_at + random.choice((-20, -5, 0, 15)) * MINUTE
            case "service_ended":
                return (order.ended_at or now) + random.choice((1, 2, 3, 5, 20, 27)) * HOUR
            case "reported":
                return now + 30 * HOUR
        return None

    def _holder(self, order: Order):  # type: ignore[no-untyped-def]
        return self.self_of(
            Companion.objects.select_related("staff__user")
            .get(assignments__order=order, assignments__active=True)
            .staff
        )

    def _from_enquiry(self, order: Order) -> None:
        desk.forward_enquiry(by=self.who("escort.enquire", order.site), order=order)

    def _from_with_manager(self, order: Order) -> None:
        if order.pk not in self._certain and Random(f"order {order.pk}:interest").random() < 0.08:
            desk.cancel_order(by=self.who("escort.manage", order.site), order=order, reason="客户改由家人陪同")
            return
        self._agree(order)

    def _from_agreed(self, order: Order) -> None:
        by = self.who("escort.manage", order.site)
        if order.starts_at <= clock.now() + HOUR or order.offers.count() >= 4:
            desk.cancel_order(by=by, order=order, reason="暂无合适的陪诊师")
            return
        busy = self._busy(order)
        free = [one for one in self.companions if one.pk not in busy]
        if not free:
            desk.cancel_order(by=by, order=order, reason="暂无合适的陪诊师")
            return
        desk.offer_order(by=by, order=order, companions=self.random.sample(free, min(2, len(free))))

    def _busy(self, order: Order) -> set[int]:
        """Who is with somebody else at the time of ``order``, the way there and back included."""
        rows = Companion.objects.filter(
            assignments__active=True, assignments__order__starts_at__lt=order.ends_at + HOUR,
            assignments__order__ends_at__gt=order.starts_at - HOUR,
        )  # fmt: skip
        return set(rows.values_list("pk", flat=True))

    def _from_offered(self, order: Order) -> None:
        offers = order.offers.filter(state="open", expires_at__gt=clock.now()).exclude(companion__in=self._busy(order))
        for offer in offers.select_related("companion__staff__user").order_by("id"):
            if order.pk in self._certain or Random(f"offer {offer.pk}").random() < 0.75:
                service.accept_offer(by=self.self_of(offer.companion.staff), offer=offer)
                return
        # Nobody answered: the offers run out, and the order comes back to the manager.
        self.timeline.at(clock.now() + 16 * MINUTE, settle)
        self.timeline.at(clock.now() + 20 * MINUTE, partial(self._take, "agreed", order.pk))

    def _from_accepted(self, order: Order) -> None:
        service.prepare(
            by=self._holder(order), order=order, contacted_note="已电话联系，约定见面地点", registration_number=f"G{order.pk:06d}",
            route="地铁转公交，约 40 分钟", reconfirmed=True,
        )  # fmt: skip

    def _from_ready(self, order: Order) -> None:
        service.check_in(
            by=self._holder(order), order=order, key=uuid7(), happened_at=clock.now(), place=order.pickup_place
        )
        half = (order.ends_at - order.starts_at) / 4
        for number, kind in enumerate(
            (Milestone.Kind.REGISTERED, Milestone.Kind.CONSULTED, Milestone.Kind.MEDICINE), start=1
        ):
            self.timeline.at(order.starts_at + half * number, partial(self._milestone, kind, order.pk))

    def _milestone(self, kind: str, pk: int) -> None:
        order = self._orders().get(pk=pk)
        if order.state == "in_service":
            service.reach_milestone(
                by=self._holder(order), order=order, kind=kind, key=uuid7(), happened_at=clock.now()
            )

    def _from_in_service(self, order: Order) -> None:
        service.end_service(by=self._holder(order), order=order, key=uuid7(), happened_at=clock.now())

    def _from_service_ended(self, order: Order) -> None:
        service.file_report(
            by=self._holder(order),
            order=order,
            text="全程陪同就诊，已取药并讲解用法，送至上车点。",
            client_condition="情绪平稳",
        )

    def _from_reported(self, order: Order) -> None:
        desk.archive_order(by=self.who("escort.manage", order.site), order=order)
