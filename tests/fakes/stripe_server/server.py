"""The HTTP server: API calls, pages and control calls over one store."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from stripe_server import pages, passing, routes
from stripe_server.control import Control, Failures, failure_of
from stripe_server.delivery import Courier, Manners
from stripe_server.moments import Moments
from stripe_server.shop import Shop
from stripe_server.store import Store
from stripe_server.wire import API_VERSION, StripeFailure, decode_form

BODY_LIMIT = 1_000_000


class FakeStripe(ThreadingHTTPServer):
    """The server and everything it holds."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], shop: Shop, courier: Courier) -> None:
        super().__init__(address, Handler)
        self.shop = shop
        self.courier = courier
        self.failures = Failures()
        self.control = Control(shop, courier, self.failures)
        self._stop = threading.Event()

    def start(self) -> None:
        """Start the courier and the passing of time."""
        self.courier.start()
        threading.Thread(target=self._pass_time, name="time", daemon=True).start()

    def _pass_time(self) -> None:
        while not self._stop.wait(1.0):
            try:
                with self.shop.store.transaction():
                    passing.catch_up(self.shop, self.shop.moments.server(), None)
            except Exception:
                # A broken object must be seen on the console, and must not stop the time of the others.
                traceback.print_exc()

    def close(self) -> None:
        """Stop the threads and close the file."""
        self._stop.set()
        self.courier.stop()
        self.server_close()
        self.courier.join(timeout=2)
        self.shop.store.close()


def build(*, port: int, data: Path, webhook: str, secret: str, clock_file: Path | None, public_base: str) -> FakeStripe:
    """A server that is ready to ``serve_forever``."""
    store = Store(data)
    shop = Shop(store=store, moments=Moments(store, clock_file), public_base=public_base)
    server = FakeStripe(("127.0.0.1", port), shop, Courier(shop, Manners(url=webhook, secret=secret)))
    shop.public_base = public_base or f"http://127.0.0.1:{server.server_port}"
    server.start()
    return server


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: FakeStripe
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: as two packets they would wait for each other 40 ms
    disable_nagle_algorithm = True
    server_version = "FakeStripe"

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def log_message(self, *_: Any) -> None:  # the name is the base class's
        """Stay quiet; ``/_control/deliveries`` and ``/v1/events`` tell what happened."""

    def _handle(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self._send(413, b"", "text/plain")
            return
        body = self.rfile.read(length).decode()
        parts = urlsplit(self.path)
        try:
            if parts.path.startswith("/v1/"):
                self._api(method, parts.path, parts.query if method != "POST" else body)
            elif parts.path.startswith("/_control"):
                data = json.loads(body) if body else {}
                self._json(200, self.server.control.call(method, parts.path.removeprefix("/_control"), data))
            else:
                form = dict(parse_qsl(body, keep_blank_values=True))
                query = dict(parse_qsl(parts.query))
                answer = pages.answer(
                    self.server.shop, method, parts.path, query, form, self.headers.get("Accept-Language", "")
                )
                self._send(answer.status, answer.body, answer.media_type, location=answer.location)
        except StripeFailure as failure:
            self._json(failure.status, failure.body())
        except BrokenPipeError:
            return

    def _api(self, method: str, path: str, form: str) -> None:
        self.request_id = "req_" + secrets.token_hex(7)
        if not self.headers.get("Authorization", "").startswith(("Bearer sk_", "Basic ")):
            raise StripeFailure(401, "You did not provide an API key.", kind="invalid_request_error")
        planned = self.server.failures.take(method, path)
        if planned and not planned.get("after"):
            raise failure_of(planned)
        key = self.headers.get("Idempotency-Key") if method == "POST" else None
        fingerprint = hashlib.sha256(f"{method} {path} {form}".encode()).hexdigest()
        shop = self.server.shop
        with shop.store.lock:
            known = shop.store.reply(key) if key else None
            if known and known[0] != fingerprint:
                raise StripeFailure(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                    kind="idempotency_error",
                )
            if known:
                status, text, replayed = known[1], known[2], True
            else:
                status, text = self._work(method, path, form, key, fingerprint)
                replayed = False
        if planned:
            raise failure_of(planned)
        self._send(status, text.encode(), "application/json", replayed=replayed)

    def _work(self, method: str, path: str, form: str, key: str | None, fingerprint: str) -> tuple[int, str]:
        shop = self.server.shop
        shop.request = {"id": self.request_id, "idempotency_key": key}
        status, text = 200, ""
        with shop.store.transaction():
            try:
                text = json.dumps(routes.answer(shop, method, path, decode_form(form)))
            except StripeFailure as failure:
                if not failure.keep:
                    raise
                status, text = failure.status, json.dumps(failure.body())
            if key:
                shop.store.keep_reply(key, fingerprint, status, text)
        shop.request = {"id": None, "idempotency_key": None}
        return status, text

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, body: bytes, media_type: str, *, location: str = "", replayed: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", getattr(self, "request_id", "req_none"))
        self.send_header("Stripe-Version", API_VERSION)
        self.send_header("Cache-Control", "no-store")
        if location:
            self.send_header("Location", location)
        if replayed:
            self.send_header("Idempotent-Replayed", "true")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
