"""The timer queue against a plain list of deadlines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.timers import TimerQueue

KEYS = st.sampled_from("abcde")
TIMES = st.integers(0, 12).map(float)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, TIMES),
        st.tuples(st.just("cancel"), KEYS, TIMES),
        st.tuples(st.just("extend"), KEYS, TIMES),
        st.tuples(st.just("fire"), KEYS, TIMES),
    ),
    max_size=40,
)


class Model:
    """A timer queue that is a plain list of deadlines, searched from end to end."""

    def __init__(self) -> None:
        self.timers: list[tuple[str, float, int]] = []
        self.fired: list[int] = []

    def cancel(self, key: str) -> None:
        """Removes the deadline of `key`."""
        self.timers = [timer for timer in self.timers if timer[0] != key]

    def set(self, key: str, deadline: float, number: int) -> None:
        """Sets the only deadline of `key`."""
        self.cancel(key)
        self.timers.append((key, deadline, number))

    def extend(self, seconds: float) -> None:
        """Makes every deadline later by `seconds`."""
        self.timers = [(key, at + seconds, number) for key, at, number in self.timers]

    def next(self) -> float | None:
        """Returns the earliest deadline."""
        return min((at for _, at, _ in self.timers), default=None)

    def fire(self, now: float) -> None:
        """Fires the timers that are due, by deadline and then by insertion."""
        due = sorted((at, number) for _, at, number in self.timers if at <= now)
        self.fired += [number for _, number in due]
        self.timers = [timer for timer in self.timers if timer[1] > now]


@given(STEPS)
def test_the_queue_does_what_a_list_does(steps: list[tuple[str, str, float]]) -> None:
    """Any sequence of set, cancel, extend and fire has the same effect as on a plain list."""
    queue, model = TimerQueue(), Model()
    fired: list[int] = []
    for number, (what, key, time) in enumerate(steps):
        if what == "set":
            queue.set(key, time, lambda number=number: fired.append(number))  # type: ignore[misc]
            model.set(key, time, number)
        elif what == "cancel":
            queue.cancel(key)
            model.cancel(key)
        elif what == "extend":
            queue.extend(time)
            model.extend(time)
        else:
            while (action := queue.pop_due(time)) is not None:
                action()
            model.fire(time)
        assert (model.fired, model.next(), len(model.timers)) == (
            fired,
            queue.next_deadline(),
            len(queue),
        )


def test_ties_fire_in_the_order_of_setting() -> None:
    """Timers of one deadline fire as they were set, one that was set again last."""
    queue = TimerQueue()
    fired: list[str] = []
    for key in "cabc":
        queue.set(key, 1.0, lambda key=key: fired.append(key))  # type: ignore[misc]
    while (action := queue.pop_due(1.0)) is not None:
        action()
    assert ["a", "b", "c"] == fired


def test_nothing_is_due_early() -> None:
    """A timer is not due before its deadline."""
    queue = TimerQueue()
    queue.set("a", 1.0, lambda: None)
    assert queue.pop_due(0.999) is None


def test_a_timer_set_after_an_extension_is_not_extended() -> None:
    """An extension makes only those timers later that are set by then."""
    queue = TimerQueue()
    queue.extend(5.0)
    queue.set("a", 1.0, lambda: None)
    assert 1.0 == queue.next_deadline()


def test_a_key_is_contained_while_it_is_set() -> None:
    """`in` tells whether a key has a deadline."""
    queue = TimerQueue()
    queue.set("a", 1.0, lambda: None)
    queue.set("b", 1.0, lambda: None)
    queue.cancel("b")
    assert ["a"] == [key for key in "ab" if key in queue]
