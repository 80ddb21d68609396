"""Importing over the API: the same actions as its pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel import audit
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.identity.sign_in import require_recent_authentication
from services.importing import actions, selectors
from services.importing.api.serializers import BatchOut, DecideIn, RowOut, UploadIn
from services.importing.machines import BATCH
from services.importing.models import ImportedRow
from services.sites.selectors import access_site

RUN, UNDO = "importing.run", "importing.undo"


class Batches(ApiView):
    """Imports, the latest first; and one more file, which is checked and not imported."""

    permissions = {"GET": "importing.view", "POST": RUN}
    inputs = {"POST": UploadIn}
    outputs = {"GET": paged(BatchOut), "POST": BatchOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(BATCH.states)),
        ordering={"uploaded_at": "uploaded_at"},
        default="-uploaded_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.batches_for(self.actor), BatchOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        data["site"] = access_site(self.actor, data["site"], RUN)
        taken = actions.upload(by=self.actor, **data)
        return self.one(selectors.access_batch(self.actor, taken.code), BatchOut, status=201)


class OneBatch(ApiView):
    """One import and its counts."""

    permissions = {"GET": "importing.view"}
    outputs = {"GET": BatchOut}

    def get(self, request: Request, code: UUID) -> Response:
        # Without an entity tag: the counts go on while the version stands.
        found = selectors.access_batch(self.actor, code)
        return Response(BatchOut(found, context={"request": request}).data)


class Rows(ApiView):
    """The report: every row with what is wrong and what helps. Reading it is logged."""

    permissions = {"GET": "importing.view"}
    outputs = {"GET": paged(RowOut)}
    filters = Filters(
        Choice("state", "state", ImportedRow.State.values), ordering={"number": "number"}, default="number"
    )

    def get(self, request: Request, code: UUID) -> Response:
        found = selectors.access_batch(self.actor, code)
        audit.record_read(by=self.actor, target=found, purpose="importing.report")
        return self.page(selectors.rows_of(found), RowOut)


class Start(ApiView):
    """Write what is ready. Needs a second factor shown in the last minutes."""

    permissions = {"POST": RUN}
    outputs = {"POST": (200, BatchOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_batch(self.actor, code, RUN)
        require_recent_authentication(request, second_factor=True)  # type: ignore[arg-type]
        actions.start(by=self.actor, batch=found)
        return self.one(selectors.access_batch(self.actor, code), BatchOut)


class Undo(ApiView):
    """Take an import back. Needs a second factor shown in the last minutes."""

    permissions = {"POST": UNDO}
    outputs = {"POST": (200, BatchOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_batch(self.actor, code, UNDO)
        require_recent_authentication(request, second_factor=True)  # type: ignore[arg-type]
        actions.undo(by=self.actor, batch=found)
        return self.one(selectors.access_batch(self.actor, code), BatchOut)


class GiveUp(ApiView):
    """Give a file up that was not imported; its contents are deleted."""

    permissions = {"POST": RUN}
    outputs = {"POST": (200, BatchOut)}

    def post(self, request: Request, code: UUID) -> Response:
        actions.give_up(by=self.actor, batch=selectors.access_batch(self.actor, code, RUN))
        return self.one(selectors.access_batch(self.actor, code), BatchOut)


class Decide(ApiView):
    """What a likely double is."""

    permissions = {"POST": RUN}
    inputs = {"POST": DecideIn}
    outputs = {"POST": (200, RowOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, code, RUN)
        return self.one(actions.decide(by=self.actor, row=row, **self.read(request)), RowOut)
