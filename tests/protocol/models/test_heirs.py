"""The rules of folding hold in every small world, and their rivals do not."""

from __future__ import annotations

import pytest

from tests.protocol.models.heirs import NAMES, Design
from tests.protocol.models.heirs_judge import Judge, World
from tests.protocol.models.heirs_rivals import (
    CutsVouch,
    ForgottenOnceHeld,
    IntoItsOwnTotal,
    LeaderPrunes,
    NetSums,
    NobodyAsked,
    OneGeneration,
    OneWins,
    PlacesClosed,
    SeenAlike,
)

LINE = ("count 0", "restart 0", "count 0")
CHAIN = (*LINE, "merge 0 1", "agree 0", "restart 0", "count 0")
TWICE = ("restart 0", "count 0", "merge 0 1", "agree 0", "merge 0 1") * 2
CLONES = ("count 0", "copy 0", "restore 1", "count 1", "restart 0", "count 0")


def played(*words: str, nodes: int = 2, careful: bool = True) -> tuple[Judge, World]:
    """Returns a world after a history, with its judge."""
    judge = Judge(Design(), counts=9, careful=careful)
    return judge, judge.do(judge.begin(nodes), *words)


def owners(world: World, node: int) -> list[int]:
    """Returns the owners of which a node holds something."""
    return [owner for owner, _ in world.nodes[node].logs]


@pytest.mark.parametrize("start", [LINE, CHAIN, CLONES])
@pytest.mark.parametrize("resets", [False, True])
def test_every_change_counts_once_in_every_order_of_events(
    start: tuple[str, ...], resets: bool
) -> None:
    """Deltas are cut and overtaken, disks are wiped, set back and cloned, sides part for long."""
    judge = Judge(Design(), resets=resets)
    worlds, complaint = judge.explore(judge.do(judge.begin(2), *start), 3)
    assert not complaint
    assert worlds > 700


@pytest.mark.parametrize("seed", range(24))
def test_every_change_counts_once_in_long_histories(seed: int) -> None:
    """Three nodes, two counters, faults of every kind, every second history with resets."""
    judge = Judge(Design(), counts=16, names=2, resets=seed % 2 == 1)
    assert judge.wander(seed, 3, 40) == ""


def test_nodes_keep_one_log_however_often_a_process_starts() -> None:
    """Each heir folds the one before it, and what that had folded."""
    judge, world = played("count 0")
    for _ in range(20):
        world = judge.do(world, "restart 0", "count 0", "merge 0 1", "agree 0", "merge 0 1")
    assert owners(world, 0) == owners(world, 1) == [21]
    assert judge.shown(world.nodes[1])[0] == 2**21 - 1


def test_several_ids_are_folded_at_once() -> None:
    """A process takes all of its line that earlier processes did not live to fold."""
    judge, world = played(*LINE, "restart 0", "count 0", "agree 0")
    assert owners(world, 0) == [3]
    assert judge.shown(world.nodes[0])[0] == 7


def test_a_directory_that_was_set_back_waits_for_who_holds_more() -> None:
    """The member says no as long as it holds a row that the heir lacks."""
    judge, world = played(
        "count 0", "copy 0", "count 0", "merge 0 1", "restore 0", "count 0", "agree 0"
    )
    assert owners(world, 0) == [1, 2]
    world = judge.do(world, "merge 1 0", "agree 0")
    assert owners(world, 0) == [2]
    assert judge.shown(world.nodes[0])[0] == 7


def test_what_two_clones_have_in_common_is_not_folded_once_they_met() -> None:
    """Each line folds only what it drew after the fork; so do clones of clones."""
    judge, world = played(*CLONES, "merge 0 1", "merge 1 0", "agree 0", "agree 1")
    assert owners(world, 0) == owners(world, 1) == [1, 2, 3]
    world = judge.do(world, "restart 0", "count 0", "merge 0 1", "agree 0", "copy 0", "restore 1")
    assert 1 in owners(world, 0)
    assert 3 not in owners(world, 0)
    world = judge.do(world, "count 1", "restart 0", "count 0", "merge 0 1", "merge 1 0", "agree 0")
    assert judge.complaint(world) == ""
    assert judge.shown(world.nodes[0])[0] == 63


def test_a_node_that_was_away_brings_ids_that_were_folded_long_ago() -> None:
    """It takes the sums in their place, and its rows are ignored."""
    judge, world = played("count 0", "merge 0 1", "part 1")
    for _ in range(3):
        world = judge.do(world, "restart 0", "count 0", "agree 0")
    world = judge.do(world, "part 1", "merge 1 0")
    assert owners(world, 0) == [4]
    assert owners(judge.do(world, "merge 0 1"), 1) == [4]


def test_a_reset_reaches_ids_that_were_folded_meanwhile() -> None:
    """A node that was away for long takes away what it had seen, and nothing else."""
    judge, world = played(*LINE, "merge 0 1", "part 1", "agree 0", "count 0")
    world = judge.do(world, "restart 0", "count 0", "agree 0", "reset 1")
    assert judge.complaint(world) == ""
    world = judge.peace(world)
    assert judge.shown(world.nodes[0])[0] == 4 + 8
    world = judge.do(world, "reset 0", "merge 0 1", "restart 0", "count 0", "merge 0 1", "agree 0")
    assert judge.shown(world.nodes[0])[0] == 1 << 6


