"""The search finds each deliberately broken protocol, by a finding of the right kind."""

from __future__ import annotations

import pytest

from lab.search.draw import draw_history
from lab.search.play import play_history
from tests.lab.search import mutants_counter, mutants_membership
from tests.lab.search.mutants import MUTANTS, Mutant

# Imported for what they register.
BROKEN = (mutants_counter, mutants_membership)

FIRST = 10_000_000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_is_found(mutant: Mutant) -> None:
    """Within its number of histories."""
    found = set()
    with mutant.patch():
        for seed in range(FIRST, FIRST + mutant.within):
            found |= {finding.kind for finding in play_history(draw_history(seed)).findings}
            if found & set(mutant.kinds):
                return
    pytest.fail(f"only found {', '.join(sorted(found)) or 'nothing'}")


def test_there_are_enough_of_them() -> None:
    """Each with a name of its own, and every kind of finding is expected of some mutant."""
    names = {mutant.name for mutant in MUTANTS}
    kinds = {kind for mutant in MUTANTS for kind in mutant.kinds}
    assert len(MUTANTS) == len(names) >= 20
    assert kinds == {
        "answer too high",
        "answer too low",
        "count fell",
        "counts never agreed",
        "failed for no reason",
        "false death",
        "idle bytes",
        "invented",
        "kept",
        "lost",
        "never said",
        "no order",
        "not alive",
        "not as told",
        "not dead",
        "not quiet",
        "old generation",
        "raised",
        "refused",
        "row fell",
        "row gone",
        "sent to removed",
        "shown",
        "storm",
        "told before kept",
        "too few holders",
        "too large",
        "unanswered",
        "wrong target",
    }
