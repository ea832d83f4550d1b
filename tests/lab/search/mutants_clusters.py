"""Mutants that let clusters of one name become one, among histories of neighbouring clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gossipd.protocol.membership import Clusters, Reasons
from tests.lab.search.mutants import mutant, tested_mutant

_MET = "counts met"
_SIM = "sim/test_clusters.py"
_REGRESSIONS = Path(__file__).parent / "regressions"
_HISTORY = "lab/search/test_regressions.py::test_nothing_is_found_any_more"


@mutant(Clusters, "admits", _MET, within=30, among="neighbours")
def whoever_has_the_name_is_admitted(original: Any, self: Clusters, peer: Any) -> bool:
    """As before there were cluster ids."""
    return True


@mutant(Clusters, "_was_member", _MET, within=60, among="neighbours")
def an_address_is_taken_for_the_process(original: Any, self: Any, peer: Any) -> bool:
    """Whoever is at the address of a member is one, whatever its generation."""
    return peer.sender.id in self._table.rows


@mutant(Clusters, "_may_take", _MET, within=200, among="neighbours")
def a_joining_node_takes_the_first_id_that_it_is_told(
    original: Any, self: Any, source: Any
) -> bool:
    """It does not wait for its seeds, and brings two clusters together as it joins them."""
    return True


@mutant(Reasons, "why", _MET, within=200, among="neighbours")
def a_seed_is_joined_again_and_again(original: Any, self: Any, source: Any) -> int:
    """Whatever is at its address by now."""
    return 3 if self._is_seed(source) else original(self, source)


@mutant(Clusters, "restore", _MET, within=200, among="neighbours")
def the_id_is_not_kept(original: Any, self: Clusters, ids: Any, members: Any, **more: Any) -> None:
    """A node that starts again takes that of whom it meets first."""
    original(self, (), (), **more)


@mutant(Clusters, "restore", "cluster fell apart", _MET, within=60, among="neighbours")
def each_start_draws_another_id(
    original: Any, self: Clusters, ids: Any, members: Any, **more: Any
) -> None:
    """A node that starts again is a stranger to its cluster."""
    original(self, [each ^ 0x5555 for each in ids], members, **more)


@tested_mutant(
    Reasons,
    "restore",
    f"{_SIM}::test_a_side_that_started_again_before_there_was_an_id_is_taken_back",
    1.0,
)
def a_seed_was_joined_before_there_was_an_id(
    original: Any, self: Reasons, members: Any, *, named: bool, strayed: bool
) -> None:
    """It is refused as another cluster, since it was a member."""
    original(self, members, named=True, strayed=strayed)


@tested_mutant(
    Reasons,
    "taken_from",
    f"{_SIM}::test_a_member_that_is_taken_in_elsewhere_takes_no_second_cluster_along",
)
def no_node_strays(original: Any, self: Reasons, source: Any) -> None:
    """Whatever it was taken in by, it brings that together with its seeds."""
