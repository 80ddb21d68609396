"""Is a figure something special, or noise? Funnel limits around the chain's own rate; small numbers are not judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kernel.registry import Kpi

Z_998 = 3.0902
FEW = 5
# Below this many expected events (and non-events) the limits say nothing; the point is shown, not judged.
LEAST_EXPECTED = 1.0
NORMAL_FROM = 20.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A special cause: ``good`` or bad for the figure's direction, ``up`` or down in value, and the limit it crossed."""

    good: bool
    up: bool
    limit: float


def too_few(kpi: Kpi, denominator: int | None, n: int) -> bool:
    """Would this figure, being sensitive, speak of so few people that they might be recognised?"""
    return kpi.sensitive and (denominator if denominator is not None else n) < FEW


def judge(kpi: Kpi, numerator: int, denominator: int | None, chain_rate: float | None) -> Mark | None:
    """A mark when a rate lies outside the 99.8 % limits around ``chain_rate``; None is ordinary variation.

    Only rates with a direction are judged: a count or a sum has nothing to be compared with.
    """
    if kpi.aggregate != "ratio" or kpi.direction is None or not denominator or chain_rate is None:
        return None
    low, high = limits(chain_rate, denominator)
    rate = numerator / denominator
    if rate > high:
        return Mark(good=kpi.direction == "up", up=True, limit=high)
    if rate < low:
        return Mark(good=kpi.direction == "down", up=False, limit=low)
    return None


def limits(rate: float, n: int) -> tuple[float, float]:
    """The 99.8 % limits of a rate at ``n``: exact binomial for rare events, the normal approximation for many.

    Where fewer than one event (or non-event) is expected, the limits are 0 and 1: nothing is judged.
    """
    expected = min(rate, 1 - rate) * n
    if expected < LEAST_EXPECTED:
        return 0.0, 1.0
    if expected >= NORMAL_FROM:
        spread = Z_998 * math.sqrt(rate * (1 - rate) / n)
        return max(0.0, rate - spread), min(1.0, rate + spread)
    # Below the first step of the distribution the interpolation would leave the range of a rate.
    return max(0.0, _quantile(rate, n, 0.001) / n), min(1.0, _quantile(rate, n, 0.999) / n)


def _quantile(rate: float, n: int, level: float) -> float:
    """The binomial quantile, interpolated between whole numbers so that limits move smoothly with n."""
    probability = math.exp(n * math.log1p(-rate))
    cumulative, before, k = probability, 0.0, 0
    odds = rate / (1 - rate)
    while cumulative < level and k < n:
        before = cumulative
        k += 1
        probability *= (n - k + 1) / k * odds
        cumulative += probability
    return k - (cumulative - level) / (cumulative - before) if cumulative > before else float(k)
