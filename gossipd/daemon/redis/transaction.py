"""What is asked between MULTI and EXEC: it is carried out as one write, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import attrs

from gossipd.protocol import Answer, Asked, Bounded, Change, Reset

from ..resp import Error, Value
from .commands import Command
from .context import Context
from .errors import Failed
from .view import View
from .writing import Plan

MOST_COMMANDS = 1024

_Step: TypeAlias = "Plan | Value | _Read"


@attrs.frozen
class _Read:
    """A command that is carried out when the write has taken effect."""

    command: Command
    request: list[bytes]


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

    def plan(self, context: Context) -> tuple[list[Asked], Callable[[Answer | None], list[Value]]]:
        """Returns what is to be written, and what makes the answers when that has taken effect.

        Without anything to write there is no answer to wait for. What is read is read then; a value
        that the transaction changes is the one at its place in the transaction.
        """
        view = context.view.apart()
        steps = [_step(command, request, view) for command, request in self._commands]
        plans = [step for step in steps if isinstance(step, Plan)]
        changes = [change for plan in plans for change in plan.changes]
        absent = {one.name for one in changes if context.view.value(one.name) is None}

        def tell(answer: Answer | None) -> list[Value]:
            if answer is None:
                return _answers(steps, (), (), context)
            values = answer.counts or (answer.count,)
            before = [*zip(changes, values, answer.done, strict=True)]
            view = _as_before(context.view.apart(), before, absent)
            return _answers(steps, values, answer.done, attrs.evolve(context, view=view))

        return _living(changes, absent), tell


def _step(command: Command, request: list[bytes], view: View) -> _Step:
    """Returns what a command does, and notes in the view which counters there are after it."""
    try:
        if command.change is not None:
            step: _Step = Plan((command.change(request),), _nothing)
        elif command.plan is not None:
            step = command.plan(view, request)
        else:
            return _Read(command, request)
    except Failed as failed:
        return Error(failed)
    if isinstance(step, Plan):
        for change in step.changes:
            view.note(change.name, None if _deletes(change) else 0)
    return step


def _nothing(done: object) -> Value:
    """Is never called: the answer to a change is the value after it."""
    raise NotImplementedError


def _deletes(change: Asked) -> bool:
    return isinstance(change, Reset) and change.delete


def _living(changes: list[Asked], absent: set[str]) -> list[Asked]:
    """Returns the changes, where a new counter has its time to live from the first of them on."""
    found = list(changes)
    for change in changes:
        if isinstance(change, Bounded) and change.name in absent:
            for place, other in enumerate(found):
                if isinstance(other, Change) and other.name == change.name:
                    found[place] = Bounded(*other, change.ttl)
    return found


def _as_before(view: View, changed: list[tuple[Asked, int, int]], absent: set[str]) -> View:
    """Returns the view, which shows counters as they were before the changes.

    Each change comes with the value after it, and with what it did.
    """
    for change, value, did in changed:
        before = value + did if isinstance(change, Reset) else value - did
        view.begin(change.name, None if change.name in absent else before)
    return view


def _answers(
    steps: list[_Step], values: Sequence[int], did: Sequence[int], context: Context
) -> list[Value]:
    counts, done = iter(values), iter(did)
    answers: list[Value] = []
    for step in steps:
        if isinstance(step, Plan):
            count = 0
            for change in step.changes:
                count = next(counts)
                context.view.note(change.name, None if _deletes(change) else count)
            own = [next(done) for _ in step.changes]
            answers.append(count if step.tell is _nothing else step.tell(own))
        elif isinstance(step, _Read):
            answers.append(_called(step, context))
        else:
            answers.append(step)
    return answers


def _called(read: _Read, context: Context) -> Value:
    assert read.command.call is not None, "the others have no place in a transaction"
    try:
        answer = read.command.call(context, read.request)
    except Failed as failed:
        return Error(failed)
    assert not isinstance(answer, Iterator), "neither have these"
    return answer
