"""What claims do to a node's view: verdicts, suspicions and their confirmations."""

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
    MemberTags,
)
from gossipd.protocol.wire import ALIVE, DEAD, LARGEST, LEFT, SUSPECT, Claim, Tags
from tests.protocol.conversation import WALL_MS, address, node_id
from tests.protocol.membership.seen import Seen

DECADE = 10 * 365 * 86_400_000
CLAIMS = st.builds(
    Claim, st.just(node_id(2)), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3)
)


@given(st.lists(CLAIMS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_gossip_has_one_result_in_any_order(claims: list[Claim], random: object) -> None:
    """Claims in any order, some of them again, leave the same row once suspicions have ended."""
    rows = []
    for _ in range(2):
        seen = Seen()
        for claim in claims + claims[:2]:
            seen.view.apply(claim)
        seen.wait(2.0)
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
    seen.wait(1.0)
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


@pytest.mark.parametrize("generation", [0, WALL_MS - DECADE, WALL_MS + DECADE, LARGEST])
def test_generations_of_any_time_are_taken(generation: int) -> None:
    """Whether they are ahead or behind is a question of whose clock is wrong."""
    seen = Seen()
    assert seen.say(2, ALIVE, generation=generation)
    assert (generation, 0, ALIVE) == seen.row(2)


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


def test_rows_that_a_peer_changes_are_told() -> None:
    """A heard claim tells its row once, if it is news; `tell_changed` tells the live rows named."""
    seen = Seen(3)
    claim = Claim(node_id(2), 1, 1, SUSPECT, node_id(3))
    for _ in range(2):
        seen.view.hear(claim)
    assert [node_id(2)] == [row.id for row in seen.parts.changed]
    seen.view.tell_changed([node_id(4), node_id(99)])
    assert [node_id(2), node_id(4)] == [row.id for row in seen.parts.changed]


def tagged(number: int, at: int, text: str, *, incarnation: int = 0, generation: int = 1) -> Claim:
    """That the node of that number is alive, and has these tags since that incarnation."""
    return Claim(node_id(number), generation, incarnation, ALIVE, tags=Tags(at, text))


@given(
    st.lists(
        st.builds(
            Claim,
            *(st.just(node_id(2)), st.integers(1, 3), st.integers(0, 2), st.just(ALIVE)),
            tags=st.none() | st.builds(Tags, st.integers(0, 2), st.sampled_from(["", "a=1"])),
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_tags_have_one_result_in_any_order(claims: list[Claim], random: object) -> None:
    """Claims of one generation, in any order, some of them again, leave the same tags."""
    newest = max(claim.generation for claim in claims)
    found = []
    for _ in range(2):
        seen = Seen()
        for claim in claims + claims:
            seen.view.apply(claim)
        found.append((seen.table.rows[node_id(2)].tags, seen.table.fingerprint.total))
        random.shuffle(claims)  # type: ignore[attr-defined]
    assert found[0] == found[1]
    assert newest == seen.table.rows[node_id(2)].generation


def test_tags_are_taken_from_a_claim_that_does_not_win() -> None:
    """They are reported and passed on, once."""
    seen = Seen(3)
    seen.say(2, SUSPECT, incarnation=4, accuser=3)
    seen.events()
    assert [True, False] == [seen.view.apply(tagged(2, 0, "role=web")) for _ in range(2)]
    assert [MemberTags(node_id(2), "role=web")] == seen.events()
    assert (1, 4, SUSPECT) == seen.row(2)
    seen.parts.gossip.send(address(9), None)
    assert [Tags(0, "role=web")] == [
        claim.tags for claim in seen.parts.claims() if claim.id == node_id(2)
    ]


def test_a_new_process_has_none_of_the_tags_before() -> None:
    """And is reported with its own if it tells them at once."""
    seen = Seen(3)
    seen.view.apply(tagged(2, 0, "role=web"))
    seen.view.apply(tagged(3, 0, "role=web"))
    seen.events()
    seen.say(2, ALIVE, generation=2)
    seen.view.apply(tagged(3, 0, "role=db", generation=2))
    assert [None, Tags(0, "role=db")] == [seen.table.rows[node_id(n)].tags for n in (2, 3)]
    assert [MemberTags(node_id(3), "role=db")] == [
        event for event in seen.events() if isinstance(event, MemberTags)
    ]


def test_tags_of_another_form_are_refused() -> None:
    """They are counted; the rest of the claim counts."""
    seen = Seen()
    assert seen.view.apply(tagged(2, 0, "b=1,a=1"))
    assert seen.table.rows[node_id(2)].tags is None
    assert {"tags": 1} == seen.runtime.counted()["rejected"]
