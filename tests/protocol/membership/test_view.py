"""What claims do to a node's view: verdicts, refutations, suspicions and their confirmations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.events import (
    Event,
    MemberDead,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
    MemberSuspect,
    Refuted,
)
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.membership.table import beats
from gossipd.protocol.membership.view import View
from gossipd.protocol.wire import ALIVE, DEAD, LARGEST, LEFT, SUSPECT, Claim
from tests.protocol.conversation import WALL_MS, address, node_id
from tests.protocol.parts import Parts

DECADE = 10 * 365 * 86_400_000
CLAIMS = st.builds(
    Claim, st.just(node_id(2)), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)
)


class Seen:
    """A node's view of its cluster, and what it reported."""

    def __init__(self, members: int = 0, **changes: object) -> None:
        self.parts = parts = Parts(**changes)
        self.runtime, self.table = parts.runtime, parts.table
        self.awareness = Awareness(8)
        self.view = View(
            parts.runtime,
            parts.outbox,
            parts.table,
            parts.gossip,
            self.awareness,
            parts.note_changed,
        )
        for number in range(2, 2 + members):
            self.say(number, ALIVE)
        self.events()

    def say(
        self,
        number: int,
        state: int,
        *,
        incarnation: int = 0,
        generation: int = 1,
        accuser: int = 0,
        merged_from: int = 0,
    ) -> bool:
        """Applies a claim about the node of that number."""
        claim = Claim(
            node_id(number), generation, incarnation, state, node_id(accuser) if accuser else ""
        )
        return self.view.apply(claim, node_id(merged_from) if merged_from else "")

    def kill(self, number: int) -> None:
        """Applies a suspicion of that node, and a verdict which comes as late as one should."""
        self.say(number, SUSPECT, accuser=3)
        self.runtime.now += 3.0
        self.events()
        self.say(number, DEAD, accuser=3)

    def row(self, number: int) -> tuple[int, int, int]:
        """Returns generation, incarnation and state of a row."""
        row = self.table.rows[node_id(number)]
        return row.generation, row.incarnation, row.state

    def events(self) -> list[Event]:
        """Returns the events that were reported since the last call."""
        return self.parts.events()

    def verdict(self, number: int) -> float | None:
        """Fires timers until that node is no suspect. Returns when, or None if it stays suspect."""
        while self.row(number)[2] == SUSPECT:
            due = self.runtime.timers.next_deadline()
            if due is None:
                return None
            self.runtime.now = due
            action = self.runtime.timers.pop_due(due)
            if action is not None:
                action()
        return self.runtime.now


@given(st.lists(CLAIMS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_gossip_has_one_result_in_any_order(claims: list[Claim], random: object) -> None:
    """Claims in any order, some of them again, leave the same row once suspicions have ended."""
    rows = []
    for _ in range(2):
        seen = Seen()
        for claim in claims + claims[:2]:
            seen.view.apply(claim)
        seen.verdict(2)
        rows.append(seen.row(2))
        random.shuffle(claims)  # type: ignore[attr-defined]
    assert rows[0] == rows[1]


def test_a_new_generation_replaces_the_dead() -> None:
    """A restarted node is alive at once, and the event names both generations."""
    seen = Seen(1)
    seen.say(2, DEAD, incarnation=7)
    seen.events()
    seen.say(2, ALIVE, generation=2)
    assert [MemberJoined(node_id(2), 2, 1)] == seen.events()


def test_rumours_of_an_old_generation_change_nothing() -> None:
    """What was said of the self before a restart is no news."""
    seen = Seen()
    seen.say(2, ALIVE, generation=2)
    assert not seen.say(2, DEAD, generation=1, incarnation=9)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (SUSPECT, MemberSuspect(node_id(2), node_id(3))),
        (LEFT, MemberLeft(node_id(2))),
    ],
)
def test_each_verdict_has_its_event(state: int, event: Event) -> None:
    """A verdict that changes the view is reported once."""
    seen = Seen(1)
    seen.say(2, state, accuser=3)
    seen.say(2, state, accuser=3)
    assert [event] == seen.events()


