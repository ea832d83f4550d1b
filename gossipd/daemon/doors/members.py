"""The route of members."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from gossipd.protocol import MemberDetails, tag_values
from gossipd.version import __version__

from ..config import parse_tags
from ..http import Response
from ..service import Service
from .problems import INVALID, Failed
from .routes import AnyRoute, Asked, Route, json_response


class MemberRow(msgspec.Struct, omit_defaults=True):
    """A member as this node knows it. What is not known is left out.

    Attributes:
        since: when its state began, as far as is known here.
        removed: whether this node was told to ignore it.
        accuser: the node that got no answer from it, or declared it dead.
        evidence: what that node has for it: `silence`, or `refused` if the machine of the member
            refused pings of several nodes.
        round_trip: in how many seconds it answers on average.
        version: of its gossipd, which it tells when two nodes meet.
        local_health: from 0 (healthy) upwards, as it told this node last.
        key: the id of the key that it seals gossip with; `open` if it does not.
        tags: what it says of its purpose, by name.
    """

    id: str
    state: str
    since: str
    generation: int
    incarnation: int
    removed: bool
    accuser: str | UnsetType = UNSET
    evidence: str | UnsetType = UNSET
    round_trip: float | UnsetType = UNSET
    version: str | UnsetType = UNSET
    local_health: int | UnsetType = UNSET
    key: str | UnsetType = UNSET
    tags: dict[str, str] | UnsetType = UNSET


class MembersParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which members are listed."""

    tag: Annotated[
        str, msgspec.Meta(description="Only those with this tag, or with all of a comma list.")
    ] = ""


class MembersAnswer(msgspec.Struct):
    """All members that a node knows, itself included, in order of id."""

    members: list[MemberRow]
    node_id: str


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class MemberRoutes:
    """The route of members."""

    def __init__(self, service: Service, wall_clock: Callable[[], datetime] = _wall_clock) -> None:
        """Takes the service, and what tells the time in UTC."""
        self._service = service
        self._wall_clock = wall_clock
        self.routes: list[AnyRoute] = [
            Route(
                "GET",
                "/v1/members",
                "Lists the members",
                role="read",
                query=MembersParameters,
                answer=self._members,
                result=MembersAnswer,
            ),
        ]

    def _members(self, asked: Asked[MembersParameters, None]) -> Response:
        service, now = self._service, self._wall_clock()
        try:
            wanted = tag_values(parse_tags([asked.query.tag])).items()
        except ValueError as error:
            raise Failed(INVALID, f"Invalid request: tag: {error}") from None
        keys, own = service.keys(), service.node_id
        sealing = {} if keys is None else keys.members
        rows = [
            _row(each, now, sealing.get(each.row.id))
            for each in service.members()
            if wanted <= tag_values(each.row.tags).items()
        ]
        for row in rows:
            if row.id == own:
                row.version, row.local_health = __version__, service.statistics().local_health
        return json_response(MembersAnswer(rows, own))


def _row(details: MemberDetails, now: datetime, key: str | None) -> MemberRow:
    row = details.row
    return MemberRow(
        id=row.id,
        state=row.state,
        since=_began(now, details.seconds),
        generation=row.generation,
        incarnation=row.incarnation,
        removed=row.removed,
        accuser=details.accuser or UNSET,
        evidence=details.evidence or UNSET,
        round_trip=UNSET if details.round_trip is None else round(details.round_trip, 6),
        version=details.program or UNSET,
        local_health=UNSET if details.health is None else details.health,
        key=key or UNSET,
        tags=tag_values(row.tags) or UNSET,
    )


def _began(now: datetime, seconds: float) -> str:
    """Returns the time so many seconds ago, in UTC; clocks and claims may show any year."""
    try:
        began = now - timedelta(seconds=seconds)
    except OverflowError:
        return "before the year 1"
    return began.strftime("%Y-%m-%dT%H:%M:%SZ")
