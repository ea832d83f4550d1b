"""A keep-alive HTTP connection to a node."""

from __future__ import annotations

import http.client


class Client:
    """One connection to a node, for requests one after the other."""

    def __init__(self, host: str, port: int, timeout: float = 10.0) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout)

    def connect(self) -> None:
        """Connects at once; otherwise the first request connects."""
        self._connection.connect()

    def ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Returns status, headers (their names in lower case) and body of the answer."""
        self._connection.request(method, path, body, headers or {})
        answer = self._connection.getresponse()
        found = {key.lower(): value for key, value in answer.getheaders()}
        return answer.status, found, answer.read()

    def increment(self) -> str:
        """Adds one to the counter, and returns how many nodes of how many hold that ("2/3")."""
        status, headers, body = self.ask("POST", "/increment")
        assert status == 200, (status, body)
        return headers["gossipd-acks"]

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
