"""What comes in wrong: a clear answer with a stable code, nothing changed, nothing lost.

The signatures of Stripe's events, their order and their copies stand in ``tests/tenants/test_billing_webhooks.py``, the
accept of one offer by two in ``tests/verticals/test_escort_dispatch.py``, unknown hosts in
``tests/tenants/test_directory_site.py``, tokens that ended in ``tests/kernel/test_api_tokens.py``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import close_old_connections, connection, connections
from django.test import Client
from PIL import Image

from config.launcher.testbed import Testbed
from kernel.api.pages import LARGEST_SIZE
from kernel.audit.models import AuditEntry
from kernel.errors import RuleRefused
from kernel.files.actions import store
from kernel.files.models import StoredFile
from kernel.files.storage import media
from kernel.identity.actions import create_user, issue_device_token
from kernel.identity.models import DeviceToken, User
from kernel.identity.tokens import machine_now
from kernel.outbox.models import OutboxEvent
from kernel.tenancy import TenantContext
from services.appointments.models import Appointment
from tests.services.doors import SYSTEM, api, browser, staff
from tests.services.flow import booked, center, local, patient

BOOKINGS = "/api/v1/appointments/"
NOON = "2026-12-09 10:00"


@pytest.fixture
def tuesday(smile: TenantContext, at: Callable[[str], Any]) -> TenantContext:
    at("2026-12-08 09:00")
    return smile


def wish(**more: Any) -> dict[str, Any]:
    """A booking as an app sends it."""
    return {
        "site": str(center().code),
        "patient": str(patient("吴越").code),
        "doctor": str(staff("011").code),
        "starts_at": local(NOON).isoformat(),
        "units": 2,
        **more,
    }


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of ``answer``: whole, with the code that is expected."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:lianzhen:problem:{code}")
    assert said["title"]
    assert said["detail"]
    assert said["request_id"] == answer.headers["X-Request-ID"]
    return said


def stored() -> tuple[int, int]:
    """How many bookings and events there are."""
    return Appointment.objects.count(), OutboxEvent.objects.count()


# --- bookings ---------------------------------------------------------------------------------------------------------


def test_an_overlapping_booking_is_a_conflict_that_names_the_way_out(tuesday: TenantContext) -> None:
    booked(patient("韩博"), NOON)
    asked = wish(starts_at=local("2026-12-09 10:15").isoformat())
    before, refusals = stored(), AuditEntry.objects.filter(verb="refused").count()

    said = refused(api("bai.lan").post(BOOKINGS, asked), 409, "booking_conflict")

    assert "韩博" not in str(said)  # whose booking it is says the board, to whoever may see it
    assert stored() == before
    assert AuditEntry.objects.filter(verb="refused").count() == refusals + 1


def test_twenty_minutes_are_refused_by_a_rule(tuesday: TenantContext) -> None:
    asked = wish(units=None, minutes=20)
    before = stored()

    refused(api("bai.lan").post(BOOKINGS, asked), 422, "duration_not_whole_units")

    assert stored() == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("starts_at", "2026-12-09T10:00:00", "validation_error"),  # without its time zone
        ("starts_at", "2026-02-30T10:00:00+08:00", "validation_error"),
        ("units", 10**30, "validation_error"),
        ("units", "\u0000", "validation_error"),
        ("doctor", "011", "validation_error"),
        ("complaint", "a\u0000b", "validation_error"),
        ("complaint", "x" * 201, "validation_error"),
        ("price_fen", 1, "validation_error"),  # not a field of ours
    ],
)
def test_what_is_no_booking_names_its_field(tuesday: TenantContext, field: str, value: Any, code: str) -> None:
    asked = wish(**{field: value})
    before = stored()

    said = refused(api("bai.lan").post(BOOKINGS, asked), 400, code)

    assert list(said["errors"]) == [field]
    assert stored() == before


def test_a_body_of_another_kind_or_size_is_not_read(tuesday: TenantContext) -> None:
    client, before = api("bai.lan"), stored()
    form = client.post(BOOKINGS, "site=x", content_type="application/x-www-form-urlencoded")
    refused(form, 415, "unsupported_media_type")
    refused(client.post(BOOKINGS, "{", content_type="application/json"), 400, "malformed")
    large = '{"complaint": "' + "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1) + '"}'
    refused(client.post(BOOKINGS, large, content_type="application/json"), 413, "request_too_large")
    assert stored() == before


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["patients/", "appointments/", "tasks/", "reception/visits/", "cashier/receipts/"])
def test_no_list_gives_more_than_its_largest_page(tuesday: TenantContext, path: str) -> None:
    client = api("dou.heng")

    page = client.get(f"/api/v1/{path}?page_size=100000")

    assert page.status_code == 200
    assert page.json()["page_size"] == LARGEST_SIZE
    for wrong in ("page_size=0", "page_size=-1", "page_size=" + "9" * 40, "page=x", "page=%00"):
        refused(client.get(f"/api/v1/{path}?{wrong}"), 400, "invalid_parameter")
    refused(client.get(f"/api/v1/{path}?sort=name"), 400, "unknown_parameter")


# --- sign-in ----------------------------------------------------------------------------------------------------------


def test_a_token_that_has_ended_opens_nothing_and_says_so(tuesday: TenantContext) -> None:
    user = create_user(by=SYSTEM, username="late.app", display_name="Late", password="a-long-way-home-47")
    _row, text = issue_device_token(by=SYSTEM, user=user, name="phone", second_factor=True)
    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.get("/api/v1/auth/me/").status_code == 200

    DeviceToken.objects.update(expires_at=machine_now())

    answer = client.get("/api/v1/auth/me/")
    refused(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_host_has_neither_api_nor_page(data: None) -> None:
    for path in ("/api/v1/patients/", "/api/schema/", "/", "/billing/stripe/webhook/"):
        answer = Client(HTTP_HOST="nobody.localhost").get(path)
        assert (answer.status_code, answer.content) == (404, b"404 Not Found\n"), path


# --- uploads ----------------------------------------------------------------------------------------------------------


def picture(kind: str = "PNG", *, size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, format=kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("consent.pdf", b"MZ\x90\x00 a program"),
        ("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("photo.jpg", b"<html><script>alert(1)</script></html>"),
        ("scan.pdf", b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"),
        ("photo.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
        ("broken.png", picture()[:40]),
        ("empty.png", b""),
    ],
)
def test_a_file_of_a_wrong_kind_is_not_kept(tuesday: TenantContext, name: str, content: bytes) -> None:
    with pytest.raises(RuleRefused) as refusal:
        store(content=content, name=name, by=SYSTEM, purpose="photo", permission="patients.view")

    assert refusal.value.code == "file_type_refused"
    assert not StoredFile.objects.exists()


def test_a_file_that_is_too_large_is_not_kept(tuesday: TenantContext) -> None:
    with pytest.raises(RuleRefused) as refusal:
        store(content=b"%PDF-" + b"0" * 10 * 1024 * 1024, name="a.pdf", by=SYSTEM, purpose="p", permission="w")

    assert refusal.value.code == "file_too_large"
    assert not StoredFile.objects.exists()


def test_a_picture_is_written_anew_under_a_name_of_ours(tuesday: TenantContext) -> None:
    payload = picture("JPEG") + b"<?php echo 1; ?>"

    kept = store(content=payload, name="../../etc/passwd.php.jpg", by=SYSTEM, purpose="p", permission="patients.view")

    assert kept.content_type == "image/jpeg"
    assert ".." not in kept.location
    assert kept.name == "passwd.php.jpg"
    with media().open(kept.location) as written:
        assert b"php" not in written.read()


# --- the database goes away -------------------------------------------------------------------------------------------


@contextmanager
def killed_at(fragment: str, bed: Testbed, database: str) -> Iterator[list[str]]:
    """The server ends the connection just before it would run the first statement that holds ``fragment``."""
    hit: list[str] = []

    def run(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not hit and fragment in sql:
            hit.append(sql)
            with psycopg.connect(bed.server.dsn(database), autocommit=True) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(run):
        yield hit


@pytest.fixture
def on_its_own(own_database: str, tuesday: TenantContext) -> str:
    """Real commits: what the test asks is what was really stored."""
    return own_database


def test_a_database_that_dies_while_booking_loses_and_doubles_nothing(on_its_own: str, bed: Testbed) -> None:
    """Given a booking under a key, when the database dies before it is stored, then 503; the same call then books once."""
    asked, client = wish(), api("bai.lan")
    before = stored()
    headers = {"HTTP_IDEMPOTENCY_KEY": "booking-of-the-broken-evening"}

    with killed_at('INSERT INTO "appointments_appointment"', bed, on_its_own) as hit:
        answer = client.post(BOOKINGS, asked, **headers)
    assert hit

    # As at the end of every request outside of tests: a connection that broke is let go.
    close_old_connections()
    refused(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    assert b"INSERT" not in answer.content
    assert stored() == before

    assert client.post(BOOKINGS, asked, **headers).status_code == 201
    again = client.post(BOOKINGS, asked, **headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert stored()[0] == before[0] + 1


def test_a_page_without_its_database_says_that_everything_is_safe(on_its_own: str, bed: Testbed) -> None:
    client = browser("bai.lan")
    client.raise_request_exception = False

    with killed_at('FROM "patients_patient"', bed, on_its_own) as hit:
        answer = client.get("/patients/")
    assert hit

    close_old_connections()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.headers["X-Request-ID"] in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert client.get("/patients/").status_code == 200
    assert User.objects.filter(username="bai.lan").exists()
    assert connections["default"].is_usable()
