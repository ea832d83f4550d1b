"""How answers to pings are counted."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

from gossipd.protocol import Ack, Codec, Sender, frame
from lab.bench.udp_pings import UNDER_WAY, Peer, answered, findings


def test_what_is_no_answer_goes_to_the_node() -> None:
    """Only an ack of one of the measured pings counts as an answer."""
    sender = frame(Sender("127.0.0.1:1", 5, 0, 7))

    def is_answer(number: int) -> bool:
        return peer.is_answer(Codec("test").datagram([sender, frame(Ack(number))]))

    peer = Peer("test", ("127.0.0.1", 1))
    with closing(peer.socket):
        assert is_answer((1 << 52) + 7)
        assert not is_answer(1 << 32)


def test_a_lost_ping_is_sent_again() -> None:
    """The measurement goes on after all pings under way were lost."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        peer = Peer("test", ("127.0.0.1", 1))
        over = threading.Event()

        def serve() -> None:
            for _ in range(UNDER_WAY):
                server.recv(100)
            server.settimeout(0.1)
            while not over.is_set():
                try:
                    data, source = server.recvfrom(100)
                except TimeoutError:
                    continue
                server.sendto(data, source)

        thread = threading.Thread(target=serve)
        thread.start()
        with closing(peer.socket):
            rate = answered(peer, [b"x"] * 64, server.getsockname(), 0.5)
        over.set()
        thread.join(10)
        assert rate > 0


def test_both_are_shown_with_their_ratio() -> None:
    """The ratio is to the bare loop of the same repetition."""
    made = findings({"bare": [100.0, 200.0], "gossipd": [50.0, 50.0]})
    assert [0.5, 0.25] == made.values["rows"][1]["to"]
