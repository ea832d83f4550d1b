"""Watches of counters whose values a test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise

import pytest
import trio
import trio.testing

from gossipd.daemon.watch import WINDOW_SECONDS, Change, Recent, Watch
from gossipd.protocol import DEFAULT, Bounded, Increment
from tests.daemon.counting import Node
from tests.protocol.conversation import WALL_MS, make_node, writes_of

Clock = trio.testing.MockClock
FAR = "nobody-0"


@pytest.fixture
def node() -> Node:
    """A node that has counted nothing."""
    return Node()


@asynccontextmanager
async def running(node: Node) -> AsyncIterator[None]:
    """Tells watches of changes for the length of the block."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.watches.run)
        yield
        nursery.cancel_scope.cancel()


def told(watch: Watch) -> list[tuple[str, int]]:
    """What a watch takes, by name and value."""
    return [(change.name, change.value) for change in watch.take()]


async def test_a_watch_begins_with_the_present_value(node: Node) -> None:
    """Whether anybody has counted or not."""
    watch = node.watches.watch(name="views")
    assert [Change("views", 0, False)] == watch.take()
    assert [] == watch.take()
    node.set("views", 3)
    assert [Change("views", 3, True)] == node.watches.watch(name="views").take()


async def test_changes_in_a_window_become_one(node: Node, autojump_clock: Clock) -> None:
    """The watch is told within it, of the newest value; and not of other counters."""
    watch, calls = node.watches.watch(name="views"), []
    watch.take()
    watch.on_news(lambda: calls.append((trio.current_time(), told(watch))))
    async with running(node):
        await trio.sleep(1.001)
        for number in range(1, 40):
            node.set("views", number)
            node.set("others", number)
            await trio.sleep(0.001)
        await trio.sleep(1)
        node.set("others", 100)
        await trio.sleep(1)
    assert [[("views", 39)]] == [changes for _, changes in calls]
    assert calls[0][0] <= 1.001 + 0.04 + WINDOW_SECONDS


async def test_a_value_that_is_the_same_again_is_no_change(node: Node) -> None:
    """Whatever happened in between."""
    watch = node.watches.watch(name="views")
    node.set("views", 3)
    assert told(node.watches.watch(name="views")) == told(watch) == [("views", 3)]
    node.set("views", 4)
    node.set("views", 3)
    node.watches.watch(name="views")
    assert [] == watch.take()


async def test_a_prefix_begins_with_all_values(node: Node, autojump_clock: Clock) -> None:
    """In order of name, and then goes on with changes in their order."""
    for name in ("jobs:b", "jobs:a", "other", "jobs:c"):
        node.set(name, 1)
    watch = node.watches.watch(prefix="jobs:")
    assert ["jobs:a", "jobs:b"] == [change.name for change in watch.take(2)]
    assert "" == watch.position
    async with running(node):
        node.set("jobs:a", 2)
        await trio.sleep(1)
        assert ["jobs:c"] == [change.name for change in watch.take(2)]
        assert [("jobs:a", 2)] == told(watch)
        node.set("jobs:c", 5)
        node.set("jobs:b", 5)
        node.set("jobs:c", 6)
        node.set("other", 6)
        await watch.news()
        await trio.sleep(1)
        assert [("jobs:b", 5), ("jobs:c", 6)] == told(watch)
        assert [] == watch.take()


async def test_default_is_watched_like_others(node: Node) -> None:
    """Alone and among all."""
    node.set(DEFAULT, 7)
    assert [(DEFAULT, 7)] == told(node.watches.watch(name=DEFAULT))
    assert [(DEFAULT, 7)] == told(node.watches.watch(prefix=""))


@pytest.mark.parametrize("which", [{"name": "a"}, {"prefix": "a"}])
async def test_a_watch_goes_on_where_another_ended(node: Node, which: dict[str, str]) -> None:
    """With what changed in between and nothing else."""
    node.set("a", 1)
    first = node.watches.watch(**which)
    first.take()
    position = first.position
    first.close()
    assert [] == told(node.watches.watch(**which, since=position))
    node.set("a", 2)
    node.set("b", 2)
    again = node.watches.watch(**which, since=position)
    assert [("a", 2)] == told(again)
    assert again.position > position


@pytest.mark.parametrize("since", ["", "x", FAR, "-", "-1", "RUN-", "RUN-x", "RUN-99", "RUN-²"])
@pytest.mark.parametrize("which", [{"name": "a"}, {"prefix": "a"}])
async def test_positions_of_others(node: Node, which: dict[str, str], since: str) -> None:
    """Of another process, of the future, and texts that are none: it begins with all values."""
    node.set("a", 1)
    first = node.watches.watch(prefix="")
    first.take()
    run = first.position.partition("-")[0]
    watch = node.watches.watch(**which, since=since.replace("RUN", run))
    assert [("a", 1)] == told(watch)


