"""How a daemon stands, by its settings."""

from __future__ import annotations

from pathlib import Path

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.standing import CLIENTS_UNCHECKED, GOSSIP_OPEN, Standing

OUTSIDE = ("10.0.0.1", 8088)
SOCKET = Path("/run/http")


def test_what_others_reach_unguarded_is_said() -> None:
    """Doors and gossip, each with the mend; what only this machine reaches is not."""
    standing = Standing(DaemonConfig(), "10.0.0.1", [OUTSIDE, SOCKET], [("::1", 6379)])
    assert (True, ["10.0.0.1:8088"]) == (standing.is_open(), standing.unchecked())
    assert [GOSSIP_OPEN, f"10.0.0.1:8088: {CLIENTS_UNCHECKED}"] == standing.warnings()
    assert [] == Standing(DaemonConfig(), "127.0.0.1", [SOCKET]).warnings()


def test_what_guards_is_in_force() -> None:
    """TLS over TCP alone, tokens everywhere."""
    file = Path("file")
    guarded = DaemonConfig(
        key_file=file,
        accept_open=True,
        token_file=file,
        tls_cert=file,
        tls_key=file,
        tls_client_ca=file,
    )
    standing = Standing(guarded, "10.0.0.1", [OUTSIDE, SOCKET], doubts=["a doubt"])
    assert [(True, True, True), (False, False, True)] == [
        (each.tls, each.client_certificates, each.tokens) for each in standing.entrances
    ]
    doubt, taken = standing.warnings()
    assert ("a doubt", True) == (doubt, "--accept-open" in taken)
