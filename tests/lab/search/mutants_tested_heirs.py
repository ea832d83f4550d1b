"""Mutants of what heirs take over, which tests find."""

from __future__ import annotations

from typing import Any

from gossipd.protocol.counters import folding, heirs, inheritance, ledger
from gossipd.protocol.counters.closing import Closing
from gossipd.protocol.counters.folding import Folding
from gossipd.protocol.counters.heirs import Bundle, Heirs
from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.counters.sources import Sources
from gossipd.protocol.counters.writes import Writes
from tests.lab.search.mutants import tested_mutant as mutant

_COUNTERS = "protocol/counters/test_"
_FOLDING = _COUNTERS + "folding.py::"
_CLOSING = _COUNTERS + "closing.py::"
_INHERITANCE = _COUNTERS + "inheritance.py::"


@mutant(ledger, "is_whole", _CLOSING + "test_a_bundle_with_a_gap_does_not_count")
def the_end_is_enough(original: Any, log: OwnerLog) -> bool:
    """What was inherited counts once the end is here, whatever is missing before it."""
    return ("default", b"e") in log.entries


@mutant(Heirs, "children", _INHERITANCE + "test_what_is_no_line_is_not_folded")
def forks_are_folded(original: Any, self: Heirs, owner: bytes) -> Any:
    """An id that two claim is folded all the same."""
    return original(self, owner)[:1]


@mutant(inheritance, "plain", _INHERITANCE + "test_what_is_no_line_is_not_folded")
def rows_that_say_more_are_folded(original: Any, *arguments: Any) -> bool:
    """Keys and the like are lost as their log is dropped."""
    return True


@mutant(
    folding, "plain", _FOLDING + "test_a_member_objects_to_counters_that_are_more_than_sums_there"
)
def members_fold_what_was_reset(original: Any, *arguments: Any) -> bool:
    """A member does not look at what it knows of the counters."""
    return True


@mutant(Folding, "_all_there", _FOLDING + "test_nothing_is_folded_while_somebody_may_be_away", 2)
def the_dead_are_not_waited_for(original: Any, self: Folding) -> bool:
    """Those that are away are taken to agree."""
    return True


@mutant(
    Folding, "_objects", _FOLDING + "test_a_member_objects_to_what_would_be_lost_or_count_twice"
)
def members_agree_to_everything(original: Any, self: Folding, ancestor: Any) -> bool:
    """No member says no."""
    return False


@mutant(Writes, "runs_as", _FOLDING + "test_a_member_objects_to_its_own_id")
def members_agree_to_their_own_end(original: Any, self: Writes, owner: bytes) -> bool:
    """A member lets its own id be folded."""
    return False


@mutant(Bundle, "take", _INHERITANCE + "test_generations_are_folded_into_each_other")
def one_generation_is_listed(
    original: Any, self: Bundle, owner: bytes, log: OwnerLog, closed: Any
) -> None:
    """The ids that a folded one had folded come back, as they are not listed again."""
    ids = list(self.ids)
    original(self, owner, log, closed)
    self.ids = [*ids, owner]


@mutant(Bundle, "repeat", _INHERITANCE + "test_what_resets_took_of_folded_ids_stays_taken")
def what_resets_took_goes(original: Any, self: Bundle, *arguments: Any) -> None:
    """The heir counts all that the ids before it had, reset or not."""


@mutant(heirs, "_inherited", _INHERITANCE + "test_no_more_is_said_of_resets_than_counts")
def what_a_reset_took_is_not_inherited(original: Any, owner: bytes, row: Any) -> bool:
    """What was taken away of an heir counts twice against the next one."""
    return heirs.inherits(owner, row)


@mutant(inheritance, "_taken_from", _INHERITANCE + "test_no_more_is_said_of_resets_than_counts")
def all_resets_are_repeated(
    original: Any, ledger: Any, name: str, told: Any, ids: list[bytes]
) -> list[bytes]:
    """What is said of resets grows with each start."""
    return [each for each, seen in ledger.names.sources[name].items() if seen.base_rank]


@mutant(Bundle, "count", _INHERITANCE + "test_floors_and_what_was_counted_under_them_stay")
def floors_are_not_repeated(original: Any, self: Bundle, name: str, floor: int, count: int) -> None:
    """All that was counted under floors is inherited under none."""
    original(self, name, 0, count)


@mutant(Closing, "uncount", _CLOSING + "test_an_heir_counts_in_place_of_the_ids_before_it")
def the_old_ids_count_on(original: Any, self: Closing, *arguments: Any, whole: bool) -> None:
    """What was inherited counts beside what it is made of."""


@mutant(
    Sources,
    "_taken",
    _CLOSING + "test_a_reset_by_a_node_that_had_not_heard_of_the_fold_means_the_same",
)
def old_resets_are_forgotten(original: Any, self: Sources, heir: bytes) -> Any:
    """What was taken away of a closed id comes back."""
    return iter(())


@mutant(Heirs, "draw", _FOLDING + "test_the_directory_goes_on_with_the_id_that_was_drawn")
def lines_end(original: Any, self: Heirs, line: bytes) -> None:
    """The directory does not note which id was drawn."""