def test_a_death_has_its_event() -> None:
    """It names the node that came to the verdict, and is reported once."""
    seen = Seen(9)
    seen.kill(2)
    seen.say(2, DEAD, accuser=3)
    assert [MemberDead(node_id(2), node_id(3))] == seen.events()


def test_a_refutation_is_a_recovery() -> None:
    """A member that raises its incarnation is alive again."""
    seen = Seen(9)
    seen.kill(2)
    seen.say(4, SUSPECT, accuser=3)
    seen.events()
    for number in (2, 4):
        seen.say(number, ALIVE, incarnation=1)
    recovered = [MemberRecovered(node_id(2), "dead"), MemberRecovered(node_id(4), "suspect")]
    assert recovered == seen.events()


@pytest.mark.parametrize("state", [SUSPECT, DEAD, LEFT])
def test_what_is_said_of_us_is_refuted(state: int) -> None:
    """A node that hears itself doubted raises its incarnation above the doubt's."""
    seen = Seen()
    seen.say(1, state, generation=WALL_MS, incarnation=4, accuser=3)
    assert (WALL_MS, 5, ALIVE) == seen.row(1)


def test_a_refutation_is_the_next_thing_said() -> None:
    """The own refutation is put before all other news."""
    seen = Seen(3)
    seen.say(1, SUSPECT, generation=WALL_MS, accuser=3)
    seen.parts.gossip.send(address(9), None)
    assert node_id(1) == seen.parts.claims()[0].id


def test_refuting_costs_health() -> None:
    """A node that was doubted trusts its own timing less (Lifeguard IV.A)."""
    seen = Seen()
    seen.say(1, SUSPECT, generation=WALL_MS, accuser=3)
    assert 1 == seen.awareness.score


def test_an_old_doubt_is_not_refuted_again() -> None:
    """A doubt of an incarnation that is over changes nothing."""
    seen = Seen()
    seen.say(1, SUSPECT, generation=WALL_MS, incarnation=0, accuser=3)
    seen.events()
    seen.say(1, DEAD, generation=WALL_MS, incarnation=0, accuser=3)
    assert [] == [event for event in seen.events() if isinstance(event, Refuted)]


def test_a_larger_generation_of_us_is_passed() -> None:
    """A node takes a generation above any that the cluster knows for its id."""
    seen = Seen()
    seen.say(1, ALIVE, generation=WALL_MS + 50)
    assert (WALL_MS + 51, 0, ALIVE) == seen.row(1)


def test_two_processes_of_one_id_do_not_outbid_each_other() -> None:
    """Generations are raised a few times only."""
    seen = Seen()
    for _ in range(10):
        seen.say(1, ALIVE, generation=seen.row(1)[0] + 10)
    assert WALL_MS + 100 > seen.row(1)[0]
    raises = 0
    for second in range(1, 61):
        seen.runtime.now = float(second)
        raises += seen.say(1, ALIVE, generation=seen.row(1)[0] + 10)
    assert 12 == raises


def test_what_another_process_of_our_id_said_last_does_not_exclude_us_for_good() -> None:
    """It outbid us, and left: two machines may have had one address while addresses changed."""
    seen = Seen()
    for _ in range(10):
        seen.say(1, ALIVE, generation=seen.row(1)[0] + 10)
    last = seen.row(1)[0] + 10
    assert not seen.say(1, LEFT, generation=last)
    seen.runtime.now = 5.0
    assert seen.say(1, LEFT, generation=last)
    assert (last + 1, 0, ALIVE) == seen.row(1)


@pytest.mark.parametrize("generation", [0, WALL_MS - DECADE, WALL_MS + DECADE, LARGEST])
def test_generations_of_any_time_are_taken(generation: int) -> None:
    """Whether they are ahead or behind is a question of whose clock is wrong."""
    seen = Seen()
    assert seen.say(2, ALIVE, generation=generation)
    assert (generation, 0, ALIVE) == seen.row(2)


