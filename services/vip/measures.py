"""Convenience and discount measures of the house, told to leaving patients (VP-008)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.patients.models import Patient
from services.sites.models import Site
from services.vip import selectors
from services.vip.models import Measure, MeasuresTold


@action(permission="vip.manage")
def set_measure(*, by: Actor, name_zh: str, starts_on: date, name_en: str = "", ends_on: date | None = None) -> Measure:
    """Another line of the list. Raises RuleRefused (``measure_missing``, ``period_inverted``)."""
    if not name_zh.strip():
        raise RuleRefused("measure_missing", _("Say what the measure is."), fields={"name_zh": [_("Required")]})
    _refuse_inverted(starts_on, ends_on)
    measure = Measure.objects.create(
        name_zh=name_zh.strip(), name_en=name_en.strip(), starts_on=starts_on, ends_on=ends_on
    )
    audit.record(by=by, verb="vip.measure_set", target=measure)
    return measure


@action(permission="vip.manage")
def end_measure(*, by: Actor, measure: Measure, ends_on: date) -> Measure:
    """It counts until ``ends_on``, that day included. Raises RuleRefused (``period_inverted``)."""
    _refuse_inverted(measure.starts_on, ends_on)
    measure.ends_on = ends_on
    measure.bump({"ends_on"})
    audit.record(by=by, verb="vip.measure_ended", target=measure)
    return measure


@action(permission="vip.tell")
def tell_measures(*, by: Actor, site: Site, patient: Patient) -> MeasuresTold:
    """Note that a leaving patient was told what counts today. Raises RuleRefused (``no_measures``)."""
    names = [one.name_zh for one in selectors.measures(clock.today(site.timezone))]
    if not names:
        raise RuleRefused("no_measures", _("No measure counts today; there is nothing to tell."))
    told = MeasuresTold.objects.create(site=site, patient=patient, measures=names, at=clock.now(), by_name=by.name)
    audit.record(by=by, verb="vip.measures_told", target=told, site=site.code)
    return told


def _refuse_inverted(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise RuleRefused("period_inverted", _("It ends before it begins."), fields={"ends_on": [_("Too early.")]})
