"""The frame of a day: taken over, opened, met, kept in the registers, closed; the next morning somebody else receives it."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from config.demo.house import DEMO, House
from kernel import clock
from kernel.context import Actor
from services.shift import desk, handover, incidents, leftovers, meeting, opening, posts
from services.shift.handover import LEADS, PASSED, TAKE_OVER
from services.shift.models import (
    Absence,
    Attendee,
    Broadcast,
    Checklist,
    Errand,
    HandOver,
    HygieneTicket,
    Incident,
    ItemEntry,
    Meeting,
    SiteDay,
    Tick,
    Visitor,
    Zone,
)
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import on_duty
from services.tasks.actions import complete_task
from services.tasks.models import Task

# When the clock plans a day.
PLANNED = "05:45"
# Why something goes to the next shift, by what it is.
REASONS = {
    "reception.here": "客人仍在诊室，值班人员负责送客",
    "appointments.confirmations": "两次未接，明早再联系",
    "appointments.affected": "电话未接，明早继续通知",
    "appointments.cards": "患者回去商量时间，明日电话联系",
    "appointments.referrals": "对方医生已下班，明早核对项目和费用",
    "followup.calls": "未接通，明日上午再拨",
    "followup.problems": "医生在治疗中，明早答复患者",
    "guest_care.luggage": "客人明早来取，已锁入前台柜内",
    "guest_care.questions": "医生已下班，明早答复后转告客人",
    "telephone.messages": "收件人今天不在，明早当面转交",
    "telephone.promises": "已与客人另约明早回复",
    "dental.models_overdue": "加工厂答应明天上午送到",
    "dental.models_lost": "已请护士长查找",
    "treatment_area.take_overs": "当时忙漏签，护士长明早核对",
    "treatment_area.sheet": "服务员已下班，明早补交",
    "treatment_area.concerns": "已安抚客人，护士长明早回复",
    "shift.duties": "当天人手不足，明早补做",
}
OTHERWISE = "已告知当班主管，明早继续处理"
ITEMS = (
    ("in", "goods", "一次性口杯、手套两箱", "康达医疗器械", "仓库"),
    ("out", "document", "检验标本登记单", "市检验中心", "快递员小周"),
    ("in", "document", "保险公司理赔函", "平安保险", "前台"),
    ("out", "goods", "退回破损包装", "康达医疗器械", "送货员"),
)
VISITORS = (
    ("周建国", "康达医疗器械", "送新品样本"),
    ("何敏", "社区居委会", "联系义诊活动"),
    ("陈工", "空调维保公司", "检修空调"),
)
ZONES = ("候诊区", "前台", "走廊")
ERRANDS = ("去药房核对一次性用品数量", "把保险理赔函送到财务", "联系保洁更换候诊区垃圾桶")
BROADCASTS = (
    ("standard", "请各位来宾保管好随身物品，就诊请听护士引导。"),
    ("notice", "请沪A·6K221车主移一下车，谢谢配合。"),
    ("music", "候诊区轻音乐"),
)
NOTES = (
    "昨日到诊情况已通报；今日预约较满，候诊超过二十分钟要主动说明。",
    "提醒：初诊登记表当面核对；交班未了事项由主管跟进。",
    "表扬导诊耐心陪同老年客人；今天注意复诊确认电话。",
)


def plan(clinic: House, site: Site, day: date) -> None:
    """What the clock does in the early morning (``loading.PLANNED_BY_HAND``)."""
    opening.plan_day(by=DEMO, site=site, day=day)


def receive(clinic: House, site: Site, day: date) -> None:
    """Who comes first takes over what was handed over, unless it was their own signature."""
    for one in HandOver.objects.filter(site=site, state="given").select_related("site"):
        by = clinic.another("shift.receive", site, than=one.given_by_id, roles=TAKE_OVER)
        if by is not None:
            clinic.attempt(handover.receive_hand_over, by=by, site=site, handover=one)


def close_forgotten(clinic: House, site: Site, day: date) -> None:
    """A day that nobody closed, because nobody worked here in between, is closed before the new one begins."""
    for one in SiteDay.objects.filter(site=site, day__lt=day).exclude(state="closed").select_related("site"):
        _close(clinic, site, one, remark="补签交班")


def open_day(clinic: House, site: Site, day: date) -> None:
    """The opening list is ticked, item by item, and the site opened."""
    by = clinic.somebody("shift.open", site, role="front_desk")
    if by is None:
        return
    planned = opening.prepare_today(by=by, site=site)
    if planned.state not in ("planned", "in_progress"):
        return
    random = Random(f"{clinic.slug}:{site.pk}:{day}:opening")
    late = random.random() < 0.3
    for item in _unanswered(planned, Checklist.Purpose.OPENING):
        if late and item.key.endswith(".pictures"):
            opening.answer_item(by=by, site=site, tick=item, result="not_done", reason="走廊正在换画，中午装好")
        else:
            opening.answer_item(by=by, site=site, tick=item, result="done")
    opening.open_site(by=by, site=site, day=planned)


def arrive(clinic: House, site: Site, day: date) -> None:
    """Who is on duty is at work and ready; somebody comes later."""
    _arrive(clinic, site, day, late=False)


def arrive_late(clinic: House, site: Site, day: date) -> None:
    """The one who comes later."""
    _arrive(clinic, site, day, late=True)


def _arrive(clinic: House, site: Site, day: date, *, late: bool) -> None:
    today = _day(site, day)
    people = _people(clinic, site, day)
    if today is None or not people:
        return
    last = people[day.toordinal() % len(people)][0].pk if len(people) > 3 else None
    for staff, by in people:
        if (staff.pk == last) == late and by.can("shift.arrive", site=site.code):
            clinic.attempt(opening.note_arrival, by=by, site=site, day=today)


def begin_meeting(clinic: House, site: Site, day: date) -> None:
    """The morning meeting: who chairs it notes who came."""
    row = Meeting.objects.select_related("site").filter(site=site, day__day=day, state="planned").first()
    by = clinic.somebody("shift.meet", site, role="supervisor")
    if row is None or by is None:
        return
    row = meeting.start_meeting(by=by, site=site, meeting=row)
    random = Random(f"{clinic.slug}:{site.pk}:{day}:meeting")
    for attendee in Attendee.objects.filter(meeting=row).select_related("staff"):
        chance = random.random()
        if chance < 0.94 or attendee.staff.user_id == by.user_id:
            meeting.mark_attendee(by=by, site=site, attendee=attendee, presence="present")
        elif chance < 0.98:
            meeting.mark_attendee(by=by, site=site, attendee=attendee, presence="late")


def end_meeting(clinic: House, site: Site, day: date) -> None:
    """The meeting is over; its notes are kept."""
    row = Meeting.objects.select_related("site").filter(site=site, day__day=day, state="running").first()
    by = clinic.somebody("shift.meet", site, role="supervisor")
    if row is not None and by is not None:
        meeting.end_meeting(by=by, site=site, meeting=row, notes=NOTES[day.toordinal() % len(NOTES)])


def lead_on(clinic: House, site: Site, day: date) -> None:
    """The lead looks after what was passed on in the evening."""
    by = clinic.one_of(LEADS, "tasks.work", site)
    for task in Task.objects.filter(site=site, kind=PASSED, state=Task.State.OPEN):
        if by is not None:
            clinic.attempt(complete_task, by=by, task=task, note="已逐项跟进")


def do_morning_duties(clinic: House, site: Site, day: date) -> None:
    """What of the day's duties is due at noon."""
    _do_duties(clinic, site, day, until="12:30")


