"""What a node says of itself: refutations, generations, and that it left."""

from __future__ import annotations

import pytest

from gossipd.protocol.events import Refuted
from gossipd.protocol.membership.precedence import beats
from gossipd.protocol.wire import ALIVE, DEAD, LARGEST, LEFT, SUSPECT, Claim, Tags
from tests.protocol.conversation import WALL_MS, address, node_id
from tests.protocol.membership.seen import Seen

DECADE = 10 * 365 * 86_400_000


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


def test_a_node_that_leaves_refutes_nothing() -> None:
    """After `leave` the own claim stays `left`."""
    seen = Seen(2)
    seen.view.leave()
    seen.say(1, DEAD, generation=WALL_MS, incarnation=3, accuser=3)
    assert (WALL_MS, 0, LEFT) == seen.row(1)


def own_tags(seen: Seen) -> tuple[int, Tags | None]:
    """The incarnation of the node of a view, and its tags."""
    return seen.table.own.incarnation, seen.table.own.tags


def test_changed_tags_are_told_under_a_new_incarnation() -> None:
    """First of all news, once; and all of them can be taken back."""
    seen = Seen(3, tags="role=web")
    assert (0, Tags(0, "role=web")) == own_tags(seen)
    for tags in ("role=db", "role=db", ""):
        seen.own_word.tag(tags)
    seen.parts.gossip.send(address(9), None)
    assert (2, Tags(2, "")) == own_tags(seen)
    assert Tags(2, "") == seen.parts.claims()[0].tags


@pytest.mark.parametrize("forged", [Tags(7, "role=db"), Tags(1, "z=1"), Tags(LARGEST, "")])
def test_tags_that_somebody_made_up_are_refuted(forged: Tags) -> None:
    """Whatever incarnation they claim, what the member tells then is newer."""
    seen = Seen(3)
    seen.own_word.tag("role=web")
    claim = Claim(node_id(1), WALL_MS, 0, ALIVE, tags=forged)
    assert seen.view.apply(claim)
    own = seen.table.own
    assert own.tags is not None
    assert "role=web" == own.tags.text
    assert (WALL_MS, forged.incarnation) < (own.generation, own.tags.incarnation) or (
        own.generation > WALL_MS
    )
    assert [Refuted(own.incarnation, "tags")] == seen.events()


def test_tags_that_are_made_up_again_and_again_are_refuted_once_a_second() -> None:
    """Each refutation is news to the whole cluster. What is told later is told again by then."""
    seen = Seen(3, tags="role=web")
    for number in range(1, 100):
        seen.view.apply(Claim(node_id(1), WALL_MS, 0, ALIVE, tags=Tags(10 * number, "role=db")))
    assert [Refuted(11, "tags")] == seen.events()
    seen.wait(1.0)
    assert seen.view.apply(Claim(node_id(1), WALL_MS, 0, ALIVE, tags=Tags(990, "role=db")))
    assert (991, Tags(991, "role=web")) == own_tags(seen)


def test_older_tags_of_ours_are_no_news() -> None:
    """As they come from nodes that have not heard of the newer ones."""
    seen = Seen(3, tags="role=web")
    seen.own_word.tag("role=db")
    assert not seen.view.apply(Claim(node_id(1), WALL_MS, 0, ALIVE, tags=Tags(0, "role=web")))


def test_a_generation_above_tells_the_tags_anew() -> None:
    """Those of an earlier generation mean nothing to others."""
    seen = Seen(3, tags="role=web")
    seen.say(1, ALIVE, generation=WALL_MS + 50)
    assert (0, Tags(0, "role=web")) == own_tags(seen)
    assert (WALL_MS + 51, 0, ALIVE) == seen.row(1)


def test_a_node_that_leaves_keeps_its_tags() -> None:
    """And says nothing new of them."""
    seen = Seen(3, tags="role=web")
    seen.own_word.leave()
    seen.own_word.tag("role=db")
    assert (0, Tags(0, "role=web")) == own_tags(seen)
