"""Pages of VIP cards: the register, one card with its steps, and the use at a receipt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.identity.sign_in import require_recent_authentication
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.cashier.access import access_receipt
from services.documents.workbook import download
from services.documents.workbook import workbook as workbook_of
from services.patients.reading import note_listing
from services.sites.choosing import offer
from services.sites.web.current import site_for
from services.vip import actions, selectors
from services.vip.machines import CARD, USABLE
from services.vip.models import VipCard, VipUse
from services.vip.web.forms import ProposeForm, RangeForm, ReplaceForm, UseForm, WordsForm

PER_PAGE = 100
MOST_IN_WORKBOOK = 5000


def parts() -> list[dict[str, Any]]:
    """The three lists of the room."""
    return [
        {"key": "cards", "label": _("VIP register"), "url": reverse("vip:register")},
        {"key": "vouchers", "label": _("Partners' vouchers"), "url": reverse("vip:vouchers")},
        {"key": "measures", "label": _("Measures"), "url": reverse("vip:measures")},
    ]


@page(permission={"GET": "vip.view", "POST": "vip.keep"}, methods=("GET", "POST"))
def register(request: HttpRequest) -> HttpResponse:
    """The VIP register by serial (14); a range of blanks is taken into stock, or given to another custodian."""
    site = site_for(request, "vip.view")
    form = RangeForm(request.POST if request.method == "POST" else None, site=site)
    if request.method == "POST" and form.is_valid():
        if request.POST.get("step") == "hand-over":
            count = actions.hand_over_stock(by=request.actor, site=site, **form.cleaned_data)
            flash(request, _("Cards handed over: %(count)s") % {"count": count})
        else:
            made = actions.register_cards(by=request.actor, site=site, **form.cleaned_data)
            flash(request, _("Cards taken into stock: %(count)s") % {"count": len(made)})
        return redirect_after_post(request, "vip:register")
    rows = Paginator(_narrowed(request), PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list if row.patient is not None])
    here = reverse("vip:register")
    states: list[dict[str, Any]] = [{"key": "", "label": _("All"), "url": here}]
    states += [{"key": key, "label": label, "url": f"{here}?state={key}"} for key, label in CARD.choices]
    context = {
        "parts": parts(),
        "states": states,
        "show": request.GET.get("state", ""),
        "rows": rows,
        "form": form,
        "may_keep": holds(request.actor, "vip.keep", site=site.code),
    }
    return render_page(request, "vip/register.html", context, invalid=form)


@page(permission="vip.view")
def workbook(request: HttpRequest) -> HttpResponse:
    """The register with its columns as a workbook (14)."""
    rows = list(_narrowed(request)[:MOST_IN_WORKBOOK])
    note_listing(request.actor, [row.patient for row in rows if row.patient is not None])
    headings = [
        _("Card serial no."), _("VIP name"), _("Times used"), _("Chief physician's signature"), _("Reason"),
        _("Issue date"), _("State"), _("Custodian"),
    ]  # fmt: skip
    lines = [
        [
            row.serial, row.holder, row.uses, row.signed_by_name, str(row.get_reason_display()),
            clock.local(row.issued_at, row.site.timezone).date() if row.issued_at else None,
            str(row.get_state_display()), row.custodian.name,
        ]
        for row in rows
    ]  # fmt: skip
    return download(workbook_of(_("VIP register"), headings, lines), "vip.xlsx")


@page(permission={"GET": "vip.view", "POST": "vip.issue"}, methods=("GET", "POST"))
def card(request: HttpRequest, code: UUID) -> HttpResponse:
    """One card: who signed and issued it, each use, and what may be done now; a blank is proposed for somebody."""
    if request.method == "POST":
        found = selectors.access_card(request.actor, code, "vip.issue")
        form = ProposeForm(request.POST)
        if not form.is_valid():
            return _shown(request, code, propose_form=form)
        actions.propose(by=request.actor, site=found.site, card=found, **form.cleaned_data)
        flash(request, _("The chief physician has it"))
        return redirect_after_post(request, "vip:card", code)
    return _shown(request, code)


@page(permission="vip.sign", methods=("POST",))
def sign(request: HttpRequest, code: UUID) -> HttpResponse:
    """The chief physician signs."""
    found = selectors.access_card(request.actor, code, "vip.sign")
    require_recent_authentication(request)
    actions.sign(by=request.actor, site=found.site, card=found)
    flash(request, _("Signed"))
    return redirect_after_post(request, "vip:card", code)


@page(permission="vip.issue", methods=("POST",))
def issue(request: HttpRequest, code: UUID) -> HttpResponse:
    """The cashier hands out a signed card."""
    found = selectors.access_card(request.actor, code, "vip.issue")
    actions.issue(by=request.actor, site=found.site, card=found)
    flash(request, _("Issued"))
    return redirect_after_post(request, "vip:card", code)


@page(permission="vip.issue", methods=("POST",))
def lost(request: HttpRequest, code: UUID) -> HttpResponse:
    """The holder has lost it."""
    found = selectors.access_card(request.actor, code, "vip.issue")
    actions.report_lost(by=request.actor, site=found.site, card=found, words=request.POST.get("words", "")[:200])
    flash(request, _("Card %(serial)s is refused from now on") % {"serial": found.serial})
    return redirect_after_post(request, "vip:card", code)


@page(permission="vip.issue", methods=("POST",))
def replace(request: HttpRequest, code: UUID) -> HttpResponse:
    """Another card for a lost one."""
    found = selectors.access_card(request.actor, code, "vip.issue")
    form = ReplaceForm(request.POST)
    offer(form, "blank", selectors.blanks(request.actor, found.site))
    if not form.is_valid():
        return _shown(request, code, replace_form=form)
    made = actions.replace(by=request.actor, site=found.site, card=found, **form.cleaned_data)
    flash(request, _("Replaced by %(serial)s") % {"serial": made.serial})
    return redirect_after_post(request, "vip:card", made.code)


@page(permission="vip.revoke", methods=("POST",))
def revoke(request: HttpRequest, code: UUID) -> HttpResponse:
    """The supervisor takes it back."""
    found = selectors.access_card(request.actor, code, "vip.revoke")
    actions.revoke(by=request.actor, site=found.site, card=found, words=request.POST.get("words", "")[:200])
    flash(request, _("Revoked"))
    return redirect_after_post(request, "vip:card", code)


@page(permission="vip.use", methods=("GET", "POST"))
def use(request: HttpRequest, code: UUID) -> HttpResponse:
    """The holder shows a card: its use is counted with this receipt."""
    receipt = access_receipt(request.actor, code, "vip.use")
    form = UseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        used = actions.use_card(by=request.actor, site=receipt.site, receipt=receipt, **form.cleaned_data)
        words = _("%(serial)s: use %(uses)s of %(allowed)s")
        flash(request, words % {"serial": used.serial, "uses": used.uses, "allowed": used.allowed_uses})
        return redirect_after_post(request, "vip:use", code)
    note_listing(request.actor, [receipt.patient])
    counted = VipUse.objects.filter(receipt=receipt).select_related("card").first()
    return render_page(request, "vip/use.html", {"receipt": receipt, "form": form, "counted": counted}, invalid=form)


# --- parts ------------------------------------------------------------------------------------------------------------


def _narrowed(request: HttpRequest) -> QuerySet[VipCard]:
    rows, state = selectors.cards(request.actor), request.GET.get("state", "")
    return rows.filter(state=state) if state in CARD.states else rows


def _shown(request: HttpRequest, code: UUID, **given: Any) -> HttpResponse:
    found = selectors.access_card(request.actor, code)
    if found.patient is not None:
        note_listing(request.actor, [found.patient])
    may = {word: holds(request.actor, f"vip.{word}", site=found.site.code) for word in ("issue", "sign", "revoke")}
    replace_form = ReplaceForm()
    offer(replace_form, "blank", selectors.blanks(request.actor, found.site))
    proposed = found.is_meant
    context = {
        "card": found,
        "site": found.site,
        "used": found.used.select_related("receipt"),
        "successor": getattr(found, "replaced_by", None),
        "may_propose": found.state == "in_stock" and may["issue"],
        "may_sign": found.state == "in_stock" and proposed and found.signed_at is None and may["sign"],
        "may_issue": found.state == "in_stock" and proposed and may["issue"],
        "may_lose": found.state in USABLE and may["issue"],
        "may_replace": found.state == "lost" and may["issue"],
        "may_revoke": found.state in (*USABLE, "lost") and may["revoke"],
        "propose_form": ProposeForm(),
        "replace_form": replace_form,
        "words_form": WordsForm(),
        **given,
    }
    return render_page(request, "vip/card.html", context, status=422 if given else 200)
