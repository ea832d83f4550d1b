"""Histories made smaller."""

from __future__ import annotations

from lab.search.draw import Words
from lab.search.shrink import shrink_history

WORDS: Words = {
    "nodes": 7,
    "duration": 8,
    "seed": 5,
    "loss": 3,
    "latency": "uniform:1ms..40ms",
    "crash": ["n1@2", "n2@3"],
    "partition": ["n4-5@3+2"],
    "increment": ["n1@1,amount=1", "n2@1,amount=2", "n1@2,amount=4"],
}


def test_only_what_is_needed_is_left() -> None:
    """Here one crash and one increment, and so three nodes."""

    def fails(words: Words) -> bool:
        crashes, increments = words.get("crash", []), words.get("increment", [])
        return "n2@3" in crashes and "n1@2,amount=4" in increments

    assert {
        "nodes": 3,
        "duration": 8,
        "seed": 5,
        "latency": "fixed:1ms",
        "crash": ["n2@3"],
        "increment": ["n1@2,amount=4"],
    } == shrink_history(WORDS, fails)


def test_nodes_that_are_named_stay() -> None:
    """Also as the last of several, and as the peer of a command."""
    assert 6 == shrink_history(WORDS, lambda words: "partition" in words)["nodes"]
    words = {**WORDS, "remove": ["n0@1,peer=n6"]}
    assert 7 == shrink_history(words, lambda words: "remove" in words)["nodes"]


def test_other_seeds_are_tried() -> None:
    """What is left out changes what chance does to the rest."""

    def fails(words: Words) -> bool:
        return words["seed"] == 7 or "loss" in words

    assert 7 == shrink_history(WORDS, fails)["seed"]


def test_there_is_an_end_to_trying() -> None:
    """After so many tries the history stays as it is."""
    tried: list[Words] = []

    def fails(words: Words) -> bool:
        tried.append(words)
        return False

    assert WORDS == shrink_history(WORDS, fails, tries=5)
    assert len(tried) == 5
