"""What is to be simulated: one immutable value, made from the words of a file and of options.

A scenario file is TOML with the words of the command line, such as `nodes = 500` and
`crash = ["10@30"]`, and with single protocol settings in a table `[set]`. The scenarios that ship
with the package are in the folder `named`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import attrs

from gossipd.protocol import ProtocolConfig

from ..world import LAN_DELAY, Delay
from . import notation
from .notation import COMMANDS, FAULTS, Fault

MAX_NODES = 5000
"""Every node has a row for every other one: with this many nodes, the rows take 10 GB."""

MAX_OWNERS = 10_000
MAX_DEAD_ROWS = 100_000
MAX_DURATION = 30 * 24 * 3600.0
STARTS = ("joined", "together")


class ScenarioError(ValueError):
    """Raised for a scenario that cannot be simulated.

    Attributes:
        word: which word is at fault, or which file.
        reason: why.
    """

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(f"{word}: {reason}" if word else reason)
        self.word = word
        self.reason = reason


@attrs.frozen(kw_only=True)
class Scenario:
    """What is to be simulated.

    Attributes:
        about: one line about it.
        nodes: how many.
        duration: in virtual seconds.
        seed: what all chance is drawn from.
        start: "joined" (all nodes know each other) or "together" (each knows its seeds).
        seeds: each node is configured with so many of the first nodes as its seeds.
        config: of every node.
        loss, duplicate, reorder: shares of all datagrams.
        latency: how long a datagram is under way.
        writes: increments a second, in the whole cluster.
        owners: how many processes of earlier runs have left entries on the first node's disk.
        dead_rows: how many members that died long ago have rows on the first node's disk.
        holders: how many of the first nodes have these on their disks. If it is more than one, each
            has a random half of them.
        faults: faults and commands, each with the numbers of its nodes, in order of time.
        words: what the scenario was made from, as text, in order.
    """

    about: str = ""
    nodes: int = 100
    duration: float = 60.0
    seed: int = 1
    start: str = "joined"
    seeds: int = 3
    config: ProtocolConfig = attrs.Factory(ProtocolConfig)
    loss: float = 0.0
    latency: Delay = LAN_DELAY
    duplicate: float = 0.0
    reorder: float = 0.0
    writes: float = 0.0
    owners: int = 0
    dead_rows: int = 0
    holders: int = 1
    faults: tuple[tuple[Fault, tuple[int, ...]], ...] = ()
    words: Mapping[str, Any] = attrs.Factory(dict)

    def command_line(self) -> str:
        """Returns the command line that runs the scenario again."""
        parts = ["gossipd simulate"]
        for word, value in self.words.items():
            if word == "about":
                continue
            if word == "set":
                parts += [f"--set {name}={text}" for name, text in value.items()]
            else:
                parts += [f"--{word} {each}" for each in _texts(value)]
        return " ".join(parts)


def make_scenario(words: Mapping[str, Any]) -> Scenario:
    """Returns the scenario that these words describe. Raises ScenarioError if there is none."""
    unknown = [word for word in words if word not in WORDS]
    if unknown:
        near = get_close_matches(unknown[0], WORDS, 1)
        hint = f", did you mean {near[0]}?" if near else f": none of {', '.join(WORDS)}"
        raise ScenarioError(unknown[0], f"is not a word of a scenario{hint}")
    read = {
        word.replace("-", "_"): _read(word, value)
        for word, value in words.items()
        if word in _PLAIN
    }
    if "about" in words:
        read["about"] = str(words["about"])
    scenario = Scenario(
        config=_config(words), words={word: words[word] for word in WORDS if word in words}, **read
    )
    limit = scenario.config.member_limit
    if scenario.nodes > limit:
        raise ScenarioError("nodes", f"{scenario.nodes} is above the setting member_limit, {limit}")
    if scenario.start == "together" and not (scenario.seeds or scenario.config.discovery):
        raise ScenarioError(
            "seeds", "nodes that start together need one, or discovery, to find each other"
        )
    return attrs.evolve(scenario, faults=_assign(scenario, _faults(words)))


def read_words(name: str) -> dict[str, Any]:
    """Returns the words of a scenario file, or of a scenario that ships with the package.

    Raises ScenarioError, with the file as its word, if the file cannot be read.
    """
    shipped = _shipped().get(name)
    try:
        text = Path(name).read_text(encoding="utf-8") if shipped is None else shipped
    except FileNotFoundError:
        known = ", ".join(_shipped())
        raise ScenarioError(name, f"no such file, and none of {known}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ScenarioError(name, reason) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(name, f"is not TOML: {error}") from None


def shipped_scenarios() -> dict[str, str]:
    """Returns the names of the scenarios that ship with the package, with a line about each."""
    return {name: str(tomllib.loads(text).get("about", "")) for name, text in _shipped().items()}


def _shipped() -> dict[str, str]:
    found = {
        path.name.removesuffix(".toml"): path.read_text(encoding="utf-8")
        for path in files(__package__).joinpath("named").iterdir()
        if path.name.endswith(".toml")
    }
    return dict(sorted(found.items()))


# Reading single words


def _from(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = notation.whole(text)
        if not least <= number <= most:
            raise ValueError(f"{number} is not from {least} to {most}")
        return number

    return read


def _duration(text: str) -> float:
    seconds = notation.time(text)
    if not 0 < seconds <= MAX_DURATION:
        raise ValueError(f"{text!r} is not above 0 and at most 30 days")
    return seconds


def _start(text: str) -> str:
    if text not in STARTS:
        raise ValueError(f"{text!r} is none of {', '.join(STARTS)}")
    return text


_PLAIN: Mapping[str, Callable[[str], Any]] = {
    "nodes": _from(1, MAX_NODES),
    "duration": _duration,
    "seed": notation.whole,
    "start": _start,
    "seeds": _from(0, MAX_NODES),
    "loss": notation.share,
    "latency": notation.delay,
    "duplicate": notation.share,
    "reorder": notation.share,
    "writes": notation.rate,
    "owners": _from(0, MAX_OWNERS),
    "dead-rows": _from(0, MAX_DEAD_ROWS),
    "holders": _from(1, MAX_NODES),
}

WORDS = ("about", *_PLAIN, "profile", "set", *FAULTS, *COMMANDS)
"""Every word of a scenario."""


def _read(word: str, value: object) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ScenarioError(word, f"{value!r} is neither text nor a number")
    try:
        return _PLAIN[word](str(value))
    except ValueError as error:
        raise ScenarioError(word, str(error)) from None


def _texts(value: object) -> Sequence[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _config(words: Mapping[str, Any]) -> ProtocolConfig:
    settings = words.get("set", {})
    if not isinstance(settings, Mapping):
        raise ScenarioError("set", "is not a table of settings")
    defaults = {field.name: field.default for field in attrs.fields(ProtocolConfig)}
    changes = {}
    for name, value in settings.items():
        if name not in defaults:
            near = get_close_matches(name, defaults, 1)
            hint = f", did you mean {near[0]}?" if near else ""
            raise ScenarioError("set", f"there is no setting {name!r}{hint}")
        changes[name] = _setting(name, str(value), defaults[name])
    try:
        return ProtocolConfig.profile(str(words.get("profile", "lan")), **changes)
    except ValueError as error:
        # attrs adds the attribute and its bound to the message, as further arguments.
        reason = str(error.args[0])
        word = "profile" if reason.startswith("profile: ") else "set"
        raise ScenarioError(word, reason.removeprefix("profile: ")) from None


def _setting(name: str, text: str, default: object) -> object:
    """Returns the value that `text` stands for, in a setting whose default has this type."""
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False, "on": True, "off": False}[text.lower()]
        if isinstance(default, int):
            return notation.whole(text)
        if isinstance(default, float):
            return notation.time(text)
    except KeyError:
        raise ScenarioError("set", f"{name}: {text!r} is neither true nor false") from None
    except ValueError as error:
        raise ScenarioError("set", f"{name}: {error}") from None
    return text


def _faults(words: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for kind in (*FAULTS, *COMMANDS):
        for text in _texts(words.get(kind, [])):
            try:
                faults.append(notation.fault(kind, text))
            except ValueError as error:
                raise ScenarioError(kind, str(error)) from None
    return sorted(faults, key=lambda fault: fault.at)


def _assign(scenario: Scenario, faults: list[Fault]) -> tuple[tuple[Fault, tuple[int, ...]], ...]:
    """Draws the nodes of each fault; a node that is drawn or named once is not drawn again."""
    named = {n for fault in faults if fault.kind in FAULTS for n in _named(fault)}
    free = [number for number in range(scenario.nodes) if number not in named]
    Random(f"{scenario.seed}/faults").shuffle(free)
    assigned = []
    for fault in faults:
        _check_fault(fault, scenario)
        numbers = list(_named(fault))
        if not numbers:
            wanted = fault.who.number(scenario.nodes)
            if wanted > scenario.nodes:
                reason = f"{fault.text!r}: there are only {scenario.nodes} nodes"
                raise ScenarioError(fault.kind, reason)
            if wanted > len(free):
                reason = (
                    f"{fault.text!r}: only {len(free)} of {scenario.nodes} nodes are not taken by"
                    " other faults; n3-7 names nodes that may be hit twice"
                )
                raise ScenarioError(fault.kind, reason)
            numbers, free = sorted(free[:wanted]), free[wanted:]
        if fault.kind == "partition" and len(numbers) >= scenario.nodes:
            raise ScenarioError(fault.kind, f"{fault.text!r}: no node is left on the other side")
        assigned.append((fault, tuple(numbers)))
    return tuple(assigned)


def _named(fault: Fault) -> range:
    who = fault.who
    return range(0) if who.first is None or who.last is None else range(who.first, who.last + 1)


def _check_fault(fault: Fault, scenario: Scenario) -> None:
    end = fault.at + (fault.length or 0.0)
    if end > scenario.duration:
        reason = f"{fault.text!r}: ends at {end:g} s, the run at {scenario.duration:g} s"
        raise ScenarioError(fault.kind, reason)
    named = [fault.who.last, *(fault.details.get(name) for name in ("peer", "copy", "of"))]
    if max((number for number in named if number is not None), default=0) >= scenario.nodes:
        reason = f"{fault.text!r}: the last of {scenario.nodes} nodes is n{scenario.nodes - 1}"
        raise ScenarioError(fault.kind, reason)
