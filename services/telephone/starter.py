"""Starter content: what is said on the phone (ledger 15, PH-01 to PH-30) and what is better left unsaid.

Lines of business add their own with ``scripts.ensure_script(vertical=…)``.
"""

from __future__ import annotations

from typing import NamedTuple

from kernel import context
from services.telephone import scripts
from services.telephone.models import ForbiddenPhrase, Purpose, Script

OPENING, TALK, CLOSING, HELP = (moment.value for moment in Script.Moment)


class Phrase(NamedTuple):
    """A script as data. ``purpose`` "" counts for every call."""

    key: str
    moment: str
    purpose: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str


PHRASES = (
    Phrase(
        "opening", OPENING, "", "接听开场", "Opening",
        "您好，{clinic}，我是{agent}，请问有什么可以帮您？",
        "Good day, this is {clinic}, {agent} speaking. How may I help you?",
    ),
    Phrase(
        "booking", TALK, Purpose.BOOKING, "预约", "Booking",
        "我帮您看一下这两三天的时间，您上午方便还是下午方便？\n"
        "请问您怎么称呼、怎么写？留哪个电话联系您合适？\n"
        "跟您核对一下：{patient}，{date}，{doctor}。就诊前一天我们会再联系您确认。",
        "Let me look at the next two or three days for you: would the morning or the afternoon suit you better?\n"
        "May I ask your full name and how it is written? Which number may we reach you at?\n"
        "Let me read that back: {patient}, {date}, {doctor}. We will confirm with you the day before.",
    ),
    Phrase(
        "asking-data", HELP, Purpose.BOOKING, "请对方留资料", "Asking for name and phone",
        "方便留一下您的全名和电话吗？我重复一遍，您听听对不对。\n说明字怎么写时，用好的词语或受人尊敬的人名来举例。",
        "May I note your full name and phone number? I will read them back to you.\n"
        "When you explain how a name is written, choose kind words or respected persons as examples.",
    ),
    Phrase(
        "consultation", TALK, Purpose.CONSULTATION, "咨询", "Enquiry",
        "谢谢您来电。您说的情况我复述一下，看我理解得对不对。\n"
        "具体怎么治疗，要请医生当面检查后才能说准。我帮您约一个方便的时间，好吗？",
        "Thank you for calling. Let me say in my own words what you told me, so that I am sure to have understood.\n"
        "What treatment is right the doctor can only tell after an examination. Shall I find a time for you?",
    ),
    Phrase(
        "unsure", TALK, Purpose.CONSULTATION, "不确定时：核实后回电", "Unsure: verify and call back",
        "这个问题我想先核实，给您一个准确的答复。请问您的全名和电话是？这个号码什么时候都方便接听吗？\n"
        "我会在{date}前给您回电。",
        "I would like to verify this so that my answer is right. May I have your full name and phone number? Can you be "
        "reached there at any time?\nI will call you back by {date}.",
    ),
    Phrase(
        "find-person", TALK, Purpose.FIND_PERSON, "找人", "Looking for somebody",
        "请问您找{colleague}有什么事？请稍等，我看看是否方便接听。\n"
        "{colleague}现在不在座位上，我帮您留言，还是请您留下姓名和电话，请{colleague}给您回电？",
        "May I ask what it is about? One moment please, I will see whether {colleague} can take the call.\n"
        "{colleague} is not at the desk right now. Shall I pass on a message, or may I note your name and number for a "
        "call back?",
    ),
    Phrase(
        "complaint", TALK, Purpose.COMPLAINT, "电话投诉", "Complaint",
        "给您带来不便，非常抱歉，也谢谢您告诉我们。您慢慢说，我都记下来。\n"
        "我记的是：……，对吗？请留下您的全名和电话，我马上转给主任，由专人给您答复。",
        "I am sorry for the trouble, and thank you for telling us. Please take your time, I am writing everything down.\n"
        "What I noted is … Is that right? May I have your full name and number? I pass it on to the director at once, and "
        "you will get an answer in person.",
    ),
    Phrase(
        "reminder", TALK, Purpose.REMINDER, "就诊前一天确认", "The day before",
        "{patient}您好，我是{clinic}的{agent}。您约了{date}{doctor}的门诊，时间方便吗？\n"
        "如果需要改时间，我现在就帮您改。",
        "Good day {patient}, this is {agent} of {clinic}. You have a visit with {doctor}, {date}. Does that still "
        "suit you?\nIf another time is better, I can change it right away.",
    ),
    Phrase(
        "change", HELP, Purpose.REMINDER, "请提前告知改期", "Changing or cancelling",
        "谢谢您提前告诉我们。以后如有变动，也请尽早来电，我们好把时间留给需要的人。",
        "Thank you for letting us know in time. Should anything change again, please call as early as you can, so that "
        "somebody else can have the time.",
    ),
    Phrase(
        "follow-up", TALK, Purpose.FOLLOW_UP, "回访", "Follow-up call",
        "{patient}您好，我是{clinic}的{agent}，耽误您两分钟，想了解一下您治疗后的情况。现在感觉怎么样？\n"
        "如有不适：我马上告诉医生，请您保持电话畅通。情况较重：我现在就帮您安排回院检查。",
        "Good day {patient}, this is {agent} of {clinic}. Do you have two minutes? How do you feel after your treatment?\n"
        "If something is wrong: I tell the doctor at once, please keep your phone at hand. If it is serious: I arrange a "
        "visit for you now.",
    ),
    Phrase(
        "courtesy", TALK, Purpose.GREETING, "问候电话", "Courtesy call",
        "{patient}您好，我是{clinic}的{agent}，打电话问候您一声，最近都好吗？有什么需要，随时找我们。",
        "Good day {patient}, this is {agent} of {clinic}. I am calling to ask how you are. Whatever you need, please "
        "call us.",
    ),
    Phrase(
        "silent", TALK, Purpose.SILENT, "无声电话", "Silent call",
        "您好，{clinic}，请问您能听到我说话吗？\n（等{gap}秒）您好，这里是{clinic}，请讲。\n"
        "听不到您的声音，请您换一部电话再打来，谢谢。（等{pause}秒后挂断）",
        "Good day, this is {clinic}, can you hear me?\n(Wait {gap} seconds.) Good day, {clinic}, please go ahead.\n"
        "I cannot hear you. Please try again from another phone, thank you. (Wait {pause} seconds, then hang up.)",
    ),
    Phrase(
        "nuisance", TALK, Purpose.NUISANCE, "骚扰电话", "Nuisance call",
        "这条电话只办理诊疗业务，请问您有就诊方面的需要吗？\n感谢您的来电，再见。\n同事的私人电话一律不告知。",
        "This line is for matters of the clinic only. Is there anything about a visit that I can do for you?\n"
        "Thank you for calling, goodbye.\nPrivate numbers of colleagues are never given.",
    ),
    Phrase(
        "closing-enquiry", CLOSING, Purpose.CONSULTATION, "结束语：咨询", "Closing: enquiry",
        "请问还有别的可以帮您吗？感谢您的来电，{greeting}再见。\n请对方先挂断。",
        "Is there anything else I can do for you? Thank you for calling. {greeting} Goodbye.\nLet the caller hang up first.",
    ),
    Phrase(
        "closing-booked", CLOSING, Purpose.BOOKING, "结束语：已预约", "Closing: booked",
        "{patient}，已为您约好{date}，前一天我们会提醒您。{greeting}期待您的到来，再见。",
        "{patient}, you are booked for {date}; we will remind you the day before. {greeting} We look forward to seeing "
        "you. Goodbye.",
    ),
    Phrase(
        "closing-not-booked", CLOSING, Purpose.BOOKING, "结束语：未预约", "Closing: not booked",
        "没关系，您考虑好了随时来电，我们很乐意为您安排。{greeting}再见。",
        "That is quite all right. Call us whenever you have decided, we are glad to arrange it. {greeting} Goodbye.",
    ),
    Phrase(
        "hold", HELP, "", "请对方等候", "Putting on hold",
        "请您稍等，我查一下。\n让您久等了，还需要一点时间。\n谢谢您的耐心等候。",
        "One moment please, I will look it up.\nI am sorry, it takes a little longer.\nThank you for waiting.",
    ),
    Phrase(
        "volume", HELP, "", "听不清", "Hard to hear",
        "您的声音有点小，能请您大声一点吗？\n如果您开着免提，麻烦您用听筒说，好吗？\n"
        "还是听不清楚，请您换一部电话打来，谢谢。（等{pause}秒后挂断）",
        "Your voice is a little faint, could you speak up?\nIf you use the loudspeaker, would you mind taking the "
        "receiver?\nI still cannot hear you well. Please call from another phone, thank you. (Wait {pause} seconds.)",
    ),
    Phrase(
        "dialect", HELP, "", "方言", "Dialect",
        "不好意思，您方便说普通话吗？\n您是想问……，对吗？\n旁边有没有朋友可以帮忙说一下？\n对方要求讲方言时，可以用方言。",
        "I am sorry, could you speak Mandarin?\nYou would like to know … , is that right?\nIs there a friend beside you "
        "who could help us?\nIf the caller asks for it, dialect may be spoken.",
    ),
    Phrase(
        "beyond-authority", HELP, "", "超出权限的要求", "Beyond one's authority",
        "我完全理解您的想法。这件事我不能自己作主，原因是……，很抱歉。\n我可以先为您……；同时我把您的要求报给主管，由主管给您答复。",
        "I quite understand. I may not decide this by myself, because … I am sorry.\nWhat I can do for you now is …, and I "
        "pass your request on to my superior, who will answer you.",
    ),
    Phrase(
        "cannot-satisfy", HELP, "", "暂时无法满足", "What we cannot do yet",
        "目前还没有这项合作，您的建议我记下来，转给相关部门。\n这项优惠只限持卡人本人使用，请您谅解。\n按财务规定暂时不能这样办理，我帮您看看别的办法。",
        "We have no such cooperation yet; I note your suggestion and pass it on.\nThis offer is for the cardholder "
        "personally, I ask for your understanding.\nThe rules of finance do not allow it; let me look for another way.",
    ),
    Phrase(
        "account", HELP, "", "询问费用余额", "Amount and balance",
        "您本次应付{amount}元，目前余额{balance}元。明细我可以为您逐项说明。",
        "The amount due is {amount} yuan, your balance is {balance} yuan. I can go through it item by item.",
    ),
    Phrase(
        "clarify", HELP, "", "确认与更正", "Clarifying",
        "您的意思是……，我理解得对吗？\n不好意思，我刚才说得不准确，应该是……。\n我再补充一点：……",
        "You mean …, have I understood you?\nI am sorry, what I said was not exact; it is …\nLet me add one thing: …",
    ),
    Phrase(
        "flexible", HELP, "", "灵活用语", "Flexible phrases",
        "请放心，我来帮您办。\n抱歉打断您一下，我先记下这一点。\n您说得很对，谢谢您提醒。\n我建议您……，您看可以吗？",
        "Please do not worry, I will see to it.\nMay I interrupt you for a moment to note this?\nYou are quite right, thank "
        "you for telling us.\nI would suggest …, would that suit you?",
    ),
)  # fmt: skip

