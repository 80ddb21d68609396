"""The HTTP server: signed calls below ``/v1/``, and what tests and demo tell it below ``/_control``."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from acquirer_server.counter import Counter, Lost, Refused

BODY_LIMIT = 100_000


class FakeAcquirer(ThreadingHTTPServer):
    """The server and everything it holds. ``silence_seconds``: how long a lost answer keeps its caller waiting."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], counter: Counter, key: str) -> None:
        super().__init__(address, Handler)
        self.counter = counter
        self.key = key
        self.silence_seconds = 30.0

    def close(self) -> None:
        """Close socket and file."""
        self.server_close()
        self.counter.file.close()


def build(*, port: int, data: Path, key: str) -> FakeAcquirer:
    """A server that is ready to ``serve_forever``."""
    return FakeAcquirer(("127.0.0.1", port), Counter(data), key)


def signature(key: str, *parts: str) -> str:
    """HMAC-SHA256 over the parts, one a line."""
    return hmac.new(key.encode(), "\n".join((*parts, "")).encode(), hashlib.sha256).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: FakeAcquirer
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server_version = "FakeAcquirer"

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def log_message(self, *_: Any) -> None:  # the name is the base class's
        """Stay quiet; ``/_control`` tells what happened."""

    def _handle(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self._send(413, "")
            return
        body = self.rfile.read(length).decode()
        try:
            if self.path.startswith("/_control"):
                self._send(200, json.dumps(self._control(json.loads(body) if body else {})))
                return
            self._send(200, self._answer(method, body))
        except Refused as refusal:
            self._send(refusal.status, json.dumps({"error": refusal.code}))
        except Lost:
            time.sleep(self.server.silence_seconds)
            self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            return

    def _answer(self, method: str, body: str) -> str:
        stamp, nonce = self.headers.get("X-Timestamp", ""), self.headers.get("X-Nonce", "")
        merchant = self.headers.get("X-Merchant", "")
        wanted = signature(self.server.key, method, self.path, merchant, stamp, nonce, body)
        if not hmac.compare_digest(wanted, self.headers.get("X-Signature", "")):
            raise Refused("SIGN_ERROR", 401)
        counter, (_empty, _v1, what, *rest) = self.server.counter, self.path.split("/")
        with counter.lock:
            if (method, what) == ("POST", "pay"):
                return json.dumps(counter.pay(merchant, json.loads(body), stamp))
            if (method, what) == ("GET", "orders"):
                return json.dumps(counter.query(merchant, rest[0], stamp))
            if (method, what) == ("POST", "reverse"):
                return json.dumps(counter.reverse(merchant, json.loads(body)["out_trade_no"], stamp))
            if (method, what) == ("POST", "refund"):
                return json.dumps(counter.refund(merchant, json.loads(body), stamp))
            if (method, what) == ("GET", "bills"):
                return counter.bill(merchant, rest[0])
        raise Refused("NOT_FOUND", 404)

    def _control(self, said: dict[str, Any]) -> dict[str, Any]:
        """``{"fault": {…}}``, ``{"silence_seconds": 0.1}``, ``{"slow_refunds": true}``, ``{"state": {"no", "state"}}``; answers everything it holds."""
        counter = self.server.counter
        if "fault" in said:
            counter.faults.append(said["fault"])
        if "state" in said:
            with counter.lock:
                no = said["state"]["no"]
                counter.put("order", no, (counter.get("order", no) or {}) | {"state": said["state"]["state"]})
        self.server.silence_seconds = float(said.get("silence_seconds", self.server.silence_seconds))
        counter.slow_refunds = bool(said.get("slow_refunds", counter.slow_refunds))
        with counter.lock:
            return {"orders": counter.every("order"), "refunds": counter.every("refund")}

    def _send(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Signature", signature(self.server.key, self.headers.get("X-Nonce", ""), text))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
