"""The component sheet of the demo: everything the frame can draw, in every state, for eyes, axe and screenshots."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import clock, registry
from kernel.context import Actor
from kernel.errors import Cure, RuleRefused
from kernel.registry import Vertical
from kernel.tenancy import TenantContext
from kernel.web import charts, formatting, icons, states
from kernel.web.board import Grid
from kernel.web.fields import DateField, FenField, SegmentedRadios, SiteDateTimeField
from kernel.web.gallery_samples import BOARD, PEOPLE, SITES, Sample
from kernel.web.refusals import describe
from kernel.web.shell import NavEntry, Shell
from kernel.web.views import flash, polled, public_page, render_page

SITE = UUID("0194a000-0000-7000-8000-000000000001")
REASON = "component sheet without any tenant's data; absent in production"


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=40, help_text=gettext_lazy("Initials come by themselves")
    )
    phone = forms.CharField(
        label=gettext_lazy("Mobile phone"), required=False, help_text=gettext_lazy("May be empty with a reason")
    )
    sex = forms.ChoiceField(
        label=gettext_lazy("Sex"),
        choices=[("f", gettext_lazy("Female")), ("m", gettext_lazy("Male"))],
        widget=SegmentedRadios,
        error_messages={"required": gettext_lazy("Needed before the card can be saved: press 1 or 2.")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[
            ("", gettext_lazy("Please choose")),
            ("private", gettext_lazy("Does not wish to")),
            ("none", gettext_lazy("Has none")),
        ],
        error_messages={"required": gettext_lazy("Choose why no phone was given.")},
    )
    birth_date = DateField(label=gettext_lazy("Date of birth"), required=False)
    starts_at = SiteDateTimeField(label=gettext_lazy("Begins"), required=False)
    amount = FenField(label=gettext_lazy("Amount"), required=False)
    note = forms.CharField(label=gettext_lazy("Complaint and symptoms"), widget=forms.Textarea, required=False)
    reminder = forms.BooleanField(label=gettext_lazy("Send a reminder the day before"), required=False)


class GalleryShell(Shell):
    """The frame with sample content, because nobody is signed in here."""

    @cached_property
    def actor(self) -> Actor:
        return Actor(kind="user", name=_sample(PEOPLE[0]), username="sample", roles=frozenset({"front_desk"}))

    @cached_property
    def tenant(self) -> TenantContext:
        return TenantContext(
            code=SITE,
            slug="sample",
            schema_name="sample",
            database_role="sample",
            name="连诊口腔" if (translation.get_language() or "").startswith("zh") else "Sample Clinic",
            kind="clinic",
            family="business",
            chain_code=SITE,
            chain_name="",
        )

    @cached_property
    def verticals(self) -> tuple[Vertical, ...]:
        return tuple(registry.verticals().values())

    @cached_property
    def horizontal(self) -> bool:
        return self._request.GET.get("frame") == "top"

    @cached_property
    def nav(self) -> list[NavEntry]:
        entries = (
            ("desk", _("Desk"), "desk", 0),
            ("patients", _("Patients"), "patient", 0),
            ("telephone", _("Phone"), "phone", 2),
            ("tasks", _("Tasks"), "task", 5),
            ("cashier", _("Till"), "cash", 0),
            ("complaints", _("Complaints"), "complaint", 0),
            ("inventory", _("Stock"), "stock", 0),
            ("reports", _("Reports"), "report", 0),
        )
        here = self._request.path
        return [NavEntry(key, label, here, icon, key == "desk", badge) for key, label, icon, badge in entries]

    @cached_property
    def sites(self) -> list[dict[str, Any]]:
        return [
            {"code": SITE, "name": _sample(SITES[0]), "vertical": ""},
            {"code": UUID(int=2), "name": _sample(SITES[1]), "vertical": ""},
        ]

    @cached_property
    def mark(self) -> str:
        return "连诊"

    @cached_property
    def search_url(self) -> str:
        return ""  # nobody is signed in, so there is nobody to search for

    @cached_property
    def role(self) -> str:
        return _("Front desk")


def _sample(sample: Sample) -> str:
    return sample.zh if (translation.get_language() or "").startswith("zh") else sample.en


def _only_in_demo() -> None:
    if settings.ENVIRONMENT not in {"demo", "test"}:
        raise Http404


def _refusal() -> RuleRefused:
    return RuleRefused(
        "handover_missing",
        _("Room 2 cannot be entered yet: the oral hand-over is not confirmed"),
        cures=(
            Cure(_("Ask the assistant to confirm"), "#refusal"),
            Cure(_("Ask the doctor instead"), "#refusal"),
            Cure(_("Permission by"), None, "supervisor"),
        ),
        fields={"handover": [_("Missing: one confirmation that complaint and special circumstances were heard.")]},
    )


def _board() -> tuple[list[dict[str, Any]], Grid]:
    grid = Grid(start=time(8, 30), end=time(17, 30), folded=((time(12, 0), time(13, 30)),))
    columns = []
    for number, (room, doctor, blocks) in enumerate(BOARD, start=1):
        columns.append(
            {
                "key": str(number),
                "title": _sample(room),
                "note": _sample(doctor),
                "sub": _("Assistant") if blocks else "",
                "alert": _("no assistant after noon") if number == 3 else "",
                "off": "" if blocks else _("Off today, back tomorrow 08:30"),
                "blocks": [
                    {
                        "row": grid.row(begin),
                        "span": grid.span(begin, end),
                        "state": state,
                        "title": _sample(person),
                        "item": _sample(item),
                        "text": f"{begin:%H:%M}–{end:%H:%M}",
                        "url": "#board",
                        "code": f"sample-{number}-{begin:%H%M}",
                        "move_url": reverse("web:gallery-refused"),
                    }
                    for begin, end, state, person, item in blocks
                ],
            }
        )
    return columns, grid


def _charts() -> list[charts.Chart]:
    months = [f"{month}" for month in (*range(1, 13), "1")]
    rates = [0.061, 0.058, 0.066, 0.054, 0.063, 0.059, 0.071, 0.065, 0.06, 0.088, 0.09, 0.092, 0.097]
    sizes = [430, 512, 488, 540, 520, 498, 505, 530, 515, 470, 460, 455, 450]
    mean = 0.062
    limits = [
        (max(0.0, mean - 3 * (mean * (1 - mean) / n) ** 0.5), mean + 3 * (mean * (1 - mean) / n) ** 0.5) for n in sizes
    ]
    steps = (60, 120, 240, 400, 700, 1100, 1400)

    def bounds(n: int, z: float) -> tuple[float, float]:
        half = z * (mean * (1 - mean) / n) ** 0.5
        return max(0.0, mean - half), mean + half

    return [
        charts.BarChart(
            width=480,
            title=_("Takings"),
            period="2026-12",
            unit=_("10,000 yuan"),
            n=1284,
            points=[
                charts.Point(f"{m}", v)
                for m, v in zip(range(6, 13), (27.1, 30.8, 31.9, 29.4, 33.6, 30.1, 31.9), strict=True)
            ],
            reading=_("Month by month between 27 and 34; no trend that chance would not explain."),
            write=lambda v: formatting.figure(v, 1),
        ),
        charts.ControlChart(
            width=480,
            title=_("No-show rate"),
            period="2025-12 – 2026-12",
            unit="%",
            n=sum(sizes),
            version="v2",
            points=[
                charts.Point(m, r, f"{round(r * n)}/{n}", "above" if r > high else "")
                for m, r, n, (_low, high) in zip(months, rates, sizes, limits, strict=True)
            ],
            centre=mean,
            limits=limits,
            baseline=_("baseline"),
            reading=_("From October on higher than before; the last months lie beyond the limits."),
            write=formatting.percent,
        ),
        charts.FunnelChart(
            width=480,
            title=_("No-show rate by site"),
            period="2026-12",
            unit="%",
            n=5200,
            mean=mean,
            limits=[
                charts.FunnelLimit(
                    n=n,
                    lower95=bounds(n, 1.96)[0],
                    upper95=bounds(n, 1.96)[1],
                    lower998=bounds(n, 3.09)[0],
                    upper998=bounds(n, 3.09)[1],
                )
                for n in steps
            ],
            points=[
                charts.FunnelPoint(label=_sample(SITES[0]), x=88, n=1284),
                charts.FunnelPoint(label=_sample(SITES[1]), x=41, n=748),
                charts.FunnelPoint(label=_sample(SITES[2]), x=70, n=690, outside=True, shape="square"),
                charts.FunnelPoint(label=_sample(SITES[3]), x=4, n=90, judged=False, shape="triangle"),
            ],
            reading=_(
                "Only one site lies outside the 99.8 % limits; the others cannot be told from luck and are not ranked."
            ),
            write=formatting.percent,
        ),
    ]


@public_page(reason=REASON)
def show(request: HttpRequest) -> HttpResponse:
    """All components."""
    _only_in_demo()
    now = clock.now()
    columns, grid = _board()
    people = [_sample(person) for person in PEOPLE]
    bad = SampleForm({"name": people[1], "amount": "12,5x"})
    context: dict[str, Any] = {
        "shell": GalleryShell(request),
        "icons": sorted(icons.ICONS),
        "states": list(states.STATES),
        "form": SampleForm(initial={"name": people[0], "amount": 105030, "starts_at": now}, prefix="a"),
        "bad_form": bad,
        "refusal": describe(_refusal(), request),
        "waits": [
            (people[i], now - timedelta(seconds=s)) for i, s in enumerate((8 * 60 + 32, 19 * 60 + 10, 20 * 60 + 10))
        ],
        "deadlines": [
            now + timedelta(minutes=20, seconds=5),
            now + timedelta(hours=2, minutes=20, seconds=5),
            now - timedelta(minutes=70),
        ],
        "offer_ends": now + timedelta(minutes=14, seconds=38),
        "receipts": [
            {
                "number": f"C-2026-00{4318 - i}",
                "who": people[i % 5],
                "paid": 105030 - i * 12345,
                "owed": 50370 if i == 0 else 0,
            }
            for i in range(5)
        ],
        "tabs": [
            {"key": "all", "label": _("All"), "count": 11, "url": "?show=all"},
            {"key": "late", "label": _("Overdue"), "count": 2, "url": "?show=late", "tone": "late", "icon": "warn"},
            {"key": "approve", "label": _("Approvals"), "count": 4, "url": "?show=approve"},
            {"key": "promise", "label": _("Promises"), "count": 3, "url": "?show=promise"},
        ],
        "shown": request.GET.get("show", "all"),
        "figures": [
            {"label": _("Visits"), "value": "34", "note": _("today")},
            {"label": _("Waiting"), "value": "3", "note": _("median 9 min"), "icon": "clock", "tone": "warn"},
            {
                "label": _("Over 20 min, not explained"),
                "value": "1",
                "note": _("act now"),
                "icon": "warn",
                "tone": "late",
                "url": "#waits",
            },
            {
                "label": _("Takings"),
                "value": formatting.money(588000),
                "note": _("of %(total)s") % {"total": "8,200.00"},
            },
        ],
        "facts": [
            (_("Reason"), _("Change of material")),
            (_("Paid"), formatting.money(240000)),
            {"label": _("This refund"), "value": formatting.money(60000), "tone": "strong"},
            {"label": _("Limit"), "value": _("exceeded"), "tone": "late", "icon": "warn"},
            (_("Related"), None),
        ],
        "timeline": [
            {
                "day": _("Today"),
                "at": now,
                "icon": "tooth",
                "title": _("Repair under warranty planned"),
                "text": _("Zero bill, linked to the first treatment"),
                "tone": "ok",
                "who": people[2],
            },
            {
                "day": _("Today"),
                "at": now - timedelta(minutes=20),
                "icon": "clock",
                "title": _("Waited 26:00, explained"),
                "text": _("3 min 59 s late"),
                "tone": "warn",
                "who": people[1],
            },
            {
                "day": _("Yesterday"),
                "when": "16:10",
                "icon": "phone",
                "title": _("Reminder: confirmed"),
                "text": "",
                "tone": "info",
                "who": people[3],
            },
        ],
        "steps": [
            {
                "title": _("Doctor begins"),
                "who": people[2],
                "at": now - timedelta(minutes=40),
                "hash": "4b1e77aa90c2",
                "state": "done",
            },
            {"title": _("Supervisor's opinion"), "who": people[0], "state": "now", "note": _("It is your turn")},
            {"title": _("Till pays out"), "state": "locked", "note": _("Opens when the supervisor has signed")},
        ],
        "page": Paginator(range(312), 30).page(3),
        "columns": columns,
        "grid": grid,
        "board_now": clock.local(now, formatting.zone_of()).replace(hour=9, minute=20),
        "charts": _charts(),
        "spark": [6.1, 5.8, 6.6, 5.4, 6.3, None, 7.1, 6.5, 6.0, 8.8, 9.0, 9.2, 9.7],
        "strip": {"tone": "info", "icon": "clock", "text": _("Demonstration: the clock stands apart from real time.")},
    }
    return render_page(request, "web/gallery.html", context)


@public_page(reason=REASON, methods=("GET", "POST"))
def refused(request: HttpRequest) -> HttpResponse:
    """An act that is always refused."""
    _only_in_demo()
    raise _refusal()


@public_page(reason=REASON)
def live(request: HttpRequest) -> HttpResponse:
    """A part that changes every ten seconds."""
    _only_in_demo()
    moment = clock.now()
    stamp = moment.replace(second=moment.second // 10 * 10, microsecond=0)
    return polled(
        request, "web/_gallery_live.html", "web/_gallery_live.html", lambda: {"stamp": stamp}, version=stamp.isoformat()
    )


@public_page(reason=REASON, methods=("POST",))
def toasted(request: HttpRequest) -> HttpResponse:
    """A toast with undo."""
    _only_in_demo()
    flash(request, _("Checked in; the wait is counted from now"), undo=reverse("web:gallery-toast"))
    return HttpResponse(status=200)


@public_page(reason=REASON)
def phone(request: HttpRequest) -> HttpResponse:
    """The phone frame."""
    _only_in_demo()
    return render_page(
        request,
        "web/gallery_phone.html",
        {"shell": GalleryShell(request), "offer_ends": clock.now() + timedelta(minutes=14, seconds=38)},
    )
