"""Starter content of every house: guidance for consultants, and answers that any clinic is asked for (ledger 15, KB-02).

Lines of business add their own with ``knowledge.ensure_answer(vertical=…)``.
"""

from __future__ import annotations

from kernel import context
from services.consultation import knowledge
from services.consultation.models import KnowledgeItem

GUIDANCE = (
    (
        "elderly", "接待年长顾客", "Older customers",
        ("说慢一点，一次只说一件事，说完请对方复述。\n不催促，留出思考的时间；听不清时换个说法，不要提高嗓门。\n"
        "有人愿意尝试新方法，有人信任老办法：先问想法，再介绍，不评判。\n"
        "常用药、慢性病、活动假牙要主动问；重要内容写在纸上，字写大些。\n征得本人同意后再请家属一起听；决定由本人作。"),
        ("Speak slowly, one matter at a time, and ask to have it repeated.\nDo not press; leave time to think. If something "
        "was not heard, say it differently, not louder.\nSome like new methods, some trust the old ones: ask first, then "
        "explain, do not judge.\nAsk about regular medicine, chronic illness and dentures; write what matters down, in large "
        "letters.\nFamily listens with the customer's consent; the customer decides."),
    ),
)  # fmt: skip

ANSWERS = (
    (
        "who-advises", "咨询师能告诉我怎么治吗", "Can the consultant tell me the treatment", "诊断 医生 看病",
        "咨询师可以介绍项目、流程和费用，帮您把问题整理清楚；诊断和治疗方案由医生检查后决定。需要时我马上请医生来回答您。",
        ("A consultant explains services, steps and prices and sorts your questions; diagnosis and treatment are decided by a "
        "doctor after an examination. I can ask a doctor for you at once."),
    ),
    (
        "privacy", "我的资料会给别人看吗", "Who sees my data", "隐私 保密 信息",
        "您的资料只供为您服务的工作人员使用，查看会留下记录；没有您的同意不会提供给他人。",
        "Only the staff who look after you use your data, each look is recorded, and nobody else gets it without your consent.",
    ),
)  # fmt: skip


def load() -> None:
    """Write what is missing; what a house changed stays as it is."""
    by = context.actor()
    for key, zh, en, text_zh, text_en in GUIDANCE:
        knowledge.ensure_answer(
            by=by, key=key, kind=KnowledgeItem.Kind.GUIDANCE, question_zh=zh, question_en=en, answer_zh=text_zh,
            answer_en=text_en,
        )  # fmt: skip
    for key, zh, en, words, text_zh, text_en in ANSWERS:
        knowledge.ensure_answer(
            by=by, key=key, question_zh=zh, question_en=en, keywords=words, answer_zh=text_zh, answer_en=text_en
        )
