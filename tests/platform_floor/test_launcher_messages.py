"""Catalogues are compiled without gettext, and what is missing in them is found."""

from __future__ import annotations

import gettext
from pathlib import Path

import polib
import pytest

from config.launcher import catalogues, messages

CATALOGUE = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"

msgid "Waiting"
msgstr "候诊"

#, fuzzy
msgid "Guessed"
msgstr "猜"

msgid "Missing"
msgstr ""
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(CATALOGUE, encoding="utf-8")
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    return tmp_path


def test_a_catalogue_is_compiled_once_and_again_when_it_changes(checkout: Path) -> None:
    source = checkout / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    assert messages.ensure_messages(checkout / "var") == 1
    assert messages.ensure_messages(checkout / "var") == 0

    source.write_text(CATALOGUE.replace("候诊", "等候"), encoding="utf-8")
    assert messages.ensure_messages(checkout / "var") == 1

    with open(source.with_suffix(".mo"), "rb") as handle:
        compiled = gettext.GNUTranslations(handle)
    assert compiled.gettext("Waiting") == "等候"
    assert compiled.gettext("Guessed") == "Guessed"


def test_what_a_catalogue_lacks_is_named(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "ROOT", checkout)
    room = checkout / "services" / "lobby"
    room.mkdir(parents=True)
    (room / "views.py").write_text('from django.utils.translation import gettext as _\n_("Waiting")\n_("Missing")\n')
    (room / "page.html").write_text(
        '{% load i18n %}\n    {% translate "New" %}\n'
        "{% blocktranslate count n=n trimmed %}\n  {{ n }} guest\n{% plural %}{{ n }} guests{% endblocktranslate %}"
    )

    simplified = [line.partition(": ")[2] for line in catalogues.problems() if line.startswith("zh_Hans")]

    assert simplified == [
        "not in the catalogue: 'New' (services/lobby/page.html)",
        "not in the catalogue: '%(n)s guest' (services/lobby/page.html)",
        "no longer in the code: 'Guessed'",
        "not translated: 'Guessed'",
        "not translated: 'Missing'",
    ]


def test_an_update_keeps_translations_and_makes_traditional_from_simplified(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "ROOT", checkout)
    room = checkout / "services" / "lobby"
    room.mkdir(parents=True)
    (room / "views.py").write_text('from django.utils.translation import gettext as _\n_("Waiting")\n_("New %(n)s")\n')

    catalogues.update()

    simplified = polib.pofile(str(catalogues.catalogue_path("zh_Hans")))
    traditional = polib.pofile(str(catalogues.catalogue_path("zh_Hant")))
    assert {entry.msgid: entry.msgstr for entry in simplified} == {"Waiting": "候诊", "New %(n)s": ""}
    assert {entry.msgid: entry.msgstr for entry in traditional} == {"Waiting": "候診", "New %(n)s": ""}

    simplified.find("New %(n)s").msgstr = "新 %(m)s"
    simplified.save()
    assert "zh_Hans: other placeholders than the text: 'New %(n)s'" in catalogues.problems()
