"""What a store held is handed over in pieces, and makes the same node."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import attrs

from gossipd.daemon.storage import Store, in_pieces
from gossipd.protocol import Entry, Group, Identity, Node, ProtocolConfig, Said, State

A, B = b"a" * 16, b"b" * 16


def held() -> State:
    """Two owners, of whom one counted a lot and has rows of both forms; and what was recorded."""
    entries = [Entry(version, f"page:{version:04d}", 0, 1) for version in range(1, 1401)]
    said = [Said(1400 + each, "calls", b"s%d" % each, each, each) for each in range(1, 801)]
    groups = (
        Group(A, 0, 2200, entries, said),
        Group(B, 0, 2, [Entry(2, "page:0001", 0, 5)]),
        Group(B, 2, 3, [Entry(3, "default", 0, 9)]),
    )
    return State(5, groups=groups)


def restored(state: State) -> State:
    """What a node keeps that began with this state."""
    config, identity = ProtocolConfig(cluster="c"), Identity("10.0.0.1:1", 1, 1000)
    return Node(config, identity, state=state, rng=Random(1), now=0.0).state()


def all_of(groups: Iterable[Group]) -> list[object]:
    """Every row with its owner, in order."""
    return [(group.owner, row) for group in groups for row in group.rows]


def test_pieces_have_all_rows_in_order() -> None:
    """And only the last of a group says what it completes."""
    pieces = list(in_pieces(held()).groups)
    assert all_of(held().groups) == all_of(pieces)
    assert [0, 0, 0, 0, 2200, 2, 3] == [piece.upto for piece in pieces]
    assert [500, 500, 400, 500, 300, 1, 1] == [len(piece.rows) for piece in pieces]


def test_a_node_begins_with_pieces_as_with_all() -> None:
    """Nothing else of the state is different."""
    assert restored(held()) == restored(in_pieces(held()))


def test_what_was_handed_over_is_held_no_more() -> None:
    """Otherwise a process would have each row twice."""
    state = held()
    whole = [group.entries for group in state.groups]
    read = iter(in_pieces(state).groups)
    next(read)
    assert 900 == len(whole[0])
    assert len(list(read)) == 6
    assert 0 == len(whole[0])
    assert State(5) == attrs.evolve(state, groups=())


def test_the_file_gets_what_was_recorded_as_it_was(tmp_path: Path) -> None:
    """Though the node has taken the rows out of what it was handed by then."""
    [group, *_] = held().groups
    said = [Said(400 + each, "calls", b"s%d" % each, each, each) for each in range(1, 201)]
    group = Group(A, 0, 600, group.entries[:400], said)
    store = Store(tmp_path, "c")
    store.open()
    store.record(group)
    store._disconnect()
    store = Store(tmp_path, "c")
    assert 600 == sum(len(piece.rows) for piece in in_pieces(store.open()).groups)
    store.begin(2)
    [found] = store.reopen().groups
    assert group == found
