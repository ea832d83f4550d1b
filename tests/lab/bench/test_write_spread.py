"""How the time until all nodes show a write is measured."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack

from lab.bench.write_spread import Spread, _watch, findings


def test_a_node_that_does_not_show_the_count_is_asked_again() -> None:
    """Each connection is asked until it shows the count, and then no more."""
    shows = [[4, 5], [9], [3, 4, 5]]
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in shows]
        for pair in pairs:
            for end in pair:
                stack.enter_context(end).settimeout(10)
        asked = [0, 0, 0]

        def serve(place: int) -> None:
            for count in shows[place]:
                assert pairs[place][1].recv(1000).startswith(b"GET /count ")
                asked[place] += 1
                body = b'{"count":%d,"node_id":"a"}\n' % count
                pairs[place][1].sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)

        threads = [threading.Thread(target=serve, args=(place,)) for place in range(3)]
        for thread in threads:
            thread.start()
        seconds = _watch([ours for ours, _ in pairs], 5)
        for thread in threads:
            thread.join(10)
        assert seconds > 0
        assert [2, 1, 3] == asked


def test_serf_is_compared_by_the_median() -> None:
    """Only rows with the same number of nodes are compared."""
    made = findings(
        {
            ("gossipd", 3): [Spread(0.001, 0.0005), Spread(0.002, 0.0005), Spread(0.003, 0.0005)],
            ("serf", 3): [Spread(0.2), Spread(0.4), Spread(0.6)],
            ("gossipd", 10): [Spread(0.001)],
        }
    )
    (three, _, ten) = made.values["rows"]
    assert 200 == three["serf_to_this"]
    assert "serf_to_this" not in ten
