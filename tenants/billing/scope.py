"""Which account pays for a tenant, and which tenants an account pays for. All of it is read in the public schema."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kernel import registry
from kernel.errors import NotFound
from kernel.tenancy import TenantContext
from tenants.billing.models import BillingAccount
from tenants.directory import public_schema
from tenants.models import Tenant

__all__ = ["access_account", "account_for", "is_headquarters", "manages", "public_schema", "tenants_of"]


def account_for(tenant: TenantContext, *, lock: bool = False) -> BillingAccount | None:
    """The account that pays for ``tenant``: its own, else its chain's. Called inside ``public_schema``."""
    rows = BillingAccount.objects.select_for_update(of=("self",)) if lock else BillingAccount.objects.all()
    own = rows.filter(overrides__tenant__code=tenant.code).first()
    return own or rows.filter(chain__code=tenant.chain_code, is_default=True).first()


def access_account(tenant: TenantContext, *, lock: bool = False) -> BillingAccount:
    """Like ``account_for``. Raises NotFound (``no_billing_account``)."""
    account = account_for(tenant, lock=lock)
    if account is None:
        raise NotFound("no_billing_account", _("There is no billing account yet."))
    return account


def tenants_of(account: BillingAccount) -> list[Tenant]:
    """The tenants that an account pays for, headquarters first, without those still being set up."""
    rows = Tenant.objects.select_related("chain").exclude(state=Tenant.State.PROVISIONING)
    if account.is_default:
        rows = rows.filter(chain=account.chain, billing_override__isnull=True)
    else:
        rows = rows.filter(billing_override__account=account)
    return sorted(rows, key=lambda tenant: (not is_headquarters(tenant), tenant.slug))


def is_headquarters(tenant: Tenant) -> bool:
    """Is this the chain's own tenant?"""
    return registry.kind(tenant.kind).family == "headquarters"


def manages(tenant: TenantContext, account: BillingAccount) -> bool:
    """May this tenant's billing administrator act for the account? Where there is a headquarters, only there."""
    payers = tenants_of(account)
    if payers and is_headquarters(payers[0]):
        return payers[0].code == tenant.code
    return any(payer.code == tenant.code for payer in payers)
