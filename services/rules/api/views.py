"""The rules over the API: what stands at a moment and a site, the history, and changing it."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters, Moment
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.parameters import history, resolve, set_parameter, withdraw_parameter
from kernel.parameters.models import ScopeKind
from kernel.parameters.selectors import overview
from services.rules import selectors
from services.rules.api.serializers import RuleOut, RulesOut, ValueIn, ValueOut, WithdrawIn
from services.sites.selectors import access_site

AT_AND_SITE = (
    Moment("at", None, help="The moment of the event that asks; now by default"),
    Code("site", None, help="The branch; the whole tenant by default"),
)


class Rules(ApiView):
    """Every rule as it stands."""

    permissions = {"GET": "parameters.view"}
    outputs = {"GET": RulesOut}
    filters = Filters(*AT_AND_SITE)

    def get(self, request: Request) -> Response:
        self.filters.check(request.query_params)
        at, code = (parameter.read(request.query_params) for parameter in self.filters.parameters)
        site = access_site(self.actor, code) if code else None
        return Response(RulesOut({"results": overview(at=at, site=site)}).data)


class RuleDetail(ApiView):
    """One rule as it stands."""

    permissions = {"GET": "parameters.view"}
    outputs = {"GET": RuleOut}
    filters = Filters(*AT_AND_SITE)

    def get(self, request: Request, key: str) -> Response:
        self.filters.check(request.query_params)
        param = selectors.access_rule(key)
        at, code = (parameter.read(request.query_params) for parameter in self.filters.parameters)
        site = access_site(self.actor, code) if code else None
        return self.one(resolve(param.key, at=at, site=site), RuleOut)


class RuleValues(ApiView):
    """The history of a rule, scheduled changes included."""

    permissions = {"GET": "parameters.view", "POST": "parameters.set"}
    inputs = {"POST": ValueIn}
    outputs = {"GET": paged(ValueOut), "POST": ValueOut}
    filters = Filters(
        Choice("scope", "scope_kind", ScopeKind.values),
        ordering={"effective_from": "effective_from"},
        default="-effective_from",
    )

    def get(self, request: Request, key: str) -> Response:
        return self.page(history(selectors.access_rule(key).key), ValueOut)

    def post(self, request: Request, key: str) -> Response:
        """Set a value from now or a later moment on."""
        data = self.read(request)
        scope = selectors.access_scope(self.actor, data.pop("scope"), data.pop("scope_code"))
        return self.one(set_parameter(by=self.actor, key=key, scope=scope, **data), ValueOut, status=201)


class RuleWithdraw(ApiView):
    """Letting a scope inherit again."""

    permissions = {"POST": "parameters.set"}
    inputs = {"POST": WithdrawIn}
    outputs = {"POST": (200, ValueOut)}

    def post(self, request: Request, key: str) -> Response:
        """Withdraw the value of a scope."""
        data = self.read(request)
        scope = selectors.access_scope(self.actor, data.pop("scope"), data.pop("scope_code"))
        return self.one(withdraw_parameter(by=self.actor, key=key, scope=scope, **data), ValueOut)
