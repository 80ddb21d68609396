"""The escort agency of the tests: its people, and orders brought as far as a test needs them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from escort import actions, service
from escort.models import Assignment, Companion, Hospital, Milestone, Offer, Order
from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.identity.models import User
from kernel.identity.standing import actor_for_user
from kernel.ids import uuid7
from kernel.outbox import relay_pending
from services.catalogue.models import Item
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.sites.models import Site
from tests.services.flow import patient

SHANGHAI = ZoneInfo("Asia/Shanghai")
BY = Actor.system("test")
CLIENT, CUSTOMER, CLIENT_PHONE, CUSTOMER_PHONE = "葛老先生", "葛女士", "13811112222", "13800001111"
SECRETS = (CLIENT, CUSTOMER, CLIENT_PHONE, CUSTOMER_PHONE, "心内科", "听力不好")
PREPARATION = {"contacted_note": "走路慢", "registration_number": "A17", "route": "东门进", "reconfirmed": True}


def actor(username: str) -> Actor:
    """Somebody of the cast, as the database has them now."""
    return actor_for_user(User.objects.get(username=username))


def local(text: str) -> datetime:
    """A moment of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def companion(username: str) -> Companion:
    """A companion of the cast."""
    return Companion.objects.get(staff__user__username=username)


def enquiry(starts: str = "2026-12-31 08:00", ends: str = "2026-12-31 12:00") -> Order:
    """What Mrs Ge asks for: somebody to go with her father."""
    site = Site.objects.get(slug="first")
    patient = register_patient(
        by=BY, site=site, name=CLIENT, sex="male", stated_age=72, phone=CLIENT_PHONE, confirmed_new=True
    )
    return actions.take_enquiry(
        by=actor("kefu.an"), site=site, patient=patient, customer_name=CUSTOMER, customer_phone=CUSTOMER_PHONE,
        hospital=Hospital.objects.order_by("id").first(), item=Item.objects.get(key="escort-half-day"), pickup_place="东门",
        starts_at=local(starts), ends_at=local(ends), department="心内科", needs="听力不好",
    )  # fmt: skip


def agreed(**times: str) -> Order:
    """An order whose agreement both sides have signed."""
    order, manager = enquiry(**times), actor("hao.zhi")
    actions.forward_enquiry(by=manager, order=order)
    actions.draft_agreement(by=manager, order=order, price_fen=38_000)
    actions.sign_agreement(by=manager, order=order, party="customer")
    actions.sign_agreement(by=manager, order=order, party="company")
    order.refresh_from_db()
    return order


def offered(*usernames: str, order: Order | None = None) -> list[Offer]:
    """The offers of an agreed order, in the order of the names (default: Ming alone)."""
    people = [companion(name) for name in usernames or ("ming.yu",)]
    made = actions.offer_order(by=actor("hao.zhi"), order=order or agreed(), companions=people)
    return sorted(made, key=lambda offer: [one.pk for one in people].index(offer.companion_id))


def accepted(**times: str) -> Order:
    """An order that Ming holds."""
    (offer,) = offered("ming.yu", order=agreed(**times))
    assignment: Assignment = service.accept_offer(by=actor("ming.yu"), offer=offer)
    return Order.objects.get(pk=assignment.order_id)


def ready(**times: str) -> Order:
    """An order that Ming has prepared."""
    order = accepted(**times)
    return service.prepare(
        by=actor("ming.yu"),
        order=order,
        contacted_note="走路慢",
        registration_number="A17",
        route="东门进",
        reconfirmed=True,
    )


def refusals(code: str) -> int:
    return AuditEntry.objects.filter(verb="refused", data__code=code).count()


def told() -> None:
    """Everybody has heard what happened."""
    while relay_pending().more:
        pass


def asked_for(who: Patient | None = None) -> dict[str, Any]:
    """An enquiry as the API takes it."""
    site = Site.objects.get(slug="first")
    client = who or patient(CLIENT, site=site, phone=CLIENT_PHONE, sex="male", stated_age=72)
    return {
        "site": str(site.code), "patient": str(client.code), "customer_name": CUSTOMER, "customer_phone": CUSTOMER_PHONE,
        "hospital": str(Hospital.objects.order_by("id").first().code),  # type: ignore[union-attr]
        "item": str(Item.objects.get(key="escort-half-day").code), "pickup_place": "东门", "department": "心内科",
        "starts_at": "2026-12-31T08:00:00+08:00", "ends_at": "2026-12-31T12:00:00+08:00", "needs": "听力不好",
    }  # fmt: skip


def stone(kind: str, at: str, key: Any = None, **more: str) -> dict[str, str]:
    return {"key": str(key or uuid7()), "kind": kind, "happened_at": f"{at.replace(' ', 'T')}+08:00", **more}


def met(order: Order, at: str = "2026-12-31 08:00", by: str = "ming.yu") -> Milestone:
    return service.check_in(by=actor(by), order=order, key=uuid7(), happened_at=local(at))
