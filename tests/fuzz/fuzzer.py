"""One target under atheris, with the arguments of libFuzzer: `python -m tests.fuzz.fuzzer NAME …`.

The code under test must be imported while atheris looks on, and libFuzzer ends the process. So this
is a program of its own.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Fuzzes until libFuzzer has had enough."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: pip install 'gossipd[fuzz]'")
    with atheris.instrument_imports(include=["gossipd"]):
        from .targets import TARGETS
    name, *arguments = sys.argv[1:]
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
