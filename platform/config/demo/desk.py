"""What the desk hears and keeps: calls, messages and promises; luggage, wishes, questions, enquiries of guests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any

from config.demo.house import House
from kernel import clock
from kernel.context import Actor
from services.catalogue.selectors import items
from services.followup.machine import MACHINE
from services.followup.models import FollowUp
from services.guest_care import actions as care
from services.guest_care import enquiries, wishes
from services.guest_care.models import (
    CareItem,
    Luggage,
    OpenQuestion,
    Opinion,
    PriceEnquiry,
    ServiceStep,
    SpecialRequest,
)
from services.patients.models import Patient
from services.reception.models import Visit
from services.reception.selectors import here_now
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_on_duty
from services.telephone import actions as telephone
from services.telephone import courtesy, messages, promises
from services.telephone.machines import OWED
from services.telephone.models import CourtesyCall, CourtesyOrder, MessageSlip, Promise

# What came in so short a time ago is still on the table.
FRESH = timedelta(minutes=35)
MATTERS = ("想改约下周三下午", "问上次开的药饭前还是饭后吃", "请医生回电，伤口有点渗血", "转诊单还差一个盖章")
QUESTIONS = ("治疗后可以游泳吗", "孩子换牙晚要不要拍片", "正在吃降压药，能做治疗吗", "两个项目能不能同一天做")
ANSWERS = ("可以，当天避免剧烈活动即可", "先观察，下次复诊时再看", "控制平稳可以做，来时带上用药记录", "间隔一周更稳妥")
BAGS = ("黑色双肩包一个", "红色行李箱一个", "婴儿车一辆", "长柄雨伞一把")
PRICES = ("种一颗牙大概多少钱", "做一次要多少钱", "套餐有没有优惠", "检查收费吗")
OPINIONS = ("候诊区空调太冷，能不能调高一点", "导诊小姑娘很耐心，表扬一下", "上次等了半小时没有人告诉我")
REQUESTS = (("seat", "想坐靠窗的位置"), ("help", "请帮忙填一下表，忘带老花镜"), ("other", "想借充电器"))
# purpose, outcome, what was said
CALLS: tuple[tuple[str, str, str], ...] = (
    ("booking", "booked", "约明天上午复诊，已复述姓名和电话"),
    ("booking", "not_booked", "想约本周六，已满，下周再来电"),
    ("consultation", "answered", "问营业时间和停车位，已告知"),
    ("find_person", "transferred", "找护士长，已转接"),
    ("reminder", "answered", "提醒明日就诊，患者确认会到"),
)


# --- the telephone ----------------------------------------------------------------------------------------------------


def call(number: int, clinic: House, site: Site, day: date) -> None:
    """Somebody calls; how it ends is different from call to call."""
    by, patient = _agent(clinic, site), _known(clinic, site, day, number)
    if by is None or patient is None:
        return
    purpose, outcome, words = CALLS[(day.toordinal() + site.pk + number) % len(CALLS)]
    clinic.attempt(
        telephone.log_call, by=by, site=site, direction="out" if purpose == "reminder" else "in", purpose=purpose,
        outcome=outcome, patient=patient, summary=words, rings=1 + number % 3, read_back=outcome == "booked",
    )  # fmt: skip


def silent_call(clinic: House, site: Site, day: date) -> None:
    """Nobody speaks."""
    by = _agent(clinic, site)
    if by is not None:
        clinic.attempt(telephone.log_call, by=by, site=site, direction="in", purpose="silent", outcome="ended", rings=2)


def take_message(clinic: House, site: Site, day: date) -> None:
    """Somebody wants a doctor, who is treating: a slip is written."""
    by, patient, doctor = _agent(clinic, site), _known(clinic, site, day, 11), _doctor(clinic, site, day)
    if by is None or patient is None or doctor is None:
        return
    clinic.attempt(
        telephone.log_call, by=by, site=site, direction="in", purpose="find_person", outcome="message", patient=patient,
        summary=MATTERS[day.toordinal() % len(MATTERS)], recipient=doctor, rings=2,
    )  # fmt: skip


def promise_answer(clinic: House, site: Site, day: date) -> None:
    """A question that the desk cannot answer: a superior does, and the caller is called back."""
    by, patient = _agent(clinic, site), _known(clinic, site, day, 12)
    if by is None or patient is None or clinic.somebody("telephone.answer", site, role="supervisor") is None:
        return
    clinic.attempt(
        telephone.log_call, by=by, site=site, direction="in", purpose="consultation", outcome="will_call_back",
        patient=patient, summary=QUESTIONS[day.toordinal() % len(QUESTIONS)], reachable="下午都方便", rings=1,
    )  # fmt: skip


def promise_word(clinic: House, site: Site, day: date) -> None:
    """The desk promises to say something by the afternoon; late in the day, by the next morning."""
    by, patient = _agent(clinic, site), _known(clinic, site, day, 13)
    if by is None or patient is None:
        return
    due = clinic.local(day, "16:40")
    if due <= clock.now() + FRESH:
        due = clock.now() + timedelta(hours=16)
    clinic.attempt(
        telephone.log_call, by=by, site=site, direction="in", purpose="booking", outcome="promised", patient=patient,
        summary="查一下专家下周哪天有空，回电告知", due_at=due, rings=2,
    )  # fmt: skip


def complaint(clinic: House, site: Site, day: date) -> None:
    """Once in a while somebody complains by telephone; the director answers."""
    by, patient = _agent(clinic, site), _known(clinic, site, day, 14)
    director = clinic.one_of(("clinic_director",), "telephone.answer", site)
    if by is None or patient is None or director is None or (day.toordinal() + site.pk) % 4:
        return
    clinic.attempt(
        telephone.log_call, by=by, site=site, direction="in", purpose="complaint", outcome="forwarded", patient=patient,
        summary="上次等候超过半小时，要求给个说法", reachable="晚上七点前", alternative="下次优先安排第一个号", rings=1,
        suggestion="等候久的时候发个短信",
    )  # fmt: skip


def order_courtesy(clinic: House, site: Site, day: date) -> None:
    """Once a week a superior gives a list of patients to be greeted."""
    by = clinic.one_of(("supervisor", "clinic_director"), "telephone.manage", site)
    if by is None or (day.weekday() != 0 and CourtesyOrder.objects.filter(site=site).exists()):
        return
    called = FollowUp.objects.filter(state__in=MACHINE.open).values_list("plan__patient_id", flat=True)
    rows = Patient.objects.filter(site=site).exclude(pk__in=called).exclude(phone_index="").order_by("id")
    people = list(rows[:4])
    if people:
        clinic.attempt(
            courtesy.order_calls, by=by, site=site, occasion="入冬问候", patients=people, due_on=day + timedelta(days=2),
            words="天冷注意保暖，问问近况，不推销",
        )  # fmt: skip


def greet(clinic: House, site: Site, day: date) -> None:
    """One call of the list."""
    by = _agent(clinic, site)
    rows = CourtesyCall.objects.filter(order__site=site, result__in=("", "unreached")).exclude(tries__gte=2)
    one = rows.select_related("order__site", "patient").order_by("tries", "id").first()
    if by is None or one is None:
        return
    result = "unreached" if (day.toordinal() + one.pk) % 4 == 0 and not one.tries else "well"
    clinic.attempt(courtesy.note_result, by=by, site=site, courtesy=one, result=result, summary="一切都好，谢谢关心")


# --- guests -----------------------------------------------------------------------------------------------------------


def serve(clinic: House, visit: Visit) -> None:
    """A waiting guest is offered a seat and something to drink."""
    if Random(f"visit {visit.pk}:served").random() < 0.6:
        _step(clinic, visit, "water" if visit.pk % 2 else "seat")


def say_goodbye(clinic: House, visit: Visit) -> None:
    """A guest is said goodbye to."""
    if Random(f"visit {visit.pk}:goodbye").random() < 0.5:
        _step(clinic, visit, "goodbye")


def _step(clinic: House, visit: Visit, key: str) -> None:
    by = clinic.somebody("guest_care.log", visit.site, role="guide")
    item = CareItem.objects.filter(key=key, vertical="", is_active=True).first()
    if by is None or item is None or ServiceStep.objects.filter(visit=visit, item=item).exists():
        return
    clinic.attempt(care.note_step, by=by, visit=visit, item=item)


def leave_luggage(clinic: House, site: Site, day: date) -> None:
    """A guest leaves something at the desk."""
    by, visit = _cares(clinic, site), _guest(site)
    if by is None or visit is None:
        return
    taken = set(Luggage.objects.filter(site=site).exclude(state="returned").values_list("tag", flat=True))
    tag = next(tag for tag in (f"A{number:02d}" for number in range(1, 99)) if tag not in taken)
    clinic.attempt(
        wishes.deposit_luggage, by=by, site=site, tag=tag, description=BAGS[visit.pk % len(BAGS)], visit=visit,
        at_desk=visit.pk % 2 == 0,
    )  # fmt: skip


def ask(clinic: House, site: Site, day: date) -> None:
    """A guest asks what only a doctor knows."""
    by, visit, doctor = _cares(clinic, site), _guest(site), _doctor(clinic, site, day)
    if by is None or visit is None or doctor is None:
        return
    clinic.attempt(
        wishes.ask_doctor, by=by, site=site, doctor=doctor, question=QUESTIONS[visit.pk % len(QUESTIONS)], visit=visit
    )


def enquire(clinic: House, site: Site, day: date) -> None:
    """Somebody asks at the desk what something costs."""
    by = _cares(clinic, site)
    if by is None:
        return
    number = day.toordinal() + site.pk + clock.now().minute
    outcome = ("exam", "leaflet", "booked")[number % 3]
    clinic.attempt(
        enquiries.log_price_enquiry, by=by, site=site, question=PRICES[number % len(PRICES)], outcome=outcome,
        item=items().order_by("id")[number % 3],
    )  # fmt: skip


def seek_advice(clinic: House, site: Site, day: date) -> None:
    """Somebody who is no patient asks for advice."""
    by = _cares(clinic, site)
    if by is not None and (day.toordinal() + site.pk) % 2 == 0:
        clinic.attempt(
            enquiries.log_advice, by=by, site=site, question="孩子几岁开始需要定期检查", answer="三岁起每半年一次，已给宣传册",
            name="路过的家长",
        )  # fmt: skip


def say_opinion(clinic: House, site: Site, day: date) -> None:
    """A guest says what was good or bad."""
    by, visit = _cares(clinic, site), _guest(site)
    reads = clinic.somebody("guest_care.acknowledge", site, role="supervisor")
    if by is not None and visit is not None and reads is not None:
        clinic.attempt(
            wishes.take_opinion, by=by, site=site, speaker="guest" if visit.pk % 3 else "family",
            words=OPINIONS[day.toordinal() % len(OPINIONS)], visit=visit,
        )  # fmt: skip


def wish(clinic: House, site: Site, day: date) -> None:
    """A guest wishes for something."""
    by, visit = _cares(clinic, site), _guest(site)
    if by is not None and visit is not None:
        kind, words = REQUESTS[visit.pk % len(REQUESTS)]
        clinic.attempt(wishes.take_request, by=by, site=site, kind=kind, words=words, visit=visit)


# --- what is worked off ---------------------------------------------------------------------------------------------------


def work_off(clinic: House, site: Site, day: date) -> None:
    """What has lain for a while is done; what has just come in waits."""
    _work_off(clinic, site, before=clock.now() - FRESH)


def work_off_last(clinic: House, site: Site, day: date) -> None:
    """Before the evening: one message stays, whoever it is for has gone already."""
    slips = MessageSlip.objects.filter(site=site, state__in=("taken", "delivered")).order_by("-taken_at")
    stays = slips.first() if (day.toordinal() + site.pk) % 2 else None
    _work_off(clinic, site, before=clock.now(), stays=stays)


def _work_off(clinic: House, site: Site, *, before: Any, stays: MessageSlip | None = None) -> None:
    by = _agent(clinic, site)
    if by is None:
        return
    _messages(clinic, site, before, stays)
    _promises(clinic, site, by, before)
    for question in (
        OpenQuestion.objects.filter(site=site, at__lt=before)
        .exclude(state="told")
        .select_related("site", "doctor", "by")
    ):
        if question.state == "asked":
            doctor = clinic.self_of(question.doctor)
            given = clinic.attempt(
                wishes.answer_question, by=doctor, question=question, answer=ANSWERS[question.pk % len(ANSWERS)]
            )
            if given is None:
                continue
            question = given
        clinic.attempt(wishes.bring_answer_back, by=_cares(clinic, site) or by, question=question)
    _give_back(clinic, site, before)
    reader = clinic.somebody("guest_care.acknowledge", site, role="supervisor")
    for opinion in Opinion.objects.filter(site=site, state="taken", at__lt=before).select_related("site"):
        if reader is not None:
            clinic.attempt(wishes.acknowledge_opinion, by=reader, opinion=opinion, remark="已了解并向客人致意")
    for request in SpecialRequest.objects.filter(site=site, state="open", at__lt=before).select_related("site"):
        clinic.attempt(wishes.close_request, by=_cares(clinic, site) or by, request=request, met=True, remark="已办好")


def _messages(clinic: House, site: Site, before: Any, stays: MessageSlip | None) -> None:
    rows = MessageSlip.objects.filter(site=site, taken_at__lt=before).exclude(state="closed")
    for slip in rows.select_related("site", "recipient__user", "patient", "taken_by", "call").order_by("id"):
        if stays is not None and slip.pk == stays.pk:
            continue
        by = clinic.self_of(slip.recipient)
        if slip.state != "acknowledged":
            clinic.attempt(messages.acknowledge_message, by=by, slip=slip)
        else:
            reply = "按时吃药，明天复诊时再看" if slip.pk % 2 else ""
            clinic.attempt(messages.close_message, by=by, slip=slip, reply=reply)


def _promises(clinic: House, site: Site, by: Actor, before: Any) -> None:
    rows = Promise.objects.filter(site=site, state__in=OWED, made_at__lt=before)
    for one in rows.select_related("site", "call", "patient", "owner").order_by("due_at", "id"):
        if one.state == "with_superior":
            superior = _superior(clinic, one)
            if superior is not None:
                clinic.attempt(promises.answer_promise, by=superior, promise=one, answer=ANSWERS[one.pk % len(ANSWERS)])
        elif one.due_at - clock.now() < timedelta(minutes=100):
            clinic.attempt(promises.tell_customer, by=by, promise=one, customer_told=True, note="已电话告知")


def _superior(clinic: House, one: Promise) -> Actor | None:
    if one.call is not None and one.call.purpose == "complaint":
        return clinic.one_of(("clinic_director",), "telephone.answer", one.site)
    return clinic.somebody("telephone.answer", one.site, role="supervisor")


def _give_back(clinic: House, site: Site, before: Any) -> None:
    """Luggage goes with its guest."""
    by = _cares(clinic, site)
    here = set(here_now(site).values_list("pk", flat=True))
    for luggage in Luggage.objects.filter(site=site, at__lt=before).exclude(state="returned").select_related("site"):
        if by is not None and luggage.visit_id not in here:
            clinic.attempt(wishes.return_luggage, by=by, luggage=luggage)


# --- who and what -----------------------------------------------------------------------------------------------------


def _agent(clinic: House, site: Site) -> Actor | None:
    return clinic.somebody("telephone.log", site, role="front_desk")


def _cares(clinic: House, site: Site) -> Actor | None:
    return clinic.somebody("guest_care.log", site, role="front_desk")


def _known(clinic: House, site: Site, day: date, number: int) -> Patient | None:
    """A patient of the site with a telephone."""
    here = [one for one in clinic.patients if one.site_id == site.pk and one.phone_index]
    return Random(f"{site.pk}:{day}:{number}").choice(here) if here else None


def _doctor(clinic: House, site: Site, day: date) -> StaffMember | None:
    """A doctor on duty with an inbox."""
    found = [one.staff for one in doctors_on_duty(site, day) if clinic.self_of(one.staff).user_id is not None]
    return found[(day.toordinal() + clock.now().hour) % len(found)] if found else None


def _guest(site: Site) -> Visit | None:
    """Who came last and is still here."""
    return here_now(site).order_by("-arrived_at", "-id").first()


def show(clinic: House, site: Site, day: date) -> None:
    """Where a stretch ends there is one of each on the table."""
    since = clock.day_bounds(day, site.timezone)[0]
    wanted: tuple[tuple[Any, Callable[[House, Site, date], None]], ...] = (
        (MessageSlip.objects.filter(site=site, state="taken"), take_message),
        (Promise.objects.filter(site=site, state__in=OWED), promise_word),
        (OpenQuestion.objects.filter(site=site).exclude(state="told"), ask),
        (Luggage.objects.filter(site=site).exclude(state="returned"), leave_luggage),
        (SpecialRequest.objects.filter(site=site, state="open"), wish),
        (PriceEnquiry.objects.filter(site=site, at__gte=since), enquire),
    )
    for rows, step in wanted:
        if not rows.exists():
            step(clinic, site, day)


DAY = (
    ("09:08", partial(call, 0)),
    ("09:26", promise_answer),
    ("09:41", take_message),
    ("09:48", enquire),
    ("09:57", promise_word),
    ("10:02", leave_luggage),
    ("10:04", wish),
    ("10:06", ask),
    ("10:25", partial(call, 1)),
    ("10:40", say_opinion),
    ("10:55", order_courtesy),
    ("11:15", partial(call, 2)),
    ("11:25", complaint),
    ("11:42", work_off),
    ("13:45", take_message),
    ("13:52", silent_call),
    ("14:15", greet),
    ("14:25", seek_advice),
    ("14:44", work_off),
    ("15:05", partial(call, 3)),
    ("15:20", greet),
    ("15:33", leave_luggage),
    ("15:50", enquire),
    ("16:05", ask),
    ("16:15", work_off),
    ("16:34", partial(call, 4)),
    ("17:18", work_off),
    ("18:40", work_off_last),
    ("18:50", work_off_last),
)
