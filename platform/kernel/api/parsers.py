"""Reading JSON without surprises: what cannot be stored or answered as text is refused at the door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request


class SoundJSONParser(JSONParser):
    """JSON as the standard has it; endless nesting and halves of characters are malformed, not a failure of ours."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            text = json.dumps(data, ensure_ascii=False)
            text.encode("utf-8")
        except RecursionError:
            raise ParseError(_("The request is nested too deeply.")) from None
        except UnicodeEncodeError:
            raise ParseError(_("The request holds half a character.")) from None
        return data


class OnlyJson(BaseContentNegotiation):
    """There is one representation; what the caller would rather have does not matter."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type
