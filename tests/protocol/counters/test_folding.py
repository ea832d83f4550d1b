"""When a process takes over what the ids before its own counted: when all members agree."""

from __future__ import annotations

import pytest
from msgspec import structs

from gossipd.protocol import Change, Increment
from gossipd.protocol.counters import Counters
from gossipd.protocol.counters.courses import Told
from gossipd.protocol.counters.folding import Folding
from gossipd.protocol.counters.heirs import claim_row
from gossipd.protocol.counters.inheritance import ancestors, bundle, digest
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import group_of
from gossipd.protocol.effects import Effect
from gossipd.protocol.membership import Contacts, Echoes, Member, Peer, RoundTrips
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.part import Admits
from gossipd.protocol.wire import (
    ALIVE,
    DEAD,
    Bequest,
    Claim,
    Entry,
    FoldAnswer,
    FoldAsk,
    Group,
    Said,
    Sender,
)
from tests.protocol.conversation import WALL_MS, address, messages_of, node_id, sent, writes_of
from tests.protocol.parts import Parts

OLD, NEW, OTHER = (bytes([number]) * 16 for number in range(1, 4))
AFTER = 10.0


class Process(Parts):
    """The counters of node 1, which claims `OLD` as it counts; nodes 2 and more are members."""

    def __init__(self, members: int = 2, line: bytes = OLD, after: float = AFTER) -> None:
        super().__init__(fold_after=after)
        shared = self.runtime, self.outbox, self.table
        self.ledger = Ledger(b"key")
        self.counters = Counters(*shared, self.ledger, RoundTrips(9))
        self.contacts = Contacts(
            *shared, Echoes(self.runtime, lambda: (1, 1), RoundTrips(9), Awareness(8)), self.gossip
        )
        self.folding = self.counters.folding(*shared, self.contacts)
        assert isinstance(self.folding, Folding)
        self.ledger.apply(group_of(OLD, 0, 1, [Entry(1, "a", 0, 5)]))
        self.ledger.heirs.line = line
        self.rows = [self.member(number) for number in range(2, 2 + members)]
        self.counters.writes.increment([Increment([Change("a", 1)], "local", 1)])
        self.made: list[Effect] = []
        self.take()
        self.folding.start()

    def member(self, number: int, state: int = ALIVE) -> Member:
        """Adds a member."""
        return self.table.add(Claim(node_id(number), WALL_MS, 0, state), self.runtime.now)

    def take(self) -> list[Effect]:
        """Returns the effects since the last call, with all writes put on disk."""
        found = self.effects()
        for write in writes_of(found):
            self.counters.writes.persisted(write)
            found += self.take()
        return found

    def wait(self, seconds: float) -> list[FoldAsk]:
        """Lets time pass, and returns what was asked."""
        end, found = self.runtime.now + seconds, list[Effect]()
        while (due := self.runtime.timers.next_deadline()) is not None and due <= end:
            self.runtime.advance(due)
            while action := self.runtime.timers.pop_due(due):
                action()
            found += self.take()
        self.runtime.advance(end)
        return messages_of(found, FoldAsk)

    def answer(self, number: int, *, row: Member, agreed: bool = True) -> None:
        """Lets a member answer a question."""
        peer = Peer(row.address, Sender(row.id, row.generation, 0, 1), 100)
        peer.identify(row, None)
        self.folding.on_answer(FoldAnswer(number, agreed), peer)
        self.take()

    @property
    def folded(self) -> bool:
        """Whether the old id is closed."""
        return OLD in self.ledger.heirs.closed


def test_a_process_folds_once_all_members_agreed() -> None:
    """Not before the time, nor before the last one has said yes."""
    process = Process()
    assert process.wait(AFTER - 1) == []
    first, second = process.wait(1)
    assert first == second
    assert [(each.owner, each.version) for each in first.ids] == [(OLD, 1)]
    process.answer(first.number, row=process.rows[0])
    process.answer(first.number, row=process.rows[0])
    assert not process.folded
    process.answer(first.number, row=process.rows[1])
    assert process.folded
    assert process.ledger.value("a") == 6
    assert process.wait(10_000) == []


def test_a_no_ends_it_until_later() -> None:
    """The same question is not answered any more; after a while there is another."""
    process = Process()
    [ask, _] = process.wait(AFTER)
    process.answer(ask.number, row=process.rows[0], agreed=False)
    process.answer(ask.number, row=process.rows[0])
    process.answer(ask.number, row=process.rows[1])
    assert not process.folded
    [again, _] = process.wait(AFTER)
    assert again.number > ask.number
    assert process.wait(AFTER) == [again, again] * 4


