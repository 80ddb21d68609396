"""The gateways behind ``EMAIL_URL`` and ``SMS_URL``: a folder (demo, tests), SMTP, or an HTTP gateway for text messages."""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from kernel import clock

TIMEOUT_SECONDS = 10


class Gateway(Protocol):
    """Delivers one message; the same key twice must not reach the person twice."""

    def deliver(self, *, key: str, to: str, subject: str, body: str) -> None:
        """Send, or raise so that the outbox tries again."""


class FolderGateway:
    """Writes one file per message; the same key overwrites its own file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def deliver(self, *, key: str, to: str, subject: str, body: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"{key}.json"
        draft = target.with_suffix(f".{os.getpid()}.tmp")
        said = {"at": clock.now().isoformat(), "to": to, "subject": subject, "body": body}
        draft.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.replace(target)


class SmtpGateway:
    """``smtp://user:password@host:port`` or ``smtps://…`` (``?tls=1`` for STARTTLS)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.options: dict[str, Any] = {
            "host": parts.hostname,
            "port": parts.port or (465 if parts.scheme == "smtps" else 587),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": parse_qs(parts.query).get("tls") == ["1"],
            "timeout": TIMEOUT_SECONDS,
        }

    def deliver(self, *, key: str, to: str, subject: str, body: str) -> None:
        message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [to], headers={"X-Message-Key": key})
        SmtpBackend(**self.options).send_messages([message])


class HttpGateway:
    """Posts JSON to a text-message provider's bridge, with the key as ``Idempotency-Key``."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError("SMS_URL must be file:// or http(s)://")
        self.url = url

    def deliver(self, *, key: str, to: str, subject: str, body: str) -> None:
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked above
            self.url,
            data=json.dumps({"to": to, "text": body}).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": key},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            pass


def gateway(channel: str) -> Gateway:
    """The gateway that the environment chose for ``mail`` or ``sms``."""
    url = settings.EMAIL_URL if channel == "mail" else settings.SMS_URL
    if url.startswith("file://"):
        return FolderGateway(Path(url.removeprefix("file://")))
    return SmtpGateway(url) if channel == "mail" else HttpGateway(url)
