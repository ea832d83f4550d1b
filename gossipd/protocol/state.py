"""State: what a store keeps of a node between two runs of it. Changes: what it is to write."""

from __future__ import annotations

from collections.abc import Mapping, Reversible

import attrs

from .wire import Claim, Group


@attrs.frozen
class State:
    """What was kept of a node. An empty state is that of a node that never ran.

    Attributes:
        generation: the generation of the last run; the next run takes a larger one.
        members: what was known of other members. The next run does not believe that those that
            were live still are: it tries them as contacts.
        removed: ids of members that were removed here and not registered again.
        gone_since: when members that are dead or left went, by id, in seconds since 1970 by this
            machine's clock.
        apart: the ids of forgotten members whose addresses are still tried.
        groups: what was persisted and recorded of the counters, in the order in which it is to be
            merged.
        cluster_ids: the ids of the node's cluster.
        strayed: whether they were taken from others than the seeds of the node.
        line: the owner id that a process with this store drew last; empty: none is known.
        node_id: the id under which the last run was known; empty: none is known.
    """

    generation: int = 0
    members: tuple[Claim, ...] = ()
    removed: tuple[str, ...] = ()
    groups: Reversible[Group] = ()
    gone_since: Mapping[str, int] = attrs.Factory(dict)
    apart: tuple[str, ...] = ()
    cluster_ids: tuple[int, ...] = ()
    strayed: bool = False
    line: bytes = b""
    node_id: str = ""


@attrs.frozen
class Changes:
    """What changed of a node's members and identity since the changes before.

    Attributes:
        generation: the generation of this run.
        node_id: the id under which it is known.
        members: the members that are new or changed.
        removed: ids among `members` that are removed here.
        forgotten: ids of members that are no longer to be kept.
        cluster_ids, strayed: as of `State`, as they are now.
        more: whether more has changed than this, so that only all changes up to the first without
            `more` make a whole.
        gone_since: since when those of `members` are gone that are dead or left.
        apart: ids among `forgotten` that are kept apart: their addresses are still tried.
    """

    generation: int = 0
    members: tuple[Claim, ...] = ()
    removed: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    more: bool = False
    gone_since: Mapping[str, int] = attrs.Factory(dict)
    apart: tuple[str, ...] = ()
    cluster_ids: tuple[int, ...] = ()
    strayed: bool = False
    node_id: str = ""
