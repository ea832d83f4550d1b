"""Members, over a node that only remembers what it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gossipd.daemon.doors.members import MemberRoutes
from gossipd.daemon.doors.problems import Failed
from gossipd.daemon.http import Request, Response
from gossipd.daemon.service import Keys
from gossipd.protocol import MemberDetails, MemberView
from gossipd.version import __version__
from tests.daemon.fake_service import NODE_ID, FakeService

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def service() -> FakeService:
    """A fresh node."""
    return FakeService()


def asked(service: FakeService, path: str, query: str = "") -> Any:
    """What a route answers."""
    routes = MemberRoutes(service, lambda: MOMENT).routes  # type: ignore[arg-type]
    [route] = [each for each in routes if each.path == path]
    response = route.handle(Request("GET", path, query, {}, b""), ())
    assert isinstance(response, Response)
    assert 200 == response.status
    return json.loads(response.body)


def test_members(service: FakeService) -> None:
    """What is not known is left out."""
    service.details = [
        MemberDetails(MemberView(NODE_ID, "alive", 7, 1, False), "", 90.5, None),
        MemberDetails(
            MemberView("127.0.0.2:1", "suspect", 5, 0, True),
            "127.0.0.3:1",
            1e15,
            0.00123456,
            "refused",
            "1.2.3",
            2,
        ),
    ]
    own = {"id": NODE_ID, "state": "alive", "since": "2026-01-31T11:58:29Z", "generation": 7}
    other = {"id": "127.0.0.2:1", "state": "suspect", "since": "before the year 1", "generation": 5}
    assert {
        "node_id": NODE_ID,
        "members": [
            {**own, "incarnation": 1, "removed": False, "version": __version__, "local_health": 3},
            {
                **other,
                "incarnation": 0,
                "removed": True,
                "accuser": "127.0.0.3:1",
                "evidence": "refused",
                "round_trip": 0.001235,
                "version": "1.2.3",
                "local_health": 2,
            },
        ],
    } == asked(service, "/v1/members")


def test_members_that_seal_have_the_id_of_their_key(service: FakeService) -> None:
    """Or `open`. One that was not heard yet has none."""
    members = {"a:1": "0af51bc3", "b:1": "open", "c:1": None}
    service.sealing = Keys("0af51bc3", ["0af51bc3"], True, 0, {**members})
    service.details = [
        MemberDetails(MemberView(each, "alive", 7, 1, False), "", 90.5, None) for each in members
    ]
    found = asked(service, "/v1/members")["members"]
    assert [*members.values()] == [each.get("key") for each in found]


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("", ["a:1", "b:1", "c:1"]),
        ("role=web", ["a:1", "b:1"]),
        ("zone=a,role=web", ["a:1"]),
        ("role=we", []),
        ("rack=1", []),
    ],
)
def test_members_with_tags(service: FakeService, tag: str, found: list[str]) -> None:
    """Only those that have all that are asked for; each is shown with all its own."""
    for member, tags in (("a:1", "role=web,zone=a"), ("b:1", "role=web"), ("c:1", "")):
        row = MemberView(member, "alive", 1, 0, False, tags)
        service.details.append(MemberDetails(row, "", 0.0, None))
    rows = asked(service, "/v1/members", f"tag={tag.replace('=', '%3D')}")["members"]
    assert found == [row["id"] for row in rows]
    shown = {"a:1": {"role": "web", "zone": "a"}, "b:1": {"role": "web"}, "c:1": None}
    assert [shown[member] for member in found] == [row.get("tags") for row in rows]


def test_a_wrong_tag_is_named(service: FakeService) -> None:
    """And nothing is listed."""
    with pytest.raises(Failed, match="Invalid request: tag: 'web' is no tag such as role=web"):
        asked(service, "/v1/members", "tag=web")
