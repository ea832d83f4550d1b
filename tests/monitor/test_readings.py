"""What is asked of a node, over what it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gossipd.client import Door, Unfollowed
from gossipd.monitor.news import Counted, Happened, Listed, Looked, Lost, News, Reached
from gossipd.monitor.readings import Counters, Events, Looks, read_from, totals
from tests.monitor.fake_node import STATUS, FakeNode


@pytest.fixture
def node() -> Iterator[FakeNode]:
    made = FakeNode()
    with made.runs():
        yield made


def _read(reading: Any) -> None:
    with pytest.raises(Unfollowed):
        reading.read()


def test_totals_are_sums_over_labels() -> None:
    """What the view itself asks does not count."""
    page = """# HELP gossipd_answers_total Writes.
gossipd_answers_total{ack="all",met="yes"} 2.0
gossipd_answers_total{ack="one",met="no"} 3.0
gossipd_http_requests_total{route="/count",status="200"} 7.0
gossipd_http_requests_total{route="/metrics",status="200"} 100.0
gossipd_count{name="gossipd_answers_total 9"} 4.0
"""
    assert {"writes": 5.0, "requests": 7.0} == totals(page)


def test_a_look(node: FakeNode) -> None:
    """State, members and numbers; a node that does not answer ends it."""
    told: list[News] = []

    def tell(news: News) -> None:
        told.append(news)
        if isinstance(news, Reached):
            node.answers["/v1/status"] = ""
            soon.set()

    soon = threading.Event()
    with pytest.raises(ValueError, match="Expecting value"):
        Looks(Door(node.url), tell, soon).read()
    looked, reached = told
    assert isinstance(looked, Looked)
    assert (STATUS, {"writes": 1.0}) == (looked.status, looked.totals)
    assert Reached("state") == reached
    assert ["10.0.0.1:8088"] == [each["id"] for each in looked.members]


def test_events_go_on_after_the_last(node: FakeNode) -> None:
    """Each asks for a look at once."""
    told: list[News] = []
    soon = threading.Event()
    reading = Events(Door(node.url), told.append, soon)
    node.tell("/v1/events", event="member_dead")
    node.streams["/v1/events"].put(None)
    _read(reading)
    assert Happened({"event": "member_dead"}) in told
    assert soon.is_set()
    node.streams["/v1/events"].put(None)
    _read(reading)
    assert [("/v1/events", None), ("/v1/events", "r-3")] == node.asked


def test_counters_are_listed_once(node: FakeNode) -> None:
    """Then they change; after a failure it goes on with the change after the last."""
    told: list[News] = []
    reading = Counters(Door(node.url), told.append)
    node.tell("/v1/watch", known=False, name="a", value=0)
    node.streams["/v1/watch"].put(None)
    _read(reading)
    assert [Reached("counters"), Listed({"default": 7}), Counted("a", None)] == told
    told.clear()
    node.tell("/v1/watch", known=True, name="a", value=4)
    node.streams["/v1/watch"].put(None)
    _read(reading)
    assert [Reached("counters"), Counted("a", 4)] == told
    assert [("/v1/watch", None), ("/v1/watch", "r-3")] == node.asked


def test_another_process_lists_counters_anew(node: FakeNode) -> None:
    """It does not know the id."""
    told: list[News] = []
    reading = Counters(Door(node.url), told.append)
    node.streams["/v1/watch"].put(None)
    _read(reading)
    told.clear()
    node.streams = FakeNode("other").streams
    node.streams["/v1/watch"].put(None)
    _read(reading)
    assert [Reached("counters"), Listed({"default": 7})] == told


def test_a_node_that_is_not_there_is_lost() -> None:
    """Each of the threads says so."""
    lost: dict[str, str] = {}
    all_lost = threading.Event()

    def tell(news: News) -> None:
        if isinstance(news, Lost):
            lost[news.source] = news.reason
        if len(lost) == 3:
            all_lost.set()

    read_from(Door("http://127.0.0.1:1"), tell)
    assert all_lost.wait(20)
    assert {"state", "events", "counters"} == set(lost)
    assert all("refused" in reason for reason in lost.values())
