"""Handing a file out: only to whoever holds its permission, as an attachment that no browser runs."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.errors import NotFound
from kernel.files.models import StoredFile
from kernel.files.storage import media
from kernel.web.views import page


@page(permission="files.view")
def download(request: HttpRequest, code: UUID) -> FileResponse:
    """Send one file; missing, forbidden and expired look alike."""
    actor = request.actor  # type: ignore[attr-defined]
    stored = StoredFile.objects.filter(code=code).first()
    ended = stored is not None and stored.expires_at is not None and stored.expires_at <= clock.now()
    if stored is None or ended or not actor.can(stored.permission):
        raise NotFound("not_found", _("There is no such file."))
    audit.record_read(by=actor, target=stored, purpose=stored.purpose)
    response = FileResponse(media().open(stored.location), content_type=stored.content_type, filename=stored.name)
    inline = stored.content_type == "application/pdf" and "inline" in request.GET
    response["Content-Disposition"] = (
        f'{"inline" if inline else "attachment"}; filename="{stored.code}.{stored.name.rsplit(".", 1)[-1]}"'
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
