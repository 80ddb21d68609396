"""Rotation of field keys, online: a new key goes first in ``FIELD_KEYS``, the old one stays until nothing uses it.

While it runs, every row opens (each value names its key) and every search finds (it asks for the mark under each key).
"""

from __future__ import annotations

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from kernel.crypto import cipher
from kernel.crypto.fields import EncryptedTextField, SealedText, encrypted_of, indexes_of

BATCH = 500


def reencrypt(model: type[models.Model], *, batch: int = BATCH) -> int:
    """Seal and index every row of ``model`` in the current tenant under the current key; the number of rows changed.

    Works in batches of their own transactions and can be stopped and repeated at any time. Rows are locked in key
    order; a row that somebody holds is waited for, so that none is left behind.
    """
    if not encrypted_of(model):
        return 0
    changed = 0
    while True:
        with transaction.atomic():
            rows = list(_stale(model).select_for_update(of=("self",)).order_by("pk")[:batch])
            for row in rows:
                model._base_manager.filter(pk=row.pk).update(**_renewed(row))
        changed += len(rows)
        if len(rows) < batch:
            return changed


def reencrypt_tenant(*, batch: int = BATCH) -> dict[str, int]:
    """``reencrypt`` for every model of the current tenant; rows changed by model label."""
    return {model._meta.label: reencrypt(model, batch=batch) for model in apps.get_models() if encrypted_of(model)}


def _stale(model: type[models.Model]) -> models.QuerySet[models.Model]:
    query = Q()
    rows = model._base_manager.all()
    for number, field in enumerate(encrypted_of(model)):
        rows = rows.alias(**{f"_sealed{number}": Cast(field.attname, TextField())})
        query |= (
            Q(**{f"{field.attname}__isnull": False})
            & ~Q(**{f"_sealed{number}": ""})
            & ~Q(**{f"_sealed{number}__startswith": cipher.current_prefix()})
        )
    for index in indexes_of(model):
        query |= ~Q(**{index.attname: ""}) & ~Q(**{f"{index.attname}__startswith": f"{cipher.current_key_id()}:"})
    return rows.filter(query)


def _renewed(row: models.Model) -> dict[str, object]:
    values: dict[str, object] = {field.attname: _resealed(row, field) for field in encrypted_of(type(row))}
    values.update({index.attname: index.mark(getattr(row, index.source)) for index in indexes_of(type(row))})
    return values


def _resealed(row: models.Model, field: EncryptedTextField) -> SealedText | str | None:
    plain = getattr(row, field.attname)
    return SealedText(cipher.seal_text(plain, *field.place(row))) if plain else plain
