"""Says which seeds have led to a member, and why the others have not.

A node that is alone although it has seeds must say why, or a wrong address, a wrong cluster's name
and a firewall all look the same: like nothing. So a node that has had no member for some seconds
reports each seed with its reason. A seed of another cluster or wire version is reported in any
case, since that is a mistake and will not pass. One that is only silent may be down for a while,
and is not worth a line as long as the node has members. One that does not answer at the address
that it advertises, or gets no answer at this node's, is reported as soon as that is clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..address import Address, format_node_id
from ..events import SeedNotJoined
from ..part import Part
from ..runtime import Runtime
from ..statistics import SeedView
from .contacts import Contact, Contacts
from .table import MemberTable

_ALONE = 5.0
"""Seconds without a member after which the reasons are reported."""

_AGAIN = 600.0
"""Seconds until the same reason of a seed is reported again."""

_LOOK = 5.0
_LOOK_ALONE = 1.0
"""Seconds between two looks at the seeds, while there are members and while there are none."""

_REFUSALS = 1024
"""Addresses of another cluster or version, remembered at most."""

_LASTING = ("foreign", "refused")
"""States that are mistakes, and are reported though the node has members."""

_SHOWN = 3
"""Addresses of one seed that are shown."""

_ROUNDING = 1e-6


class SeedWatch(Part):
    """Looks at the seeds now and then, and reports those that lead to nobody."""

    def __init__(self, runtime: Runtime, table: MemberTable, contacts: Contacts) -> None:
        self._runtime = runtime
        self._table = table
        self._contacts = contacts
        self._alone_since: float | None = runtime.now
        # What was heard from addresses of seeds: the state that follows, why, and when.
        self._refusals: dict[Address, tuple[str, str, float]] = {}

    def start(self) -> None:
        """Looks for the first time once a joining node should have met somebody."""
        self._runtime.after("seeds", _ALONE, self._look)

    def foreign(self, source: Address, ours: str, theirs: str) -> bool:
        """Notes that another cluster or version is at that address.

        Returns False, and notes nothing, if it is no address of a seed.
        """
        where = format_node_id(*source)
        return self._refuse(source, "foreign", f"{where} has {theirs}, this node has {ours}")

    def refused(self, source: Address, reason: str) -> bool:
        """Notes and reports that the node at that address gets no answer from this node's.

        Returns False, and does nothing, if it is no address of a seed.
        """
        told = self._refuse(source, "refused", reason)
        self._report_all("refused" if told else "")
        return told

    def unreachable(self, source: Address, reason: str, *, report: bool) -> bool:
        """Notes that the node at that address does not answer where it says, and may report it.

        Returns False, and does nothing, if it is no address of a seed.
        """
        told = self._refuse(source, "unreachable", reason)
        self._report_all("unreachable" if told and report else "")
        return told

    def counted(self) -> Mapping[str, Any]:
        """Returns every configured seed with its state, in the order of joining."""
        return {"seeds": self._views()}

    def _look(self) -> None:
        now, live = self._runtime.now, self._table.live
        if live:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        alone = self._alone_since is not None and now - self._alone_since >= _ALONE - _ROUNDING
        for seed in self._views():
            if seed.state in _LASTING or (alone and seed.state not in ("member", "self")):
                self._report(seed)
        self._runtime.after("seeds", _LOOK if live else _LOOK_ALONE, self._look)

    def _report_all(self, state: str) -> None:
        for seed in self._views():
            if seed.state == state:
                self._report(seed)

    def _report(self, seed: SeedView) -> None:
        # Not keyed by the reason, in which the addresses of a name differ each time.
        theirs = seed.reason if seed.state == "foreign" else ""
        key = f"seed {seed.name} {seed.state} {theirs}"
        self._runtime.notify_seldom(key, SeedNotJoined(seed.name, seed.reason), _AGAIN)

    def _refuse(self, source: Address, state: str, reason: str) -> bool:
        """Notes why a seed's address leads to nobody; returns whether it is one."""
        if not any(source in seed.addresses for seed in self._contacts.configured()):
            return False
        self._refusals.pop(source, None)
        if len(self._refusals) >= _REFUSALS:
            del self._refusals[next(iter(self._refusals))]
        self._refusals[source] = (state, reason, self._runtime.now)
        return True

    def _refused(self, seed: Contact, state: str) -> str:
        """Returns why an address of a seed leads to nobody, if that state was found of late."""
        for address in seed.addresses:
            found, reason, at = self._refusals.get(address, ("", "", 0.0))
            # Old news is none: the address may have been given to another node.
            late = self._runtime.now - at > 2 * self._runtime.config.seed_retry
            if found == state and not late and not self._contacts.is_own(address):
                return reason
        return ""

    def _views(self) -> tuple[SeedView, ...]:
        seeds = self._contacts.configured()
        return tuple(SeedView(seed.name, *self._state(seed)) for seed in seeds)

    def _state(self, seed: Contact) -> tuple[str, str]:
        """Returns the state of a seed, and the same in words."""
        others = [each for each in seed.addresses if not self._contacts.is_own(each)]
        rows = self._table.rows
        refused = self._refused(seed, "refused")
        if refused:
            # It may be a member here and still not have this node as one.
            return "refused", refused
        if any(self._contacts.found(address) in self._table.live for address in others):
            return "member", "member"
        if seed.unresolved:
            return "unresolved", "the name has no address"
        if not seed.addresses:
            return "pending", "the name is still being looked up"
        if not others:
            return "self", "this node itself"
        for address in others:
            row = rows.get(format_node_id(*address))
            if row is not None and row.removed:
                return "removed", f"{row.id} was removed from this node"
        for state in ("foreign", "unreachable"):
            reason = self._refused(seed, state)
            if reason:
                return state, reason
        shown = ", ".join(sorted(format_node_id(*address) for address in others)[:_SHOWN])
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        return "silent", f"no answer from {shown}{more}"
