"""How many commands and errors there were, for the metrics."""

from __future__ import annotations

from collections import defaultdict


class Tally:
    """Counts of all clients since the start.

    Attributes:
        commands: number of commands that were carried out, by name.
        errors: number of errors that were answered, by their code.
    """

    def __init__(self) -> None:
        self.commands: defaultdict[str, int] = defaultdict(int)
        self.errors: defaultdict[str, int] = defaultdict(int)

    def called(self, command: str) -> None:
        """Counts a command."""
        self.commands[command] += 1

    def failed(self, code: str) -> None:
        """Counts an error."""
        self.errors[code] += 1
