"""How a node is, over one that only remembers what it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.doors.status import StatusRoutes
from gossipd.daemon.http import Request, Response
from gossipd.daemon.standing import Standing
from gossipd.protocol import MemberDetails, MemberView, SeedView, SettingsDiffer
from gossipd.version import __version__
from tests.daemon.fake_service import NODE_ID, FakeService


@attrs.define
class FakeStore:
    """A store that was written at noon."""

    path: Path
    written: float | None = 1769860800.0
    bytes: int = 7
    commits: int = 1
    writes: int = 1
    shortfall: str | None = None


def status(service: FakeService, standing: Standing | None = None) -> Any:
    """What is answered."""
    standing = Standing(DaemonConfig(), "127.0.0.1") if standing is None else standing
    [route] = StatusRoutes(service, standing).routes  # type: ignore[arg-type]
    response = route.handle(Request("GET", route.path, "", {}, b""), ())
    assert isinstance(response, Response)
    assert 200 == response.status
    return json.loads(response.body)


def test_status(tmp_path: Path) -> None:
    """In words and in numbers, with the doors, the store and what is wrong."""
    service = FakeService()
    service.joined = (
        SeedView("node1:8088", "unresolved", "the name has no address"),
        SeedView("node2:8088", "member", ""),
    )
    store = FakeStore(tmp_path / "gossipd.db")
    door = ("127.0.0.1", 80)
    assert {
        "cluster": "",
        "counters": 0,
        "doors": [
            {
                "place": "127.0.0.1:80",
                "protocol": "http",
                "exposed": False,
                "tls": False,
                "client_certificates": False,
                "tokens": False,
            }
        ],
        "generation": 7,
        "gossip": "open",
        "listening": NODE_ID,
        "local_health": 3,
        "members": {"alive": 2, "suspect": 1},
        "node_id": NODE_ID,
        "ready": True,
        "reason": None,
        "seeds": [
            {"name": "node1:8088", "state": "unresolved", "reason": "the name has no address"},
            {"name": "node2:8088", "state": "member", "reason": ""},
        ],
        "store": {
            "path": str(tmp_path / "gossipd.db"),
            "bytes": 7,
            "last_write": "2026-01-31T12:00:00Z",
            "failure": None,
        },
        "summary": f"{NODE_ID} takes writes; members: 2 alive, 1 suspect",
        "tags": {},
        "version": __version__,
        "warnings": [
            "this node is slow to act or answer: 3 (0 is good)",
            "--join node1:8088 is no member: the name has no address",
        ],
    } == status(service, Standing(DaemonConfig(), "127.0.0.1", [door], store=store))


def test_a_node_that_takes_no_writes() -> None:
    """It is answered all the same, with the reason."""
    service = FakeService()
    service.reason = "the disk is full"
    found = status(service)
    assert (False, "the disk is full", None) == (found["ready"], found["reason"], found["store"])
    assert "takes no writes: the disk is full" in found["summary"]
    assert "no write is taken: the disk is full" in found["warnings"]


def test_members_in_trouble_are_warned_of() -> None:
    """The first ones by name."""
    service = FakeService()
    service.details = [
        MemberDetails(MemberView(f"10.0.0.{number}:1", "dead", 1, 0, False), "", 1.0, None)
        for number in range(7)
    ]
    [warning] = [each for each in status(service)["warnings"] if "10.0.0" in each]
    assert warning.endswith("10.0.0.4:1 and 2 more: dead; see gossipd members")


def test_tags_and_members_with_other_settings_are_told() -> None:
    """The node's own tags by name; a line for each such member."""
    service = FakeService()
    row = MemberView(NODE_ID, "alive", 7, 1, False, "role=web,zone=a")
    service.details = [MemberDetails(row, "", 90.5, None)]
    service.differing = (SettingsDiffer("127.0.0.2:1", "profile=lan", "profile=wan"),)
    found = status(service)
    assert {"role": "web", "zone": "a"} == found["tags"]
    assert "127.0.0.2:1 has profile=wan, and this node profile=lan" in found["warnings"]
