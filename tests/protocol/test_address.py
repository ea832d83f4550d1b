"""The canonical text of addresses: what is accepted, what it becomes, and what is refused."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.address import (
    MAX_TEXT,
    format_node_id,
    is_address,
    parse_host_port,
    parse_node_id,
    split_node_id,
)

LABELS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1)
NAMES = st.lists(LABELS.filter(lambda label: len(label) <= 63), min_size=1, max_size=4).map(
    lambda labels: ".".join([*labels, "example"])
)
ADDRESSES = st.ip_addresses().map(
    lambda address: f"[{address}]" if address.version == 6 else str(address)
)
PORTS = st.integers(1, 65535)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("127.0.0.1:8088", "127.0.0.1:8088"),
        ("Node1:8088", "node1:8088"),
        ("my_node-2.Example.COM:1", "my_node-2.example.com:1"),
        ("[::1]:8088", "[::1]:8088"),
        ("[2001:DB8:0:0:0:0:0:1]:65535", "[2001:db8::1]:65535"),
        ("[2001:db8:0:1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
        ("[::FFFF:a00:1]:80", "10.0.0.1:80"),
        ("1.2.3.4.example:80", "1.2.3.4.example:80"),
        ("Node1.Example.:8088", "node1.example:8088"),
        ("node1.:8088", "node1:8088"),
        ("0:80", None),
        ("0xcafe-1:80", "0xcafe-1:80"),
    ],
)
def test_one_text_for_each_address(text: str, canonical: str | None) -> None:
    """Every way to write an address becomes the same text; what is no address is refused."""
    if canonical is None:
        with pytest.raises(ValueError, match="not an IPv4 address"):
            parse_node_id(text)
    else:
        assert canonical == parse_node_id(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "port is missing"),
        (":8088", "host is missing"),
        ("node1", "port is missing"),
        ("node1:", "port must be a number"),
        ("node1:0", "port must be a number from 1 to 65535"),
        ("node1:65536", "port must be a number"),
        ("node1:99999999999999999999", "port must be a number"),
        ("node1:080", "must not start with 0"),
        ("node1:+80", "port must be a number"),
        ("node1: 80", "port must be a number"),
        ("node1:8_0", "port must be a number"),
        ("node1:٨", "port must be a number"),
        ("::1:8088", "in brackets"),
        ("[::1]", "port is missing"),
        ("[::1", "not closed"),
        ("[::1]8088", "only a colon"),
        ("[127.0.0.1]:80", "only an IPv6 address"),
        ("[]:80", "host is missing"),
        ("[:::1]:80", "not an IPv6 address"),
        ("[fe80::1%eth0]:80", "zone"),
        ("010.1.1.1:80", "not an IPv4 address"),
        ("1.2.3:80", "not an IPv4 address"),
        ("1.2.3.4.5:80", "not an IPv4 address"),
        ("256.1.1.1:80", "not an IPv4 address"),
        ("127.1:80", "not an IPv4 address"),
        ("0x7f000001:80", "not an IPv4 address"),
        ("0x7f.0.0.1:80", "not an IPv4 address"),
        (".:80", "not an IPv4 address"),
        ("a..b:80", "empty"),
        (".a:80", "empty"),
        ("a..:80", "empty"),
        ("10.0.0.1.:80", "not an IPv4 address"),
        ("..:80", "not an IPv4 address"),
        ("a b:80", "only letters"),
        ("a/b:80", "without a scheme"),
        ("http://a:80", "without a scheme"),
        ("a*b:80", "only letters"),
        ("nöde:80", "only letters"),
        ("\u212aelvin:80", "only letters"),
        ("a\n:80", "only letters"),
        ("a" * 64 + ":80", "more than 63"),
        (".".join(["a" * 50] * 5) + ":80", "at most 253"),
        ("a" * 300, "longer than 270"),
    ],
)
def test_refusals_say_why_in_one_short_line(text: str, reason: str) -> None:
    """A refusal shows the text, however long it is, and the reason, in one line."""
    with pytest.raises(ValueError, match=reason) as caught:
        parse_node_id(text)
    assert 1 == len(str(caught.value).splitlines())
    assert str(caught.value).startswith("'")
    assert 140 > len(str(caught.value))


def test_a_resolver_is_asked_with_the_final_dot() -> None:
    """The dot keeps search lists away from the name; it is no part of the id."""
    assert "node1.example.:8088" == parse_host_port("Node1.Example.", 8088)
    assert ("node1.example.", 8088) == split_node_id("node1.example.:8088")
    assert "node1.example:8088" == format_node_id("node1.example.", 8088)
    longest = ".".join(["a" * 49] * 5) + ".abc"
    assert f"{longest}:80" == parse_node_id(f"{longest}.:80")


def test_default_port_serves_only_a_text_without_port() -> None:
    """The default fills in a missing port and leaves a given one alone."""
    assert "node1:8088" == parse_node_id("node1", 8088)
    assert "[::1]:8088" == parse_node_id("[::1]", 8088)
    assert "node1:9" == parse_node_id("node1:9", 8088)
    with pytest.raises(ValueError, match="port must be"):
        parse_node_id("node1:", 8088)
    with pytest.raises(ValueError, match="port must be"):
        parse_node_id("node1", 0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::", True),
        ("::ffff:1.2.3.4", True),
        ("node1", False),
        ("1.2.3", False),
        ("010.0.0.1", False),
        ("[::1]", False),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_is_address_tells_addresses_from_names(host: str, expected: bool) -> None:
    """Only an address that an id may hold counts as one."""
    assert expected is is_address(host)


def test_split_and_format() -> None:
    """A host has no brackets on its own and gets them in an id."""
    assert ("::1", 8088) == split_node_id("[::1]:8088")
    assert ("node1", 8088) == split_node_id("node1:8088")
    assert "[::1]:8088" == format_node_id("0:0:0:0:0:0:0:1", 8088)
    assert "10.0.0.1:8088" == format_node_id("::ffff:10.0.0.1", 8088)
    assert "node1:8088" == format_node_id("NODE1", 8088)


@pytest.mark.parametrize(("host", "port"), [("", 80), ("fe80::1%2", 80), ("a", 0), ("[::1]", 80)])
def test_format_refuses_what_is_no_id(host: str, port: int) -> None:
    """An id that `parse_node_id` would refuse is never made."""
    with pytest.raises(ValueError, match=f"and port {port}: "):
        format_node_id(host, port)


@given(st.one_of(NAMES, ADDRESSES), PORTS)
def test_canonical_text_is_its_own_canonical_text(host: str, port: int) -> None:
    """Parsing is idempotent, within the length, and split and format are each other's inverse."""
    canonical = parse_node_id(f"{host}:{port}")
    assert canonical == parse_node_id(canonical)
    assert canonical == canonical.lower()
    assert canonical == format_node_id(*split_node_id(canonical))
    assert port == split_node_id(canonical)[1]
    assert MAX_TEXT >= len(canonical)


@given(st.ip_addresses(v=6), PORTS)
def test_every_spelling_of_an_address_is_one_id(address: ipaddress.IPv6Address, port: int) -> None:
    """Short, exploded and upper-case spellings are the same node."""
    expected = parse_node_id(f"[{address}]:{port}")
    assert expected == parse_node_id(f"[{address.exploded.upper()}]:{port}")
    assert is_address(split_node_id(expected)[0])


@given(st.text(max_size=300))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """No text raises anything but a ValueError of one line."""
    reason = "one line"
    try:
        text = parse_node_id(text, 8088)
    except ValueError as error:
        reason = str(error)
    else:
        assert text == parse_node_id(text)
    assert 1 == len(reason.splitlines())
