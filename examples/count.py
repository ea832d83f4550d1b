"""Counts from an application, with nothing but the standard library.

    python3 examples/count.py [URL]

Copy the class into your application, and give it the URL of the gossipd on the same machine.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request


class Counter:
    """The cluster's counter, through one node.

    Every method raises OSError if the node cannot be reached or answers with an error. An increment
    that was not answered, or with status 503 and without the header Retry-After, may have been
    counted or not; whoever repeats it may count twice.
    """

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        self._url = url
        self._timeout = timeout

    def value(self) -> int:
        """Returns the value that the node shows now. It never waits for other nodes."""
        return self._ask("GET", "/count")[0]

    def increment(self, ack: str = "majority") -> tuple[int, int]:
        """Adds one. Returns the new value, and how many nodes hold the write.

        `ack` chooses whom the node waits for: all, majority, one or local.
        """
        value, acks = self._ask("POST", f"/increment?ack={ack}")
        return value, int(acks.partition("/")[0])

    def _ask(self, method: str, path: str) -> tuple[int, str]:
        request = urllib.request.Request(self._url + path, method=method)
        with urllib.request.urlopen(request, timeout=self._timeout) as answer:
            return json.load(answer)["count"], answer.headers.get("Gossipd-Acks", "")


def main(url: str = "http://127.0.0.1:8088") -> int:
    """Does three jobs and counts each of them."""
    counter = Counter(url)
    try:
        print(f"before: {counter.value()}")
        for job in ("fetch", "parse", "store"):
            value, holders = counter.increment()
            print(f"{job} is job number {value}, as {holders} nodes know")
    except urllib.error.HTTPError as error:
        print(f"{url} answered {error.code}: {error.read().decode().strip()}", file=sys.stderr)
        return 1
    except OSError as error:
        reason = getattr(error, "reason", error)
        print(f"{url} cannot be reached: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
