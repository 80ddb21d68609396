"""No test talks to the outside: a connection or a look-up that would leave the machine fails."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest


class LeavesTheMachine(OSError):
    """A test tried to reach something outside."""


def _refuse_outside(host: Any) -> None:
    if isinstance(host, bytes):
        host = host.decode()
    if host in {None, "", "localhost"} or str(host).endswith(".localhost"):
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise LeavesTheMachine(f"a test tried to reach {host!r}; only this machine may be talked to")


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Guard this process's sockets for the whole run."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6}:
                _refuse_outside(address[0])
            return original(self, address)

        return call

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse_outside(host)
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield
