"""What is kept of the fuzzing is played, without atheris, and what it reaches is held."""

from __future__ import annotations

import pytest

from tests.fuzz.corpus import FOLDER, kept, reached, smallest
from tests.fuzz.targets import SEALED, TARGETS

# By target the share of its lines that the kept inputs reach.
REACHED = {
    "sealed": 0.95,
    "datagram": 0.95,
    "key-file": 0.95,
    "token-file": 1.0,
    "redis": 0.99,
    "http": 0.9,
    "node": 0.3,
}


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_hold_and_reach(name: str) -> None:
    """Each input passes; together they reach about all there is."""
    inputs = kept(name)
    lines, missed = reached(TARGETS[name], inputs)
    assert REACHED[name] <= 1 - len(missed) / lines, missed[:20]


def test_what_is_kept_is_small() -> None:
    """It is in the repository."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000
    assert {*TARGETS} == {path.stem for path in FOLDER.iterdir()}


def test_a_target_fails_where_it_should() -> None:
    """A datagram that opens without having been sealed is seen."""
    data, payload = SEALED.popitem()
    try:
        with pytest.raises(KeyError):
            TARGETS["sealed"].run(data)
    finally:
        SEALED[data] = payload


def test_an_input_that_shows_nothing_new_is_not_kept() -> None:
    """Nor is a longer one that shows the same."""
    one, other = b"# one\n", b"# another\n"
    assert [one] == smallest(TARGETS["key-file"], [other, one, other])
