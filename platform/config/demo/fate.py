"""What becomes of a booking and of a visit, drawn from its number: whoever asks again gets the same answer, and a history
that is loaded again from its foundation is the same history."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

CANCELLED_BECAUSE = ("临时出差", "身体不适改期", "家中有事", "已在外院处理", "费用原因")
DECLINED_BECAUSE = ("工作忙，回头再约", "要与家人商量", "外地，不便复诊")


@dataclass(frozen=True, slots=True)
class Fate:
    """Minutes are whole; ``wait`` counts from registration to lead-in if the chair is free."""

    cancels: bool
    cancel_hours: int
    cancel_reason: str
    answers: str
    stays_away: bool
    arrives_after: int
    wait: int
    explains: bool
    explained_after: int
    why: str
    leaves_unseen: bool
    pace: float
    leaves_after: int
    pays_after: int
    tender: str
    card_digits: str
    owes: bool
    examined: bool
    card: tuple[str, str]
    books_again: bool
    again_days: int
    again_slot: int
    seed: str

    @classmethod
    def of_booking(cls, appointment: Any) -> Fate:
        """The fate of a booking, and of its visit."""
        return cls._drawn(f"booking {appointment.pk}")

    @classmethod
    def of_visit(cls, visit: Any) -> Fate:
        """The fate of a visit; a booked one shares its booking's."""
        if visit.appointment is not None:
            return cls.of_booking(visit.appointment)
        return cls._drawn(f"visit {visit.pk}")

    @classmethod
    def _drawn(cls, seed: str) -> Fate:
        random = Random(seed)
        long_wait = random.random() < 0.15
        wait = random.randint(22, 37) if long_wait else random.randint(3, 18)
        card = random.random()
        return cls(
            cancels=random.random() < 0.06,
            cancel_hours=random.randint(4, 60),
            cancel_reason=random.choice(CANCELLED_BECAUSE),
            answers=random.choices(("yes", "nobody", "silent"), (80, 10, 10))[0],
            stays_away=random.random() < 0.07,
            arrives_after=random.randint(-18, 6),
            wait=wait,
            explains=long_wait and random.random() < 0.62,
            explained_after=random.choice((17, 19, 21, 23)),
            why=random.choice(("overrun", "crowded", "doctor")),
            leaves_unseen=random.random() < 0.12,
            pace=random.uniform(0.55, 0.95),
            leaves_after=random.randint(1, 4),
            pays_after=random.choice((3, 4, 6, 8, 12, 18, 26)),
            tender=random.choices(("wechat_pay", "alipay", "debit_card", "credit_card", "cash"), (46, 18, 14, 10, 12))[
                0
            ],
            card_digits=f"{random.randint(0, 9999):04d}",
            owes=random.random() < 0.22,
            examined=random.random() < 0.4,
            card=("complete", "")
            if card < 0.45
            else ("open", "")
            if card < 0.9
            else ("declined", random.choice(DECLINED_BECAUSE)),
            books_again=random.random() < 0.88,
            again_days=random.choice((2, 3, 5, 7, 8, 10)),
            again_slot=random.randint(0, 10_000),
            seed=seed,
        )

    def treat_minutes(self, visit: Any) -> int:
        """How long the treatment takes, by what was booked."""
        units = visit.appointment.units if visit.appointment is not None else 1
        return max(8, int(units * 15 * self.pace))
