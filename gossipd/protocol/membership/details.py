"""What is known of members beside their rows, for people."""

from __future__ import annotations

import attrs

from .echoes import RoundTrips
from .table import MemberTable, MemberView


@attrs.frozen
class MemberDetails:
    """What is known of a member.

    Attributes:
        row: its row.
        accuser: the id of the node that got no answer from it, or declared it dead; empty if none
            did.
        seconds: for how long it has been in this state, as far as is known here.
        round_trip: the seconds in which it answers on average; None if that was not measured.
    """

    row: MemberView
    accuser: str
    seconds: float
    round_trip: float | None


def member_details(table: MemberTable, round_trips: RoundTrips, now: float) -> list[MemberDetails]:
    """Returns what is known of every member, sorted by id."""
    return [
        MemberDetails(
            view,
            table.rows[view.id].accuser,
            max(now - table.rows[view.id].since, 0.0),
            round_trips.mean(view.id),
        )
        for view in table.views()
    ]
