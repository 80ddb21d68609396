"""Names and bookings of the component sheet, in both languages. Nobody's data."""

from __future__ import annotations

from datetime import time
from typing import NamedTuple


class Sample(NamedTuple):
    """A piece of sample content."""

    zh: str
    en: str


PEOPLE = (
    Sample("白岚", "Bai Lan"),
    Sample("陈雨", "Chen Yu"),
    Sample("林医生", "Dr Lin"),
    Sample("吴飞", "Wu Fei"),
    Sample("梁博", "Liang Bo"),
)
SITES = (
    Sample("中心店", "Centre"),
    Sample("港湾店", "Harbour"),
    Sample("河西店", "West Bank"),
    Sample("湖滨店", "Lakeside"),
)

_ITEMS = {
    "root": Sample("36 根管", "36 root canal"),
    "clean": Sample("洁治", "Cleaning"),
    "fill": Sample("17 补牙", "17 filling"),
    "check": Sample("检查", "Check-up"),
    "pull": Sample("38 拔牙", "38 extraction"),
    "talk": Sample("种植咨询", "Implant advice"),
}
_NAMES = [
    Sample("韩博", "Han Bo"), Sample("陈雨", "Chen Yu"), Sample("宋倩", "Song Qian"), Sample("贺林", "He Lin"),
    Sample("梁博", "Liang Bo"), Sample("何静", "He Jing"), Sample("苗圃", "Miao Pu"), Sample("唐果", "Tang Guo"),
    Sample("马林", "Ma Lin"), Sample("阮欣", "Ruan Xin"), Sample("石磊", "Shi Lei"), Sample("尹航", "Yin Hang"),
]  # fmt: skip

BOARD = (
    (
        Sample("1诊室 林医生", "Room 1 Dr Lin"),
        Sample("011", "011"),
        (
            (time(8, 30), time(9, 15), "in_chair", _NAMES[0], _ITEMS["root"]),
            (time(9, 15), time(9, 30), "waiting", _NAMES[1], _ITEMS["check"]),
            (time(10, 0), time(10, 30), "confirmed", _NAMES[2], _ITEMS["fill"]),
            (time(13, 30), time(14, 30), "confirmed", _NAMES[3], _ITEMS["root"]),
        ),
    ),
    (
        Sample("2诊室 徐医生", "Room 2 Dr Xu"),
        Sample("020", "020"),
        (
            (time(8, 30), time(9, 0), "left", _NAMES[4], _ITEMS["clean"]),
            (time(9, 30), time(9, 45), "arrived", _NAMES[5], _ITEMS["check"]),
            (time(10, 15), time(10, 45), "booked", _NAMES[6], _ITEMS["check"]),
            (time(14, 15), time(15, 0), "booked", _NAMES[7], _ITEMS["clean"]),
        ),
    ),
    (
        Sample("3诊室 赵医生", "Room 3 Dr Zhao"),
        Sample("014", "014"),
        (
            (time(8, 30), time(9, 15), "no_show", _NAMES[8], _ITEMS["pull"]),
            (time(9, 0), time(10, 0), "in_chair", _NAMES[9], _ITEMS["root"]),
            (time(11, 0), time(11, 30), "finished", _NAMES[10], _ITEMS["pull"]),
            (time(15, 0), time(15, 45), "confirmed", _NAMES[11], _ITEMS["talk"]),
        ),
    ),
    (Sample("谢", "Xie"), Sample("", ""), ()),
)
