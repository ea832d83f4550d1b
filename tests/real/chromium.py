"""A real Chromium without a window, driven by its DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.processes import eventually

_PROGRAMS = ("chromium-headless-shell", "chromium")


class Tab:
    """A tab of a running browser.

    Attributes:
        complaints: what the browser complained of in this tab, such as a script's error or what
            the page's policy forbids.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._read = b""
        self._number = 0
        self._session = ""
        self._loaded = False
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Shows the page of a URL, and waits until it is loaded."""
        self._loaded = False
        failed = self._call("Page.navigate", url=url).get("errorText")
        assert not failed, (url, failed)
        end = time.monotonic() + 20
        while not self._loaded:
            self._note(self._next(end, f"that {url} is loaded"))

    def run(self, script: str, within: float = 20.0) -> Any:
        """Returns the value of a script in the page. A promise is waited for."""
        answer = self._call(
            "Runtime.evaluate", within, expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def comes_to(self, condition: str, within: float = 20.0) -> Any:
        """Waits until an expression in the page is true, and returns its value."""
        try:
            return eventually(condition, lambda: self.run(condition), within)
        except AssertionError as error:
            shown = self.run("document.body.innerText")
            raise AssertionError(f"{error}\n{shown}\n{self.complaints}") from None

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """Shows the page in a window of that size, to a person who prefers light or dark."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        """Writes a picture of the whole page."""
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _call(self, method: str, within: float = 20.0, /, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + within
        while True:
            answer = self._next(end, method)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _next(self, end: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._read:
            left = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self._answers], [], [], left)
            assert ready, f"the browser does not tell: {method}"
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser ended"
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            details = event["params"]["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", str(details)))
        elif event.get("method") == "Log.entryAdded":
            self.complaints.append(event["params"]["entry"]["text"])
        elif event.get("method") == "Page.loadEventFired":
            self._loaded = True


@contextmanager
def tab(folder: Path) -> Iterator[Tab]:
    """Runs a browser in this thread's network and offers a tab; skips the test without one."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None or shutil.which("bash") is None:
        pytest.skip("there is no Chromium")
    (in_read, commands), (answers, out_write) = os.pipe(), os.pipe()
    # Numbers that are not those which the browser is to have.
    theirs = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (in_read, out_write)]
    os.close(in_read)
    os.close(out_write)
    command = [
        *(program, "--headless", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu"),
        *("--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"),
        f"--user-data-dir={folder / 'browser'}",
    ]
    # The browser reads commands from 3 and answers on 4.
    redirected = 'exec "$@" 3<&{0} 4>&{1} {0}<&- {1}>&-'.format(*theirs)
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", redirected, "bash", *command],
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    for each in theirs:
        os.close(each)
    try:
        yield Tab(commands, answers)
    finally:
        os.close(commands)
        os.close(answers)
        process.kill()
        process.wait(10)
