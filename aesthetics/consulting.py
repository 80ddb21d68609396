"""What medical aesthetics asks of a consultation: risks told and understood, plain claims (CS-008, CS-009); starter content."""

from __future__ import annotations

from kernel.context import Actor
from services.consultation.claims import Demands
from services.consultation.knowledge import ensure_answer, ensure_sheet

BY = Actor.system("starter-content")
DEMANDS = Demands(vertical="aesthetics", disclosure=True, plain_claims=True)

ANSWERS = (
    (
        "result-promise", "效果能保证吗", "Can the result be guaranteed", "保证 效果 维持",
        "每个人的条件和恢复不同，没有人能保证效果。医生会当面检查，说明可能达到的程度、风险和替代办法，您想清楚再决定。",
        ("Everybody heals differently, and nobody can guarantee a result. The doctor examines you and explains what may be reached, "
        "the risks and the alternatives; take your time to decide."),
    ),
    (
        "recovery", "恢复期多长", "How long is the recovery", "恢复 消肿 上班",
        "不同项目差别很大，从当天到几周。重要的日子之前请告诉我们，医生会说明适合您的时间和术后安排。",
        "It differs from the same day to some weeks. Tell us about important days; the doctor explains what suits you.",
    ),
    (
        "who-may-not", "哪些情况不能做", "Who should not have it", "怀孕 经期 疤痕 过敏",
        "怀孕哺乳、感染发炎、瘢痕体质、凝血问题、正在用的药和过敏史都会影响，请如实告诉医生，由医生判断。",
        "Pregnancy, nursing, infections, scarring, bleeding disorders, medicines and allergies matter. Please tell the doctor, who decides.",
    ),
)  # fmt: skip

SHEETS = (
    (
        "aesth-eyelid", "局部麻醉下做出上睑皱襞，可能同时去除部分皮肤或脂肪。", "形态较持久，可按眼部条件设计。", "眼部感染、凝血异常、期望与条件不符者。",
        "肿胀淤青、两侧不对称、瘢痕、形态不满意需再次手术，极少数影响闭眼。", "术前两周停用影响凝血的药（听医生安排），术后不揉眼，七天拆线。", "按发给您的护理单护理，按时复查。",
    ),
    (
        "aesth-filler", "把玻尿酸注射到指定层次，补充容量。", "恢复较快，必要时可以溶解。", "注射部位感染、对成分过敏、孕期哺乳期。",
        "淤青肿胀、结节、不对称；极少数血管栓塞，可致皮肤坏死或视力损害。", "四小时内不沾水不按压，出现发白、剧痛或视物不清立即联系。", "按护理单复查，维持时间因人而异。",
    ),
    (
        "aesth-laser", "用激光作用于表皮和真皮，促进修复。", "可改善部分色斑和细纹。", "近期暴晒、光敏药物、瘢痕体质、孕期。",
        "红肿结痂、色素沉着或减退，少数留痕，可能需要多次。", "结痂不抠，严格防晒四周以上。", "按医嘱使用修复剂，按时复查。",
    ),
)  # fmt: skip
PARTS = ("content", "advantages", "contraindications", "risks", "precautions", "aftercare")


def load() -> None:
    """Write what is missing; everything waits for the approval of somebody of the house."""
    for key, zh, en, words, text_zh, text_en in ANSWERS:
        ensure_answer(
            by=BY, key=key, vertical="aesthetics", question_zh=zh, question_en=en, keywords=words, answer_zh=text_zh,
            answer_en=text_en,
        )  # fmt: skip
    for item_key, *texts in SHEETS:
        ensure_sheet(by=BY, item_key=item_key, **dict(zip(PARTS, texts, strict=True)))
