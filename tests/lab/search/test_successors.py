"""Restarts that are added to histories."""

from __future__ import annotations

from typing import Any

from lab.search.successors import Successors


def test_some_histories_have_successors_that_count_by_powers_of_two() -> None:
    """Each has one place of its own, as long as there are places."""
    found: list[dict[str, Any]] = []
    for seed in range(100):
        words: dict[str, Any] = {"increment": ["n0@1,amount=1"]}
        Successors(seed, 3, 15.0, 2).add(words, 1, 2)
        if "set" in words:
            found.append(words)
        else:
            assert words == {"increment": ["n0@1,amount=1"]}
    assert 10 < len(found) < 35
    for words in found:
        assert [each.split(",", 1)[1] for each in words["increment"]] == [
            "amount=1",
            "amount=2,names=2",
            "amount=4,names=2",
        ]
        assert len(words["restart"]) >= 3


def test_ordered_histories_have_small_amounts() -> None:
    """There are as few as can be judged."""
    for seed in range(50):
        words: dict[str, Any] = {}
        Successors(seed, 3, 15.0, 0).add(words, None, 1)
        assert [each.split(",")[1] for each in words.get("increment", ["n,amount=1"])] == [
            "amount=1"
        ]
