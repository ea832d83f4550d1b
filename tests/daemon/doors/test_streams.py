"""What goes on as server-sent events, read as the HTML standard says."""

from __future__ import annotations

from typing import Any

import pytest

from gossipd.daemon.doors.streams import EventStream, WatchStream, last_id, streamed
from gossipd.daemon.member_events import KEPT, MemberEvents
from gossipd.protocol import MemberDead
from tests.daemon.counting import Node
from tests.daemon.doors.browser import Browser


@pytest.fixture
def node() -> Node:
    """A node that has counted nothing."""
    return Node()


def watch(node: Node, since: str = "", **which: str) -> WatchStream:
    """A stream that has begun."""
    stream = WatchStream(lambda: node.watches.watch(**which, since=since))
    stream.start(lambda: None)
    return stream


def rest(stream: WatchStream, browser: Browser) -> list[Any]:
    """All that a stream has for a browser."""
    told = []
    while part := stream.take():
        told += browser.read(part)
    return told


def test_a_value_is_an_event_with_an_id(node: Node) -> None:
    """The first has the time to wait before coming again; the browser goes on with the last."""
    browser, stream = Browser(), watch(node, name="vïews")
    told = rest(stream, browser)
    assert ([{"known": False, "name": "vïews", "value": 0}], 1000) == (told, browser.retry)
    node.set("vïews", 5)
    node.watches.watch(name="x")
    assert [{"known": True, "name": "vïews", "value": 5}] == rest(stream, browser)
    assert [] == rest(watch(node, browser.last_id, name="vïews"), Browser())
    node.set("vïews", 6)
    again = watch(node, browser.last_id, name="vïews")
    assert [6] == [each["value"] for each in rest(again, browser)]


def test_many_values_have_an_id_at_their_end(node: Node) -> None:
    """A browser that lost the stream before it gets all of them again."""
    names = [f"{number:04}" for number in range(450)]
    for name in names:
        node.set(name, 1)
    browser, stream = Browser(), watch(node, prefix="")
    first = browser.read(stream.take())
    assert (200, "") == (len(first), browser.last_id)
    assert [*names, "default"] == [each["name"] for each in first + rest(stream, browser)]
    assert browser.last_id
    assert [] == rest(watch(node, browser.last_id, prefix=""), Browser())


def test_without_any_value_there_is_an_id(node: Node) -> None:
    """With which a browser comes again."""
    browser = Browser()
    assert [] == rest(watch(node, prefix="a"), browser)
    node.set("a", 1)
    assert 1 == len(rest(watch(node, browser.last_id, prefix="a"), browser))


def test_whoever_stops_is_told_nothing(node: Node) -> None:
    """Its watch is closed."""
    opened = node.watches.watch(name="a")
    stream = WatchStream(lambda: opened)
    stream.start(lambda: None)
    stream.stop()
    assert opened.closed


def test_what_happens_to_members() -> None:
    """Has ids as well; what is lost is told."""
    events, browser = MemberEvents(), Browser()
    stream = EventStream(lambda: events.read(browser.last_id))
    stream.start(lambda: None)
    assert [] == browser.read(stream.take())
    assert b"" == stream.take()
    events(MemberDead("10.0.0.2:1", "10.0.0.1:1"))
    [told] = browser.read(stream.take())
    assert ("member_dead", "10.0.0.2:1") == (told["event"], told["member"])
    stream.stop()
    for number in range(KEPT + 2):
        events(MemberDead(f"10.0.0.2:{number}", "10.0.0.1:1"))
    again = EventStream(lambda: events.read(browser.last_id))
    again.start(lambda: None)
    told = browser.read(again.take())
    assert ({"event": "events_lost", "lost": 2}, KEPT + 1) == (told[0], len(told))


def test_a_beat_is_no_event(node: Node) -> None:
    """It is a comment."""
    assert [] == Browser().read(watch(node, name="a").beat)


def test_a_response_of_events_is_kept_by_nobody(node: Node) -> None:
    """Neither in a cache nor in the buffer of a proxy."""
    response = streamed(WatchStream(lambda: node.watches.watch(name="a")))
    assert "text/event-stream" == response.content_type
    assert ("Cache-Control", "no-store") in response.headers


def test_last_id() -> None:
    """Whatever a client sends is a text."""
    assert ("", "a-1", "ÿ") == (
        *(last_id(headers) for headers in ({}, {b"last-event-id": b"a-1"})),
        last_id({b"last-event-id": b"\xff"}),
    )
