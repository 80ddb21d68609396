"""Starter content: kinds of devices with their capability (IN-014). What a tenant changed stays as it is."""

from __future__ import annotations

from typing import NamedTuple

from kernel import context
from services.equipment.actions import ensure_type


class Kind(NamedTuple):
    """A kind of device as data."""

    key: str
    name_zh: str
    name_en: str
    capability_zh: str
    capability_en: str
    maintenance_days: int


KINDS = (
    Kind("excimer-308", "308 准分子激光", "308 excimer laser", "白癜风、银屑病等的靶向光疗", "targeted phototherapy at 308 nm", 180),
    Kind("dye-595-1064", "595/1064 双波长染料激光", "595/1064 pulsed-dye laser", "血管性病变、红斑、色素", "vascular lesions, redness, pigment", 180),
    Kind("alexandrite-755", "755 翠绿宝石激光", "755 alexandrite laser", "脱毛、色素性病变", "hair removal, pigmented lesions", 180),
    Kind("fractional", "点阵激光", "Fractional laser", "瘢痕、痘坑、嫩肤", "scars, acne pits, resurfacing", 180),
    Kind("nb-uvb-311", "窄谱 UVB 311 光疗仪", "Narrow-band UVB 311 phototherapy", "全身或局部紫外线光疗", "whole-body or local ultraviolet therapy", 180),
    Kind("bio-resonance", "生物共振过敏检测治疗系统", "Bio-resonance allergy system", "过敏原检测与脱敏", "allergen testing and desensitisation", 365),
    Kind("steriliser", "高压蒸汽灭菌器", "Steam steriliser", "器械灭菌", "sterilises instruments", 90),
    Kind("x-ray", "X 光机", "X-ray unit", "拍片", "X-ray pictures", 365),
    Kind("treatment-unit", "综合治疗台", "Treatment unit", "治疗椅位", "the unit at a chair", 90),
    Kind("handpiece", "涡轮手机", "Turbine handpiece", "高速切削", "high-speed cutting", 30),
    Kind("computer", "电脑", "Computer", "前台办公", "front office", 0),
    Kind("banknote-detector", "验钞机", "Banknote detector", "识别假币", "tells forged banknotes", 180),
    Kind("audio-tv", "音响电视", "Audio and TV", "候诊区播放", "waiting area", 0),
)  # fmt: skip


def load() -> None:
    """Write what is missing."""
    by = context.actor()
    for kind in KINDS:
        ensure_type(by=by, **kind._asdict())
