"""Pages of the platform's operators: who is behind, a decision, a transfer that arrived."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import Malformed
from kernel.web.views import flash, page, redirect_after_post, render_page
from tenants.billing import actions, selectors
from tenants.billing.web.forms import TransferForm


@page(permission="billing.operate")
def accounts(request: HttpRequest) -> HttpResponse:
    """Accounts that owe something, the longest first."""
    return render_page(request, "billing/accounts.html", {"rows": selectors.accounts_behind()})


@page(permission="billing.operate", methods=("POST",))
def agree(request: HttpRequest, code: UUID) -> HttpResponse:
    """Decide that an account goes read-only."""
    actions.agree_to_read_only(by=request.actor, account_code=code)
    flash(request, _("The account is read-only now. Reading, export and complaints stay open."))
    return redirect_after_post(request, "billing:accounts")


@page(permission="billing.operate", methods=("POST",))
def transfer(request: HttpRequest, code: UUID) -> HttpResponse:
    """Enter a transfer."""
    form = TransferForm(request.POST)
    if not form.is_valid():
        raise Malformed("reference_missing", _("Write the reference from the bank statement."))
    actions.confirm_transfer(
        by=request.actor,
        account_code=code,
        invoice_code=form.cleaned_data["invoice"],
        reference=form.cleaned_data["reference"],
    )
    flash(request, _("Entered. The account is open again."))
    return redirect_after_post(request, "billing:accounts")
