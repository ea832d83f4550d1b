"""What is known of a node from what it told."""

from __future__ import annotations

from gossipd.monitor.known import MOVERS_KEPT, Known
from gossipd.monitor.news import Counted, Happened, Listed, Looked, Lost, Reached


def test_counters_move_only_after_they_were_listed() -> None:
    """The first values are no changes; a new counter and one that is gone are."""
    known = Known()
    known.take(Counted("early", 1), 0.0)
    known.take(Listed({"a": 5, "b": 3}), 1.0)
    assert {} == known.movers
    known.take(Counted("a", 5), 2.0)
    assert {} == known.movers
    for news in (Counted("a", 7), Counted("new", 4), Counted("b", None)):
        known.take(news, 2.0)
    assert {"a": 7, "new": 4, "b": 0} == {name: r.value for name, r in known.movers.items()}
    assert [2, 4, -3] == [rate.per_second(2.0) for rate in known.movers.values()]


def test_a_new_list_tells_what_moved_meanwhile() -> None:
    """Also what is gone; what has the same value as before did not move."""
    known = Known()
    known.take(Listed({"a": 5, "b": 3, "c": 1}), 0.0)
    known.take(Listed({"a": 6, "c": 1}), 9.0)
    assert {"a": 6, "b": 0} == {name: rate.value for name, rate in known.movers.items()}


def test_few_of_many_movers_are_kept() -> None:
    """Those that moved last."""
    known = Known()
    known.take(Listed({}), 0.0)
    for number in range(MOVERS_KEPT + 5):
        known.take(Counted(f"c{number}", 1), 1.0)
        known.take(Counted("c0", number + 2), 1.0)
    assert MOVERS_KEPT == len(known.movers)
    assert "c0" in known.movers
    assert "c1" not in known.movers


def test_a_node_that_began_anew_has_no_falling_totals() -> None:
    """Its numbers begin with 0."""
    known = Known()
    for value, now in ((100.0, 0.0), (110.0, 5.0), (3.0, 6.0), (5.0, 8.0)):
        known.take(Looked({}, [], {"writes": value}), now)
    assert 1 == known.rates["writes"].per_second(8.0)


def test_the_node_is_lost_until_all_is_answered_again() -> None:
    """The time is that of the first failure."""
    known = Known()
    known.take(Lost("state", "no answer"), 1.0)
    known.take(Lost("events", "ended"), 2.0)
    known.take(Lost("state", "refused"), 3.0)
    assert {"state": (1.0, "refused"), "events": (2.0, "ended")} == known.lost
    known.take(Reached("state"), 4.0)
    known.take(Reached("events"), 4.0)
    assert {} == known.lost


def test_events_are_kept() -> None:
    """In the order in which they came."""
    known = Known()
    known.take(Happened({"event": "a"}), 0.0)
    known.take(Happened({"event": "b"}), 0.0)
    assert ["a", "b"] == [each["event"] for each in known.events]
