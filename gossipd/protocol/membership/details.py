"""What is known of members beside their rows, for people."""

from __future__ import annotations

import attrs

from ..wire import evidence_name
from .echoes import RoundTrips
from .table import Member, MemberTable, MemberView


@attrs.frozen
class MemberDetails:
    """What is known of a member.

    Attributes:
        row: its row.
        accuser: the id of the node that got no answer from it, or declared it dead; empty if none
            did.
        seconds: for how long it has been in this state, as far as is known here.
        round_trip: the seconds in which it answers on average; None if that was not measured.
        evidence: what the accuser has for it, `silence` or `refused`; empty if nobody accuses it.
        program: the version of its program, empty if it has not told this node.
        health: the local health score that it told this node last, None if it has not.
    """

    row: MemberView
    accuser: str
    seconds: float
    round_trip: float | None
    evidence: str = ""
    program: str = ""
    health: int | None = None


def member_details(table: MemberTable, round_trips: RoundTrips, now: float) -> list[MemberDetails]:
    """Returns what is known of every member, sorted by id."""
    return [_details(table.rows[view.id], view, round_trips, now) for view in table.views()]


def _details(row: Member, view: MemberView, round_trips: RoundTrips, now: float) -> MemberDetails:
    return MemberDetails(
        view,
        row.accuser,
        max(now - row.since, 0.0),
        round_trips.mean(view.id),
        evidence_name(row.evidence) if row.accuser else "",
        row.program,
        round_trips.health(view.id),
    )
