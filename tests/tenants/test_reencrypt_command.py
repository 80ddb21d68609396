"""Rotating the field keys of a whole deployment: everything is sealed anew, append-only rows too, and the old key can go."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kernel.tenancy import activate
from services.patients.models import Patient
from services.records.actions import add_note
from services.records.models import ClinicalNote
from tenants.selectors import context_for
from tests.services.doors import SYSTEM, staff
from tests.services.flow import center, patient


def reencrypt(**options: Any) -> dict[str, Any]:
    """Run the command and give what it says."""
    out = io.StringIO()
    call_command("tenant_reencrypt", stdout=out, json=True, **options)
    return dict(json.loads(out.getvalue().strip().splitlines()[-1]))


def test_after_the_command_the_old_key_can_go(own_database: str, data: None, settings: Any) -> None:
    """Given sealed rows under the old key, when all are sealed anew, then they open without it and are found."""
    smile, old = context_for(slug="smile"), settings.FIELD_KEYS
    with activate(smile):
        who = patient("温故", phone="13987654321")
        note = add_note(by=SYSTEM, site=center(), patient=who, author=staff("011"), text="左下六疼")
    new = "fresh:" + base64.b64encode(bytes(range(32))).decode()
    settings.FIELD_KEYS = f"{new},{old}"

    first = reencrypt()

    assert first["tenants"]["smile"] > 1
    assert first["changed"] >= first["tenants"]["smile"]
    assert reencrypt()["changed"] == 0
    settings.FIELD_KEYS = new
    with activate(smile):
        assert ClinicalNote.objects.get(code=note.code).text == "左下六疼"
        assert Patient.objects.get(phone_index__marks="139 8765 4321").code == who.code


def test_an_unknown_tenant_is_an_error(data: None) -> None:
    with pytest.raises(CommandError):
        reencrypt(tenant="nobody")
