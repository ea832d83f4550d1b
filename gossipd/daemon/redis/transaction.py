"""What is asked between MULTI and EXEC: it is carried out as one write, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from gossipd.protocol import Answer, Change

from ..future import Future
from ..resp import Error, Value
from .commands import Command
from .context import Context
from .errors import Failed, held

MOST_COMMANDS = 1024

_Step = Change | Error | tuple[Command, list[bytes]]


class Transaction:
    """The commands of one transaction, in order.

    Attributes:
        is_void: whether there was an error in it, so that it cannot be carried out.
    """

    def __init__(self) -> None:
        self.is_void = False
        self._commands: list[tuple[Command, list[bytes]]] = []

    def void(self) -> None:
        """Notes that there was an error."""
        self.is_void = True

    def add(self, command: Command, request: list[bytes]) -> None:
        """Takes one more command. Raises Failed if it has no place here."""
        if "no_multi" in command.flags:
            raise Failed("ERR Command not allowed inside a transaction")
        if len(self._commands) == MOST_COMMANDS:
            raise Failed(f"ERR a transaction has at most {MOST_COMMANDS} commands")
        self._commands.append((command, request))

    def carry_out(self, context: Context) -> Value | Future[Value]:
        """Counts what is to be counted in one write; returns all answers, or their future.

        What is read is read when the write has taken effect. A value that the transaction changes
        is the one at its place in the transaction.
        """
        steps = [_step(command, request) for command, request in self._commands]
        changes = [step for step in steps if isinstance(step, Change)]
        if not changes:
            return _answers(steps, (), context)
        value = context.view.value
        new = {change.name for change in changes if value(change.name) is None}

        def tell(outcome: Answer | Exception) -> Value:
            try:
                answer = held(outcome, is_known=not new)
            except Failed as failed:
                if isinstance(outcome, Exception):
                    raise Failed(f"EXECABORT Transaction discarded: {failed}") from None
                raise
            context.caller.wrote(answer.holders)
            counts = answer.counts or (answer.count,)
            values = [*zip(changes, counts, strict=True)]
            view = context.view.apart()
            # Before its first change in the transaction a counter had that much less.
            for change, count in values:
                before = None if change.name in new else count - change.amount
                view.begin(change.name, before)
            return _answers(steps, counts, attrs.evolve(context, view=view))

        return context.service.change(changes, None).map(tell)


def _step(command: Command, request: list[bytes]) -> _Step:
    if command.change is None:
        return command, request
    try:
        return command.change(request)
    except Failed as failed:
        return Error(failed)


def _answers(steps: list[_Step], counts: Sequence[int], context: Context) -> list[Value]:
    left = iter(counts)
    answers: list[Value] = []
    for step in steps:
        if isinstance(step, Change):
            count = next(left)
            context.view.note(step.name, count)
            answers.append(count)
        elif isinstance(step, Error):
            answers.append(step)
        else:
            answers.append(_called(*step, context))
    return answers


def _called(command: Command, request: list[bytes], context: Context) -> Value:
    assert command.call is not None, "the others have no place in a transaction"
    try:
        answer = command.call(context, request)
    except Failed as failed:
        return Error(failed)
    assert not isinstance(answer, Iterator), "neither have these"
    return answer
