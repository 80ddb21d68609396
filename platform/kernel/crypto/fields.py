"""Model fields over the cipher: sealed text that opens on access, and the blind index beside it.

A sealed column holds ciphertext in every place where rows travel as data (``values()``, dumps, logs, debug frames);
only reading the attribute of a model instance opens it, because only there the row's code is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from django import forms
from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import In, IsNull
from django.db.models.query_utils import DeferredAttribute

from kernel.crypto import cipher
from kernel.crypto.blind import NORMALISERS, blind_candidates, blind_index


class SealedText:
    """Ciphertext on its way: prints as dots, compares by token, opens only with its place named."""

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    def open(self, *context: str) -> str:
        """The plain text, if ``context`` (model label, field, row code) is where it was sealed."""
        return cipher.open_text(self.token, *context)

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SealedText) and other.token == self.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __deepcopy__(self, memo: Any) -> SealedText:
        return self


class _Plain:
    """A value that was assigned and is not saved yet; it stays out of debug frames and out of pickles."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return "<not sealed yet>"

    def __deepcopy__(self, memo: Any) -> _Plain:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a plain value of an encrypted field is not pickled; save the row first")


class _SealedAttribute(DeferredAttribute):
    """Opens the stored value when the attribute is read, and keeps what is assigned until it is saved."""

    field: EncryptedTextField

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            super().__get__(instance, cls)
        held = instance.__dict__[name]
        if isinstance(held, SealedText):
            return held.open(*self.field.place(instance))
        return held.text if isinstance(held, _Plain) else held

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = _Plain(value) if isinstance(value, str) and value else value


class EncryptedTextField(models.TextField):
    """Text that is stored sealed for this tenant, model, field and row. The model needs a ``code`` column.

    It cannot be filtered, ordered or updated in bulk: search by a ``BlindIndexField``, write through ``save()``. An
    empty string and null are stored as they are.
    """

    descriptor_class = _SealedAttribute
    description = "Encrypted text"

    def place(self, instance: models.Model) -> tuple[str, str, str]:
        """Where a value of ``instance`` is sealed to."""
        return self.model._meta.label_lower, self.attname, str(instance.code)  # type: ignore[attr-defined]

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> SealedText | str | None:
        return SealedText(value) if value else value

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, (str, SealedText)) else str(value)

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        held = instance.__dict__.get(self.attname)
        if isinstance(held, _Plain):
            held = SealedText(cipher.seal_text(held.text, *self.place(instance)))
            instance.__dict__[self.attname] = held
        elif isinstance(held, SealedText) and add:
            # A copied instance brings a value that is sealed to the original; it must not be stored where nobody can
            # open it.
            held.open(*self.place(instance))
        return held

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        if isinstance(value, SealedText):
            return value.token
        raise TypeError(f"{self.model.__name__}.{self.attname} is encrypted: write it through save()")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return IsNull
        raise FieldError(f"{self.name} is encrypted: search by a blind index instead of {lookup_name!r}")

    def get_transform(self, lookup_name: str) -> None:
        return None

    def value_to_string(self, obj: models.Model) -> str:
        held = obj.__dict__.get(self.attname)
        return held.token if isinstance(held, SealedText) else ""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"widget": forms.TextInput, "strip": True, **kwargs})

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        problems = super().check(**kwargs)
        if not any(item.attname == "code" for item in self.model._meta.get_fields() if hasattr(item, "attname")):
            problems.append(checks.Error("An encrypted field needs a row code.", obj=self, id="crypto.E001"))
        return problems


class BlindIndexField(models.CharField):
    """The blind index of an encrypted field of the same row; ``last=4`` marks its last four characters.

    It fills itself at each save. Search with ``filter(phone_index__marks=text)``, which also finds rows whose key is
    not rotated yet. ``kind`` names how the value is normalised and defaults to the source's name. The model derives
    from ``IndexedModel``, so that saving only the source also saves its indexes.
    """

    description = "Blind index"

    def __init__(self, *args: Any, source: str = "", last: int | None = None, kind: str = "", **kwargs: Any) -> None:
        self.source = source
        self.last = last
        self.kind = kind or (source if source in NORMALISERS else "text")
        kwargs.setdefault("max_length", 48)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("editable", False)
        kwargs.setdefault("db_index", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.update(source=self.source, kind=self.kind)
        if self.last is not None:
            kwargs["last"] = self.last
        return name, path, args, kwargs

    def mark(self, value: str | None) -> str:
        """What is stored for ``value``."""
        return blind_index(self.kind, value or "", last=self.last)

    def candidates(self, value: str) -> list[str]:
        """What may be stored for ``value`` while keys are being rotated."""
        return blind_candidates(self.kind, value, last=self.last)

    def pre_save(self, instance: models.Model, add: bool) -> str:
        mark = self.mark(getattr(instance, self.source))
        setattr(instance, self.attname, mark)
        return mark

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        problems = super().check(**kwargs)
        names = {item.name for item in self.model._meta.get_fields()}
        if self.source not in names:
            problems.append(checks.Error(f"No field {self.source!r} to index.", obj=self, id="crypto.E002"))
        if not issubclass(self.model, IndexedModel):
            problems.append(
                checks.Error("A model with a blind index derives from IndexedModel.", obj=self, id="crypto.E003")
            )
        return problems


@BlindIndexField.register_lookup
class Marks(In):
    """``phone_index__marks="138 0000 1111"``: rows whose source has this value, whichever key marked them."""

    lookup_name = "marks"

    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(lhs, lhs.output_field.candidates(rhs))


class IndexedModel(models.Model):
    """A model with blind indexes: whoever saves a source saves its indexes with it."""

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None:
            chosen = set(update_fields)
            chosen |= {index.name for index in indexes_of(type(self)) if index.source in chosen}
            update_fields = chosen
        super().save(*args, update_fields=update_fields, **kwargs)


def indexes_of(model: type[models.Model]) -> list[BlindIndexField]:
    """The blind indexes of ``model``."""
    return [item for item in model._meta.concrete_fields if isinstance(item, BlindIndexField)]


def encrypted_of(model: type[models.Model]) -> list[EncryptedTextField]:
    """The encrypted fields of ``model``."""
    return [item for item in model._meta.concrete_fields if isinstance(item, EncryptedTextField)]
