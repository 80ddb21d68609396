"""Signed webhooks: at least once, with retries, and as unreliable as a test asks for."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass

from stripe_server.shop import Shop, public

RETRY_SECONDS = (1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1200, 3600)


@dataclass(slots=True)
class Manners:
    """How deliveries behave; set through ``/_control/webhooks``.

    ``hold`` keeps everything back; ``duplicate`` sends each event that many extra times; ``delay`` waits seconds;
    ``shuffle`` sends what waits in random order; ``fail`` loses that many attempts before they reach the receiver.
    """

    url: str = ""
    secret: str = "whsec_fake"
    hold: bool = False
    duplicate: int = 0
    delay: float = 0.0
    shuffle: bool = False
    fail: int = 0


def signature(body: bytes, secret: str, moment: int) -> str:
    """The ``Stripe-Signature`` header."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Courier(threading.Thread):
    """Brings events to the receiver, in the order in which they happened unless told otherwise."""

    def __init__(self, shop: Shop, manners: Manners) -> None:
        super().__init__(name="courier", daemon=True)
        self.shop = shop
        self.manners = manners
        self.wake = threading.Event()
        self.stopped = False
        self.busy = threading.Lock()
        shop.store.after_commit = self.wake.set

    def run(self) -> None:
        """Send until stopped."""
        while not self.stopped:
            self.wake.wait(0.5)
            self.wake.clear()
            if self.stopped:
                return
            if not self.manners.hold and self.manners.url:
                self.send_due()

    def send_due(self, *, everything: bool = False) -> int:
        """Send what is due (or everything that waits); returns how many attempts were made."""
        with self.busy:
            with self.shop.store.lock:
                rows = self.shop.store.connection.execute(
                    "SELECT id, event, due, attempt FROM deliveries WHERE state = 'waiting' ORDER BY id"
                ).fetchall()
            now = time.time()
            rows = [row for row in rows if everything or row[2] + (self.manners.delay if row[3] == 0 else 0) <= now]
            if self.manners.shuffle:
                random.shuffle(rows)
            for identifier, event, _, attempt in rows:
                self._bring(identifier, event, attempt)
            return len(rows)

    def _bring(self, identifier: int, event: str, attempt: int) -> None:
        if self.manners.fail > 0:
            self.manners.fail -= 1
            status, detail = None, "lost on purpose"
        else:
            status, detail = self.post(event)
            for _ in range(self.manners.duplicate if status and status < 300 else 0):
                self.post(event)
        delivered = status is not None and 200 <= status < 300
        again = not delivered and attempt < len(RETRY_SECONDS)
        state = "delivered" if delivered else "waiting" if again else "given_up"
        due = time.time() + (RETRY_SECONDS[attempt] if again else 0)
        with self.shop.store.lock:
            self.shop.store.connection.execute(
                "UPDATE deliveries SET state = ?, attempt = ?, due = ?, status = ?, detail = ? WHERE id = ?",
                (state, attempt + 1, due, status, detail[:500], identifier),
            )

    def post(self, event: str) -> tuple[int | None, str]:
        """One attempt. Redirects count as failures, as with Stripe."""
        with self.shop.store.lock:
            row = self.shop.store.find(event)
        if row is None:
            return 200, "the event is gone"
        body = json.dumps(public(row), separators=(",", ":")).encode()
        request = urllib.request.Request(  # the address comes from the command line or the control call
            self.manners.url,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": signature(body, self.manners.secret, int(time.time())),
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            },
        )
        try:
            with _opener.open(request, timeout=20) as answer:
                return answer.status, answer.read(300).decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read(300).decode(errors="replace")
        except (OSError, ValueError) as error:
            return None, str(error)

    def stop(self) -> None:
        """End the thread."""
        self.stopped = True
        self.wake.set()

    def state(self) -> dict[str, object]:
        """Manners and counts, for ``GET /_control``."""
        with self.shop.store.lock:
            counts = dict(self.shop.store.connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
        return asdict(self.manners) | {"deliveries": counts}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:  # type: ignore[override]  # None means: do not follow
        return None


# No proxy from the environment: the receiver is a neighbour.
_opener = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({}))
