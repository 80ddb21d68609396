"""Forms as data: what a version's content holds, whether answers are complete, and which of them are special.

``content`` is ``{"why": {"zh", "en"}, "offers": [{"zh", "en"}], "sections": [{"key", "zh", "en", "questions": […]}]}``.
A question has ``key``, ``kind`` and its words ``zh`` and ``en``, and may have:

``options``      of a choice: [{"key", "zh", "en", "special"}]
``words``        of a yes: "needed" or "optional"
``special``      a yes is a special circumstance (FD-009)
``complaint``    this is the chief complaint
``file``         the field of the patient's file that the answer belongs to
``not_for``      the sex that is not asked
``may_decline``  the visitor may decline to say; that is an answer too
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from kernel.errors import RuleRefused
from services.patients.choices import MEDIA_SOURCES
from services.patients.models import Patient

KINDS = ("text", "long", "yes_no", "choice", "source")
FILE_FIELDS = ("occupation", "media_source", "language", "form_of_address", "address")
YES, NO = "yes", "no"
LONGEST = {"text": 120, "long": 500, "yes_no": 3, "choice": 40, "source": 40}
LONGEST_WORDS = 120

Question = Mapping[str, Any]
Answers = dict[str, dict[str, Any]]


def check_content(content: Any) -> None:
    """Refuse a form that could not be filled in. Raises RuleRefused (``form_malformed``)."""

    def fail(what: str) -> RuleRefused:
        sentence = _("This form cannot be used: %(what)s.") % {"what": what}
        return RuleRefused("form_malformed", sentence, fields={"content": [sentence]})

    if not isinstance(content, dict) or not isinstance(content.get("sections"), list) or not content["sections"]:
        raise fail(_("it has no sections"))
    seen: set[str] = set()
    for section in content["sections"]:
        if not isinstance(section, dict) or not section.get("zh") or not isinstance(section.get("questions"), list):
            raise fail(_("a section has no title or no questions"))
        for question in section["questions"]:
            key = question.get("key") if isinstance(question, dict) else None
            if not isinstance(key, str) or not key.isidentifier() or len(key) > 40 or key in seen:
                raise fail(_("a question has no key of its own"))
            seen.add(key)
            if question.get("kind") not in KINDS or not question.get("zh"):
                raise fail(_("%(key)s has no kind or no words") % {"key": key})
            if question["kind"] == "choice" and not question.get("options"):
                raise fail(_("%(key)s has no options") % {"key": key})
            if question.get("file", "") not in ("", *FILE_FIELDS):
                raise fail(_("%(key)s belongs to no field of the file") % {"key": key})
    if not seen:
        raise fail(_("it has no questions"))


def content_hash(content: Any) -> str:
    """SHA-256 over the canonical JSON of a content."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def in_language(words: Mapping[str, Any]) -> str:
    """The words of a section, question or option in the reader's language; Chinese where there is no other."""
    english = (translation.get_language() or "").startswith("en")
    return str(words.get("en") if english and words.get("en") else words.get("zh", ""))


def asked(content: Mapping[str, Any], patient: Patient) -> list[tuple[Mapping[str, Any], list[Question]]]:
    """The sections with the questions that this patient is asked."""
    return [
        (section, [one for one in section["questions"] if one.get("not_for", "") != patient.sex])
        for section in content["sections"]
    ]


def questions(content: Mapping[str, Any], patient: Patient) -> dict[str, Question]:
    """The same questions by key, in their order."""
    return {one["key"]: one for _section, rows in asked(content, patient) for one in rows}


def options_of(question: Question) -> dict[str, str]:
    """What a choice may be answered with: key to words in the reader's language."""
    if question["kind"] == "yes_no":
        return {NO: _("no"), YES: _("yes")}
    if question["kind"] == "source":
        return {key: str(label) for key, label in MEDIA_SOURCES.items()}
    return {one["key"]: in_language(one) for one in question.get("options", ())}


