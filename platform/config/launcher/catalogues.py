"""Catalogues of messages as sources: what the code says, what the catalogues hold, and Traditional from Simplified.

For development only (``make messages``); needs Babel and, for Traditional Chinese, OpenCC. No gettext of the system.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polib

from config.launcher.console import say
from config.launcher.paths import ROOT

SIMPLIFIED, TRADITIONAL = "zh_Hans", "zh_Hant"
FLOORS = ("platform", "tenants", "services", "dental", "dermatology", "aesthetics", "escort")
# An entry of Traditional Chinese with this comment was written by hand and is not made anew.
BY_HAND = "by hand"

_KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")

Key = tuple[str, str]


@dataclass(slots=True)
class Message:
    """A text of the code: where it stands, and its plural."""

    plural: str = ""
    files: set[str] = field(default_factory=set)


def catalogue_path(language: str) -> Path:
    """The one catalogue of a language."""
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def extract() -> dict[Key, Message]:
    """Every text that code and templates mark for translation, by context and text."""
    found: dict[Key, Message] = {}
    for path in _sources():
        name = path.relative_to(ROOT).as_posix()
        for context, text, plural in _messages_of(path):
            message = found.setdefault((context, text), Message())
            message.plural = message.plural or plural
            message.files.add(name)
    return found


def _sources() -> Iterator[Path]:
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and not {"migrations", "launcher", "__pycache__"} & set(
                path.parts
            ):
                yield path


def _messages_of(path: Path) -> Iterator[tuple[str, str, str]]:
    from babel.messages.extract import extract as babel_extract

    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        text = _as_code(text, str(path))
    elif "gettext" not in text:
        return
    source = io.BytesIO(text.encode())
    for _, message, _, context in babel_extract("python", source, keywords=_KEYWORDS, options={"encoding": "utf-8"}):
        singular, plural = message if isinstance(message, tuple) else (message, "")
        if singular:
            yield context or "", singular, plural


def _as_code(template: str, origin: str) -> str:
    """What a template translates, as calls that an extractor of Python understands."""
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure()
    # The indentation of a page means nothing, but would be refused as that of a program.
    return "\n".join(line.strip() for line in templatize(template, origin=origin).splitlines())


def update() -> None:
    """Bring the catalogues to the texts of the code: new ones without translation, gone ones removed."""
    messages = extract()
    _write(SIMPLIFIED, messages, _kept(SIMPLIFIED))
    traditional = _kept(TRADITIONAL)
    for key, entry in _kept(SIMPLIFIED).items():
        if key in messages and (key not in traditional or traditional[key].tcomment != BY_HAND):
            traditional[key] = _converted(entry)
    _write(TRADITIONAL, messages, traditional)


def _kept(language: str) -> dict[Key, polib.POEntry]:
    path = catalogue_path(language)
    if not path.exists():
        return {}
    return {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(str(path)) if not entry.obsolete}


def _write(language: str, messages: dict[Key, Message], kept: dict[Key, polib.POEntry]) -> None:
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    for (context, text), message in sorted(
        messages.items(), key=lambda item: (min(item[1].files), item[0][1], item[0][0])
    ):
        old = kept.get((context, text))
        entry = polib.POEntry(
            msgid=text,
            msgctxt=context or None,
            # Without line numbers: they would change with every edit.
            occurrences=[(name, "") for name in sorted(message.files)],
            tcomment=old.tcomment if old else "",
            flags=["python-format"] if re.search(r"%\(\w+\)", text) else [],
        )
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = {0: (old.msgstr_plural.get(0) or old.msgstr) if old else ""}
        else:
            entry.msgstr = (old.msgstr or old.msgstr_plural.get(0, "")) if old else ""
        catalogue.append(entry)
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    say(f"{language}: {len(catalogue)} texts, {len(catalogue.untranslated_entries())} without translation")


def _converted(entry: polib.POEntry) -> polib.POEntry:
    result = polib.POEntry(msgid=entry.msgid, msgctxt=entry.msgctxt, msgstr=traditional_of(entry.msgstr))
    result.msgstr_plural = {index: traditional_of(text) for index, text in entry.msgstr_plural.items()}
    return result


def traditional_of(text: str) -> str:
    """Simplified Chinese in Traditional characters, with the reviewed words of ``locale/zh_Hant/words.txt``."""
    converted = str(_converter().convert(text))
    for wrong, right in _reviewed_words():
        converted = converted.replace(wrong, right)
    return converted


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2tw")


@cache
def _reviewed_words() -> list[tuple[str, str]]:
    """Pairs ``converted right`` of the word list, the longest first."""
    path = ROOT / "locale" / TRADITIONAL / "words.txt"
    if not path.exists():
        return []
    lines = (line.partition("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
    return sorted(((words[0], words[1]) for words in lines if len(words) == 2), key=lambda pair: -len(pair[0]))


def problems() -> list[str]:
    """What keeps the catalogues from being complete, as lines for a person."""
    messages, found = extract(), []
    for language in (SIMPLIFIED, TRADITIONAL):
        kept = _kept(language)
        missing = [key for key in messages if key not in kept]
        found += [
            f"{language}: not in the catalogue: {text!r} ({min(messages[context, text].files)})"
            for context, text in missing
        ]
        found += [
            f"{language}: no longer in the code: {text!r}" for context, text in kept if (context, text) not in messages
        ]
        for (_, text), entry in kept.items():
            translations = list(entry.msgstr_plural.values()) or [entry.msgstr]
            if entry.fuzzy or not all(translations):
                found.append(f"{language}: not translated: {text!r}")
            elif any(_placeholders(translation) not in _allowed(entry) for translation in translations):
                found.append(f"{language}: other placeholders than the text: {text!r}")
    return found


def _allowed(entry: Any) -> list[list[str]]:
    """The sets of placeholders that a translation may have: those of the text, or of its plural."""
    return [_placeholders(text) for text in (entry.msgid, entry.msgid_plural) if text]


def _placeholders(text: str) -> list[str]:
    return sorted(set(_PLACEHOLDER.findall(text)))
