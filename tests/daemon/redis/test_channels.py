"""The channels of keyspace notifications: which there are, and what each says of a change."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gossipd.daemon.redis.channels import Channel, Channels
from gossipd.daemon.redis.errors import Failed
from gossipd.daemon.service import Service
from gossipd.daemon.watch import Change

CHANGED, GONE = Change("views", 5, True), Change("views", 0, False)


class Asked:
    """Tells what it was asked to watch."""

    def watch(self, name: str) -> str:
        return f"name {name}"

    def watch_prefix(self, prefix: str) -> str:
        return f"prefix {prefix}"


def watched(wanted: Channel | Channels) -> Any:
    """What is watched for it."""
    return wanted.watch(cast("Service", Asked()))


def test_the_channel_of_a_name() -> None:
    """Its messages say what happened."""
    channel = Channel(b"__keyspace@0__:views")
    assert "name views" == watched(channel)
    assert [("message", "__keyspace@0__:views", "incrby")] == [*channel.messages(CHANGED)]
    assert [("message", "__keyspace@0__:views", "del")] == [*channel.messages(GONE)]


def test_the_channel_of_an_event() -> None:
    """Its messages are names."""
    channel = Channel(b"__keyevent@0__:del")
    assert "prefix " == watched(channel)
    assert [] == [*channel.messages(CHANGED)]
    assert [("message", "__keyevent@0__:del", "views")] == [*channel.messages(GONE)]
    channel = Channel(b"__keyevent@0__:incrby")
    assert [("message", "__keyevent@0__:incrby", "views")] == [*channel.messages(CHANGED)]


@pytest.mark.parametrize(
    ("pattern", "prefix", "channels"),
    [
        ("__keyspace@0__:views", "views", "S"),
        ("__keyspace@0__:v*", "v", "S"),
        ("__keyspace@0__:*s", "", "S"),
        ("__keyspace@*__:views", "", "S"),
        ("__keyspace@0__:x*", "x", ""),
        ("__keyevent@0__:*", "", "E"),
        ("__keyevent@0__:d*", "", ""),
        ("__key*__:*", "", "SE"),
        ("*", "", "SE"),
        ("*:views", "", "S"),
    ],
)
def test_patterns(pattern: str, prefix: str, channels: str) -> None:
    """Only names are watched that can match; each channel that matches has a message."""
    matching = Channels(pattern.encode())
    assert f"prefix {prefix}" == watched(matching)
    messages = {
        "S": ("pmessage", pattern.encode(), "__keyspace@0__:views", "incrby"),
        "E": ("pmessage", pattern.encode(), "__keyevent@0__:incrby", "views"),
    }
    assert [messages[one] for one in channels] == [*matching.messages(CHANGED)]


@pytest.mark.parametrize(
    "text", [b"news", b"", b"__keyspace@1__:a", b"__keyevent@0__:expired", b"__keyevent@0__:\xff"]
)
def test_no_channels(text: bytes) -> None:
    """Nothing would ever come of them, and the error says so."""
    with pytest.raises(Failed, match="ERR there are the channels __keyspace@0__:NAME, "):
        Channel(text)


@pytest.mark.parametrize("text", [b"news*", b"__keyspace@1*", b"_key*"])
def test_patterns_that_no_channel_matches(text: bytes) -> None:
    """They begin as none of them does."""
    with pytest.raises(Failed, match="ERR there are the channels"):
        Channels(text)


@pytest.mark.parametrize("name", [b"", b"\xff", b"n" * 129, b"a\x01"])
def test_the_channel_of_what_is_no_name(name: bytes) -> None:
    """No counter can have it."""
    with pytest.raises(Failed, match=r"ERR (key|name): must"):
        Channel(b"__keyspace@0__:" + name)
