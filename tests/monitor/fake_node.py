"""What stands for a node where the live view asks: an HTTP server whose answers a test sets."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROW = {"since": "2026-01-01T00:00:00Z", "generation": 1, "incarnation": 0, "removed": False}
STATUS: dict[str, Any] = {
    "cluster": "c",
    "counters": 2,
    "local_health": 0,
    "members": {"alive": 1},
    "node_id": "10.0.0.1:8088",
    "ready": True,
    "reason": None,
    "seeds": [],
    "version": "1.2.3",
}


class FakeNode:
    """A node of which everything is known.

    Attributes:
        answers: what it answers, by path.
        streams: what it tells those who follow it, by path, an event each; None ends a stream.
        asked: the paths and the last ids with which streams were asked for.
        port: where it answers.
    """

    def __init__(self, run: str = "r") -> None:
        self.answers: dict[str, str] = {}
        self.members(own="alive")
        self.answers["/v1/status"] = json.dumps(STATUS)
        self.answers["/metrics"] = "gossipd_answers_total 1.0\n"
        self.streams: dict[str, queue.Queue[str | None]] = {
            "/v1/events": queue.Queue(),
            "/v1/watch": queue.Queue(),
        }
        self.asked: list[tuple[str, str | None]] = []
        self.port = 0
        self._run = run
        self._number = 0
        self.tell("/v1/events")
        self.tell("/v1/watch", known=True, name="default", value=7)

    @property
    def url(self) -> str:
        """Returns where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def members(self, own: str, **others: str) -> None:
        """Sets the states of members: its own, and those of others by their names."""
        rows = [{**ROW, "id": "10.0.0.1:8088", "state": own}]
        rows += [{**ROW, "id": name, "state": state} for name, state in others.items()]
        self.answers["/v1/members"] = json.dumps({"members": rows, "node_id": "10.0.0.1:8088"})

    def tell(self, path: str, **data: Any) -> None:
        """Tells those who follow a path an event."""
        self._number += 1
        told = f"data: {json.dumps(data)}\n" if data else ""
        self.streams[path].put(f"id: {self._run}-{self._number}\n{told}\n")

    @contextmanager
    def runs(self) -> Iterator[None]:
        """Answers for the length of the block, at the same port each time."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            for stream in self.streams.values():
                stream.put(None)
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(node: FakeNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            stream = node.streams.get(self.path.partition("?")[0])
            with contextlib.suppress(OSError):
                if stream is None:
                    self.wfile.write(node.answers[self.path].encode())
                    return
                node.asked.append((self.path, self.headers.get("Last-Event-ID")))
                while (event := stream.get()) is not None:
                    self.wfile.write(event.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