@pytest.mark.parametrize("state", [ALIVE, SUSPECT, DEAD, LEFT])
@pytest.mark.parametrize(
    ("generation", "incarnation"),
    [
        (WALL_MS, LARGEST),
        (WALL_MS + DECADE, LARGEST),
        (LARGEST - 1, 0),
        (LARGEST - 1, LARGEST),
        (LARGEST, 0),
        (LARGEST, LARGEST - 1),
    ],
)
def test_a_member_goes_above_whatever_is_said_of_it(
    generation: int, incarnation: int, state: int
) -> None:
    """What it says then wins, and can be sent and taken by all."""
    seen = Seen(1)
    claim = Claim(node_id(1), generation, incarnation, state)
    assert seen.view.apply(claim)
    own = seen.table.own
    assert (ALIVE, True) == (own.state, beats(own, claim))
    assert max(own.generation, own.incarnation) <= LARGEST


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
    seen.runtime.now += suspected
    seen.say(2, DEAD, accuser=3)
    assert state == seen.row(2)[2]
    assert (3.0 if state == SUSPECT else suspected) == seen.verdict(2)


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
    seen.say(2, DEAD, accuser=3)
    assert 3.0 == seen.verdict(2)


def test_a_merged_leave_is_believed() -> None:
    """Only the member itself can have said that it left."""
    seen = Seen(2)
    seen.say(2, LEFT, merged_from=3)
    assert LEFT == seen.row(2)[2]


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


@pytest.mark.parametrize("merged_from", [0, 3])
def test_beyond_the_limit_live_members_are_refused(merged_from: int) -> None:
    """Where all rows are live, a new member is refused and counted."""
    seen = Seen(3, member_limit=4)
    seen.say(9, ALIVE, merged_from=merged_from)
    assert {"member limit": 1} == seen.runtime.counted()["rejected"]


def test_beyond_the_limit_the_dead_make_room() -> None:
    """A live member replaces the oldest dead one."""
    seen = Seen(3, member_limit=4)
    seen.kill(2)
    assert seen.say(9, ALIVE)


@pytest.mark.parametrize("order", [(5, 6, 7, 8), (8, 7, 6, 5), (7, 5, 8, 6)])
def test_beyond_the_limit_the_newest_of_the_dead_stay(order: tuple[int, ...]) -> None:
    """Every full table keeps the same ones, in whatever order they are learned."""
    seen = Seen(1, member_limit=4)
    for number in order:
        seen.say(number, DEAD, generation=number)
    assert [1, 2, 7, 8] == sorted(
        number for number in range(1, 9) if node_id(number) in seen.table.rows
    )


@pytest.mark.parametrize("text", ["node:1", "0.0.0.0:1", "", "10.0.0.1", "x" * 270])
def test_an_id_that_is_no_address_is_rejected(text: str) -> None:
    """A claim about something that no node can be is counted and forgotten."""
    seen = Seen()
    seen.view.apply(Claim(text, 1, 0, ALIVE))
    assert {"id": 1} == seen.runtime.counted()["rejected"]


def test_a_node_that_leaves_refutes_nothing() -> None:
    """After `leave` the own claim stays `left`."""
    seen = Seen(2)
    seen.view.leave()
    seen.say(1, DEAD, generation=WALL_MS, incarnation=3, accuser=3)
    assert (WALL_MS, 0, LEFT) == seen.row(1)


def test_rows_that_a_peer_changes_are_told() -> None:
    """A heard claim tells its row once, if it is news; `tell_changed` tells the live rows named."""
    seen = Seen(3)
    claim = Claim(node_id(2), 1, 1, SUSPECT, node_id(3))
    for _ in range(2):
        seen.view.hear(claim)
    assert [node_id(2)] == [row.id for row in seen.parts.changed]
    seen.view.tell_changed([node_id(4), node_id(99)])
    assert [node_id(2), node_id(4)] == [row.id for row in seen.parts.changed]
