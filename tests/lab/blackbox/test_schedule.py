"""The seed decides the schedule, and a schedule takes away no more than may be taken."""

from __future__ import annotations

from itertools import pairwise

from lab.blackbox.schedule import MACHINES, SPARE, Plan, draw

PLANS = [draw(7, number, clocks=11.0) for number in range(300)]


def test_the_same_seed_and_number_give_the_same_cycle() -> None:
    """Another one gives another."""
    assert draw(7, 3) == draw(7, 3)
    assert len({draw(7, 3), draw(7, 4), draw(8, 3)}) == 3


def test_clocks_change_nothing_else() -> None:
    """The same faults are there, and clocks besides."""
    for number in range(50):
        with_clocks = draw(7, number, clocks=11.0)
        others = tuple(fault for fault in with_clocks.faults if fault.kind != "clock")
        assert draw(7, number) == Plan(7, number, with_clocks.seconds, with_clocks.weathers, others)


def test_clocks_stay_within_reach() -> None:
    """In both directions."""
    steps = [fault.step for plan in PLANS for fault in plan.faults if fault.kind == "clock"]
    assert -11 * 3600 <= min(steps) < -10 * 3600
    assert 10 * 3600 < max(steps) <= 11 * 3600


def test_every_kind_and_shape_comes() -> None:
    """Within some hundreds of cycles."""
    kinds = {fault.kind for plan in PLANS for fault in plan.faults}
    assert kinds == {
        *("kill", "kill all", "terminate", "pause", "back up", "wipe", "set back", "clone"),
        "clock",
    }
    shapes = {weather.shape for plan in PLANS for _, weather in plan.weathers}
    assert shapes == {"whole", "split", "one way", "isolated", "deaf", "mute", "bridge"}


def test_one_directory_at_most_is_taken_away() -> None:
    """And a copy of a directory is made before it is used."""
    for plan in PLANS:
        taken = [fault for fault in plan.faults if fault.kind in ("wipe", "set back", "clone")]
        assert len(taken) <= 1
        assert plan.takes_directories == bool(taken)
        for fault in taken:
            made = [one for one in plan.faults if one.kind == "back up"]
            assert fault.kind == "wipe" or (made[0].machine, True) == (
                fault.machine,
                made[0].at <= fault.at,
            )


def test_a_machine_is_left_alone_until_a_fault_is_over() -> None:
    """Or the end of the one would undo the other."""
    for plan in PLANS:
        for machine in range(MACHINES):
            own = [
                fault
                for fault in plan.faults
                if fault.kind not in ("back up", "clock", "clone")
                and (fault.machine == machine or fault.kind == "kill all")
            ]
            assert all(one.at + one.hold <= other.at for one, other in pairwise(own))


def test_cuts_are_what_they_are_called() -> None:
    """A split separates two sides both ways; a deaf machine still sends."""
    for plan in PLANS:
        for _, weather in plan.weathers:
            cut = weather.cut
            both_ways = {(b, a) for a, b in cut} == cut
            assert (weather.shape == "whole") == (not cut)
            if weather.shape in ("split", "isolated", "bridge"):
                assert both_ways
            if weather.shape == "isolated":
                assert len(cut) == (MACHINES + 1) * MACHINES
            if weather.shape == "deaf":
                assert len({b for _, b in cut}) == 1
                assert len(cut) == SPARE
            if weather.shape == "bridge":
                assert len(cut) == 8


def test_a_plan_is_told_in_the_order_of_time() -> None:
    """With its seed and its number in the first line."""
    plan = next(plan for plan in PLANS if len(plan.faults) > 5 and len(plan.weathers) > 1)
    head, *lines = plan.lines()
    assert head == f"cycle {plan.number} of seed 7, {plan.seconds:g} s"
    assert len(lines) == len(plan.faults) + len(plan.weathers)
    assert lines == sorted(lines, key=lambda line: float(line.split()[0]))
