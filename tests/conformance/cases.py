"""The scenarios of the conformance suite; see `tests.conformance.suite`."""

from __future__ import annotations

from gossipd.protocol import (
    Broadcast,
    Notify,
    Paused,
    Persist,
    RegisteredPeerSilent,
    Resolve,
    Transmit,
    Write,
)
from tests.conformance.suite import (
    OTHER,
    PEER,
    Deliver,
    Hear,
    Increment,
    Pause,
    Reaction,
    Refuse,
    Register,
    Reply,
    Scenario,
)


def write(sequence: int) -> Persist:
    """An empty transaction."""
    return Persist(Write(sequence, ()))


SILENT = Notify(RegisteredPeerSilent("x"))
PAUSED = Notify(Paused(1.0))

SCENARIOS = (
    Scenario(
        name="effects are carried out in order and before the next input",
        reactions={
            "start": [Reaction((Transmit(b"1", PEER), SILENT, Transmit(b"2", OTHER)))],
            "datagram a": [Reaction((PAUSED, Transmit(b"3", PEER)))],
            "datagram b": [Reaction((Transmit(b"4", OTHER), SILENT))],
        },
        steps=(Deliver(0.5, b"a"), Deliver(0.5, b"b", OTHER)),
        until=1.0,
        expected=(
            ("start", 0.0),
            ("transmit", b"1", PEER),
            ("notify", SILENT.event),
            ("transmit", b"2", OTHER),
            ("datagram", b"a", PEER, 0.5),
            ("notify", PAUSED.event),
            ("transmit", b"3", PEER),
            ("datagram", b"b", OTHER, 0.5),
            ("transmit", b"4", OTHER),
            ("notify", SILENT.event),
        ),
    ),
    Scenario(
        name="writes are reported in order, after the effects of the input that staged them",
        reactions={
            "increment": [Reaction((write(1), write(2), Transmit(b"after", PEER)))],
            "persisted": [
                Reaction((write(3), Transmit(b"first", PEER))),
                Reaction((Transmit(b"second", PEER),)),
                Reaction((Reply(0, 7),)),
            ],
        },
        steps=(Increment(0.5, 7),),
        until=1.0,
        expected=(
            ("start", 0.0),
            ("increment", 7, 0.5),
            ("transmit", b"after", PEER),
            ("persisted", 1, 0.5),
            ("transmit", b"first", PEER),
            ("persisted", 2, 0.5),
            ("transmit", b"second", PEER),
            ("persisted", 3, 0.5),
        ),
    ),
    Scenario(
        name="a timer fires when it is due, again as it is armed, and not before",
        reactions={
            "start": [Reaction(due=1.0)],
            "timeout": [Reaction(due=1.25), Reaction((Transmit(b"x", PEER),), due=9.0)],
        },
        steps=(Deliver(0.5, b"a"), Deliver(1.1, b"b")),
        until=2.0,
        expected=(
            ("start", 0.0),
            ("datagram", b"a", PEER, 0.5),
            ("timeout", 1.0),
            ("datagram", b"b", PEER, 1.1),
            ("timeout", 1.25),
            ("transmit", b"x", PEER),
        ),
    ),
    Scenario(
        name="a command arms the timer earlier",
        reactions={"start": [Reaction(due=5.0)], "increment": [Reaction((Reply(0, 1),), due=1.0)]},
        steps=(Increment(0.5, 1),),
        until=6.0,
        expected=(("start", 0.0), ("increment", 1, 0.5), ("timeout", 1.0)),
    ),
    Scenario(
        name="a datagram puts the timer off",
        reactions={"start": [Reaction(due=1.0)], "datagram a": [Reaction(due=2.0)]},
        steps=(Deliver(0.5, b"a"),),
        until=3.0,
        expected=(("start", 0.0), ("datagram", b"a", PEER, 0.5), ("timeout", 2.0)),
    ),
    Scenario(
        name="after a pause what waits is handled before the timers and at one time",
        reactions={
            "start": [Reaction(due=1.0)],
            "datagram a": [Reaction((Transmit(b"1", PEER),))],
            "timeout": [Reaction((Transmit(b"2", PEER),))],
        },
        steps=(Pause(0.5, 4.0, (b"a", b"b", b"c")),),
        until=5.0,
        expected=(
            ("start", 0.0),
            ("datagram", b"a", PEER, 4.0),
            ("transmit", b"1", PEER),
            ("datagram", b"b", PEER, 4.0),
            ("datagram", b"c", PEER, 4.0),
            ("timeout", 4.0),
            ("transmit", b"2", PEER),
        ),
    ),
    Scenario(
        name="a datagram that waited through a pause can put the timer off",
        reactions={"start": [Reaction(due=1.0)], "datagram a": [Reaction(due=4.5)]},
        steps=(Pause(0.5, 4.0, (b"a",)),),
        until=5.0,
        expected=(("start", 0.0), ("datagram", b"a", PEER, 4.0), ("timeout", 4.5)),
    ),
    Scenario(
        name="a socket is drained until it is empty",
        reactions={"start": [Reaction(due=1.0)]},
        steps=(Pause(0.5, 4.0, tuple(b"%d" % number for number in range(200))),),
        until=5.0,
        expected=(
            ("start", 0.0),
            *(("datagram", b"%d" % number, PEER, 4.0) for number in range(200)),
            ("timeout", 4.0),
        ),
    ),
    Scenario(
        name="a refusal is handed over at once, and what follows carried out",
        reactions={
            "start": [Reaction(due=5.0)],
            "refused a": [Reaction((Transmit(b"1", OTHER),), due=1.5)],
            "timeout": [Reaction((Transmit(b"2", PEER),))],
        },
        steps=(Refuse(0.5, b"a"), Refuse(1.0, b"b", OTHER)),
        until=2.0,
        expected=(
            ("start", 0.0),
            ("refused", b"a", PEER, 0.5),
            ("transmit", b"1", OTHER),
            ("refused", b"b", OTHER, 1.0),
            ("timeout", 1.5),
            ("transmit", b"2", PEER),
        ),
    ),
    Scenario(
        name="a refusal comes after the datagrams that wait beside it, and before the timers",
        reactions={"start": [Reaction(due=1.0)]},
        steps=(Pause(0.5, 4.0, (b"a",), refused=(b"b",)),),
        until=5.0,
        expected=(
            ("start", 0.0),
            ("datagram", b"a", PEER, 4.0),
            ("refused", b"b", PEER, 4.0),
            ("timeout", 4.0),
        ),
    ),
    Scenario(
        name="a pause without anything waiting fires the timers late and once",
        reactions={"start": [Reaction(due=1.0)]},
        steps=(Pause(0.5, 4.0),),
        until=5.0,
        expected=(("start", 0.0), ("timeout", 4.0)),
    ),
    Scenario(
        name="answers reach the callers of their commands once, in any order",
        reactions={
            "start": [Reaction(due=1.0)],
            "timeout": [Reaction((Reply(1, 5, 2, 3), Reply(0, 2, 3, 3)))],
            "increment": [Reaction(), Reaction(), Reaction((Reply(2, 9, 0, 3),))],
        },
        steps=(Increment(0.25, 2), Increment(0.5, 3), Increment(0.75, 4)),
        until=2.0,
        expected=(
            ("start", 0.0),
            ("increment", 2, 0.25),
            ("increment", 3, 0.5),
            ("increment", 4, 0.75),
            ("timeout", 1.0),
        ),
    ),
    Scenario(
        name="a name is resolved to all its addresses, an unknown one to none",
        reactions={
            "register": [
                Reaction((Resolve("peers.test", 8088, 7),)),
                Reaction((Resolve("no.test", 1, 8),)),
            ],
            "resolved": [Reaction((Transmit(b"x", PEER), Transmit(b"x", OTHER)))],
        },
        steps=(Register(0.5, "peers.test"), Register(2.5, "no.test:1")),
        until=5.0,
        names={"peers.test": (PEER[0], OTHER[0])},
        expected=(
            ("start", 0.0),
            ("register", "peers.test", 0.5),
            ("resolved", 7, (PEER, OTHER)),
            ("transmit", b"x", PEER),
            ("transmit", b"x", OTHER),
            ("register", "no.test:1", 2.5),
            ("resolved", 8, ()),
        ),
    ),
    Scenario(
        name="a broadcast is carried out in its place",
        reactions={"start": [Reaction((Transmit(b"1", PEER), Broadcast(b"2"), SILENT))]},
        steps=(),
        until=1.0,
        expected=(
            ("start", 0.0),
            ("transmit", b"1", PEER),
            ("broadcast", b"2"),
            ("notify", SILENT.event),
        ),
    ),
    Scenario(
        name="what a broadcast brings is an input like any datagram",
        reactions={
            "start": [Reaction(due=5.0)],
            "datagram a": [Reaction((Transmit(b"1", PEER),), due=1.0)],
            "datagram b": [Reaction((Broadcast(b"2"),))],
            "timeout": [Reaction((Broadcast(b"3"),))],
        },
        steps=(Hear(0.5, (b"a", b"b")),),
        until=6.0,
        expected=(
            ("start", 0.0),
            ("datagram", b"a", ("10.0.0.2", 7000), 0.5),
            ("transmit", b"1", PEER),
            ("datagram", b"b", ("10.0.0.2", 7000), 0.5),
            ("broadcast", b"2"),
            ("timeout", 1.0),
            ("broadcast", b"3"),
        ),
    ),
)
