"""Starter content: what is said on the phone (ledger 15, PH-01 to PH-30) and what is better left unsaid.

Lines of business add their own with ``scripts.ensure_script(vertical=…)``.
"""

from __future__ import annotations

from typing import NamedTuple

from kernel.context import Actor
from services.telephone import scripts
from services.telephone.models import ForbiddenPhrase, Purpose, Script, ScriptVersion
from services.telephone.starter_traditional import TRADITIONAL

BY = Actor.system("starter-content")
OPENING, TALK, CLOSING, HELP = (moment.value for moment in Script.Moment)


class Phrase(NamedTuple):
    """A script as data. ``purpose`` "" counts for every call; ``ledger`` are the rows that it answers."""

    key: str
    moment: str
    purpose: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    ledger: tuple[str, ...] = ()


PHRASES = (
    Phrase(
        "opening", OPENING, "", "接听开场", "Opening",
        "您好，{clinic}，我是{agent}，请问有什么可以帮您？",
        "Good day, this is {clinic}, {agent} speaking. How may I help you?",
        ("TC-003", "TC-025"),
    ),
    Phrase(
        "booking", TALK, Purpose.BOOKING, "预约", "Booking",
        "我帮您看一下这两三天的时间，您上午方便还是下午方便？\n"
        "请问您怎么称呼、怎么写？留哪个电话联系您合适？\n"
        "跟您核对一下：{patient}，{date}，{doctor}。就诊前一天我们会再联系您确认。\n"
        "到时请到{clinic}前台；来之前需要注意的是：……，您都清楚了吗？",
        "Let me look at the next two or three days for you: would the morning or the afternoon suit you better?\n"
        "May I ask your full name and how it is written? Which number may we reach you at?\n"
        "Let me read that back: {patient}, {date}, {doctor}. We will confirm with you the day before.\n"
        "Please come to the desk of {clinic}. Before the visit please mind: … Is everything clear?",
        ("AP-009", "AP-010", "AP-011", "TC-023"),
    ),
    Phrase(
        "asking-data", HELP, Purpose.BOOKING, "请对方留资料", "Asking for name and phone",
        "方便留一下您的全名和电话吗？我重复一遍，您听听对不对。\n说明字怎么写时，用好的词语或受人尊敬的人名来举例。",
        "May I note your full name and phone number? I will read them back to you.\n"
        "When you explain how a name is written, choose kind words or respected persons as examples.",
        ("TC-023",),
    ),
    Phrase(
        "consultation", TALK, Purpose.CONSULTATION, "咨询", "Enquiry",
        "谢谢您来电。您说的情况我复述一下，看我理解得对不对。\n"
        "具体怎么治疗，要请医生当面检查后才能说准。我帮您约一个方便的时间，好吗？\n"
        "医生有空时：请您稍等，我请医生来跟您说。医生不便接听时：欢迎您来院，先做一次免费检查，治疗后一年内有保障。\n"
        "不清楚的不猜测、不敷衍，电话里不细谈治疗方案，把预约信息记准。",
        "Thank you for calling. Let me say in my own words what you told me, so that I am sure to have understood.\n"
        "What treatment is right the doctor can only tell after an examination. Shall I find a time for you?\n"
        "If a doctor is free: one moment, the doctor will speak to you. If not: come for a free examination; what is treated "
        "here is guaranteed for a year.\nNever guess, keep advice short, and get the booking right.",
        ("TC-009", "TC-024"),
    ),
    Phrase(
        "unsure", TALK, Purpose.CONSULTATION, "不确定时：核实后回电", "Unsure: verify and call back",
        "这个问题我想先核实，给您一个准确的答复。请问您的全名和电话是？这个号码什么时候都方便接听吗？\n"
        "我会在{date}前给您回电。",
        "I would like to verify this so that my answer is right. May I have your full name and phone number? Can you be "
        "reached there at any time?\nI will call you back by {date}.",
        ("TC-011", "TC-012"),
    ),
    Phrase(
        "find-person", TALK, Purpose.FIND_PERSON, "找人", "Looking for somebody",
        "请问您找{colleague}有什么事？请稍等，我看看是否方便接听。\n"
        "{colleague}现在不在座位上，我帮您留言，还是请您留下姓名和电话，请{colleague}给您回电？\n"
        "（问同事的私人电话）很抱歉，同事的私人电话一律不告知，我可以帮您转告。",
        "May I ask what it is about? One moment please, I will see whether {colleague} can take the call.\n"
        "{colleague} is not at the desk right now. Shall I pass on a message, or may I note your name and number for a "
        "call back?\n(Asked for a private number) I am sorry, private numbers of colleagues are never given. May I pass on "
        "a message?",
        ("TC-006", "TC-021"),
    ),
    Phrase(
        "complaint", TALK, Purpose.COMPLAINT, "电话投诉", "Complaint",
        "给您带来不便，非常抱歉，也谢谢您告诉我们。您慢慢说，我都记下来。\n"
        "我记的是：……，对吗？请留下您的全名和电话，我马上转给主任，由专人给您答复。",
        "I am sorry for the trouble, and thank you for telling us. Please take your time, I am writing everything down.\n"
        "What I noted is … Is that right? May I have your full name and number? I pass it on to the director at once, and "
        "you will get an answer in person.",
        ("TC-010", "TC-029"),
    ),
    Phrase(
        "reminder", TALK, Purpose.REMINDER, "就诊前一天确认", "The day before",
        "{patient}您好，我是{clinic}的{agent}。您约了{date}{doctor}的门诊，时间方便吗？\n"
        "如果需要改时间，我现在就帮您改。\n"
        "您第一次来，知道我们在哪里吗？需要的话，我把地址用短信发给您。",
        "Good day {patient}, this is {agent} of {clinic}. You have a visit with {doctor}, {date}. Does that still "
        "suit you?\nIf another time is better, I can change it right away.\n"
        "It is your first visit: do you know where we are? I can text you the address.",
        ("AP-013", "AP-014"),
    ),
    Phrase(
        "change", HELP, Purpose.REMINDER, "请提前告知改期", "Changing or cancelling",
        "谢谢您提前告诉我们。以后如有变动，也请尽早来电，我们好把时间留给需要的人。",
        "Thank you for letting us know in time. Should anything change again, please call as early as you can, so that "
        "somebody else can have the time.",
        ("AP-016",),
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
        ("TC-031",),
    ),
    Phrase(
        "silent", TALK, Purpose.SILENT, "无声电话", "Silent call",
        "您好，{clinic}，请问您能听到我说话吗？\n（等{gap}秒）您好，这里是{clinic}，请讲。\n"
        "听不到您的声音，请您换一部电话再打来，谢谢。（等{pause}秒后挂断）",
        "Good day, this is {clinic}, can you hear me?\n(Wait {gap} seconds.) Good day, {clinic}, please go ahead.\n"
        "I cannot hear you. Please try again from another phone, thank you. (Wait {pause} seconds, then hang up.)",
        ("TC-019",),
    ),
    Phrase(
        "nuisance", TALK, Purpose.NUISANCE, "骚扰电话", "Nuisance call",
        "这条电话只办理诊疗业务，请问您有就诊方面的需要吗？\n感谢您的来电，再见。\n同事的私人电话一律不告知。",
        "This line is for matters of the clinic only. Is there anything about a visit that I can do for you?\n"
        "Thank you for calling, goodbye.\nPrivate numbers of colleagues are never given.",
        ("TC-021", "TC-022"),
    ),
    Phrase(
        "closing-enquiry", CLOSING, Purpose.CONSULTATION, "结束语：咨询", "Closing: enquiry",
        "请问还有别的可以帮您吗？感谢您的来电，{greeting}再见。\n请对方先挂断。",
        "Is there anything else I can do for you? Thank you for calling. {greeting} Goodbye.\nLet the caller hang up first.",
        ("TC-004", "TC-027"),
    ),
    Phrase(
        "closing-booked", CLOSING, Purpose.BOOKING, "结束语：已预约", "Closing: booked",
        "{patient}，已为您约好{date}，前一天我们会提醒您。{greeting}期待您的到来，再见。",
        "{patient}, you are booked for {date}; we will remind you the day before. {greeting} We look forward to seeing "
        "you. Goodbye.",
        ("TC-004", "TC-027"),
    ),
    Phrase(
        "closing-not-booked", CLOSING, Purpose.BOOKING, "结束语：未预约", "Closing: not booked",
        "没关系，您考虑好了随时来电，我们很乐意为您安排。{greeting}再见。",
        "That is quite all right. Call us whenever you have decided, we are glad to arrange it. {greeting} Goodbye.",
        ("TC-027",),
    ),
    Phrase(
        "hold", HELP, "", "请对方等候", "Putting on hold",
        "请您稍等，我查一下。\n让您久等了，还需要一点时间。\n谢谢您的耐心等候。\n让您久等了，抱歉，现在为您说明。\n感谢您等候，查到的情况是这样的：……",
        "One moment please, I will look it up.\nI am sorry, it takes a little longer.\nThank you for waiting.\n"
        "I am sorry to have kept you waiting, here is what I found.\nThank you for your patience: …",
        ("TC-017",),
    ),
    Phrase(
        "volume", HELP, "", "听不清", "Hard to hear",
        "您的声音有点小，能请您大声一点吗？（仍听不清时轻声再请一次）\n我把话筒移近一点，您听得清吗？（适当提高音量，不影响旁边的同事）\n请问可以请您换个位置再说吗？\n如果您开着免提，麻烦您用听筒说，好吗？\n"
        "还是听不清楚，请您换一部电话打来，谢谢。（等{pause}秒后挂断）",
        "Your voice is a little faint, could you speak up? (Ask gently once more.)\nI move the microphone nearer: can you hear me "
        "now? (Speak a little louder, without disturbing colleagues.)\nMay I ask you to change your place?\nIf you use the loudspeaker, would you mind taking the "
        "receiver?\nI still cannot hear you well. Please call from another phone, thank you. (Wait {pause} seconds.)",
        ("TC-018",),
    ),
    Phrase(
        "dialect", HELP, "", "方言", "Dialect",
        "不好意思，您方便说普通话吗？\n您是想问……，对吗？\n旁边有没有朋友可以帮忙说一下？\n对方要求讲方言时，可以用方言。",
        "I am sorry, could you speak Mandarin?\nYou would like to know … , is that right?\nIs there a friend beside you "
        "who could help us?\nIf the caller asks for it, dialect may be spoken.",
        ("TC-020",),
    ),
    Phrase(
        "beyond-authority", HELP, "", "超出权限的要求", "Beyond one's authority",
        "我完全理解您的想法。这件事我不能自己作主，原因是……，很抱歉。\n我可以先为您……；同时我把您的要求报给主管，由主管给您答复。",
        "I quite understand. I may not decide this by myself, because … I am sorry.\nWhat I can do for you now is …, and I "
        "pass your request on to my superior, who will answer you.",
        ("TC-013",),
    ),
    Phrase(
        "cannot-satisfy", HELP, "", "暂时无法满足", "What we cannot do yet",
        "目前还没有这项合作，您的建议我记下来，转给相关部门。\n这项优惠只限持卡人本人使用，请您谅解。\n按财务规定暂时不能这样办理，我帮您看看别的办法。",
        "We have no such cooperation yet; I note your suggestion and pass it on.\nThis offer is for the cardholder "
        "personally, I ask for your understanding.\nThe rules of finance do not allow it; let me look for another way.",
        ("TC-015",),
    ),
    Phrase(
        "account", HELP, "", "询问费用余额", "Amount and balance",
        "您本次应付{amount}元，之前未结清{balance}元。明细我可以为您逐项说明。",
        "The amount due is {amount} yuan, {balance} yuan are still open. I can go through it item by item.",
        ("TC-030",),
    ),
    Phrase(
        "clarify", HELP, "", "确认与更正", "Clarifying",
        "您的意思是……，我理解得对吗？\n您说的“……”是指……吗？麻烦您再说一遍，好吗？\n简单地说，就是……（不用行话）\n可能我没说清楚，是这样的：……\n嗯，您请讲，我在听。\n不好意思，我刚才说得不准确，应该是……。\n我再补充一点：……",
        "You mean …, have I understood you?\nBy “…” do you mean …? Would you mind saying it once more?\nIn plain words: …\n"
        "Perhaps I was not clear: …\nYes, please go on, I am listening.\nI am sorry, what I said was not exact; it is …\nLet me add one thing: …",
        ("TC-024",),
    ),
    Phrase(
        "flexible", HELP, "", "灵活用语", "Flexible phrases",
        "请放心，我来帮您办。\n{colleague}现在不方便接听，我请他给您回电，好吗？\n抱歉打断您一下，我先记下这一点。\n您说得很对，谢谢您提醒。\n我建议您……，您看可以吗？",
        "Please do not worry, I will see to it.\n{colleague} cannot take the call now. Shall I ask for a call back?\nMay I interrupt you for a moment to note this?\nYou are quite right, thank "
        "you for telling us.\nI would suggest …, would that suit you?",
        ("TC-026",),
    ),
    Phrase(
        "manners", HELP, "", "接电话的规矩", "Manners on the phone",
        "不开免提，不打私人电话，不吃零食。\n请对方先挂断；骚扰电话第二步之后，以及无声、听不清的电话停顿{pause}秒之后除外。\n"
        "耳麦放在下唇下方约一厘米处，带着微笑说话，对方听得出来。声音亲切，称呼对方姓氏；每做一步先告诉对方；多用引导的问句，不问“为什么”。",
        "No loudspeaker, no private calls, no snacks.\nLet the other side hang up first, except after the second step of a "
        "nuisance call and after the pause of {pause} seconds when nobody is heard.\n"
        "The microphone sits about 1 cm below the lower lip; a smile is heard. A warm voice; call people by name; announce each step; lead by questions, and do not ask why.",
        ("TC-003", "TC-004", "TC-005", "TC-025"),
    ),
    Phrase(
        "operator", HELP, Purpose.FIND_PERSON, "总机转接", "Transfer by the operator",
        "您好，{clinic}总机，请问转接哪个科室、哪一位？\n正在为您转接{colleague}，请稍候。\n"
        "对方占线，请问您是稍后再拨，还是我记下来请他回电？\n（本院的总机话务员规范写在这里）",
        "Good day, switchboard of {clinic}. Which department, and whom?\nI am connecting you with {colleague}, one moment.\n"
        "The line is busy. Would you call again, or shall I note it for a call back?\n(Write the house's operator standard "
        "here.)",
        ("TC-008",),
    ),
    Phrase(
        "unreasonable", HELP, "", "超出服务范围、言语粗鲁、对方道歉", "Beyond our service, rude, or apologising",
        "很抱歉，这超出了我们的服务范围，请您谅解。\n（对方言语粗鲁：克制、不争辩，请主管协助）请您稍等，我请主管来为您处理。\n"
        "（对方道歉）没关系，您太客气了，能帮到您就好。",
        "I am sorry, this lies outside of what we can do. I ask for your understanding.\n(A rude caller: keep calm, do not "
        "argue, ask the supervisor.) One moment, my supervisor will help you.\n(The caller apologises.) Never mind, I am glad "
        "to help.",
        ("TC-014",),
    ),
    Phrase(
        "invited", HELP, "", "受到邀请或被问私事", "Invited, or asked about private matters",
        "谢谢您的好意，我心领了，工作上的事我很乐意帮您。\n不好意思，这条线路只谈工作，请问您还有诊疗方面的问题吗？",
        "Thank you, that is kind of you, but I have to decline. I am glad to help in matters of the clinic.\n"
        "I am sorry, on this line we talk about work only. Is there anything about a visit?",
        ("TC-022",),
    ),
    Phrase(
        "lingering", CLOSING, "", "对方没有问题却不挂断、对方致谢", "Nothing more to ask, and thanks",
        "您还有什么需要我帮忙的吗？没有的话，感谢您的来电，随时欢迎您再打来。\n（对方致谢）不用谢，这是我应该做的。",
        "Is there anything else I can do? If not, thank you for calling; you are welcome at any time.\n"
        "(The caller says thank you.) You are welcome.",
        ("TC-028",),
    ),
    Phrase(
        "anger", HELP, Purpose.COMPLAINT, "对方生气", "The caller is angry",
        "换了是我也会着急，您的心情我理解。\n我把要点记下来：……，您看还有没有遗漏？\n"
        "站在对方角度听完，不辩解、不推责，也不代医院下结论。",
        "I would be upset too, I understand you.\nLet me note the main points: … Have I left anything out?\n"
        "Listen from the caller's side; do not justify or blame, and do not decide for the house.",
        ("TC-029",),
    ),
    Phrase(
        "after-visit", HELP, "", "就诊后的联系方式", "How to reach us after the visit",
        "回去后有任何不适，请在营业时间打{clinic}的电话；电话和急诊电话都印在您的单据上。",
        "If anything troubles you after the visit, please call {clinic} in the opening hours; the number, and the one for "
        "emergencies, are printed on your papers.",
        ("TC-033",),
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
    """Write the scripts and phrases that are missing; what a tenant changed or took off stays as it is, and what it left
    in the words of this page learns its Traditional Chinese."""
    rows = ScriptVersion.objects.filter(script__vertical="").order_by("script_id", "-number").distinct("script_id")
    complete = {row.script.key for row in rows.select_related("script") if row.text_hant}
    for position, phrase in enumerate(PHRASES):
        if phrase.key not in complete:
            traditional = TRADITIONAL[phrase.key]
            scripts.ensure_script(
                by=BY, key=phrase.key, moment=phrase.moment, purpose=phrase.purpose, order=position * 10,
                title_zh=phrase.title_zh, title_en=phrase.title_en, text_zh=phrase.text_zh, text_en=phrase.text_en,
                title_hant=traditional.title, text_hant=traditional.text,
            )  # fmt: skip
    listed = set(ForbiddenPhrase.objects.values_list("text", flat=True))
    for text, instead in FORBIDDEN:
        if text not in listed:
            scripts.forbid_phrase(by=BY, text=text, instead=instead)
