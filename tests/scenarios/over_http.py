"""Whoever plays a part in a scenario acts through the API and the pages alone; what the server does by itself is here too.

A refusal is looked at from all sides: its code, one new line in the audit, and no other row of the tenant touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from kernel.audit.models import AuditEntry
from kernel.identity.sessions import CONFIRMED_BY_SECOND, machine_seconds
from services.catalogue.models import Item
from services.sites.models import Site
from tests.services.doors import api, browser, staff
from tests.services.flow import SHANGHAI, chair, clockwork

# What a request may write although it was refused: the audit, and what belongs to the session and not to the clinic.
BESIDE = ("audit_", "sessions_", "identity_session", "api_idempotency", "django_", "account_")

# The enquiry of a first visit, complete; and with what makes it special.
ASKED = (
    "heart", "blood_pressure", "diabetes", "bleeding", "infection", "epilepsy", "allergy", "medication", "pregnancy", "other",
)  # fmt: skip
COMPLETE: dict[str, Any] = {
    "symptoms": {"value": "右下后牙疼三天"}, "address": {"declined": True}, "occupation": {"value": "会计"},
    "heard_by": {"value": "map"}, **{key: {"value": "no"} for key in ASKED},
}  # fmt: skip
WARFARIN = {**COMPLETE, "medication": {"value": "yes", "words": "华法林"}}

__all__ = [
    "COMPLETE",
    "WARFARIN",
    "Clinic",
    "Person",
    "clockwork",
    "footprint",
    "moment",
    "nothing_but_the_audit",
    "utc",
]


def moment(text: str) -> str:
    """A moment of Shanghai as the API takes it: "2026-12-09 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).isoformat()


def utc(text: str) -> str:
    """A moment of Shanghai as the API gives it out."""
    return datetime.fromisoformat(moment(text)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def footprint() -> dict[str, tuple[int, int]]:
    """Every table of the tenant: how many rows, and a sum over the versions of its rows. Any write changes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(BESIDE)]
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}', count(*), coalesce(sum(hashtext(ctid::text || xmin::text)), 0) FROM \"{name}\""
                for name in tables
            )
        )
        return {name: (rows, versions) for name, rows, versions in cursor.fetchall()}


@contextmanager
def nothing_but_the_audit(code: str) -> Iterator[None]:
    """Inside, somebody is refused with ``code``: the audit says so once, and nothing else has been written."""
    before = footprint()
    refusals = AuditEntry.objects.filter(verb="refused", data__code=code).count()
    yield
    after = footprint()
    assert after == before, {name for name in before if before[name] != after[name]}
    assert AuditEntry.objects.filter(verb="refused", data__code=code).count() == refusals + 1, f"{code} not audited"


class Person:
    """Somebody of the cast at a computer, signed in."""

    def __init__(self, username: str) -> None:
        self.username = username

    @cached_property
    def _api(self) -> Any:
        return api(self.username)

    @cached_property
    def _web(self) -> Any:
        return browser(self.username)

    def asks(self, path: str, **query: Any) -> Any:
        """What the API answers to a question."""
        answer = self.tries_to_ask(path, **query)
        assert answer.status_code == 200, (path, answer.status_code, answer.content.decode())
        return answer.json()

    def tries_to_ask(self, path: str, **query: Any) -> Any:
        """A question to the API, whatever comes of it."""
        return self._api.get(f"/api/v1/{path}", query)

    def lists(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The lines of a list of the API."""
        return list(self.asks(path, **query)["results"])

    def does(self, path: str, *, version: int | None = None, **body: Any) -> dict[str, Any]:
        """Something over the API that succeeds."""
        answer = self.tries(path, version=version, **body)
        assert answer.status_code in (200, 201), (path, answer.status_code, answer.content.decode())
        return dict(answer.json())

    def tries(self, path: str, *, version: int | None = None, **body: Any) -> Any:
        """Something over the API, whatever comes of it. ``version``: that of the row named in the path, as it was read."""
        row = next((part for part in path.split("/") if len(part) == 36), "")
        headers = {} if version is None else {"HTTP_IF_MATCH": f'"{UUID(row).hex}-{version}"'}
        return self._api.post(f"/api/v1/{path}", body, **headers)

    def is_refused(
        self, path: str, code: str, status: int = 422, *, version: int | None = None, **body: Any
    ) -> dict[str, Any]:
        """Something over the API that a rule refuses: code, nothing changed, audited."""
        assert self._api  # signed in
        with nothing_but_the_audit(code):
            answer = self.tries(path, version=version, **body)
            problem = dict(answer.json())
            assert (answer.status_code, problem.get("code")) == (status, code), problem
        assert answer["Content-Type"].startswith("application/problem+json")
        assert problem["detail"]
        return problem

    def opens(self, path: str) -> str:
        """A page, as the person reads it."""
        answer = self._web.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.content.decode())

    def is_shown(self, path: str, **form: Any) -> str:
        """What the live part of a page shows for what is typed so far; it leads nowhere and keeps nothing."""
        answer = self._web.post(path, form)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.content.decode())

    def may_not(self, path: str, **form: Any) -> None:
        """A form of a page that this person has no word for."""
        answer = self._web.post(path, form)
        assert answer.status_code == 403, (path, answer.status_code)

    def presses(self, path: str, **form: Any) -> str:
        """A form of a page that goes through; the address where it leads."""
        answer = self._web.post(path, form)
        assert answer.status_code == 303, (path, answer.status_code, answer.content.decode()[-3000:])
        return str(answer["Location"])

    def proves_who_it_is(self) -> None:
        """The person has just typed the code of the authenticator, as appointing a deputy or approving a refund asks for."""
        for client in (self._web, self._api):
            session = client.session
            session[CONFIRMED_BY_SECOND] = machine_seconds()
            session.save()

    def is_stopped(self, path: str, code: str, status: int = 422, **form: Any) -> str:
        """A form of a page that a rule refuses: nothing changed, audited."""
        assert self._web  # signed in
        with nothing_but_the_audit(code):
            answer = self._web.post(path, form)
            assert answer.status_code == status, (path, answer.status_code)
        return str(answer.content.decode())

    def inbox(self, *kinds: str) -> list[dict[str, Any]]:
        """The person's open tasks, of these kinds."""
        lines = self.lists("tasks/", page_size=100)
        return [line for line in lines if not kinds or line["kind"] in kinds]


