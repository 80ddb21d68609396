"""Background tasks: bound to one tenant, or expressly the platform's. A message that says neither is refused.

The header of a message names the tenant; nothing in a task's arguments does. Messages carry codes and figures only,
because the broker is no place for what is kept encrypted in the database.
"""

from __future__ import annotations

from typing import Any, ClassVar

import structlog
from celery import Task
from celery.exceptions import Ignore
from django.apps import apps
from django.db import close_old_connections, connection
from django.utils import translation

from kernel import context, registry, tenancy
from kernel.context import Actor
from kernel.ids import uuid7
from kernel.registry import RoomConfig
from kernel.tenancy import TenantContext
from tenants.directory import context_for, public_schema

log = structlog.get_logger(__name__)

TENANT = "tenant"
PLATFORM = "platform"
REQUEST = "request_id"


class RefusedTask(Exception):
    """The message does not say for whom it is, or names somebody who does not exist."""


class BoundTask(Task):
    """What both kinds have in common: the request's id travels, and what arrives is checked before it runs."""

    abstract = True
    addressee: ClassVar[str]

    def apply_async(self, args: Any = None, kwargs: Any = None, *posted: Any, **options: Any) -> Any:
        """Send the message with its headers. Raises NoTenant where a tenant's task is sent from nowhere."""
        headers = {**(options.pop("headers", None) or {})}
        headers.setdefault(REQUEST, context.request_id() or f"task-{uuid7().hex}")
        if self.addressee not in headers:
            headers[self.addressee] = self.address()
        return super().apply_async(args, kwargs, *posted, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not connection.in_atomic_block:
            close_old_connections()
        with (
            context.bound(request_id=str(self.header(REQUEST) or ""), actor=Actor.system(self.name)),
            structlog.contextvars.bound_contextvars(request_id=context.request_id(), task=self.name),
        ):
            return self.run_bound(args, kwargs)

    def address(self) -> str:
        """What the header ``addressee`` says when the sender does not: for whom the task is."""
        raise NotImplementedError

    def run_bound(self, args: Any, kwargs: Any) -> Any:
        """Run inside the right context, or refuse."""
        raise NotImplementedError

    def header(self, name: str) -> Any:
        """A header of the message that is being worked on; None if it has none."""
        return self.request.get(name) or (self.request.headers or {}).get(name)

    def refuse(self, why: str) -> RefusedTask:
        """Log why a message is not worked on; the caller raises the result."""
        log.error("task_refused", task=self.name, why=why)
        return RefusedTask(f"{self.name}: {why}")


class TenantTask(BoundTask):
    """A task of one tenant; the base of every task that does not name another one.

    Runs in the tenant's schema, under its role, in its time zone and language, as the system. Refused without a known
    tenant; left out quietly when the room that it belongs to has been switched off since it was sent.
    """

    abstract = True
    addressee = TENANT

    def address(self) -> str:
        return tenancy.current().schema_name

    def run_bound(self, args: Any, kwargs: Any) -> Any:
        schema_name = self.header(TENANT)
        if not schema_name or not isinstance(schema_name, str):
            raise self.refuse("the message names no tenant")
        tenant = context_for(schema=schema_name)
        if tenant is None:
            raise self.refuse("the message names a tenant that does not exist")
        if not self._room_is_active(tenant):
            log.info("task_left_out", task=self.name, tenant=tenant.slug)
            raise Ignore
        with tenancy.activate(tenant), translation.override(tenant.language):
            return self.run(*args, **kwargs)

    def _room_is_active(self, tenant: TenantContext) -> bool:
        owner = apps.get_containing_app_config(self.__module__)
        return not isinstance(owner, RoomConfig) or owner.room in registry.active_rooms(tenant)


class PlatformTask(BoundTask):
    """A task of the platform: it works in the public schema and enters tenants one by one, by itself."""

    abstract = True
    addressee = PLATFORM

    def address(self) -> str:
        return str(self.name)

    def run_bound(self, args: Any, kwargs: Any) -> Any:
        if self.header(PLATFORM) != self.name or self.header(TENANT):
            raise self.refuse("the message is not one of the platform's")
        with public_schema():
            return self.run(*args, **kwargs)
