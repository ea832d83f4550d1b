"""Does what `gossipd simulate` is asked: makes a scenario, runs it, and shows the outcome."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

import attrs

from .plot import check_plot, draw
from .scenario import ScenarioError, make_scenario, read_words, shipped_scenarios
from .simulate import Run, Simulation

INTERRUPTED = 130
"""The exit code of an interrupted run."""

# Width of the progress bar in characters, and seconds from drawing to drawing.
_BAR = 30
_REDRAW = 0.1


@attrs.frozen(kw_only=True)
class Output:
    """What is shown of a run.

    Attributes:
        json: the report as JSON instead of a table.
        trace: a line for each event as well.
        plot: the file that a plot is drawn into, if any.
    """

    json: bool = False
    trace: bool = False
    plot: str | None = None


def list_scenarios() -> list[str]:
    """Returns a line for each scenario that ships with the package."""
    found = shipped_scenarios()
    width = max(map(len, found), default=0)
    return [f"{name:<{width}}  {about}" for name, about in found.items()]


def run_scenario(file: str | None, options: Mapping[str, Any], output: Output) -> int:
    """Runs a scenario, shows its outcome, and returns the exit code.

    Args:
        file: a file or the name of a scenario that ships with the package, if any.
        options: words by name. Each replaces the file's word, but for single settings, which are
            added to the file's.

    Raises ValueError, with one line that names the word or option at fault, if the scenario cannot
    be run or its plot cannot be drawn.
    """
    words = {} if file is None else read_words(file)
    changed = {word: value for word, value in options.items() if value not in (None, ())}
    if "set" in changed:
        in_file = words.get("set", {})
        if not isinstance(in_file, dict):
            raise ScenarioError(f"{file}: set", "is not a table of settings")
        changed["set"] = in_file | _settings(changed["set"])
    try:
        scenario = make_scenario(words | changed)
    except ScenarioError as error:
        where = "--" if error.word in changed else f"{file}: "
        raise ScenarioError(f"{where}{error.word}", error.reason) from None
    if output.plot is not None:
        try:
            check_plot(output.plot)
        except ValueError as error:
            raise ScenarioError("--plot", str(error)) from None
    write = _writer(sys.stderr if output.json else sys.stdout) if output.trace else None
    simulation = Simulation(scenario, write=write, timeline=output.plot is not None)
    with _interrupts() as interrupted:
        shown = _Progress(scenario.duration, visible=sys.stderr.isatty() and not output.trace)
        try:
            run = simulation.run(shown, interrupted)
        finally:
            shown.clear()
    _show(run, output)
    return INTERRUPTED if run.report.interrupted else 0


def _settings(texts: Iterable[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ScenarioError("--set", f"{text!r} is not NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def _show(run: Run, output: Output) -> None:
    if output.json:
        text = json.dumps(run.report.as_json(), separators=(",", ":"))
    else:
        text = "\n".join(run.report.lines())
    print(text, flush=True)  # noqa: T201
    if output.plot is not None:
        try:
            draw(run, output.plot)
        except OSError as error:
            raise ScenarioError("--plot", f"{output.plot}: {error.strerror}") from None
        print(f"plotted to {output.plot}", file=sys.stderr)  # noqa: T201


def _writer(stream: Any) -> Callable[[str], object]:
    def write(line: str) -> None:
        stream.write(line + "\n")

    return write


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether Ctrl-C was pressed.

    The first Ctrl-C has no other effect; a second one ends the program as usual.
    """
    pressed = False

    def press(number: int, frame: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


class _Progress:
    """A progress bar on a terminal, redrawn in place."""

    def __init__(self, duration: float, *, visible: bool) -> None:
        self._duration = duration
        self._visible = visible
        self._began = self._drawn = monotonic()

    def __call__(self, now: float) -> None:
        if not self._visible or monotonic() - self._drawn < _REDRAW:
            return
        self._drawn = monotonic()
        done = now / self._duration
        bar = ("█" * round(done * _BAR)).ljust(_BAR, "·")
        left = (self._drawn - self._began) * (1 - done) / done
        text = f"\r{bar} {now:.1f} of {self._duration:g} s, about {left:.0f} s to go\033[K"
        sys.stderr.write(text)
        sys.stderr.flush()

    def clear(self) -> None:
        """Leaves an empty line."""
        if self._visible:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