class Clinic:
    """A site of the tenant at work: its people by name, and the steps that almost every scenario begins with."""

    def __init__(self, slug: str = "center") -> None:
        self.site = str(Site.objects.get(slug=slug).code)
        self.slug = slug
        self._people: dict[str, Person] = {}
        self._phones = 0

    def who(self, username: str) -> Person:
        """A person at their own computer."""
        return self._people.setdefault(username, Person(username))

    def staff(self, number: str) -> str:
        """The code of a colleague by staff number."""
        return str(staff(number).code)

    def chair(self, room: str) -> str:
        """The code of the chair in this room."""
        return str(chair(room, Site.objects.get(slug=self.slug)).code)

    def item(self, key: str) -> str:
        """The code of an item of the catalogue."""
        return str(Item.objects.get(key=key).code)

    def patient(self, name: str, *, by: str = "bai.lan", **facts: Any) -> str:
        """The code of a file that the desk opens; with a phone of its own unless something else is said."""
        self._phones += 1
        born = {} if {"birth_date", "stated_age"} & facts.keys() else {"stated_age": 35}
        said = {"sex": "female", "phone": f"1370000{self._phones:04d}", **born, **facts}
        made = self.who(by).does("patients/", site=self.site, name=name, **said)
        return str(made["code"])

    def books(
        self, patient: str, at: str, *, doctor: str = "011", units: int = 2, by: str = "bai.lan", **more: Any
    ) -> dict[str, Any]:
        """A booking of the desk."""
        facts = {"doctor": self.staff(doctor), "starts_at": moment(at), "units": units, **more}
        return self.who(by).does("appointments/", site=self.site, patient=patient, **facts)

    def checks_in(self, appointment: dict[str, Any], *, by: str = "bai.lan", **more: Any) -> str:
        """The code of the visit of a booked patient, registered now."""
        return str(
            self.who(by).does("reception/visits/", site=self.site, appointment=appointment["code"], **more)["code"]
        )

    def walks_in(self, patient: str, *, doctor: str = "011", by: str = "bai.lan", **more: Any) -> str:
        """The code of the visit of a patient without a booking, registered now."""
        facts = {"patient": patient, "doctor": self.staff(doctor), **more}
        return str(self.who(by).does("reception/visits/", site=self.site, **facts)["code"])

    def fills_in(
        self, visit: str, name: str, *, by: str = "bai.lan", answers: dict[str, Any] = WARFARIN, signs: bool = True
    ) -> str:
        """The form and the enquiry of a first visit, filled in face to face, checked and signed; the code of the sheet."""
        desk = self.who(by)
        sheet = desk.does(f"intake/visits/{visit}/sheet/")["code"]
        desk.does(f"intake/sheets/{sheet}/answers/", answers=answers, filler="desk")
        desk.does(f"intake/sheets/{sheet}/check/")
        if signs:
            signed = desk.does(f"intake/sheets/{sheet}/signature/", signer="patient", signer_name=name)
            assert signed["filler"] == "desk"
        return str(sheet)

    def hands_over(self, sheet: str, *, to: str = "202", by: str = "bai.lan") -> str:
        """The code of the oral hand-over of a form to a colleague."""
        given = self.who(by).does(f"intake/sheets/{sheet}/hand-overs/", receiver=self.staff(to))
        return str(given["code"])

    def visit(self, code: str, *, by: str = "gao.wen") -> dict[str, Any]:
        """The visit as somebody of the house sees it now."""
        return dict(self.who(by).asks(f"reception/visits/{code}/"))

    def leads_in(self, visit: str, room: str = "", *, by: str = "su.qi") -> dict[str, Any]:
        """The attendant leads a guest to the chair of a room."""
        chosen = {"chair": self.chair(room)} if room else {}
        return self.who(by).does(f"reception/visits/{visit}/lead-in/", **chosen)

    def occupies(self, room: str, *, doctor: str = "011", name: str = "何青", by: str = "su.qi") -> str:
        """Somebody sits in the chair of this room and is being treated; the code of the visit."""
        visit = self.walks_in(self.patient(name), doctor=doctor)
        self.leads_in(visit, room, by=by)
        self.who("mo.xiao").does(f"reception/visits/{visit}/in-chair/")
        return visit

    def figure(self, key: str, day: str, *, by: str = "gao.wen") -> dict[str, Any]:
        """A figure of the site on one day."""
        rows = self.who(by).lists("kpis/", site=self.site, **{"from": day, "until": day})
        return next(row for row in rows if row["key"] == key)
