"""What a run says, and how a cycle that failed is played again."""

from __future__ import annotations

from collections.abc import Sequence

from .run import Played
from .schedule import Plan

_SHOWN = 20


def passed(plan: Plan, played: Played) -> str:
    """Returns the line of a cycle without a finding."""
    shapes = ", ".join(weather.shape for _, weather in plan.weathers)
    return (
        f"cycle {plan.number} ({shapes}; {len(plan.faults)} faults): {played.summary}; agreed "
        f"after {played.agreed:.1f} s, at rest after {played.rested:.1f} s; "
        f"{played.seconds:.0f} s in all"
    )


def failed(plan: Plan, played: Played, again: str) -> list[str]:
    """Returns the lines of a cycle that failed: what was seen, its plan, how it is played again."""
    findings = played.findings
    lines = [f"cycle {plan.number} of seed {plan.seed} FAILED"]
    lines += [f"  {finding.kind}: {finding.seen}" for finding in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        lines.append(f"  and {len(findings) - _SHOWN} more")
    lines += ["", played.summary, *(f"  {line}" for line in plan.lines())]
    return [*lines, "", *_repeats(plan, again)]


def _repeats(plan: Plan, again: str) -> list[str]:
    """Returns how to play it again, alone or after all that came before it."""
    return [
        "To play this cycle again and again until it fails:",
        f"  scripts/blackbox 600 --seed {plan.seed} --only {plan.number}{again}",
        "To play all cycles from the first:",
        f"  scripts/blackbox 3600 --seed {plan.seed}{again}",
        "The schedule is the same each time. The timing of processes is not.",
    ]


def costs(cycles: Sequence[Played], cores: float, seconds: float, total: int) -> list[str]:
    """Returns the last lines of a run without a finding."""
    if not cycles:
        return ["no cycle was played"]
    agreed = sorted(played.agreed for played in cycles)
    each = sum(played.seconds for played in cycles) / len(cycles)
    return [
        f"{len(cycles)} cycles in {seconds:.0f} s without a finding",
        f"{total} increments were acknowledged",
        f"agreed after {agreed[len(agreed) // 2]:.1f} s (median), {agreed[-1]:.1f} s at most",
        f"a cycle takes {each:.0f} s, and all together take {cores:.1f} of a core",
    ]
