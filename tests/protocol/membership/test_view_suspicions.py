"""How suspicions and verdicts of others end, and what shortens a suspicion."""

from __future__ import annotations

import pytest

from gossipd.protocol.events import MemberDead, MemberSuspect
from gossipd.protocol.wire import DEAD, REFUSED, SUSPECT
from tests.protocol.conversation import address, node_id, sent
from tests.protocol.membership.seen import Seen


def test_a_merged_death_is_only_a_suspicion() -> None:
    """Another one's table makes a live member suspect, not dead."""
    seen = Seen(3)
    seen.say(2, DEAD, accuser=4, merged_from=3)
    assert SUSPECT == seen.row(2)[2]


def test_a_merged_death_of_a_suspect_changes_nothing() -> None:
    """A merged verdict neither ends nor shortens a suspicion."""
    seen, other = Seen(9), Seen(9)
    for each in (seen, other):
        each.say(2, SUSPECT, accuser=3)
    seen.say(2, DEAD, accuser=4, merged_from=5)
    assert other.verdict(2) == seen.verdict(2)


# Ten nodes: the shortest suspicion lasts 3 s.
@pytest.mark.parametrize("again", [1, 3])
def test_an_unexpected_verdict_is_a_suspicion(again: int) -> None:
    """However often it comes: a live member has the shortest suspicion to refute."""
    seen = Seen(9)
    for _ in range(again):
        seen.say(2, DEAD, accuser=3)
    assert [MemberSuspect(node_id(2), node_id(3))] == seen.events()
    assert 3.0 == seen.verdict(2)


@pytest.mark.parametrize(("suspected", "state"), [(1.4, SUSPECT), (1.6, DEAD)])
def test_a_verdict_is_believed_once_the_member_could_refute(suspected: float, state: int) -> None:
    """Which takes half of the shortest suspicion; a verdict that comes before only shortens it."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    seen.wait(suspected)
    seen.say(2, DEAD, accuser=3)
    assert state == seen.row(2)[2]
    assert (3.0 if state == SUSPECT else suspected) == seen.verdict(2)


@pytest.mark.parametrize(("suspected", "state"), [(0.2, SUSPECT), (0.3, DEAD)])
def test_a_verdict_by_refusals_needs_a_warning(suspected: float, state: int) -> None:
    """All were told of the suspicion half a second before, and the member could refute at once."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3, evidence=REFUSED)
    seen.refuse()
    seen.runtime.now += suspected
    seen.say(2, DEAD, accuser=3, evidence=REFUSED)
    assert state == seen.row(2)[2]


@pytest.mark.parametrize(("evidence", "name"), [(REFUSED, "refused"), (200, "silence")])
def test_an_event_says_what_a_verdict_rests_on(evidence: int, name: str) -> None:
    """What a later version may add is silence here."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    seen.wait(2.0)
    seen.events()
    seen.say(2, DEAD, accuser=3, evidence=evidence)
    assert [MemberDead(node_id(2), node_id(3), name)] == seen.events()


def test_a_verdict_on_a_newer_incarnation_is_a_new_suspicion() -> None:
    """The member refuted the suspicion that is known here, so that one has warned nobody."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    seen.runtime.now += 2.0
    seen.say(2, DEAD, accuser=3, incarnation=1)
    assert (1, 1, SUSPECT) == seen.row(2)
    assert 5.0 == seen.verdict(2)


def test_the_dead_of_a_merged_table_warn_nobody_for_long() -> None:
    """A verdict that is gossiped right after the table was merged is not believed at once."""
    seen = Seen(9)
    seen.say(2, DEAD, accuser=3, merged_from=3)
    seen.wait(1.2)
    seen.say(2, DEAD, accuser=3)
    assert 3.0 == seen.verdict(2)


# Ten nodes: 18 s without a confirmation, 10.5 s with one of three, 3 s with all (test_suspicion).
@pytest.mark.parametrize(
    ("accusers", "merged", "seconds"),
    [
        ([3], [], 18.0),
        ([3, 3, 3], [], 18.0),
        ([3, 4], [], 10.5),
        ([3, 4, 4], [], 10.5),
        ([3, 4, 5, 6], [], 3.0),
        ([3], [4, 5, 6], 18.0),
    ],
)
def test_only_independent_confirmations_shorten_a_suspicion(
    accusers: list[int], merged: list[int], seconds: float
) -> None:
    """The same accuser twice, or a merged table, is no confirmation."""
    seen = Seen(9)
    for accuser in accusers:
        seen.say(2, SUSPECT, accuser=accuser)
    for source in merged:
        seen.say(2, SUSPECT, accuser=source, merged_from=source)
    found = seen.verdict(2)
    assert pytest.approx(seconds) == found


def test_a_confirmation_is_passed_on() -> None:
    """A new accuser is news for the others too."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    while seen.parts.gossip.send(address(9), None):
        pass
    seen.say(2, SUSPECT, accuser=4)
    assert {"claims": 1} == seen.parts.gossip.waiting()


@pytest.mark.parametrize(("first", "told"), [(True, 8), (False, 0)])
def test_the_first_accuser_tells_its_verdict_to_all(first: bool, told: int) -> None:
    """All suspicions end at about the same time, so that one node is enough to say so."""
    seen = Seen(9)
    if not first:
        seen.say(2, SUSPECT, accuser=3)
    seen.view.suspect(seen.table.rows[node_id(2)])
    seen.runtime.take_effects()
    for accuser in (4, 5, 6, 7):
        seen.say(2, SUSPECT, accuser=accuser)
    row = seen.table.rows[node_id(2)]
    seen.view.declare_dead(row, row.generation, row.incarnation)
    assert told == len({to for to, _ in sent(seen.runtime.take_effects())})


def test_own_pauses_lengthen_a_suspicion() -> None:
    """Time in which this process did not run is no time for the suspect to answer."""
    seen = Seen(9)
    seen.say(2, SUSPECT, accuser=3)
    seen.runtime.timers.extend(5.0)
    seen.view.paused(5.0)
    assert 23.0 == seen.verdict(2)


def test_a_confirmation_takes_no_pause_back() -> None:
    """It shortens the suspicion, which still counts from the start that the pause has moved."""
    verdicts = []
    for pause in (0.0, 5.0):
        seen = Seen(9)
        seen.say(2, SUSPECT, accuser=3)
        seen.runtime.timers.extend(pause)
        seen.view.paused(pause)
        seen.say(2, SUSPECT, accuser=4)
        verdicts.append(seen.verdict(2))
    assert 5.0 == verdicts[1] - verdicts[0]


def test_suspicion_leaves_the_gate_alone() -> None:
    """It is a passing view, and no difference to reconcile."""
    seen = Seen(9)
    before = seen.table.fingerprint.total
    seen.say(2, SUSPECT, accuser=3)
    assert before == seen.table.fingerprint.total


def test_an_unknown_suspect_is_suspected() -> None:
    """A suspicion of a member that was not known makes it known, and suspected."""
    seen = Seen(3)
    seen.say(9, SUSPECT, accuser=3)
    assert SUSPECT == seen.row(9)[2]