def do_duties(clinic: House, site: Site, day: date) -> None:
    """The day's other duties."""
    _do_duties(clinic, site, day, until="23:59")


def _do_duties(clinic: House, site: Site, day: date, *, until: str) -> None:
    """Whoever holds them ticks them off; now and then one stays for tomorrow."""
    due = Task.objects.filter(site=site, kind=opening.DUTY, state=Task.State.OPEN, due_at__lte=clinic.local(day, until))
    for task in due.select_related("assignee", "site"):
        by = clinic.holder_of(task)
        if by is not None and Random(f"task {task.pk}:{day}").random() < 0.95:
            clinic.attempt(complete_task, by=by, task=task)


def check(clinic: House, site: Site, day: date) -> None:
    """The checks during the day."""
    _tick(clinic, site, day, Checklist.Purpose.CHECKS)


def tidy_up(clinic: House, site: Site, day: date) -> None:
    """The closing list."""
    _tick(clinic, site, day, Checklist.Purpose.CLOSING)


def _tick(clinic: House, site: Site, day: date, purpose: str) -> None:
    by, today = clinic.somebody("shift.open", site, role="front_desk"), _day(site, day)
    if by is None or today is None:
        return
    for item in _unanswered(today, purpose):
        clinic.attempt(opening.answer_item, by=by, site=site, tick=item, result="done")


