"""Invented people: patients of the demo, made from common names so that searching, pinyin and duplicates have work.

None of them exists. Their phones begin with 199 followed by the number of their house, so that no two houses share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from config.demo.cast import HOUSES

FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
)
FEMALE = (
    "芳", "娜", "敏", "静", "丽", "艳", "雪梅", "桂英", "秀兰", "婷婷", "雨桐", "欣怡", "梓涵", "思琪", "佳宁", "晓燕", "玉珍",
    "美玲", "春花", "若曦", "诗涵", "慧敏", "文静", "海燕", "淑华", "凤英", "语嫣", "可馨", "一诺", "安琪",
)  # fmt: skip
MALE = (
    "伟", "强", "磊", "洋", "勇", "军", "杰", "志强", "建国", "浩然", "子轩", "宇航", "俊杰", "明辉", "国栋", "永康", "文博",
    "家豪", "一鸣", "天佑", "海波", "立新", "德华", "少华", "振宇", "思远", "嘉诚", "启航", "书恒", "景行",
)  # fmt: skip
WORKS = (
    "教师",
    "会计",
    "程序员",
    "退休",
    "学生",
    "司机",
    "护士",
    "销售",
    "自由职业",
    "公务员",
    "设计师",
    "店主",
    "工程师",
)
HEARD = ("朋友介绍", "地图", "公众号", "路过", "老顾客", "体检单位")
ALERTS = ("青霉素过敏", "高血压，每次量血压", "服用阿司匹林", "孕中期", "拔牙后曾晕厥", "糖尿病", "麻药敏感")
STREETS = ("梧桐路", "长乐街", "滨江大道", "建设路", "书院巷", "望湖路", "和平里", "人民路")


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who has no file yet, as the words of a registration."""

    name: str
    sex: str
    birth_date: date | None
    stated_age: int | None
    phone: str
    address: str
    details: dict[str, Any]


def stranger(random: Random, *, slug: str, number: int, today: date) -> Stranger:
    """Person ``number`` of the house ``slug``; every fortieth bears the house's canary word in the name."""
    house = HOUSES[slug]
    female = random.random() < 0.56
    given = random.choice(FEMALE if female else MALE)
    name = random.choice(FAMILY) + given + (house.canary if number % 40 == 1 else "")
    age = min(88, max(3, round(random.gauss(38, 17))))
    exact = random.random() < 0.7
    details: dict[str, Any] = {
        "occupation": f"{random.choice(WORKS)}（{house.canary}）" if number % 5 == 0 else random.choice(WORKS),
        "media_source": random.choice(HEARD),
        "message_consent": random.random() < 0.8,
    }
    if random.random() < 0.14:
        details["alert"] = f"{random.choice(ALERTS)} · {house.canary}"
    phone = f"199{list(HOUSES).index(slug):02d}{number:06d}"
    return Stranger(
        name=name,
        sex="female" if female else "male",
        birth_date=date(today.year - age - 1, random.randint(1, 12), random.randint(1, 28)) if exact else None,
        stated_age=None if exact else age,
        phone="" if random.random() < 0.02 else phone,
        address=f"{random.choice(STREETS)} {random.randint(1, 320)} 号" if random.random() < 0.5 else "",
        details=details,
    )
