"""Dermatology's departments for what a consultant cannot answer (CS-011), and answers to common questions."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from services.consultation.knowledge import ensure_answer
from services.consultation.transfers import Department

BY = Actor.system("starter-content")
SPECIALISTS = ("specialist", "chief_physician", "doctor_supervisor")
DEPARTMENTS = (
    Department("derm-psoriasis", pgettext_lazy("department", "psoriasis clinic"), SPECIALISTS),
    Department("derm-vitiligo", pgettext_lazy("department", "vitiligo clinic"), SPECIALISTS),
    Department("derm-eczema", pgettext_lazy("department", "dermatitis and eczema clinic"), SPECIALISTS),
    Department("derm-fungal", pgettext_lazy("department", "fungal clinic"), SPECIALISTS),
    Department("derm-laser", pgettext_lazy("department", "laser centre"), SPECIALISTS),
    Department("derm-allergen", pgettext_lazy("department", "allergen test centre"), SPECIALISTS),
)

ANSWERS = (
    (
        "psoriasis-cure", "银屑病能断根吗", "Can psoriasis be cured", "牛皮癣 根治 复发",
        "银屑病可以控制，很多人能长期缓解，但目前没有办法承诺不再发。坚持复诊、规律用药、避免诱因很重要，方案由医生定。",
        ("Psoriasis can be controlled, often for long, but nobody can promise that it never returns. Regular visits and treatment "
        "matter; the doctor decides on the plan."),
    ),
    (
        "steroid", "激素药膏能用吗", "Are steroid creams safe", "激素 依赖 药膏",
        "在医生指导下按部位、强度和疗程使用是安全有效的；自行长期涂用可能有副作用。请把正在用的药带来给医生看。",
        ("Used as the doctor says, by place, strength and time, they are safe and effective; long use on one's own may harm. Please "
        "bring what you use."),
    ),
    (
        "contagious", "皮肤病会传染吗", "Is it contagious", "传染 真菌 家人",
        "要看是哪一种。真菌、疥疮等会传染，湿疹、银屑病、白癜风不会。请医生检查后再判断，先不要共用毛巾。",
        ("It depends. Fungal infections and scabies are, eczema, psoriasis and vitiligo are not. Let the doctor look; do not share "
        "towels until then."),
    ),
)  # fmt: skip


def load() -> None:
    """Write what is missing; answers wait for the approval of somebody of the house."""
    for key, zh, en, words, text_zh, text_en in ANSWERS:
        ensure_answer(
            by=BY, key=key, vertical="dermatology", question_zh=zh, question_en=en, keywords=words, answer_zh=text_zh,
            answer_en=text_en,
        )  # fmt: skip