def close(clinic: House, site: Site, day: date) -> None:
    """The evening: what is still open is passed on with its reason, and the day is signed."""
    today = _day(site, day)
    if today is not None and today.state != "closed":
        _close(clinic, site, today, remark="")


def _close(clinic: House, site: Site, today: SiteDay, *, remark: str) -> None:
    by = clinic.somebody("shift.hand_over", site, role="front_desk")
    if by is None:
        return
    draft = handover.begin_hand_over(by=by, site=site, day=today)
    for one in leftovers.blocking(site, today.day, draft):
        if not one.money:
            reason = REASONS.get(one.source, OTHERWISE)
            handover.pass_on(by=by, site=site, handover=draft, source=one.source, reason=reason)
    handover.sign_hand_over(by=by, site=site, handover=draft, cash_fen=200_000, remark=remark)


# --- the registers ----------------------------------------------------------------------------------------------------


def keep_registers(clinic: House, site: Site, day: date) -> None:
    """Something comes and something goes; somebody asks for an announcement."""
    by = clinic.somebody("shift.register", site, role="front_desk")
    if by is None:
        return
    number = day.toordinal() + site.pk
    for direction, kind, what, party, receiver in (ITEMS[number % len(ITEMS)], ITEMS[(number + 1) % len(ITEMS)]):
        clinic.attempt(
            desk.register_item, by=by, site=site, direction=ItemEntry.Direction(direction), kind=ItemEntry.Kind(kind),
            what=what, party=party, receiver=receiver,
        )  # fmt: skip
    kind, text = BROADCASTS[number % len(BROADCASTS)]
    clinic.attempt(
        desk.log_broadcast, by=by, site=site, kind=Broadcast.Kind(kind), text=text, requested_by="候诊区服务员"
    )


