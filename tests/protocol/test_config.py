"""Settings: presets and bounds."""

from __future__ import annotations

import attrs
import pytest

from gossipd.protocol import PROFILES, ProtocolConfig


@pytest.mark.parametrize(
    "changes",
    [
        {"cluster": ""},
        {"cluster": "x" * 65},
        {"probe_interval": 0.0},
        {"probe_interval": -1.0},
        {"probe_interval": float("nan")},
        {"probe_timeout": 1.0},
        {"probe_timeout_min": 0.6},
        {"suspicion_max_mult": 0.5},
        {"awareness_max": 0},
        {"fanout": 0},
        {"indirect_probes": -1},
        {"member_limit": 1},
        {"max_datagram_bytes": 999},
        {"ack": "most"},
    ],
)
def test_a_value_out_of_bounds_is_refused(changes: dict[str, object]) -> None:
    """Every setting has bounds, and the error says which one was passed."""
    with pytest.raises(ValueError, match=next(iter(changes))):
        ProtocolConfig.profile("lan", **changes)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_valid(name: str) -> None:
    """Each preset passes its own checks."""
    config = ProtocolConfig.profile(name)
    assert config.probe_timeout < config.probe_interval


def test_unknown_profile_is_refused() -> None:
    """The error names the profiles that there are."""
    with pytest.raises(ValueError, match="lan, wan, local"):
        ProtocolConfig.profile("moon")


def test_unknown_setting_is_refused() -> None:
    """A misspelt setting is no setting."""
    with pytest.raises(TypeError):
        ProtocolConfig.profile("lan", prob_interval=1.0)


def test_changes_win_over_the_profile() -> None:
    """A single setting replaces the preset's."""
    assert 0.4 == ProtocolConfig.profile("local", probe_timeout=0.4).probe_timeout


def test_settings_are_immutable() -> None:
    """A node's settings never change under it."""
    config = ProtocolConfig()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.fanout = 4  # type: ignore[misc]


@pytest.mark.parametrize("profile", PROFILES)
def test_what_all_nodes_should_have_names_the_profile(profile: str) -> None:
    """And nothing that each node may choose for itself."""
    config = ProtocolConfig.profile(profile, ack="one", max_counters=1, cluster="other")
    assert f"profile={profile},forget_after=259200" == config.common()


def test_intervals_of_no_profile_are_named_one_by_one() -> None:
    """All that belong to profiles, in at most as many bytes as the message takes."""
    found = ProtocolConfig(probe_interval=7.25, forget_after=30 * 86_400.0).common()
    assert found.startswith("probe_interval=7.25,probe_timeout=0.5,")
    assert found.endswith(",forget_after=2592000")
    assert len(found) <= 256


def test_tags_are_in_their_one_form() -> None:
    """As `tags_text` makes it."""
    with pytest.raises(ValueError, match="tags: 'b=1,a=1' is not in canonical form"):
        ProtocolConfig(tags="b=1,a=1")
