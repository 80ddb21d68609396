"""Desks that keep the day sheet, the sheet as PDF, and how many waits a figure leaves out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from kernel import clock, limits
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.identity import actions as identity
from kernel.identity import sessions
from kernel.identity.models import Desk, User
from services.appointments import actions as appointments
from services.appointments import waits
from services.kpis import selectors as kpis
from services.kpis.actions import measure
from services.outage import desks
from services.outage.models import SheetDesk
from services.reception import actions as reception
from services.sites.models import Site
from tests.harness.tenants import Browser, host_of
from tests.kernel.people import PASSWORD
from tests.services.doors import SYSTEM, api, browser, person, statements
from tests.services.flow import booked, center, chair, patient, walked_in
from tests.services.test_outage import declared, silent

BAI, FANG, SUPER, NURSE = "bai.lan", "fang.li", "gao.wen", "mo.xiao"
DAY = "2026-12-07"
KEPT = "/outage/kept/"


@pytest.fixture
def monday(smile: Any, at: Any) -> Any:
    at(f"{DAY} 09:40")
    limits._store().flushdb()
    return at


def shared_desk(name: str = "前台", site: Site | None = None) -> tuple[Desk, str]:
    return identity.register_desk(by=SYSTEM, name=name, site_code=(site or center()).code)


def at_desk(desk: Desk, secret: str, username: str) -> Client:
    """The browser of ``desk`` in which somebody has signed in."""
    client = Browser()
    client.defaults["HTTP_HOST"] = host_of("smile")
    client.cookies["desk"] = f"{desk.code}.{secret}"
    user = User.objects.get(username=username)
    user.set_password(PASSWORD)
    user.save()
    assert client.post("/accounts/login/", {"login": username, "password": PASSWORD}).status_code == 302
    return client


def keeping(desk: Desk) -> SheetDesk:
    return desks.keep_at_desk(by=person(SUPER), site=center(), desk=desk)


def test_only_who_leads_the_site_names_a_desk_and_each_only_once(monday: Any) -> None:
    desk, _secret = shared_desk()
    elsewhere, _other = shared_desk("分院前台", Site.objects.exclude(pk=center().pk).first())
    with pytest.raises(Forbidden):
        desks.keep_at_desk(by=person(BAI), site=center(), desk=desk)
    with pytest.raises(RuleRefused) as refusal:
        keeping(elsewhere)
    assert refusal.value.code == "desk_of_other_site"
    kept = keeping(desk)
    with pytest.raises(Conflict) as taken:
        keeping(desk)
    assert taken.value.code == "desk_keeps_sheet"
    with pytest.raises(IntegrityError), transaction.atomic():
        SheetDesk.objects.create(desk=desk, site=center(), registered_at=clock.now(), registered_by_name="x")
    desks.withdraw_desk(by=person(SUPER), site=center(), kept=kept)
    with pytest.raises(Conflict) as over:
        desks.withdraw_desk(by=person(SUPER), site=center(), kept=kept)
    assert over.value.code == "sheet_desk_withdrawn"
    assert keeping(desk).pk != kept.pk
    verbs = list(
        AuditEntry.objects.filter(verb__startswith="outage.desk_").order_by("id").values_list("verb", flat=True)
    )
    assert verbs == ["outage.desk_registered", "outage.desk_withdrawn", "outage.desk_registered"]
    identity.revoke_desk(by=SYSTEM, desk=desk)
    desk.refresh_from_db()
    with pytest.raises(RuleRefused) as revoked:
        keeping(desk)
    assert revoked.value.code == "desk_revoked"


def test_the_desk_gets_what_the_paper_holds_of_today_and_tomorrow(monday: Any) -> None:
    booked(patient("阮欣", phone="13812345678"), f"{DAY} 10:00")
    booked(patient("邵晴"), "2026-12-08 10:00", note="坐轮椅")
    booked(patient("后天"), "2026-12-09 10:00")
    desk, secret = shared_desk()
    front = at_desk(desk, secret, BAI)
    assert "kept-sheet" not in front.get("/outage/").content.decode()
    assert front.get(KEPT).status_code == 404
    kept = keeping(desk)

    page = front.get("/outage/").content.decode()
    assert f'<meta name="kept-sheet" content="{kept.code}.{person(BAI).code}" data-worker="/outage/worker.js">' in page
    answer = front.get(KEPT, headers={"X-Poll": "1"})
    sheet = answer.content.decode()
    assert answer.status_code == 200
    assert all(word in sheet for word in ("阮欣", "5678", "邵晴", "坐轮椅", "09:40", DAY, "2026-12-08"))
    assert not any(word in sheet for word in ("后天", "13812345678", "csrf", "<script>", "style="))
    # It lives until the end of tomorrow.
    assert int(answer["X-Kept-Seconds"]) == (14 * 60 + 20 + 24 * 60) * 60
    assert "no-store" in answer["Cache-Control"]
    assert "'unsafe" not in answer["Content-Security-Policy"]

    # Refreshed every few minutes; who saw whom is logged when it changes.
    def listed() -> int:
        return AuditEntry.objects.filter(verb="patients.listed", actor_code=person(BAI).code).count()

    once = listed()
    front.get(KEPT)
    assert listed() == once == 1
    booked(patient("孟冬"), f"{DAY} 14:00")
    front.get(KEPT)
    assert listed() == 2
    assert statements(lambda: front.get(KEPT)) <= 12


def test_no_other_browser_and_nobody_without_the_word_gets_it(monday: Any) -> None:
    desk, secret = shared_desk()
    kept = keeping(desk)
    front = at_desk(desk, secret, BAI)
    assert front.get(KEPT).status_code == 200
    # Another computer, of the same person; nobody.
    assert browser(BAI).get(KEPT).status_code == 404
    assert browser(None).get(KEPT).status_code == 302

    # Locked: neither the sheet nor the mark in the page.
    session = front.session
    session[sessions.SEEN] = sessions.machine_seconds() - 120
    session.save()
    held = front.get(KEPT, headers={"X-Poll": "1"})
    assert (held.status_code, held["HX-Redirect"]) == (204, "/accounts/desk/")
    assert "kept-sheet" not in front.get("/accounts/desk/").content.decode()
    identity.set_pin(by=person(BAI), user=User.objects.get(username=BAI), pin="7294")
    assert front.post("/accounts/desk/", {"who": BAI, "pin": "7294"}).status_code == 303
    assert front.get(KEPT).status_code == 200

    # Somebody whose role does not see the sheet changes over.
    nurse = at_desk(desk, secret, NURSE)
    assert nurse.get(KEPT).status_code == 403
    page = nurse.get("/treatment_area/concerns/")
    assert page.status_code == 200
    assert "kept-sheet" not in page.content.decode()

    # Withdrawn: gone with the next request.
    desks.withdraw_desk(by=person(SUPER), site=center(), kept=kept)
    assert front.get(KEPT).status_code == 404
    assert "kept-sheet" not in front.get("/outage/").content.decode()

    # Signed out: the server answers with the sign-in, and the program of the browser deletes what it has.
    keeping(desk)
    assert front.get(KEPT).status_code == 200
    front.post("/accounts/logout/")
    assert front.get(KEPT).status_code == 302


def test_the_program_of_the_browser_holds_no_data_and_answers_for_the_host(monday: Any) -> None:
    answer = browser(None).get("/outage/worker.js")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Service-Worker-Allowed"] == "/"
    program = answer.content.decode()
    assert '"/accounts/logout/"' in program
    assert 'importScripts("/static/assets/desk_worker-' in program


def test_pages_and_api_name_and_withdraw_a_desk(monday: Any) -> None:
    desk, _secret = shared_desk()
    lead = browser(SUPER)
    assert browser(BAI).get("/outage/desks/").status_code == 403
    assert "前台" in lead.get("/outage/desks/").content.decode()
    assert lead.post("/outage/desks/", {"desk": str(desk.code)}).status_code == 303
    kept = SheetDesk.objects.get()
    assert statements(lambda: lead.get("/outage/desks/")) <= 12
    assert lead.post(f"/outage/desks/{kept.code}/withdraw/").status_code == 303
    root, body = "/api/v1/outage/desks/", {"site": str(center().code), "desk": str(desk.code)}
    assert api(BAI).post(root, body).status_code == 403
    assert api(SUPER).post(root, body | {"desk": str(center().code)}).status_code == 404
    made = api(SUPER).post(root, body)
    assert (made.status_code, made.json()["name"]) == (201, "前台")
    again = api(SUPER).post(root, body)
    assert (again.status_code, again.json()["code"]) == (409, "desk_keeps_sheet")
    assert [one["desk"] for one in api(SUPER).get(root).json()["results"]] == [str(desk.code)]
    gone = api(SUPER).post(f"{root}{made.json()['code']}/withdraw/", {})
    assert gone.json()["withdrawn_at"] is not None
    assert api(SUPER).get(root).json()["results"] == []


def test_the_sheet_as_pdf(monday: Any) -> None:
    who = patient("阮欣")
    booked(who, f"{DAY} 10:00")
    desk = browser(BAI)
    answer = desk.get("/outage/sheet.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert "no-store" in answer["Cache-Control"]
    assert f"day-sheet-{DAY}.pdf" in answer["Content-Disposition"]
    # The same sheet at the same moment is the same file; that of tomorrow is another one.
    assert desk.get("/outage/sheet.pdf").content == answer.content
    assert desk.get("/outage/sheet.pdf?day=tomorrow").content != answer.content
    entry = AuditEntry.objects.filter(verb="patients.listed").order_by("-id")
    assert any(str(who.code) in str(one.data) for one in entry)
    assert browser(NURSE).get("/outage/sheet.pdf").status_code == 403


@pytest.mark.ledger("QU-004")
def test_a_wait_figure_tells_how_many_it_leaves_out(monday: Any) -> None:
    monday(f"{DAY} 09:00")
    first, second = walked_in(patient("阮欣")), walked_in(patient("邵晴"), doctor="020")
    third = booked(patient("孟冬"), f"{DAY} 09:15", units=1)
    monday(f"{DAY} 09:04")
    reception.check_in(by=person(BAI), site=center(), appointment=third)
    silent(monday, "09:05", "09:50")
    for visit, room in ((first, "1"), (second, "3")):
        reception.lead_in(by=person("su.qi"), visit=visit, chair=chair(room))
    day, site = clock.today(center().timezone), center()
    declared("09:05", "09:50")
    measure(site, day)
    found = {one.kpi.key: one for one in kpis.figures(person(SUPER), site=site, start=day, end=day)}
    assert (found["median_wait"].excluded, found["median_wait"].n) == (3, 0)
    assert found["unexplained_waits"].excluded == 3
    assert found["visits"].excluded is None
    rows = (
        api(SUPER).get("/api/v1/kpis/", {"site": str(site.code), "from": str(day), "until": str(day)}).json()["results"]
    )
    assert {row["key"]: row["excluded"] for row in rows}["median_wait"] == 3
    assert kpis.figures(person(SUPER), site=site, start=day - timedelta(days=1), end=day - timedelta(days=1))[0].n == 0
    for url in ("/kpis/?month=2026-12", "/kpis/median_wait/?month=2026-12"):
        assert 'data-excluded="3"' in browser(SUPER).get(url).content.decode()
    assert 'data-excluded="3"' in browser(BAI).get("/reception/").content.decode()


@pytest.mark.ledger("AP-039", "QU-004")
def test_the_waits_by_doctor_leave_out_what_an_outage_touched(monday: Any) -> None:
    monday(f"{DAY} 09:00")
    touched, other = (
        booked(patient(name), f"{DAY} {at}", units=1) for name, at in (("孟冬", "09:00"), ("邵晴", "11:00"))
    )
    visit = reception.check_in(by=person(BAI), site=center(), appointment=touched)
    silent(monday, "09:05", "09:50")
    reception.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    day, site = clock.today(center().timezone), center()
    appointments.mark_in_service(by=person(BAI), appointment=touched)
    declared("09:05", "09:50")
    (only,) = waits.waits(site, day, day)
    assert (only.patients, only.median, only.longest, only.excluded) == (0, None, None, 1)
    monday(f"{DAY} 11:00")
    appointments.mark_arrived(by=person(BAI), appointment=other)
    monday(f"{DAY} 11:12")
    appointments.mark_in_service(by=person(BAI), appointment=other)
    (both,) = waits.waits(site, day, day)
    assert (both.patients, both.median, both.excluded) == (1, 12, 1)
    assert statements(lambda: waits.waits(site, day, day)) == 1
    assert 'data-excluded="1"' in browser(SUPER).get("/appointments/waits/").content.decode()
