"""What a house keeps about confidentiality: a document of the house, agreements of the staff, devices, education."""

from __future__ import annotations

from config.demo.house import DEMO, House
from kernel import clock
from kernel.context import Actor
from services.confidentiality.actions import publish_document, register_device, sign_agreement
from services.confidentiality.models import Agreement, CompanyDocument, Device
from services.confidentiality.selectors import current_text
from services.sites.models import Site
from services.staff.models import StaffMember

RULES = "客户信息只在工作需要时查看；不在前台和候诊区谈论客人；废弃单据一律碎纸；发现外泄立即报告主管。"
# What stands on a device, its kind, and whether it is encrypted: one that is not stays blocked.
DEVICES = (
    ("前台电脑", Device.Kind.COMPUTER, Device.Encryption.ENCRYPTED),
    ("诊室相机存储卡", Device.Kind.MEDIUM, Device.Encryption.OPEN),
)


def begin(house: House) -> None:
    """What is kept from the first day on; done already, nothing happens."""
    house.instruct()
    if not CompanyDocument.objects.exists():
        by = house.somebody("confidentiality.manage", house.sites[0], role="clinic_director") or DEMO
        publish_document(
            by=by, title="客户信息保密守则", kind=CompanyDocument.Kind.RULES, text=RULES, may_download=False,
            audience=sorted({role for actor in house.actors() for role in actor.roles}),
        )  # fmt: skip
    text = current_text()
    if text is not None:
        unsigned = StaffMember.objects.exclude(pk__in=Agreement.objects.values("staff")).select_related("home_site")
        for one in unsigned:
            sign_agreement(by=_keeper(house, one.home_site, one), staff=one, text_signed=text)
    for site in house.sites:
        if not Device.objects.filter(site=site).exists():
            _register(house, site)


def _register(house: House, site: Site) -> None:
    holder = StaffMember.objects.filter(home_site=site, is_doctor=False).order_by("id").first()
    if holder is None:
        return
    for number, (label, kind, encryption) in enumerate(DEVICES, start=1):
        register_device(
            by=_keeper(house, site, None), site=site, kind=kind, label=label, holder=holder, encryption=encryption,
            serial=f"{house.slug}-{site.slug}-{clock.today(site.timezone):%y%m}{number:02d}",
        )  # fmt: skip


def _keeper(house: House, site: Site, about: StaffMember | None) -> Actor:
    """Who keeps the registers at ``site``; nobody keeps their own agreement."""
    mine = about.user_id if about is not None else None
    return house.another("confidentiality.keep", site, than=mine, roles=("clinic_director",)) or DEMO
