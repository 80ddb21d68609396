"""Starter content: the lists of the day as the manual writes them (CK-01 to CK-04, GV-006, GV-008, GV-016, GV-021)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kernel import context
from services.shift.lists import ensure_checklist
from services.shift.models import Checklist

Purpose = Checklist.Purpose
DESK = ("front_desk",)

# key, Chinese, English, mandatory
OPENING = (
    ("ready", "提前{opening_prep_minutes}分钟到岗，换好工装，仪容整洁", "At work {opening_prep_minutes} minutes early, in uniform, appearance ready", True),
    ("air", "拉开窗帘，开门开窗通风", "Curtains drawn back, doors and windows opened to air", True),
    ("power", "打开机器和电源开关", "Machines and power switches on", True),
    ("counters", "巡视公共区域，台面无多余物品", "Public area patrolled, counters free of surplus objects", True),
    ("pictures", "墙上挂画、走廊装饰摆正", "Pictures on the walls and decorations of the corridor straight", False),
    ("charts", "当日病历按预约时间顺序排好", "Today's charts laid out in the order of the appointments", True),
    ("blank", "前台备好至少{blank_records_min}份空白初诊登记表，放在固定位置", "At least {blank_records_min} blank new-patient records at their place at the desk", True),
    ("music", "晨会前关闭音响", "Music amplifier off before the meeting", False),
    ("briefing", "当日预约情况和昨日病历已备好", "Briefing of today's bookings and yesterday's charts ready", True),
    ("systems", "电脑、电话、打印机可用，表单齐全，已知当日排班，随时可以接待", "Computer, telephone, printers and forms ready, roster known: guests can be received", True),
)  # fmt: skip

# key, Chinese, English, due ("" = closing time), roles
DUTIES = (
    ("reminders", "检查昨日提醒记录，未完成的中午前完成", "Check yesterday's reminder records; finish what is unfinished before noon", "12:00", DESK),
    ("arrivals", "核对昨日到诊和例行事项，缺项交责任人补齐", "Check yesterday's arrivals and routine items; hand what is missing to its owner", "12:00", DESK),
    ("reception", "接待患者，保持前台有人", "Receive guests; the desk is never empty", "", DESK),
    ("phone", "电话预约，及时登记", "Telephone bookings, entered at once", "", ("phone_agent", "front_desk")),
    ("charging", "当日收费，票据齐全", "Daily charging, receipts complete", "", ("cashier",)),
    ("tomorrow", "打印明日预约名单（含联系方式）", "Print tomorrow's bookings with contacts", "", DESK),
    ("reconcile", "下班前与指定人员核对账目并交接", "Reconcile with the designated person and hand over before leaving", "", ("cashier",)),
)  # fmt: skip

CHECKS = (
    ("desk", "前台不接待无关人员，不谈与工作无关的事", "No unrelated persons and no matters beside the work at the desk", True),
    ("waiting", "候诊区整洁安静，音响、电视、电脑由前台管理", "Waiting room clean, tidy and quiet; audio, TV and computers managed by the desk", True),
    ("quiet", "大厅拥挤时，礼貌提醒客人和家属保持安静", "When the hall is crowded, guests and family politely reminded to be quiet", False),
    ("zones", "各责任区卫生已打扫", "The zones of each person cleaned", True),
)  # fmt: skip

CLOSING = (
    ("computers", "电脑清洁保养，退出登录", "Computers cleaned and cared for, signed out", True),
    ("tidy", "前台、候诊区整理完毕", "Desk and waiting area tidied", True),
    ("off", "关闭机器、电源、音响，门窗关好", "Machines, power and music off, doors and windows closed", True),
    ("papers", "病历、单据、钥匙归位上锁", "Charts, papers and keys in their place, locked", True),
)  # fmt: skip


def load() -> None:
    """Write the lists that are missing; what a tenant changed or took out of use stays as it is (PL-019)."""
    by = context.actor()
    ensure_checklist(by=by, key="opening", purpose=Purpose.OPENING, title_zh="开诊准备", title_en="Opening", order=10,
                     items=_items(OPENING))  # fmt: skip
    ensure_checklist(by=by, key="duties", purpose=Purpose.DUTIES, title_zh="当日工作", title_en="Duties of the day", order=20,
                     items=[{"key": key, "zh": zh, "en": en, "due": due, "roles": list(roles)} for key, zh, en, due, roles in DUTIES])  # fmt: skip
    ensure_checklist(by=by, key="checks", purpose=Purpose.CHECKS, title_zh="日间检查", title_en="Checks during the day",
                     order=30, items=_items(CHECKS))  # fmt: skip
    ensure_checklist(by=by, key="closing", purpose=Purpose.CLOSING, title_zh="下班检查", title_en="Closing", order=40,
                     items=_items(CLOSING))  # fmt: skip


def _items(rows: Iterable[tuple[str, str, str, bool]]) -> list[dict[str, Any]]:
    return [{"key": key, "zh": zh, "en": en, "mandatory": mandatory} for key, zh, en, mandatory in rows]
