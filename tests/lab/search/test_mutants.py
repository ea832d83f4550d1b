"""The search finds each deliberately broken protocol, by a finding of the right kind."""

from __future__ import annotations

from importlib import import_module
from inspect import signature

import pytest

from lab.search.draw import draw_history
from lab.search.play import play_history
from tests.lab.search import (
    mutants_clusters,
    mutants_counter,
    mutants_meetings,
    mutants_membership,
    mutants_proof,
    mutants_sealed,
    mutants_tested,
    mutants_tested_counter,
    mutants_tested_detection,
    mutants_tested_exchanges,
    mutants_tested_heirs,
    mutants_tested_named,
    mutants_tested_rules,
)
from tests.lab.search.mutants import MUTANTS, Mutant

# Imported for what they register.
BROKEN = (
    mutants_clusters,
    mutants_counter,
    mutants_meetings,
    mutants_membership,
    mutants_proof,
    mutants_sealed,
    mutants_tested,
    mutants_tested_counter,
    mutants_tested_detection,
    mutants_tested_exchanges,
    mutants_tested_heirs,
    mutants_tested_named,
    mutants_tested_rules,
)

FIRST = 10_000_000


SEARCHED = [mutant for mutant in MUTANTS if not mutant.test]
TESTED = [mutant for mutant in MUTANTS if mutant.test]


@pytest.mark.parametrize("mutant", SEARCHED, ids=lambda mutant: mutant.name)
def test_every_mutant_is_found(mutant: Mutant) -> None:
    """Within its number of histories."""
    found = set()
    first = FIRST + mutant.first
    with mutant.patch():
        for seed in range(first, first + mutant.within):
            words = draw_history(seed, mutant.among)
            found |= {finding.kind for finding in play_history(words).findings}
            if found & set(mutant.kinds):
                return
    pytest.fail(f"only found {', '.join(sorted(found)) or 'nothing'}")


@pytest.mark.parametrize("mutant", TESTED, ids=lambda mutant: mutant.name)
def test_every_other_mutant_fails_a_test(mutant: Mutant) -> None:
    """By an assertion or an exception; the test passes without the mutant, as part of the suite."""
    file, _, name = mutant.test.partition("::")
    module = import_module(f"tests.{file.removesuffix('.py').replace('/', '.')}")
    test = getattr(module, name)
    signature(test).bind(*mutant.arguments)
    with mutant.patch(), pytest.raises((Exception, pytest.fail.Exception)):
        test(*mutant.arguments)


def test_there_are_enough_of_them() -> None:
    """Each with a name of its own, and every kind of finding is expected of some mutant."""
    names = {mutant.name for mutant in MUTANTS}
    kinds = {kind for mutant in MUTANTS for kind in mutant.kinds}
    assert len(MUTANTS) == len(names) >= 100
    assert kinds == {
        "answer too high",
        "answer too low",
        "cluster fell apart",
        "count fell",
        "counts met",
        "counts never agreed",
        "death after healing",
        "failed for no reason",
        "false death",
        "idle bytes",
        "invented",
        "kept",
        "left too early",
        "left with counts",
        "lost",
        "never answered",
        "never said",
        "no order",
        "not alive",
        "not as told",
        "not dead",
        "not expired",
        "not quiet",
        "not reset",
        "old generation",
        "raised",
        "refused",
        "row fell",
        "row gone",
        "sent to removed",
        "shown",
        "storm",
        "tables never agreed",
        "tags never agreed",
        "told before kept",
        "too few holders",
        "too large",
        "unanswered",
        "wrong target",
    }
