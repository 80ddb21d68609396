"""Writing scripts and the list of forbidden phrases."""

from __future__ import annotations

from django.db.models import Max
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.telephone.models import ForbiddenPhrase, Script, ScriptVersion
from services.telephone.wording import VARIABLES, unknown_variables


@action(permission="telephone.manage")
def ensure_script(
    *,
    by: Actor,
    key: str,
    title_zh: str,
    text_zh: str,
    title_hant: str = "",
    text_hant: str = "",
    title_en: str = "",
    text_en: str = "",
    moment: str = Script.Moment.TALK,
    purpose: str = "",
    vertical: str = "",
    order: int = 0,
) -> Script:
    """The script ``key`` of a line of business, written with its first version if it is missing (starter content).

    One that exists stays as the tenant left it; only what is still told in the very words given here, and has no
    Traditional Chinese yet, learns it. Raises RuleRefused (``variable_unknown``).
    """
    found = Script.objects.select_for_update().filter(key=key, vertical=vertical).first()
    if found is not None:
        _learn_traditional(by, found, text_zh, text_en, title_hant, text_hant)
        return found
    script = Script.objects.create(
        key=key,
        vertical=vertical,
        purpose=purpose,
        moment=moment,
        order=order,
        title_zh=title_zh,
        title_hant=title_hant,
        title_en=title_en,
    )
    _add_version(by, script, text_zh=text_zh, text_hant=text_hant, text_en=text_en)
    return script


@action(permission="telephone.manage")
def write_script(
    *,
    by: Actor,
    script: Script,
    text_zh: str,
    text_hant: str = "",
    text_en: str = "",
    is_active: bool = True,
    version: int | None = None,
) -> Script:
    """Give a script new words; the old ones stay readable (TC-030). The same words again make no new version.

    Raises RuleRefused (``text_missing``, ``variable_unknown``), Conflict (``script_changed``) when somebody else wrote
    it since ``version`` was read.
    """
    script = Script.objects.select_for_update().get(pk=script.pk)
    if version is not None and version != script.version:
        raise Conflict("script_changed", _("Somebody else has changed this script. Read it again first."))
    newest = script.versions.order_by("-number").first()
    said = {"text_zh": text_zh.strip(), "text_hant": text_hant.strip(), "text_en": text_en.strip()}
    if newest is None or any(getattr(newest, field) != text for field, text in said.items()):
        _add_version(by, script, **said)
    script.is_active = is_active
    script.bump({"is_active"})
    return script


@action(permission="telephone.manage")
def forbid_phrase(*, by: Actor, text: str, instead: str = "") -> ForbiddenPhrase:
    """Put a phrase on the list, or back on it. Raises RuleRefused (``phrase_missing``)."""
    plain = text.strip()
    if not plain:
        raise RuleRefused("phrase_missing", _("Write the phrase."), fields={"text": [_("Required")]})
    phrase, created = ForbiddenPhrase.objects.get_or_create(
        text=plain[:60], defaults={"instead": instead.strip()[:120]}
    )
    if not created:
        phrase.is_active, phrase.instead = True, instead.strip()[:120] or phrase.instead
        phrase.bump({"is_active", "instead"})
    audit.record(by=by, verb="telephone.phrase_forbidden", target=phrase)
    return phrase


@action(permission="telephone.manage")
def allow_phrase(*, by: Actor, phrase: ForbiddenPhrase) -> ForbiddenPhrase:
    """Take a phrase off the list."""
    phrase.is_active = False
    phrase.bump({"is_active"})
    audit.record(by=by, verb="telephone.phrase_allowed", target=phrase)
    return phrase


def _learn_traditional(by: Actor, script: Script, text_zh: str, text_en: str, title_hant: str, text_hant: str) -> None:
    newest = script.versions.order_by("-number").first()
    if not text_hant or newest is None or newest.text_hant or (newest.text_zh, newest.text_en) != (text_zh, text_en):
        return
    _add_version(by, script, text_zh=text_zh, text_hant=text_hant, text_en=text_en)
    script.title_hant = script.title_hant or title_hant
    script.bump({"title_hant"})


def _add_version(by: Actor, script: Script, *, text_zh: str, text_hant: str, text_en: str) -> ScriptVersion:
    if not text_zh:
        raise RuleRefused("text_missing", _("Write the words."), fields={"text_zh": [_("Required")]})
    for field, text in (("text_zh", text_zh), ("text_hant", text_hant), ("text_en", text_en)):
        strangers = unknown_variables(text)
        if strangers:
            sentence = _("Nothing is known that could fill %(names)s. Known are: %(known)s.") % {
                "names": ", ".join(f"{{{name}}}" for name in strangers),
                "known": ", ".join(f"{{{name}}}" for name in VARIABLES),
            }
            raise RuleRefused("variable_unknown", sentence, fields={field: [sentence]})
    last = script.versions.aggregate(last=Max("number"))["last"] or 0
    written = ScriptVersion.objects.create(
        script=script,
        number=last + 1,
        text_zh=text_zh,
        text_hant=text_hant,
        text_en=text_en,
        written_at=clock.now(),
        written_by_name=by.name,
    )
    audit.record(by=by, verb="telephone.script_written", target=script, key=script.key, number=written.number)
    return written
