"""What leaves the process: request ids, logs, error reports, probes, figures. Never a person."""

from __future__ import annotations

import gzip
import io
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sentry_sdk
import structlog

from kernel import context
from kernel.errors import RuleRefused
from kernel.observability import errors, logs, metrics
from kernel.observability.scrub import GONE, is_sensitive, scrub, scrub_text
from kernel.tenancy import TenantContext
from tests.kernel.people import browser, person, signed_in

NAME, LATIN_NAME = "王小明", "Wang Xiaoming"
PHONE, SPACED = "13812345678", "+86 138 1234 5678"
ID_NUMBER = "11010519491231002X"
MAIL = "wang.xiaoming@example.com"
SECRETS = (NAME, LATIN_NAME, PHONE, SPACED, "138 1234 5678", ID_NUMBER, MAIL)


# --- request ids ----------------------------------------------------------------------------------------------------


def test_every_answer_carries_a_request_id(smile: TenantContext) -> None:
    client = browser(smile)
    for path in ("/accounts/login/", "/nothing/here/", "/api/v1/auth/me/", "/healthz"):
        assert len(client.get(path)["X-Request-ID"]) >= 8, path
    assert browser("no-such-tenant").get("/")["X-Request-ID"]


def test_a_sound_id_from_the_proxy_is_kept_and_any_other_replaced(smile: TenantContext) -> None:
    client = browser(smile)
    assert client.get("/healthz", headers={"X-Request-ID": "edge-42.abcdef"})["X-Request-ID"] == "edge-42.abcdef"
    for bad in ("short", "x" * 65, 'a" onload="', "line\tbreak-line", "-leading-dash"):
        assert client.get("/healthz", headers={"X-Request-ID": bad})["X-Request-ID"] != bad


def test_the_audit_carries_the_id_of_the_answer(smile: TenantContext) -> None:
    from kernel.audit.models import AuditEntry

    person("cora.plain")
    client = browser(smile)
    answer = client.post(
        "/accounts/login/", {"login": "cora.plain", "password": "wrong"}, headers={"X-Request-ID": "edge-42.abcdef"}
    )
    assert answer["X-Request-ID"] == "edge-42.abcdef"
    assert AuditEntry.objects.get(verb="identity.sign_in_refused").request_id == "edge-42.abcdef"
    assert context.request_id() == ""


# --- scrubbing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", [NAME, PHONE, SPACED, ID_NUMBER, MAIL, "9123 4567", "lz_" + "a" * 55, "Bearer abc.def"]
)
def test_known_shapes_go(secret: str) -> None:
    assert secret not in scrub_text(f"before {secret} after")
    assert scrub_text(f"before {secret} after").startswith("before [")


@pytest.mark.parametrize(
    "harmless",
    [
        "01a20510-041b-72b1-b614-2edd8820ef17",
        "2026-12-01T09:20:01",
        "kernel.identity.actions",
        "GET /people/<uuid:code>/ 200",
    ],
)
def test_codes_moments_and_routes_stay(harmless: str) -> None:
    assert scrub_text(harmless) == harmless


def test_fields_that_hold_people_go_as_a_whole() -> None:
    for key in (
        "name",
        "display_name",
        "patient",
        "phone",
        "id_number",
        "note",
        "body",
        "payload",
        "password",
        "q_params",
    ):
        assert is_sensitive(key), key
    for key in ("code", "event", "route", "status", "attempt", "task_name", "room"):
        assert not is_sensitive(key), key
    given = {"order": {"patient_name": LATIN_NAME, "items": [{"phone": PHONE, "units": 2}]}, "who": object()}
    assert scrub(given) == {"order": {"patient_name": GONE, "items": [{"phone": GONE, "units": 2}]}, "who": GONE}


