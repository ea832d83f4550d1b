"""Log lines of events: one JSON line each, with names that programs can rely on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
import structlog

from gossipd.daemon.event_log import log_event
from gossipd.daemon.log import configure
from gossipd.protocol import events

Lines = Callable[[], list[dict[str, Any]]]

# Programs read these: a name that changes here breaks them.
STABLE: list[tuple[events.Event, str, str, dict[str, Any]]] = [
    (
        events.ContentDiffers("ab", "b:2"),
        "content_differs",
        "error",
        {"owner": "ab", "source": "b:2"},
    ),
    (
        events.ClockDiffers("b:2", 1_700_000_000_000, 32_503_680_000_000),
        "clock_differs",
        "warning",
        {"member": "b:2", "ours": "2023-11-14T22:13:20Z", "theirs": "3000-01-01T00:00:00Z"},
    ),
    (
        events.ClockDiffers("b:2", 0, 2**53),
        "clock_differs",
        "warning",
        {"member": "b:2", "ours": "1970-01-01T00:00:00Z", "theirs": "after the year 9999"},
    ),
    (
        events.ClusterFound("prod", "b:2"),
        "cluster_found",
        "info",
        {"cluster": "prod", "member": "b:2"},
    ),
    (
        events.IdChanged("a:1", "b:2"),
        "id_changed",
        "warning",
        {"node_id": "a:1", "previous": "b:2"},
    ),
    (
        events.MemberJoined("a:1", 5, None),
        "member_joined",
        "info",
        {"member": "a:1", "generation": 5},
    ),
    (
        events.MemberJoined("a:1", 5, 4),
        "member_joined",
        "info",
        {"member": "a:1", "generation": 5, "previous": 4},
    ),
    (
        events.MemberSuspect("a:1", "b:2"),
        "member_suspect",
        "warning",
        {"member": "a:1", "accuser": "b:2", "evidence": "silence"},
    ),
    (
        events.MemberRecovered("a:1", "dead"),
        "member_recovered",
        "info",
        {"member": "a:1", "was": "dead"},
    ),
    (
        events.MemberDead("a:1", "b:2", "refused"),
        "member_dead",
        "warning",
        {"member": "a:1", "accuser": "b:2", "evidence": "refused"},
    ),
    (events.MemberLeft("a:1"), "member_left", "info", {"member": "a:1"}),
    (events.MemberForgotten("a:1"), "member_forgotten", "info", {"member": "a:1"}),
    (
        events.MemberTags("a:1", "role=web"),
        "member_tags",
        "info",
        {"member": "a:1", "tags": "role=web"},
    ),
    (
        events.SettingsDiffer("a:1", "profile=lan", "profile=wan"),
        "settings_differ",
        "warning",
        {
            "member": "a:1",
            "ours": "profile=lan",
            "theirs": "profile=wan",
            "advice": "start all nodes with the same --profile and --forget-after",
        },
    ),
    (
        events.Refuted(3, "suspect"),
        "refuted",
        "warning",
        {"incarnation": 3, "claimed": "suspect"},
    ),
    (
        events.RegisteredPeerSilent("a:1"),
        "registered_peer_silent",
        "warning",
        {"name": "a:1"},
    ),
    (
        events.IdConflict("a:1", "10.0.0.1:9"),
        "id_conflict",
        "error",
        {
            "member": "a:1",
            "source": "10.0.0.1:9",
            "advice": "two processes use one id: stop one, or give each an address of its own with"
            " --advertise",
        },
    ),
    (
        events.SeedNotJoined("10.0.0.1:9", "no answer from 10.0.0.1:9"),
        "seed_not_joined",
        "warning",
        {"seed": "10.0.0.1:9", "reason": "no answer from 10.0.0.1:9"},
    ),
    (
        events.ForeignDatagram("10.0.0.1:9", "cluster 'x'", "cluster 'y'"),
        "foreign_datagram",
        "warning",
        {"source": "10.0.0.1:9", "ours": "cluster 'x'", "theirs": "cluster 'y'"},
    ),
    (
        events.OtherCluster("10.0.0.1:9", "0000002a", "0000002b", "do this"),
        "other_cluster",
        "warning",
        {"source": "10.0.0.1:9", "ours": "0000002a", "theirs": "0000002b", "mend": "do this"},
    ),
    (
        events.ClustersMerged("10.0.0.1:9", "0000002a", "0000002b", 5, 7),
        "clusters_merged",
        "warning",
        {
            "source": "10.0.0.1:9",
            "ours": "0000002a",
            "theirs": "0000002b",
            "our_count": 5,
            "their_count": 7,
        },
    ),
    (
        events.AddressSilent("b:2", "10.0.0.1:9", "why"),
        "address_silent",
        "warning",
        {"member": "b:2", "source": "10.0.0.1:9", "reason": "why"},
    ),
    (
        events.OwnAddressSilent("b:2", "10.0.0.1:9", "why"),
        "own_address_silent",
        "warning",
        {"member": "b:2", "source": "10.0.0.1:9", "reason": "why"},
    ),
    (
        events.MuchBrought("b:2", "owners"),
        "much_brought",
        "warning",
        {"member": "b:2", "kind": "owners"},
    ),
    (
        events.OwnerRetired("ab", 1, 2),
        "owner_retired",
        "error",
        {"owner": "ab", "held": 1, "reported": 2},
    ),
    (events.OwnerRenewed("ab"), "owner_renewed", "warning", {"owner": "ab"}),
    (events.Paused(1.23456), "paused", "warning", {"seconds": 1.235}),
    (events.LeaveDone(2, 3, 1), "left", "info", {"told": 2, "asked": 3, "holders": 1}),
]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Returns what was logged as JSON so far."""
    stream = io.StringIO()
    configure("json", "debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


def test_every_event_is_here() -> None:
    """Each class of `Event` has its names in this file's table."""
    assert set(get_args(events.Event)) == {type(event) for event, *_ in STABLE}


@pytest.mark.parametrize(("event", "name", "level", "fields"), STABLE)
def test_an_event_is_one_line(
    event: events.Event, name: str, level: str, fields: dict[str, Any], lines: Lines
) -> None:
    """It has the event's name, its fields, its level and a time, in this order."""
    log_event(event)
    (line,) = lines()
    assert ["event", *fields, "level", "timestamp"] == list(line)
    assert fields | {"event": name, "level": level} == {
        key: value for key, value in line.items() if key != "timestamp"
    }