def test_those_that_do_not_answer_are_asked_again_a_few_times() -> None:
    """Who agreed is not asked again, and in the end it is given up, for longer each time."""
    process = Process()
    [ask, _] = process.wait(AFTER)
    process.answer(ask.number, row=process.rows[0])
    assert process.wait(AFTER / 2) == [ask] * 4
    process.answer(ask.number, row=process.rows[1])
    assert not process.folded
    assert len(process.wait(AFTER)) == 2
    assert len(process.wait(AFTER)) == 8
    assert process.wait(AFTER) == []


@pytest.mark.parametrize("known", ["dead", "of an earlier run", "of an earlier run and a seed"])
def test_nothing_is_folded_while_somebody_may_be_away(known: str) -> None:
    """A dead member, or one of an earlier run that has not been met, may hold what forbids it."""
    process = Process()
    if known == "dead":
        process.member(9, DEAD)
    else:
        process.contacts.remember(Claim(node_id(9), WALL_MS, 0, ALIVE))
    if known == "of an earlier run and a seed":
        process.contacts.join([node_id(9)])
    assert process.wait(AFTER) == []
    if known != "dead":
        process.member(9)
        assert process.wait(2 * AFTER) != []


def test_who_was_not_met_for_long_is_forgotten() -> None:
    """As the dead are: a machine that is lost for good must not end all folding."""
    process = Process(0)
    process.contacts.remember(Claim(node_id(9), WALL_MS, 0, ALIVE))
    forgotten = process.runtime.config.forget_after
    process.wait(forgotten - 1.0)
    assert not process.folded
    process.wait(3601.0)
    assert process.folded


def test_who_comes_in_between_is_asked_as_well() -> None:
    """So is a member that restarted, whose directory may be another one."""
    process = Process(1)
    [ask] = process.wait(AFTER)
    late = process.member(7)
    process.answer(ask.number, row=process.rows[0])
    assert not process.folded
    process.table.change(process.rows[0], Claim(node_id(2), WALL_MS + 1, 0, ALIVE), 0.0)
    process.answer(ask.number, row=late)
    assert not process.folded
    process.answer(ask.number, row=process.rows[0])
    assert process.folded


def test_what_changed_since_it_was_asked_is_not_folded() -> None:
    """The members agreed to other versions."""
    process = Process(1)
    [ask] = process.wait(AFTER)
    process.ledger.apply(group_of(OLD, 1, 2, [Entry(2, "a", 0, 6)]))
    process.answer(ask.number, row=process.rows[0])
    assert not process.folded


def test_a_node_without_members_folds_alone() -> None:
    """There is nobody to ask."""
    process = Process(0)
    process.wait(AFTER)
    assert process.folded


def test_a_process_that_claims_nothing_folds_nothing() -> None:
    """Its directory knew no id."""
    process = Process(line=b"")
    assert process.wait(AFTER) == []


def test_many_ids_are_asked_for_in_several_questions() -> None:
    """All of them must be agreed to; each names who claims its last id."""
    process = Process(1)
    owner = OLD
    for number in range(40):
        before = bytes([100 + number]) * 16
        process.ledger.apply(group_of(before, 0, 1, [Entry(1, "a", 0, 1)]))
        process.ledger.apply(group_of(owner, 1, 2, [claim_row(2, before)]))
        owner = before
    first, second, third = process.wait(AFTER)
    assert [len(first.ids), len(second.ids), len(third.ids)] == [20, 20, 1]
    assert first.heir == second.ids[0].owner
    process.answer(first.number, row=process.rows[0])
    assert not process.folded
    process.answer(second.number, row=process.rows[0])
    assert not process.folded
    process.answer(third.number, row=process.rows[0])
    assert process.folded
    assert process.ledger.value("a") == 46


def question(heir: bytes, owner: bytes = OLD, version: int = 1) -> FoldAsk:
    """Returns a question of somebody who has of `OLD` what a process here begins with."""
    return FoldAsk(1, heir, [Bequest(owner, version, digest(Process(0, line=b"").ledger, OLD))])


