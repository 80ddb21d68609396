"""What would be refused at present is not offered: in a house that is read-only, its forms and buttons are disabled.

One place for all pages: a form is known by where it sends to, and that view declares its permission. Costs nothing
while everything is open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

Answer = TypeVar("Answer", bound=HttpResponseBase)
# An attribute may hold ">" (a line of script), so a tag ends at the first one outside of quotes.
TAG = r"""(?:[^>"']|"[^"]*"|'[^']*')*>"""
FORM = re.compile(rf"(<form\b{TAG})(.*?)(</form>)", re.DOTALL)
LINK = re.compile(rf"<a\b{TAG}")
BUTTON = re.compile(rf"<button\b{TAG}")
POSTS = re.compile(r"""\bmethod="post"|\bhx-post=""", re.IGNORECASE)
TARGET = re.compile(r"""\b(?:action|hx-post)="([^"]*)\"""")
HX_TARGET = re.compile(r"""\bhx-post="([^"]*)\"""")
HREF = re.compile(r"""\shref="([^"]*)\"""")
STYLED = re.compile(r"""\bclass="(?:[^"]*\s)?btn[\s"]""")


def close_what_is_refused(response: Answer, request: HttpRequest) -> Answer:
    """Disable the forms, buttons and links of a page whose permission is closed now (setting ``CLOSED_WORDS``)."""
    closed = _closed_words()
    if not closed or not isinstance(response, HttpResponse) or not _is_html(response):
        return response

    def is_closed(target: str, method: str) -> bool:
        path = unescape(target).partition("?")[0] or request.path
        if not path.startswith("/"):
            return False
        try:
            view = resolve(path, urlconf=getattr(request, "urlconf", None)).func
        except Resolver404:
            return False
        return getattr(view, "permissions", {}).get(method) in closed

    response.content = disable(response.content.decode(response.charset), is_closed).encode(response.charset)
    return response


def disable(html: str, is_closed: Callable[[str, str], bool]) -> str:
    """The page with everything disabled for whose target and method ``is_closed`` says yes."""
    why = escape(_("Read-only until the account is settled."))

    def form(found: re.Match[str]) -> str:
        opening, inside, closing = found.groups()
        target = TARGET.search(opening)
        if not POSTS.search(opening) or not is_closed(target[1] if target else "", "POST"):
            return found[0]
        return f'{opening}<fieldset disabled data-closed title="{why}">{inside}</fieldset>{closing}'

    def button(found: re.Match[str]) -> str:
        target = HX_TARGET.search(found[0])
        if target is None or not is_closed(target[1], "POST"):
            return found[0]
        return f'{found[0][:-1]} disabled data-closed title="{why}">'

    def link(found: re.Match[str]) -> str:
        target = HREF.search(found[0])
        if target is None or not STYLED.search(found[0]) or not is_closed(target[1], "GET"):
            return found[0]
        return found[0].replace(target[0], f' role="link" aria-disabled="true" data-closed title="{why}"')

    return LINK.sub(link, BUTTON.sub(button, FORM.sub(form, html)))


def _closed_words() -> frozenset[str]:
    named = getattr(settings, "CLOSED_WORDS", None)
    found: frozenset[str] = import_string(named)() if named else frozenset()
    return found


def _is_html(response: HttpResponse) -> bool:
    return response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
