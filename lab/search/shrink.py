"""Makes a failing history small: leaves out whatever its finding does not need.

Whatever is left out changes what chance does to the rest. Each smaller history is therefore tried
with a few seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .draw import Words

_SEEDS = 3
_PLAIN = {"latency": "fixed:1ms", "profile": "lan"}
_CALM = (
    "loss",
    "duplicate",
    "reorder",
    "set",
    "latency",
    "profile",
    "start",
    "seeds",
    "owners",
    "dead-rows",
    "holders",
    "writes",
)


def shrink_history(words: Words, fails: Callable[[Words], bool], tries: int = 600) -> Words:
    """Returns a history with as few words as possible that still fails.

    Args:
        words: a history that fails.
        fails: tells whether a history has the finding that is looked for.
        tries: how many histories are played at most.
    """
    seed = int(words["seed"])
    left = tries

    def still_fails(smaller: Words) -> Words | None:
        nonlocal left
        for number in range(_SEEDS):
            left -= 1
            tried = {**smaller, "seed": seed + number}
            if left >= 0 and fails(tried):
                return tried
        return None

    changed = True
    while changed and left > 0:
        changed = False
        for smaller in _smaller(words):
            found = still_fails(smaller)
            if found is not None:
                words, changed = found, True
                break
    return words


def _smaller(words: Words) -> Iterator[Words]:
    """Yields histories that are one step smaller, the largest steps first."""
    for word, value in words.items():
        if isinstance(value, list):
            yield _without(words, word)
    for word in _CALM:
        plain = _PLAIN.get(word)
        if word in words and words[word] != plain:
            yield _without(words, word) if plain is None else {**words, word: plain}
    for word, value in words.items():
        if isinstance(value, list) and len(value) > 1:
            for place in range(len(value)):
                yield {**words, word: value[:place] + value[place + 1 :]}
    highest = max(_numbers(words), default=0)
    for nodes in range(max(2, highest + 1), int(words["nodes"])):
        yield {**words, "nodes": nodes}


def _without(words: Words, word: str) -> Words:
    return {key: value for key, value in words.items() if key != word}


def _numbers(words: dict[str, Any]) -> Iterator[int]:
    """Yields the number of every node that a fault or command names."""
    for value in words.values():
        for text in value if isinstance(value, list) else ():
            for part in text.replace("@", " ").replace("=", " ").replace(",", " ").split():
                first, _, last = part.removeprefix("n").partition("-")
                if part.startswith("n") and first.isdigit():
                    yield int(last or first)