def clean(content: Mapping[str, Any], patient: Patient, given: Mapping[str, Mapping[str, Any]]) -> Answers:
    """The answers as they are kept: nothing unknown, nothing too long; blanks are left out.

    Raises RuleRefused (``question_unknown``, ``answer_unknown``).
    """
    known = questions(content, patient)
    if set(given) - set(known):
        raise RuleRefused("question_unknown", _("This question is not on the form."))
    kept: Answers = {}
    for key, said in given.items():
        question = known[key]
        value = str(said.get("value") or "").strip()[: LONGEST[question["kind"]]]
        if value and question["kind"] in ("yes_no", "choice", "source") and value not in options_of(question):
            sentence = _("Choose one of the answers.")
            raise RuleRefused("answer_unknown", sentence, fields={key: [sentence]})
        declined = bool(said.get("declined")) and bool(question.get("may_decline")) and not value
        if value or declined:
            words = str(said.get("words") or "").strip()[:LONGEST_WORDS]
            kept[key] = {"value": value, "words": words, "declined": declined}
    return kept


def blanks(content: Mapping[str, Any], patient: Patient, answers: Answers) -> dict[str, list[str]]:
    """What is missing, by question: every item needs an answer, and some a yes with its words (FD-008)."""
    missing: dict[str, list[str]] = {}
    for key, question in questions(content, patient).items():
        said = answers.get(key)
        if said is None:
            missing[key] = [_("Blank.")]
        elif question.get("words") == "needed" and said["value"] == YES and not said["words"]:
            missing[key] = [_("Say which.")]
    return missing


def special_keys(content: Mapping[str, Any], patient: Patient, answers: Answers) -> list[str]:
    """The answers that are special circumstances by the form's own word, in its order."""
    return [key for key, question in questions(content, patient).items() if _is_special(question, answers.get(key))]


def _is_special(question: Question, said: Mapping[str, Any] | None) -> bool:
    if said is None:
        return False
    if question["kind"] == "yes_no":
        return bool(question.get("special")) and said["value"] == YES
    return any(one.get("special") and one["key"] == said["value"] for one in question.get("options", ()))


def answer_words(question: Question, said: Mapping[str, Any] | None) -> str:
    """An answer in words of the reader's language; "" for a blank."""
    if said is None:
        return ""
    if said["declined"]:
        return _("declines to say")
    value = (
        options_of(question).get(said["value"], said["value"])
        if question["kind"] not in ("text", "long")
        else said["value"]
    )
    return _("%(answer)s: %(words)s") % {"answer": value, "words": said["words"]} if said["words"] else value


def in_words(content: Mapping[str, Any], patient: Patient, answers: Answers) -> Iterator[tuple[str, str, str]]:
    """(key, question, answer) of the whole form in the reader's language."""
    for key, question in questions(content, patient).items():
        yield key, in_language(question), answer_words(question, answers.get(key))


def complaint_of(content: Mapping[str, Any], patient: Patient, answers: Answers) -> str:
    """The chief complaint as it was answered; "" where the form asks none."""
    for key, question in questions(content, patient).items():
        if question.get("complaint"):
            return answer_words(question, answers.get(key))
    return ""


def file_values(content: Mapping[str, Any], patient: Patient, answers: Answers) -> dict[str, Any]:
    """What the answers say about fields of the patient's file; what was declined says nothing."""
    return {
        question["file"]: answers[key]["value"]
        for key, question in questions(content, patient).items()
        if question.get("file") and key in answers and answers[key]["value"]
    }


def from_file(content: Mapping[str, Any], patient: Patient) -> Answers:
    """What the file knows already, so that nobody is asked twice."""
    known = {
        key: str(getattr(patient, question["file"]))
        for key, question in questions(content, patient).items()
        if question.get("file") and getattr(patient, question["file"])
    }
    return {
        key: {"value": value, "words": "", "declined": False}
        for key, value in known.items()
        if questions(content, patient)[key]["kind"] in ("text", "long")
        or value in options_of(questions(content, patient)[key])
    }
