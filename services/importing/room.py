"""What importing contributes. Rooms declare their sheets in the slot ``importing.sheets`` (``kinds.SheetKind``)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.registry import Daily, NavItem, Param, Room

ALL = ("importing.view", "importing.run", "importing.undo")

ROOM = Room(
    key="importing",
    label=pgettext_lazy("room", "Data import"),
    urls="services.importing.web.urls",
    api_urls="services.importing.api.urls",
    nav=(
        NavItem(
            key="importing",
            label=pgettext_lazy("nav", "Data import"),
            url_name="importing:list",
            permission="importing.view",
            icon="upload",
            order=930,
        ),
    ),
    permissions={
        "importing.view": _("See imports of data and their reports"),
        "importing.run": _("Upload files and import them"),
        "importing.undo": _("Take an import back"),
    },
    # Roles that sign in with a second factor.
    role_grants={"tenant_admin": ALL, "supervisor": ALL},
    parameters=(
        Param(
            key="import_most_rows",
            kind="int",
            default=5000,
            minimum=100,
            maximum=20000,
            label=_("Rows that one imported file may hold"),
        ),
        Param(
            key="import_keep_days",
            kind="days",
            default=30,
            minimum=1,
            maximum=180,
            unit="d",
            tightens="lower",
            label=_("Days after which the contents of imported rows are deleted"),
        ),
        Param(
            key="import_undo_days",
            kind="days",
            default=14,
            minimum=1,
            maximum=90,
            unit="d",
            label=_("Days within which an import can be taken back"),
        ),
    ),
    timers={"importing.work": "services.importing.handlers.on_work"},
    daily={"importing.forget": Daily(at="03:20", handler="services.importing.handlers.forget")},
    machines=("services.importing.machines.BATCH",),
)
