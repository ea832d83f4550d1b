"""Sums of several owners by name, as a table of each would have them."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.counters.sums import GONE, Sums
from gossipd.protocol.wire import DEFAULT, Entry, Row, Said


@pytest.mark.parametrize("seed", range(20))
def test_logs_that_share_a_table_have_their_own_rows(seed: int) -> None:
    """Sums come, grow and go, become rows that say more, and a whole log goes."""
    rng, sums = Random(seed), Sums()
    logs = [OwnerLog(sums, number) for number in range(1, 4)]
    naive: list[dict[object, Row]] = [{} for _ in logs]
    version = 0
    for _ in range(900):
        number = rng.randrange(len(logs))
        log, rows, name = logs[number], naive[number], rng.choice("abcdefgh")
        version += 1
        row: Row = Entry(version, name, 0, rng.randint(-9, 9))
        match rng.randrange(20):
            case 0:
                log.clear()
                rows.clear()
                continue
            case 1 | 2 if name in rows:
                log.drop(name)
                del rows[name]
                continue
            case 3:
                row = Said(version, name, rng.choice([b"", b"s1"]), 1, 1)
            case 4:
                row = Entry(version, DEFAULT, rng.randrange(3), 1)
        log.put(row.slot, row)
        rows[row.slot] = row
        since = rng.randrange(-1, version)
        expected = sorted(rows.values(), key=lambda each: each.version)
        assert [each for each in expected if each.version > since] == list(log.after(since))
        assert len(rows) == len(log.entries)
        assert rows == {row.slot: log.entries[row.slot] for row in log.after(-1)}
        plain = [row.count for each in naive if isinstance(row := each.get(name), Entry)]
        assert (sum(plain) if plain else None) == sums.total(name)


def test_what_is_replaced_in_place_leaves_no_more_than_a_third_behind() -> None:
    """Void places are taken out as others come, so that memory follows what there is."""
    log, rng, names = OwnerLog(), Random(3), set()
    for version in range(1, 60_000):
        name = f"{rng.randrange(8_000)}"
        names.add(name)
        log.put(name, Entry(version, name, 0, version))
    places = sum(len(block.rows) for block in log._by_version._blocks)
    assert len(names) <= places < len(names) * 4 / 3 + 1_024
    assert sorted(names) == sorted(row.name for row in log.after(0))


def test_a_name_is_one_object_however_often_it_comes() -> None:
    """Each request and each push brings a new one, which must not stay."""
    sums = Sums()
    [(first, before, by)] = sums.merge(1, [Entry(1, "a" * 99, 0, 1)])
    [(other, _, _)] = sums.merge(2, [Entry(1, "".join(["a"] * 99), 0, 1)])
    [(again, was, more)] = sums.merge(1, [Entry(2, "".join(["a"] * 99), 0, 5)])
    assert (GONE, 1, 1, 4) == (before, by, was, more)
    assert again is first
    assert other.name is first.name


def test_a_sum_is_taken_only_if_it_is_newer() -> None:
    """Of those of one version the larger. One that comes twice is told once, with all it added."""
    sums = Sums()
    sums.merge(1, [Entry(4, "a", 0, 3)])
    assert [] == sums.merge(1, [Entry(3, "a", 0, 9), Entry(4, "a", 0, 2), Entry(4, "a", 0, 3)])
    [(held, before, by)] = sums.merge(1, [Entry(4, "a", 0, 5), Entry(6, "a", 0, 1)])
    assert (6, 1, 4, -2) == (held.version, held.count, before, by)
    assert 1 == sums.total("a")
