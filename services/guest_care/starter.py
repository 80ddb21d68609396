"""Starter content: what is done for guests and said to them (ledger 15, CK-05, CK-06, PH-23, PH-24, PH-26).

Lines of business add their own with ``actions.ensure_care_item(vertical=…)``.
"""

from __future__ import annotations

from typing import NamedTuple

from kernel import context
from services.guest_care.actions import ensure_care_item
from services.guest_care.models import CareItem

Moment = CareItem.Moment


class Item(NamedTuple):
    """A step or words as data."""

    key: str
    moment: str
    title_zh: str
    title_en: str
    words_zh: str = ""
    words_en: str = ""
    is_step: bool = True
    repeats: bool = False


ITEMS = (
    Item("seat", Moment.WAITING, "请坐", "Seat offered", "您这边请坐，我帮您安排。", "Please take a seat, I will see to it."),
    Item("water", Moment.WAITING, "倒水或茶", "Water or tea offered", "您喝水还是喝茶？需要服药的话我给您倒温水。",
         "Would you like water or tea? I bring you warm water if you have to take medicine.", repeats=True),
    Item("reading", Moment.WAITING, "告知报刊、电视位置", "Newspapers and TV shown",
         "报刊在您右手边的架子上，电视可以帮您换台。", "The newspapers are on the shelf beside you; I can change the channel for you."),
    Item("no-booking", Moment.NO_BOOKING, "未预约：请稍坐", "No booking: please sit for a moment",
         "您今天没有预约，请稍坐片刻，我马上帮您安排。请把您的姓名或电话写在纸上，我来找您的病历。",
         "You have no booking today; please sit for a moment, I am arranging it. Would you write down your name or phone "
         "number, so that I find your chart?"),
    Item("introducing", Moment.HANDING_OVER, "介绍医生与患者", "Introducing doctor and patient",
         "这位是{doctor}。医生，这位是{patient}，今天来看……。（双手递上病历）",
         "This is {doctor}. Doctor, this is {patient}, who is here today because … (hand over the chart with both hands)",
         is_step=False),
    Item("price", Moment.PRICE, "被问价格", "Asked for a price",
         "费用要看您的具体情况。我们可以先为您免费检查，由医生判断是否需要、用哪种方法。\n"
         "您今天没时间的话，这是我们的名片和介绍，或者我帮您约个时间？",
         "It depends on what you need. We can examine you free of charge first, and the doctor tells you whether and how.\n"
         "If you have no time today, here is our card and a leaflet. Or shall I find a time for you?", is_step=False),
    Item("goodbye", Moment.LEAVING, "道别", "Said goodbye", "请慢走，有任何不适随时联系我们。",
         "Take care, and call us at any time if something is wrong."),
    Item("seen-off", Moment.LEAVING, "送到门口", "Seen off to the door", "我送您到门口，请慢走。",
         "I see you to the door. Take care."),
)  # fmt: skip


def load() -> None:
    """Write what is missing; what a tenant changed or took off stays as it is."""
    by = context.actor()
    for position, item in enumerate(ITEMS):
        ensure_care_item(by=by, order=position * 10, **item._asdict())