def test_an_expiry_is_a_change(node: Node) -> None:
    """Also where the clock of the node is ahead of the one by which values are shown."""
    wall = 0.0
    made = make_node(1)
    values = made.values(lambda: WALL_MS + round(1000 * wall))
    recent = Recent(lambda: values)
    recent.look()
    [write] = writes_of(
        made.increments([Increment((Bounded("a", 5, 2000, None, ""),), "local", 1)], 0.0)
    )
    made.persisted(write, 0.0)
    assert (["a"], (5, True)) == (recent.look(), recent.now("a")[1:])
    wall = 1.99
    made.handle_timeout(2.5)
    assert [] == recent.look()
    wall = 2.01
    assert (["a"], (0, False)) == (recent.look(), recent.now("a")[1:])


def test_what_is_kept_is_bounded(node: Node) -> None:
    """The newest changes are; a position before them is no longer one."""
    recent = Recent(lambda: node.values, kept=3)
    recent.look()
    position = f"{recent.run}-0"
    assert 0 == recent.position(position)
    for number in range(5):
        node.set(f"{number}", 1)
    assert 5 == len(recent.look())
    assert recent.position(position) is None
    assert [f"{number}" for number in (2, 3, 4)] == [
        change.name for change in recent.since(2, "", 9)[0]
    ]
    assert (["2", "3"], 4) == (
        [c.name for c in recent.since(2, "", 2)[0]],
        recent.since(2, "", 2)[1],
    )


def test_a_watch_that_is_too_far_behind_begins_anew(node: Node) -> None:
    """It misses no value, but may be told one twice. One that was told all is not behind."""
    recent = Recent(lambda: node.values, kept=3)
    recent.look()
    node.set("a1", 1)
    slow, quick = (Watch(recent, lambda _: None, prefix="a") for _ in range(2))
    assert [("a1", 1)] == told(slow) == told(quick)
    assert [] == quick.take()
    node.set("a2", 1)
    for number in range(3):
        node.set(f"b{number}", 1)
    recent.look()
    quick.tell(recent.number)
    slow.tell(0)
    assert [("a1", 1), ("a2", 1)] == told(slow)
    assert [] == told(quick)


async def test_a_watch_that_begins_takes_no_news_from_others(
    node: Node, autojump_clock: Clock
) -> None:
    """It begins with a value of which the others are yet to be told."""
    watch = node.watches.watch(name="a")
    watch.take()
    async with running(node):
        await trio.sleep(1)
        node.set("a", 1)
        node.watches.watch(name="a")
        node.watches.watch(name="b")
        with trio.fail_after(1):
            await watch.news()
        assert [("a", 1)] == told(watch)


@pytest.mark.parametrize("which", [{"name": "a1"}, {"prefix": "a"}])
async def test_what_is_there_can_be_left_out(
    node: Node, autojump_clock: Clock, which: dict[str, str]
) -> None:
    """Also while the watch is yet to be told of it; changes after that are taken."""
    node.set("a1", 1)
    watch = node.watches.watch(**which)
    async with running(node):
        watch.skip()
        assert [] == watch.take()
        node.set("a1", 2)
        await trio.sleep(1)
        assert [("a1", 2)] == told(watch)
        node.set("a1", 3)
        await trio.sleep(1)
        watch.skip()
        assert [] == watch.take()


async def test_each_prefix_is_told_of_its_own_names(node: Node, autojump_clock: Clock) -> None:
    """Whatever stands before and behind them in the order of names."""
    prefixes = ["", "a", "a:", "a:b", "ab", "b", "c", "a:bc"]
    watches = {prefix: node.watches.watch(prefix=prefix) for prefix in prefixes}
    called: list[str] = []
    for prefix, watch in watches.items():
        watch.on_news(partial(called.append, prefix))
    async with running(node):
        await trio.sleep(1)
        for name in "a:b", "a", "bb", "ab":
            node.set(name, 1)
        await trio.sleep(1)
    assert sorted(["", "a", "a:", "a:b", "ab", "b"]) == sorted(called)


async def test_closed_watches_are_told_nothing(node: Node, autojump_clock: Clock) -> None:
    """And when nobody watches, nobody asks the node."""
    watch = node.watches.watch(name="a")
    others = [node.watches.watch(prefix="a"), node.watches.watch(name="a")]
    called = []
    watch.on_news(lambda: called.append(1))
    async with running(node):
        for each in (watch, watch, *others):
            each.close()
        await trio.sleep(1)
        node.set("a", 1)
        await trio.sleep(1)
        assert ["a"] == node.values.take_changed()
    assert [] == called


async def test_work_is_a_tenth_at_most(node: Node, autojump_clock: Clock) -> None:
    """After a round that took long, the next changes wait for nine times as long."""
    watch, times = node.watches.watch(name="a"), []
    watch.on_news(lambda: times.append(trio.current_time()))
    node.worked = 0.5
    async with running(node):
        for number in range(100):
            node.set("a", number)
            await trio.sleep(0.3)
    assert 3 <= len(times) <= 6
    assert all(after - before >= 4.5 for before, after in pairwise(times))
