"""What reads server-sent events, as the HTML standard says."""

from __future__ import annotations

import json
from typing import Any


class Browser:
    """An event source: what it was told, and the id with which it would come again."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.last_id = ""
        self.retry = 0

    def read(self, text: bytes) -> list[Any]:
        """Reads whole events. Returns the data of those that are dispatched."""
        assert text == b"" or text.endswith(b"\n\n"), text
        told: list[Any] = []
        for block in text.decode().split("\n\n"):
            data = []
            for line in block.splitlines():
                field, _, value = line.partition(": ")
                if field == "data":
                    data.append(value)
                elif field == "id":
                    self.last_id = value
                elif field == "retry":
                    self.retry = int(value)
                else:
                    assert line.startswith(":"), line
            if data:
                told.append(json.loads("\n".join(data)))
        return told
