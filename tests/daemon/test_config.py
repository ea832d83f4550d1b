"""What a daemon's configuration accepts, and the one line it answers otherwise."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import attrs
import pytest

from gossipd.daemon.config import (
    DaemonConfig,
    check_cluster,
    default_data_dir,
    parse_bind,
    parse_contact,
    parse_contacts,
    parse_duration,
    parse_hosts,
    parse_port,
)


def test_defaults_are_safe() -> None:
    """Without choices a node listens on this machine alone and joins nobody."""
    config = DaemonConfig()
    assert ("127.0.0.1", 8088) == config.bind
    assert config.advertise is None
    assert () == config.join
    assert ("gossipd", "lan", None) == (config.cluster, config.profile, config.ack)
    assert ("console", "info") == (config.log_format, config.log_level)
    assert (72 * 3600, 60) == (config.forget_after, config.fold_after)
    assert (True, 7000, None) == (config.discovery, config.discovery_port, config.data_dir)


@pytest.mark.parametrize(
    "values",
    [
        {"bind": ("", 8088)},
        {"bind": ("127.0.0.1", 0)},
        {"bind": ("127.0.0.1", 65536)},
        {"bind": ("fe80::1%eth0", 1)},
        {"bind": ("NODE1", 1)},
        {"advertise": "node1"},
        {"advertise": "NODE1:8088"},
        {"advertise": "0.0.0.0:8088"},
        {"join": ("node1",)},
        {"join": ("node1:8088", "[::]:8088")},
        {"allowed_hosts": ("A.example",)},
        {"cluster": ""},
        {"profile": "moon"},
        {"ack": "some"},
        {"forget_after": -1.0},
        {"fold_after": -1.0},
        {"log_format": "xml"},
        {"log_level": "INFO"},
        {"discovery_port": 0},
        {"discovery_port": 65536},
    ],
)
def test_values_out_of_bounds_are_refused(values: dict[str, Any]) -> None:
    """A config that the daemon could not run with cannot be made."""
    with pytest.raises(ValueError):
        DaemonConfig(**values)


def test_config_is_frozen() -> None:
    """Nobody changes a config after it was checked."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DaemonConfig().cluster = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("0.0.0.0:8088", ("0.0.0.0", 8088)),
        ("[::]:1", ("::", 1)),
        ("LocalHost:65535", ("localhost", 65535)),
    ],
)
def test_bind(text: str, bind: tuple[str, int]) -> None:
    """An address or a name with a port can be listened on."""
    assert bind == parse_bind(text)


def test_bind_without_a_port() -> None:
    """The default port is taken where one is given, and only then."""
    assert ("::", 8090) == parse_bind("[::]", 8090)
    assert ("::", 1) == parse_bind("[::]:1", 8090)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("127.0.0.1:0", "port 0 means another port at every start"),
        ("127.0.0.1", "port is missing"),
        (":8088", "host is missing"),
        ("::1:8088", "in brackets"),
        ("a b:1", "only letters"),
    ],
)
def test_bad_bind(text: str, reason: str) -> None:
    """What cannot be listened on is refused with the reason."""
    with pytest.raises(ValueError, match=reason):
        parse_bind(text)


def test_contacts() -> None:
    """A comma list may have blanks and empty parts; the port is 8088 unless given."""
    assert ("node1:8088", "[::1]:8088", "10.0.0.1:9") == parse_contacts(
        " Node1, [::1],,10.0.0.1:9,"
    )
    assert () == parse_contacts(" , ")
    assert "node1:9" == parse_contact("node1", 9)


def test_the_final_dot_of_a_name_is_kept_for_the_resolver() -> None:
    """The directory of the node's state is the same with and without it."""
    assert "node1.example.:8088" == parse_contact("Node1.Example.")
    assert ("node1.example.", 9) == parse_bind("node1.example.:9")
    config = DaemonConfig(bind=("node1.", 9), advertise="node1.:9", join=("node1.:9",))
    environment = {"XDG_STATE_HOME": "/state"}
    assert default_data_dir(("node1", 9), environment) == default_data_dir(config.bind, environment)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]"])
def test_contact_must_be_one_machine(host: str) -> None:
    """Wildcards and multicast groups are nobody's address."""
    with pytest.raises(ValueError, match="no address at which others can reach a node"):
        parse_contact(f"{host}:8088")


def test_ports() -> None:
    """A port is a plain number from 1 to 65535."""
    assert (1, 65535) == (parse_port("1"), parse_port("65535"))
    for text in ("", "0", "65536", "-1", "+1", "1.0", "x", "٨", "9" * 5000):
        with pytest.raises(ValueError, match="no port number from 1 to 65535"):
            parse_port(text)


def test_hosts() -> None:
    """A comma list of names, without ports; a final dot is taken off."""
    assert ("a.example", "b") == parse_hosts("A.example., b,")
    for bad in ("a:80", "a b", "a..b", "http://a"):
        with pytest.raises(ValueError):
            parse_hosts(bad)


def test_cluster_names() -> None:
    """1 to 64 letters, digits, dots, hyphens and underscores."""
    assert "a" * 64 == check_cluster("a" * 64)
    assert "Prod-1_eu.west" == check_cluster("Prod-1_eu.west")
    for name, reason in [("", "not 0"), ("a" * 65, "not 65"), ("a b", "'a b'"), ("ä", "only")]:
        with pytest.raises(ValueError, match=reason):
            check_cluster(name)


def test_config_does_not_import_trio() -> None:
    """Reading a command line costs no event loop."""
    code = "import sys, gossipd.daemon.config; sys.exit('trio' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90s", 90), ("30m", 1800), ("72h", 259_200), ("7d", 604_800), ("0h", 0)],
)
def test_times_have_units(text: str, seconds: int) -> None:
    """A time is a whole number and one of four units; 0 needs none."""
    assert seconds == parse_duration(text)


@pytest.mark.parametrize("text", ["", "h", "72", "-1h", "1.5h", "1 h", "1w", "1234567d", "²h"])
def test_no_other_text_is_a_time(text: str) -> None:
    """The error names the text."""
    with pytest.raises(ValueError, match="is no time such as"):
        parse_duration(text)
