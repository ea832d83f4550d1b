"""The requests of one client, one after the other, and those that share a write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from gossipd.protocol import Answer, Asked, Change

from ..future import Future
from ..resp import Error, OnAnswers, Status, Value, encode
from .commands import COMMANDS, COUNTING, Command, find
from .context import Context
from .errors import Failed, held
from .tally import Tally
from .transaction import Transaction
from .writing import Plan

_OK = Status("OK")
_AT_ONCE = frozenset(("MULTI", "EXEC", "DISCARD", "RESET", "QUIT"))
"""Commands that are not queued in a transaction."""

_CONFINED = frozenset(
    ("SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "PING", "QUIT", "RESET")
)
"""The commands of a client of RESP2 that has subscribed to something."""

_SHOWN_BYTES = 128


class Session:
    """What is behind a connection: see `Client` of the server.

    Attributes:
        gathered: what `gather` took and `flush` has not carried out.
        news: what the client subscribed to.
    """

    def __init__(self, context: Context, tally: Tally) -> None:
        """Takes what the commands work with, and what counts them."""
        self._context = context
        self._caller = context.caller
        self._visitor = context.visitor
        # Asked here once: two calls for each increment take 0.1 microseconds.
        self._is_guarded = context.visitor.is_guarded
        self._service = context.service
        self._tally = tally
        self._commands = tally.commands
        self.gathered: list[Change] = []
        self._transaction: Transaction | None = None
        self.news = context.subscriptions

    @property
    def has_quit(self) -> bool:
        """Whether the last answer is to be followed by the end of the connection."""
        return self._caller.has_quit

    # What only counts

    def gather(self, request: list[bytes]) -> bool:
        """Takes a request that only counts, and is right; else returns False.

        It is looked up in small letters or capitals only; `answer` takes mixed ones.
        """
        counting = COUNTING.get(request[0])
        if counting is None or self._transaction is not None or self.news.count:
            return False
        if self._is_guarded and not self._visitor.may("count"):
            return False
        name, arity, change = counting
        if len(request) != arity:
            return False
        try:
            self.gathered.append(change(request))
        except Failed:
            return False
        self._commands[name] += 1
        if self._is_guarded:
            self._visitor.admit("count", name)
        return True

    def flush(self, then: OnAnswers) -> None:
        """Carries out what was gathered, in one write, and calls `then` with all answers."""
        changes, self.gathered = self.gathered, []
        self._service.change(changes, None).then(partial(self._take, changes, then))

    def _take(
        self,
        changes: list[Change],
        then: OnAnswers,
        outcome: Answer | Exception,
    ) -> None:
        """Tells the answers to changes of one write."""
        if isinstance(outcome, ValueError) and len(changes) > 1:
            # Nothing of it was written. Each request stands for itself.
            self._one_by_one(changes, then)
            return
        try:
            answer = held(outcome)
        except Failed as failed:
            then(self._failed(failed) * len(changes))
        except Exception as error:
            then(error)
        else:
            self._caller.wrote(answer.holders)
            values = answer.counts
            if values:
                then(b"".join([b":%d\r\n" % value for value in values]))
            else:
                then(b":%d\r\n" % answer.count)

    def _one_by_one(self, changes: list[Change], then: OnAnswers) -> None:
        """Makes each change by itself, in order, and tells the answers when all are there."""
        found: dict[int, bytes | Exception] = {}

        def take(number: int, outcome: bytes | Exception) -> None:
            found[number] = outcome
            if len(found) == len(changes):
                ordered = [found[each] for each in range(len(changes))]
                error = next((one for one in ordered if isinstance(one, Exception)), None)
                then(error or b"".join(one for one in ordered if isinstance(one, bytes)))

        for number, change in enumerate(changes):
            self.gathered.append(change)
            self.flush(partial(take, number))

    # Everything else

    def answer(self, request: list[bytes]) -> bytes | Iterator[bytes] | Future[bytes]:
        """Answers a request that `gather` did not take."""
        try:
            answer = self._answer(request)
        except Failed as failed:
            return self._failed(failed)
        if isinstance(answer, Future | Iterator):
            return answer
        return encode(answer, self._caller.resp)

    def _failed(self, failed: Failed) -> bytes:
        self._tally.failed(str(failed).partition(" ")[0])
        return encode(Error(failed), self._caller.resp)

    def _answer(self, request: list[bytes]) -> Value | Iterator[bytes] | Future[bytes]:
        transaction = self._transaction
        try:
            command = self._command(request)
            self._admit(command)
            if self.news.confines and command.name not in _CONFINED:
                raise Failed(
                    f"ERR Can't execute '{command.name.lower()}': only (P|S)SUBSCRIBE /"
                    " (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
                )
            if transaction is not None and command.name not in _AT_ONCE:
                transaction.add(command, request)
                return Status("QUEUED")
        except Failed:
            if transaction is not None:
                transaction.void()
            raise
        self._tally.called(command.name)
        if command.call is not None:
            return command.call(self._context, request)
        if command.change is not None:
            return self._write((command.change(request),), lambda answer: answer.count)
        if command.plan is not None:
            plan = command.plan(self._context.view, request)
            if not isinstance(plan, Plan):
                return plan
            return self._write(plan.changes, lambda answer: plan.tell(answer.done))
        return _OWN[command.name](self)

    def _command(self, request: list[bytes]) -> Command:
        command = find(request[0])
        if command is None:
            raise self._unknown(request)
        command.check(request)
        return command

    def _admit(self, command: Command) -> None:
        """Raises Failed unless the client may use a command."""
        if command.role is None:
            return
        denial = self._visitor.admit(command.role, command.name)
        if denial == "role":
            raise Failed(
                f"NOPERM User {self._visitor.name} has no permissions to run the"
                f" '{command.name.lower()}' command"
            )
        if denial is not None:
            raise Failed("NOAUTH Authentication required.")

    def _unknown(self, request: list[bytes]) -> Failed:
        name, *arguments = [one[:_SHOWN_BYTES].decode("utf-8", "replace") for one in request[:20]]
        if name.upper() in ("POST", "HOST:"):
            # A page in a browser is talking HTTP to this port.
            self._caller.quit()
        shown = " ".join(f"'{one}'" for one in arguments)[:_SHOWN_BYTES]
        return Failed(
            f"ERR unknown command '{name}', with args beginning with: {shown}; this is gossipd,"
            f" which counts, and has {' '.join(COMMANDS)}"
        )

    def _write(
        self, changes: Sequence[Asked], tell: Callable[[Answer], Value], aborts: str = ""
    ) -> Future[bytes]:
        """Returns the future of what is told of a write, or of the error after `aborts`."""

        def told(outcome: Answer | Exception) -> bytes:
            try:
                answer = held(outcome)
            except Failed as failed:
                refused = isinstance(outcome, Exception)
                return self._failed(Failed(f"{aborts}{failed}") if refused else failed)
            self._caller.wrote(answer.holders)
            return encode(tell(answer), self._caller.resp)

        return self._service.change(changes, None).map(told)

    # Transactions

    def _multi(self) -> Value:
        if self._transaction is not None:
            raise Failed("ERR MULTI calls can not be nested")
        self._transaction = Transaction()
        return _OK

    def _exec(self) -> Value | Future[bytes]:
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            raise Failed("ERR EXEC without MULTI")
        if transaction.is_void:
            raise Failed("EXECABORT Transaction discarded because of previous errors.")
        changes, tell = transaction.plan(self._context)
        if not changes:
            return tell(None)
        return self._write(changes, tell, "EXECABORT Transaction discarded: ")

    def _discard(self) -> Value:
        if self._transaction is None:
            raise Failed("ERR DISCARD without MULTI")
        self._transaction = None
        return _OK

    def _reset(self) -> Value:
        self._transaction = None
        self.news.close()
        self._caller.reset()
        self._visitor.leave()
        return Status("RESET")


# By name and not bound to each session: it would be in a cycle, which waits for the collector.
_OWN: dict[str, Callable[[Session], Value | Future[bytes]]] = {
    "MULTI": Session._multi,
    "EXEC": Session._exec,
    "DISCARD": Session._discard,
    "RESET": Session._reset,
}
