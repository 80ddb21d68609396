"""The till of the tests: items with known prices, signed slips, and what a receipt says on paper."""

from __future__ import annotations

import json
from typing import Any

from services.cashier.actions import SlipLine, charge, issue_slip
from services.cashier.models import WITH_REFERENCE, ChargeLine, ChargeSlip, Receipt
from services.cashier.taking import HandedOver
from services.catalogue.actions import ensure_item
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center

# SC-11: scaling 300.00, panoramic film 120.00, filling 1,260.00.
PRICES = {"scaling": ("test-scaling", "全口洁牙", 30_000), "film": ("test-film", "全景片", 12_000)}
PRICES |= {"filling": ("test-filling", "树脂充填", 126_000)}


def item(name: str) -> Item:
    """An item of ``PRICES``."""
    key, name_zh, price = PRICES[name]
    category = "scaling" if name == "scaling" else "treatment"
    return ensure_item(by=SYSTEM, key=key, name_zh=name_zh, name_en=name, category=category, price_fen=price)


def line(name: str, **more: Any) -> SlipLine:
    """A line of a slip."""
    return SlipLine(item=item(name), **more)


def signed(
    who: Patient, *lines: str | SlipLine, doctor: str = "dr.lin", site: Site | None = None, **more: Any
) -> ChargeSlip:
    """A slip that the doctor has signed, of the items named (by default scaling, film and filling: 1,680.00)."""
    actor = person(doctor)
    wanted = lines or ("scaling", "film", "filling")
    return issue_slip(
        by=actor,
        site=site or center(),
        patient=who,
        doctor=staff(NUMBERS[doctor]),
        lines=[line(one) if isinstance(one, str) else one for one in wanted],
        **more,
    )


NUMBERS = {"dr.lin": "011", "dr.xu": "020", "dr.ding": "031"}


def line_of(slip: ChargeSlip, name: str) -> ChargeLine:
    """The line of ``slip`` with this item."""
    return slip.lines.get(item__key=PRICES[name][0])


def charged(
    slip: ChargeSlip, *, by: str = "fang.li", tender: str = "cash", tendered_fen: int | None = None, **more: Any
) -> Receipt:
    """The receipt of a slip, paid exactly unless something else is said."""
    owed = {line_of(slip, name).code: amount for name, amount in more.pop("owed", {}).items()}
    due = sum(slip.lines.values_list("amount_fen", flat=True)) - sum(owed.values())
    given = HandedOver(
        tender=tender,
        fen=due if tendered_fen is None else tendered_fen,
        card_number=more.pop("card_number", ""),
        reference=more.pop("reference", f"T{slip.code.hex}" if tender in WITH_REFERENCE else ""),
    )
    return charge(by=person(by), site=slip.site, slip=slip, handed_over=[given], owed=owed, **more)


def paper(receipt: Receipt) -> dict[str, Any]:
    """What the document of a receipt says."""
    return json.loads(receipt.document.content)
