"""Starter content for the consultants of a dental clinic: answers to common questions, and sheets of its services.

Answers and sheets wait for the approval of a doctor of the house before anybody is told them.
"""

from __future__ import annotations

from kernel.context import Actor
from services.consultation.knowledge import ensure_answer, ensure_sheet

BY = Actor.system("starter-content")

# key, question, English question, other words, answer, English answer
ANSWERS = (
    (
        "scaling-harm", "洗牙会伤牙吗", "Does scaling harm the teeth", "洁牙 牙缝 变大 酸",
        "洗牙是把牙石和菌斑清下来，不磨牙齿本身。洗完几天对冷热敏感是常见的，一般会慢慢好。牙缝显得大，多是牙石去掉后露出了原来的缝隙。",
        ("Scaling takes off tartar and plaque, not tooth. Some days of sensitivity are common. Gaps that seem wider were filled "
        "with tartar before."),
    ),
    (
        "scaling-often", "多久洗一次牙", "How often should I have scaling", "洁牙 频率 半年",
        "一般半年到一年一次；牙周有问题时由医生检查后决定间隔。", "Once or twice a year as a rule; with gum disease the doctor decides.",
    ),
    (
        "root-canal-pain", "根管治疗疼不疼", "Does a root canal treatment hurt", "杀神经 抽神经 麻药",
        "治疗时会局部麻醉，大多数人感到的是胀和酸。之后几天咬东西可能不舒服，疼得厉害要随时联系我们。需要几次，由医生看片后告诉您。",
        ("It is done under local anaesthesia; most people feel pressure. Biting may be unpleasant for some days; call us if it "
        "hurts much. The doctor says after the film how many visits it takes."),
    ),
    (
        "crown-after-root-canal", "根管治疗后一定要做牙冠吗", "Is a crown needed after a root canal", "牙套 崩裂",
        "做过根管的牙容易裂，尤其是后牙。是否需要牙冠、做哪一种，要看剩下的牙体，由医生检查后建议，您来决定。",
        ("Such a tooth breaks more easily, molars above all. Whether and which crown depends on what is left of the tooth; the "
        "doctor advises, you decide."),
    ),
    (
        "extraction-after", "拔牙后要注意什么", "What after an extraction", "拔牙 棉花 纱布 漱口 出血",
        "咬紧纱布半小时左右，当天不漱口、不吮吸，吃温软的食物，几天内不抽烟喝酒。出血不止、越来越疼或肿，马上联系我们。",
        ("Bite on the gauze for about half an hour, do not rinse or suck on that day, eat soft and lukewarm, no smoking or alcohol "
        "for some days. Call at once if it keeps bleeding or gets worse."),
    ),
    (
        "wisdom-tooth", "智齿一定要拔吗", "Must a wisdom tooth come out", "智牙 阻生",
        "不一定。长得正、清洁得到、没有发过炎的可以观察；反复发炎或顶到邻牙的，医生看片后一般会建议拔除。",
        ("Not always. One that stands straight, can be cleaned and was never inflamed may be watched; otherwise the doctor judges "
        "by the film."),
    ),
    (
        "implant-age", "年纪大了还能种牙吗", "Can older people have implants", "种植 高血压 糖尿病 老人",
        "年龄本身不是障碍，要看全身情况和骨量。血压、血糖、心脏和正在吃的药都请如实告诉医生，由医生检查后判断。",
        ("Age alone is no obstacle; general health and bone decide. Please tell the doctor about blood pressure, sugar, heart and "
        "all medicines."),
    ),
    (
        "implant-time", "种牙要多长时间", "How long does an implant take", "种植 几次 周期",
        "从检查到戴上牙冠，通常要几个月，中间骨头要长好。具体几次、多久，医生看片后给您一份计划。",
        "From examination to crown it usually takes some months, because bone has to heal. The doctor gives you a plan after the film.",
    ),
    (
        "ortho-adult", "成年人还能矫正吗", "Can adults have braces", "正畸 牙套 箍牙 年龄",
        "可以，先要看牙周健康。时间比青少年可能长一些，方式和费用由正畸医生检查、取资料后说明。",
        "Yes, if the gums are healthy. It may take longer; the orthodontist explains ways and fees after an examination.",
    ),
    (
        "pregnant", "怀孕可以看牙吗", "Dental care during pregnancy", "孕妇 孕期 拍片",
        "请先告诉我们孕周。急的问题可以处理，方式由医生决定；不急的一般放在怀孕中期或产后。拍片和用药要由医生权衡。",
        ("Please tell us the week first. What is urgent can be treated as the doctor decides; other things wait for the middle of "
        "pregnancy or afterwards. Films and medicine are the doctor's decision."),
    ),
    (
        "warranty", "做完有问题怎么办", "What if something is wrong afterwards", "保修 质保 免费 返工",
        "在我们这里治疗的牙，一年内原部位出现问题可以免费检查，属于保证范围的免费重做，先请原来的医生看。",
        ("A tooth treated here is checked free of charge within a year, and redone free of charge where the guarantee covers it, by "
        "the same doctor first."),
    ),
)  # fmt: skip

# item key, what is done, advantages, not suited for, risks, precautions, aftercare
SHEETS = (
    (
        "dental-scaling", "用超声器械去除牙石和菌斑，然后抛光。", "牙龈出血和口气多会减轻，便于自己刷干净。",
        "装有心脏起搏器、传染病急性期、出血性疾病请先问医生。", "术后几天敏感、少量渗血。", "当天不吃过冷过热和有颜色的食物。", "每天刷牙两次，用牙线。",
    ),
    (
        "dental-filling", "去除蛀坏的部分，用树脂补好外形。", "一般一次完成，保留较多牙体。", "蛀得很深时可能要先做根管治疗。",
        "补后短期咬合不适或敏感；填充物可能脱落。", "当天不用补的一侧咬硬物。", "不舒服超过一周请回来检查。",
    ),
    (
        "dental-root-canal", "清除感染的牙髓，消毒并封闭根管，一般需要几次。", "多数情况可以把牙保留下来。", "牙根折裂或剩余牙体太少的牙。",
        "术间肿痛、器械分离、治疗后牙体变脆。", "疗程未完不要中断，不用患牙咬硬物。", "按医生建议做牙冠并定期复查。",
    ),
    (
        "dental-crown", "修整牙体，取模，戴上全瓷冠。", "保护剩余牙体，颜色接近真牙。", "牙周炎未控制、夜磨牙严重者先问医生。",
        "备牙后敏感，冠可能松动或崩瓷。", "临时冠期间不吃粘硬食物。", "每半年检查一次边缘和牙龈。",
    ),
    (
        "dental-implant-one", "局部麻醉下把种植体放入牙槽骨，等待愈合。", "不用磨邻牙，咀嚼效率较好。", "血糖、血压未控制，近期放疗，重度吸烟者先问医生。",
        "出血、肿痛、感染，少数不能愈合需取出。", "术后二十四小时不漱口，一周内不抽烟喝酒。", "按时拆线、复查，长期做牙周维护。",
    ),
)  # fmt: skip
PARTS = ("content", "advantages", "contraindications", "risks", "precautions", "aftercare")


def load() -> None:
    """Write what is missing; what a house changed stays as it is."""
    for key, zh, en, words, text_zh, text_en in ANSWERS:
        ensure_answer(
            by=BY, key=key, vertical="dental", question_zh=zh, question_en=en, keywords=words, answer_zh=text_zh,
            answer_en=text_en,
        )  # fmt: skip
    for item_key, *texts in SHEETS:
        ensure_sheet(by=BY, item_key=item_key, **dict(zip(PARTS, texts, strict=True)))
