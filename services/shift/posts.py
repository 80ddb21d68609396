"""Who stands at which post, who leaves it, and who covers (GV-018); who comes into the cashier area (GV-017)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, RuleRefused
from kernel.identity.selectors import holders_of
from services.policy import gates
from services.shift.machines import AWAY, ENTRY
from services.shift.models import Absence, CashierEntry
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import on_duty, staff_at, staff_of

POST_EMPTY, CASHIER_AREA = "shift.post_empty", "shift.cashier_area"
ROLES = {
    Absence.Post.DESK: ("front_desk", "customer_service"),
    Absence.Post.LOBBY: ("lobby_receptionist",),
    Absence.Post.GUIDE: ("guide",),
    Absence.Post.WAITING: ("waiting_attendant",),
    Absence.Post.CASHIER: ("cashier",),
    Absence.Post.NURSES: ("nurse", "assistant", "head_nurse"),
}


@action(permission="shift.leave_post")
def leave_post(*, by: Actor, site: Site, post: str, reason: str, cover: StaffMember | None = None) -> Absence:
    """Leave one's post for a while, covered by a colleague (GV-018).

    Without a cover the post would stand empty when nobody else is there: with ``post_never_empty`` "refuse" (as the manual
    writes it) that is refused, with "nudge" it is counted and the absence says so. Who accompanies somebody in the cashier
    area stays until they are out (GV-017).

    Raises RuleRefused (``post_unknown``, ``reason_missing``, ``cover_missing``, ``cover_not_here``, ``post_left_empty``),
    Conflict (``already_away``, ``cover_away``, ``accompanies_somebody``), Forbidden (``person_needed``).
    """
    leaver = staff_of(by)
    if leaver is None:
        raise Forbidden("person_needed", _("Only who works here leaves a post."))
    if post not in Absence.Post.values:
        raise RuleRefused("post_unknown", _("Choose the post."), fields={"post": [_("Required")]})
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why you leave the post."), fields={"reason": [_("Required")]})
    # Two who leave the same post at once: the second one is judged by what the first one left behind.
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if Absence.objects.filter(staff=leaver, state="away").exists():
        raise Conflict("already_away", _("You are noted as away already."))
    _refuse_while_accompanying(leaver)
    _judge_cover(site, leaver, cover)
    others = at_post(site, Absence.Post(post)) - {leaver.pk}
    empty = cover is None and not others
    if cover is None and others:
        sentence = _("Tell a colleague, and name who covers.")
        raise RuleRefused("cover_missing", sentence, fields={"cover": [sentence]})
    if empty and parameters.value("post_never_empty", site=site) == "refuse":
        sentence = _("Nobody else is at this post. Name who covers it before you leave.")
        raise RuleRefused(
            "post_left_empty",
            sentence,
            fields={"cover": [sentence]},
            cures=(Cure(_("Ask a colleague to cover")),),
            gate=POST_EMPTY,
        )
    absence = Absence.objects.create(
        site=site,
        post=post,
        staff=leaver,
        cover=cover,
        reason=reason.strip()[:120],
        left_at=clock.now(),
        left_empty=empty,
    )
    gates.check(POST_EMPTY, by=by, subject=absence, ok=not empty, message=_("Nobody stands at the post."))
    audit.record(by=by, verb="shift.left_post", target=absence, site=site.code, post=post, empty=empty)
    return absence


@action(permission="shift.leave_post")
def come_back(*, by: Actor, site: Site, absence: Absence) -> Absence:
    """Back at the post, noted by oneself or by a colleague who sees it. Raises Conflict (``invalid_transition``)."""
    AWAY.move(absence, "back", by=by)
    return absence


@action(permission="shift.cashier_area")
def let_in(*, by: Actor, site: Site, name: str, reason: str, cashier: StaffMember) -> CashierEntry:
    """Let somebody into the cashier area: only for a stated special reason, and only with a cashier on duty beside them
    until they are out (GV-017). Nobody overrides it.

    Raises RuleRefused (``name_missing``, ``reason_missing``, ``cashier_not_on_duty``).
    """
    for field, text, sentence in (
        ("name", name, _("Write who goes in.")),
        ("reason", reason, _("Only a special reason lets somebody in. Write it down.")),
    ):
        if not text.strip():
            raise RuleRefused(f"{field}_missing", sentence, fields={field: [_("Required")]})
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    gates.check(
        CASHIER_AREA,
        by=by,
        subject=site,
        ok=cashier.pk in at_post(site, Absence.Post.CASHIER),
        message=_("Only a cashier who is on duty and at the post accompanies somebody."),
        code="cashier_not_on_duty",
        cures=(Cure(_("Name the cashier who is on duty"), role="cashier"),),
    )
    entry = CashierEntry.objects.create(
        site=site,
        name=name.strip()[:80],
        reason=reason.strip()[:500],
        cashier=cashier,
        in_at=clock.now(),
        by_name=by.name,
    )
    audit.record(by=by, verb="shift.cashier_area_entered", target=entry, site=site.code, cashier=str(cashier.code))
    return entry


@action(permission="shift.cashier_area")
def let_out(*, by: Actor, site: Site, entry: CashierEntry) -> CashierEntry:
    """The visitor has left the cashier area. Raises Conflict (``invalid_transition``)."""
    ENTRY.move(entry, "out", by=by)
    return entry


def at_post(site: Site, post: Absence.Post) -> set[int]:
    """Keys of the staff who stand at ``post`` now: of its roles, on duty at this moment (on a day without any roster:
    working here), not away, and who covers it for somebody."""
    now, today = clock.now(), clock.today(site.timezone)
    roster = on_duty(site, today)
    present = [one.staff for one in roster if one.at(now)] if roster else list(staff_at(site, today))
    users = {user.pk for role in ROLES[post] for user in holders_of(role, site=site.code)}
    away = list(Absence.objects.filter(site=site, state="away").values_list("staff_id", "cover_id", "post"))
    here = {one.pk for one in present if one.user_id in users} - {staff for staff, _cover, _post in away}
    return here | {cover for _staff, cover, covered in away if cover is not None and covered == post}


def accompanied_by(staff: StaffMember) -> bool:
    """Does ``staff`` accompany somebody in the cashier area now? Until the exit is noted they neither leave their post,
    nor hand over, nor clock out (GV-017)."""
    return CashierEntry.objects.filter(cashier=staff, state="inside").exists()


def _refuse_while_accompanying(staff: StaffMember) -> None:
    if accompanied_by(staff):
        raise Conflict(
            "accompanies_somebody",
            _("Somebody is in the cashier area with you. Note that they are out first."),
            cures=(Cure(_("Note the exit"), role="cashier"),),
        )


def _judge_cover(site: Site, leaver: StaffMember, cover: StaffMember | None) -> None:
    if cover is None:
        return
    if cover.pk == leaver.pk or not staff_at(site).filter(pk=cover.pk).exists():
        sentence = _("Name a colleague of this site.")
        raise RuleRefused("cover_not_here", sentence, fields={"cover": [sentence]})
    if Absence.objects.filter(staff=cover, state="away").exists():
        raise Conflict("cover_away", _("This colleague is away as well. Ask another one."))
