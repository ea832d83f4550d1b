"""Every flag, variable, precedence and misuse of `gossipd run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from gossipd import daemon
from gossipd.cli.run import run
from gossipd.daemon import ACK_LEVELS, LOG_FORMATS, LOG_LEVELS, PROFILES
from gossipd.daemon.config import DaemonConfig, default_data_dir
from tests.cli.invoking import HOME, NAMED, invoke


def test_no_flags_mean_the_defaults(started: list[DaemonConfig]) -> None:
    """The command line's defaults are the config's own."""
    assert 0 == invoke("run").exit_code
    [config] = started
    assert DaemonConfig(data_dir=config.data_dir) == config


def test_every_option_is_a_field() -> None:
    """By name, and the other way round; only `--ephemeral` and `--config` say others."""
    options = {option.name for option in run.params}
    assert {*attrs.fields_dict(DaemonConfig)} == options - {"ephemeral", "config"}


@pytest.mark.parametrize(
    ("flags", "environment", "expected"),
    [
        ("--bind 0.0.0.0:9000", {}, {"bind": ("0.0.0.0", 9000)}),
        ("--bind [::1]:9000", {}, {"bind": ("::1", 9000)}),
        ("", {"GOSSIPD_BIND": "localhost:9000"}, {"bind": ("localhost", 9000)}),
        ("", {"PORT": "8090"}, {"bind": ("127.0.0.1", 8090)}),
        ("", {"PORT": "", "GOSSIPD_BIND": ""}, {}),
        ("", {"PORT": "8090", "GOSSIPD_BIND": "0.0.0.0"}, {"bind": ("0.0.0.0", 8090)}),
        ("--bind [::]", {"GOSSIPD_BIND": "x:1"}, {"bind": ("::", 8088)}),
        ("", {"PORT": "8090", "GOSSIPD_BIND": "10.0.0.1:1"}, {"bind": ("10.0.0.1", 1)}),
        ("--bind 10.0.0.2:2", {"PORT": "x", "GOSSIPD_BIND": "x"}, {"bind": ("10.0.0.2", 2)}),
        ("--advertise Node1", {}, {"advertise": "node1:8088"}),
        (
            "--advertise node1 --bind 0.0.0.0:9",
            {},
            {"bind": ("0.0.0.0", 9), "advertise": "node1:9"},
        ),
        ("--advertise node1:7", {"GOSSIPD_ADVERTISE": "node2:7"}, {"advertise": "node1:7"}),
        ("", {"GOSSIPD_ADVERTISE": "10.0.0.1"}, {"advertise": "10.0.0.1:8088"}),
        ("--join a:1 --join b", {}, {"join": ("a:1", "b:8088")}),
        ("--join a:1,b --join c,a:1", {}, {"join": ("a:1", "b:8088", "c:8088")}),
        ("", {"GOSSIPD_JOIN": "a:1,b"}, {"join": ("a:1", "b:8088")}),
        ("", {"PEERS": "a:1, b:2 ,"}, {"join": ("a:1", "b:2")}),
        ("", {"PEERS": "a:1", "GOSSIPD_JOIN": "b:2"}, {"join": ("b:2",)}),
        ("", {"PEERS": "a:1", "GOSSIPD_JOIN": ""}, {"join": ("a:1",)}),
        ("--join c:3", {"PEERS": "x y:", "GOSSIPD_JOIN": "b:2"}, {"join": ("c:3",)}),
        ("--tag zone=a --tag role=web", {"GOSSIPD_TAG": "x=y"}, {"tags": "role=web,zone=a"}),
        ("", {"GOSSIPD_TAG": "zone=a, role=web"}, {"tags": "role=web,zone=a"}),
        ("--cluster prod", {"GOSSIPD_CLUSTER": "test"}, {"cluster": "prod"}),
        ("", {"GOSSIPD_CLUSTER": "test"}, {"cluster": "test"}),
        ("--profile wan", {"GOSSIPD_PROFILE": "local"}, {"profile": "wan"}),
        ("", {"GOSSIPD_PROFILE": "local"}, {"profile": "local"}),
        ("--ack majority", {"GOSSIPD_ACK": "one"}, {"ack": "majority"}),
        ("--ack auto", {"GOSSIPD_ACK": "one"}, {}),
        ("", {"GOSSIPD_ACK": "one"}, {"ack": "one"}),
        ("--forget-after 7d", {"GOSSIPD_FORGET_AFTER": "1h"}, {"forget_after": 604800.0}),
        ("", {"GOSSIPD_FORGET_AFTER": "0"}, {"forget_after": 0.0}),
        ("--fold-after 10s", {"GOSSIPD_FOLD_AFTER": "5m"}, {"fold_after": 10.0}),
        ("", {"GOSSIPD_FOLD_AFTER": "0"}, {"fold_after": 0.0}),
        ("--log-format json", {"GOSSIPD_LOG_FORMAT": "console"}, {"log_format": "json"}),
        ("", {"GOSSIPD_LOG_FORMAT": "json"}, {"log_format": "json"}),
        ("--log-level DEBUG", {"GOSSIPD_LOG_LEVEL": "error"}, {"log_level": "debug"}),
        ("", {"GOSSIPD_LOG_LEVEL": "Error"}, {"log_level": "error"}),
        ("--key-file k", {"GOSSIPD_KEY_FILE": "l"}, {"key_file": Path("k")}),
        ("", {"GOSSIPD_KEY_FILE": "l"}, {"key_file": Path("l")}),
        ("", {"GOSSIPD_KEY_FILE": ""}, {}),
        ("--key-file k --accept-open", {}, {"key_file": Path("k"), "accept_open": True}),
        (
            "--key-file k",
            {"GOSSIPD_ACCEPT_OPEN": "1"},
            {"key_file": Path("k"), "accept_open": True},
        ),
        ("--no-discovery", {}, {"discovery": False}),
        ("--disable-discovery", {}, {"discovery": False}),
        ("-disable-discovery", {}, {"discovery": False}),
        ("", {"GOSSIPD_NO_DISCOVERY": "true"}, {"discovery": False}),
        ("", {"GOSSIPD_NO_DISCOVERY": "0"}, {}),
        ("--no-page", {}, {"page": False}),
        ("", {"GOSSIPD_NO_PAGE": "true"}, {"page": False}),
        ("--discovery-port=7001", {"GOSSIPD_DISCOVERY_PORT": "7002"}, {"discovery_port": 7001}),
        ("-discovery-port=7001", {}, {"discovery_port": 7001}),
        ("-discovery-port 7001", {}, {"discovery_port": 7001}),
        ("", {"GOSSIPD_DISCOVERY_PORT": "7002"}, {"discovery_port": 7002}),
        ("--allowed-host a --allowed-host B.,a", {}, {"allowed_hosts": ("a", "b")}),
        ("", {"GOSSIPD_ALLOWED_HOST": "a.example, b"}, {"allowed_hosts": ("a.example", "b")}),
        ("--allowed-host c", {"GOSSIPD_ALLOWED_HOST": "a"}, {"allowed_hosts": ("c",)}),
        ("--redis localhost:6379", {}, {"redis": ("localhost", 6379)}),
        ("--redis [::1]:1", {"GOSSIPD_REDIS": "x:2"}, {"redis": ("::1", 1)}),
        ("", {"GOSSIPD_REDIS": "127.0.0.1:7"}, {"redis": ("127.0.0.1", 7)}),
        ("--http a:1 --http unix:/r,b:2,a:1", {}, {"http": (("a", 1), Path("/r"), ("b", 2))}),
        ("", {"GOSSIPD_HTTP": "unix:r"}, {"http": (Path("r"),)}),
        (
            "--tls-cert c --tls-client-ca a",
            {"GOSSIPD_TLS_KEY": "k"},
            {"tls_cert": Path("c"), "tls_key": Path("k"), "tls_client_ca": Path("a")},
        ),
        ("--token-file t", {"GOSSIPD_TOKEN_FILE": "u"}, {"token_file": Path("t")}),
        ("", {"GOSSIPD_TOKEN_FILE": "u"}, {"token_file": Path("u")}),
        ("--ephemeral", {}, {"data_dir": None}),
        ("", {"GOSSIPD_EPHEMERAL": "1"}, {"data_dir": None}),
        ("--data-dir d", {"GOSSIPD_DATA_DIR": "/e"}, {"data_dir": Path("d")}),
        ("", {"GOSSIPD_DATA_DIR": "/e"}, {"data_dir": Path("/e")}),
        ("", {"XDG_STATE_HOME": "/s"}, {"data_dir": Path("/s/gossipd/127.0.0.1_8088")}),
        ("", {"XDG_STATE_HOME": "relative"}, {}),
    ],
)
def test_flags_over_environment_over_defaults(
    flags: str, environment: dict[str, str], expected: dict[str, Any], started: list[DaemonConfig]
) -> None:
    """A flag wins over GOSSIPD_*, that over the original's variables, these over the defaults."""
    result = invoke("run", *flags.split(), **environment)
    assert (0, "") == (result.exit_code, result.output)
    bind = expected.get("bind", ("127.0.0.1", 8088))
    default = {"data_dir": default_data_dir(bind, {"HOME": HOME})}
    assert [DaemonConfig(**{**default, **expected})] == started