def test_a_fold_keeps_the_sum_of_every_slot_and_so_the_default_counter() -> None:
    """Names stand for floors here: under each, the sum over all owners is what it was."""
    judge, world = played("count 0 0", "count 0 1", "restart 0", "count 0 1", "copy 0", "agree 0")
    assert owners(world, 0) == [2]
    for floor in NAMES:
        before = judge.design.value(world.shelf, floor)
        assert judge.design.value(world.nodes[0], floor) == before


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        # The only holder of a row that the directory lost has been forgotten.
        (
            "count 0;copy 0;count 0;merge 0 1;part 1;restore 0;count 0;agree 0;part 1",
            "a change is lost",
        ),
        # Two copies of a directory run for longer than they are remembered, and both fold.
        (";".join((*CLONES, "part 1", "agree 0", "agree 1", "part 1")), "a change counts twice"),
    ],
)
def test_what_the_rules_take_for_granted_is_needed(words: str, wrong: str) -> None:
    """A fold is wrong only where nobody who is asked knows of a rival or of rows beyond."""
    judge, world = played(*words.split(";"), careful=False)
    assert judge.complaint(world).startswith(wrong)
    judge, world = played(*words.split(";"))
    assert judge.complaint(world) == ""


@pytest.mark.parametrize(
    ("rival", "start", "faults", "resets", "wrong"),
    [
        (NobodyAsked, ("count 0", "merge 0 1", "copy 0", "count 0"), "copy", False, "is lost"),
        (NobodyAsked, CLONES, "", False, "counts twice"),
        (SeenAlike, (*LINE, "merge 0 1", "count 1", "part 1"), "part", False, "counts twice"),
        (
            LeaderPrunes,
            ("count 1", "merge 1 0", "count 1", "count 0", "restart 1", "count 1"),
            "",
            False,
            "is lost",
        ),
        (IntoItsOwnTotal, LINE, "", False, "shows twice"),
        (CutsVouch, LINE, "", False, "goes"),
        (
            OneGeneration,
            ("count 0", "merge 0 1", *LINE[1:], "part 1", "agree 0", *LINE[1:], "fold 0"),
            "part",
            False,
            "counts twice",
        ),
        (NetSums, ("count 0", "merge 0 1", *LINE[1:], "part 1"), "part", True, "is lost"),
    ],
)
def test_the_model_rejects_tempting_designs(
    rival: type[Design], start: tuple[str, ...], faults: str, resets: bool, wrong: str
) -> None:
    """Each fails within five events, where gossipd's rules hold in the same worlds."""
    judge = Judge(rival(), faults, counts=5, resets=resets, careful=False)
    _, complaint = judge.explore(judge.do(judge.begin(2), *start), 5)
    assert complaint.startswith(f"a change {wrong}")


@pytest.mark.parametrize(
    ("rival", "words", "wrong"),
    [
        (
            ForgottenOnceHeld,
            ("count 0", "merge 0 1", "copy 1", *TWICE, "restore 1"),
            "a change counts twice",
        ),
        (PlacesClosed, ("count 0", "copy 0", *TWICE, "restore 1", "count 1"), "a change is lost"),
    ],
)
def test_a_list_of_closed_ids_cannot_be_cut_short(
    rival: type[Design], words: tuple[str, ...], wrong: str
) -> None:
    """A directory that is set back brings a closed id again, or goes on from one in another way."""
    judge = Judge(rival(), counts=9, careful=False)
    assert judge.complaint(judge.do(judge.begin(2), *words)).startswith(wrong)
    judge, world = played(*words)
    assert owners(judge.peace(world), 0)[-1] >= 3
    assert judge.complaint(world) == ""


def test_letting_one_of_two_heirs_win_saves_clones_only_until_their_next_start() -> None:
    """The inherited sums of the loser hold what its own line had counted since."""
    judge = Judge(OneWins(), counts=9, careful=False)
    world = judge.do(judge.begin(2), *CLONES, "fold 0", "fold 1")
    assert judge.complaint(world) == ""
    for node in (0, 1):
        world = judge.do(world, f"restart {node}", f"count {node}", f"fold {node}")
    assert judge.complaint(world).startswith("a change is lost")


def test_a_cut_delta_that_vouches_parts_nodes_without_any_fold() -> None:
    """Node 2 says that it has what was counted first, and so nobody gives it."""
    judge = Judge(CutsVouch(), counts=9, names=2)
    words = ("count 0", "count 0 1", "merge 0 1", "count 0", "delta 0 2 1 2", "wipe 0")
    complaint = judge.complaint(judge.do(judge.begin(3), *words))
    assert complaint.startswith("nodes differ in peace")
    judge = Judge(Design(), counts=9, names=2)
    assert judge.complaint(judge.do(judge.begin(3), *words)) == ""
