"""Arithmetic on repeated measurements, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def percentile(values: Sequence[float], percent: float) -> float:
    """Returns the smallest of the values that at least so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ratios(values: Sequence[float], to: Sequence[float]) -> list[float]:
    """Returns the ratio of the two values of each repetition; those to 0 are left out."""
    return [value / other for value, other in zip(values, to, strict=True) if other]


def shown(values: Sequence[float], form: str = "{:,.0f}", unit: str = "") -> str:
    """Returns the median as text, followed by the least and the greatest value if these differ."""
    if not values:
        return "-"
    low, middle, high = (form.format(f(values)) for f in (min, median, max))
    return middle + unit if low == high else f"{middle}{unit} ({low} to {high})"
