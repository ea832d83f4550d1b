"""Time, timers, effects and events that all parts share."""

from __future__ import annotations

from gossipd.protocol.effects import Notify
from gossipd.protocol.events import IdConflict, LeaveDone
from tests.protocol.parts import Parts


def test_an_event_that_packets_cause_comes_once_a_minute() -> None:
    """Further packets within the minute report nothing."""
    runtime = Parts().runtime
    for second in range(100):
        runtime.advance(float(second))
        runtime.notify_seldom("conflict", IdConflict("a", "b"))
    assert 2 == sum(isinstance(effect, Notify) for effect in runtime.take_effects())


def test_effects_are_taken_once_and_in_order() -> None:
    """What was taken is not handed to the driver again."""
    runtime = Parts().runtime
    effects = [Notify(LeaveDone(number, 9)) for number in range(3)]
    runtime.emit(effects[0])
    runtime.emit_all(effects[1:])
    assert effects == runtime.take_effects()
    assert [] == runtime.take_effects()


def test_a_pause_moves_every_timer() -> None:
    """A second late is a second more for everybody, a wake-up in time is none."""
    runtime = Parts().runtime
    runtime.after("one", 1.0, lambda: None)
    assert runtime.advance(1.0) is None
    assert 1.0 == runtime.advance(2.0)
    assert 2.0 == runtime.timers.next_deadline()
