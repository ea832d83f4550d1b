"""What an heir may take over, and how it sums it up."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.commands import Bounded, Reset
from gossipd.protocol.counters.draft import Draft
from gossipd.protocol.counters.heirs import Bundle, claim_row, closed_ids, listed
from gossipd.protocol.counters.inheritance import MOST_IDS, MOST_ROWS, ancestors, digest
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import group_of
from gossipd.protocol.fingerprint import row_hash
from gossipd.protocol.wire import DEFAULT, Entry, Group, Row, Said
from tests.protocol.counters.lines import (
    FIRST,
    NEW,
    OLD,
    OTHER,
    SECOND,
    THIRD,
    folded,
    line,
    log,
    values,
)


def test_what_is_no_line_is_not_folded() -> None:
    """Nor what lies beyond a gap, is claimed twice, or says more than sums."""
    assert [each.owner for each in ancestors(line(OLD, NEW), SECOND)] == [FIRST]
    gap = group_of(FIRST, 4, 5, [Entry(5, "a", 0, 9)])
    assert ancestors(line(OLD, NEW, gap), SECOND) == []
    assert ancestors(line(OLD, NEW, log(THIRD, claim_row(1, FIRST))), SECOND) == []
    keyed = group_of(FIRST, 3, 4, [Said(4, "c", b"k1", 1, 1)])
    assert ancestors(line(OLD, keyed, NEW), SECOND) == []
    deleted = log(OTHER, Said(1, "a", b"o" + FIRST, 1, 5, 1, 5, gone=True))
    assert ancestors(line(OLD, NEW, deleted), SECOND) == []
    expiring = log(OTHER, Said(1, "a", b"", 1, 5, start=1, until=2**50))
    assert ancestors(line(OLD, NEW, expiring), SECOND) == []
    assert ancestors(line(NEW), SECOND) == []


def test_generations_are_folded_into_each_other() -> None:
    """What an heir had inherited goes over once, and all ids before it stay closed."""
    ledger = line(OLD, NEW)
    folded(ledger, SECOND)
    ledger.apply(log(THIRD, claim_row(1, SECOND), Entry(2, DEFAULT, 0, 1)))
    bundle = folded(ledger, THIRD)
    assert values(ledger) == (6, -2, 8)
    assert list(ledger.owners) == [THIRD]
    assert listed(ledger.owners[THIRD]) == (FIRST, SECOND) == tuple(closed_ids(bundle))
    assert not ledger.apply(OLD)
    assert ledger.heirs.closed == {FIRST: THIRD, SECOND: THIRD}
    assert values(line(*ledger.all_groups())) == (6, -2, 8)


def resetting(ledger: Ledger, owner: bytes) -> None:
    """Lets an owner take away all that is seen of a counter."""
    own = b"o" + owner
    draft = Draft("a", ledger.sources("a"), owner, 0, lambda: ledger.have(owner) + 1)
    draft.change(Reset("a"), 0)
    for source in draft.rows:
        version = ledger.have(owner) + 1
        seen = dict(draft.sources.items())[source]
        row = seen.row(version, "a", b"" if source == own else source)
        ledger.apply(group_of(owner, version - 1, version, [row]))


def test_what_resets_took_of_folded_ids_stays_taken() -> None:
    """Whoever reset the counter, the id itself or a stranger that had not heard of the fold."""
    ledger = line(OLD)
    resetting(ledger, FIRST)
    ledger.apply(group_of(FIRST, 4, 5, [Said(5, "a", b"", 5, 12, 4, 5)]))
    ledger.apply(NEW)
    assert values(ledger) == (7 + 1, -2, 7)
    away = line(*ledger.all_groups())
    folded(ledger, SECOND)
    assert list(ledger.owners) == [SECOND]
    for told in (ledger, line(*ledger.all_groups())):
        assert values(told) == (7 + 1, -2, 7)
    resetting(away, OTHER)
    for group in away.all_groups():
        ledger.apply(group)
    assert values(ledger) == values(line(*ledger.all_groups())) == (0, -2, 7)
    ledger.apply(group_of(SECOND, ledger.have(SECOND), 99, [Said(99, "a", b"", 99, 4, 2, 1)]))
    ledger.apply(log(THIRD, claim_row(1, SECOND)))
    folded(ledger, THIRD)
    assert sorted(ledger.owners) == [THIRD, OTHER]
    for told in (ledger, line(*ledger.all_groups())):
        assert values(told) == (3, -2, 7)


def test_no_more_is_said_of_resets_than_counts() -> None:
    """However often a counter is reset and its process starts again, its rows level off."""
    ledger, sizes = line(OLD, NEW), []
    for number in range(10, 30):
        owner, heir = list(ledger.owners)[-1], bytes([number]) * 16
        before = values(ledger)
        folded(ledger, owner)
        assert before == values(ledger) == values(line(*ledger.all_groups()))
        resetting(ledger, owner)
        assert values(ledger) == (0, -2, 7)
        ledger.apply(log(heir, claim_row(1, owner), Entry(2, "a", 0, number)))
        assert values(ledger) == values(line(*ledger.all_groups())) == (number, -2, 7)
        about_a = [row for row in ledger.owners[owner].after(0) if row.name == "a"]
        sizes.append(len(about_a))
    assert max(sizes[3:]) == sizes[3] <= 4, sizes


def test_large_logs_are_not_folded() -> None:
    """Nor what lies behind them, and nobody spends time on their hash."""
    rows: list[Row] = [Entry(1 + number, f"{number}", 0, 1) for number in range(MOST_ROWS)]
    ledger = line(log(FIRST, *rows), NEW)
    assert [each.owner for each in ancestors(ledger, SECOND)] == [FIRST]
    assert digest(ledger, FIRST)
    ledger.apply(group_of(FIRST, MOST_ROWS, MOST_ROWS + 1, [Entry(MOST_ROWS + 1, "more", 0, 1)]))
    assert ancestors(ledger, SECOND) == []
    assert digest(ledger, FIRST) == 0


def heir_of(number: int, counters: int) -> Ledger:
    """What an heir has that closed so many ids and inherited of so many counters, and its heir."""
    bundle = Bundle(FIRST, 0)
    bundle.take(OTHER, line(log(OTHER, *counted(counters))).owners[OTHER], None)
    bundle.ids = [b"%016d" % each for each in range(number)]
    return line(log(FIRST, *bundle.rows(0)), NEW)


def counted(number: int) -> list[Row]:
    """A count of each of so many counters."""
    return [Entry(1 + each, f"{each}", 0, 1) for each in range(number)]


def test_closed_ids_do_not_keep_an_heir_from_folding() -> None:
    """A directory with many counters has very many processes in its time; yet there is a limit."""
    ledger = heir_of(MOST_IDS, MOST_ROWS - 2)
    assert [each.owner for each in ancestors(ledger, SECOND)] == [FIRST]
    assert digest(ledger, FIRST)
    folded(ledger, SECOND)
    assert len(ledger.heirs.lists[SECOND]) == MOST_IDS + 1
    more = heir_of(MOST_IDS + 1, 1)
    assert ancestors(more, SECOND) == []
    assert digest(more, FIRST) == 0


def test_the_hash_of_a_log_does_not_keep_its_rows() -> None:
    """A cache of hashes would hold all rows of each heir that there was."""
    ledger = line(OLD, NEW)
    before = row_hash.cache_info().currsize
    assert digest(ledger, FIRST)
    assert ledger.content(FIRST, 0)
    assert before == row_hash.cache_info().currsize


def test_a_process_folds_once() -> None:
    """A log that has its end takes nothing over any more."""
    ledger = line(OLD, NEW)
    folded(ledger, SECOND)
    assert ancestors(ledger, SECOND) == []


@given(st.integers(0, 2**32))
def test_floors_and_what_was_counted_under_them_stay(seed: int) -> None:
    """The default counter reads the same, and so it does after whatever comes later."""
    rng = Random(seed)

    def slots(owner: bytes, first: list[Row]) -> Group:
        rows = list(first)
        for floor in sorted(rng.sample(range(30), rng.randint(1, 4))):
            rows.append(Entry(len(rows) + 1, DEFAULT, floor, rng.randint(floor == 0, 5)))
        return log(owner, *rows)

    groups = [slots(FIRST, []), slots(SECOND, [claim_row(1, FIRST)]), slots(OTHER, [])]
    ledger, plain = line(*groups), line(*groups)
    folded(ledger, SECOND)
    assert ledger.default.value == plain.default.value
    later = Entry(9, DEFAULT, rng.randrange(30), 3)
    for each in (ledger, plain):
        each.apply(group_of(OTHER, 8, 9, [later]))
    assert ledger.default.value == plain.default.value
    ledger.apply(slots(THIRD, [claim_row(1, SECOND)]))
    before = ledger.default.value
    folded(ledger, THIRD)
    assert ledger.default.value == before == line(*ledger.all_groups()).default.value


@given(st.randoms(use_true_random=False))
def test_resets_of_every_order_take_what_they_had_seen(random: Random) -> None:
    """A stranger hears of all now and then; amounts are powers of two, and so tell what counts."""
    here, away, heirs = line(OLD), line(OLD), [FIRST]
    counts, seen, gone = {5}, {5}, set[int]()

    def hear(to: Ledger, told: Ledger) -> None:
        for group in told.all_groups():
            to.apply(group)

    for number in range(random.randrange(4, 16)):
        owner, event = heirs[-1], random.choice(("count", "reset", "away", "hear", "start"))
        version = here.have(owner)
        if event == "count":
            amount = 8 << number
            draft = Draft("a", here.sources("a"), owner, 0, lambda version=version: version + 1)
            draft.change(Bounded("a", amount), 0)
            here.apply(group_of(owner, version, version + 1, draft.rows.values()))
            counts.add(amount)
        elif event == "reset":
            resetting(here, owner)
            gone |= counts
        elif event == "away":
            resetting(away, OTHER)
            gone |= seen
        elif event == "hear":
            hear(away, here)
            hear(here, away)
            hear(away, here)
            seen = set(counts)
        else:
            heirs.append(bytes([100 + number]) * 16)
            here.apply(log(heirs[-1], claim_row(1, owner)))
            if random.random() < 0.7:
                before = here.value("a")
                folded(here, heirs[-1])
                assert before == here.value("a") == line(*here.all_groups()).value("a")
    hear(here, away)
    hear(away, here)
    for told in (here, away, line(*here.all_groups())):
        assert told.value("a") == sum(counts - gone)
