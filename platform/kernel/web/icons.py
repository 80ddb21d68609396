"""The icon set: drawn for this product on a 24 grid, one stroke, no fill unless said; inline, some hundred bytes each."""

from __future__ import annotations

from functools import cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

SIZES = {"s": "icon icon-s", "m": "icon", "l": "icon icon-l"}

ICONS: dict[str, str] = {
    # rooms
    "desk": '<rect x="3.5" y="5" width="17" height="14" rx="1.5"/><path d="M3.5 10h17M9.5 10v9M15 10v9"/>',
    "patient": '<circle cx="12" cy="8" r="3.6"/><path d="M5 20c.5-4 3.3-6 7-6s6.5 2 7 6"/>',
    "person": '<circle cx="12" cy="8" r="3.6"/><path d="M5 20c.5-4 3.3-6 7-6s6.5 2 7 6"/>',
    "people": '<circle cx="9" cy="8.5" r="3"/><path d="M3 19c.4-3.5 2.8-5.2 6-5.2s5.6 1.7 6 5.2"/><path d="M15.5 5.8a3 3 0 0 1 0 5.5M17.5 14.3c2 .6 3.2 2.2 3.5 4.7"/>',
    "phone": '<path d="M6.5 3.5h2.7l1.6 4.3-2 1.6a12 12 0 0 0 5.8 5.8l1.6-2 4.3 1.6v2.7c0 1.4-1.1 2.5-2.5 2.4C10.8 19.4 4.6 13.2 4.1 6c-.1-1.4 1-2.5 2.4-2.5z"/>',
    "task": '<rect x="4" y="4" width="16" height="16" rx="2"/><path d="m8 12.2 2.9 2.9L16.2 9"/>',
    "cash": '<rect x="3" y="6" width="18" height="12" rx="1.5"/><circle cx="12" cy="12" r="2.6"/><path d="M6.5 12h.01M17.5 12h.01"/>',
    "complaint": '<path d="M4 5h16v11.5h-8.5L7 20v-3.5H4z"/>',
    "message": '<path d="M4 5h16v11.5h-8.5L7 20v-3.5H4z"/><path d="M8 9.2h8M8 12.5h5"/>',
    "stock": '<path d="M12 3.5 20 8v8l-8 4.5L4 16V8z"/><path d="M4.3 8.2 12 12.5l7.7-4.3M12 12.5v7.8"/>',
    "report": '<path d="M4 20h16"/><path d="M6.5 16.5v-4M11 16.5V5.5M15.5 16.5v-7.5M19.3 16.5v-3"/>',
    "calendar": '<rect x="4" y="5.5" width="16" height="14.5" rx="1.5"/><path d="M4 10h16M8.5 3.5v4M15.5 3.5v4"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.2V12l3.2 2"/>',
    "chair": '<path d="M6.5 4.5 8 13h7.5l3.5 3.5"/><path d="M8.8 13 7 19.5M14.5 13l1 6.5M9.5 9h5"/>',
    "door": '<path d="M6 20.5V4h9v16.5M3.5 20.5h17"/><path d="M12 12.5h.01M15 6h3v14.5"/>',
    "tooth": '<path d="M12 6c-1.6-1.2-3-1.7-4.5-1.5C5.3 4.8 4 6.7 4.2 9.3c.2 2.3 1.2 3.4 1.5 5.7.3 2.5.6 5 1.9 5 1.7 0 1.6-5.3 4.4-5.3s2.7 5.3 4.4 5.3c1.3 0 1.6-2.5 1.9-5 .3-2.3 1.3-3.4 1.5-5.7.2-2.6-1.1-4.5-3.3-4.8C15 4.3 13.6 4.8 12 6z"/>',
    "skin": '<path d="M3.5 9c2.8-1.8 5.7-1.8 8.5 0s5.7 1.8 8.5 0M3.5 14c2.8-1.8 5.7-1.8 8.5 0s5.7 1.8 8.5 0M3.5 19h17"/><path d="M9 4.5h.01M15 5.5h.01"/>',
    "flower": '<circle cx="12" cy="9.5" r="2"/><path d="M12 7.5c-2-3.5 2-5 0-5 0 0 2.5 1.5 0 5zM10.3 8.5C6.5 8.7 6.5 4.8 5.7 6.5c0 0-.2 3 4.6 2zM13.7 8.5c3.8.2 3.8-3.7 4.6-2 0 0 .2 3-4.6 2zM10.8 11.2c-2.3 2.9-4.2.7-4 2.5 0 0 2.5 1.8 4-2.5zM13.2 11.2c2.3 2.9 4.2.7 4 2.5 0 0-2.5 1.8-4-2.5zM12 11.5V21M12 18c-2 0-3.5-1-4-2.5M12 16.5c1.8 0 3-.8 3.5-2"/>',
    "walk": '<circle cx="8" cy="5.5" r="2.2"/><circle cx="16.5" cy="7" r="1.8"/><path d="M8 9v6M8 15l-2.5 5.5M8 15l2.3 5.5M8 10.5l3.5 2.5 5-2.5M16.5 10.5V15M16.5 15l-1.5 5.5M16.5 15l1.8 5.5"/>',
    "board": '<rect x="3.5" y="4.5" width="17" height="15" rx="1.5"/><path d="M9 4.5v15M14.8 4.5v15M11 8h1.8M11 11h1.8M5.5 8h1.5M16.7 8h1.8M16.7 12h1.8"/>',
    "chart": '<path d="M4 4v16h16"/><path d="m7 15 3.5-4.5 3.2 2.7L20 6.5"/>',
    "building": '<path d="M5 20.5V4.5h9v16M14 10h5v10.5M3.5 20.5h17"/><path d="M8 8h3M8 11.5h3M8 15h3M16.5 13.5h.01M16.5 17h.01"/>',
    "plan": '<rect x="3" y="5.5" width="18" height="13" rx="1.5"/><path d="M3 10h18M6.5 15h4"/>',
    "bank": '<path d="M12 3.5 4 8v1.5h16V8zM4 20h16M6.5 9.5V17M10.2 9.5V17M13.8 9.5V17M17.5 9.5V17"/>',
    "box": '<path d="M4 8.5h16V20H4zM3 4.5h18v4H3zM10 12.5h4"/>',
    "inbox": '<path d="M4 13.5 6.5 5h11L20 13.5V19H4z"/><path d="M4 13.5h4.5c.3 2 1.5 3 3.5 3s3.2-1 3.5-3H20"/>',
    "clipboard": '<path d="M8.5 5H6v15.5h12V5h-2.5"/><path d="M8.5 3.5h7v3.5h-7zM9 11h6M9 14.5h6"/>',
    "file": '<path d="M6 3.5h8l4.5 4.5v12.5H6z"/><path d="M14 3.5V8h4.5M9 12.5h6M9 16h4"/>',
    "card": '<rect x="3" y="5.5" width="18" height="13" rx="1.5"/><path d="M6.5 9.5h5M6.5 13h3M15 15h3"/>',
    "settings": '<circle cx="12" cy="12" r="3"/><path d="M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3M6 6l2.1 2.1M15.9 15.9 18 18M18 6l-2.1 2.1M8.1 15.9 6 18"/>',
    "history": '<path d="M4.5 8.5a8.5 8.5 0 1 1-1 4.5"/><path d="M4 4v4.5h4.5M12 8v4.3l3 1.7"/>',
    "heart": '<path d="M12 19.5C6 15.5 3.5 12.5 3.5 9.2 3.5 6.8 5.3 5 7.6 5c1.8 0 3.4 1 4.4 2.8C13 6 14.6 5 16.4 5c2.3 0 4.1 1.8 4.1 4.2 0 3.3-2.5 6.3-8.5 10.3z"/>',
    "shield": '<path d="M12 3.5 19 6v5.5c0 4.3-2.8 7.3-7 9-4.2-1.7-7-4.7-7-9V6z"/><path d="m9 11.8 2.2 2.2 4-4.3"/>',
    # states
    "booked": '<circle cx="12" cy="12" r="8" stroke-dasharray="3.6 2.7"/>',
    "confirmed": '<circle cx="12" cy="12" r="8.2"/><path d="m8.3 12.3 2.6 2.6 4.9-5.4"/>',
    "pin": '<path d="M12 21c-4.5-4.7-6.5-8-6.5-11a6.5 6.5 0 0 1 13 0c0 3-2 6.3-6.5 11z"/><circle cx="12" cy="10" r="2.3"/>',
    "left": '<path d="M10.5 4H5v16h5.5M9.5 12H20M16.5 8l4 4-4 4"/>',
    "no-show": '<circle cx="12" cy="12" r="8.3"/><path d="m6.3 17.7 11.4-11.4"/>',
    "check": '<path d="m5 12.8 4.6 4.6L19 7"/>',
    "warn": '<path d="M12 4 21 19.5H3z"/><path d="M12 10v4.5M12 17h.01"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 8h.01"/>',
    "refuse": '<path d="M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7z"/><path d="M12 7.8v5M12 16h.01"/>',
    "lock": '<rect x="5.5" y="10.5" width="13" height="10" rx="1.5"/><path d="M8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5"/>',
    "pause": '<path d="M8.5 5.5v13M15.5 5.5v13"/>',
    "play": '<path d="M7.5 5v14l11-7z"/>',
    # acts
    "search": '<circle cx="10.8" cy="10.8" r="6.3"/><path d="m15.5 15.5 5 5"/>',
    "bell": '<path d="M12 4a5.3 5.3 0 0 0-5.3 5.3c0 4.7-2.2 6.2-2.2 7.7h15c0-1.5-2.2-3-2.2-7.7A5.3 5.3 0 0 0 12 4z"/><path d="M10 19.8a2.2 2.2 0 0 0 4 0"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "minus": '<path d="M5 12h14"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "arrow-right": '<path d="M4.5 12h15M14 6.5l5.5 5.5-5.5 5.5"/>',
    "arrow-left": '<path d="M19.5 12h-15M10 6.5 4.5 12l5.5 5.5"/>',
    "arrow-up": '<path d="M12 19.5v-15M6.5 10 12 4.5l5.5 5.5"/>',
    "arrow-down": '<path d="M12 4.5v15M6.5 14l5.5 5.5 5.5-5.5"/>',
    "chevron-right": '<path d="m9.5 6 6 6-6 6"/>',
    "chevron-left": '<path d="m14.5 6-6 6 6 6"/>',
    "chevron-down": '<path d="m6 9.5 6 6 6-6"/>',
    "chevron-up": '<path d="m6 14.5 6-6 6 6"/>',
    "pencil": '<path d="M5 19l.8-4.2L16.3 4.3a1.8 1.8 0 0 1 2.6 0l.8.8a1.8 1.8 0 0 1 0 2.6L9.2 18.2z"/><path d="m14.5 6.2 3.3 3.3"/>',
    "sign": '<path d="M3.5 19.5h17"/><path d="M4 15.5c3-1 6.5-6.5 6-9.3-.3-1.7-2.3-1-2.5 1.5-.3 3.5 1 7.3 3 7.3 1.5 0 1.8-3 3-3s.8 2.5 2.2 2.5 1.6-1.5 2.6-1.5 1 1 2.2 1"/>',
    "undo": '<path d="M8.5 5 4 9.5 8.5 14"/><path d="M4 9.5h10a5.5 5.5 0 0 1 0 11h-3"/>',
    "refresh": '<path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3l2.2 2.1"/><path d="M19.5 4v4.8h-4.8"/>',
    "print": '<path d="M7 8.5V4h10v4.5M7 17H4V8.5h16V17h-3"/><path d="M7 14h10v6.5H7z"/>',
    "download": '<path d="M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15"/>',
    "upload": '<path d="M12 15.5V4.5M7 9l5-5 5 5M4.5 19.5h15"/>',
    "eye": '<path d="M2.5 12C5 7.7 8.2 5.5 12 5.5s7 2.2 9.5 6.5c-2.5 4.3-5.7 6.5-9.5 6.5S5 16.3 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>',
    "link": '<path d="M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1.3 1.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.3-1.3"/>',
    "filter": '<path d="M4 5.5h16L14 13v6l-4 1.5V13z"/>',
    "more": '<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="3"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "grip": '<path d="M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01" stroke-width="2.6"/>',
    "panel": '<rect x="3.5" y="5" width="17" height="14" rx="1.5"/><path d="M14.5 5v14"/>',
    "exit": '<path d="M13.5 4H5v16h8.5M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5"/>',
    "home": '<path d="M4 11.5 12 4l8 7.5M6 10v10h12V10M10 20v-5.5h4V20"/>',
    "language": '<path d="M3.5 6h9M8 3.5V6M11 6c-.8 4-3.5 7.3-7 9M5.5 9c1.3 2.6 3.3 4.5 6 5.7"/><path d="m11.5 20.5 4.3-10.5L20 20.5M13 17h5.5"/>',
    "globe": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.5 2.5 3.6 5.3 3.6 8.5s-1.1 6-3.6 8.5c-2.5-2.5-3.6-5.3-3.6-8.5S9.5 6 12 3.5z"/>',
    "key": '<circle cx="8" cy="15.5" r="4"/><path d="m11 12.7 8.5-8.2M16 8l3 3M13.5 10.3l1.8 1.8"/>',
    "mail": '<rect x="3.5" y="5.5" width="17" height="13" rx="1.5"/><path d="m4 7 8 6 8-6"/>',
    "camera": '<path d="M4 8h3.5L9 5.5h6L16.5 8H20v11H4z"/><circle cx="12" cy="13" r="3.3"/>',
    "image": '<rect x="4" y="5" width="16" height="14" rx="1.5"/><path d="m4.5 16.5 4.7-4.7 3.8 3.7 2.5-2.3 4 3.8M15.5 9h.01"/>',
    "scan": '<path d="M4 8V4.5h3.5M16.5 4.5H20V8M20 16v3.5h-3.5M7.5 19.5H4V16"/><path d="M7.5 8.5v7M10.5 8.5v7M13.5 8.5v7M16.5 8.5v7"/>',
    "map": '<path d="m4 6.5 5-2 6 2 5-2v13l-5 2-6-2-5 2zM9 4.5v13M15 6.5v13"/>',
    "star": '<path d="m12 4 2.5 5.2 5.7.8-4.1 4 1 5.7L12 17l-5.1 2.7 1-5.7-4.1-4 5.7-.8z"/>',
    "sos": '<path d="M12 3.5v3M4.2 7.5l2.5 1.5M19.8 7.5l-2.5 1.5"/><path d="M7.5 19v-5a4.5 4.5 0 0 1 9 0v5M5 20h14"/>',
    "yuan": '<path d="m6.5 4.5 5.5 8 5.5-8M12 12.5V20M7.5 12.5h9M7.5 16h9"/>',
    "drop": '<path d="M12 3.5c3.6 4.3 5.8 7.4 5.8 10.6a5.8 5.8 0 0 1-11.6 0C6.2 10.9 8.4 7.8 12 3.5z"/>',
    "pill": '<rect x="2.8" y="8.5" width="18.4" height="7" rx="3.5" transform="rotate(-38 12 12)"/><path d="m9.8 9.3 4.4 5.5"/>',
    "book": '<path d="M12 6.5C10 5 7.3 4.5 4 4.7v13.8c3.3-.2 6 .3 8 1.8 2-1.5 4.7-2 8-1.8V4.7c-3.3-.2-6 .3-8 1.8zM12 6.5v13.8"/>',
    "exam": '<path d="M6 3.5h12v17H6z"/><path d="m8.8 9 1.2 1.2L12.2 8M14 9.3h2M8.8 14.5l1.2 1.2 2.2-2.2M14 14.8h2"/>',
    "server": '<rect x="4" y="4.5" width="16" height="6.5" rx="1.5"/><rect x="4" y="13" width="16" height="6.5" rx="1.5"/><path d="M7.5 7.8h.01M7.5 16.3h.01M11 7.8h5.5M11 16.3h5.5"/>',
    "offline": '<path d="M4 4l16 16M3.5 9.5c1.3-1.2 2.7-2 4.3-2.6M11 6.1c3.5-.3 6.8.9 9.5 3.4M6.7 13c.9-.8 1.9-1.4 3-1.7M14.5 11.6c1 .3 2 .8 2.8 1.5M12 18h.01"/>',
    "dot": '<circle cx="12" cy="12" r="4" fill="currentColor" stroke="none"/>',
    "half": '<circle cx="12" cy="12" r="7.5"/><path d="M12 4.5a7.5 7.5 0 0 1 0 15z" fill="currentColor" stroke="none"/>',
    "up": '<path d="M12 6.5 19 17H5z" fill="currentColor"/>',
    "down": '<path d="M12 17.5 5 7h14z" fill="currentColor"/>',
}


@cache
def _drawing(name: str, css: str) -> SafeString:
    # A drawing that does not exist is a programming error that a test of the page should show, not a blank square.
    return mark_safe(  # noqa: S308
        f'<svg class="{css}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{ICONS[name]}</svg>'
    )


def draw(name: str, *, label: str = "", size: str = "m") -> SafeString:
    """The icon as inline SVG: hidden from readers beside a word, an image with a name when it stands alone.

    Raises KeyError for a name that is not in the set.
    """
    drawing = _drawing(name, SIZES[size])
    if not label:
        return drawing
    return format_html('<span class="icon-labelled" role="img" aria-label="{}">{}</span>', label, drawing)
