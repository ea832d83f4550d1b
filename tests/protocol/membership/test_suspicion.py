"""How long a suspicion lasts, against numbers worked out by hand from Lifeguard's formula."""

from __future__ import annotations

import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.protocol.membership.suspicion import Suspicion, suspicion_timeout

# alpha 3, beta 6, K 3, interval 1 s. n = 10: min 3 * 1 = 3, max 18. n = 1000: min 3 * 3 = 9, max
# 54. With c of k confirmations: max - (max - min) * log(c + 1) / log(k + 1), never below min.
TABLE = [
    (2, 0, 3.0),  # nobody can confirm: no reason to wait for it
    (3, 0, 18.0),  # k = 1
    (3, 1, 3.0),
    (4, 1, 18 - 15 * 0.6309298),  # k = 2: log 2 / log 3
    (4, 2, 3.0),
    (10, 0, 18.0),
    (10, 1, 10.5),  # log 2 / log 4 = 1/2
    (10, 2, 18 - 15 * 0.7924813),  # log 3 / log 4
    (10, 3, 3.0),
    (10, 9, 3.0),
    (64, 3, 3.0),
    (1024, 3, 3.4),  # two gossip rounds more
    (1024, 0, 20.4),
]

# The same with Lifeguard's growth of the minimum.
GROWING = [
    (10, 0, 18.0),
    (100, 0, 36.0),
    (100, 1, 21.0),
    (1000, 0, 54.0),
    (1000, 1, 31.5),
    (1000, 3, 9.0),
]


@pytest.mark.parametrize(("members", "confirmations", "seconds"), TABLE)
def test_timeout_follows_the_formula(members: int, confirmations: int, seconds: float) -> None:
    """The time-out is that of the formula, to a microsecond."""
    found = suspicion_timeout(ProtocolConfig(), members, confirmations)
    assert pytest.approx(seconds, abs=1e-6) == found


@pytest.mark.parametrize(("members", "confirmations", "seconds"), GROWING)
def test_without_learned_silences_it_is_lifeguards(
    members: int, confirmations: int, seconds: float
) -> None:
    """The minimum grows with the logarithm of the number of members."""
    config = ProtocolConfig(learned_silences=False)
    found = suspicion_timeout(config, members, confirmations)
    assert pytest.approx(seconds, abs=1e-6) == found


@pytest.mark.parametrize(
    ("seen", "confirmations", "seconds"), [(2.0, 3, 3.0), (5.0, 3, 5.0), (5.0, 0, 18.0)]
)
def test_a_suspicion_lasts_as_long_as_silences_that_were_seen(
    seen: float, confirmations: int, seconds: float
) -> None:
    """At least; and without confirmations no longer than else."""
    found = suspicion_timeout(ProtocolConfig(), 10, confirmations, seen)
    assert pytest.approx(seconds) == found


@pytest.mark.parametrize("members", [2, 3, 10, 1000])
def test_switched_off_it_is_the_minimum(members: int) -> None:
    """Without dynamic suspicion a suspicion lasts its minimum from the start."""
    config = ProtocolConfig(dynamic_suspicion=False)
    most = suspicion_timeout(ProtocolConfig(), members, 3)
    assert pytest.approx(most) == suspicion_timeout(config, members, 0)


@pytest.mark.parametrize(
    ("accusers", "limit", "confirmations"),
    [
        (["b", "c"], 3, 2),
        (["b", "b"], 3, 1),
        (["a"], 3, 0),
        ([""], 3, 0),
        (["b", "c", "d", "e"], 3, 3),
        (["b"], 0, 0),
    ],
)
def test_confirmations_are_independent(accusers: list[str], limit: int, confirmations: int) -> None:
    """Only another accuser, one that is named, and only as many as shorten it, confirms."""
    suspicion = Suspicion("a", 0.0)
    for accuser in accusers:
        suspicion.confirm(accuser, limit)
    assert confirmations == suspicion.confirmations