@pytest.mark.parametrize(
    ("flags", "environment", "parts"),
    [
        ("--bind 127.0.0.1:", {}, ["'--bind'", "'127.0.0.1:'", "port must be"]),
        ("--bind 127.0.0.1", {"PORT": "x"}, ["PORT", "'x' is no port number"]),
        ("--bind 127.0.0.1:0", {}, ["'--bind'", "port 0 means"]),
        ("--bind :8088", {}, ["'--bind'", "host is missing"]),
        ("--redis 127.0.0.1", {}, ["'--redis'", "port is missing"]),
        ("--http 127.0.0.1", {}, ["'--http'", "port is missing"]),
        ("--http unix:", {}, ["'--http'", "has not 1 to 103 bytes"]),
        ("", {"GOSSIPD_HTTP": "unix:" + "a" * 104}, ["GOSSIPD_HTTP", "has not 1 to 103 bytes"]),
        ("--tls-cert c", {}, ["'--tls-cert' and '--tls-key' need each other"]),
        ("", {"GOSSIPD_TLS_KEY": "c"}, ["'--tls-cert' and '--tls-key' need each other"]),
        ("--tls-client-ca c", {}, ["'--tls-client-ca' needs '--tls-cert'"]),
        ("--redis 127.0.0.1:0", {}, ["'--redis'", "port 0 means"]),
        ("--tag web", {}, ["'--tag'", "'web' is no tag such as role=web"]),
        ("", {"GOSSIPD_TAG": "a=1,a=2"}, ["GOSSIPD_TAG", "one value for a tag"]),
        ("--bind ::1:8088", {}, ["'--bind'", "in brackets"]),
        ("--bind http://a:1", {}, ["'--bind'", "without a scheme"]),
        ("", {"GOSSIPD_BIND": "8088"}, ["GOSSIPD_BIND", "'8088'", "not all numbers"]),
        ("", {"PORT": "http"}, ["PORT", "'http' is no port number"]),
        ("", {"PORT": "0"}, ["PORT", "'0' is no port number"]),
        ("--advertise 0.0.0.0:1", {}, ["'--advertise'", "0.0.0.0", "no address"]),
        ("", {"GOSSIPD_ADVERTISE": "a:0"}, ["GOSSIPD_ADVERTISE", "port must be"]),
        ("--join a:1,b:x", {}, ["'--join'", "'b:x'", "port must be"]),
        ("", {"GOSSIPD_JOIN": "a:b:c"}, ["GOSSIPD_JOIN", "'a:b:c'", "in brackets"]),
        ("", {"PEERS": "[::]:1"}, ["PEERS", "no address"]),
        ("--cluster a/b", {}, ["'--cluster'", "'a/b'", "only letters"]),
        ("", {"GOSSIPD_CLUSTER": "a" * 65}, ["GOSSIPD_CLUSTER", "1 to 64", "65"]),
        ("--profile moon", {}, ["'--profile'", "'moon'", "'lan'"]),
        ("", {"GOSSIPD_ACK": "many"}, ["GOSSIPD_ACK", "'many'", "'majority'"]),
        ("--forget-after 72", {}, ["'--forget-after'", "'72' is no time such as"]),
        ("--log-format xml", {}, ["'--log-format'", "'xml'", "'json'"]),
        ("--log-level loud", {}, ["'--log-level'", "'loud'", "'warning'"]),
        ("--discovery-port 65536", {}, ["'--discovery-port'", "'65536' is no port number"]),
        ("--discovery-port", {}, ["'--discovery-port'", "requires an argument"]),
        ("", {"GOSSIPD_EPHEMERAL": "maybe"}, ["GOSSIPD_EPHEMERAL", "'maybe'"]),
        ("--accept-open", {}, ["'--accept-open' needs '--key-file'"]),
        ("--ephemeral --data-dir d", {}, ["'--data-dir' and '--ephemeral' contradict"]),
        ("--moon", {}, ["No such option", "--moon"]),
        ("extra", {}, ["unexpected extra argument", "extra"]),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(
    flags: str, environment: dict[str, str], parts: list[str], started: list[DaemonConfig]
) -> None:
    """A misuse names the option or variable and the reason, and nothing is started."""
    result = invoke("run", *flags.split(), **environment)
    assert (2, "") == (result.exit_code, result.stdout)
    assert 1 == len(result.stderr.splitlines())
    assert result.stderr.startswith("Error: ")
    assert [] == [part for part in parts if part not in result.stderr]
    assert [] == started


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_without_a_home_nothing_is_started(
    home: str | None, started: list[DaemonConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 and one line that names both ways out; each of them works."""
    environment: dict[str, Any] = {"HOME": home}
    result = invoke("run", **environment)
    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "--data-dir" in result.stderr
    assert "--ephemeral" in result.stderr
    assert [] == started
    assert 0 == invoke("run", "--ephemeral", **environment).exit_code
    assert 0 == invoke("run", "--data-dir", "d", **environment).exit_code


def test_blame_lies_with_the_flag_if_it_was_given(started: list[DaemonConfig]) -> None:
    """A variable that a flag overrides is not named in the flag's error."""
    assert "GOSSIPD" not in invoke("run", "--bind", "x:", GOSSIPD_BIND="a:1").stderr


def test_help_names_every_variable() -> None:
    """The help of `run` tells which environment variable each option has."""
    result = invoke("run", "--help")
    assert 0 == result.exit_code
    text = "".join(result.stdout.split())
    assert [] == [name for name in NAMED if name not in text]


@pytest.mark.parametrize(("answer", "exit_code"), [(0, 0), (1, 1)])
def test_exit_code_is_the_daemons(
    answer: int, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` ends as the daemon ended."""
    monkeypatch.setattr(daemon, "main", lambda *_: answer, raising=False)
    assert exit_code == invoke("run").exit_code


def test_a_node_that_cannot_start_says_it_as_all_commands_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one line, with exit code 1."""

    def fail(*_: object) -> int:
        raise daemon.StartError("cannot listen on a:1")

    monkeypatch.setattr(daemon, "main", fail, raising=False)
    result = invoke("run")
    assert (1, "Error: cannot listen on a:1\n") == (result.exit_code, result.stderr)


def test_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C that nobody handled ends with the shell's code for it and no traceback."""

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(daemon, "main", interrupt, raising=False)
    result = invoke("run")
    assert 130 == result.exit_code
    assert "Interrupted" == result.stderr.strip()


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--profile", PROFILES),
        ("--ack", ("auto", *ACK_LEVELS)),
        ("--log-format", LOG_FORMATS),
        ("--log-level", tuple(LOG_LEVELS)),
    ],
)
def test_choices_are_the_configs(
    flag: str, words: tuple[str, ...], started: list[DaemonConfig]
) -> None:
    """All words that the config knows may be chosen, and an error names all of them."""
    for word in words:
        assert 0 == invoke("run", flag, word).exit_code
    result = invoke("run", flag, "other")
    assert 2 == result.exit_code
    named = ", ".join(repr(word) for word in words)
    assert f"Invalid value for '{flag}'" in result.stderr
    assert f"'other' is not one of {named}" in result.stderr