def visitor_comes(clinic: House, site: Site, day: date) -> None:
    """Somebody from outside asks for a colleague."""
    by = clinic.somebody("shift.register", site, role="front_desk")
    hosts = [staff for staff, actor in _people(clinic, site, day) if not staff.is_doctor and actor != by]
    if by is None or not hosts or (day.toordinal() + site.pk) % 2:
        return
    name, company, purpose = VISITORS[(day.toordinal() // 2) % len(VISITORS)]
    clinic.attempt(
        desk.register_visitor, by=by, site=site, name=name, company=company, purpose=purpose,
        host=hosts[day.toordinal() % len(hosts)],
    )  # fmt: skip


def clean(clinic: House, site: Site, day: date) -> None:
    """Something was spilt in the waiting area."""
    by = clinic.somebody("shift.register", site, role="guide")
    if by is not None and (day.toordinal() + site.pk) % 2:
        clinic.attempt(incidents.raise_ticket, by=by, site=site, words="候诊区地面有水渍，请尽快擦干")


def take_a_break(clinic: House, site: Site, day: date) -> None:
    """Somebody of the desk leaves the post, covered by a colleague."""
    by = clinic.somebody("shift.leave_post", site, role="front_desk")
    people = _people(clinic, site, day)
    if by is None or by.user_id not in {staff.user_id for staff, _actor in people}:
        return
    cover = next((staff for staff, actor in people if actor.user_id != by.user_id and not staff.is_doctor), None)
    if cover is not None:
        clinic.attempt(posts.leave_post, by=by, site=site, post=Absence.Post.DESK, reason="去银行换零钱", cover=cover)


def keep_clean(clinic: House, site: Site, day: date) -> None:
    """The zones that are kept clean have their keepers."""
    by = clinic.somebody("shift.zones", site, role="head_nurse")
    people = [staff for staff, _actor in _people(clinic, site, day) if not staff.is_doctor]
    if by is None or not people or Zone.objects.filter(site=site).exists():
        return
    for number, name in enumerate(ZONES):
        clinic.attempt(incidents.allocate_zone, by=by, site=site, name=name, keeper=people[number % len(people)])


def send_on_errand(clinic: House, site: Site, day: date) -> None:
    """A superior asks somebody for something by the way."""
    by = clinic.somebody("tasks.assign", site, role="supervisor")
    people = [staff for staff, actor in _people(clinic, site, day) if not staff.is_doctor and actor != by]
    if by is not None and people:
        clinic.attempt(
            incidents.assign_errand, by=by, site=site, assignee=people[(day.toordinal() + 1) % len(people)],
            words=ERRANDS[day.toordinal() % len(ERRANDS)], due_at=clinic.local(day, "15:30"),
        )  # fmt: skip


def finish_errands(clinic: House, site: Site, day: date) -> None:
    """Whoever was asked says what came of it."""
    for errand in Errand.objects.filter(site=site, state="open").select_related("site", "assignee"):
        by = clinic.self_of(errand.assignee)
        clinic.attempt(incidents.finish_errand, by=by, site=site, errand=errand, result="已办好")


def disturb(clinic: House, site: Site, day: date) -> None:
    """Every few days there is noise in the waiting area, and a manager is called."""
    by = clinic.somebody("shift.register", site, role="front_desk")
    answers = clinic.somebody("shift.answer_incident", site, role="supervisor")
    if by is not None and answers is not None and (day.toordinal() + site.pk) % 3 == 0:
        clinic.attempt(
            incidents.report_incident, by=by, site=site, place="候诊区", words="一位陪同人员大声打电话，影响其他客人"
        )


def calm(clinic: House, site: Site, day: date) -> None:
    """The manager is there, and it is over."""
    by = clinic.somebody("shift.answer_incident", site, role="supervisor")
    for incident in Incident.objects.filter(site=site).exclude(state="closed").select_related("site"):
        if by is not None:
            clinic.attempt(incidents.close_incident, by=by, site=site, incident=incident, outcome="劝说后已平静")


def come_back(clinic: House, site: Site, day: date) -> None:
    """Who was away is back, visitors go on and leave, what was dirty is clean."""
    by = clinic.somebody("shift.register", site, role="front_desk")
    if by is None:
        return
    for absence in Absence.objects.filter(site=site, state="away").select_related("site"):
        clinic.attempt(posts.come_back, by=by, site=site, absence=absence)
    for visitor in Visitor.objects.filter(site=site).exclude(state="left").select_related("site"):
        if visitor.state == "waiting" and clock.now() - visitor.arrived_at < timedelta(minutes=40):
            clinic.attempt(desk.receive_visitor, by=by, site=site, visitor=visitor)
        else:
            clinic.attempt(desk.see_out, by=by, site=site, visitor=visitor)
    cleaner = clinic.somebody("shift.clean", site, role="nurse")
    for ticket in HygieneTicket.objects.filter(site=site, state="open").select_related("site"):
        if cleaner is not None:
            clinic.attempt(incidents.close_ticket, by=cleaner, site=site, ticket=ticket, result="已擦干并放置提示牌")


def _day(site: Site, day: date) -> SiteDay | None:
    return SiteDay.objects.select_related("site").filter(site=site, day=day).first()


def _unanswered(today: SiteDay, purpose: str) -> list[Tick]:
    return list(Tick.objects.filter(day=today, purpose=purpose, result=""))


def _people(clinic: House, site: Site, day: date) -> list[tuple[StaffMember, Actor]]:
    """Who is on duty and has an account."""
    found = [(one.staff, clinic.self_of(one.staff)) for one in on_duty(site, day)]
    return [(staff, actor) for staff, actor in found if actor.user_id is not None]


DAY = (
    ("07:45", close_forgotten),
    ("07:50", receive),
    ("08:06", open_day),
    ("08:12", arrive),
    ("08:19", arrive_late),
    ("08:21", begin_meeting),
    ("08:33", end_meeting),
    ("09:22", lead_on),
    ("09:52", visitor_comes),
    ("08:50", keep_clean),
    ("09:12", send_on_errand),
    ("10:12", keep_registers),
    ("10:08", clean),
    ("10:31", come_back),
    ("11:48", do_morning_duties),
    ("14:05", check),
    ("14:35", disturb),
    ("14:10", take_a_break),
    ("14:32", come_back),
    ("14:42", calm),
    ("15:10", finish_errands),
    ("17:02", come_back),
    ("17:40", do_duties),
    ("18:45", tidy_up),
    ("19:20", close),
)
