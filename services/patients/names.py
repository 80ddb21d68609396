"""Whose name is read by whom: the one place where a restricted file keeps its name to itself (CR-006).

Boards, lists, sheets, search hits, inbox lines and API answers of every room read ``patient.name``. While something is
shown to somebody (``kernel.context.read_by``: every page and operation), a restricted file answers there with
"Restricted file" instead, unless this reader may know who it is. Rules work with what is written: actions, the clock and
events always read the name, and only that is ever stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import BooleanField, Case, Q, Value, When
from django.db.models.query_utils import DeferredAttribute
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import clock, context, registry
from kernel.context import Actor, Reading
from services.policy.models import OverrideRecord

GATE = "patients.restricted_file"
ATTENDED = "patients.attended"
M = TypeVar("M", bound=models.Model)
NAMED = "_named"
KNOWN, RESTRICTED = "patients.names", "patients.restricted"


def nobody() -> str:
    """What stands where the name of a restricted file would stand."""
    return _("Restricted file")


def shown_name(name: str, *, key: int, restricted_until: datetime | None) -> str:
    """``name`` as it may be read now, of the file with the primary key ``key``; for rows that are no whole file."""
    return nobody() if is_hidden(key, restricted_until) else name


def let_be_named(file: models.Model) -> None:
    """This very row is shown by name: its room knows that the reader has to do with the patient at this place (the desk on
    the board of the day, and on no other)."""
    file.__dict__[NAMED] = True


def is_hidden(key: int, restricted_until: datetime | None) -> bool:
    """Is something shown now to somebody who may not know whose file this is?"""
    reading = context.reading()
    if reading is None or restricted_until is None or restricted_until <= clock.now():
        return False
    return not reads(reading, key)


def reads(reading: Reading, key: int) -> bool:
    """May the reader know whose restricted file this is? Asked for all files at once, once per answer.

    Those who restrict files; who opened this one by exception; and, for today, who attends to the patient, as each room
    says in its slot ``patients.attended`` ``(actor) -> queryset of the keys of restricted files``.
    """
    actor = reading.actor
    if _reads_all(actor):
        return True
    if KNOWN not in reading.known:
        reading.known[KNOWN] = _known_to(actor)
    return key in reading.known[KNOWN]


def is_read(link: str = "patient") -> Case | Value:
    """A column of a query whose rows hang on a file by ``link``: may the reader know whose it is? For lists that read the
    name as a column too, so that they ask for it along with their rows and not by a statement of its own."""
    reading = context.reading()
    if reading is None or _reads_all(reading.actor):
        return Value(True)
    until = f"{link}__restricted_until"
    open_to_all = Q(**{f"{until}__isnull": True}) | Q(**{f"{until}__lte": clock.now()})
    mine = reduce(or_, (Q(**{f"{link}_id__in": keys}) for keys in _ways_to(reading.actor)), Q(pk__in=[]))
    # In this order: whose files somebody knows is looked up for a restricted one only.
    return Case(When(open_to_all, then=True), When(mine, then=True), default=False, output_field=BooleanField())


def name_for(actor: Actor, file: models.Model) -> str:
    """The name of ``file`` as ``actor`` may read it: for the sentence with which a rule refuses them."""
    with context.read_by(actor):
        name: str = file.name  # type: ignore[attr-defined]
        return name


def _reads_all(actor: Actor) -> bool:
    return actor.kind in ("system", "public") or actor.can("patients.restrict")


def _known_to(actor: Actor) -> set[int]:
    """One statement, whatever the rooms say."""
    ways = _ways_to(actor)
    return {key for (key,) in ways[0].union(*ways[1:])} if ways else set()


def _ways_to(actor: Actor) -> list[models.QuerySet[Any, Any]]:
    """The keys of the files that ``actor`` knows: opened by exception, and what each room says."""
    if actor.user_id is None:
        return []
    mine = OverrideRecord.objects.filter(gate=GATE, by_id=actor.user_id, expires_at__gt=clock.now())
    files = apps.get_model("patients", "Patient")._default_manager
    opened = files.filter(code__in=mine.values("subject_code")).order_by().values_list("pk")
    paths = [path for room in registry.active_rooms() for path in room.slots.get(ATTENDED, ())]
    return [opened, *(_slot(path)(actor) for path in paths)]


@cache
def _slot(path: str) -> Callable[[Actor], models.QuerySet[Any, Any]]:
    return import_string(path)


class _ShownName(DeferredAttribute):
    """The attribute of a file's name: keeps what is written, answers with what may be read."""

    field: PersonsName

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        name = super().__get__(instance, cls)
        if context.reading() is None or instance.pk is None or NAMED in instance.__dict__:
            return name
        if not is_hidden(instance.pk, instance.restricted_until):
            return name
        return nobody() if self.field.instead is None else self.field.instead

    def __set__(self, instance: Any, value: str) -> None:
        instance.__dict__[self.field.attname] = value


class PersonsName(models.CharField):  # type: ignore[type-arg]
    """The name of a file, or what somebody is called; ``instead`` is what others read, "Restricted file" by default. In the
    database, and for migrations, a ``CharField``."""

    descriptor_class = _ShownName

    def __init__(self, *args: Any, instead: str | None = None, **kwargs: Any) -> None:
        self.instead = instead
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """As the field it is in the database."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """What is written, whoever reads."""
        return model_instance.__dict__[self.attname]


def copied_names(*fields: str, of: str = "patient") -> Callable[[type[M]], type[M]]:
    """For a model that writes a name down beside a file: of the patient, of who calls or pays for them. Such a name keeps
    to itself as the file's own does. ``of`` leads to the file ("patient", "visit.patient"); a row without one is read."""

    def decorate(model: type[M]) -> type[M]:
        for field in fields:
            setattr(model, field, _ShownCopy(model.__dict__[field], field, of))
        return model

    return decorate


class _ShownCopy:
    """The attribute of a copied name, around the one that keeps it."""

    def __init__(self, inner: Any, name: str, of: str) -> None:
        self.inner, self.name = inner, name
        *self.ways, self.link = of.split(".")

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self.inner
        name = self.inner.__get__(instance, cls)
        reading = context.reading()
        if reading is None or not name:
            return name
        row = instance
        for way in self.ways:
            row = getattr(row, way)
            if row is None:
                return name
        key = getattr(row, f"{self.link}_id")
        if key is None or key not in _restricted(reading, row, self.link) or reads(reading, key):
            return name
        return nobody()

    def __set__(self, instance: Any, value: Any) -> None:
        if hasattr(self.inner, "__set__"):
            self.inner.__set__(instance, value)
        else:
            instance.__dict__[self.name] = value


def _restricted(reading: Reading, row: models.Model, link: str) -> set[int]:
    """The restricted files: the one of ``row`` where it was read along, else all of them, asked for once per answer."""
    if link in row._state.fields_cache:
        file = getattr(row, link)
        until = file.restricted_until
        return {file.pk} if until is not None and until > clock.now() else set()
    if RESTRICTED not in reading.known:
        files = apps.get_model("patients", "Patient")._default_manager.filter(restricted_until__gt=clock.now())
        reading.known[RESTRICTED] = set(files.values_list("pk", flat=True))
    return reading.known[RESTRICTED]