@pytest.fixture
def lines() -> Iterator[Any]:
    """What is logged, as it would be written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    handler.setFormatter(
        next(
            entry
            for entry in root.handlers
            if entry.formatter is not None and "Processor" in type(entry.formatter).__name__
        ).formatter
    )
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.fixture(autouse=True)
def configured() -> None:
    """The logs as the product configures them."""
    logs.configure(level="INFO")


def test_logs_are_json_without_people(lines: Any) -> None:
    log = structlog.get_logger("kernel.test")
    with context.bound(request_id="edge-42.abcdef"):
        log.warning("booking_moved", patient=LATIN_NAME, phone=PHONE, said=f"to {NAME} {SPACED}", units=2)
        logging.getLogger("some.library").error("could not reach %s at %s", NAME, PHONE)
        try:
            raise ValueError(f"{LATIN_NAME} {ID_NUMBER}")
        except ValueError:
            log.exception("failed")
    found = lines()

    text = json.dumps(found, ensure_ascii=False)
    for secret in SECRETS:
        assert secret not in text, secret
    assert [line["event"] for line in found][::2] == ["booking_moved", "failed"]
    assert found[0]["units"] == 2
    assert found[0]["request_id"] == found[2]["request_id"] == "edge-42.abcdef"
    raised = found[2]["exception"][0]
    assert raised["type"] == "builtins.ValueError"
    assert any("test_observability_outside.py" in frame for frame in raised["frames"])


def test_the_access_line_has_the_route_and_not_the_path(smile: TenantContext, lines: Any) -> None:
    browser(smile).get(f"/accounts/invitation/01a20510-041b-72b1-b614-2edd8820ef17/very-secret-token/?q={PHONE}")

    line = next(line for line in lines() if line["event"] == "request")
    assert line["route"] == "/accounts/invitation/<uuid:code>/<str:token>/"
    assert line["tenant"] == "smile"
    assert line["status"] == 404
    assert "very-secret-token" not in json.dumps(lines())
    assert PHONE not in json.dumps(lines())


# --- error reports --------------------------------------------------------------------------------------------------


@pytest.fixture
def sink() -> Iterator[tuple[str, list[bytes]]]:
    """A stand-in for Sentry: takes envelopes over HTTP and keeps their bytes."""
    received: list[bytes] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://public@127.0.0.1:{server.server_address[1]}/1", received
    server.shutdown()
    server.server_close()


@pytest.fixture
def reporting(sink: tuple[str, list[bytes]]) -> Iterator[list[bytes]]:
    """Error reporting to the sink, switched off again afterwards."""
    dsn, received = sink
    assert errors.start(dsn=dsn, environment="test")
    yield received
    sentry_sdk.get_client().close(timeout=2)
    sentry_sdk.init()


def reports(received: list[bytes]) -> list[dict[str, Any]]:
    """The events among what the sink took."""
    sentry_sdk.flush(timeout=5)
    found = []
    for envelope in received:
        _header, *parts = envelope.split(b"\n")
        found += [json.loads(part) for part in parts if part.startswith(b"{") and b'"event_id"' in part]
    return found


def book(patient: str, phone: str, record: dict[str, str]) -> None:
    """Fails with the patient in the message, in the arguments and in local variables."""
    sentence = f"{patient} ({phone}) cannot be booked: {record}"
    raise LookupError(sentence)


@pytest.mark.ledger("PL-009")
def test_a_report_of_a_failure_holds_nobody(reporting: list[bytes], smile: TenantContext) -> None:
    sentry_sdk.add_breadcrumb(message=f"searched for {PHONE}", data={"q": LATIN_NAME})
    sentry_sdk.set_context("patient", {"name": NAME, "id_number": ID_NUMBER})
    sentry_sdk.set_tag("patient", LATIN_NAME)
    sentry_sdk.set_user({"username": "cora.plain", "email": MAIL})
    with context.bound(request_id="edge-42.abcdef"):
        try:
            try:
                book(NAME, SPACED, {"id_number": ID_NUMBER, "mail": MAIL})
            except LookupError as error:
                raise RuntimeError(f"giving up on {LATIN_NAME} {PHONE}") from error
        except RuntimeError:
            sentry_sdk.capture_exception()
            sentry_sdk.capture_message(f"could not call {LATIN_NAME}")

    found = reports(reporting)

    raw = b"".join(reporting).decode()
    for secret in (*SECRETS, "cora.plain"):
        assert secret not in raw, secret
        assert json.dumps(secret)[1:-1] not in raw, secret
    report = next(entry for entry in found if "exception" in entry)
    kinds = [value["type"] for value in report["exception"]["values"]]
    assert kinds == ["LookupError", "RuntimeError"]
    frames = report["exception"]["values"][0]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "book"
    assert all("vars" not in frame for frame in frames)
    assert "context_line" not in frames[-1]  # not a file of the product
    assert report["tags"] == {"tenant": "smile", "request_id": "edge-42.abcdef"}


def test_a_failing_request_is_reported_by_its_route(
    reporting: list[bytes], smile: TenantContext, settings: Any
) -> None:
    settings.TENANT_URLCONF_FACTORY = "tests.kernel.api_probe.tenant_urlconf"
    user = person("cora.plain")
    client = signed_in(user, smile)
    client.raise_request_exception = False

    client.get(f"/api/v1/probe/broken/?q={PHONE}", headers={"X-Patient": NAME})

    report = reports(reporting)[0]
    raw = b"".join(reporting).decode()
    for secret in (NAME, PHONE, client.cookies["session"].value):
        assert secret not in raw, secret
    raised = report["exception"]["values"][0]
    assert raised["type"] == "ValueError"
    ours = [frame for frame in raised["stacktrace"]["frames"] if frame["module"] == "kernel.api.views"]
    assert any("handler(self.request" in frame["context_line"] for frame in ours)
    assert report.get("request", {}).keys() <= {"method"}
    assert "?" not in report["transaction"]
    assert report["user"] == {"id": str(user.code)}


def test_refusals_are_no_failures(reporting: list[bytes]) -> None:
    try:
        raise RuleRefused("slug_forbidden", "No.")
    except RuleRefused:
        sentry_sdk.capture_exception()
    assert reports(reporting) == []


def test_without_an_address_nothing_is_reported() -> None:
    assert errors.start(dsn="") is False


# --- probes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["smile", "no-such-tenant", "ops", ""])
def test_health_on_every_host(smile: TenantContext, host: str) -> None:
    client = browser(smile)
    client.defaults["HTTP_HOST"] = f"{host}.localhost" if host else "10.0.0.7"

    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200, ready.content
    body = ready.json()
    assert body["status"] == "ready"
    assert {"database", "broker"} <= body["checks"].keys()
    assert {"tick", "relay", "worker"} <= body["ages"].keys()


def test_ready_says_what_is_missing(smile: TenantContext, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    import redis

    from kernel.observability import vitals

    def away() -> redis.Redis:
        raise redis.ConnectionError("10.0.0.9:6379 secret-password")

    monkeypatch.setattr(vitals, "_broker", away)

    answer = browser(smile).get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"] == {"ok": False, "error": "ConnectionError"}
    assert answer.json()["checks"]["database"]["ok"] is True
    assert b"secret-password" not in answer.content
    assert browser(smile).get("/healthz").status_code == 200


def test_further_checks_are_asked(smile: TenantContext, settings: Any) -> None:
    settings.READINESS_CHECKS = {"migrations": "tests.kernel.test_observability_outside.behind"}
    answer = browser(smile).get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]["ok"]) == (503, False)


def behind() -> None:
    """A check that fails."""
    raise RuntimeError("2 schemas are behind")


def test_figures_are_for_this_machine_or_the_token_only(smile: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser(smile)
    client.get("/accounts/login/")
    text = client.get("/metrics").content.decode()
    assert 'lianzhen_http_requests_total{method="GET",route="/accounts/login/",status="200"}' in text

    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    monkeypatch.setenv("METRICS_TOKEN", "s3cret-of-the-scraper")
    for given, status in (("Bearer s3cret-of-the-scraper", 200), ("Bearer wrong", 404), ("s3cret-of-the-scraper", 404)):
        answer = client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers={"Authorization": given})
        assert answer.status_code == status, given


def test_refusals_and_tasks_are_counted(smile: TenantContext) -> None:
    from kernel.observability import tasks

    class Task:
        name = "tenants.relay.deliver"

    before = metrics.tasks.labels(Task.name, "SUCCESS")._value.get()
    tasks.begin(task_id="t-1", task=Task())
    tasks.end(task_id="t-1", task=Task(), state="SUCCESS")
    tasks.end(task_id="never-began", task=Task(), state="SUCCESS")
    assert metrics.tasks.labels(Task.name, "SUCCESS")._value.get() == before + 1

    refused = metrics.refusals.labels("not_authenticated", "401")
    count = refused._value.get()
    browser(smile).get("/api/v1/auth/me/")
    assert refused._value.get() == count + 1