# What is heard as a rebuff, and what is said instead (PH-30).
FORBIDDEN = (
    ("不知道", "我核实后给您答复"),
    ("不清楚", "我核实后给您答复"),
    ("不归我管", "我帮您转给负责的同事"),
    ("不关我的事", "我帮您转给负责的同事"),
    ("办不到", "我帮您看看别的办法"),
    ("没办法", "我帮您看看别的办法"),
    ("都是这样的", "您的情况我记下来，请医生看一下"),
    ("您错了", "我再确认一下"),
    ("你错了", "我再确认一下"),
    ("不可能", "我核实一下再答复您"),
    ("等一下再说", "请您稍等，我马上为您查"),
)


def load() -> None:
    """Write the scripts and phrases that are missing; what a tenant changed or took off stays as it is."""
    by = context.actor()
    known = set(Script.objects.filter(vertical="").values_list("key", flat=True))
    for position, phrase in enumerate(PHRASES):
        if phrase.key not in known:
            scripts.ensure_script(
                by=by, key=phrase.key, moment=phrase.moment, purpose=phrase.purpose, order=position * 10,
                title_zh=phrase.title_zh, title_en=phrase.title_en, text_zh=phrase.text_zh, text_en=phrase.text_en,
            )  # fmt: skip
    listed = set(ForbiddenPhrase.objects.values_list("text", flat=True))
    for text, instead in FORBIDDEN:
        if text not in listed:
            scripts.forbid_phrase(by=by, text=text, instead=instead)