def agrees(process: Process, ask: FoldAsk) -> bool:
    """Returns the answer of a process."""
    assert process.folding.handlers[FoldAsk].admits == Admits.ECHOED
    process.folding.on_ask(ask, Peer(address(2), Sender(node_id(2), 1, 0, 1), 100))
    [(to, answer)] = sent(process.take())
    assert isinstance(answer, FoldAnswer)
    assert (to, answer.number) == (address(2), ask.number)
    return answer.agreed


def member(*groups: Group) -> Process:
    """Returns a process that has these entries besides those of `OTHER`."""
    process = Process(0, line=b"")
    process.ledger.apply(group_of(OTHER, 0, 1, [claim_row(1, OLD)]))
    for group in groups:
        process.ledger.apply(group)
    return process


def test_a_member_agrees_if_it_knows_nothing_against_it() -> None:
    """It holds just the same."""
    assert agrees(member(), question(OTHER))


def test_a_member_objects_to_what_would_be_lost_or_count_twice() -> None:
    """It has something newer, knows another child, knows it as closed, or has more than sums."""
    ask = question(OTHER)
    assert not agrees(member(group_of(OLD, 1, 2, [Entry(2, "a", 0, 6)])), ask)
    assert not agrees(member(group_of(OLD, 2, 3, [Entry(3, "a", 0, 6)])), ask)
    assert not agrees(member(group_of(NEW, 0, 1, [claim_row(1, OLD)])), ask)
    assert not agrees(member(group_of(OLD, 0, 1, [Entry(1, "a", 0, 6)])), ask)
    assert not agrees(member(), question(OTHER, version=2))
    assert not agrees(member(), question(OTHER, owner=bytes(16)))
    assert not agrees(member(), question(NEW))
    closing = member()
    rows = bundle(closing.ledger, OTHER, ancestors(closing.ledger, OTHER), 1)
    closing.ledger.apply(group_of(OTHER, 1, rows[-1].version, rows))
    assert not agrees(closing, ask)


def test_a_member_objects_to_counters_that_are_more_than_sums_there() -> None:
    """Somebody has deleted one, which the heir has not heard of; what a reset took is no matter."""
    reset = Said(1, "a", b"o" + OLD, 1, 5, 1, 5)
    assert agrees(member(group_of(NEW, 0, 1, [reset])), question(OTHER))
    deleted = structs.replace(reset, gone=True)
    assert not agrees(member(group_of(NEW, 0, 1, [deleted])), question(OTHER))
    expiring = Said(1, "a", b"", 1, 5, start=1, until=2**50)
    assert not agrees(member(group_of(NEW, 0, 1, [expiring])), question(OTHER))


def test_a_member_objects_to_its_own_id() -> None:
    """It runs as that, maybe on a copy of the directory."""
    process = member()
    [own] = [owner for owner in process.ledger.owners if owner not in (OLD, OTHER)]
    asked = [Bequest(own, process.ledger.have(own), digest(process.ledger, own))]
    assert not agrees(process, FoldAsk(1, OTHER, asked))


def test_no_time_is_no_folding() -> None:
    """A setting of 0 turns it off."""
    assert Process(0, after=0.0).wait(10 * AFTER) == []


def test_the_directory_goes_on_with_the_id_that_was_drawn() -> None:
    """As soon as it is on disk, the next process is to claim it; a second id claims nothing."""
    process = Process(0)
    assert process.ledger.heirs.children(OLD) == [process.ledger.heirs.line]
    drawn = process.ledger.heirs.line
    process.counters.writes.renew()
    process.counters.writes.increment([Increment([Change("a", 1)], "local", 2)])
    process.take()
    assert process.ledger.heirs.line not in (drawn, OLD)
    assert process.ledger.heirs.parent(process.ledger.heirs.line) == b""


def test_an_id_that_somebody_closed_is_given_up() -> None:
    """A copy of this process was taken over; what this one counts from now on is not ignored."""
    process = Process(0)
    own = process.ledger.heirs.line
    log = process.ledger.all_groups()
    other = Ledger(b"key")
    for group in (*log, group_of(NEW, 0, 1, [claim_row(1, own)])):
        other.apply(group)
    rows = bundle(other, NEW, ancestors(other, NEW), 1)
    process.counters.writes.merge(group_of(NEW, 0, 1, [claim_row(1, own)]), Told())
    process.counters.writes.merge(group_of(NEW, 1, rows[-1].version, rows), Told())
    assert own in process.ledger.heirs.closed
    process.counters.writes.increment([Increment([Change("a", 1)], "local", 3)])
    process.take()
    assert process.ledger.value("a") == 7
