"""Members, over a node that only remembers what it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gossipd.daemon.doors.members import MemberRoutes
from gossipd.daemon.http import Request, Response
from gossipd.protocol import MemberDetails, MemberView
from gossipd.version import __version__
from tests.daemon.fake_service import NODE_ID, FakeService

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def service() -> FakeService:
    """A fresh node."""
    return FakeService()


def asked(service: FakeService, path: str) -> Any:
    """What a route answers."""
    routes = MemberRoutes(service, lambda: MOMENT).routes  # type: ignore[arg-type]
    [route] = [each for each in routes if each.path == path]
    response = route.handle(Request("GET", path, "", {}, b""), ())
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
        ),
    ]
    own = {"id": NODE_ID, "state": "alive", "since": "2026-01-31T11:58:29Z", "generation": 7}
    other = {"id": "127.0.0.2:1", "state": "suspect", "since": "before the year 1", "generation": 5}
    assert {
        "node_id": NODE_ID,
        "members": [
            {**own, "incarnation": 1, "removed": False, "version": __version__},
            {
                **other,
                "incarnation": 0,
                "removed": True,
                "accuser": "127.0.0.3:1",
                "evidence": "refused",
                "round_trip": 0.001235,
            },
        ],
    } == asked(service, "/v1/members")
